/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor: what its files share. One thread, one event base. It opens files and sockets for the
 * others, owns the kernel's table, answers who a process is, performs changes, restarts children. It
 * parses nothing that comes from the network or from users.
 */
#pragma once

#include "daemon/child.h"
#include "daemon/compiler_run_policy.h"
#include "daemon/options.h"
#include "daemon/users.h"
#include "kernel/bpf.h"
#include "kernel/forwarding.h"
#include "kernel/conntrack.h"
#include "kernel/nftables.h"
#include "network/pool.h"
#include "process/identity.h"

#define PR_SUPERVISOR_LISTENERS_MAX  8
#define PR_SUPERVISOR_TUNNEL_SOCKETS 4
#define PR_SUPERVISOR_POOL_BODY	     37 /* bytes of PR_MESSAGE_TUNNEL_POOL */
#define PR_SUPERVISOR_NAMESERVERS_MAX \
	8 /* that the tunnel is told of; further ones are passed over */
#define PR_SUPERVISOR_QUEUE_FIRST 7700 /* beside other programs' usual 0, 1, … */

/* Sockets whose owner only a look at everybody's descriptors tells; more than the engine asks for at a time.
 * Beyond: unknown. */
#define PR_SUPERVISOR_SCAN_MAX	  512
#define PR_SUPERVISOR_WHO_LATE_US 900000 /* the engine waits a second (engine/limits.h) */
/* Sockets that nobody was found to hold, and for how long that is believed. */
#define PR_SUPERVISOR_NOBODYS	  64
#define PR_SUPERVISOR_NOBODYS_US  1000000

#define PR_SUPERVISOR_PAUSE_S	  300	/* unless told otherwise */
#define PR_SUPERVISOR_PAUSE_MAX_S 86400 /* a longer pause is cut to this */

struct pr_change;	 /* supervisor_change.h */
struct pr_intel_manager; /* supervisor_intel.h */

struct pr_supervisor {
	struct pr_options options;
	struct pr_users users;
	struct event_base *base;
	int self_fd, lock_fd, sysctl_fd, exit_status;
	struct event *on_lock, *on_beat, *on_signal[3];
	bool stopping, running; /* running: READY was said */
	uint64_t started_us;

	/* The table (supervisor_table.c). */
	struct pr_nftables *nftables;
	struct pr_conntrack *conntrack; /* NULL where the kernel has none */
	struct pr_conntrack_sysctls sysctls;
	bool sysctls_changed, installed, failure_open;
	bool may_deny_infrastructure; /* by the policy that is compiled last */
	struct pr_ruleset_config ruleset;
	struct event *on_watch;

	/* Who (supervisor_who.c). */
	struct pr_bpf *bpf; /* NULL: another rung */
	char bpf_why[PR_BPF_WHY_SIZE];
	struct pr_identity_reader *identity;
	bool wants_package; /* by the policy that is compiled last */
	struct event *on_bpf, *on_bpf_timer;
	struct pr_forwarding *forwarding; /* NULL: other namespaces' datagrams are always watched */
	struct event *on_forwarding;
	bool watches_others;
	uint64_t n_who, n_who_late;
	struct pr_identity_request scan_requests[PR_SUPERVISOR_SCAN_MAX];
	uint64_t scan_tickets[PR_SUPERVISOR_SCAN_MAX], scan_asked_us[PR_SUPERVISOR_SCAN_MAX];
	unsigned int n_scan, next_nobodys;
	uint64_t scan_after_us; /* the next look, not before */
	struct {
		uint64_t inode, until_us;
	} nobodys[PR_SUPERVISOR_NOBODYS];
	struct event *on_scan;

	/* Upstream nameservers (supervisor_nameservers.c). */
	char upstreams[4096];	 /* of the configuration, a line each */
	uint64_t upstreams_told; /* a hash of what the resolver was told */
	/* Providers of intelligence, as they were compiled. */
	char *providers[PR_PROVIDERS_MAX];
	unsigned int n_providers;

	/* The tunnel (supervisor_tunnel.c): its upstreams as they were compiled, and the nameservers that the resolver asks. */
	char *tunnels[PR_TUNNEL_UPSTREAMS_MAX];
	unsigned int n_tunnels, n_nameservers_used;
	char nameservers_used[PR_SUPERVISOR_NAMESERVERS_MAX][PR_ADDRESS_TEXT_SIZE];
	uint8_t pool_told[PR_SUPERVISOR_POOL_BODY]; /* to the engine */
	bool tunnel_wanted;			    /* its process runs, or is being started */

	/* Names (supervisor_names.c). */
	struct {
		uint64_t device, inode, size, changed_ns;
	} hosts_told; /* of /etc/hosts */
	uint64_t names_saved_us;
	bool names_changed; /* since */

	/* Sockets for the others (supervisor_sockets.c). */
	int api_listener;
	int claims_arp, claims_ipv6; /* -1 = none: claims of the gateway's address are not heard */
	int nameserver[PR_SUPERVISOR_LISTENERS_MAX];
	unsigned int n_nameserver;
	uint16_t nameserver_port4, nameserver_port6;
	/* The tunnel's entry point, whose ports are in `ruleset`; -1 = none of that family. */
	int tunnel_sockets[PR_SUPERVISOR_TUNNEL_SOCKETS];

	/* What the tunnel needs of the kernel (supervisor_pool.c). */
	struct pr_pool_ranges pool,
		pool_wanted;	/* in force; a family that can't be had is missing */
	char pool_problem[400]; /* why one is missing, a sentence; "" = none is */

	/* The policy and its changes (supervisor_change.h). */
	int policy_fd, names_fd;
	uint32_t policy_serial, n_workers;
	struct pr_compile *compile;
	struct pr_change *changes, *last_change;
	unsigned int n_changes;
	struct event *on_change_late, *on_expiry;
	struct pr_exit_watch *exits; /* supervisor_exits.c */
	char exited[PR_COMPILE_EXITED_SIZE];
	uint64_t paused_until_us; /* 0 = not paused */
	bool compiles_paused;	  /* what is compiled, or was last, permits everything */
	/* What is in force again after the pause where the files are refused by then: the policy before it; -1 = not paused. */
	int unpaused_fd;
	bool unpaused_may_deny_infrastructure;
	struct event *on_resume;
	char warnings[4096], new_warnings[4096]; /* a line each; new: by the last change */
	/* The files were read anew and refused, and are newer than what runs: why, and since when. "" = they are not. */
	char refused[1024];
	uint64_t refused_real_us;

	struct pr_intel_manager *intel; /* lists */

	struct pr_child engine, resolver, front, tunnel;
	char failing[512]; /* what `status` says of children that die too often; "" = none does */
};

/* A sentence on stderr, and the end of the event loop with this exit status. */
void pr_supervisor_give_up(struct pr_supervisor *supervisor, int exit_status, const char *format,
			   ...) PR_PRINTF(3, 4);

/* ---- the table ---- */
/* 0, or an exit status with a sentence said. */
PR_MUST_USE int pr_supervisor_table_open(struct pr_supervisor *supervisor);
/* The engine is ready for the first time: rules in force. */
void pr_supervisor_table_install(struct pr_supervisor *supervisor);
void pr_supervisor_table_raise(struct pr_supervisor *supervisor);
/* The rules are as `ruleset` says now; where they aren't installed yet they will be. */
void pr_supervisor_table_refill(struct pr_supervisor *supervisor);
/* Whether the kernel accepts by itself what a host needs to be on its link. */
void pr_supervisor_table_infrastructure(struct pr_supervisor *supervisor, bool accept);
/* With `keep` the rules stay; else they go, and all other traces but our bits in marks. */
void pr_supervisor_table_close(struct pr_supervisor *supervisor, bool keep);
/* What conntrack has of us. Links that led to our sockets and were reset with them are forgotten: whoever uses the client's ports next
 * would be led there still. Then our bits go; with `keep` those alone that lead to our sockets, to nobody who takes the
 * ports next. After the last child's end; with `keep` before the sockets', else after it, for that resets links, too. */
void pr_supervisor_table_forget(struct pr_supervisor *supervisor, bool keep);

/* ---- who ---- */
void pr_supervisor_who_open(struct pr_supervisor *supervisor);
/* The policy in force wants other facts of a process; of those that are read from now on. */
void pr_supervisor_who_policy(struct pr_supervisor *supervisor);
void pr_supervisor_who_close(struct pr_supervisor *supervisor);
void pr_supervisor_who_answer(struct pr_supervisor *supervisor, const struct pr_message *message);

/* ---- sockets ---- */
PR_MUST_USE int pr_supervisor_sockets_open(struct pr_supervisor *supervisor);
void pr_supervisor_sockets_close(struct pr_supervisor *supervisor);
/* By which names the tunnel's are handed over: "tcp4", "tcp6", "udp4", "udp6". */
const char *pr_supervisor_tunnel_socket_name(unsigned int which);

/* ---- the tunnel's part of the kernel ---- */
/* The policy that is to come in force has upstreams, or it has none. `ranges` are those of its pool (NULL: none); what holds
 * of them is in `pool` afterwards. Before the engine gets that policy. Base chains are not touched. */
void pr_supervisor_tunnel_set(struct pr_supervisor *supervisor, bool used,
			      const struct pr_pool_ranges *ranges);
/* The routes of this or an earlier run. */
void pr_supervisor_pool_clear(void);

/* ---- sysctls ---- */

void pr_supervisor_sysctls_on(struct pr_supervisor *supervisor);
void pr_supervisor_sysctls_restore(struct pr_supervisor *supervisor);

/* ---- upstreams ---- */
/* Tells the resolver what there is now, if that changed, or in any case. */
void pr_supervisor_nameservers_tell(struct pr_supervisor *supervisor, bool in_any_case);
/* Has the resolver forget what is cached. */
void pr_supervisor_nameservers_flush(struct pr_supervisor *supervisor);

/* ---- providers ---- */
/* From now on these; takes their texts over, and tells the resolver if they have changed. */
void pr_supervisor_providers_take(struct pr_supervisor *supervisor, struct pr_compiled *compiled);
void pr_supervisor_providers_tell(struct pr_supervisor *supervisor);
void pr_supervisor_providers_free(struct pr_supervisor *supervisor);

/* ---- the tunnel's process ---- */
/* From now on these upstreams; takes their texts over. Before the engine gets the policy that names them. */
void pr_supervisor_tunnel_take(struct pr_supervisor *supervisor, struct pr_compiled *compiled);
/* The engine has taken a policy: what only an older one needed ends. */
void pr_supervisor_tunnel_policy_taken(struct pr_supervisor *supervisor,
				       const struct pr_message *message);
/* Starts it where there are upstreams and it wasn't started yet. 0 or -errno. */
PR_MUST_USE int pr_supervisor_tunnel_start(struct pr_supervisor *supervisor);
/* Tells it what there is; does nothing where it doesn't run. */
void pr_supervisor_tunnel_tell(struct pr_supervisor *supervisor);
/* PR_MESSAGE_UPSTREAMS_USED of the resolver. */
void pr_supervisor_tunnel_nameservers(struct pr_supervisor *supervisor,
				      const struct pr_message *message);
/* Tells the engine which pool is in force, if that changed, or in any case. */
void pr_supervisor_tunnel_pool_tell(struct pr_supervisor *supervisor, bool in_any_case);
void pr_supervisor_tunnel_free(struct pr_supervisor *supervisor);

/* ---- names ---- */
/* What an earlier run saved. */
void pr_supervisor_names_open(struct pr_supervisor *supervisor);
/* At the end, before the engine is stopped. */
void pr_supervisor_names_collect(struct pr_supervisor *supervisor);
void pr_supervisor_names_close(struct pr_supervisor *supervisor);
/* PR_MESSAGE_NAMES of the engine. */
void pr_supervisor_names_take(struct pr_supervisor *supervisor, struct pr_message *message);
/* Onto the disk, if that has been long enough. */
void pr_supervisor_names_save_due(struct pr_supervisor *supervisor);
/* Gives the engine /etc/hosts, if it changed, or in any case. */
void pr_supervisor_hosts_tell(struct pr_supervisor *supervisor, bool in_any_case);

/* ---- children ---- */
PR_MUST_USE int pr_supervisor_children_start(struct pr_supervisor *supervisor);
void pr_supervisor_children_stop(struct pr_supervisor *supervisor);

/* ---- changes ---- */
/* Compiles the configuration for the first time; continues with pr_supervisor_begin(). */
PR_MUST_USE int pr_supervisor_first_policy(struct pr_supervisor *supervisor);
/* The configuration is compiled: everything else starts (supervisor.c). */
void pr_supervisor_begin(struct pr_supervisor *supervisor);
void pr_supervisor_reload(struct pr_supervisor *supervisor);
/* PR_MESSAGE_CHANGE of front. */
void pr_supervisor_change(struct pr_supervisor *supervisor, struct pr_message *message);
/* PR_MESSAGE_POLICY_TAKEN, _REFUSED, DONE of the engine. */
void pr_supervisor_change_answered(struct pr_supervisor *supervisor,
				   const struct pr_message *message);
void pr_supervisor_changes_free(struct pr_supervisor *supervisor);
/* Sends the policy in force to a child that has just started. */
void pr_supervisor_policy_send(struct pr_supervisor *supervisor, struct pr_child *child);

/* ---- lists ---- */
/* With the configuration's lists (taken) for the first time; continues with pr_supervisor_begin(), at once or when a set
 * is compiled. */
void pr_supervisor_intel_begin(struct pr_supervisor *supervisor,
			       struct pr_subscriptions *subscriptions);
/* With those of a new configuration. */
void pr_supervisor_intel_configure(struct pr_supervisor *supervisor,
				   struct pr_subscriptions *subscriptions);
void pr_supervisor_intel_close(struct pr_supervisor *supervisor);
/* Every two seconds. */
void pr_supervisor_intel_beat(struct pr_supervisor *supervisor);
/* Front is ready to fetch. */
void pr_supervisor_intel_work(struct pr_supervisor *supervisor);
void pr_supervisor_intel_front_gone(struct pr_supervisor *supervisor);
/* PR_MESSAGE_FETCHED of front. */
void pr_supervisor_intel_fetched(struct pr_supervisor *supervisor,
				 const struct pr_message *message);
/* The set's file and its serial; -1 = there is none. Lent. */
int pr_supervisor_intel_set(const struct pr_supervisor *supervisor, uint32_t *ret_serial);
/* PR_MESSAGE_INTEL_SET_TAKEN, _REFUSED of the engine. */
void pr_supervisor_intel_answered(struct pr_supervisor *supervisor,
				  const struct pr_message *message);
/* The change "intel-update": answered with a row for each list when all that it asks for is done. */
void pr_supervisor_intel_update(struct pr_supervisor *supervisor, uint64_t ticket,
				const struct pr_pairs *pairs);
/* PR_MESSAGE_QUERY of front: "lists", "list-refused". */
void pr_supervisor_intel_query(struct pr_supervisor *supervisor, const struct pr_message *message);
/* One message of PAIRS for `status`. */
void pr_supervisor_intel_status(struct pr_supervisor *supervisor, uint64_t ticket);

/* ---- rules that hold until a process ends ---- */
void pr_supervisor_exits_open(struct pr_supervisor *supervisor);
void pr_supervisor_exits_close(struct pr_supervisor *supervisor);
/* `processes` as in pr_compiled. False: some have ended already, and the policy has to be compiled anew. */
PR_MUST_USE bool pr_supervisor_exits_watch(struct pr_supervisor *supervisor, const char *processes);

/* ---- status ---- */
/* Rules are in force: READY, once. */
void pr_supervisor_say_ready(struct pr_supervisor *supervisor);
void pr_supervisor_status(struct pr_supervisor *supervisor, uint64_t ticket);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `portreeve replay`: a capture goes through the engine of the daemon, without a kernel around it. Private to the
 * command: what plays the kernel's part (replay_kernel.c), the nameserver's (replay_names.c), the compiler's
 * (replay_policy.c).
 */
#pragma once

#include "base/index.h"
#include "cli/cli.h"
#include "engine/engine.h"
#include "interception/replay.h"
#include "packet/parse.h"
#include "profile/config.h"

#define PR_REPLAY_LOOPBACK_IFINDEX 1 /* as interception/replay.c has them */
#define PR_REPLAY_OUTSIDE_IFINDEX  2

/* ---- the policy (replay_policy.c) ---- */

/* The configuration of a directory ("" = none) and what is shipped, compiled. False: it is wrong, said already. */
bool pr_replay_policy(const char *config_dir, const char *shipped_dir, uint64_t now_s,
		      struct pr_policy_blob *ret_blob);

/* ---- what the kernel remembers (replay_kernel.c) ---- */

/* Of one end of a link: conntrack's entry, its mark, or the set of what is denied. */
struct pr_replay_link {
	struct pr_tuple tuple; /* as its first packet showed it */
	bool at_input;	       /* the second end of a link within the host */
	bool known;	       /* the kernel decides alone: */
	enum pr_verdict verdict;
	bool payload_only; /* packets without payload pass by the kernel alone */
	bool fin[2], closed;
	uint64_t packets[PR_VERDICT_REROUTE_TUNNEL + 1]; /* by verdict */
	json_t *event; /* the last of the engine's events on it; NULL = none yet */
};

struct pr_replay_kernel {
	struct pr_index index;
	struct pr_replay_link *links; /* in the order of their first packets */
	uint32_t n, n_room;
};

void pr_replay_kernel_init(struct pr_replay_kernel *kernel);
void pr_replay_kernel_done(struct pr_replay_kernel *kernel);
/* The link of a packet, made if it is new; a number, since they move. *ret_reply: it goes against its opener. */
uint32_t pr_replay_kernel_link(struct pr_replay_kernel *kernel, const struct pr_packet *packet,
			       bool at_input, bool *ret_reply);
/* The newest between these ends, or NULL. */
struct pr_replay_link *pr_replay_kernel_find(struct pr_replay_kernel *kernel,
					     const struct pr_tuple *tuple, bool at_input);
/* A permanent verdict, or a denial, is not known any more. */
void pr_replay_kernel_forget(struct pr_replay_kernel *kernel, bool denials_alone);

/* ---- names (replay_names.c) ---- */

#define PR_REPLAY_PENDING_MAX 1024 /* questions without an answer yet; the oldest gives way */

struct pr_replay_pending {
	uint64_t ticket;
	uint16_t type;
	char name[PR_NAME_TEXT_SIZE];
};

struct pr_replay_names {
	struct pr_replay_pending pending[PR_REPLAY_PENDING_MAX]; /* a ring */
	uint64_t n_asked, last_client;
};

/* The engine asks upstream: its answer may be in the capture. */
void pr_replay_names_resolve(struct pr_replay_names *names, uint64_t ticket,
			     const uint8_t *question, size_t len);
/* A packet that is rerouted to the nameserver: the question in it is asked. */
void pr_replay_names_question(struct pr_replay_names *names, struct pr_engine *engine,
			      const struct pr_packet *packet, const uint8_t *bytes,
			      uint64_t now_us);
/* A packet that may be an answer: the engine is given what it waits for. */
void pr_replay_names_answer(struct pr_replay_names *names, struct pr_engine *engine,
			    const struct pr_packet *packet, const uint8_t *bytes, uint64_t now_us);

/* ---- the tunnel (replay_tunnel.c) ---- */

struct pr_replay_tunnel {
	struct pr_replay_opening {
		uint64_t link;
		uint32_t opening;
	} * links; /* that are to be opened; owned */
	size_t n, n_room;
};

/* The engine's port. */
bool pr_replay_tunnel_open(struct pr_replay_tunnel *tunnel, uint64_t link, uint32_t opening);
/* They are open. */
void pr_replay_tunnel_settle(struct pr_replay_tunnel *tunnel, struct pr_engine *engine,
			     uint64_t now_us);

/* ---- output (replay_show.c) ---- */

/* A packet at a hook, and what became of it. */
struct pr_replay_row {
	uint32_t number; /* in the capture */
	enum pr_hook hook;
	uint64_t time_us, decided_us;
	struct pr_tuple tuple; /* family 0: it can't be read */
	size_t len;
	bool decided, permanent, payload_only, by_kernel, has_link, counted;
	uint32_t link; /* its number in the kernel */
	enum pr_verdict verdict;
	char *reason; /* owned; NULL = none is told */
};

void pr_replay_show_packet(const struct pr_cli *cli, const struct pr_replay_row *row,
			   uint64_t first_us);
/* Of a question, or of the whole. */
void pr_replay_show_event(const struct pr_cli *cli, const json_t *event);
void pr_replay_show_links(const struct pr_cli *cli, const struct pr_replay_kernel *kernel);

/* ---- all of it (replay_engine.c) ---- */

/* Rows that wait for a verdict hold back those behind them. */
struct pr_replay_rows {
	struct pr_replay_row *rows;
	uint64_t *handles;
	size_t n, n_room, first; /* those from `first` on are not shown yet */
};

struct pr_replay {
	const struct pr_cli *cli;
	struct pr_engine *engine;
	struct pr_interception *interception;
	struct pr_process *process; /* NULL = who owns what is not known */
	struct pr_replay_kernel kernel;
	struct pr_replay_names names;
	struct pr_replay_tunnel tunnel;
	struct pr_replay_rows rows;
	uint64_t now_us, first_us, due_us;
	bool raise, forget; /* the kernel is to forget: every verdict, what is denied */
	struct pr_engine_address locals[PR_REPLAY_LOCALS_MAX + 2]; /* and the loopback ones */
	unsigned int n_locals;
};

/* Takes `policy`. The clock, the addresses and the process are set. */
void pr_replay_start(struct pr_replay *replay, struct pr_policy *policy);
/* The next packet, at the time that it says. */
void pr_replay_packet(struct pr_replay *replay, const struct pr_intercepted *packet);
/* What falls due until then happens when it is due. */
void pr_replay_advance(struct pr_replay *replay, uint64_t now_us);
/* Those that are decided, up to the first that is not; `all`: those as well. */
void pr_replay_show_rows(struct pr_replay *replay, bool all);

/* ---- the guarded host (replay_host.c) ---- */

/* "192.0.2.1/24,2001:db8::1": its addresses, with their networks. False: they are none. */
bool pr_replay_take_locals(struct pr_replay *replay, const char *text);
/* From the capture itself. */
void pr_replay_learn_locals(struct pr_replay *replay, const void *bytes, size_t len);
void pr_replay_set_addresses(struct pr_replay *replay);

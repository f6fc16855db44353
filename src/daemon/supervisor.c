/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of the daemon: lock → directories → the kernel probed → configuration compiled → sockets, BPF,
 * children → the engine has bound its queues → rules in force → READY. A failure on the way leaves nothing
 * behind. SIGTERM undoes it in the opposite order; the rules go first, so that nothing hangs meanwhile.
 */
#include "daemon/supervisor.h"

#include "base/clock.h"
#include "daemon/files.h"
#include "daemon/instance_lock.h"
#include "daemon/notify.h"
#include "daemon/roles.h"
#include "daemon/spawn.h"

#include <cap-ng.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define WORKERS_DEFAULT_MAX 4
#define BEAT_S		    2
#define SUPERVISOR_FDS_MAX  65536 /* BPF maps, clients' sockets that come with changes */

void pr_supervisor_give_up(struct pr_supervisor *supervisor, int exit_status, const char *format,
			   ...)
{
	va_list arguments;

	if (supervisor->stopping)
		return;
	fputs("portreeved: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	supervisor->stopping = true;
	supervisor->exit_status = exit_status;
	event_base_loopbreak(supervisor->base);
}

static void on_stop_signal(evutil_socket_t number, short what, void *context)
{
	struct pr_supervisor *supervisor = context;

	(void)number;
	(void)what;
	pr_notify("STOPPING=1");
	supervisor->stopping = true;
	event_base_loopbreak(supervisor->base);
}

static void on_reload_signal(evutil_socket_t number, short what, void *context)
{
	struct pr_supervisor *supervisor = context;

	(void)number;
	(void)what;
	if (supervisor->running)
		pr_supervisor_reload(supervisor);
}

static void on_lock_readable(evutil_socket_t fd, short what, void *context)
{
	(void)what;
	(void)context;
	pr_instance_lock_answer(fd);
}

/* Watches have blind spots (a symbolic link into a place that is not there yet), so files are looked at. */
static void on_beat(evutil_socket_t fd, short what, void *context)
{
	struct pr_supervisor *supervisor = context;

	(void)fd;
	(void)what;
	pr_notify("WATCHDOG=1");
	if (!supervisor->running)
		return;
	pr_supervisor_nameservers_tell(supervisor, false);
	pr_supervisor_hosts_tell(supervisor, false);
	pr_supervisor_names_save_due(supervisor);
	pr_supervisor_intel_beat(supervisor);
}

static void start_beat(struct pr_supervisor *supervisor)
{
	const struct timeval interval = { .tv_sec = BEAT_S };

	supervisor->on_beat = event_new(supervisor->base, -1, EV_PERSIST, on_beat, supervisor);
	pr_assert(supervisor->on_beat);
	event_add(supervisor->on_beat, &interval);
}

static void add_signal(struct pr_supervisor *supervisor, unsigned int i, int number,
		       event_callback_fn callback)
{
	supervisor->on_signal[i] = evsignal_new(supervisor->base, number, callback, supervisor);
	pr_assert(supervisor->on_signal[i]);
	event_add(supervisor->on_signal[i], NULL);
}

/* What the supervisor itself may still do; the rest of root's capabilities go, also for its children. */
static int bound_capabilities(void)
{
	static const unsigned int needed[] = {
		CAP_NET_ADMIN,	     /* the table, conntrack, the engine's queues */
		CAP_NET_RAW,	     /* the engine's socket for resets */
		CAP_BPF,	     /* who owns a socket … */
		CAP_PERFMON,	     /* … */
		CAP_SYS_ADMIN,	     /* … on kernels before 5.8; the maps' iterators */
		CAP_SYS_PTRACE,	     /* /proc/PID/exe of others */
		CAP_DAC_READ_SEARCH, /* … and their descriptors */
		CAP_DAC_OVERRIDE,    /* the state directory */
		CAP_SETUID,	     /* the children's users */
		CAP_SETGID,
		CAP_SETPCAP,
		CAP_KILL,	  /* hung children */
		CAP_SYS_RESOURCE, /* locked memory of BPF maps on kernels before 5.11 */
	};

	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN)) {
		fputs("portreeved: CAP_NET_ADMIN is missing: start it as root, or inside of a user "
		      "namespace of its own\n",
		      stderr);
		return 1;
	}
	capng_get_caps_process();
	for (unsigned int i = 0; i <= CAP_LAST_CAP; i++) {
		bool wanted = false;

		for (size_t j = 0; j < PR_ARRAY_SIZE(needed); j++)
			wanted = wanted || needed[j] == i;
		if (!wanted)
			(void)capng_update(CAPNG_DROP,
					   CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
					   i);
	}
	(void)capng_apply(CAPNG_SELECT_BOTH);
	return 0;
}

static int make_directories(const struct pr_options *options)
{
	int r = pr_files_make_dir(options->state_dir, 0700);
	const char *path = options->state_dir;

	if (r == 0) {
		path = options->run_dir;
		r = pr_files_make_dir(path, 0755);
	}
	if (r == 0)
		return 0;
	fprintf(stderr, "portreeved: %s: %s\n", path, strerror(-r));
	return 1;
}

static int take_lock(struct pr_supervisor *supervisor)
{
	int r = pr_instance_lock(&supervisor->lock_fd);

	if (r == -EADDRINUSE)
		fputs("portreeved: another portreeved guards this network namespace\n", stderr);
	else if (r < 0)
		fprintf(stderr, "portreeved: the lock cannot be taken: %s\n", strerror(-r));
	return r < 0;
}

static int prepare(struct pr_supervisor *supervisor)
{
	const struct rlimit fds = { SUPERVISOR_FDS_MAX, SUPERVISOR_FDS_MAX };
	int r = bound_capabilities();

	(void)setrlimit(RLIMIT_NOFILE, &fds);
	if (r == 0)
		r = take_lock(supervisor);
	if (r == 0)
		r = make_directories(&supervisor->options);
	if (r)
		return r;
	r = pr_spawn_open_self(&supervisor->self_fd);
	if (r == 0)
		r = pr_users_find(&supervisor->users);
	if (r < 0) {
		fprintf(stderr, "portreeved: %s\n", strerror(-r));
		return 1;
	}
	return pr_supervisor_table_open(supervisor);
}

/* One for every two processors: a worker is woken, and looks for the next packet, beside the programs whose
 * packets it decides; with one for each the workers push each other and them aside (docs/performance.md). */
static uint16_t count_queues(const struct pr_supervisor *supervisor)
{
	long n = supervisor->n_workers;

	if (!n) {
		n = sysconf(_SC_NPROCESSORS_ONLN) / 2;
		n = n > WORKERS_DEFAULT_MAX ? WORKERS_DEFAULT_MAX : n;
	}
	if (n > PR_RULESET_QUEUES_MAX)
		n = PR_RULESET_QUEUES_MAX;
	return n < 1 ? 1 : (uint16_t)n;
}

void pr_supervisor_begin(struct pr_supervisor *supervisor)
{
	struct pr_ruleset_config *ruleset = &supervisor->ruleset;
	int r;

	ruleset->queue_first = PR_SUPERVISOR_QUEUE_FIRST;
	ruleset->n_queues = count_queues(supervisor);
	ruleset->infrastructure = !supervisor->may_deny_infrastructure;
	ruleset->reset_uid = PR_RULESET_NO_UID;
	if (!supervisor->users.single) {
		ruleset->own_uids[0] = supervisor->users.of[PR_PARTY_RESOLVER].uid;
		ruleset->own_uids[1] = supervisor->users.of[PR_PARTY_FRONT].uid; /* lists */
		ruleset->own_uids[2] = supervisor->users.of[PR_PARTY_TUNNEL].uid;
		ruleset->n_own_uids = 3;
		ruleset->reset_uid = supervisor->users.of[PR_PARTY_ENGINE].uid;
	}
	r = pr_supervisor_sockets_open(supervisor);
	if (r) {
		supervisor->exit_status = r;
		supervisor->stopping = true;
		event_base_loopbreak(supervisor->base);
		return;
	}
	pr_supervisor_who_open(supervisor);
	pr_supervisor_names_open(supervisor);
	r = pr_supervisor_children_start(supervisor);
	if (r < 0)
		pr_supervisor_give_up(supervisor, 1, "a process cannot be started: %s",
				      strerror(-r));
}

/* Rules are in force: says so. */
void pr_supervisor_say_ready(struct pr_supervisor *supervisor)
{
	if (supervisor->running)
		return;
	supervisor->running = true;
	/* A nameserver of this host that we ask is known by being asked, under these rules. */
	pr_supervisor_nameservers_tell(supervisor, true);
	pr_notify("READY=1\nSTATUS=rules are in force");
	fputs("portreeved: READY\n", stderr);
}

static void stop(struct pr_supervisor *supervisor)
{
	bool keep = supervisor->options.keep_on_stop && supervisor->exit_status == 0;

	/* A policy `closed` that failed at run time leaves its table: nothing new passes. */
	if (supervisor->exit_status && supervisor->running && !supervisor->failure_open)
		keep = true;
	pr_supervisor_table_close(supervisor, keep);
	pr_supervisor_names_collect(supervisor);
	pr_supervisor_children_stop(supervisor);
	if (keep)
		pr_supervisor_table_forget(supervisor, true);
	pr_supervisor_intel_close(supervisor);
	pr_supervisor_who_close(supervisor);
	pr_supervisor_names_close(supervisor);
	pr_supervisor_providers_free(supervisor);
	pr_supervisor_tunnel_free(supervisor);
	pr_supervisor_sockets_close(supervisor);
	if (!keep)
		pr_supervisor_table_forget(supervisor, false);
	pr_supervisor_changes_free(supervisor);
	for (size_t i = 0; i < PR_ARRAY_SIZE(supervisor->on_signal); i++)
		if (supervisor->on_signal[i])
			event_free(supervisor->on_signal[i]);
	if (supervisor->on_beat)
		event_free(supervisor->on_beat);
	if (supervisor->on_lock)
		event_free(supervisor->on_lock);
	event_base_free(supervisor->base);
	if (supervisor->lock_fd >= 0)
		close(supervisor->lock_fd);
	if (supervisor->self_fd >= 0)
		close(supervisor->self_fd);
}

static int run(struct pr_supervisor *supervisor)
{
	supervisor->base = event_base_new();
	pr_assert(supervisor->base && event_base_priority_init(supervisor->base, 2) == 0);
	signal(SIGPIPE, SIG_IGN);
	add_signal(supervisor, 0, SIGTERM, on_stop_signal);
	add_signal(supervisor, 1, SIGINT, on_stop_signal);
	add_signal(supervisor, 2, SIGHUP, on_reload_signal);
	start_beat(supervisor);
	supervisor->exit_status = prepare(supervisor);
	if (supervisor->exit_status == 0) {
		supervisor->on_lock = event_new(supervisor->base, supervisor->lock_fd,
						EV_READ | EV_PERSIST, on_lock_readable, NULL);
		pr_assert(supervisor->on_lock);
		event_add(supervisor->on_lock, NULL);
		supervisor->exit_status = pr_supervisor_first_policy(supervisor);
	}
	if (supervisor->exit_status == 0 && !supervisor->stopping &&
	    event_base_dispatch(supervisor->base) < 0)
		supervisor->exit_status = 1;
	stop(supervisor);
	return supervisor->exit_status;
}

int pr_supervisor_main(const struct pr_options *options)
{
	struct pr_supervisor supervisor = {
		.options = *options,
		.self_fd = -1,
		.lock_fd = -1,
		.sysctl_fd = -1,
		.api_listener = -1,
		.tunnel_sockets = { -1, -1, -1, -1 },
		.claims_arp = -1,
		.claims_ipv6 = -1,
		.policy_fd = -1,
		.unpaused_fd = -1,
		.names_fd = -1,
		.ruleset = pr_ruleset_config_default(),
		.failure_open = options->failure == PR_FAILURE_WANT_OPEN,
		.started_us = pr_clock_monotonic_us(),
	};

	return run(&supervisor);
}

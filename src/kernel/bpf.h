/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The BPF programs that see who owns a socket. The supervisor loads and attaches them and hands three map
 * descriptors to the engine, which looks up in them by itself. Everything ends with the supervisor's
 * descriptors, but for the match program, which the nftables rule keeps.
 */
#pragma once

#include "base/error.h"
#include "bpf/records.h"
#include "process/owner.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- supervisor ---- */

struct pr_bpf;

enum pr_bpf_outcome {
	PR_BPF_LOADED = 0,
	PR_BPF_UNAVAILABLE = 1, /* the sentence says why; sock_diag and /proc remain */
};

struct pr_bpf_options {
	const char *cgroup; /* directory to attach to; NULL = the root of cgroup v2 */
	uid_t nameserver_uid; /* of who answers questions, and owns no links; (uid_t)-1 = nobody's own */
};

#define PR_BPF_WHY_SIZE 256

/* Loads and attaches everything for the calling thread's network namespace. PR_BPF_… or -errno. `why`
 * holds one sentence of what is missing: all of it, or (with 0) a part that the kernel refuses; else "". */
PR_MUST_USE int pr_bpf_open(const struct pr_bpf_options *options, struct pr_bpf **ret_bpf,
			    char why[PR_BPF_WHY_SIZE]);
void pr_bpf_close(struct pr_bpf *bpf); /* takes NULL; detaches */

/* What other namespaces send, all but TCP, is seen only while this is on: it costs each packet of the machine, TCP's
 * too, some 50 ns, and matters where this namespace hands packets on (forwarding.h). Off at first. 0; -EOPNOTSUPP: the
 * kernel refused that part; else -errno. */
PR_MUST_USE int pr_bpf_watch_others(struct pr_bpf *bpf, bool on);

/* Descriptor of the match program, borrowed, for pr_ruleset_config.output_program_fd: run on each packet
 * that is about to be queued in output. The rule keeps a reference of its own; a table that outlives its
 * daemon must have the rule replaced, because it fills the old maps. */
int pr_bpf_match_fd(const struct pr_bpf *bpf);
/* Of the programs that note and tell again which socket asks the nameserver from where: for
 * pr_ruleset_config.asker_note_fd and asker_check_fd. */
int pr_bpf_asker_note_fd(const struct pr_bpf *bpf);
int pr_bpf_asker_check_fd(const struct pr_bpf *bpf);

/* Finds the sockets that are older than the programs: iterates over all processes' files. The number of
 * sockets found, or -errno. */
int pr_bpf_adopt(struct pr_bpf *bpf);

/* Becomes readable when the ring buffer is a quarter full; drain it then, before each identity is
 * read, and about once a second. */
int pr_bpf_events_fd(const struct pr_bpf *bpf);
/* Calls `event` for each record: exec (struct pr_bpf_exec), fork, exit. The number of records or
 * -errno. */
int pr_bpf_drain(struct pr_bpf *bpf,
		 void (*event)(void *context, const struct pr_bpf_event *event, size_t len),
		 void *context);
uint64_t pr_bpf_events_dropped(const struct pr_bpf *bpf);

/* ---- both ---- */

/* Borrowed descriptors, to be passed on to the engine. -1 = not there. */
struct pr_bpf_maps {
	int sockets; /* cookie → pr_bpf_owner */
	int tuples;  /* pr_bpf_tuple → pr_bpf_sent, the guarded namespace */
	int foreign; /* the same, all others */
};
#define PR_BPF_MAPS_NONE ((struct pr_bpf_maps){ -1, -1, -1 })
struct pr_bpf_maps pr_bpf_maps(const struct pr_bpf *bpf);

/* ---- engine ---- */

/* Each: 0; -ENOENT = not there; else -errno of bpf(). They need no capability where the kernel is 5.19 or
 * newer; on older ones -EPERM where unprivileged BPF is switched off: use sock_diag then. */
PR_MUST_USE int pr_bpf_find_sent(int map, const struct pr_tuple *local_view,
				 struct pr_bpf_sent *ret_sent); /* of maps.tuples */
/* Of maps.foreign. */
PR_MUST_USE int pr_bpf_find_link(int map, const struct pr_tuple *local_view,
				 struct pr_bpf_link *ret_link);
PR_MUST_USE int pr_bpf_find_owner(int map, uint64_t cookie, struct pr_bpf_owner *ret_owner);
/* Fills pid, start_time, uid and hint; leaves the rest. */
void pr_bpf_fill_owner(const struct pr_bpf_owner *record, struct pr_owner *owner);

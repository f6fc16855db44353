/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The closed list of messages between Portreeve's processes. Each has one direction, bounds on its
 * length and a fixed number of descriptors; channel.h lets nothing else through. A request carries a
 * ticket that the answer repeats. Bodies are made and read with body.h, process bodies and events with
 * the codecs named here.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PR_MESSAGE_BODY_MAX 66560 /* a DNS message over TCP and what stands beside it */
#define PR_MESSAGE_FDS_MAX  4

enum pr_party {
	PR_PARTY_SUPERVISOR,
	PR_PARTY_ENGINE,
	PR_PARTY_RESOLVER,
	PR_PARTY_COMPILER,
	PR_PARTY_FRONT,
	PR_PARTY_TUNNEL,
	PR_N_PARTIES,
};

enum pr_message_kind {
	/* The supervisor and every child. */
	PR_MESSAGE_PING = 1, /* supervisor → child: empty; PONG repeats the ticket */
	PR_MESSAGE_PONG,
	PR_MESSAGE_READY,  /* child → supervisor: empty; sandboxed and at work */
	PR_MESSAGE_FAILED, /* child → supervisor: text, one sentence; the child ends */
	PR_MESSAGE_CHANNEL, /* supervisor → child: u32 party, u32 its PID; 1 descriptor: a channel to it */
	PR_MESSAGE_DESCRIPTOR, /* supervisor → child: text, its name; 1 descriptor */
	PR_MESSAGE_START, /* supervisor → child: pairs, settings: all descriptors are there, begin */

	/* The policy. */
	PR_MESSAGE_POLICY, /* supervisor → engine: u32 serial; 1 descriptor, sealed memory */
	PR_MESSAGE_POLICY_TAKEN, /* engine → supervisor: u32 serial; in force, live links re-decided */
	PR_MESSAGE_POLICY_REFUSED, /* engine → supervisor: u32 serial, text why */
	PR_MESSAGE_POLICY_SHOWN, /* supervisor → front: u32 serial; 1 descriptor: what is in force */
	PR_MESSAGE_RAISE,	 /* engine → supervisor: empty; generation to be raised */
	PR_MESSAGE_GENERATION, /* supervisor → engine: u32 generation, in force */

	/* Who owns a socket; the kernel table, which only the supervisor may change. */
	PR_MESSAGE_WHO, /* engine → supervisor: owner, process/owner.h; ticket = the engine's */
	PR_MESSAGE_PROCESS, /* supervisor → engine: process, process/codec.h; empty = gone */
	PR_MESSAGE_EXITED,  /* supervisor → engine: u32 pid, u64 start time */
	PR_MESSAGE_FORGET, /* engine → supervisor: empty; the set of denied tuples is to be emptied */
	PR_MESSAGE_HOSTS,  /* supervisor → engine: empty; 1 descriptor, /etc/hosts */
	PR_MESSAGE_KEEP,   /* supervisor → engine: empty; the end is near, NAMES at once */
	PR_MESSAGE_NAMES,  /* either way: empty; 1 descriptor, the names that survive a restart */
	PR_MESSAGE_NOTICE, /* supervisor → engine: text; becomes a system event */

	/* What a client of the API may ask of the engine: reading. */
	PR_MESSAGE_QUERY, /* front → engine, supervisor: pairs, "query" first: ipc/query.h */
	PR_MESSAGE_ROW,	  /* engine → front: an event, ipc/event_codec.h */
	PR_MESSAGE_PAIRS, /* engine, supervisor → front: pairs: a row that is not an event */
	PR_MESSAGE_END, /* engine, supervisor → front: pairs: "error" if it failed, "next" if there is more */
	PR_MESSAGE_EVENT, /* engine → front: events, soon after they happen; each behind its number and length */
	PR_MESSAGE_WATCH, /* front → engine: u32 1 or 0: somebody reads events */
	PR_MESSAGE_LOST,  /* engine → front: u64; so many events were dropped so far */

	/* What a client may have changed; the descriptor is the client's connected socket, whose peer
	 * credentials the supervisor reads by itself. */
	PR_MESSAGE_CHANGE, /* front → supervisor: pairs, "verb" first: ipc/query.h; 1 descriptor */
	PR_MESSAGE_RESULT, /* supervisor → front: pairs: "ok", or "error" and "status" */
	PR_MESSAGE_STATUS, /* front → supervisor: empty; answered with RESULT, one pair a fact */
	PR_MESSAGE_ORDER,  /* supervisor → engine: pairs, "verb" first: a permitted change of the
			    * engine's own tables */
	PR_MESSAGE_DONE,   /* engine → supervisor: pairs: as RESULT */

	/* The compiler. */
	PR_MESSAGE_FILE, /* supervisor → compiler: pairs "layer", "name"; 1 descriptor to read */
	PR_MESSAGE_COMPILE,  /* supervisor → compiler: pairs: the change to make, or none */
	PR_MESSAGE_CHANGED,  /* compiler → supervisor: pairs "name"; 1 descriptor, new content */
	PR_MESSAGE_COMPILED, /* compiler → supervisor: pairs, remarks; 1 descriptor, the policy */
	PR_MESSAGE_REFUSED,  /* compiler → supervisor: text with file and line */

	/* Lists and geo sources, compiled into a set (daemon/compiler_run_set.h). */
	PR_MESSAGE_LIST, /* compiler → supervisor: pairs: a source that the policy names, before COMPILED */
	PR_MESSAGE_SOURCE, /* supervisor → compiler: pairs; 1 descriptor: content that was taken before */
	PR_MESSAGE_CANDIDATE, /* supervisor → compiler: pairs; 2 descriptors: new content, where to copy it */
	PR_MESSAGE_BUILD, /* supervisor → compiler: empty; 1 descriptor: where to write the set */
	PR_MESSAGE_SOURCE_READ, /* compiler → supervisor: pairs: what was found in a SOURCE or CANDIDATE */
	PR_MESSAGE_BUILT,     /* compiler → supervisor: pairs: the set is written */
	PR_MESSAGE_INTEL_SET, /* supervisor → engine: u32 serial; 1 descriptor, the set's file */
	PR_MESSAGE_INTEL_SET_TAKEN, /* engine → supervisor: u32 serial; in force, live links re-decided */
	PR_MESSAGE_INTEL_SET_REFUSED, /* engine → supervisor: u32 serial, text why */
	PR_MESSAGE_FETCH, /* supervisor → front: pairs (daemon/supervisor_fetch.c); 1 descriptor to write to */
	PR_MESSAGE_FETCHED, /* front → supervisor: pairs, with FETCH's ticket */

	/* Upstream questions. */
	PR_MESSAGE_RESOLVE, /* engine, front → resolver: question in wire format */
	PR_MESSAGE_ANSWER,  /* resolver → engine, front: answer in wire format; empty = none */
	PR_MESSAGE_RENEWED, /* resolver → engine: u8, 1 = pr_upstreams_are_public(); other upstreams, or nothing
			     * remembered, from now on: what was asked before is not to be kept */
	PR_MESSAGE_UPSTREAMS, /* supervisor → resolver: pairs, "upstream" for each */

	/* Providers of intelligence: ipc/intel_codec.h. */
	PR_MESSAGE_INTEL_ASK, /* engine → resolver: an entity, and who is to be asked; ticket = the question's */
	PR_MESSAGE_INTEL_ANSWER, /* resolver → engine: what one of them said, or that it is late; one that comes after
				  * that has no ticket */
	PR_MESSAGE_PROVIDERS, /* supervisor → resolver: pairs, "provider" for each: pr_provider_write() */
	PR_MESSAGE_PROVIDER_STATE, /* resolver → engine: pairs: how it is with one */
	PR_MESSAGE_RESOLVER_STATE, /* resolver → engine: pairs: its counters, once a second where they changed */

	/* The tunnel: ipc/tunnel_codec.h. Tickets of OPEN, OPENED, CLOSE and ENDED are the engine's ids of links. */
	/* compiler → supervisor: pairs: "upstream" as below, "place" in the files where it names one (ca); or "pool4",
	 * "pool6": prefixes */
	PR_MESSAGE_TUNNEL_COMPILED,
	PR_MESSAGE_TUNNEL_POOL, /* supervisor → engine: u8 whether there is a tunnel; twice an address (none: family 0), u8 the prefix's length */
	PR_MESSAGE_UPSTREAMS_USED, /* resolver → supervisor: pairs, "nameserver" for each that is asked at port 53 */
	PR_MESSAGE_TUNNEL_UPSTREAMS, /* supervisor → tunnel: pairs, "upstream" for each: pr_tunnel_upstream_write() */
	PR_MESSAGE_TUNNEL_OPEN,	  /* engine → tunnel: a link that is to go this way */
	PR_MESSAGE_TUNNEL_OPENED, /* tunnel → engine: how that went; exactly one for each OPEN that isn't closed before, with its number */
	PR_MESSAGE_TUNNEL_WHO, /* tunnel → engine: tuple: whose is what came to the entry point? ticket = the tunnel's */
	PR_MESSAGE_TUNNEL_LINK, /* engine → tunnel: u64 its link; 0: none that goes this way. WHO's ticket */
	PR_MESSAGE_TUNNEL_CLOSE, /* engine → tunnel: empty; the link is cut at once, nothing more of it leaves */
	PR_MESSAGE_TUNNEL_ENDED, /* tunnel → engine: as OPENED: a link that was open is over */
	PR_MESSAGE_TUNNEL_HAVE, /* tunnel → engine: a link that is open, after a new engine came; ticket = the tunnel's,
				 * answered with TUNNEL_LINK: 0 = it is to be cut */
	PR_MESSAGE_TUNNEL_STATE, /* tunnel → engine: pairs: how it is with an upstream, once a second where it changed */
	PR_N_MESSAGES,
};

#define PR_RESOLVER_STATE_MAX 512 /* bytes of a RESOLVER_STATE */

struct pr_message_info {
	const char *name; /* NULL: no such message */
	uint8_t from, to; /* bits 1 << PR_PARTY_… */
	uint8_t n_fds;
	uint32_t min_len, max_len; /* of the body */
};

/* The row of a kind; NULL for a number that is not on the list. */
const struct pr_message_info *pr_message_info(unsigned int kind);
const char *pr_party_name(enum pr_party party); /* "supervisor", "engine", … */

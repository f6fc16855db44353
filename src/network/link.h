/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The link table. A link is found by the tuple that opened it, by that tuple reversed (replies),
 * and by the one that NAT made of it. It has two ends: a local link has two applications and two
 * verdicts. One thread, or the caller's lock.
 */
#pragma once

#include "base/chain.h"
#include "packet/tuple.h"

struct pr_communication;
struct pr_process;

/* Reached: an ended link gives way, then the unconfirmed one that was idle longest; where all are
 * confirmed, none is made and the packet must be dropped (`refused` counts): nothing passes
 * undecided. */
#define PR_LINKS_MAX 262144u
/* An unconfirmed link (denied, or its first packet got lost) is forgotten after so long without a
 * packet. */
#define PR_LINK_UNCONFIRMED_IDLE_S 60u
/* An ended link is kept this long for those who look at the table. */
#define PR_LINK_ENDED_KEEP_S 10u

enum pr_link_state {
	PR_LINK_UNCONFIRMED, /* packets were seen, conntrack has no confirmed entry */
	PR_LINK_CONFIRMED,
	PR_LINK_ENDED, /* no longer found by a tuple */
};

enum pr_link_end_name { PR_LINK_OUT, PR_LINK_IN, PR_LINK_N_ENDS };

/* Whether its packets are looked into. */
enum pr_link_look {
	PR_LINK_LOOK_NEW,     /* not yet */
	PR_LINK_LOOK_AWAITS,  /* from its first payload on */
	PR_LINK_LOOK_RUNNING, /* they are */
	PR_LINK_LOOK_OVER,    /* no more, or its beginning was missed */
};

/* Bits of PR_FACTS_SEEN as `wants` has them. */
#define PR_LINK_WANTS(facts)  ((facts) >> 9 & 0xfu)
#define PR_LINK_WANTED(wants) ((unsigned int)(wants) << 9)

/* What was decided for one end; a link that leaves or is forwarded uses PR_LINK_OUT alone, one that
 * comes from elsewhere PR_LINK_IN alone. */
struct pr_link_end {
	struct pr_process *owner;		/* a counted reference, or NULL */
	struct pr_communication *communication; /* held, or NULL */
	uint32_t application;			/* held; PR_APPLICATION_ALL = none yet */
	uint32_t profile;			/* of the policy */
	uint32_t policy;			/* number of the policy that decided */
	uint32_t rule;
	uint8_t verdict; /* enum pr_verdict */
	uint8_t wants : 4; /* facts of inspection that could still decide otherwise, PR_LINK_WANTS() */
	bool shown : 1;	   /* what its packets show is looked for anyway */
	bool rests : 1; /* on what was seen, and the other end has not said yet that it has that */
	bool payload_only : 1; /* and packets without payload are of no interest */
	bool provisional : 1; /* accepted until what it wants is known: `check` and `rule` decide then */
	bool by_claim : 1; /* denied for a name that its packets claim */
	bool begun : 1;	   /* a packet of it has passed */
	uint16_t missing;
	uint8_t check, stage;
	uint8_t generation; /* that the kernel carries a permanent verdict in */
	bool decided : 1;
	bool permanent : 1; /* the kernel alone carries it on */
	bool defaulted : 1;
	bool asked : 1;
	bool held : 1;	      /* a packet waits for the decision */
	bool owner_known : 1; /* `owner` is settled, NULL too */
};

struct pr_link {
	/* The table's; read only: */
	struct pr_tuple tuple; /* as the first packet showed it */
	uint8_t state;	       /* enum pr_link_state */
	uint8_t direction;     /* enum pr_direction */
	uint64_t id; /* never used again; finds it in constant time; below 2^53 for years */
	uint64_t first_us, last_us;
	struct pr_chain_node list; /* of its state */
	uint32_t alias;		   /* number of the tuple after NAT, + 1 */
	/* The caller's, zero at first: */
	struct pr_link_end ends[PR_LINK_N_ENDS];
	uint64_t bytes_sent, bytes_received; /* from the one that opened it; by conntrack */
	uint32_t packets_sent, packets_received;
	bool grace : 1;	   /* older than the daemon, denied by a default only */
	bool adopted : 1;  /* older than the daemon */
	bool counted : 1;  /* the counters hold */
	bool rerouted : 1; /* to the nameserver or the tunnel */
	bool infrastructure : 1;
	bool untracked : 1;
	bool no_question : 1; /* to a nameserver, and opened by a message that asks for no name */
	bool from_self : 1;   /* our own socket opened it, which the kernel let leave by itself */
	bool from_tunnel : 1; /* the same, to the port of an upstream of the tunnel */
	bool weighed : 1;     /* as evidence of an attack */
	bool owed : 1;	      /* something of it is still to be told */
	bool isn_known : 1;
	bool pooled : 1;    /* its destination stands for a name, and is held */
	bool tunnelled : 1; /* NAT sends it to the tunnel's entry point */
	bool inherits : 1;  /* its ports were another sender's, and NAT sends them there still */
	bool led_away : 1;  /* so it is denied, though it may go straight */
	bool syn : 1;	    /* opened by one, whose sequence number is `isn` */
	bool succeeds : 1;  /* the link before had its ends until it came */
	uint8_t graceless : 2; /* adopted, but its end (bit 1 << PR_LINK_…) was guarded and not accepted yet */
	uint8_t look : 2;   /* enum pr_link_look */
	uint8_t spared : 2; /* packets that are dropped, not refused, while it is being cut */
	uint16_t flags;
	uint8_t technique;   /* enum pr_attack_technique of its first packet */
	uint16_t in_ifindex; /* the interface's number that it came by; of those up to 65535 */
	uint32_t isn;	     /* the first sequence number of who opened it (TCP) */
	uint32_t slot;	     /* of what is kept while it is inspected, + 1 */
	uint32_t seen;	     /* number of what its packets have shown, + 1 */
	uint32_t tunnel;     /* number of what has come of it in the tunnel, + 1 */
};

struct pr_links;

enum pr_links_outcome {
	PR_LINKS_DONE = 0,
	PR_LINKS_FULL = 1,   /* all are confirmed, or a packet of theirs is held */
	PR_LINKS_EXISTS = 2, /* the tuple, or its reverse, belongs to a link that has not ended */
};

/* `forgotten` hears of each link before its memory is used again, to release owners and
 * communications; it must not call back. n_max 0 = the limit above. */
struct pr_links *pr_links_new(uint32_t n_max,
			      void (*forgotten)(void *context, struct pr_link *link),
			      void *context);
void pr_links_free(struct pr_links *links);

/* Makes a link, unconfirmed. The pointer holds until it is forgotten. */
PR_MUST_USE int pr_links_add(struct pr_links *links, const struct pr_tuple *tuple,
			     enum pr_direction direction, uint64_t now_us,
			     struct pr_link **ret_link);
/* The link that a packet with this tuple belongs to, or NULL; *ret_reply (unless NULL) says whether
 * the packet comes from the end that did not open it. */
struct pr_link *pr_links_find(const struct pr_links *links, const struct pr_tuple *tuple,
			      bool *ret_reply);
/* The same without the tuples after NAT: at the output hook nothing is NATed yet. */
struct pr_link *pr_links_find_unaliased(const struct pr_links *links, const struct pr_tuple *tuple,
					bool *ret_reply);
/* The link of a conntrack entry, whatever NAT was done and at whichever hook the link was seen
 * first. */
struct pr_link *pr_links_find_conntrack(const struct pr_links *links,
					const struct pr_tuple *original,
					const struct pr_tuple *reply);
struct pr_link *pr_links_by_id(const struct pr_links *links, uint64_t id);

/* A packet was seen. */
void pr_links_touch(struct pr_links *links, struct pr_link *link, uint64_t now_us);
/* Conntrack confirmed it; from now on packets are found by the NATed tuples as well. */
void pr_links_confirm(struct pr_links *links, struct pr_link *link, const struct pr_tuple *original,
		      const struct pr_tuple *reply, uint64_t now_us);
/* Packets with `alias`, or its reverse, are this link's: a reroute that the caller ordered itself.
 * The latest alias counts; false when packets with it are another link's. */
bool pr_links_alias(struct pr_links *links, struct pr_link *link, const struct pr_tuple *alias);
/* It is over: no packet finds it any more, looking does for PR_LINK_ENDED_KEEP_S. */
void pr_links_end(struct pr_links *links, struct pr_link *link, uint64_t now_us);
/* Ends unconfirmed links that were idle too long, forgets ended ones; `n_most` at most (0 = all).
 * `ended` (or NULL) hears of each that it ends. Returns how many it handled. */
unsigned int pr_links_expire(struct pr_links *links, uint64_t now_us, unsigned int n_most,
			     void (*ended)(void *context, struct pr_link *link), void *context);

/* All links, ended ones too: start with *cursor = 0 until NULL. */
struct pr_link *pr_links_next(const struct pr_links *links, uint32_t *cursor);

struct pr_links_counters {
	uint32_t n, n_max, n_unconfirmed, n_confirmed, n_ended;
	uint64_t made, evicted, refused;
};
void pr_links_counters(const struct pr_links *links, struct pr_links_counters *ret_counters);
size_t pr_links_bytes(const struct pr_links *links); /* memory held, for the figures */

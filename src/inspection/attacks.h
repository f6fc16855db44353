/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Attacks: what many packets together show. Fed with each link that comes in or is forwarded and led nowhere, it
 * counts, for each source, different closed targets; nothing else tells a scan from a client that tries again
 * (docs/attacks.md has the thresholds and why). What is found is told once, and again only when the source was
 * quiet in between.
 *
 * Deterministic: time is an argument. Not locked. Memory is bounded: whoever is new takes the place of one with as
 * much evidence only by bringing as much himself.
 */
#pragma once

#include "base/error.h"
#include "network/attack.h"
#include "network/subject.h"

/* ---- thresholds ---- */

#define PR_ATTACKS_PORTS     15u    /* different closed ports of one host, or hosts with one … */
#define PR_ATTACKS_WINDOW_S  300u   /* … within so long */
#define PR_ATTACKS_SLOW	     24u    /* different closed targets, … */
#define PR_ATTACKS_SLOW_S    86400u /* … within so long */
#define PR_ATTACKS_FLAGS     3u	    /* different targets asked with flags that nobody sends */
#define PR_ATTACKS_PROTOCOLS 5u	    /* different protocols that nobody serves */
#define PR_ATTACKS_QUIET_S   3600u  /* a source that was silent for so long is told of again */
/* Above it ports belong to clients: late answers, traceroute and the like go there. Only a SYN says something. */
#define PR_ATTACKS_CLIENTS_PORT 32768u
/* A network (/24, /48) from which single sources stay below all that. */
#define PR_ATTACKS_NETWORK	   30u /* different closed targets within PR_ATTACKS_SLOW_S … */
#define PR_ATTACKS_NETWORK_SOURCES 4u  /* … from at least so many of its addresses */
/* One host, asked by anybody who was not told of. */
#define PR_ATTACKS_ANYBODY	   300u /* different closed ports within … */
#define PR_ATTACKS_ANYBODY_S	   600u
#define PR_ATTACKS_ANYBODY_SOURCES 20u
/* Connections to an open port. */
#define PR_ATTACKS_FLOOD   100u /* opened within … */
#define PR_ATTACKS_FLOOD_S 10u
#define PR_ATTACKS_FLOOD_SAMPLES \
	16u			 /* looked at a while later, of which 3 in 4 are not completed */
#define PR_ATTACKS_SPOOFED   10u /* in a minute */
#define PR_ATTACKS_MALFORMED 20u

/* ---- bounds ---- */

#define PR_ATTACKS_SOURCES_MAX	4096u /* with closed targets; full: see above */
#define PR_ATTACKS_TARGETS_MAX	32u   /* of a source: the newest are kept */
#define PR_ATTACKS_HOSTS_MAX	64u   /* that anybody asks; full: the one asked longest ago */
#define PR_ATTACKS_OPENED_MAX	512u  /* open ports; the same */
#define PR_ATTACKS_RATES_MAX	256u  /* of spoofed and malformed packets; the same */
#define PR_ATTACKS_FOUND_MAX	256u  /* that are listed; the same */
#define PR_ATTACKS_GATEWAYS_MAX 16u   /* further ones are not watched */
#define PR_ATTACKS_TOLD_MAX	60u   /* in a minute; what is found beyond is counted and listed */

struct pr_attacks;

struct pr_attacks *pr_attacks_new(void);
void pr_attacks_free(struct pr_attacks *attacks);
void pr_attacks_forget(struct pr_attacks *attacks);

/* A link's first packet. */
struct pr_attack_probe {
	struct pr_address source, target;
	uint16_t source_port, port; /* the protocol's number where there are no ports */
	enum pr_attack_technique technique;
	bool near; /* the source is of this host's networks: each address is somebody */
	bool forwarded;
	bool closed; /* nobody serves it, or it led nowhere */
	uint32_t ifindex;
};
/* PR_TECHNIQUE_… of a packet that begins a link. */
enum pr_attack_technique pr_attack_technique_of(uint8_t proto, uint8_t tcp_flags);

/* Each returns what was found by this, or NULL; good until the next call. */
const struct pr_attack *pr_attacks_probe(struct pr_attacks *attacks, uint64_t now_us,
					 const struct pr_attack_probe *probe);
/* Of the last pr_attacks_probe(): what was found of the same source before, if this was one more target; or NULL. */
const struct pr_attack *pr_attacks_goes_on(const struct pr_attacks *attacks);
/* A TCP link to a port that is served begins. True: what becomes of it is wanted a few seconds later. */
bool pr_attacks_opening(struct pr_attacks *attacks, uint64_t now_us,
			const struct pr_attack_probe *probe);
enum pr_attack_opened {
	PR_OPENED_COMPLETED,
	PR_OPENED_HALF,	      /* answered, and left at that */
	PR_OPENED_UNANSWERED, /* or nobody knows of it any more */
};
const struct pr_attack *pr_attacks_opened(struct pr_attacks *attacks, uint64_t now_us,
					  const struct pr_attack_probe *probe,
					  enum pr_attack_opened opened);
/* `source` as it is written in the packet; `spoof` says what is wrong with it. */
const struct pr_attack *pr_attacks_spoofed(struct pr_attacks *attacks, uint64_t now_us,
					   const struct pr_address *source,
					   const struct pr_address *target, enum pr_spoof spoof,
					   uint32_t ifindex);
const struct pr_attack *pr_attacks_malformed(struct pr_attacks *attacks, uint64_t now_us,
					     const struct pr_address *source,
					     const struct pr_address *target, uint32_t ifindex);

/* A router that this host sends by. */
struct pr_attack_gateway {
	struct pr_address address;
	uint32_t ifindex;
	bool known; /* `hardware` is what the kernel has for it */
	uint8_t hardware[PR_ATTACK_HARDWARE_SIZE];
};
/* All of them, PR_ATTACKS_GATEWAYS_MAX at most; of those that were there before what is known stays. */
void pr_attacks_gateways_set(struct pr_attacks *attacks, const struct pr_attack_gateway *gateways,
			     unsigned int n);
/* Somebody on that interface's link says that the address is his. */
const struct pr_attack *pr_attacks_claim(struct pr_attacks *attacks, uint64_t now_us,
					 uint32_t ifindex, const struct pr_address *address,
					 const uint8_t hardware[PR_ATTACK_HARDWARE_SIZE]);

/* The caller blocked the source of what was found last. */
void pr_attacks_blocked(struct pr_attacks *attacks, const struct pr_attack *attack,
			uint64_t until_us, bool spared);
/* Those found that are not quiet yet, and what is still going on: from *cursor (0) on; NULL at the end. */
const struct pr_attack *pr_attacks_next(const struct pr_attacks *attacks, uint64_t now_us,
					uint32_t *cursor);

struct pr_attacks_counters {
	uint64_t probes, found, not_told;
	uint64_t by_kind[PR_ATTACK_N_KINDS];
	uint32_t sources_now, current; /* `current` = as pr_attacks_next() lists */
	uint64_t sources_evicted;
};
void pr_attacks_counters(const struct pr_attacks *attacks, uint64_t now_us,
			 struct pr_attacks_counters *ret_counters);

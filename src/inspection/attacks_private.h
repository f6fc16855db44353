/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The detector from within. */
#pragma once

#include "inspection/attacks.h"

#include <string.h>

#define PR_ATTACKS_WAYS		 4u
#define PR_ATTACKS_NETWORKS_MAX	 1024u
#define PR_ATTACKS_US		 UINT64_C(1000000)
#define PR_ATTACKS_RATE_US	 (60 * PR_ATTACKS_US)
#define PR_ATTACKS_RATE_QUIET_US (600 * PR_ATTACKS_US)
#define PR_ATTACKS_PORT_BITS	 2048u
#define PR_ATTACKS_SOURCE_BITS	 512u

/* Techniques that are counted together. */
enum pr_attacks_group {
	PR_GROUP_NONE,
	PR_GROUP_SYN,
	PR_GROUP_ILLEGAL, /* flags that no implementation sends */
	PR_GROUP_STRAY,	  /* flags of a connection that nobody has: a scan, or a late packet */
	PR_GROUP_UDP,
	PR_GROUP_SCTP,
	PR_GROUP_ICMP,
	PR_GROUP_PROTOCOL,
};

/* A closed target that a source asked. */
struct pr_attacks_target {
	uint64_t at_us; /* the first time */
	uint32_t host, network;
	uint16_t port;
	uint8_t technique, group;
	bool forwarded;
};

/* A source, or a network of them. */
struct pr_attacks_source {
	uint64_t key; /* 0 = free */
	struct pr_prefix prefix;
	uint64_t first_us, last_us;
	uint64_t addresses; /* of a network: a bit each, by hash */
	uint32_t n_packets, n_distinct;
	uint16_t told;	/* a bit for each kind */
	uint16_t found; /* place of what was found last, + 1 */
	uint8_t weight; /* newcomers that have to come before it goes */
	uint8_t n, next;
	struct pr_attacks_target targets[PR_ATTACKS_TARGETS_MAX];
};

/* What anybody asks of a host. */
struct pr_attacks_host {
	uint64_t key, since_us, last_us, told_us;
	uint32_t n_packets, n_ports, n_sources;
	uint64_t ports[PR_ATTACKS_PORT_BITS / 64];
	uint64_t sources[PR_ATTACKS_SOURCE_BITS / 64];
};

/* An open port. */
struct pr_attacks_open {
	uint64_t key, since_us, last_us, told_us;
	uint32_t n_new, n_before; /* in this window, in the one before */
	uint32_t n_samples, n_half, n_bad;
	uint64_t sources;	    /* of those that were not completed, a bit each */
	struct pr_address a_source; /* one of them */
	uint64_t bad_since_us;
	uint16_t found;
};

struct pr_attacks_rate {
	uint64_t key, since_us, last_us, first_us;
	uint32_t n, n_all;
	bool told;
	uint16_t found;
};

struct pr_attacks_gateway {
	struct pr_attack_gateway gateway;
	uint64_t seen_us; /* its own claim, the last */
	uint8_t rival[PR_ATTACK_HARDWARE_SIZE];
	uint64_t first_us, last_us; /* of the rival's claims */
	uint32_t n_claims;
	uint16_t found;
};

struct pr_attacks_found {
	bool used;
	struct pr_attack attack;
};

struct pr_attacks {
	uint64_t now_us;
	struct pr_attacks_source *sources, *networks;
	struct pr_attacks_host *hosts;
	struct pr_attacks_open *open;
	struct pr_attacks_rate *rates;
	struct pr_attacks_found *found;
	struct pr_attacks_gateway gateways[PR_ATTACKS_GATEWAYS_MAX];
	unsigned int n_gateways;
	struct pr_attacks_counters counters;
	const struct pr_attack *goes_on; /* of the last probe */
	uint64_t telling_us;
	unsigned int n_told;
};

/* The clock stands still where the caller's runs backwards. */
uint64_t pr_attacks_time(struct pr_attacks *attacks, uint64_t now_us);
/* The first `n_bytes` of it: what pr_address_mask() does, for whole bytes. */
static inline struct pr_address pr_attacks_network(const struct pr_address *address, size_t n_bytes)
{
	struct pr_address network = { .family = address->family };

	memcpy(network.bytes, address->bytes, n_bytes);
	return network;
}
uint64_t pr_attacks_key(const void *bytes, size_t len, uint64_t salt); /* never 0 */
/* A place for something found; the one that was longest quiet gives way. Counts it, and says whether it is told. */
struct pr_attack *pr_attacks_find(struct pr_attacks *attacks, const struct pr_attack *attack,
				  uint16_t *ret_place);
/* What was found there, if it is still this source's. */
struct pr_attack *pr_attacks_at(struct pr_attacks *attacks, uint16_t place,
				enum pr_attack_kind kind);
/* What it asks with (attacks_technique.c), and whether that says anything of a scan. */
enum pr_attacks_group pr_attacks_group_of(enum pr_attack_technique technique);
bool pr_attacks_is_evidence(const struct pr_attack_probe *probe);

/* ---- sources (attacks_scan.c) ---- */

/* How the targets of a source lie to one of them. */
struct pr_attacks_shape {
	unsigned int ports, hosts;	     /* of this host, with this port: within the window */
	unsigned int slow_ports, slow_hosts; /* within a day */
	unsigned int own;		     /* of this host's addresses, however asked */
	unsigned int group;		     /* asked the same way, anywhere */
	uint64_t since_us;
};
/* Its record, of PR_ATTACKS_SOURCES_MAX or so; NULL: it has to come again. */
struct pr_attacks_source *pr_attacks_source_get(struct pr_attacks *attacks,
						struct pr_attacks_source *table, uint32_t n_max,
						const struct pr_prefix *prefix);
struct pr_attacks_target pr_attacks_target_of(const struct pr_attack_probe *probe, uint64_t now_us);
/* False where the source has asked it before. */
bool pr_attacks_source_add(struct pr_attacks_source *source,
			   const struct pr_attacks_target *target);
void pr_attacks_weigh(const struct pr_attacks_source *source, const struct pr_attacks_target *now,
		      struct pr_attacks_shape *ret_shape);
const struct pr_attack *pr_attacks_found_source(struct pr_attacks *attacks,
						struct pr_attacks_source *source,
						const struct pr_attack_probe *probe,
						enum pr_attack_kind kind);
/* What was told of it is kept true. */
void pr_attacks_go_on(struct pr_attacks *attacks, struct pr_attacks_source *source);
void pr_attacks_name_port(struct pr_attack *attack, uint16_t port);
/* ---- many sources (attacks_many.c) ---- */
const struct pr_attack *pr_attacks_of_many(struct pr_attacks *attacks,
					   const struct pr_attack_probe *probe);

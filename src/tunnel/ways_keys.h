/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is remembered for whatever isolates: where its accounts come from, and which way it was given. Of the room itself. */
#pragma once

#include "base/chain.h"
#include "base/index.h"
#include "tunnel/ways.h"

#define PR_WAY_SEED_LEN	    32
#define PR_WAY_ACCOUNT_SIZE 33 /* of a user, a password or a shared text: hex, and the zero */

struct pr_way_key {
	uint8_t id[PR_WAY_SEED_LEN];   /* a keyed digest of what isolates */
	uint8_t seed[PR_WAY_SEED_LEN]; /* drawn */
	uint64_t until_us;	       /* then it is renewed; UINT64_MAX = never */
	uint32_t hop_serials[PR_TUNNEL_HOPS_MAX], span_serials[PR_WAYS_SPANS_MAX]; /* 0 = none */
	uint32_t number;
	struct pr_chain_node node;
};

struct pr_way_keys {
	struct pr_slab slab;
	struct pr_index index;
	struct pr_chain used; /* the longest unused at the head */
	uint8_t secret[PR_WAY_SEED_LEN];
	struct pr_way_key single; /* of the last link that isolates itself */
};

struct pr_way_isolated {
	uint32_t serial; /* of the upstream that is named */
	enum pr_tunnel_isolate isolate;
	uint32_t renew_s;
	const char *application, *domain;
	uint64_t link;
};

void pr_way_keys_init(struct pr_way_keys *keys);
void pr_way_keys_done(struct pr_way_keys *keys);
/* What is remembered, made or renewed where it is time; borrowed until the next call. That of
 * a link is none that is remembered: it comes out the same each time. */
struct pr_way_key *pr_way_keys_find(struct pr_way_keys *keys,
				    const struct pr_way_isolated *isolated, uint64_t now_us);
/* Text that says nothing of what it stands for, always the same of a seed, a serial and a word. */
void pr_way_key_text(const struct pr_way_key *key, uint32_t serial, const char *word,
		     char ret_text[PR_WAY_ACCOUNT_SIZE]);

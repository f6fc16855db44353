/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stands in the base chains, so what each packet of the machine meets. A hook costs a packet some 35 ns, an
 * expression 4.5, a jump 15 (docs/performance.md): what most packets need is said here in as few as it takes, the rest
 * is behind a jump.
 *
 * The shortcuts accept what the chains behind would accept, and nothing else: packets of links that are permitted for
 * good, in the generation that is in force, but a SYN (nft_verdicts.c). Both marks are compared whole: where others use bits of theirs, the chains
 * behind take those bits off and come to the same end.
 */
#include "kernel/nft_ruleset.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <string.h>

enum condition {
	ALWAYS,
	MARKED,	     /* with something in our bits of the packet mark */
	UNCONFIRMED, /* the first packet of a link, as far as it was let through */
	LEAVING,     /* the first packet of a link, or one of a link that was sent elsewhere */
};

static const struct base {
	const char *name, *chain;
	enum condition condition;
} bases[] = {
	{ "at-output-strip", "strip", MARKED },
	{ "at-output-strip-route", "strip", MARKED },
	{ "at-output", "output", ALWAYS },
	{ "at-output-nat", "nat-output", ALWAYS },
	{ "at-prerouting-strip", "strip", MARKED },
	{ "at-prerouting", "before-routing", UNCONFIRMED },
	{ "at-prerouting-nat", "nat-before-routing", ALWAYS },
	{ "at-postrouting", "leave", LEAVING },
	{ "at-input-strip", "strip", MARKED },
	{ "at-input", "input", ALWAYS },
	{ "at-forward-strip", "strip", MARKED },
	{ "at-forward", "forward", ALWAYS },
	{ "at-input-guard", "guard-input", MARKED },
	{ "at-input-guard-too", "guard-input-last", MARKED },
	{ "at-postrouting-guard", "guard", MARKED },
};

static void match(struct pr_ruleset_writer *w, enum condition condition)
{
	const uint32_t mask = w->config->mark_mask, zero = 0;
	const uint32_t confirmed = IPS_CONFIRMED, leaving = IPS_CONFIRMED | IPS_DST_NAT;

	switch (condition) {
	case ALWAYS:
		return;
	case MARKED:
		pr_nft_meta(w->batch, NFT_META_MARK, 0);
		pr_nft_cmp(w->batch, NFT_CMP_NEQ, &zero, sizeof(zero), 0); /* most end here */
		pr_nft_mask(w->batch, &mask, &zero, sizeof(mask), 0);
		pr_nft_cmp(w->batch, NFT_CMP_NEQ, &zero, sizeof(zero), 0);
		return;
	case UNCONFIRMED:
		return pr_match_status(w, IPS_CONFIRMED, 0);
	case LEAVING:
		pr_nft_ct(w->batch, NFT_CT_STATUS, -1, 0);
		pr_nft_mask(w->batch, &leaving, &zero, sizeof(leaving), 0);
		pr_nft_cmp(w->batch, NFT_CMP_NEQ, &confirmed, sizeof(confirmed), 0);
		return;
	}
}

/* Packets of neither a beginning nor a message about the link: of state ESTABLISHED, which both directions have. */
static void shortcut(struct pr_ruleset_writer *w, const char *chain,
		     const struct pr_mark_fields *fields, int direction)
{
	const uint32_t mark =
		pr_link_bits(w, (enum pr_mark_out)fields->out, (enum pr_mark_in)fields->in);
	const uint32_t established = 1u << (IP_CT_ESTABLISHED + 1), zero = 0;

	pr_rule(w, chain);
	pr_nft_ct(w->batch, NFT_CT_MARK, -1, 0);
	pr_nft_cmp(w->batch, NFT_CMP_EQ, &mark, sizeof(mark), 0);
	pr_nft_meta(w->batch, NFT_META_MARK, 0);
	pr_nft_cmp(w->batch, NFT_CMP_EQ, &zero, sizeof(zero), 0);
	pr_nft_ct(w->batch, NFT_CT_STATE, -1, 0);
	pr_nft_cmp(w->batch, NFT_CMP_EQ, &established, sizeof(established), 0);
	if (direction >= 0)
		pr_match_direction(w, (enum pr_ruleset_side)direction);
	if (direction != PR_SIDE_IN)
		pr_match_syn(w, false);
	pr_end_verdict(w, NF_ACCEPT);
}

/* Whose verdict counts: nft_verdicts.c. A link between two sockets of this host has two, and none of these marks. */
static void shortcuts(struct pr_ruleset_writer *w, const char *chain)
{
	static const struct pr_mark_fields opened = { .out = PR_MARK_OUT_ACCEPT },
					   called = { .in = PR_MARK_IN_ACCEPT };

	if (strcmp(chain, "at-output") == 0) {
		shortcut(w, chain, &opened, PR_SIDE_OUT);
		shortcut(w, chain, &called, PR_SIDE_IN);
	} else if (strcmp(chain, "at-input") == 0) {
		shortcut(w, chain, &opened, PR_SIDE_IN);
		shortcut(w, chain, &called, PR_SIDE_OUT);
	} else if (strcmp(chain, "at-forward") == 0) {
		shortcut(w, chain, &opened, -1);
	}
}

void pr_ruleset_write_base(struct pr_ruleset_writer *w, const char *chain)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(bases); i++) {
		if (strcmp(bases[i].name, chain) != 0)
			continue;
		shortcuts(w, chain);
		pr_rule(w, chain);
		match(w, bases[i].condition);
		return pr_end_jump(w, bases[i].chain);
	}
	pr_assert(false);
}

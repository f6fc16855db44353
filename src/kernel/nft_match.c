/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the rules are composed of: a match or an action is a few expressions. */
#include "kernel/nft_ruleset.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#define ACCUMULATOR 0

void pr_rule(struct pr_ruleset_writer *w, const char *chain)
{
	pr_nft_rule(w->batch, PR_RULESET_TABLE, chain);
}

void pr_end(struct pr_ruleset_writer *w)
{
	pr_nft_end(w->batch);
}

void pr_end_verdict(struct pr_ruleset_writer *w, int verdict)
{
	pr_nft_verdict(w->batch, verdict, NULL);
	pr_nft_end(w->batch);
}

void pr_end_goto(struct pr_ruleset_writer *w, const char *chain)
{
	pr_nft_verdict(w->batch, NFT_GOTO, chain);
	pr_nft_end(w->batch);
}

void pr_end_jump(struct pr_ruleset_writer *w, const char *chain)
{
	pr_nft_verdict(w->batch, NFT_JUMP, chain);
	pr_nft_end(w->batch);
}

static void mask_and_compare(struct pr_ruleset_writer *w, uint32_t operation, uint32_t bits,
			     uint32_t value)
{
	const uint32_t zero = 0;

	pr_nft_mask(w->batch, &bits, &zero, sizeof(bits), ACCUMULATOR);
	pr_nft_cmp(w->batch, operation, &value, sizeof(value), ACCUMULATOR);
}

void pr_match_ct_mark(struct pr_ruleset_writer *w, uint32_t bits, uint32_t value)
{
	pr_nft_ct(w->batch, NFT_CT_MARK, -1, ACCUMULATOR);
	mask_and_compare(w, NFT_CMP_EQ, bits, value);
}

void pr_match_ct_mark_not(struct pr_ruleset_writer *w, uint32_t bits, uint32_t value)
{
	pr_nft_ct(w->batch, NFT_CT_MARK, -1, ACCUMULATOR);
	mask_and_compare(w, NFT_CMP_NEQ, bits, value);
}

void pr_match_mark(struct pr_ruleset_writer *w, uint32_t bits, uint32_t value)
{
	pr_nft_meta(w->batch, NFT_META_MARK, ACCUMULATOR);
	mask_and_compare(w, NFT_CMP_EQ, bits, value);
}

void pr_match_mark_not(struct pr_ruleset_writer *w, uint32_t bits, uint32_t value)
{
	pr_nft_meta(w->batch, NFT_META_MARK, ACCUMULATOR);
	mask_and_compare(w, NFT_CMP_NEQ, bits, value);
}

void pr_match_direction(struct pr_ruleset_writer *w, enum pr_ruleset_side side)
{
	uint8_t direction = side == PR_SIDE_OUT ? 0 : 1; /* IP_CT_DIR_ORIGINAL, _REPLY */

	pr_nft_ct(w->batch, NFT_CT_DIRECTION, -1, ACCUMULATOR);
	pr_nft_cmp(w->batch, NFT_CMP_EQ, &direction, sizeof(direction), ACCUMULATOR);
}

void pr_match_related(struct pr_ruleset_writer *w)
{
	/* NF_CT_STATE_BIT() of IP_CT_RELATED; the reply's one is folded onto it. */
	pr_nft_ct(w->batch, NFT_CT_STATE, -1, ACCUMULATOR);
	mask_and_compare(w, NFT_CMP_NEQ, 1u << (IP_CT_RELATED + 1), 0);
}

void pr_match_status(struct pr_ruleset_writer *w, uint32_t bits, uint32_t value)
{
	pr_nft_ct(w->batch, NFT_CT_STATUS, -1, ACCUMULATOR);
	mask_and_compare(w, NFT_CMP_EQ, bits, value);
}

void pr_match_socket_of(struct pr_ruleset_writer *w, uid_t uid)
{
	uint32_t value = uid;

	pr_nft_meta(w->batch, NFT_META_SKUID, ACCUMULATOR);
	pr_nft_cmp(w->batch, NFT_CMP_EQ, &value, sizeof(value), ACCUMULATOR);
}

void pr_match_socket_of_others(struct pr_ruleset_writer *w)
{
	pr_nft_meta(w->batch, NFT_META_SKUID, ACCUMULATOR);
	for (unsigned int i = 0; i < w->config->n_own_uids; i++) {
		uint32_t value = w->config->own_uids[i];

		pr_nft_cmp(w->batch, NFT_CMP_NEQ, &value, sizeof(value), ACCUMULATOR);
	}
}

/* The expression ends the rule where there is no socket with a file (net/netfilter/nft_meta.c). */
void pr_match_any_socket(struct pr_ruleset_writer *w)
{
	pr_nft_meta(w->batch, NFT_META_SKUID, ACCUMULATOR);
}

void pr_match_proto(struct pr_ruleset_writer *w, uint8_t proto)
{
	pr_nft_meta(w->batch, NFT_META_L4PROTO, ACCUMULATOR);
	pr_nft_cmp(w->batch, NFT_CMP_EQ, &proto, sizeof(proto), ACCUMULATOR);
}

void pr_match_family(struct pr_ruleset_writer *w, uint8_t nfproto)
{
	pr_nft_meta(w->batch, NFT_META_NFPROTO, ACCUMULATOR);
	pr_nft_cmp(w->batch, NFT_CMP_EQ, &nfproto, sizeof(nfproto), ACCUMULATOR);
}

void pr_match_bytes(struct pr_ruleset_writer *w, uint32_t base, uint32_t offset, const void *bytes,
		    uint32_t len)
{
	pr_nft_payload(w->batch, base, offset, len, ACCUMULATOR);
	pr_nft_cmp(w->batch, NFT_CMP_EQ, bytes, len, ACCUMULATOR);
}

void pr_match_byte(struct pr_ruleset_writer *w, uint32_t base, uint32_t offset, uint8_t value)
{
	pr_match_bytes(w, base, offset, &value, sizeof(value));
}

void pr_match_byte_range(struct pr_ruleset_writer *w, uint32_t base, uint32_t offset, uint8_t from,
			 uint8_t to)
{
	pr_nft_payload(w->batch, base, offset, sizeof(from), ACCUMULATOR);
	pr_nft_cmp(w->batch, NFT_CMP_GTE, &from, sizeof(from), ACCUMULATOR);
	pr_nft_cmp(w->batch, NFT_CMP_LTE, &to, sizeof(to), ACCUMULATOR);
}

void pr_match_bits(struct pr_ruleset_writer *w, uint32_t base, uint32_t offset, uint8_t bits)
{
	const uint8_t zero = 0;

	pr_nft_payload(w->batch, base, offset, sizeof(bits), ACCUMULATOR);
	pr_nft_mask(w->batch, &bits, &zero, sizeof(bits), ACCUMULATOR);
	pr_nft_cmp(w->batch, NFT_CMP_NEQ, &zero, sizeof(zero), ACCUMULATOR);
}

void pr_match_syn(struct pr_ruleset_writer *w, bool is)
{
	const uint8_t looked_at = 0x12 /* SYN, ACK */, syn = 0x02, zero = 0;

	if (is)
		pr_match_proto(w, IPPROTO_TCP);
	pr_nft_payload(w->batch, NFT_PAYLOAD_TRANSPORT_HEADER, 13, sizeof(syn), ACCUMULATOR);
	pr_nft_mask(w->batch, &looked_at, &zero, sizeof(looked_at), ACCUMULATOR);
	pr_nft_cmp(w->batch, is ? NFT_CMP_EQ : NFT_CMP_NEQ, &syn, sizeof(syn), ACCUMULATOR);
}

/* Constants only: before Linux 6.13 nothing else can be done with masked bits. */
void pr_set_ct_mark(struct pr_ruleset_writer *w, uint32_t bits, uint32_t value)
{
	uint32_t keep = ~bits;

	pr_nft_ct(w->batch, NFT_CT_MARK, -1, ACCUMULATOR);
	pr_nft_mask(w->batch, &keep, &value, sizeof(keep), ACCUMULATOR);
	pr_nft_ct_set(w->batch, NFT_CT_MARK, ACCUMULATOR);
}

void pr_clear_mark(struct pr_ruleset_writer *w)
{
	const uint32_t keep = ~w->config->mark_mask, zero = 0;

	pr_nft_meta(w->batch, NFT_META_MARK, ACCUMULATOR);
	pr_nft_mask(w->batch, &keep, &zero, sizeof(keep), ACCUMULATOR);
	pr_nft_meta_set(w->batch, NFT_META_MARK, ACCUMULATOR);
}

void pr_load_tuple(struct pr_ruleset_writer *w, uint8_t nfproto, enum pr_ruleset_side side)
{
	bool v4 = nfproto == NFPROTO_IPV4;
	unsigned int words = v4 ? 1 : 4;
	uint32_t value = side;

	pr_nft_ct(w->batch, NFT_CT_PROTOCOL, 0, 0);
	pr_nft_ct(w->batch, v4 ? NFT_CT_SRC_IP : NFT_CT_SRC_IP6, 0, 1);
	pr_nft_ct(w->batch, v4 ? NFT_CT_DST_IP : NFT_CT_DST_IP6, 0, 1 + words);
	pr_nft_ct(w->batch, NFT_CT_PROTO_SRC, 0, 1 + 2 * words);
	pr_nft_ct(w->batch, NFT_CT_PROTO_DST, 0, 2 + 2 * words);
	pr_nft_immediate(w->batch, &value, sizeof(value), 3 + 2 * words);
}

void pr_load_id(struct pr_ruleset_writer *w, enum pr_ruleset_side side)
{
	uint32_t value = side;

	pr_nft_ct(w->batch, NFT_CT_ID, -1, 0);
	pr_nft_immediate(w->batch, &value, sizeof(value), 1);
}

uint32_t pr_link_bits(const struct pr_ruleset_writer *w, enum pr_mark_out out, enum pr_mark_in in)
{
	struct pr_mark_fields fields = { (uint8_t)w->config->generation, out, in };

	return pr_mark_link(w->config->mark_mask, &fields);
}

uint32_t pr_out_bits(const struct pr_ruleset_writer *w)
{
	return pr_mark_generation_mask(w->config->mark_mask) |
	       pr_mark_out_mask(w->config->mark_mask);
}

uint32_t pr_in_bits(const struct pr_ruleset_writer *w)
{
	return pr_mark_generation_mask(w->config->mark_mask) |
	       pr_mark_in_mask(w->config->mark_mask);
}

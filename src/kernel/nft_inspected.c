/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links under inspection (PR_MARK_OUT_INSPECTED): what carries no payload passes, all else is queued.
 *
 * A segment is without payload where it is one of TCP right behind a bare IP header, and the three lengths, that of
 * TCP's header, the one that the IP header claims and the packet's own, fit each other: a triple of the constant set
 * `empty`. The packet's own is the number of bytes that the kernel holds, so neither a false length nor what stands
 * behind the end hides anything, and a large segment (GSO) has none of these lengths. A SYN that answers nothing, and
 * the urgent flag, are not in the set. A fragment, an option, an extension header: queued.
 */
#include "kernel/nft_ruleset.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#define NETWORK		NFT_PAYLOAD_NETWORK_HEADER
#define TRANSPORT	NFT_PAYLOAD_TRANSPORT_HEADER

#define IPV4_LENGTH	2
#define IPV4_FRAGMENT	6
#define IPV6_LENGTH	4
#define IPV6_NEXT	6
#define TCP_OFFSET	12 /* the data offset; the flags are the byte behind it */

#define FLAG_SYN	0x02
#define FLAG_ACK	0x10
#define FLAG_URG	0x20
#define FLAGS_LOOKED_AT (FLAG_SYN | FLAG_ACK | FLAG_URG)

/* What is loaded into registers of four bytes each, the bytes behind a shorter value zero. */
struct empty_key {
	uint8_t offset, flags;
	uint8_t zero[2];
	uint16_t claimed_len; /* as on the wire: in IPv6 without the header */
	uint8_t zero_too[2];
	uint32_t len;
};
_Static_assert(sizeof(struct empty_key) == PR_RULESET_EMPTY_KEY_LEN, "three registers");

void pr_ruleset_write_empty(struct pr_ruleset_writer *w)
{
	static const uint8_t flags[] = { 0, FLAG_ACK, FLAG_SYN | FLAG_ACK };
	struct empty_key keys[PR_RULESET_EMPTY_MAX] = { 0 };
	unsigned int n = 0;

	for (unsigned int words = 5; words <= 15; words++) {
		for (size_t i = 0; i < PR_ARRAY_SIZE(flags); i++) {
			uint16_t tcp_len = (uint16_t)(words * 4);
			struct empty_key key = { .offset = (uint8_t)(words << 4),
						 .flags = flags[i] };

			key.claimed_len = htons((uint16_t)(20 + tcp_len));
			key.len = 20u + tcp_len;
			keys[n++] = key;
			key.claimed_len = htons(tcp_len);
			key.len = 40u + tcp_len;
			keys[n++] = key;
		}
	}
	pr_assert(n == PR_RULESET_EMPTY_MAX);
	pr_nft_set_constant(w->batch, PR_RULESET_TABLE, &w->empty, keys, n);
}

void pr_match_empty(struct pr_ruleset_writer *w, uint8_t family)
{
	static const uint8_t looked_at[4] = { 0xf0, FLAGS_LOOKED_AT }, zero[4] = { 0 };
	static const uint8_t fragment[4] = { 0x3f, 0xff };
	bool v4 = family == NFPROTO_IPV4;

	pr_match_family(w, family);
	if (v4) {
		pr_match_proto(w, IPPROTO_TCP);
		pr_match_byte(w, NETWORK, 0, 0x45);
		pr_nft_payload(w->batch, NETWORK, IPV4_FRAGMENT, 2, 0);
		pr_nft_mask(w->batch, fragment, zero, sizeof(fragment), 0);
		pr_nft_cmp(w->batch, NFT_CMP_EQ, zero, 2, 0);
	} else {
		pr_match_byte(w, NETWORK, IPV6_NEXT, IPPROTO_TCP);
	}
	pr_nft_payload(w->batch, TRANSPORT, TCP_OFFSET, 2, 0);
	pr_nft_mask(w->batch, looked_at, zero, sizeof(looked_at), 0);
	pr_nft_payload(w->batch, NETWORK, v4 ? IPV4_LENGTH : IPV6_LENGTH, 2, 1);
	pr_nft_meta(w->batch, NFT_META_LEN, 2);
	pr_nft_lookup(w->batch, &w->empty, 0);
}

static void accept_empty(struct pr_ruleset_writer *w, uint8_t family)
{
	pr_rule(w, PR_CHAIN_INSPECTED);
	pr_match_empty(w, family);
	pr_end_verdict(w, NF_ACCEPT);
}

/*
 * A link's first packet, not yet confirmed: from here on its mark has the generation, so that a verdict which comes
 * later finds whether somebody else wrote the mark (nft_orders.c). Its entry may have the id of one that is gone, of
 * the same ends and in the same memory: what the set holds of that one is not its own.
 */
static void begin_life(struct pr_ruleset_writer *w)
{
	const uint32_t generation = pr_mark_generation_mask(w->config->mark_mask);
	const uint32_t now = pr_link_bits(w, PR_MARK_OUT_NONE, PR_MARK_IN_NONE);

	pr_rule(w, PR_CHAIN_QUEUE);
	pr_match_status(w, IPS_CONFIRMED, 0);
	pr_end_jump(w, "begin-life");

	pr_rule(w, "begin-life");
	pr_match_ct_mark_not(w, generation, now);
	pr_set_ct_mark(w, w->config->mark_mask, now);
	pr_end(w);
	for (unsigned int side = PR_SIDE_OUT; w->batch->set_delete && side <= PR_SIDE_IN; side++) {
		pr_rule(w, "begin-life");
		pr_load_id(w, (enum pr_ruleset_side)side);
		pr_nft_take_out(w->batch, &w->accepted, 0);
		pr_end(w);
	}
}

void pr_ruleset_write_inspected(struct pr_ruleset_writer *w)
{
	accept_empty(w, NFPROTO_IPV4);
	accept_empty(w, NFPROTO_IPV6);
	pr_rule(w, PR_CHAIN_INSPECTED);
	pr_end_goto(w, PR_CHAIN_QUEUE_INSPECTED);
	begin_life(w);
}

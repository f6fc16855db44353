/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What leads to the tunnel's entry point, and what keeps all else away from it and from the pool.
 *
 * A link that goes through the tunnel says so in its conntrack mark, and its first packet is sent to the entry point by
 * NAT, which nothing changes afterwards. Whether that happened is looked at where it counts: what has the mark arrives
 * at the entry point or is refused, and leaves this host by no device. Somebody else's NAT may have come first, and over
 * IPv6 any socket may have a source that is none of ours (IPV6_FREEBIND), where its packet would be sent.
 *
 * At the entry point the mark counts in every generation: what is no longer to be tunnelled is closed by the tunnel,
 * which was told, and what arrives there is asked for.
 *
 * What is looked into comes by the queue before NAT where it leaves this host, as any link does. What other namespaces send is NATed
 * by then in all hooks but the first, so all but their first packets come by where they arrive; and both kinds' answers
 * where the entry point sends them. Its own handshake, and what says nothing, passes: NAT's tuple isn't known yet there.
 */
#include "kernel/nft_ruleset.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <string.h>

#define NETWORK		 NFT_PAYLOAD_NETWORK_HEADER
#define TRANSPORT	 NFT_PAYLOAD_TRANSPORT_HEADER

#define IPV4_DESTINATION 16
#define IPV6_DESTINATION 24
#define DESTINATION_PORT 2 /* of TCP and of UDP */

static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
static const uint32_t loopback = 1 /* its index in every namespace */;

/* Of IPv4, and of IPv6; as on the wire. 0 = none. */
static uint16_t port_of(const struct pr_ruleset_writer *w, bool v4)
{
	return htons(v4 ? w->config->tunnel_port4 : w->config->tunnel_port6);
}

static uint8_t family_of(bool v4)
{
	return v4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
}

static void match_port(struct pr_ruleset_writer *w, uint16_t port)
{
	pr_match_bytes(w, TRANSPORT, DESTINATION_PORT, &port, sizeof(port));
}

/* Whatever the generation. */
static void match_tunnelled(struct pr_ruleset_writer *w)
{
	const struct pr_mark_fields fields = { .out = PR_MARK_OUT_TUNNEL };

	pr_match_ct_mark(w, pr_mark_out_mask(w->config->mark_mask),
			 pr_mark_link(w->config->mark_mask, &fields));
}

/* Its destination is in the pool. False: there is no such pool, and nothing was written. */
static bool rule_of_pool(struct pr_ruleset_writer *w, const char *chain, bool v4)
{
	const struct pr_address *pool = v4 ? &w->config->pool4 : &w->config->pool6;
	uint8_t len = v4 ? w->config->pool4_len : w->config->pool6_len;
	uint32_t bytes = v4 ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	struct pr_address ones = { .family = pool->family }, mask, base;
	const uint8_t zero[16] = { 0 };

	if (pool->family != (v4 ? 4 : 6))
		return false;
	memset(ones.bytes, 0xff, bytes);
	mask = pr_address_mask(&ones, len);
	base = pr_address_mask(pool, len);
	pr_rule(w, chain);
	pr_match_family(w, family_of(v4));
	pr_nft_payload(w->batch, NETWORK, v4 ? IPV4_DESTINATION : IPV6_DESTINATION, bytes, 0);
	pr_nft_mask(w->batch, mask.bytes, zero, bytes, 0);
	pr_nft_cmp(w->batch, NFT_CMP_EQ, base.bytes, bytes, 0);
	return true;
}

/* ---- the order ---- */

static const enum pr_mark_entry entries[] = { PR_MARK_ENTRY_ACCEPT, PR_MARK_ENTRY_INSPECTED,
					      PR_MARK_ENTRY_QUEUED };

/* Whatever is to become of further packets. */
static void match_order(struct pr_ruleset_writer *w, const char *chain)
{
	const uint32_t mask = w->config->mark_mask;

	pr_rule(w, chain);
	pr_match_mark(w, pr_mark_generation_mask(mask) | pr_mark_out_mask(mask),
		      pr_mark_order(mask, w->config->generation, PR_MARK_ORDER_TUNNEL));
}

/* NAT is fixed by a link's first packet: one in its life goes to the entry point already, or never. */
void pr_ruleset_refuse_living(struct pr_ruleset_writer *w, const char *chain)
{
	match_order(w, chain);
	pr_match_status(w, IPS_CONFIRMED | IPS_DST_NAT, IPS_CONFIRMED);
	pr_clear_mark(w);
	pr_end_goto(w, PR_CHAIN_REJECT);
	for (unsigned int i = 0; i < 2; i++) {
		bool v4 = i == 0;
		uint16_t port = port_of(w, v4);

		match_order(w, chain);
		pr_match_family(w, family_of(v4));
		pr_match_status(w, IPS_CONFIRMED, IPS_CONFIRMED);
		pr_nft_ct(w->batch, NFT_CT_PROTO_SRC, 1 /* IP_CT_DIR_REPLY */, 0);
		pr_nft_cmp(w->batch, NFT_CMP_NEQ, &port, sizeof(port), 0);
		pr_clear_mark(w);
		pr_end_goto(w, PR_CHAIN_REJECT);
	}
}

void pr_ruleset_note_sender(struct pr_ruleset_writer *w, const char *chain)
{
	if (w->config->asker_note_fd < 0 || (!port_of(w, true) && !port_of(w, false)))
		return;
	match_order(w, chain);
	pr_match_proto(w, IPPROTO_UDP);
	pr_nft_bpf(w->batch, w->config->asker_note_fd);
	pr_end(w);
}

void pr_ruleset_reroute_tunnel(struct pr_ruleset_writer *w, const char *chain)
{
	for (size_t i = 0; i < 2 * PR_ARRAY_SIZE(protocols); i++) {
		bool v4 = i < PR_ARRAY_SIZE(protocols);

		if (!port_of(w, v4))
			continue;
		match_order(w, chain);
		pr_match_family(w, family_of(v4));
		pr_match_proto(w, protocols[i % 2]);
		pr_end_goto(w, "to-entry");
	}
}

void pr_ruleset_refuse_tunnel(struct pr_ruleset_writer *w, const char *chain)
{
	match_order(w, chain);
	pr_clear_mark(w);
	pr_end_goto(w, PR_CHAIN_REJECT);
}

static void to_entry(struct pr_ruleset_writer *w)
{
	const uint32_t mask = w->config->mark_mask;

	for (size_t i = 0; i < PR_ARRAY_SIZE(entries); i++) {
		const struct pr_mark_fields fields = { .out = PR_MARK_OUT_TUNNEL,
						       .in = (uint8_t)entries[i] };
		uint32_t order = PR_MARK_ORDER_TUNNEL | (uint32_t)entries[i] << 3;

		pr_rule(w, "to-entry");
		pr_match_mark(
			w, mask,
			pr_mark_order(mask, w->config->generation, (enum pr_mark_order)order));
		pr_set_ct_mark(w, pr_mark_out_mask(mask) | pr_mark_in_mask(mask),
			       pr_mark_link(mask, &fields));
		pr_clear_mark(w);
		pr_end_verdict(w, NF_ACCEPT);
	}
	pr_rule(w, "to-entry");
	pr_end_verdict(w, NF_DROP);
}

/* ---- the orders at the entry point ---- */

static void entry_order(struct pr_ruleset_writer *w, enum pr_mark_order order)
{
	pr_rule(w, "entry-order");
	pr_match_mark(w, w->config->mark_mask,
		      pr_mark_order(w->config->mark_mask, w->config->generation, order));
}

static void accept_further(struct pr_ruleset_writer *w, enum pr_mark_order order,
			   enum pr_mark_entry entry)
{
	const uint32_t mask = w->config->mark_mask;
	const struct pr_mark_fields fields = { .generation = (uint8_t)w->config->generation,
					       .in = (uint8_t)entry };

	entry_order(w, order);
	pr_set_ct_mark(w, pr_mark_generation_mask(mask) | pr_mark_in_mask(mask),
		       pr_mark_link(mask, &fields));
	pr_clear_mark(w);
	pr_end_verdict(w, NF_ACCEPT);
}

/* A link stays the tunnel's whatever becomes of it: what may not go on is refused, and closed by the tunnel. */
static void entry_orders(struct pr_ruleset_writer *w)
{
	static const enum pr_mark_order refusals[] = { PR_MARK_ORDER_BLOCK,
						       PR_MARK_ORDER_BLOCK_ALWAYS,
						       PR_MARK_ORDER_UNREACHABLE };

	accept_further(w, PR_MARK_ORDER_ACCEPT_ALWAYS, PR_MARK_ENTRY_ACCEPT);
	accept_further(w, PR_MARK_ORDER_INSPECT, PR_MARK_ENTRY_INSPECTED);
	for (size_t i = 0; i < PR_ARRAY_SIZE(refusals); i++) {
		entry_order(w, refusals[i]);
		pr_clear_mark(w);
		pr_end_goto(w, PR_CHAIN_REJECT);
	}
	pr_rule(w, "entry-order");
	pr_end_verdict(w, NF_DROP);
}

void pr_ruleset_order_at_entry(struct pr_ruleset_writer *w, const char *chain,
			       enum pr_ruleset_side direction)
{
	pr_rule(w, chain);
	pr_match_direction(w, direction);
	match_tunnelled(w);
	pr_end_goto(w, "entry-order");
}

/* ---- which packets of a link that goes through the tunnel pass ---- */

/* In the generation in force. */
static void match_entry(struct pr_ruleset_writer *w, enum pr_mark_entry entry)
{
	pr_match_ct_mark(w, pr_out_bits(w) | pr_mark_in_mask(w->config->mark_mask),
			 pr_link_bits(w, PR_MARK_OUT_TUNNEL, (enum pr_mark_in)entry));
}

/* Flows over UDP pass by the mark from the socket that the verdict was for: each sender has an upstream and an account of
 * its own. */
static void leave_for_entry(struct pr_ruleset_writer *w)
{
	const int check_fd = w->config->asker_check_fd;

	pr_rule(w, "leave-for-entry");
	match_entry(w, PR_MARK_ENTRY_INSPECTED);
	pr_end_goto(w, PR_CHAIN_INSPECTED);
	pr_rule(w, "leave-for-entry");
	match_entry(w, PR_MARK_ENTRY_ACCEPT);
	pr_match_proto(w, IPPROTO_TCP);
	pr_end_verdict(w, NF_ACCEPT);
	pr_rule(w, "leave-for-entry");
	match_entry(w, PR_MARK_ENTRY_ACCEPT);
	if (check_fd >= 0)
		pr_nft_bpf(w->batch, check_fd);
	pr_end_verdict(w, NF_ACCEPT);
}

void pr_ruleset_tunnel_leaving(struct pr_ruleset_writer *w, const char *chain)
{
	pr_rule(w, chain);
	match_tunnelled(w);
	pr_end_jump(w, "leave-for-entry");
}

static void entry_passes(struct pr_ruleset_writer *w)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	const uint32_t mask = w->config->mark_mask;
	const struct pr_mark_fields open = { .in = PR_MARK_ENTRY_ACCEPT };

	pr_rule(w, "entry-passes");
	pr_match_ct_mark(w, pr_mark_in_mask(mask), pr_mark_link(mask, &open));
	pr_end_verdict(w, NF_ACCEPT);
	pr_rule(w, "entry-passes");
	match_entry(w, PR_MARK_ENTRY_INSPECTED);
	pr_end_goto(w, PR_CHAIN_INSPECTED);
	for (size_t i = 0; i < PR_ARRAY_SIZE(families); i++) {
		pr_rule(w, "entry-passes");
		pr_match_empty(w, families[i]);
		pr_end_verdict(w, NF_ACCEPT);
	}
	pr_rule(w, "entry-passes");
	pr_end_goto(w, PR_CHAIN_QUEUE);
}

/* ---- before routing ---- */

void pr_ruleset_tunnel_before_routing(struct pr_ruleset_writer *w, const char *chain)
{
	const uint32_t unicast = 1 /* RTN_UNICAST */;

	for (size_t i = 0; w->config->forwarded_tunnel && i < 3 * PR_ARRAY_SIZE(protocols); i++) {
		size_t which = i / PR_ARRAY_SIZE(protocols);

		if (which < 2 && !rule_of_pool(w, chain, which == 0))
			continue;
		if (which == 2)
			pr_rule(w, chain);
		pr_match_proto(w, protocols[i % 2]);
		pr_match_direction(w, PR_SIDE_OUT);
		pr_match_ct_mark(w, w->config->mark_mask, 0);
		pr_nft_meta(w->batch, NFT_META_IIF, 0);
		pr_nft_cmp(w->batch, NFT_CMP_NEQ, &loopback, sizeof(loopback), 0);
		if (which == 2) {
			pr_nft_fib_address_type(w->batch, 0);
			pr_nft_cmp(w->batch, NFT_CMP_EQ, &unicast, sizeof(unicast), 0);
		}
		pr_end_goto(w, PR_CHAIN_QUEUE);
	}
}

/* ---- arriving ---- */

/* Jumped to with one of the two ports; returns where it isn't that family's, or another protocol's. */
static void entry_direct(struct pr_ruleset_writer *w)
{
	for (size_t i = 0; i < 2 * PR_ARRAY_SIZE(protocols); i++) {
		bool v4 = i < PR_ARRAY_SIZE(protocols);
		uint16_t port = port_of(w, v4);

		if (!port)
			continue;
		pr_rule(w, "entry-direct");
		pr_match_family(w, family_of(v4));
		pr_match_proto(w, protocols[i % 2]);
		match_port(w, port);
		pr_end_goto(w, PR_CHAIN_REJECT);
	}
}

static void entry_rerouted(struct pr_ruleset_writer *w)
{
	for (unsigned int i = 0; i < 2; i++) {
		uint16_t port = port_of(w, i == 0);

		if (!port)
			continue;
		pr_rule(w, "entry-rerouted");
		pr_match_family(w, family_of(i == 0));
		match_port(w, port);
		pr_end_goto(w, "entry-arrived");
	}
	pr_rule(w, "entry-rerouted");
	pr_end_goto(w, PR_CHAIN_REJECT);
}

/* What this host sent was seen when it left, and what is a link's first packet before it was routed. */
static void entry_arrived(struct pr_ruleset_writer *w)
{
	pr_rule(w, "entry-arrived");
	pr_nft_meta(w->batch, NFT_META_IIF, 0);
	pr_nft_cmp(w->batch, NFT_CMP_EQ, &loopback, sizeof(loopback), 0);
	pr_end_verdict(w, NF_ACCEPT);
	pr_rule(w, "entry-arrived");
	pr_match_status(w, IPS_CONFIRMED, 0);
	pr_end_verdict(w, NF_ACCEPT);
	pr_rule(w, "entry-arrived");
	pr_end_goto(w, "entry-passes");
}

void pr_ruleset_tunnel_arriving(struct pr_ruleset_writer *w, const char *chain, bool tracked)
{
	const uint16_t port4 = port_of(w, true), port6 = port_of(w, false);

	if (tracked) {
		pr_rule(w, chain);
		match_tunnelled(w);
		pr_end_goto(w, "entry-rerouted");
	}
	for (unsigned int i = 0; i < 2; i++) {
		uint16_t port = i == 0 ? port4 : port6;

		if (!port || (i == 1 && port == port4))
			continue;
		pr_rule(w, chain);
		match_port(w, port);
		pr_end_jump(w, "entry-direct");
	}
	for (unsigned int i = 0; i < 2; i++)
		if (rule_of_pool(w, chain, i == 0))
			pr_end_goto(w, PR_CHAIN_REJECT);
}

/* The answers of the entry point: its alone, whatever the generation. */
void pr_ruleset_tunnel_answers(struct pr_ruleset_writer *w, const char *chain)
{
	pr_rule(w, chain);
	match_tunnelled(w);
	pr_end_goto(w, "entry-passes");
}

void pr_ruleset_tunnel_answered(struct pr_ruleset_writer *w, const char *chain)
{
	pr_rule(w, chain);
	match_tunnelled(w);
	pr_end_verdict(w, NF_ACCEPT);
}

/* ---- leaving ---- */

static void leave(struct pr_ruleset_writer *w)
{
	static const enum pr_mark_out here[] = { PR_MARK_OUT_TUNNEL, PR_MARK_OUT_NAMESERVER };
	const uint32_t mask = w->config->mark_mask;

	pr_rule(w, "leave");
	pr_match_direction(w, PR_SIDE_IN);
	pr_end_goto(w, "leave-as-local");
	pr_rule(w, "leave");
	pr_nft_meta(w->batch, NFT_META_OIF, 0);
	pr_nft_cmp(w->batch, NFT_CMP_EQ, &loopback, sizeof(loopback), 0);
	pr_end_verdict(w, NF_ACCEPT);
	for (size_t i = 0; i < PR_ARRAY_SIZE(here); i++) {
		const struct pr_mark_fields fields = { .out = (uint8_t)here[i] };

		pr_rule(w, "leave");
		pr_match_ct_mark(w, pr_mark_out_mask(mask), pr_mark_link(mask, &fields));
		pr_end_verdict(w, NF_DROP);
	}
	for (unsigned int i = 0; i < 2; i++)
		if (rule_of_pool(w, "leave", i == 0))
			pr_end_verdict(w, NF_DROP);
}

void pr_ruleset_write_tunnel(struct pr_ruleset_writer *w)
{
	to_entry(w);
	entry_orders(w);
	leave_for_entry(w);
	entry_passes(w);
	entry_direct(w);
	entry_rerouted(w);
	entry_arrived(w);
	leave(w);
}

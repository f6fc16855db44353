/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a packet meets that comes back from the queue with an order in its mark (NF_REPEAT: the hook that
 * queued it runs again). The order is taken off, so that the packet goes on with the mark that it came with and
 * is not routed anew; what lasts is written to the conntrack mark or to a set. An order of another generation
 * is not carried out: the packet is queued again, and decided by the policy that is in force.
 */
#include "kernel/nft_ruleset.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

static uint32_t order_of(const struct pr_ruleset_writer *w, enum pr_mark_order order)
{
	return pr_mark_order(w->config->mark_mask, w->config->generation, order);
}

static void match_order(struct pr_ruleset_writer *w, const char *chain, enum pr_mark_order order)
{
	pr_rule(w, chain);
	pr_match_mark(w, w->config->mark_mask, order_of(w, order));
}

/* A message about a link (ICMP errors) shares the link's entry: nothing of it is written there. */
static void about_another(struct pr_ruleset_writer *w)
{
	static const enum pr_mark_order accepts[] = { PR_MARK_ORDER_ACCEPT_ALWAYS,
						      PR_MARK_ORDER_INSPECT };

	for (size_t i = 0; i < PR_ARRAY_SIZE(accepts); i++) {
		match_order(w, "order-related", accepts[i]);
		pr_clear_mark(w);
		pr_end_verdict(w, NF_ACCEPT);
	}
	pr_rule(w, "order-related");
	pr_end_verdict(w, NF_DROP);
}

static void begin(struct pr_ruleset_writer *w, const char *chain)
{
	pr_rule(w, chain);
	pr_match_mark_not(w, pr_mark_generation_mask(w->config->mark_mask),
			  pr_link_bits(w, PR_MARK_OUT_NONE, PR_MARK_IN_NONE));
	pr_clear_mark(w);
	pr_end_goto(w, "requeue");

	pr_rule(w, chain);
	pr_match_related(w);
	pr_match_status(w, IPS_EXPECTED, 0);
	pr_end_goto(w, "order-related");
}

/* Verdicts of another generation go, `own` stays; then the mark is of this one. */
static void renew(struct pr_ruleset_writer *w, const char *chain)
{
	const uint32_t mask = w->config->mark_mask, generation = pr_mark_generation_mask(mask);
	const uint32_t now = pr_link_bits(w, PR_MARK_OUT_NONE, PR_MARK_IN_NONE);
	struct pr_mark_fields own = { .out = PR_MARK_OUT_OWN };

	pr_rule(w, chain);
	pr_match_ct_mark_not(w, generation, now);
	pr_match_ct_mark(w, pr_mark_out_mask(mask), pr_mark_link(mask, &own));
	pr_set_ct_mark(w, generation | pr_mark_in_mask(mask), now);
	pr_end(w);

	pr_rule(w, chain);
	pr_match_ct_mark_not(w, generation, now);
	pr_set_ct_mark(w, mask, now);
	pr_end(w);
}

static uint32_t side_bits(const struct pr_ruleset_writer *w, enum pr_ruleset_side side)
{
	return side == PR_SIDE_OUT ? pr_mark_out_mask(w->config->mark_mask)
				   : pr_mark_in_mask(w->config->mark_mask);
}

static uint32_t side_value(const struct pr_ruleset_writer *w, enum pr_ruleset_side side,
			   uint8_t value)
{
	struct pr_mark_fields fields = { 0 };

	if (side == PR_SIDE_OUT)
		fields.out = value;
	else
		fields.in = value;
	return pr_mark_link(w->config->mark_mask, &fields);
}

/* A link in its life whose mark lacks what it had from its first packet on: it is older than the generation, or
 * somebody overwrites its mark. The latter must not come here with each packet. Before the mark is renewed. */
static void list_accepted(struct pr_ruleset_writer *w, const char *chain, enum pr_ruleset_side side)
{
	match_order(w, chain, PR_MARK_ORDER_ACCEPT_ALWAYS);
	pr_match_status(w, IPS_CONFIRMED, IPS_CONFIRMED);
	pr_match_ct_mark_not(w, pr_mark_generation_mask(w->config->mark_mask),
			     pr_link_bits(w, PR_MARK_OUT_NONE, PR_MARK_IN_NONE));
	pr_load_id(w, side);
	pr_nft_update(w->batch, &w->accepted, 0);
	pr_end(w);
}

static void accept_always(struct pr_ruleset_writer *w, const char *chain, enum pr_ruleset_side side)
{
	match_order(w, chain, PR_MARK_ORDER_ACCEPT_ALWAYS);
	pr_set_ct_mark(w, side_bits(w, side), side_value(w, side, PR_MARK_OUT_ACCEPT));
	pr_clear_mark(w);
	pr_end_verdict(w, NF_ACCEPT);
}

/* The called end has no such state: there the order accepts the packet. */
static void accept_inspected(struct pr_ruleset_writer *w, const char *chain,
			     enum pr_ruleset_side side)
{
	match_order(w, chain, PR_MARK_ORDER_INSPECT);
	if (side == PR_SIDE_OUT)
		pr_set_ct_mark(w, side_bits(w, side), side_value(w, side, PR_MARK_OUT_INSPECTED));
	pr_clear_mark(w);
	pr_end_verdict(w, NF_ACCEPT);
}

/* A full set ends the rule and nothing more: the next packet is then queued again. */
static void deny_always(struct pr_ruleset_writer *w, const char *chain, enum pr_ruleset_side side,
			enum pr_mark_order order)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	bool drop = order == PR_MARK_ORDER_DROP_ALWAYS;

	for (size_t i = 0; i < PR_ARRAY_SIZE(families); i++) {
		bool v4 = families[i] == NFPROTO_IPV4;

		match_order(w, chain, order);
		pr_match_family(w, families[i]);
		pr_load_tuple(w, families[i], side);
		pr_nft_update(w->batch,
			      drop ? (v4 ? &w->dropped4 : &w->dropped6)
				   : (v4 ? &w->blocked4 : &w->blocked6),
			      0);
		pr_end(w);
	}
	match_order(w, chain, order);
	pr_set_ct_mark(w, side_bits(w, side), 0);
	pr_clear_mark(w);
	if (drop)
		pr_end_verdict(w, NF_DROP);
	else
		pr_end_goto(w, PR_CHAIN_REJECT);
}

static void refuse(struct pr_ruleset_writer *w, const char *chain, enum pr_mark_order order)
{
	match_order(w, chain, order);
	pr_clear_mark(w);
	pr_end_goto(w, PR_CHAIN_REJECT);
}

/* connect() says EHOSTUNREACH, as where a router said so; ICMPv6 has a code of the same meaning. */
static void refuse_unreachable(struct pr_ruleset_writer *w, const char *chain)
{
	match_order(w, chain, PR_MARK_ORDER_UNREACHABLE);
	pr_clear_mark(w);
	pr_nft_reject(w->batch, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_HOST_UNREACH);
	pr_end(w);
}

static void let_to_nameserver(struct pr_ruleset_writer *w)
{
	pr_set_ct_mark(w, side_bits(w, PR_SIDE_OUT),
		       side_value(w, PR_SIDE_OUT, PR_MARK_OUT_NAMESERVER));
	pr_clear_mark(w);
	pr_end_verdict(w, NF_ACCEPT);
}

/* NAT is fixed by a link's first packet: one that lives already and goes elsewhere can't be rerouted any
 * more. What is sent straight to the nameserver needs none. */
static void reroute_nameserver(struct pr_ruleset_writer *w, const char *chain, uint8_t family,
			       uint16_t port)
{
	const uint32_t loopback = 1 /* its index in every namespace */;
	const uint16_t wire_port = htons(port);

	if (!port)
		return;
	if (w->config->asker_note_fd >= 0) {
		match_order(w, chain, PR_MARK_ORDER_NAMESERVER);
		pr_match_family(w, family);
		pr_nft_bpf(w->batch, w->config->asker_note_fd);
		pr_end(w);
	}
	match_order(w, chain, PR_MARK_ORDER_NAMESERVER);
	pr_match_family(w, family);
	pr_match_bytes(w, NFT_PAYLOAD_TRANSPORT_HEADER, 2, &wire_port, sizeof(wire_port));
	pr_nft_meta(w->batch, NFT_META_OIF, 0);
	pr_nft_cmp(w->batch, NFT_CMP_EQ, &loopback, sizeof(loopback), 0);
	let_to_nameserver(w);

	match_order(w, chain, PR_MARK_ORDER_NAMESERVER);
	pr_match_status(w, IPS_CONFIRMED | IPS_DST_NAT, IPS_CONFIRMED);
	pr_clear_mark(w);
	pr_end_goto(w, PR_CHAIN_REJECT);

	match_order(w, chain, PR_MARK_ORDER_NAMESERVER);
	pr_match_family(w, family);
	let_to_nameserver(w);
}

/* What most packets are told comes first. */
static void side_chain(struct pr_ruleset_writer *w, const char *chain, enum pr_ruleset_side side,
		       bool reroutable)
{
	list_accepted(w, chain, side);
	renew(w, chain);
	accept_always(w, chain, side);
	accept_inspected(w, chain, side);
	if (reroutable) {
		reroute_nameserver(w, chain, NFPROTO_IPV4, w->config->nameserver_port4);
		reroute_nameserver(w, chain, NFPROTO_IPV6, w->config->nameserver_port6);
		pr_ruleset_refuse_living(w, chain);
		pr_ruleset_note_sender(w, chain);
		pr_ruleset_reroute_tunnel(w, chain);
	}
	deny_always(w, chain, side, PR_MARK_ORDER_BLOCK_ALWAYS);
	deny_always(w, chain, side, PR_MARK_ORDER_DROP_ALWAYS);
	if (side == PR_SIDE_OUT)
		refuse_unreachable(w, chain);
	refuse(w, chain, PR_MARK_ORDER_BLOCK);
	refuse(w, chain, PR_MARK_ORDER_NAMESERVER);
	pr_ruleset_refuse_tunnel(w, chain);
	pr_rule(w, chain);
	pr_end_verdict(w, NF_DROP);
}

static void by_direction(struct pr_ruleset_writer *w, const char *chain, const char *original,
			 const char *reply)
{
	pr_rule(w, chain);
	pr_match_direction(w, PR_SIDE_OUT);
	pr_end_goto(w, original);
	pr_rule(w, chain);
	pr_match_direction(w, PR_SIDE_IN);
	pr_end_goto(w, reply);
	refuse(w, chain, PR_MARK_ORDER_BLOCK); /* untracked: the only order that it can have */
	pr_rule(w, chain);
	pr_end_verdict(w, NF_DROP);
}

static void before_routing(struct pr_ruleset_writer *w)
{
	static const char chain[] = "before-routing-order";

	if (!w->config->forwarded_questions && !w->config->forwarded_tunnel)
		return;
	begin(w, chain);
	renew(w, chain);
	reroute_nameserver(w, chain, NFPROTO_IPV4, w->config->nameserver_port4);
	reroute_nameserver(w, chain, NFPROTO_IPV6, w->config->nameserver_port6);
	if (w->config->forwarded_tunnel)
		pr_ruleset_reroute_tunnel(w, chain);
	match_order(w, chain, PR_MARK_ORDER_ACCEPT_ALWAYS);
	pr_set_ct_mark(w, side_bits(w, PR_SIDE_OUT),
		       side_value(w, PR_SIDE_OUT, PR_MARK_OUT_ACCEPT));
	pr_end(w);
	pr_rule(w, chain);
	pr_clear_mark(w);
	pr_end_verdict(w, NF_ACCEPT);
}

/*
 * What leaves with an order was not seen by the chain that should have carried it out (nft_ruleset.c). Somebody's
 * chain behind ours may have copied the conntrack mark to the packet: our bits are then those of a verdict that
 * permits, or the generation alone, which no order is, and they are taken off. Those of a link under inspection
 * permit nothing but themselves: its packets get orders of all kinds.
 */
static void guards(struct pr_ruleset_writer *w)
{
	static const struct pr_mark_fields permitted[] = {
		{ .out = PR_MARK_OUT_ACCEPT },
		{ .out = PR_MARK_OUT_NAMESERVER },
		{ .out = PR_MARK_OUT_TUNNEL, .in = PR_MARK_ENTRY_ACCEPT },
		{ .in = PR_MARK_IN_ACCEPT },
	};
	static const struct pr_mark_fields looked_into[] = {
		{ .out = PR_MARK_OUT_INSPECTED },
		{ .out = PR_MARK_OUT_INSPECTED, .in = PR_MARK_IN_ACCEPT },
		{ .out = PR_MARK_OUT_TUNNEL, .in = PR_MARK_ENTRY_INSPECTED },
		{ .out = PR_MARK_OUT_TUNNEL, .in = PR_MARK_ENTRY_QUEUED },
	};
	const uint32_t mask = w->config->mark_mask;
	struct pr_mark_fields own = { .out = PR_MARK_OUT_OWN };

	pr_rule(w, "guard-input");
	pr_end_verdict(w, NF_DROP);

	pr_rule(w, "guard");
	pr_match_mark(w, mask & ~pr_mark_generation_mask(mask), 0);
	pr_clear_mark(w);
	pr_end_verdict(w, NF_ACCEPT);
	for (size_t i = 0; i < PR_ARRAY_SIZE(looked_into); i++) {
		uint32_t bits = pr_link_bits(w, (enum pr_mark_out)looked_into[i].out,
					     (enum pr_mark_in)looked_into[i].in);

		pr_rule(w, "guard");
		pr_match_mark(w, mask, bits);
		pr_match_ct_mark(w, mask, bits);
		pr_clear_mark(w);
		pr_end_verdict(w, NF_ACCEPT);
	}
	pr_rule(w, "guard");
	pr_match_ct_mark(w, pr_mark_out_mask(mask), pr_mark_link(mask, &own));
	pr_clear_mark(w);
	pr_end_verdict(w, NF_ACCEPT);
	for (size_t i = 0; i < PR_ARRAY_SIZE(permitted); i++) {
		pr_rule(w, "guard");
		pr_match_ct_mark(w,
				 (permitted[i].in ? pr_in_bits(w) : 0) |
					 (permitted[i].out ? pr_out_bits(w) : 0),
				 pr_link_bits(w, permitted[i].out, permitted[i].in));
		pr_clear_mark(w);
		pr_end_verdict(w, NF_ACCEPT);
	}
	pr_rule(w, "guard");
	pr_end_verdict(w, NF_DROP);
}

/*
 * Others stand between our function in input and this one: bits that they copied from a conntrack mark that permits are
 * taken off. Both marks have to be the same: the conntrack mark alone may be the other end's, where an order refuses
 * this one. None of these bits is an order that refuses a link of that mark.
 */
static void guard_last(struct pr_ruleset_writer *w)
{
	static const struct pr_mark_fields copied[] = {
		{ .in = PR_MARK_IN_ACCEPT },
		{ .out = PR_MARK_OUT_ACCEPT },
		{ .out = PR_MARK_OUT_ACCEPT, .in = PR_MARK_IN_ACCEPT },
		{ .out = PR_MARK_OUT_INSPECTED },
		{ .out = PR_MARK_OUT_INSPECTED, .in = PR_MARK_IN_ACCEPT },
		{ .out = PR_MARK_OUT_NAMESERVER }, /* of this nothing comes to the queue in input */
		{ .out = PR_MARK_OUT_TUNNEL, .in = PR_MARK_ENTRY_ACCEPT },
		{ .out = PR_MARK_OUT_TUNNEL, .in = PR_MARK_ENTRY_INSPECTED },
		{ .out = PR_MARK_OUT_TUNNEL, .in = PR_MARK_ENTRY_QUEUED },
	};
	const struct pr_mark_fields own = { .out = PR_MARK_OUT_OWN };
	const uint32_t mask = w->config->mark_mask;

	for (size_t i = 0; i <= PR_ARRAY_SIZE(copied); i++) {
		uint32_t bits = i == PR_ARRAY_SIZE(copied)
					? pr_mark_link(mask, &own)
					: pr_link_bits(w, (enum pr_mark_out)copied[i].out,
						       (enum pr_mark_in)copied[i].in);

		pr_rule(w, "guard-input-last");
		pr_match_mark(w, mask, bits);
		pr_match_ct_mark(w, mask, bits);
		pr_clear_mark(w);
		pr_end_verdict(w, NF_ACCEPT);
	}
	pr_rule(w, "guard-input-last");
	pr_end_verdict(w, NF_DROP);
}

void pr_ruleset_write_orders(struct pr_ruleset_writer *w)
{
	pr_rule(w, "requeue");
	pr_match_direction(w, PR_SIDE_OUT);
	pr_end_goto(w, PR_CHAIN_QUEUE);
	pr_rule(w, "requeue");
	pr_match_direction(w, PR_SIDE_IN);
	pr_end_goto(w, PR_CHAIN_QUEUE);
	pr_rule(w, "requeue");
	pr_end_goto(w, PR_CHAIN_QUEUE_UNTRACKED);

	begin(w, "output-order");
	pr_ruleset_order_at_entry(w, "output-order", PR_SIDE_IN);
	by_direction(w, "output-order", "order-reroutable", "order-in");
	begin(w, "input-order");
	pr_ruleset_order_at_entry(w, "input-order", PR_SIDE_OUT);
	by_direction(w, "input-order", "order-in", "order-reroutable");
	begin(w, "forward-order");
	by_direction(w, "forward-order", "order-out", "order-out");
	before_routing(w);
	about_another(w);

	side_chain(w, "order-reroutable", PR_SIDE_OUT, true);
	side_chain(w, "order-out", PR_SIDE_OUT, false);
	side_chain(w, "order-in", PR_SIDE_IN, false);
	guards(w);
	guard_last(w);
}

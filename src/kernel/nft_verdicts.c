/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a packet meets that carries no order: the verdict that its link already has, or the queue.
 *
 * Whose verdict counts: the opener's (out) for what leaves this host in the link's original direction, for the
 * answers that come in, and for all that is forwarded; the called end's (in) for the rest. So a link between
 * two sockets of this host needs both, and each end is decided by itself.
 */
#include "kernel/nft_ruleset.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

static void accept_out(struct pr_ruleset_writer *w, const char *chain, enum pr_mark_out out)
{
	pr_rule(w, chain);
	pr_match_ct_mark(w, pr_out_bits(w), pr_link_bits(w, out, PR_MARK_IN_NONE));
	pr_end_verdict(w, NF_ACCEPT);
}

/* Questions that are rerouted pass from the socket that the verdict was for. */
static void accept_asker(struct pr_ruleset_writer *w, const char *chain)
{
	pr_rule(w, chain);
	pr_match_ct_mark(w, pr_out_bits(w),
			 pr_link_bits(w, PR_MARK_OUT_NAMESERVER, PR_MARK_IN_NONE));
	if (w->config->asker_check_fd >= 0)
		pr_nft_bpf(w->batch, w->config->asker_check_fd);
	pr_end_verdict(w, NF_ACCEPT);
}

static void accept_in(struct pr_ruleset_writer *w, const char *chain)
{
	pr_rule(w, chain);
	pr_match_ct_mark(w, pr_in_bits(w), pr_link_bits(w, PR_MARK_OUT_NONE, PR_MARK_IN_ACCEPT));
	pr_end_verdict(w, NF_ACCEPT);
}

static void inspect(struct pr_ruleset_writer *w, const char *chain)
{
	pr_rule(w, chain);
	pr_match_ct_mark(w, pr_out_bits(w),
			 pr_link_bits(w, PR_MARK_OUT_INSPECTED, PR_MARK_IN_NONE));
	pr_end_goto(w, PR_CHAIN_INSPECTED);
}

static void accept_own(struct pr_ruleset_writer *w, const char *chain)
{
	struct pr_mark_fields own = { .out = PR_MARK_OUT_OWN };

	pr_rule(w, chain);
	pr_match_ct_mark(w, pr_mark_out_mask(w->config->mark_mask),
			 pr_mark_link(w->config->mark_mask, &own));
	pr_end_verdict(w, NF_ACCEPT);
}

/* Whoever binds the port that a question of ours left by would talk to the upstream as we do, for as long as
 * conntrack remembers. TCP begins anew with a SYN, and has packets without a socket. */
static void reject_in_our_name(struct pr_ruleset_writer *w, const char *chain)
{
	struct pr_mark_fields own = { .out = PR_MARK_OUT_OWN };

	if (w->config->n_own_uids == 0)
		return;
	pr_rule(w, chain);
	pr_match_ct_mark(w, pr_mark_out_mask(w->config->mark_mask),
			 pr_mark_link(w->config->mark_mask, &own));
	pr_match_proto(w, IPPROTO_UDP);
	pr_match_socket_of_others(w);
	pr_end_goto(w, PR_CHAIN_REJECT);
}

static void deny_marked(struct pr_ruleset_writer *w, const char *chain, enum pr_ruleset_side side)
{
	bool out = side == PR_SIDE_OUT;
	uint32_t bits = out ? pr_out_bits(w) : pr_in_bits(w);

	pr_rule(w, chain);
	pr_match_ct_mark(w, bits,
			 out ? pr_link_bits(w, PR_MARK_OUT_DROP, PR_MARK_IN_NONE)
			     : pr_link_bits(w, PR_MARK_OUT_NONE, PR_MARK_IN_DROP));
	pr_end_verdict(w, NF_DROP);
	pr_rule(w, chain);
	pr_match_ct_mark(w, bits,
			 out ? pr_link_bits(w, PR_MARK_OUT_BLOCK, PR_MARK_IN_NONE)
			     : pr_link_bits(w, PR_MARK_OUT_NONE, PR_MARK_IN_BLOCK));
	pr_end_goto(w, PR_CHAIN_REJECT);
}

static void deny_listed(struct pr_ruleset_writer *w, const char *chain, enum pr_ruleset_side side)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

	for (size_t i = 0; i < PR_ARRAY_SIZE(families); i++) {
		bool v4 = families[i] == NFPROTO_IPV4;

		pr_rule(w, chain);
		pr_match_family(w, families[i]);
		pr_load_tuple(w, families[i], side);
		pr_nft_lookup(w->batch, v4 ? &w->dropped4 : &w->dropped6, 0);
		pr_end_verdict(w, NF_DROP);
		pr_rule(w, chain);
		pr_match_family(w, families[i]);
		pr_load_tuple(w, families[i], side);
		pr_nft_lookup(w->batch, v4 ? &w->blocked4 : &w->blocked6, 0);
		pr_end_goto(w, PR_CHAIN_REJECT);
	}
}

/* A link whose mark somebody else overwrites (wg-quick copies whole words). A new entry must not find what
 * stood there for an earlier one: confirmed ones only. */
static void accept_listed(struct pr_ruleset_writer *w, const char *chain, enum pr_ruleset_side side)
{
	pr_rule(w, chain);
	pr_match_status(w, IPS_CONFIRMED, IPS_CONFIRMED);
	pr_load_id(w, side);
	pr_nft_lookup(w->batch, &w->accepted, 0);
	pr_end_verdict(w, NF_ACCEPT);
}

/*
 * A reset ends a link, whatever became of its verdict meanwhile: without it the far end of what was cut stays half
 * open. Only of a link that was permitted in both directions once, and only one that carries nothing: what a raw socket
 * could say that way is as little as to whom.
 */
static void accept_ending(struct pr_ruleset_writer *w, const char *chain)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

	for (size_t i = 0; i < PR_ARRAY_SIZE(families); i++) {
		pr_rule(w, chain);
		pr_match_proto(w, IPPROTO_TCP);
		pr_match_bits(w, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 0x04); /* RST */
		pr_match_status(w, IPS_CONFIRMED | IPS_SEEN_REPLY, IPS_CONFIRMED | IPS_SEEN_REPLY);
		pr_match_empty(w, families[i]);
		pr_end_verdict(w, NF_ACCEPT);
	}
}

static void deny_or_queue(struct pr_ruleset_writer *w, const char *chain, enum pr_ruleset_side side)
{
	accept_ending(w, chain);
	deny_marked(w, chain, side);
	deny_listed(w, chain, side);
	accept_listed(w, chain, side);
}

/*
 * A SYN, sent again or of another connection of the same ends. Where the far end has reset the one before, conntrack goes on
 * with its entry for ten seconds more (nf_conntrack_tcp.c, "Ignored packets"), with its mark and its NAT: what that
 * permits, or denies, was not meant for this one, whoever it is of. It is decided, or accepted as our own. What a hook before this
 * one has written into a new entry is its own.
 */
static void opening(struct pr_ruleset_writer *w, const char *chain, const char *by)
{
	pr_rule(w, chain);
	pr_match_syn(w, true);
	pr_match_status(w, IPS_CONFIRMED, IPS_CONFIRMED);
	pr_end_goto(w, by);
}

/* Nor must a permission count for what follows, where the verdict is for this packet alone. */
static void forget_former(struct pr_ruleset_writer *w, const char *chain, enum pr_ruleset_side side)
{
	const uint32_t mask = w->config->mark_mask;
	bool out = side == PR_SIDE_OUT;

	pr_rule(w, chain);
	pr_match_ct_mark(w, out ? pr_out_bits(w) : pr_in_bits(w),
			 out ? pr_link_bits(w, PR_MARK_OUT_ACCEPT, PR_MARK_IN_NONE)
			     : pr_link_bits(w, PR_MARK_OUT_NONE, PR_MARK_IN_ACCEPT));
	pr_set_ct_mark(w, out ? pr_mark_out_mask(mask) : pr_mark_in_mask(mask), 0);
	pr_end(w);
}

static void queue_from_output(struct pr_ruleset_writer *w, const char *chain, const char *queue)
{
	if (w->config->output_program_fd >= 0) {
		pr_rule(w, chain);
		pr_nft_bpf(w->batch, w->config->output_program_fd);
		pr_end(w);
	}
	pr_rule(w, chain);
	pr_end_goto(w, queue);
}

/* The resets that cut a forwarded link leave from a raw socket of ours, into a link that is denied by then. */
static void accept_cutting(struct pr_ruleset_writer *w, const char *chain)
{
	if (w->config->reset_uid == PR_RULESET_NO_UID)
		return;
	pr_rule(w, chain);
	pr_match_socket_of(w, w->config->reset_uid);
	pr_match_proto(w, IPPROTO_TCP);
	pr_match_bits(w, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 0x04); /* RST */
	pr_end_verdict(w, NF_ACCEPT);
}

/* Ours are told by the user that made the socket: nobody else can have one of that user's. */
static void accept_own_sockets(struct pr_ruleset_writer *w, const char *chain, bool tracked)
{
	struct pr_mark_fields own = { .out = PR_MARK_OUT_OWN };

	for (unsigned int i = 0; i < w->config->n_own_uids; i++) {
		pr_rule(w, chain);
		pr_match_socket_of(w, w->config->own_uids[i]);
		if (tracked)
			pr_set_ct_mark(w, w->config->mark_mask,
				       pr_mark_link(w->config->mark_mask, &own));
		pr_end_verdict(w, NF_ACCEPT);
	}
}

static void start(struct pr_ruleset_writer *w, const char *chain, const char *orders,
		  const char *related)
{
	pr_rule(w, chain);
	pr_match_mark_not(w, w->config->mark_mask, 0);
	pr_end_goto(w, orders);
	pr_rule(w, chain);
	pr_match_related(w);
	pr_end_jump(w, related);
}

static void output(struct pr_ruleset_writer *w)
{
	start(w, "output", "output-order", "related-output");
	pr_rule(w, "output");
	pr_match_direction(w, PR_SIDE_OUT);
	pr_end_goto(w, "output-original");
	pr_rule(w, "output");
	pr_match_direction(w, PR_SIDE_IN);
	pr_end_goto(w, "output-reply");
	accept_own_sockets(w, "output", false);
	accept_cutting(w, "output");
	pr_rule(w, "output");
	pr_end_jump(w, "direct-output");
	queue_from_output(w, "output", PR_CHAIN_QUEUE_UNTRACKED);

	opening(w, "output-original", "output-opening");
	accept_out(w, "output-original", PR_MARK_OUT_ACCEPT);
	inspect(w, "output-original");
	reject_in_our_name(w, "output-original");
	accept_own(w, "output-original");
	accept_asker(w, "output-original");
	pr_ruleset_tunnel_leaving(w, "output-original");
	accept_own_sockets(w, "output-original", true);
	accept_cutting(w, "output-original");
	deny_or_queue(w, "output-original", PR_SIDE_OUT);
	pr_rule(w, "output-original");
	pr_end_jump(w, "direct-output");
	queue_from_output(w, "output-original", PR_CHAIN_QUEUE);

	accept_own_sockets(w, "output-opening", true);
	deny_listed(w, "output-opening", PR_SIDE_OUT);
	pr_rule(w, "output-opening");
	pr_end_jump(w, "direct-output");
	forget_former(w, "output-opening", PR_SIDE_OUT);
	queue_from_output(w, "output-opening", PR_CHAIN_QUEUE);

	accept_in(w, "output-reply");
	accept_out(w, "output-reply", PR_MARK_OUT_NAMESERVER);
	pr_ruleset_tunnel_answers(w, "output-reply");
	accept_cutting(w, "output-reply");
	deny_or_queue(w, "output-reply", PR_SIDE_IN);
	queue_from_output(w, "output-reply", PR_CHAIN_QUEUE);
}

/* The nameserver listens on any address, for the sake of link-local and forwarded clients: what comes to its port
 * from outside without having been rerouted is dropped, whatever the rules say. */
static void nameserver_for_rerouted(struct pr_ruleset_writer *w, const char *chain)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	const uint32_t loopback = 1 /* its index in every namespace */;

	for (size_t i = 0; i < 2 * PR_ARRAY_SIZE(protocols); i++) {
		bool v4 = i < PR_ARRAY_SIZE(protocols);
		uint16_t port =
			htons(v4 ? w->config->nameserver_port4 : w->config->nameserver_port6);

		if (!port)
			continue;
		pr_rule(w, chain);
		pr_match_family(w, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
		pr_match_proto(w, protocols[i % 2]);
		pr_match_bytes(w, NFT_PAYLOAD_TRANSPORT_HEADER, 2, &port, sizeof(port));
		pr_nft_meta(w->batch, NFT_META_IIF, 0);
		pr_nft_cmp(w->batch, NFT_CMP_NEQ, &loopback, sizeof(loopback), 0);
		pr_end_verdict(w, NF_DROP);
	}
}

static void input(struct pr_ruleset_writer *w)
{
	start(w, "input", "input-order", "related-input");
	pr_rule(w, "input");
	pr_match_direction(w, PR_SIDE_IN);
	pr_end_goto(w, "input-reply");
	pr_rule(w, "input");
	pr_match_direction(w, PR_SIDE_OUT);
	pr_end_goto(w, "input-original");
	pr_ruleset_tunnel_arriving(w, "input", false);
	pr_rule(w, "input");
	pr_end_jump(w, "direct-input");
	pr_rule(w, "input");
	pr_end_goto(w, PR_CHAIN_QUEUE_UNTRACKED);

	accept_out(w, "input-reply", PR_MARK_OUT_ACCEPT);
	inspect(w, "input-reply");
	accept_own(w, "input-reply");
	accept_out(w, "input-reply", PR_MARK_OUT_NAMESERVER);
	pr_ruleset_tunnel_answered(w, "input-reply");
	deny_or_queue(w, "input-reply", PR_SIDE_OUT);
	pr_rule(w, "input-reply");
	pr_end_goto(w, PR_CHAIN_QUEUE);

	accept_out(w, "input-original", PR_MARK_OUT_NAMESERVER);
	nameserver_for_rerouted(w, "input-original");
	pr_ruleset_tunnel_arriving(w, "input-original", true);
	opening(w, "input-original", "input-opening");
	accept_in(w, "input-original");
	deny_or_queue(w, "input-original", PR_SIDE_IN);
	pr_rule(w, "input-original");
	pr_end_jump(w, "direct-input");
	pr_rule(w, "input-original");
	pr_end_goto(w, PR_CHAIN_QUEUE);

	deny_listed(w, "input-opening", PR_SIDE_IN);
	pr_rule(w, "input-opening");
	pr_end_jump(w, "direct-input");
	forget_former(w, "input-opening", PR_SIDE_IN);
	pr_rule(w, "input-opening");
	pr_end_goto(w, PR_CHAIN_QUEUE);
}

static void forward(struct pr_ruleset_writer *w)
{
	static const uint8_t directions[] = { PR_SIDE_OUT, PR_SIDE_IN };

	start(w, "forward", "forward-order", "related-forward");
	for (size_t i = 0; i < PR_ARRAY_SIZE(directions); i++) {
		pr_rule(w, "forward");
		pr_match_direction(w, directions[i]);
		pr_end_goto(w, "forward-tracked");
	}
	pr_rule(w, "forward");
	pr_end_goto(w, PR_CHAIN_QUEUE_UNTRACKED);

	opening(w, "forward-tracked", "forward-opening");
	accept_out(w, "forward-tracked", PR_MARK_OUT_ACCEPT);
	inspect(w, "forward-tracked");
	deny_or_queue(w, "forward-tracked", PR_SIDE_OUT);
	pr_rule(w, "forward-tracked");
	pr_end_goto(w, PR_CHAIN_QUEUE);

	deny_listed(w, "forward-opening", PR_SIDE_OUT);
	forget_former(w, "forward-opening", PR_SIDE_OUT);
	pr_rule(w, "forward-opening");
	pr_end_goto(w, PR_CHAIN_QUEUE);
}

/* Questions of other namespaces to foreign nameservers, and where there is a tunnel all that they open: NAT is fixed
 * before they reach the forward hook. Whatever else is said of them is carried out there. */
static void before_routing(struct pr_ruleset_writer *w)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	static const uint8_t port[] = { 0, 53 };
	const uint32_t unicast = 1 /* RTN_UNICAST */,
		       loopback = 1 /* its index in every namespace */;

	if (!w->config->forwarded_questions && !w->config->forwarded_tunnel)
		return;
	/* A link in its life has been there before, and does not come here. */
	pr_rule(w, "before-routing");
	pr_match_mark_not(w, w->config->mark_mask, 0);
	pr_end_goto(w, "before-routing-order");
	for (size_t i = 0; w->config->forwarded_questions && i < PR_ARRAY_SIZE(protocols); i++) {
		pr_rule(w, "before-routing");
		pr_match_proto(w, protocols[i]);
		pr_match_bytes(w, NFT_PAYLOAD_TRANSPORT_HEADER, 2, port, sizeof(port));
		pr_match_direction(w, PR_SIDE_OUT);
		pr_match_ct_mark(w, w->config->mark_mask, 0);
		pr_nft_meta(w->batch, NFT_META_IIF, 0);
		pr_nft_cmp(w->batch, NFT_CMP_NEQ, &loopback, sizeof(loopback), 0);
		pr_nft_fib_address_type(w->batch, 0);
		pr_nft_cmp(w->batch, NFT_CMP_EQ, &unicast, sizeof(unicast), 0);
		pr_end_goto(w, PR_CHAIN_QUEUE);
	}
	pr_ruleset_tunnel_before_routing(w, "before-routing");
}

void pr_ruleset_write_verdicts(struct pr_ruleset_writer *w)
{
	output(w);
	input(w);
	forward(w);
	before_routing(w);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel says by itself: its own resets and errors, what a host needs to be on its link at all, refusals,
 * the choice of a queue, the NAT of reroutes.
 */
#include "kernel/nft_ruleset.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#define NETWORK		   NFT_PAYLOAD_NETWORK_HEADER
#define TRANSPORT	   NFT_PAYLOAD_TRANSPORT_HEADER

#define IPV4_TTL	   8
#define IPV4_CHECKSUM	   10
#define IPV4_SOURCE	   12
#define IPV4_DESTINATION   16
#define IPV6_HOP_LIMIT	   7
#define IPV6_SOURCE	   8
#define IPV6_DESTINATION   24
#define ICMPV6_MLD_FIRST   130
#define ICMPV6_MLD_LAST	   132
#define ICMPV6_MLD2_REPORT 143
#define ICMPV6_ND_FIRST	   133 /* router solicitation */
#define ICMPV6_ND_LAST	   136 /* neighbour advertisement; no redirect */

static void accept_error(struct pr_ruleset_writer *w, const char *chain, uint8_t family,
			 uint8_t from, uint8_t to)
{
	pr_rule(w, chain);
	pr_match_family(w, family);
	pr_match_proto(w, family == NFPROTO_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	pr_match_byte_range(w, TRANSPORT, 0, from, to);
	pr_end_verdict(w, NF_ACCEPT);
}

/* Unreachable, time exceeded, parameter problem, packet too big; no redirect. */
static void accept_errors(struct pr_ruleset_writer *w, const char *chain)
{
	accept_error(w, chain, NFPROTO_IPV4, 3, 3);
	accept_error(w, chain, NFPROTO_IPV4, 11, 12);
	accept_error(w, chain, NFPROTO_IPV6, 1, 4);
}

/* A reset is RELATED only if the kernel's reject made it (nf_ct_attach() gives it the refused packet's entry):
 * a received one is part of its connection, or invalid. */
static void accept_reset(struct pr_ruleset_writer *w, const char *chain)
{
	pr_rule(w, chain);
	pr_match_proto(w, IPPROTO_TCP);
	pr_match_bits(w, TRANSPORT, 13, 0x04); /* RST */
	pr_end_verdict(w, NF_ACCEPT);
}

/* An expected link (FTP's data) inherits its master's mark: that verdict isn't its own. */
static void disinherit(struct pr_ruleset_writer *w, const char *chain)
{
	pr_rule(w, chain);
	pr_match_status(w, IPS_CONFIRMED | IPS_EXPECTED, IPS_EXPECTED);
	pr_set_ct_mark(w, w->config->mark_mask, 0);
	pr_end(w);
	/* The rest are messages about a link, of kinds or from senders that nobody vouches for. */
	pr_rule(w, chain);
	pr_match_status(w, IPS_EXPECTED, 0);
	pr_end_goto(w, PR_CHAIN_QUEUE);
}

/*
 * Leaving: the kernel's own have no socket with a file, and what a raw socket sends has one. Arriving by
 * loopback: they passed output before. Arriving from elsewhere, or forwarded: an error that belongs to an entry
 * in the table, so to a link of which a packet was permitted once.
 */
static void related(struct pr_ruleset_writer *w)
{
	const uint32_t loopback = 1;

	pr_rule(w, "related-output");
	pr_match_any_socket(w);
	pr_end_goto(w, "disinherit");
	accept_reset(w, "related-output");
	accept_errors(w, "related-output");
	pr_rule(w, "related-output");
	pr_end_goto(w, "disinherit");

	accept_reset(w, "related-input");
	if (!w->config->infrastructure) {
		pr_rule(w, "related-input");
		pr_nft_meta(w->batch, NFT_META_IIF, 0);
		pr_nft_cmp(w->batch, NFT_CMP_NEQ, &loopback, sizeof(loopback), 0);
		pr_end_goto(w, "disinherit");
	}
	accept_errors(w, "related-input");
	pr_rule(w, "related-input");
	pr_end_goto(w, "disinherit");

	if (w->config->infrastructure)
		accept_errors(w, "related-forward");
	pr_rule(w, "related-forward");
	pr_end_goto(w, "disinherit");

	disinherit(w, "disinherit");
}

static void neighbours(struct pr_ruleset_writer *w, const char *chain, const uint8_t *destination,
		       uint32_t len)
{
	pr_rule(w, chain);
	pr_match_family(w, NFPROTO_IPV6);
	pr_match_proto(w, IPPROTO_ICMPV6);
	pr_match_byte_range(w, TRANSPORT, 0, ICMPV6_ND_FIRST, ICMPV6_ND_LAST);
	pr_match_byte(w, NETWORK, IPV6_HOP_LIMIT, 255); /* RFC 4861, 6.1 and 7.1: from this link */
	if (destination)
		pr_match_bytes(w, NETWORK, IPV6_DESTINATION, destination, len);
	pr_end_verdict(w, NF_ACCEPT);
}

static void group_membership(struct pr_ruleset_writer *w, const char *chain)
{
	static const uint8_t types[][2] = { { ICMPV6_MLD_FIRST, ICMPV6_MLD_LAST },
					    { ICMPV6_MLD2_REPORT, ICMPV6_MLD2_REPORT } };

	for (size_t i = 0; i < PR_ARRAY_SIZE(types); i++) {
		pr_rule(w, chain);
		pr_match_family(w, NFPROTO_IPV6);
		pr_match_proto(w, IPPROTO_ICMPV6);
		pr_match_byte_range(w, TRANSPORT, 0, types[i][0], types[i][1]);
		pr_match_byte(w, NETWORK, IPV6_HOP_LIMIT, 1); /* RFC 3810, 5 */
		pr_end_verdict(w, NF_ACCEPT);
	}
	pr_rule(w, chain);
	pr_match_family(w, NFPROTO_IPV4);
	pr_match_proto(w, IPPROTO_IGMP);
	pr_match_byte(w, NETWORK, IPV4_TTL, 1); /* RFC 3376, 4 */
	pr_end_verdict(w, NF_ACCEPT);
}

static void match_ports(struct pr_ruleset_writer *w, uint8_t family, uint16_t from, uint16_t to)
{
	uint16_t ports[2] = { htons(from), htons(to) };

	pr_match_family(w, family);
	pr_match_proto(w, IPPROTO_UDP);
	pr_match_bytes(w, TRANSPORT, 0, ports, sizeof(ports));
}

/* Only to where a DHCP client must speak without being asked; unicast renewals of a client that isn't root's are
 * decided like any link. The ports are privileged, but a sysctl may say otherwise. */
static void dhcp_out(struct pr_ruleset_writer *w, const char *chain)
{
	static const uint8_t broadcast[] = { 255, 255, 255, 255 };
	static const uint8_t servers[16] = { 0xff, 0x02, [13] = 1, [15] = 2 };

	pr_rule(w, chain);
	match_ports(w, NFPROTO_IPV4, 68, 67);
	pr_match_bytes(w, NETWORK, IPV4_DESTINATION, broadcast, sizeof(broadcast));
	pr_end_verdict(w, NF_ACCEPT);
	pr_rule(w, chain);
	match_ports(w, NFPROTO_IPV4, 68, 67);
	pr_match_socket_of(w, 0);
	pr_end_verdict(w, NF_ACCEPT);
	pr_rule(w, chain);
	match_ports(w, NFPROTO_IPV6, 546, 547);
	pr_match_bytes(w, NETWORK, IPV6_DESTINATION, servers, sizeof(servers));
	pr_end_verdict(w, NF_ACCEPT);
}

static void infrastructure(struct pr_ruleset_writer *w)
{
	static const uint8_t multicast[] = { 0xff, 0x02 }, link_local[] = { 0xfe, 0x80 };

	if (!w->config->infrastructure)
		return;
	/* A socket can send any hop limit to anywhere: on-link destinations only. The kernel knows better. */
	pr_rule(w, "direct-output");
	pr_match_any_socket(w);
	pr_end_goto(w, "direct-output-socket");
	neighbours(w, "direct-output", NULL, 0);
	group_membership(w, "direct-output");
	neighbours(w, "direct-output-socket", multicast, sizeof(multicast));
	neighbours(w, "direct-output-socket", link_local, sizeof(link_local));
	dhcp_out(w, "direct-output-socket");

	neighbours(w, "direct-input", NULL, 0);
	group_membership(w, "direct-input");
	pr_rule(w, "direct-input");
	match_ports(w, NFPROTO_IPV4, 67, 68);
	pr_end_verdict(w, NF_ACCEPT);
	pr_rule(w, "direct-input");
	match_ports(w, NFPROTO_IPV6, 547, 546);
	pr_match_bytes(w, NETWORK, IPV6_SOURCE, link_local, sizeof(link_local));
	pr_end_verdict(w, NF_ACCEPT);
}

static void refusals(struct pr_ruleset_writer *w)
{
	pr_rule(w, PR_CHAIN_REJECT);
	pr_match_proto(w, IPPROTO_TCP);
	pr_nft_reject(w->batch, NFT_REJECT_TCP_RST, 0);
	pr_end(w);
	pr_rule(w, PR_CHAIN_REJECT);
	pr_match_family(w, NFPROTO_IPV4);
	pr_nft_reject(w->batch, NFT_REJECT_ICMP_UNREACH, w->config->icmp_code);
	pr_end(w);
	pr_rule(w, PR_CHAIN_REJECT);
	pr_match_family(w, NFPROTO_IPV6);
	pr_nft_reject(w->batch, NFT_REJECT_ICMP_UNREACH, w->config->icmp6_code);
	pr_end(w);
	pr_rule(w, PR_CHAIN_REJECT);
	pr_end_verdict(w, NF_DROP);
}

/* By the entry's id, which is a hash: both directions and both tuples of a NATed link come to one queue, and links
 * between two hosts are spread. One byte of it, cut into equal parts. */
static void spread(struct pr_ruleset_writer *w, const char *chain, bool bypass)
{
	const uint32_t bits = htonl(0xff000000), zero = 0;
	unsigned int n = w->config->n_queues;

	for (unsigned int i = 0; i + 1 < n; i++) {
		uint8_t last[4] = { (uint8_t)((i + 1) * 256 / n - 1) };

		pr_rule(w, chain);
		pr_nft_ct(w->batch, NFT_CT_ID, -1, 0);
		pr_nft_mask(w->batch, &bits, &zero, sizeof(bits), 0);
		pr_nft_cmp(w->batch, NFT_CMP_LTE, last, sizeof(last), 0);
		pr_nft_queue(w->batch, (uint16_t)(w->config->queue_first + i), bypass);
		pr_end(w);
	}
	pr_rule(w, chain);
	pr_nft_queue(w->batch, (uint16_t)(w->config->queue_first + n - 1), bypass);
	pr_end(w);
}

/* What is only looked at was permitted: nobody there to look is no reason to stop it. */
static void queues(struct pr_ruleset_writer *w)
{
	spread(w, PR_CHAIN_QUEUE, false);
	spread(w, PR_CHAIN_QUEUE_INSPECTED, true);
	pr_rule(w, PR_CHAIN_QUEUE_UNTRACKED);
	pr_nft_queue(w->batch, (uint16_t)(w->config->queue_first + w->config->n_queues), false);
	pr_end(w);
}

/* Where links of a verdict are sent. */
struct reroute {
	enum pr_mark_out out;
	uint16_t port4, port6;
	bool forwarded, to_own_source4;
};

static void match_rerouted(struct pr_ruleset_writer *w, const char *chain,
			   const struct reroute *reroute, bool v4, uint8_t proto)
{
	const struct pr_mark_fields fields = { .out = (uint8_t)reroute->out };

	pr_rule(w, chain);
	pr_match_family(w, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	pr_match_proto(w, proto);
	pr_match_ct_mark(w, pr_mark_out_mask(w->config->mark_mask),
			 pr_mark_link(w->config->mark_mask, &fields));
}

static void write_reroute(struct pr_ruleset_writer *w, const struct reroute *reroute, bool v4,
			  uint8_t proto)
{
	const uint16_t port = htons(v4 ? reroute->port4 : reroute->port6);
	const uint32_t loopback4 = htonl(INADDR_LOOPBACK);

	if (!port)
		return;
	match_rerouted(w, "nat-output", reroute, v4, proto);
	if (!v4)
		pr_nft_payload(w->batch, NETWORK, IPV6_SOURCE, sizeof(struct in6_addr), 0);
	else if (reroute->to_own_source4)
		pr_nft_payload(w->batch, NETWORK, IPV4_SOURCE, sizeof(struct in_addr), 0);
	else
		pr_nft_immediate(w->batch, &loopback4, sizeof(loopback4), 0);
	pr_nft_immediate(w->batch, &port, sizeof(port), 4);
	pr_nft_dnat(w->batch, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6, 0, 4);
	pr_end(w);
	if (!reroute->forwarded)
		return;
	match_rerouted(w, "nat-before-routing", reroute, v4, proto);
	pr_nft_immediate(w->batch, &port, sizeof(port), 4);
	pr_nft_redirect(w->batch, 4);
	pr_end(w);
}

/* Local questions go to the loopback address, which a packet that was made here may be sent to without any sysctl
 * (route_localnet is for others'). Not so IPv6: what is bound to an interface, as everything is that asks a link-local
 * server, does not reach ::1; a packet's own source does as its destination, for it and for all others. So it is with
 * the tunnel over IPv4 too, whose applications may be bound to one (SO_BINDTODEVICE). What other namespaces sent goes
 * to the address of the interface that it came by. */
static void reroutes(struct pr_ruleset_writer *w)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	const struct pr_ruleset_config *config = w->config;
	const struct reroute reroutes[] = {
		{ PR_MARK_OUT_NAMESERVER, config->nameserver_port4, config->nameserver_port6,
		  config->forwarded_questions, false },
		{ PR_MARK_OUT_TUNNEL, config->tunnel_port4, config->tunnel_port6,
		  config->forwarded_tunnel, true },
	};

	for (size_t i = 0; i < PR_ARRAY_SIZE(reroutes); i++)
		for (size_t j = 0; j < 2 * PR_ARRAY_SIZE(protocols); j++)
			write_reroute(w, &reroutes[i], j < PR_ARRAY_SIZE(protocols),
				      protocols[j % 2]);
}

/*
 * What our nameserver or the tunnel answers a local client gets its source, the server that was asked, at postrouting, and
 * then travels over the loopback device with an address that is none of this host's: wg-quick drops what comes to its
 * address like that (preraw), and so may others. It travels with the client's own address instead; the NAT at input,
 * which sees the same conntrack entry, puts the server's back before the socket sees it.
 */
static void leave_as_local(struct pr_ruleset_writer *w)
{
	static const enum pr_mark_out rerouted[] = { PR_MARK_OUT_NAMESERVER, PR_MARK_OUT_TUNNEL };
	const uint32_t loopback = 1;

	for (size_t i = 0; i < 2 * PR_ARRAY_SIZE(rerouted); i++) {
		const struct pr_mark_fields fields = { .out = (uint8_t)rerouted[i / 2] };
		bool v4 = i % 2 == 0;
		uint32_t len = v4 ? sizeof(struct in_addr) : sizeof(struct in6_addr);

		pr_rule(w, "leave-as-local");
		pr_nft_meta(w->batch, NFT_META_OIF, 0);
		pr_nft_cmp(w->batch, NFT_CMP_EQ, &loopback, sizeof(loopback), 0);
		pr_match_family(w, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
		pr_match_ct_mark(w, pr_mark_out_mask(w->config->mark_mask),
				 pr_mark_link(w->config->mark_mask, &fields));
		pr_nft_payload(w->batch, NETWORK, v4 ? IPV4_DESTINATION : IPV6_DESTINATION, len, 0);
		pr_nft_payload_set(w->batch, NETWORK, v4 ? IPV4_SOURCE : IPV6_SOURCE, len,
				   v4 ? IPV4_CHECKSUM : -1, 0);
		pr_end(w);
	}
}

void pr_ruleset_write_direct(struct pr_ruleset_writer *w)
{
	pr_rule(w, "strip");
	pr_clear_mark(w);
	pr_end(w);
	related(w);
	infrastructure(w);
	refusals(w);
	queues(w);
	reroutes(w);
	leave_as_local(w);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets and sockets to tuples. */
#pragma once

#include <linux/in.h>

#define IP_OFFSET_MASK 0x1fff /* RFC 791, 3.1 */
#define EXTENSIONS_MAX 6      /* IPv6 headers before the transport's; more: no tuple */

/* RFC 8200, 4.1 */
#define EXTENSION_HOP_BY_HOP	 0
#define EXTENSION_ROUTING	 43
#define EXTENSION_FRAGMENT	 44
#define EXTENSION_AUTHENTICATION 51
#define EXTENSION_DESTINATION	 60
#define PROTO_ICMPV6		 58
#define PROTO_DCCP		 33
#define PROTO_SCTP		 132
#define PROTO_UDPLITE		 136

static __always_inline void map_v4(__u8 address[16], __u32 v4)
{
	address[10] = address[11] = 0xff;
	__builtin_memcpy(address + 12, &v4, 4);
}

static __always_inline bool is_echo_request(__u8 proto, __u8 type)
{
	return proto == IPPROTO_ICMP ? type == 8 : type == 128;
}

/* What the kernel answers by itself: it opens no link, and from loopback to loopback it would stand in the
 * place of the request. */
static __always_inline bool is_echo_reply(__u8 proto, __u8 type)
{
	return proto == IPPROTO_ICMP ? type == 0 : type == 129;
}

static __always_inline int read_ports(const struct __sk_buff *skb, __u32 offset,
				      struct pr_bpf_tuple *tuple)
{
	__u8 head[8] = {};

	switch (tuple->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case PROTO_DCCP:
	case PROTO_SCTP:
	case PROTO_UDPLITE: /* all that packet/transport.c reads ports of */
		if (bpf_skb_load_bytes(skb, offset, head, 4))
			return -1;
		tuple->local_port = (__u16)(head[0] << 8 | head[1]);
		tuple->remote_port = (__u16)(head[2] << 8 | head[3]);
		return 0;
	case IPPROTO_ICMP:
	case PROTO_ICMPV6:
		if (bpf_skb_load_bytes(skb, offset, head, 8))
			return 0;
		if (is_echo_reply(tuple->proto, head[0]))
			return -1;
		/* The identifier stands for both ports. */
		if (is_echo_request(tuple->proto, head[0]))
			tuple->local_port = tuple->remote_port = (__u16)(head[4] << 8 | head[5]);
		return 0;
	}
	return 0;
}

static __always_inline int read_tuple_v4(const struct __sk_buff *skb, struct pr_bpf_tuple *tuple)
{
	__u8 head[20];
	__u32 address;

	if (bpf_skb_load_bytes(skb, 0, head, sizeof(head)))
		return -1;
	if ((head[6] << 8 | head[7]) & IP_OFFSET_MASK)
		return -1;
	tuple->proto = head[9];
	__builtin_memcpy(&address, head + 12, 4);
	map_v4(tuple->local, address);
	__builtin_memcpy(&address, head + 16, 4);
	map_v4(tuple->remote, address);
	return read_ports(skb, (head[0] & 15) * 4, tuple);
}

static __always_inline int read_tuple_v6(const struct __sk_buff *skb, struct pr_bpf_tuple *tuple)
{
	__u8 head[40], next[2];
	__u32 offset = sizeof(head);

	if (bpf_skb_load_bytes(skb, 0, head, sizeof(head)))
		return -1;
	__builtin_memcpy(tuple->local, head + 8, 16);
	__builtin_memcpy(tuple->remote, head + 24, 16);
	tuple->proto = head[6];
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		if (tuple->proto != EXTENSION_HOP_BY_HOP && tuple->proto != EXTENSION_ROUTING &&
		    tuple->proto != EXTENSION_FRAGMENT && tuple->proto != EXTENSION_DESTINATION &&
		    tuple->proto != EXTENSION_AUTHENTICATION)
			break;
		if (bpf_skb_load_bytes(skb, offset, next, sizeof(next)))
			return -1;
		if (tuple->proto == EXTENSION_FRAGMENT)
			offset += 8;
		else if (tuple->proto == EXTENSION_AUTHENTICATION)
			offset += (next[1] + 2) * 4; /* RFC 4302, 2.2 */
		else
			offset += (next[1] + 1) * 8;
		tuple->proto = next[0];
	}
	return read_ports(skb, offset, tuple);
}

/* The packet's data begins with the IP header. 0, or not a packet that has a tuple. */
static __always_inline int read_tuple(const struct __sk_buff *skb, struct pr_bpf_tuple *tuple)
{
	__u8 first;

	if (bpf_skb_load_bytes(skb, 0, &first, 1))
		return -1;
	if (first >> 4 == 4)
		return read_tuple_v4(skb, tuple);
	if (first >> 4 == 6)
		return read_tuple_v6(skb, tuple);
	return -1;
}

/* Where a datagram comes from. 0; 1: it is none; -1: it can't be read. An extension header makes it none of UDP: a
 * socket may send one, so what it hides is not read as another protocol (-1). */
static __always_inline int read_udp_source(const struct __sk_buff *skb,
					   struct pr_bpf_endpoint *endpoint)
{
	__u8 head[40], port[2];
	__u32 offset, address;

	if (bpf_skb_load_bytes(skb, 0, head, 20))
		return -1;
	if (head[0] >> 4 == 4) {
		if (head[9] != IPPROTO_UDP)
			return 1;
		__builtin_memcpy(&address, head + 12, 4);
		map_v4(endpoint->address, address);
		offset = (head[0] & 15) * 4;
	} else {
		if (bpf_skb_load_bytes(skb, 20, head + 20, 20))
			return -1;
		if (head[6] == IPPROTO_TCP)
			return 1;
		if (head[6] != IPPROTO_UDP)
			return -1;
		__builtin_memcpy(endpoint->address, head + 8, 16);
		offset = 40;
	}
	if (bpf_skb_load_bytes(skb, offset, port, sizeof(port)))
		return -1;
	endpoint->port = (__u16)(port[0] << 8 | port[1]);
	return 0;
}

/* Cheap, for the way of every packet of the machine: a TCP header behind an IPv6 extension is taken for
 * something else, which costs time and no more. */
static __always_inline bool is_tcp(const struct __sk_buff *skb)
{
	const __u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u8 head[10];

	if (data + 10 <= end)
		return data[0] >> 4 == 4 ? data[9] == IPPROTO_TCP : data[6] == IPPROTO_TCP;
	if (bpf_skb_load_bytes(skb, 0, head, sizeof(head)))
		return false;
	return head[0] >> 4 == 4 ? head[9] == IPPROTO_TCP : head[6] == IPPROTO_TCP;
}

static __always_inline void read_sock_ops_tuple(struct bpf_sock_ops *ctx,
						struct pr_bpf_tuple *tuple)
{
	__u32 local[4], remote[4];

	tuple->proto = IPPROTO_TCP;
	tuple->local_port = ctx->local_port;
	tuple->remote_port = bpf_ntohl(ctx->remote_port);
	local[0] = ctx->local_ip6[0];
	local[1] = ctx->local_ip6[1];
	local[2] = ctx->local_ip6[2];
	local[3] = ctx->local_ip6[3];
	remote[0] = ctx->remote_ip6[0];
	remote[1] = ctx->remote_ip6[1];
	remote[2] = ctx->remote_ip6[2];
	remote[3] = ctx->remote_ip6[3];
	/* An IPv6 socket that carries IPv4: its IPv6 source is not yet set at the connect callback. */
	if (ctx->family == KERNEL_AF_INET ||
	    (!remote[0] && !remote[1] && remote[2] == bpf_htonl(0xffff))) {
		map_v4(tuple->local, ctx->local_ip4);
		map_v4(tuple->remote, ctx->remote_ip4);
		return;
	}
	__builtin_memcpy(tuple->local, local, 16);
	__builtin_memcpy(tuple->remote, remote, 16);
}

static __always_inline bool has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == PROTO_DCCP ||
	       proto == PROTO_SCTP || proto == PROTO_UDPLITE;
}

/* A packet that its socket could not have made is a tunnel's: it still carries the inner packet's socket
 * (WireGuard, VXLAN, …), and its sender is the kernel. A port alone says it only of what has a packet inside: a
 * thread may disconnect the socket and so change its port while another one sends. */
static __always_inline bool is_tunnels(struct sk_buff *skb, struct sock *sk,
				       const struct pr_bpf_tuple *tuple)
{
	if (BPF_CORE_READ(sk, sk_type) == KERNEL_SOCK_RAW)
		return false;
	if (BPF_CORE_READ(sk, sk_protocol) != tuple->proto)
		return true;
	return has_ports(tuple->proto) &&
	       BPF_CORE_READ(sk, __sk_common.skc_num) != tuple->local_port && skb &&
	       BPF_CORE_READ(skb, inner_network_header);
}

/* What the socket says beyond its cookie. `skb` is NULL where there is no packet yet. */
static __always_inline void fill_link(struct pr_bpf_link *link, struct sk_buff *skb,
				      struct sock *sk, const struct pr_bpf_tuple *tuple)
{
	struct socket *socket;
	struct sock *parent;
	__u8 state;

	link->time_ns = bpf_ktime_get_ns();
	link->uid = ~0u;
	if (!sk) {
		link->flags |= PR_BPF_LINK_KERNEL;
		return;
	}
	state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (state == KERNEL_TCP_TIME_WAIT)
		return;
	if (state == KERNEL_TCP_NEW_SYN_RECV) {
		sk = BPF_CORE_READ(sk, __sk_common.skc_listener);
		link->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	}
	link->uid = BPF_CORE_READ(sk, sk_uid.val);
	if (is_tunnels(skb, sk, tuple))
		link->flags |= PR_BPF_LINK_KERNEL;
	socket = BPF_CORE_READ(sk, sk_socket);
	if (!socket) /* orphaned: closed, and still sending */
		return;
	link->inode = BPF_CORE_READ(socket, file, f_inode, i_ino);
	/* A subflow of MPTCP is the kernel's socket, hung to the user's struct socket. */
	parent = BPF_CORE_READ(socket, sk);
	if (parent && parent != sk) {
		link->cookie = BPF_CORE_READ(parent, __sk_common.skc_cookie.counter);
		link->uid = BPF_CORE_READ(parent, sk_uid.val);
	} else if (BPF_CORE_READ_BITFIELD_PROBED(sk, sk_kern_sock)) {
		link->flags |= PR_BPF_LINK_KERNEL;
	}
}

/* Containers may use the same private addresses: a tuple of two namespaces at a time is nobody's. */
#define FOREIGN_STALE_NS 120000000000ull /* without a packet (not TCP): no longer in use */
#define FOREIGN_FRESH_NS 10000000000ull	 /* noted so lately: is not noted again */

/* Most of what a socket sends goes where it sent before: that costs a look. */
static __always_inline bool is_fresh(const struct pr_bpf_tuple *tuple, __u64 cookie)
{
	const struct pr_bpf_link *known = bpf_map_lookup_elem(&foreign, tuple);

	return known && known->cookie == cookie && !known->flags &&
	       bpf_ktime_get_ns() - known->time_ns < FOREIGN_FRESH_NS;
}

static __always_inline void remember_foreign(const struct pr_bpf_tuple *tuple,
					     struct pr_bpf_link *link)
{
	const struct pr_bpf_link *known = bpf_map_lookup_elem(&foreign, tuple);

	if (known && !(known->flags & PR_BPF_LINK_CLOSED)) {
		bool in_use = tuple->proto == IPPROTO_TCP ||
			      link->time_ns - known->time_ns < FOREIGN_STALE_NS;

		if (in_use && (known->netns_cookie != link->netns_cookie ||
			       known->flags & PR_BPF_LINK_AMBIGUOUS))
			link->flags |= PR_BPF_LINK_AMBIGUOUS;
	}
	bpf_map_update_elem(&foreign, tuple, link, BPF_ANY);
}

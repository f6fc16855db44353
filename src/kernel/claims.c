/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/claims.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_BUFFER	     (64 << 10) /* a burst; what is lost says nothing new */
#define MESSAGE_MAX	     2048	/* of longer ones the rest is not looked at */

#define LOAD(offset)	     BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(offset))
#define IS(value, yes, no)   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define OVER(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, value, yes, no)
#define GIVE(len)	     BPF_STMT(BPF_RET | BPF_K, len)
#define PKTTYPE		     (SKF_AD_OFF + SKF_AD_PKTTYPE)

/* What this host itself sends is none, nor what is for others. */
static struct sock_filter of_arp[] = {
	LOAD(PKTTYPE),
	OVER(PACKET_MULTICAST, 0, 1),
	GIVE(0),
	GIVE(MESSAGE_MAX),
};

/* ICMPv6 of those four types; what has extension headers before that is looked at by whoever reads. */
static struct sock_filter of_ipv6[] = {
	LOAD(PKTTYPE),
	OVER(PACKET_MULTICAST, 8, 0),
	LOAD(6), /* next header */
	IS(IPPROTO_ICMPV6, 4, 0),
	IS(IPPROTO_HOPOPTS, 6, 0),
	IS(IPPROTO_DSTOPTS, 5, 0),
	IS(IPPROTO_ROUTING, 4, 0),
	GIVE(0),
	LOAD(40),
	OVER(ND_NEIGHBOR_ADVERT, 0, 2),
	GIVE(0),
	GIVE(MESSAGE_MAX),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ND_ROUTER_SOLICIT, 0, 1),
	GIVE(MESSAGE_MAX),
	GIVE(0),
};

int pr_claims_open(bool ipv6, int *ret_fd)
{
	const struct sock_fprog filter = {
		ipv6 ? PR_ARRAY_SIZE(of_ipv6) : PR_ARRAY_SIZE(of_arp),
		ipv6 ? of_ipv6 : of_arp,
	};
	const struct sockaddr_ll any = { .sll_family = AF_PACKET,
					 .sll_protocol = htons(ipv6 ? ETH_P_IPV6 : ETH_P_ARP) };
	const int size = RECEIVE_BUFFER, on = 1;
	/* Of no protocol until the filter is in place. */
	int fd PR_CLEANUP(pr_cleanup_close) =
		socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0 ||
	    bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		return -errno;
	*ret_fd = PR_TAKE_FD(fd);
	return 0;
}

bool pr_claims_read(int fd, bool ipv6, bool *ret_read, struct pr_claim *ret_claim,
		    uint32_t *ret_ifindex)
{
	struct sockaddr_ll from = { 0 };
	socklen_t from_len = sizeof(from);
	uint8_t bytes[MESSAGE_MAX];
	ssize_t n = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from,
			     &from_len);

	*ret_read = false;
	if (n < 0)
		return errno == EINTR || errno == ENETDOWN;
	*ret_read = (ipv6 ? pr_claim_of_ipv6(bytes, (size_t)n, ret_claim)
			  : pr_claim_of_arp(bytes, (size_t)n, ret_claim)) == PR_CLAIM_READ;
	*ret_ifindex = (uint32_t)from.sll_ifindex;
	return true;
}

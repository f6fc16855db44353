/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tells links apart on the wire. */
#pragma once

#include "base/address.h"

enum pr_direction {
	PR_DIRECTION_OUT,     /* opened by an application of this host */
	PR_DIRECTION_IN,      /* opened towards an application of this host */
	PR_DIRECTION_FORWARD, /* between others, through this host */
};

/* As the packet that opened the link shows it, before any NAT of this host. ICMP and ICMPv6 echo:
 * both ports are the identifier (as conntrack has it, net/netfilter/nf_conntrack_proto_icmp.c); a
 * protocol without ports: zero. Ports in host order. */
struct pr_tuple {
	struct pr_address src, dst;
	uint16_t src_port, dst_port;
	uint8_t proto; /* IPPROTO_… */
};

static inline struct pr_tuple pr_tuple_reversed(const struct pr_tuple *tuple)
{
	return (struct pr_tuple){ tuple->dst, tuple->src, tuple->dst_port, tuple->src_port,
				  tuple->proto };
}

bool pr_tuple_equal(const struct pr_tuple *a, const struct pr_tuple *b);
uint64_t pr_tuple_hash(const struct pr_tuple *tuple);
const char *pr_direction_name(enum pr_direction direction); /* "out", "in", "forward" */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Claims of addresses as they arrive: packet sockets, one for ARP, one for IPv6 with a filter that lets neighbour
 * discovery through. They hear what the kernel then does not believe, too. (A raw ICMPv6 socket would cost other
 * packets less; but without BPF the owner of a raw socket's packet is found by the protocol alone, and would be us.)
 */
#pragma once

#include "base/error.h"
#include "packet/claim.h"

#include <stdbool.h>

/* In the calling thread's network namespace; needs CAP_NET_RAW. 0 or -errno. */
PR_MUST_USE int pr_claims_open(bool ipv6, int *ret_fd);

/* One message; never blocks. True: there was one. *ret_read says whether it is a claim, and then the other two are
 * set. */
bool pr_claims_read(int fd, bool ipv6, bool *ret_read, struct pr_claim *ret_claim,
		    uint32_t *ret_ifindex);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who says on a link which address it has: ARP (RFC 826) and neighbour discovery (RFC 4861). Pure. What is read
 * is what neighbours may believe, whether or not they should.
 */
#pragma once

#include "base/address.h"

#include <stddef.h>

#define PR_HARDWARE_LEN 6 /* Ethernet's; links with others are not looked at */

struct pr_claim {
	struct pr_address address;
	uint8_t hardware[PR_HARDWARE_LEN];
};

enum pr_claim_outcome {
	PR_CLAIM_READ = 0,
	PR_CLAIM_NONE = 1, /* none of an address and a hardware address, or no whole message */
};

/* `bytes` from ARP's header on. A request claims its sender's address as well as an answer does. */
PR_MUST_USE int pr_claim_of_arp(const uint8_t *bytes, size_t len, struct pr_claim *ret_claim);
/* `bytes` from IPv6's header on. */
PR_MUST_USE int pr_claim_of_ipv6(const uint8_t *bytes, size_t len, struct pr_claim *ret_claim);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The addresses and on-link prefixes of the network namespace, and that they changed. */
#pragma once

#include "base/error.h"
#include "network/class.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pr_rtnetlink;

/* In the calling thread's network namespace; subscribes to changes of addresses, links and routes. */
PR_MUST_USE int pr_rtnetlink_open(struct pr_rtnetlink **ret_rtnetlink);
void pr_rtnetlink_free(struct pr_rtnetlink *rtnetlink); /* takes NULL */
int pr_rtnetlink_fd(const struct pr_rtnetlink *rtnetlink);
/* Reads the pending events away. True when something changed (or events were lost): read anew. */
bool pr_rtnetlink_changed(struct pr_rtnetlink *rtnetlink);

/* Own addresses (the table `local`: also whole local prefixes), and the prefixes on links. What is beyond
 * PR_OWN_ADDRESSES_MAX is counted into *ret_n_left_out (may be NULL). 0 or negative. */
PR_MUST_USE int pr_rtnetlink_own_addresses(struct pr_rtnetlink *rtnetlink,
					   struct pr_own_addresses *ret_own,
					   size_t *ret_n_left_out);

struct pr_rtnetlink_address {
	struct pr_address address;
	uint8_t prefix_len;
	uint32_t ifindex;
};
/* Every address of every interface, allocated; the caller frees. */
PR_MUST_USE int pr_rtnetlink_addresses(struct pr_rtnetlink *rtnetlink,
				       struct pr_rtnetlink_address **ret_addresses, size_t *ret_n);

/* A router that a default route leads to. */
struct pr_rtnetlink_gateway {
	struct pr_address address;
	uint32_t ifindex;
	bool known; /* the kernel has `hardware` for it */
	uint8_t hardware[6];
};
/* Up to `n_max` of them. 0 or negative. */
PR_MUST_USE int pr_rtnetlink_gateways(struct pr_rtnetlink *rtnetlink,
				      struct pr_rtnetlink_gateway *gateways, size_t n_max,
				      size_t *ret_n);

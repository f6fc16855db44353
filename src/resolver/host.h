/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a provider's host is: its addresses, asked of our own upstreams like any question's, kept for their TTL and, while
 * they are asked for anew, beyond it. Time is an argument.
 */
#pragma once

#include "base/address.h"
#include "base/error.h"

#include <stddef.h>

#define PR_HOST_ADDRESSES_MAX 8u  /* further ones are passed over */
#define PR_HOST_TTL_LEAST_S   30u /* however short the answer's is */
#define PR_HOST_TTL_MOST_S    86400u
#define PR_HOST_AGAIN_MS \
	1000u /* so long after an answer without any address it is asked for again */

/* A value; all zero and a name is a host that nothing is known of. */
struct pr_host {
	char *name; /* owned by the caller */
	struct pr_address addresses[PR_HOST_ADDRESSES_MAX];
	unsigned int n;
	uint64_t fresh_until_us;
	unsigned int n_asked; /* answers that are to come */
	/* Being gathered, from both answers: */
	struct pr_address found[PR_HOST_ADDRESSES_MAX];
	unsigned int n_found;
	uint32_t ttl_s;
};

/* True where it is time to ask for its A and its AAAA: the caller does, and gives both answers. */
bool pr_host_wants(struct pr_host *host, uint64_t now_us);
/* One of the two, which was asked for this type; `bytes` NULL: none came. True where both are in. */
bool pr_host_answer(struct pr_host *host, uint64_t now_us, uint16_t type, const uint8_t *bytes,
		    size_t len);

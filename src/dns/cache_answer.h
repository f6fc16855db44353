/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of an answer may be kept, and how long. Of the room itself. */
#pragma once

#include "dns/cache.h"

struct pr_dns_keeping {
	uint32_t ttl_s; /* of the whole: the least of its records */
	bool negative;
	uint16_t n_ttls;
	uint16_t ttls[PR_DNS_CACHE_RECORDS_MAX]; /* where they stand in the message */
	uint32_t values
		[PR_DNS_CACHE_RECORDS_MAX]; /* what they are to be, within the options' bounds */
};

/* `options` are filled in. KEPT: it may be. */
enum pr_dns_cache_outcome pr_dns_keeping_of(const struct pr_dns_cache_options *options,
					    const struct pr_dns_question *question,
					    const uint8_t *answer, size_t len,
					    struct pr_dns_keeping *ret_keeping);

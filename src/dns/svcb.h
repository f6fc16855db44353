/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Data of SVCB and HTTPS records (RFC 9460): the target and the address hints. Of the room itself. */
#pragma once

#include "dns/answer.h"

enum pr_dns_svcb_outcome {
	PR_DNS_SVCB_SAME = 1, /* nothing of it is denied */
	PR_DNS_SVCB_CHANGED,  /* hints were left out */
	PR_DNS_SVCB_GONE, /* the record cannot stay: malformed, target denied, a mandatory hint gone */
};

/* Writes what may stay of the data (with its length before it) unless GONE; `writer` may be NULL to only ask. The
 * hints that stay are told to `judge->given` where `ttl_s` is not NULL. */
enum pr_dns_svcb_outcome pr_dns_svcb_filter(const uint8_t *data, size_t len,
					    const struct pr_dns_judge *judge, const uint32_t *ttl_s,
					    struct pr_writer *writer);
/* How many address hints it has, as far as it can be read. */
size_t pr_dns_svcb_n_hints(const uint8_t *data, size_t len);

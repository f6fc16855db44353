/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/host.h"

#include "dns/answer.h"

#include <string.h>

bool pr_host_wants(struct pr_host *host, uint64_t now_us)
{
	if (host->n_asked || now_us < host->fresh_until_us)
		return false;
	host->n_asked = 2;
	host->n_found = 0;
	host->ttl_s = PR_HOST_TTL_MOST_S;
	return true;
}

static void gather(struct pr_host *host, uint16_t type, const uint8_t *bytes, size_t len)
{
	struct pr_dns_question question = { .type = type, .class_ = PR_DNS_CLASS_IN };
	PR_UNINITIALIZED struct pr_dns_facts facts;

	if (pr_dns_name_from_text(host->name, &question.name_as_asked) != 0 ||
	    pr_dns_read_facts(&question, bytes, len, &facts) != 0 || !facts.has_addresses)
		return;
	host->n_found += pr_dns_read_addresses(&facts, bytes, len, host->found + host->n_found,
					       PR_HOST_ADDRESSES_MAX - host->n_found);
	if (facts.min_ttl_s < host->ttl_s)
		host->ttl_s = facts.min_ttl_s;
}

bool pr_host_answer(struct pr_host *host, uint64_t now_us, uint16_t type, const uint8_t *bytes,
		    size_t len)
{
	if (host->n_asked == 0)
		return false;
	if (bytes)
		gather(host, type, bytes, len);
	if (--host->n_asked)
		return false;
	if (host->n_found == 0) {
		/* what was known is better than nothing */
		host->fresh_until_us = now_us + PR_HOST_AGAIN_MS * UINT64_C(1000);
		return true;
	}
	memcpy(host->addresses, host->found, sizeof(host->addresses));
	host->n = host->n_found;
	if (host->ttl_s < PR_HOST_TTL_LEAST_S)
		host->ttl_s = PR_HOST_TTL_LEAST_S;
	host->fresh_until_us = now_us + host->ttl_s * UINT64_C(1000000);
	return true;
}

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

/* The addresses of the answer's section; which name they belong to is the upstream's word. */
static void gather(struct pr_host *host, const uint8_t *bytes, size_t len)
{
	struct pr_reader reader = pr_reader(bytes, len);
	struct pr_dns_record record;
	struct pr_dns_name name;
	uint16_t n_answers;

	pr_read_skip(&reader, 6);
	n_answers = pr_read_u16(&reader);
	pr_read_skip(&reader, 4);
	(void)pr_dns_read_name(&reader, &name);
	pr_read_skip(&reader, 4);
	while (n_answers-- && pr_dns_read_record(&reader, &record)) {
		bool is_v4 = record.type == PR_DNS_TYPE_A && record.data_len == 4;
		bool is_v6 = record.type == PR_DNS_TYPE_AAAA && record.data_len == 16;

		if (record.class_ != PR_DNS_CLASS_IN || !(is_v4 || is_v6) ||
		    host->n_found == PR_HOST_ADDRESSES_MAX)
			continue;
		host->found[host->n_found++] = is_v4 ? pr_address_v4(bytes + record.data)
						     : pr_address_v6(bytes + record.data);
		if (record.ttl < host->ttl_s)
			host->ttl_s = record.ttl;
	}
}

bool pr_host_answer(struct pr_host *host, uint64_t now_us, const uint8_t *bytes, size_t len)
{
	if (host->n_asked == 0)
		return false;
	if (bytes)
		gather(host, bytes, len);
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

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions: what is taken up can be asked upstream and comes back the same; every reply of ours fits what the
 * client takes. */
#include "dns/reply.h"

#include "../target.h"

#include <string.h>

static void check_taken_up(const struct pr_dns_question *question)
{
	uint8_t again[PR_DNS_HEADER_LEN + PR_DNS_NAME_MAX + 15], reply[PR_DNS_REPLY_MAX];
	struct pr_dns_question parsed;
	size_t len = pr_dns_write_question(1, question->name, question->type, question->flags,
					   question->dnssec_ok, again, sizeof(again));

	pr_assert(len);
	pr_assert(pr_dns_parse_question(again, len, &parsed) == 0);
	pr_assert(strcmp(parsed.name, question->name) == 0 && parsed.type == question->type);
	pr_assert(pr_dns_name_equal(&parsed.name_as_asked, &question->name_as_asked));
	for (int denial = PR_DNS_DENIAL_NXDOMAIN; denial <= PR_DNS_DENIAL_NODATA; denial++) {
		len = pr_dns_write_denial(question, (enum pr_dns_denial)denial, PR_DNS_EDE_FILTERED,
					  question->name, reply, sizeof(reply));
		pr_assert(len <= PR_DNS_UDP_MIN && len <= question->udp_size);
	}
	len = pr_dns_write_failure(question, PR_DNS_RCODE_SERVFAIL, PR_DNS_EDE_OTHER,
				   question->name, reply, sizeof(reply));
	pr_assert(len <= PR_DNS_UDP_MIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_dns_question question;
	uint8_t reply[PR_DNS_REPLY_MAX];
	int r = pr_dns_parse_question(bytes, len, &question);

	if (r == 0) {
		check_taken_up(&question);
		return 0;
	}
	pr_assert(r > 0);
	len = pr_dns_write_error(bytes, len, (enum pr_dns_question_outcome)r, reply, sizeof(reply));
	pr_assert(len <= PR_DNS_UDP_MIN && (r != PR_DNS_QUESTION_IGNORE || len == 0));
	return 0;
}

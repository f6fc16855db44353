/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers: facts are within their bounds, names are canonical. The question is the one in the answer. */
#include "dns/answer.h"

#include "../claimed_question.h"
#include "../target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_dns_question question = { .udp_size = PR_DNS_UDP_MIN };
	struct pr_dns_facts facts;

	if (len > PR_DNS_MESSAGE_MAX || !claimed_question(bytes, len, &question))
		return 0;
	if (pr_dns_read_facts(&question, bytes, len, &facts) != 0)
		return 0;
	pr_assert(facts.n_names >= 1 && facts.n_names <= PR_DNS_CHAIN_MAX);
	pr_assert(strcmp(facts.names[0], question.name) == 0);
	for (unsigned int i = 0; i < facts.n_names; i++) {
		struct pr_dns_name name;
		char text[PR_NAME_TEXT_SIZE];

		pr_assert(pr_dns_name_from_text(facts.names[i], &name) == 0);
		pr_assert(strcmp(pr_dns_name_text(&name, text), facts.names[i]) == 0);
	}
	pr_assert(strlen(facts.ede_text) <= PR_DNS_EDE_TEXT_MAX);
	return 0;
}

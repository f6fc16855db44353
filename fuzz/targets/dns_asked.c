/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages that may be the answer to what was asked: what counts as one repeats it, to the case of each letter; what is
 * asked reads back as a question. The question is the one in the message. */
#include "dns/asked.h"

#include "../claimed_question.h"
#include "../target.h"

#include <string.h>

static void check_question(const struct pr_dns_asked *asked)
{
	uint8_t bytes[PR_DNS_ASKED_MAX];
	size_t len = pr_dns_asked_write(asked, bytes, sizeof(bytes));
	struct pr_dns_question again;

	pr_assert(len);
	if (pr_dns_parse_question(bytes, len, &again) != 0)
		return; /* a type or class that is not asked for */
	pr_assert(again.id == asked->id && again.type == asked->type);
	pr_assert(again.name_as_asked.len == asked->name.len);
	pr_assert(memcmp(again.name_as_asked.wire, asked->name.wire, asked->name.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t copy[PR_DNS_MESSAGE_MAX];
	struct pr_dns_question question = { .id = 0x1234 };
	uint8_t random[PR_DNS_CASE_LEN] = { 0 };
	struct pr_dns_asked asked;
	enum pr_dns_heard heard;

	if (len > PR_DNS_MESSAGE_MAX || !claimed_question(bytes, len, &question))
		return 0;
	asked = pr_dns_asked(&question, (uint16_t)(bytes[0] << 8 | bytes[1]), NULL);
	check_question(&asked);
	heard = pr_dns_asked_heard(&asked, bytes, len);
	if (heard == PR_DNS_HEARD_ANSWER) {
		pr_assert(memcmp(bytes + PR_DNS_HEADER_LEN, asked.name.wire, asked.name.len) == 0);
		memcpy(copy, bytes, len);
		pr_dns_asked_restore(&question, copy, len);
		pr_assert(copy[0] == 0x12 && copy[1] == 0x34);
		pr_assert(memcmp(copy + PR_DNS_HEADER_LEN, question.name_as_asked.wire,
				 question.name_as_asked.len) == 0);
	}
	/* with other letters it is no answer, unless there are none */
	memset(random, 0xff, sizeof(random));
	asked = pr_dns_asked(&question, asked.id, random);
	if (heard == PR_DNS_HEARD_ANSWER && pr_dns_asked_heard(&asked, bytes, len) == heard)
		pr_assert(memcmp(bytes + PR_DNS_HEADER_LEN, asked.name.wire, asked.name.len) == 0);
	return 0;
}

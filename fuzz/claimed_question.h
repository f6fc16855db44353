/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The question that a message claims to be for: targets ask what is parsed against it. */
#pragma once

#include "dns/message.h"

static bool claimed_question(const uint8_t *bytes, size_t len, struct pr_dns_question *question)
{
	struct pr_reader reader = pr_reader(bytes, len);

	pr_read_skip(&reader, PR_DNS_HEADER_LEN);
	if (!pr_dns_read_name(&reader, &question->name_as_asked))
		return false;
	question->type = pr_read_u16(&reader);
	question->class_ = pr_read_u16(&reader);
	pr_dns_name_text(&question->name_as_asked, question->name);
	return !reader.failed;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Intelligence while a question is on its way: what is asked for, and the answer that waits for it. The name is asked about
 * first. What the answer adds, the names that it leads to and its addresses, can only be asked about when it is there;
 * the time for both counts from when the question went upstream.
 */
#include "nameserver/question_private.h"

#include "dns/answer.h"

#include <string.h>

#define MS_US UINT64_C(1000)

static void inform(struct pr_questions *questions, struct pr_question_entry *entry,
		   const struct pr_question_inquiry *inquiry)
{
	const struct pr_question_ports *ports = &questions->ports;
	uint32_t wait_ms = 0;
	uint64_t by_us;

	entry->n_awaited += ports->inform(ports->context, &entry->public, inquiry, &wait_ms);
	by_us = entry->upstream_us + wait_ms * MS_US;
	if (by_us > entry->informed_by_us)
		entry->informed_by_us = by_us;
}

void pr_question_inform(struct pr_questions *questions, struct pr_question_entry *entry)
{
	const char *names[] = { entry->question.name };
	const struct pr_question_inquiry inquiry = { .names = names, .n_names = 1 };

	entry->n_awaited = 0;
	entry->informed_by_us = entry->upstream_us;
	entry->public.inform_of_answer = false;
	if (questions->ports.inform)
		inform(questions, entry, &inquiry);
}

void pr_question_inform_of_answer(struct pr_questions *questions, struct pr_question_entry *entry,
				  const uint8_t *bytes, size_t len)
{
	struct pr_address addresses[PR_QUESTION_INQUIRY_ADDRESSES_MAX];
	struct pr_question_inquiry inquiry = { .addresses = addresses };
	PR_UNINITIALIZED struct pr_dns_facts facts;

	if (!entry->public.inform_of_answer ||
	    pr_dns_read_facts(&entry->question, bytes, len, &facts) != 0)
		return;
	/* the first is the one that was asked for */
	inquiry.names = facts.names + 1;
	inquiry.n_names = facts.n_names - 1;
	inquiry.n_addresses = pr_dns_read_addresses(&facts, bytes, len, addresses,
						    PR_QUESTION_INQUIRY_ADDRESSES_MAX);
	if (inquiry.n_names || inquiry.n_addresses)
		inform(questions, entry, &inquiry);
}

static bool keep(struct pr_questions *questions, struct pr_question_entry *entry,
		 const uint8_t *bytes, size_t len)
{
	if (len > PR_QUESTIONS_KEPT_MAX - questions->kept_len) {
		questions->counters.kept_full++;
		return false;
	}
	entry->kept = pr_calloc(1, len);
	memcpy(entry->kept, bytes, len);
	entry->kept_len = len;
	questions->kept_len += len;
	return true;
}

bool pr_question_wait_for_intel(struct pr_questions *questions, struct pr_question_entry *entry,
				uint64_t now_us, const uint8_t *bytes, size_t len)
{
	if (len == 0 || entry->n_awaited == 0)
		return false;
	if (now_us >= entry->informed_by_us || !keep(questions, entry, bytes, len)) {
		questions->counters.went_without_intel++;
		return false;
	}
	questions->counters.waited_for_intel++;
	entry->state = PR_QUESTION_INFORMING;
	return true;
}

uint8_t *pr_question_unkeep(struct pr_questions *questions, struct pr_question_entry *entry,
			    size_t *ret_len)
{
	uint8_t *kept = entry->kept;

	*ret_len = entry->kept_len;
	questions->kept_len -= entry->kept_len;
	entry->kept = NULL;
	entry->kept_len = 0;
	return kept;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nameserver/question_private.h"

static void count_end(struct pr_questions_counters *counters, enum pr_question_end end)
{
	switch (end) {
	case PR_QUESTION_ANSWERED:
		counters->answered++;
		break;
	case PR_QUESTION_DENIED:
		counters->denied++;
		break;
	case PR_QUESTION_UNANSWERED:
		counters->unanswered++;
		break;
	case PR_QUESTION_FAILED:
		counters->failed++;
		break;
	}
}

void pr_question_conclude(struct pr_questions *questions, struct pr_question_entry *entry,
			  enum pr_question_end end, enum pr_stage stage,
			  const struct pr_question_decision *decision, size_t reply_len)
{
	const struct pr_question_ports *ports = &questions->ports;
	size_t kept_len;

	count_end(&questions->counters, end);
	ports->reply(ports->context, entry->public.asker.client,
		     reply_len ? questions->reply : NULL, reply_len);
	ports->concluded(ports->context, &entry->public, end, stage, decision);
	free(pr_question_unkeep(questions, entry, &kept_len));
	pr_question_table_remove(&questions->table, entry);
}

static void end_failed(struct pr_questions *questions, struct pr_question_entry *entry,
		       enum pr_stage stage, enum pr_dns_rcode rcode, int ede, const char *text)
{
	size_t len = pr_dns_write_failure(&entry->question, rcode, ede, text, questions->reply,
					  sizeof(questions->reply));

	pr_question_conclude(questions, entry, PR_QUESTION_FAILED, stage, NULL, len);
}

void pr_question_fail(struct pr_questions *questions, struct pr_question_entry *entry,
		      enum pr_stage stage, int ede, const char *text)
{
	end_failed(questions, entry, stage, PR_DNS_RCODE_SERVFAIL, ede, text);
}

void pr_question_refuse(struct pr_questions *questions, struct pr_question_entry *entry,
			enum pr_stage stage, const char *text)
{
	end_failed(questions, entry, stage, PR_DNS_RCODE_REFUSED, PR_DNS_EDE_PROHIBITED, text);
}

static enum pr_dns_denial denial_of(enum pr_dns_blocked blocked)
{
	switch (blocked) {
	case PR_DNS_ZERO:
		return PR_DNS_DENIAL_ZERO;
	case PR_DNS_REFUSED:
		return PR_DNS_DENIAL_REFUSED;
	case PR_DNS_NODATA:
		return PR_DNS_DENIAL_NODATA;
	case PR_DNS_NXDOMAIN:
		break;
	}
	return PR_DNS_DENIAL_NXDOMAIN;
}

void pr_question_deny(struct pr_questions *questions, struct pr_question_entry *entry,
		      enum pr_stage stage, const struct pr_question_decision *decision)
{
	size_t len =
		pr_dns_write_denial(&entry->question, denial_of(decision->blocked),
				    decision->filtered ? PR_DNS_EDE_FILTERED : PR_DNS_EDE_BLOCKED,
				    decision->text, questions->reply, sizeof(questions->reply));

	pr_question_conclude(questions, entry, PR_QUESTION_DENIED, stage, decision, len);
}

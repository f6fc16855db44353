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

static void record_own(struct pr_questions *questions, const struct pr_question_entry *entry,
		       const struct pr_question_decision *decision)
{
	const char *names[] = { entry->question.name };
	const struct pr_question_facts facts = { names, 1, &decision->own_address };

	questions->ports.record(questions->ports.context, &entry->public, &facts,
				decision->own_ttl_s);
}

/* The name came from a question. */
static size_t write_pointer(struct pr_questions *questions, const struct pr_question_entry *entry,
			    const struct pr_question_decision *decision)
{
	struct pr_dns_name name;

	pr_assert(pr_dns_name_from_text(decision->own_name, &name) == 0);
	return pr_dns_write_pointer(&entry->question, &name, decision->own_ttl_s,
				    PR_DNS_EDE_SYNTHESIZED, decision->text, questions->reply,
				    sizeof(questions->reply));
}

void pr_question_give_own(struct pr_questions *questions, struct pr_question_entry *entry,
			  const struct pr_question_decision *decision)
{
	enum pr_dns_denial denial = PR_DNS_DENIAL_NODATA;
	const char *text = decision->text;
	size_t len;

	switch (decision->own) {
	case PR_QUESTION_OWN_ADDRESS:
		len = pr_dns_write_address(&entry->question, &decision->own_address,
					   decision->own_ttl_s, PR_DNS_EDE_SYNTHESIZED, text,
					   questions->reply, sizeof(questions->reply));
		/* Before the reply leaves: the first packet to the address may be faster. */
		record_own(questions, entry, decision);
		break;
	case PR_QUESTION_OWN_NAME:
		len = write_pointer(questions, entry, decision);
		break;
	case PR_QUESTION_OWN_FAILURE:
		pr_question_fail(questions, entry, PR_STAGE_BEFORE_INTEL, PR_DNS_EDE_OTHER, text);
		return;
	case PR_QUESTION_OWN_REFUSED:
		pr_question_refuse(questions, entry, PR_STAGE_BEFORE_INTEL, text);
		return;
	case PR_QUESTION_OWN_UNKNOWN:
		denial = PR_DNS_DENIAL_NXDOMAIN;
		__attribute__((fallthrough));
	default:
		len = pr_dns_write_denial(&entry->question, denial, PR_DNS_EDE_SYNTHESIZED, text,
					  questions->reply, sizeof(questions->reply));
		break;
	}
	pr_question_conclude(questions, entry, PR_QUESTION_ANSWERED, PR_STAGE_BEFORE_INTEL,
			     decision, len);
}

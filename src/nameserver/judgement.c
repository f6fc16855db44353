/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An answer is decided upon in parts: the names of its chain together (they are candidates of one entity), then each
 * address, and each target of a service record, with these names. What is denied is left out; what would have to be
 * asked about is left out as well, and holds the question only where nothing else is left.
 */
#include "nameserver/judgement.h"

#include <string.h>

enum pr_question_way pr_question_decide(const struct pr_question_ports *ports,
					struct pr_question_entry *entry, enum pr_stage stage,
					const struct pr_question_facts *facts,
					struct pr_question_decision *ret_decision)
{
	*ret_decision = (struct pr_question_decision){ .decision = { .outcome = PR_OUTCOME_DENY } };
	ports->decide(ports->context, &entry->public, stage, facts, ret_decision);
	entry->momentary |= ret_decision->momentary;
	ret_decision->facts = *facts;
	switch (ret_decision->decision.outcome) {
	case PR_OUTCOME_PERMIT:
	case PR_OUTCOME_OPEN:
	case PR_OUTCOME_REROUTE_NAMESERVER: /* this is the nameserver */
		return PR_QUESTION_WAY_ON;
	case PR_OUTCOME_ASK:
	case PR_OUTCOME_MISSING:
		return PR_QUESTION_WAY_HELD;
	case PR_OUTCOME_REROUTE_TUNNEL:
		if (stage == PR_STAGE_BEFORE_INTEL && ret_decision->own)
			return PR_QUESTION_WAY_OWN;
		break;
	case PR_OUTCOME_DENY:
		break;
	}
	return PR_QUESTION_WAY_DENIED;
}

/* The text is the port's until it is called again, the facts are the filter's while it runs. */
static void keep_denied(struct pr_judgement *judgement, const struct pr_question_decision *decision)
{
	struct pr_question_facts *facts = &judgement->denied.facts;

	judgement->denied = *decision;
	snprintf(judgement->denied_text, sizeof(judgement->denied_text), "%s",
		 decision->text ? decision->text : "");
	judgement->denied.text = decision->text ? judgement->denied_text : NULL;
	memcpy(judgement->denied_names, facts->names, facts->n_names * sizeof(*facts->names));
	facts->names = judgement->denied_names;
	if (facts->address) {
		judgement->denied_address = *facts->address;
		facts->address = &judgement->denied_address;
	} else {
		snprintf(judgement->denied_target, sizeof(judgement->denied_target), "%s",
			 facts->names[facts->n_names - 1]);
		judgement->denied_names[facts->n_names - 1] = judgement->denied_target;
	}
}

/* A part; the first that is held and the first that is denied are remembered. */
static bool weigh(struct pr_judgement *judgement, const struct pr_question_facts *facts)
{
	struct pr_question_decision decision;
	enum pr_question_way way = pr_question_decide(judgement->ports, judgement->entry,
						      PR_STAGE_AFTER_INTEL, facts, &decision);

	if (way == PR_QUESTION_WAY_HELD && !judgement->has_held) {
		judgement->has_held = true;
		judgement->held = decision;
	} else if (way == PR_QUESTION_WAY_DENIED && !judgement->has_denied) {
		judgement->has_denied = true;
		keep_denied(judgement, &decision);
	}
	return way == PR_QUESTION_WAY_ON;
}

static bool judge_address(void *context, const struct pr_address *address)
{
	struct pr_judgement *judgement = context;
	struct pr_question_facts facts = judgement->facts;

	facts.address = address;
	return weigh(judgement, &facts);
}

static bool judge_target(void *context, const char *name)
{
	struct pr_judgement *judgement = context;
	const char *names[PR_DNS_CHAIN_MAX];
	struct pr_question_facts facts = { .names = names, .n_names = judgement->facts.n_names };

	for (unsigned int i = 0; i < facts.n_names; i++)
		names[i] = judgement->facts.names[i];
	if (facts.n_names < PR_DNS_CHAIN_MAX)
		facts.n_names++;
	names[facts.n_names - 1] = name;
	return weigh(judgement, &facts);
}

static void note_given(void *context, const struct pr_address *address, uint32_t ttl_s)
{
	struct pr_judgement *judgement = context;

	pr_assert(judgement->n_given < PR_DNS_ADDRESSES_MAX);
	judgement->given[judgement->n_given].address = *address;
	judgement->given[judgement->n_given++].ttl_s = ttl_s;
}

/* Before the reply leaves: the first packet to the address may be faster than anything done after it. */
static void record(const struct pr_judgement *judgement)
{
	struct pr_question_facts facts = judgement->facts;

	for (unsigned int i = 0; i < judgement->n_given; i++) {
		facts.address = &judgement->given[i].address;
		judgement->ports->record(judgement->ports->context, &judgement->entry->public,
					 &facts, judgement->given[i].ttl_s);
	}
}

static size_t limit_of(const struct pr_question_entry *entry)
{
	if (entry->public.asker.transport == PR_TRANSPORT_TCP)
		return PR_DNS_MESSAGE_MAX;
	return entry->question.udp_size < PR_DNS_UDP_MAX ? entry->question.udp_size
							 : PR_DNS_UDP_MAX;
}

/* The names are fine; the parts. */
static enum pr_judged judge_parts(struct pr_judgement *judgement, const uint8_t *bytes, size_t len,
				  uint8_t *reply, size_t size, size_t *ret_len)
{
	const struct pr_question_entry *entry = judgement->entry;
	const struct pr_dns_judge judge = { judgement, judge_address, judge_target, note_given };
	int r = pr_dns_filter(&entry->question, &judgement->dns_facts, bytes, len, &judge,
			      limit_of(entry), reply, size, ret_len);

	if (r == 0) {
		record(judgement);
		return PR_JUDGED_GIVEN;
	}
	if (r != PR_DNS_ANSWER_DENIED)
		return PR_JUDGED_UNUSABLE;
	if (judgement->has_held) {
		judgement->decision = judgement->held;
		return PR_JUDGED_HELD;
	}
	if (judgement->has_denied) {
		judgement->decision = judgement->denied;
		return PR_JUDGED_DENIED;
	}
	return PR_JUDGED_UNUSABLE; /* all of it belonged to other names */
}

enum pr_judged pr_judge(struct pr_judgement *judgement, const struct pr_question_ports *ports,
			struct pr_question_entry *entry, const uint8_t *bytes, size_t len,
			uint8_t *reply, size_t size, size_t *ret_len)
{
	judgement->ports = ports;
	judgement->entry = entry;
	judgement->has_held = judgement->has_denied = false;
	judgement->n_given = 0;
	if (pr_dns_read_facts(&entry->question, bytes, len, &judgement->dns_facts) != 0)
		return PR_JUDGED_UNUSABLE;
	if (ports->answered)
		ports->answered(ports->context, &entry->public, &judgement->dns_facts, len);
	judgement->facts = (struct pr_question_facts){ .names = judgement->dns_facts.names,
						       .n_names = judgement->dns_facts.n_names };
	switch (pr_question_decide(ports, entry, PR_STAGE_AFTER_INTEL, &judgement->facts,
				   &judgement->decision)) {
	case PR_QUESTION_WAY_ON:
		return judge_parts(judgement, bytes, len, reply, size, ret_len);
	case PR_QUESTION_WAY_HELD:
		return PR_JUDGED_HELD;
	case PR_QUESTION_WAY_OWN:
	case PR_QUESTION_WAY_DENIED:
		break;
	}
	return PR_JUDGED_DENIED;
}

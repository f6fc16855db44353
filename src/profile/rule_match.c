/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a rule means, one rule at a time and as plainly as possible: the index of the policy is tested
 * against this. Three answers are joined as "and": no is stronger than open, open stronger than yes. Data
 * that there is none for stands between open and yes: only where all else matches does it matter.
 */
#include "profile/rule.h"
#include "profile/service.h"

#include <string.h>

/* Of a single fact: settled with a value, open, or absent. */
static bool open_fact(const struct pr_subject *subject, unsigned int fact)
{
	return !(subject->known & fact);
}

static bool absent_fact(const struct pr_subject *subject, unsigned int fact)
{
	return subject->known & subject->absent & fact;
}

static enum pr_rule_answer answer(bool yes)
{
	return yes ? PR_ANSWER_YES : PR_ANSWER_NO;
}

static bool ends_with(const char *text, const char *end)
{
	size_t text_len = strlen(text), end_len = strlen(end);

	return text_len >= end_len && strcmp(text + text_len - end_len, end) == 0;
}

static bool domain_matches(const struct pr_rule *rule, const char *domain)
{
	switch (rule->entity) {
	case PR_ENTITY_NAME:
		return strcmp(domain, rule->domain) == 0;
	case PR_ENTITY_ZONE:
		return pr_name_within(domain, rule->domain);
	case PR_ENTITY_SUFFIX:
		return ends_with(domain, rule->domain);
	case PR_ENTITY_BEGINS:
		return strncmp(domain, rule->domain, strlen(rule->domain)) == 0;
	default:
		return strstr(domain, rule->domain);
	}
}

static enum pr_rule_answer match_domains(const struct pr_rule *rule,
					 const struct pr_subject *subject)
{
	for (unsigned int i = 0; i < subject->n_domains; i++)
		if (domain_matches(rule, subject->domains[i]))
			return PR_ANSWER_YES;
	return PR_ANSWER_NO;
}

static unsigned int scope_bit(enum pr_scope scope)
{
	switch (scope) {
	case PR_SCOPE_LOCALHOST:
		return PR_SCOPE_BIT_LOCALHOST;
	case PR_SCOPE_LAN:
		return PR_SCOPE_BIT_LAN;
	case PR_SCOPE_INTERNET:
		return PR_SCOPE_BIT_INTERNET;
	default:
		return 0;
	}
}

/* On one of the lists is enough. What there is no data for matters only where no other list can still say yes. */
static enum pr_rule_answer match_lists(const struct pr_rule *rule, const uint32_t *list_numbers,
				       const struct pr_subject *subject)
{
	enum pr_rule_answer answer = PR_ANSWER_NO;

	for (unsigned int i = 0; i < rule->n_lists; i++) {
		if (pr_subject_on_list(subject, list_numbers[i]))
			return PR_ANSWER_YES;
		if (pr_subject_list_open(subject, list_numbers[i]))
			answer = PR_ANSWER_OPEN;
		else if (answer == PR_ANSWER_NO &&
			 pr_subject_list_missing(subject, list_numbers[i]))
			answer = PR_ANSWER_NO_DATA;
	}
	return answer;
}

unsigned int pr_entity_fact(enum pr_entity_kind entity)
{
	switch (entity) {
	case PR_ENTITY_ANY:
		return 0;
	case PR_ENTITY_PREFIX:
		return PR_FACT_ADDRESS;
	case PR_ENTITY_SCOPE:
		return PR_FACT_SCOPE;
	case PR_ENTITY_COUNTRY:
	case PR_ENTITY_CONTINENT:
		return PR_FACT_COUNTRY;
	case PR_ENTITY_ASN:
		return PR_FACT_ASN;
	case PR_ENTITY_LISTS:
		return PR_FACT_LISTS;
	default:
		return PR_FACT_DOMAIN;
	}
}

/* The address, or the one that it stands for. */
static bool prefix_matches(const struct pr_rule *rule, const struct pr_address *remote)
{
	struct pr_address inner;

	return pr_prefix_contains(&rule->prefix, remote) ||
	       (pr_address_embedded(remote, &inner) && pr_prefix_contains(&rule->prefix, &inner));
}

static enum pr_rule_answer match_entity(const struct pr_rule *rule, const uint32_t *list_numbers,
					const struct pr_subject *subject)
{
	unsigned int fact = pr_entity_fact(rule->entity);

	if (rule->entity == PR_ENTITY_LISTS)
		return match_lists(rule, list_numbers, subject);
	if (fact && open_fact(subject, fact))
		return PR_ANSWER_OPEN;
	if (fact && absent_fact(subject, fact))
		return fact & PR_FACTS_DATA ? PR_ANSWER_NO_DATA : PR_ANSWER_NO;
	switch (rule->entity) {
	case PR_ENTITY_ANY:
		return PR_ANSWER_YES;
	case PR_ENTITY_PREFIX:
		return answer(prefix_matches(rule, &subject->remote));
	case PR_ENTITY_SCOPE:
		return answer(rule->scopes & scope_bit(subject->scope));
	case PR_ENTITY_COUNTRY:
		return answer(strcmp(rule->code, subject->country) == 0);
	case PR_ENTITY_CONTINENT:
		return answer(strcmp(rule->code, subject->continent) == 0);
	case PR_ENTITY_ASN:
		return answer(rule->asn == subject->asn);
	default:
		return match_domains(rule, subject);
	}
}

unsigned int pr_proto_fact(unsigned int proto)
{
	if (proto == PR_PROTO_ANY)
		return 0;
	if (proto < PR_PROTO_ANY)
		return PR_FACT_PROTOCOL;
	return proto < PR_PROTO_SPEAKS ? PR_FACT_ENCRYPTION : PR_FACT_SPEAKS;
}

/* Is the protocol one that this can't be seen of? */
static bool rules_out(const struct pr_rule *rule, const struct pr_subject *subject)
{
	if (open_fact(subject, PR_FACT_PROTOCOL))
		return false;
	if (absent_fact(subject, PR_FACT_PROTOCOL) || !pr_protocol_has_ports(subject->proto))
		return true;
	return rule->proto >= PR_PROTO_SPEAKS &&
	       !pr_speaks_over((enum pr_speaks)(rule->proto - PR_PROTO_SPEAKS), subject->proto);
}

/* Where it is known that nothing will be seen, what has ports is not proven encrypted. */
static enum pr_rule_answer match_seen(const struct pr_rule *rule, const struct pr_subject *subject,
				      unsigned int *missing)
{
	unsigned int fact = pr_proto_fact(rule->proto);
	bool encrypted = pr_subject_encryption(subject) == PR_ENCRYPTION_YES;

	if (rules_out(rule, subject))
		return PR_ANSWER_NO;
	*missing = fact;
	if (open_fact(subject, fact))
		return PR_ANSWER_OPEN;
	if (fact == PR_FACT_SPEAKS)
		return answer(!absent_fact(subject, fact) &&
			      rule->proto - PR_PROTO_SPEAKS == pr_subject_speaks(subject));
	if (rule->proto == PR_PROTO_ENCRYPTED)
		return answer(encrypted);
	*missing = PR_FACT_PROTOCOL;
	if (absent_fact(subject, fact) && open_fact(subject, PR_FACT_PROTOCOL))
		return PR_ANSWER_OPEN;
	return answer(!encrypted);
}

static enum pr_rule_answer match_protocol(const struct pr_rule *rule,
					  const struct pr_subject *subject, unsigned int *missing)
{
	if (rule->proto == PR_PROTO_ANY)
		return PR_ANSWER_YES;
	if (rule->proto > PR_PROTO_ANY)
		return match_seen(rule, subject, missing);
	*missing = PR_FACT_PROTOCOL;
	if (open_fact(subject, PR_FACT_PROTOCOL))
		return PR_ANSWER_OPEN;
	return answer(!absent_fact(subject, PR_FACT_PROTOCOL) && rule->proto == subject->proto);
}

static enum pr_rule_answer match_port(const struct pr_rule *rule, const struct pr_subject *subject)
{
	if (!rule->n_ports)
		return PR_ANSWER_YES;
	if (!open_fact(subject, PR_FACT_PROTOCOL) && !absent_fact(subject, PR_FACT_PROTOCOL) &&
	    !pr_protocol_has_ports(subject->proto))
		return PR_ANSWER_NO;
	if (open_fact(subject, PR_FACT_PORT))
		return PR_ANSWER_OPEN;
	if (absent_fact(subject, PR_FACT_PORT))
		return PR_ANSWER_NO;
	for (unsigned int i = 0; i < rule->n_ports; i++)
		if (subject->port >= rule->ports[i].first && subject->port <= rule->ports[i].last)
			return PR_ANSWER_YES;
	return PR_ANSWER_NO;
}

enum pr_rule_answer pr_rule_match(const struct pr_rule *rule, const uint32_t *list_numbers,
				  const struct pr_subject *subject, unsigned int *ret_missing,
				  unsigned int *ret_no_data)
{
	enum pr_rule_answer entity = match_entity(rule, list_numbers, subject);
	unsigned int proto_missing = 0;
	enum pr_rule_answer proto = match_protocol(rule, subject, &proto_missing);
	enum pr_rule_answer port = match_port(rule, subject);

	*ret_missing = *ret_no_data = 0;
	if (entity == PR_ANSWER_NO || proto == PR_ANSWER_NO || port == PR_ANSWER_NO)
		return PR_ANSWER_NO;
	if (entity != PR_ANSWER_YES)
		*ret_missing |= pr_entity_fact(rule->entity);
	if (entity == PR_ANSWER_NO_DATA)
		*ret_no_data = *ret_missing;
	if (proto == PR_ANSWER_OPEN)
		*ret_missing |= proto_missing;
	if (port == PR_ANSWER_OPEN)
		*ret_missing |= PR_FACT_PORT;
	if (entity == PR_ANSWER_OPEN || proto == PR_ANSWER_OPEN || port == PR_ANSWER_OPEN)
		return PR_ANSWER_OPEN;
	return entity;
}

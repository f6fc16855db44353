/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first rule that speaks. The index finds the first that matches or could match, then that one rule is
 * looked at by itself: does it match, and what does it lack? Facts that there is no data for are passed
 * over or stopped at, as the profile's on_missing_data says.
 *
 * Past the denials that are open, the first rule that counts is the earlier of two: of the rules that match
 * whatever the open facts turn out to be, and of those that don't deny and match or could match. The first
 * are found with the open facts settled as nothing: no rule for them matches then.
 */
#include "profile/policy_view.h"
#include "profile/rule.h"
#include "profile/service.h"

#include <string.h>

struct walk {
	const struct pr_policy *policy;
	const struct pr_subject *subject;
	struct pr_search search;
	unsigned int no_data; /* of the facts that need data: those without */
	bool stop_at_no_data; /* on_missing_data = deny */
};

static enum pr_known knowledge(const struct pr_subject *subject, unsigned int fact)
{
	if (!(subject->known & fact))
		return PR_IS_OPEN;
	return subject->absent & fact ? PR_IS_NONE : PR_IS_KNOWN;
}

static struct pr_search search_of(const struct pr_subject *subject)
{
	struct pr_search search = {
		.proto_is = knowledge(subject, PR_FACT_PROTOCOL),
		.port_is = knowledge(subject, PR_FACT_PORT),
		.proto = subject->proto,
		.port = subject->port,
		.speaks_is = knowledge(subject, PR_FACT_SPEAKS),
		.encryption_is = knowledge(subject, PR_FACT_ENCRYPTION),
		.speaks = (uint8_t)pr_subject_speaks(subject),
		.encryption = (uint8_t)pr_subject_encryption(subject),
		.has_ports = pr_protocol_has_ports(subject->proto),
	};

	search.carrier_is = search.proto_is;
	if (search.proto_is == PR_IS_KNOWN && !search.has_ports)
		search.port_is = PR_IS_NONE;
	/* Of what nothing will be seen, it is not proven that it is encrypted. */
	if (search.encryption_is == PR_IS_NONE)
		search.encryption_is = PR_IS_KNOWN;
	return search;
}

static uint32_t code_value(const char code[static 3])
{
	return (uint32_t)(uint8_t)code[0] << 8 | (uint8_t)code[1];
}

static int scope_number(enum pr_scope scope)
{
	switch (scope) {
	case PR_SCOPE_LOCALHOST:
		return 0;
	case PR_SCOPE_LAN:
		return 1;
	case PR_SCOPE_INTERNET:
		return 2;
	default:
		return -1;
	}
}

static uint32_t value_first(const struct walk *walk, const struct pr_blob_ruleset *ruleset,
			    enum pr_entity_kind kind, uint32_t value, uint32_t best)
{
	return pr_policy_ref_first(walk->policy,
				   pr_policy_value_ref(walk->policy, ruleset, kind, value),
				   &walk->search, best);
}

/* The first rule that names one of the lists whose bits are set. */
static uint32_t of_lists_first(const struct walk *walk, const struct pr_blob_ruleset *ruleset,
			       const uint64_t *lists, uint32_t best)
{
	for (unsigned int word = 0; lists && word < walk->subject->n_list_words; word++)
		for (uint64_t bits = lists[word]; bits; bits &= bits - 1)
			best = value_first(walk, ruleset, PR_ENTITY_LISTS,
					   word * 64 + (uint32_t)__builtin_ctzll(bits), best);
	return best;
}

/* Lists are known one by one: those that the subject is on match, those that are open could, and those without
 * data stop where they have to. */
static uint32_t lists_first(const struct walk *walk, const struct pr_blob_ruleset *ruleset,
			    uint32_t best)
{
	const struct pr_subject *subject = walk->subject;
	bool open = !(subject->known & PR_FACT_LISTS);
	bool none = !open && subject->absent & PR_FACT_LISTS;

	if ((open && !subject->lists_open) || (none && walk->stop_at_no_data))
		return pr_policy_ref_first(walk->policy, ruleset->categories[PR_CATEGORY_LISTS],
					   &walk->search, best);
	for (unsigned int i = 0; i < subject->n_domains; i++)
		best = of_lists_first(walk, ruleset, subject->domain_lists[i], best);
	best = of_lists_first(walk, ruleset, subject->address_lists, best);
	if (open)
		best = of_lists_first(walk, ruleset, subject->lists_open, best);
	if (walk->stop_at_no_data)
		best = of_lists_first(walk, ruleset, subject->lists_missing, best);
	return best;
}

/* Did rules before the first that speaks want data that there is none for? */
static bool is_passed_over(const struct walk *walk, const struct pr_blob_ruleset *ruleset,
			   enum pr_blob_category category, unsigned int fact, uint32_t first)
{
	if (ruleset->categories[category] == PR_BLOB_NONE)
		return false;
	if (walk->no_data & fact)
		return pr_policy_ref_first(walk->policy, ruleset->categories[category],
					   &walk->search, first) < first;
	return category == PR_CATEGORY_LISTS &&
	       of_lists_first(walk, ruleset, walk->subject->lists_missing, first) < first;
}

/* With the fact known: the first rule for its value. */
static uint32_t known_first(const struct walk *walk, const struct pr_blob_ruleset *ruleset,
			    enum pr_blob_category category, uint32_t best)
{
	const struct pr_subject *subject = walk->subject;
	int scope = scope_number(subject->scope);
	struct pr_address inner;

	switch (category) {
	case PR_CATEGORY_DOMAIN:
		return pr_policy_domains_first(walk->policy, ruleset, subject, &walk->search, best);
	case PR_CATEGORY_ADDRESS:
		if (pr_address_embedded(&subject->remote, &inner))
			best = pr_policy_address_first(walk->policy, ruleset, &inner, &walk->search,
						       best);
		return pr_policy_address_first(walk->policy, ruleset, &subject->remote,
					       &walk->search, best);
	case PR_CATEGORY_SCOPE:
		return scope < 0 ? best
				 : pr_policy_ref_first(walk->policy, ruleset->scopes[scope],
						       &walk->search, best);
	case PR_CATEGORY_COUNTRY:
		best = value_first(walk, ruleset, PR_ENTITY_COUNTRY, code_value(subject->country),
				   best);
		return value_first(walk, ruleset, PR_ENTITY_CONTINENT,
				   code_value(subject->continent), best);
	case PR_CATEGORY_ASN:
		return value_first(walk, ruleset, PR_ENTITY_ASN, subject->asn, best);
	default:
		return best;
	}
}

static const unsigned int category_facts[PR_CATEGORY_COUNT_] = {
	[PR_CATEGORY_SCOPE] = PR_FACT_SCOPE,	 [PR_CATEGORY_DOMAIN] = PR_FACT_DOMAIN,
	[PR_CATEGORY_ADDRESS] = PR_FACT_ADDRESS, [PR_CATEGORY_COUNTRY] = PR_FACT_COUNTRY,
	[PR_CATEGORY_ASN] = PR_FACT_ASN,	 [PR_CATEGORY_LISTS] = PR_FACT_LISTS,
};

/* The first rule of the set that matches or could match, or that stops for want of data. */
static uint32_t ruleset_first(const struct walk *walk, const struct pr_blob_ruleset *ruleset)
{
	uint32_t best =
		pr_policy_ref_first(walk->policy, ruleset->any, &walk->search, PR_BLOB_NONE);

	for (int i = 0; i < PR_CATEGORY_COUNT_; i++) {
		enum pr_known known = knowledge(walk->subject, category_facts[i]);
		uint32_t all = ruleset->categories[i];

		if (all == PR_BLOB_NONE)
			continue;
		if (i == PR_CATEGORY_LISTS)
			best = lists_first(walk, ruleset, best);
		else if (known == PR_IS_KNOWN)
			best = known_first(walk, ruleset, (enum pr_blob_category)i, best);
		else if (known == PR_IS_OPEN ||
			 (walk->stop_at_no_data && walk->no_data & category_facts[i]))
			best = pr_policy_ref_first(walk->policy, all, &walk->search, best);
	}
	return best;
}

/* The data that rules before `first` have none of. */
static unsigned int passed_over(const struct walk *walk, const struct pr_blob_ruleset *ruleset,
				uint32_t first)
{
	unsigned int facts = 0;

	for (int i = 0; i < PR_CATEGORY_COUNT_ && !walk->stop_at_no_data; i++)
		if (is_passed_over(walk, ruleset, (enum pr_blob_category)i, category_facts[i],
				   first))
			facts |= category_facts[i];
	return facts;
}

/* What a rule for lists lacks: the bits that are set, open, or without data, in this order. */
static void weigh_lists(const struct walk *walk, const struct pr_blob_rule *rule,
			unsigned int *open, unsigned int *no_data)
{
	*open = *no_data = 0;
	for (uint32_t i = 0; i < rule->lists.n; i++) {
		uint32_t list = walk->policy->numbers[rule->lists.first + i];

		if (pr_subject_on_list(walk->subject, list)) {
			*open = *no_data = 0;
			return;
		}
		if (pr_subject_list_open(walk->subject, list))
			*open = PR_FACT_LISTS;
		else if (pr_subject_list_missing(walk->subject, list))
			*no_data = PR_FACT_LISTS;
	}
	if (*open)
		*no_data = 0;
}

static unsigned int open_proto(const struct walk *walk, uint32_t proto)
{
	unsigned int fact = pr_proto_fact(proto);

	if (proto == PR_PROTO_UNENCRYPTED &&
	    walk->subject->known & walk->subject->absent & PR_FACT_ENCRYPTION)
		fact = PR_FACT_PROTOCOL;
	return fact & ~walk->subject->known;
}

/* What the rule that was found lacks: it matches as far as the facts are known. */
static void classify(const struct walk *walk, uint32_t number, struct pr_rule_hit *ret_hit)
{
	const struct pr_blob_rule *rule = &walk->policy->rules[number];
	unsigned int fact = pr_entity_fact((enum pr_entity_kind)rule->entity),
		     open = fact & ~walk->subject->known, no_data = fact & walk->no_data;

	if (rule->entity == PR_ENTITY_LISTS)
		weigh_lists(walk, rule, &open, &no_data);
	open |= open_proto(walk, rule->proto);
	if (rule->ports.n && walk->search.port_is == PR_IS_OPEN)
		open |= PR_FACT_PORT;
	ret_hit->rule = number;
	ret_hit->action = (enum pr_rule_action)rule->action;
	ret_hit->exact_service = rule->entity == PR_ENTITY_PREFIX && rule->ports.n;
	ret_hit->names_protocol = rule->proto < PR_PROTO_ANY || rule->proto >= PR_PROTO_SPEAKS;
	ret_hit->missing = open | no_data;
	ret_hit->match = open	   ? PR_MATCH_UNDETERMINABLE
			 : no_data ? PR_MATCH_NO_DATA
				   : PR_MATCH_RULE;
}

static struct walk walk_of(const struct pr_policy *policy, const struct pr_subject *subject)
{
	return (struct walk){
		.policy = policy,
		.subject = subject,
		.search = search_of(subject),
		.no_data = subject->known & subject->absent & PR_FACTS_DATA,
		.stop_at_no_data = pr_policy_settings(policy, subject->profile)->on_missing_data ==
				   PR_MISSING_DENY,
	};
}

/* In the order of enum pr_ruleset; the global profile's own lists are the global ones. Returns how many. */
static size_t rulesets_of(const struct pr_policy *policy, const struct pr_subject *subject,
			  const struct pr_blob_ruleset *ret_rulesets[static PR_RULESET_COUNT_])
{
	uint32_t own = subject->profile * PR_BLOB_RULESETS;
	uint32_t in = subject->direction == PR_DIRECTION_IN;
	const uint32_t order[] = { own + PR_BLOB_ENFORCED_OUT + in, PR_BLOB_ENFORCED_OUT + in,
				   own + PR_BLOB_OUT + in, PR_BLOB_OUT + in };
	size_t n = 0;

	for (size_t i = own ? 0 : 1; i < PR_ARRAY_SIZE(order); i += own ? 1 : 2)
		ret_rulesets[n++] = &policy->rulesets[order[i]];
	return n;
}

static void match(const struct walk *walk, struct pr_rule_hit *ret_hit)
{
	const struct pr_blob_ruleset *rulesets[PR_RULESET_COUNT_];
	size_t n = rulesets_of(walk->policy, walk->subject, rulesets);
	uint32_t rule = PR_BLOB_NONE;

	*ret_hit = (struct pr_rule_hit){ .match = PR_MATCH_NONE };
	for (size_t i = 0; i < n && rule == PR_BLOB_NONE; i++) {
		rule = ruleset_first(walk, rulesets[i]);
		ret_hit->passed_over |= passed_over(walk, rulesets[i], rule);
	}
	if (rule != PR_BLOB_NONE)
		classify(walk, rule, ret_hit);
}

void pr_policy_match(const struct pr_policy *policy, const struct pr_subject *subject,
		     struct pr_rule_hit *ret_hit)
{
	const struct walk walk = walk_of(policy, subject);

	match(&walk, ret_hit);
}

/* No rule for what is open of the packets. */
static void look_past_seen(struct pr_search *search)
{
	if (search->speaks_is == PR_IS_OPEN)
		search->speaks_is = PR_IS_NONE;
	if (search->encryption_is == PR_IS_OPEN)
		search->encryption_is = PR_IS_NONE;
}

void pr_policy_match_unseen(const struct pr_policy *policy, const struct pr_subject *subject,
			    struct pr_rule_hit *ret_hit)
{
	struct walk walk = walk_of(policy, subject);

	look_past_seen(&walk.search);
	match(&walk, ret_hit);
}

/* What is open there is none of: no rule that needs it matches. */
static void settle_as_nothing(struct pr_subject *subject)
{
	unsigned int open = PR_FACTS_ALL & ~subject->known;

	/* No data would be another thing: a value that no rule has. */
	subject->absent &= ~open;
	subject->absent |= open & ~PR_FACTS_DATA;
	subject->known = PR_FACTS_ALL;
	if (open & PR_FACT_COUNTRY) {
		memset(subject->country, 0, sizeof(subject->country));
		memset(subject->continent, 0, sizeof(subject->continent));
	}
	if (open & PR_FACT_ASN)
		subject->asn = 0;
}

void pr_policy_match_past_denials(const struct pr_policy *policy, const struct pr_subject *subject,
				  bool unseen, struct pr_rule_hit *ret_hit)
{
	const struct pr_blob_ruleset *rulesets[PR_RULESET_COUNT_];
	size_t n = rulesets_of(policy, subject, rulesets);
	struct pr_subject settled = *subject;
	struct walk others = walk_of(policy, subject), certain;

	settle_as_nothing(&settled);
	certain = walk_of(policy, &settled);
	/* What was seen holds, whatever carries it; what is open is neither encrypted nor the contrary. */
	certain.search.carrier_is = others.search.carrier_is;
	if (open_proto(&others, PR_PROTO_UNENCRYPTED))
		certain.search.encryption_is = PR_IS_NONE;
	others.search.others = true;
	if (unseen)
		look_past_seen(&others.search);
	*ret_hit = (struct pr_rule_hit){ .match = PR_MATCH_NONE };
	for (size_t i = 0; i < n; i++) {
		uint32_t other = ruleset_first(&others, rulesets[i]);
		uint32_t sure = ruleset_first(&certain, rulesets[i]);

		if (other == PR_BLOB_NONE && sure == PR_BLOB_NONE)
			continue;
		if (other <= sure)
			classify(&others, other, ret_hit);
		else
			classify(&certain, sure, ret_hit);
		return;
	}
}

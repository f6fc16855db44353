/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The index of the policy against the obvious walk over all rules, with rules and subjects drawn from
 * alphabets so small that they meet all the time.
 */
#include "profile/policy_builder.h"
#include "profile/rule.h"

#include "unit.h"

#include <string.h>

#define N_POLICIES  1600
#define N_QUESTIONS 150 /* a policy */
#define N_PROFILES  4
#define N_RULES_MAX 48 /* a ruleset */
#define SEED	    UINT64_C(20260131)

static uint64_t state_of_random = SEED;

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint32_t draw(uint32_t n)
{
	uint64_t z = state_of_random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

static const char *pick(const char *const *words, uint32_t n)
{
	return words[draw(n)];
}

#define PICK(words) pick(words, PR_ARRAY_SIZE(words))

/* Names of a's and b's: suffixes, zones and parts overlap. */
static void draw_name(char *name, unsigned int n_max)
{
	unsigned int n = 1 + draw(n_max);

	for (unsigned int i = 0; i < n; i++) {
		bool dot = i && i + 1 < n && name[i - 1] != '.' && draw(4) == 0;

		name[i] = dot ? '.' : (char)('a' + (char)draw(2));
	}
	name[n] = '\0';
}

static void draw_prefix(char *text)
{
	if (draw(2))
		sprintf(text, "10.0.%u.%u/%u", draw(2), draw(2) * 128 + draw(2), draw(33));
	else
		sprintf(text, "2001:db8::%x:%x/%u", draw(2), draw(2) * 0x8000, draw(129));
}

static void draw_entity(char *text)
{
	static const char *const fixed[] = { "*",	 "Localhost", "LAN",  "LAN,Internet",
					     "Internet", "AT",	      "DE",   "C:EU",
					     "C:NA",	 "AS1",	      "AS77", "L:x",
					     "L:y",	 "L:x,y,z",   "L:z" };
	char name[32];

	draw_name(name, 7);
	switch (draw(8)) {
	case 0:
		strcpy(text, PICK(fixed));
		break;
	case 1:
		draw_prefix(text);
		break;
	case 2:
		sprintf(text, "%s.", name);
		break;
	case 3:
		sprintf(text, ".%s", name);
		break;
	case 4:
		sprintf(text, "*%s%s", draw(2) ? "." : "", name);
		break;
	case 5:
		sprintf(text, "%s%s*", name, draw(2) ? "." : "");
		break;
	default:
		sprintf(text, "*%s*", name);
	}
}

static void draw_rule(struct pr_rule *rule, char *text)
{
	static const char *const services[] = { "",
						"",
						"",
						" TCP",
						" UDP",
						" ICMP",
						" TCP/80",
						" TCP/80-90",
						" */85",
						" */80-90,443",
						" UDP/53",
						" TCP/443",
						" SCTP/80",
						" 200",
						" TCP/1-65535",
						" tls",
						" QUIC",
						" dns",
						" ssh",
						" encrypted",
						" unencrypted",
						" http/80-90",
						" unencrypted/80-90,443" };
	static const char *const actions[] = { "+", "-", "?", ">", ">t" };
	struct pr_rule_error error;
	const char *service, *action;
	char entity[80];

	draw_entity(entity);
	service = PICK(services);
	/* No tunnel leads from what was seen on the way. */
	action = *service && (service[1] >= 'a' || service[1] == 'Q') ? pick(actions, 3)
								      : PICK(actions);
	sprintf(text, "%s %s%s", action, entity, service);
	if (draw(12) == 0)
		sprintf(text, "+ * TCP/%u", 1 + draw(100));
	if (pr_rule_parse(text, rule, &error) < 0)
		fail_msg("%s: %u: %s", text, error.column, error.message);
}

struct model {
	struct pr_rule rules[N_PROFILES * PR_BLOB_RULESETS][2 * N_RULES_MAX];
	uint32_t n[N_PROFILES * PR_BLOB_RULESETS];
	uint32_t first[N_PROFILES * PR_BLOB_RULESETS];
	bool deny[N_PROFILES];
	uint32_t list_numbers[3]; /* of x, y, z */
};

static void draw_ruleset(struct pr_policy_builder *builder, struct model *model, uint32_t set)
{
	uint32_t n = draw(3) ? draw(N_RULES_MAX) : draw(3);
	char text[128];

	model->first[set] = pr_policy_builder_count(builder, PR_SECTION_RULES);
	for (uint32_t i = 0; i < n; i++) {
		draw_rule(&model->rules[set][i], text);
		pr_policy_builder_rule(builder, &model->rules[set][i], text, "here");
	}
	model->n[set] = n;
	pr_policy_builder_ruleset(builder, model->first[set]);
}

/* The same ports again and again, so that buckets grow beyond a few ranges. */
static void draw_crowd(struct pr_policy_builder *builder, struct model *model, uint32_t set)
{
	struct pr_rule_error error;
	char text[128];

	model->first[set] = pr_policy_builder_count(builder, PR_SECTION_RULES);
	for (uint32_t i = 0; i < 2 * N_RULES_MAX; i++) {
		uint32_t port = 1 + draw(500);

		sprintf(text, "+ %s %s/%u-%u,%u", draw(4) ? "*" : "*a*", draw(4) ? "TCP" : "*",
			port, port + draw(20), 1 + draw(500));
		assert_int_equal(pr_rule_parse(text, &model->rules[set][i], &error), 0);
		pr_policy_builder_rule(builder, &model->rules[set][i], text, "here");
	}
	model->n[set] = 2 * N_RULES_MAX;
	pr_policy_builder_ruleset(builder, model->first[set]);
}

static struct pr_policy *build(struct model *model, uint8_t **ret_bytes)
{
	struct pr_policy_builder *builder = pr_policy_builder_new();
	struct pr_policy *policy = NULL;
	struct pr_blob_global *global;
	size_t len;

	for (uint32_t i = 0; i < 3; i++)
		model->list_numbers[i] =
			pr_policy_builder_list(builder, (const char *[]){ "x", "y", "z" }[i]);
	for (uint32_t set = 0; set < N_PROFILES * PR_BLOB_RULESETS; set++)
		if (draw(16))
			draw_ruleset(builder, model, set);
		else
			draw_crowd(builder, model, set);
	for (uint32_t i = 0; i < N_PROFILES; i++) {
		struct pr_blob_profile profile = { 0 };

		model->deny[i] = draw(2);
		profile.on_missing_data = model->deny[i];
		profile.lists = pr_policy_builder_append(builder, PR_SECTION_WORDS, NULL, 1);
		profile.exceptions = profile.lists;
		pr_policy_builder_append(builder, PR_SECTION_PROFILES, &profile, 1);
	}
	global = pr_policy_builder_record(builder, PR_SECTION_GLOBAL, 0);
	global->n_list_words = 1;
	assert_int_equal(pr_policy_builder_finish(builder, ret_bytes, &len), 0);
	assert_int_equal(pr_policy_open(*ret_bytes, len, &policy), 0);
	pr_policy_builder_free(builder);
	return policy;
}

/* Of x, y and z. */
static const uint64_t *draw_lists(uint64_t *bits)
{
	*bits = draw(8) & draw(8);
	return draw(3) ? bits : NULL;
}

static const struct pr_seen *draw_seen(struct pr_seen *seen)
{
	static const enum pr_speaks speaks[] = { PR_SPEAKS_UNKNOWN, PR_SPEAKS_TLS, PR_SPEAKS_QUIC,
						 PR_SPEAKS_HTTP,    PR_SPEAKS_DNS, PR_SPEAKS_SSH };

	memset(seen, 0, sizeof(*seen));
	seen->speaks = (uint8_t)speaks[draw(PR_ARRAY_SIZE(speaks))];
	seen->encryption = (uint8_t)draw(3);
	return draw(8) ? seen : NULL;
}

static void draw_subject(struct pr_subject *subject, char names[3][32], uint64_t lists[6],
			 struct pr_seen *seen)
{
	static const char *const countries[] = { "AT", "DE", "US" };
	static const uint8_t protocols[] = { 6, 6, 6, 17, 1, 132, 200 };
	char text[64];

	memset(subject, 0, sizeof(*subject));
	subject->direction = (enum pr_direction)draw(3);
	subject->profile = draw(N_PROFILES);
	subject->known = draw(2) ? PR_FACTS_ALL : draw(PR_FACTS_ALL + 1);
	subject->absent = draw(2) ? 0 : draw(PR_FACTS_ALL + 1) & draw(PR_FACTS_ALL + 1);
	subject->n_domains = draw(4);
	for (unsigned int i = 0; i < subject->n_domains; i++) {
		draw_name(names[i], 12);
		subject->domains[i] = names[i];
	}
	if (draw(2))
		sprintf(text, "10.0.%u.%u", draw(2), draw(2) * 128 + draw(4));
	else
		sprintf(text, "2001:db8::%x:%x", draw(2), draw(2) * 0x8000 + draw(2));
	assert_int_equal(pr_address_parse(text, &subject->remote), 0);
	subject->scope = (enum pr_scope)draw(4);
	subject->proto = protocols[draw(sizeof(protocols))];
	subject->port = (uint16_t)(draw(2) ? 75 + draw(20) : draw(520));
	strcpy(subject->country, PICK(countries));
	strcpy(subject->continent, draw(2) ? "EU" : "NA");
	subject->asn = draw(2) ? 1 : 77;
	for (unsigned int i = 0; i < subject->n_domains; i++)
		subject->domain_lists[i] = draw_lists(&lists[i]);
	subject->address_lists = draw_lists(&lists[3]);
	subject->lists_missing = draw_lists(&lists[4]);
	subject->lists_open = draw_lists(&lists[5]);
	subject->n_list_words = 1;
	subject->seen = draw_seen(seen);
}

/* Does it ask for what the packets will show, and that is open? */
static bool is_to_be_seen(const struct pr_rule *rule, const struct pr_subject *subject)
{
	return pr_proto_fact(rule->proto) & PR_FACTS_SEEN & ~subject->known;
}

/* Does a denial that lacks facts deny even if nothing comes of them? */
static enum pr_rule_answer match_with_nothing(const struct pr_rule *rule, const uint32_t *numbers,
					      const struct pr_subject *subject,
					      unsigned int *ret_missing, unsigned int *ret_no_data)
{
	struct pr_subject settled = *subject;

	bool seen = pr_proto_fact(rule->proto) & PR_FACTS_SEEN;

	/* neither encrypted nor the contrary */
	if (is_to_be_seen(rule, subject) ||
	    (rule->proto == PR_PROTO_UNENCRYPTED && !(subject->known & PR_FACT_PROTOCOL) &&
	     subject->absent & PR_FACT_ENCRYPTION))
		return PR_ANSWER_NO;
	settled.known = PR_FACTS_ALL;
	settled.absent |= PR_FACTS_ALL & ~subject->known & ~PR_FACTS_DATA;
	settled.absent &= subject->known | ~PR_FACTS_DATA;
	/* what was seen holds, whatever carries it */
	if (seen)
		settled.known &= subject->known | ~PR_FACT_PROTOCOL;
	if (!(subject->known & PR_FACT_COUNTRY))
		settled.country[0] = settled.continent[0] = '\0';
	if (!(subject->known & PR_FACT_ASN))
		settled.asn = 0;
	return pr_rule_match(rule, numbers, &settled, ret_missing, ret_no_data);
}

enum how { FIRST, PAST_DENIALS, UNSEEN, UNSEEN_PAST_DENIALS };

/* One ruleset, rule by rule. True when the walk ends here. */
static bool walk(const struct model *model, uint32_t set, const struct pr_subject *subject,
		 bool deny, enum how how, struct pr_rule_hit *hit)
{
	for (uint32_t i = 0; i < model->n[set]; i++) {
		const struct pr_rule *rule = &model->rules[set][i];
		uint32_t numbers[3] = { 0 };
		enum pr_rule_answer answer;
		unsigned int missing, no_data;

		for (unsigned int l = 0; l < rule->n_lists; l++)
			numbers[l] = model->list_numbers[rule->lists[l][0] - 'x'];
		answer = pr_rule_match(rule, numbers, subject, &missing, &no_data);
		if (how >= UNSEEN && is_to_be_seen(rule, subject))
			continue;
		if ((how == PAST_DENIALS || how == UNSEEN_PAST_DENIALS) &&
		    answer == PR_ANSWER_OPEN && rule->action == PR_RULE_DENY)
			answer = match_with_nothing(rule, numbers, subject, &missing, &no_data);
		if (answer == PR_ANSWER_NO)
			continue;
		if (no_data && !deny) {
			hit->passed_over |= no_data;
			continue;
		}
		hit->missing = missing;
		hit->match = answer == PR_ANSWER_YES	? PR_MATCH_RULE
			     : answer == PR_ANSWER_OPEN ? PR_MATCH_UNDETERMINABLE
							: PR_MATCH_NO_DATA;
		hit->rule = model->first[set] + i;
		hit->action = rule->action;
		hit->exact_service = rule->entity == PR_ENTITY_PREFIX && rule->n_ports;
		hit->names_protocol = rule->proto != PR_PROTO_ANY &&
				      rule->proto != PR_PROTO_ENCRYPTED &&
				      rule->proto != PR_PROTO_UNENCRYPTED;
		return true;
	}
	return false;
}

static void obvious_match(const struct model *model, const struct pr_subject *subject, enum how how,
			  struct pr_rule_hit *hit)
{
	uint32_t in = subject->direction == PR_DIRECTION_IN, own = subject->profile * 4;
	bool deny = model->deny[subject->profile];

	*hit = (struct pr_rule_hit){ .match = PR_MATCH_NONE };
	if (walk(model, own + PR_BLOB_ENFORCED_OUT + in, subject, deny, how, hit))
		return;
	if (own && walk(model, PR_BLOB_ENFORCED_OUT + in, subject, deny, how, hit))
		return;
	if (walk(model, own + PR_BLOB_OUT + in, subject, deny, how, hit))
		return;
	if (own)
		walk(model, PR_BLOB_OUT + in, subject, deny, how, hit);
}

static void compare(const struct pr_policy *policy, const struct pr_rule_hit *wanted,
		    const struct pr_rule_hit *got, const char *what)
{
	if (wanted->match != got->match || wanted->missing != got->missing ||
	    wanted->passed_over != got->passed_over || wanted->rule != got->rule ||
	    wanted->action != got->action || wanted->exact_service != got->exact_service ||
	    wanted->names_protocol != got->names_protocol)
		fail_msg("%s: wanted %d rule %u (%s) missing %#x, got %d rule %u (%s) missing %#x",
			 what, wanted->match, wanted->rule,
			 pr_policy_rule_text(policy, wanted->rule), wanted->missing, got->match,
			 got->rule, pr_policy_rule_text(policy, got->rule), got->missing);
}

/* Asks the index and the walk; counts what was said, and where more was seen past denials. */
static void ask_both(const struct pr_policy *policy, const struct model *model,
		     const struct pr_subject *subject, unsigned int n_seen[4],
		     unsigned int *n_certain)
{
	struct pr_rule_hit wanted, got;

	obvious_match(model, subject, UNSEEN, &wanted);
	pr_policy_match_unseen(policy, subject, &got);
	compare(policy, &wanted, &got, "unseen");
	if (got.match == PR_MATCH_UNDETERMINABLE && got.action == PR_RULE_DENY) {
		obvious_match(model, subject, UNSEEN_PAST_DENIALS, &wanted);
		wanted.passed_over = 0;
		pr_policy_match_past_denials(policy, subject, true, &got);
		compare(policy, &wanted, &got, "unseen, past denials");
	}
	obvious_match(model, subject, FIRST, &wanted);
	pr_policy_match(policy, subject, &got);
	compare(policy, &wanted, &got, "the first");
	n_seen[got.match]++;
	if (got.match != PR_MATCH_UNDETERMINABLE || got.action != PR_RULE_DENY)
		return;
	obvious_match(model, subject, PAST_DENIALS, &wanted);
	wanted.passed_over = 0;
	pr_policy_match_past_denials(policy, subject, false, &got);
	compare(policy, &wanted, &got, "past denials");
	*n_certain += got.match == PR_MATCH_RULE || got.match == PR_MATCH_NO_DATA;
}

static void index_says_what_the_walk_says(void **state)
{
	static struct model model;
	unsigned int n_seen[4] = { 0 }, n_certain = 0;

	(void)state;
	for (int p = 0; p < N_POLICIES; p++) {
		uint8_t *bytes = NULL;
		struct pr_policy *policy = build(&model, &bytes);

		for (int q = 0; q < N_QUESTIONS; q++) {
			struct pr_subject subject;
			char names[3][32];
			uint64_t lists[6];
			struct pr_seen seen;

			draw_subject(&subject, names, lists, &seen);
			ask_both(policy, &model, &subject, n_seen, &n_certain);
		}
		pr_policy_free(policy);
		free(bytes);
	}
	for (int i = 0; i < 4; i++)
		assert_true(n_seen[i] > N_POLICIES);
	assert_true(n_certain > N_POLICIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(index_says_what_the_walk_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes become a policy of a few rules and a subject with any facts, flags and enumerators; all five
 * decisions, their reasons and explain must survive it; nothing may stay open at the link stage but what the
 * packets will show.
 */
#include "firewall/explain.h"
#include "network/class.h"
#include "profile/policy_builder.h"
#include "profile/rule.h"

#include "../target.h"

#include <string.h>

#define N_PROFILES 4u

struct input {
	const uint8_t *bytes;
	size_t len;
};

static uint8_t take(struct input *input)
{
	if (!input->len)
		return 0;
	input->len--;
	return *input->bytes++;
}

static uint32_t take_u32(struct input *input)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 8 | take(input);
	return value;
}

static const char *const names[] = { "example.com",
				     "www.example.com",
				     "",
				     "net",
				     "mask.icloud.com",
				     "nas.local",
				     "_853._dns.resolver.arpa",
				     "_dns.dns.example" };
static const char *const lists[] = { "ads", "drop", "mine", PR_POLICY_DOH_LIST };
static const char *const rules[] = {
	"+ *",
	"- *",
	"? .com",
	"> *",
	"- example.com TCP/80",
	"- 10.0.0.0/8",
	"+ 8.8.8.8/16 UDP/53",
	"- LAN",
	"+ Internet",
	"- * ICMP6",
	"- AT",
	"- AS1",
	"- L:ads",
	"+ L:mine,drop UDP",
	"? *",
	"- * UDP/60-70",
	">far ::/0",
	"- * unencrypted",
	"+ .com tls",
	"+ * encrypted/80",
	"- * dhcp",
	"? * http",
	"- www.example.com",
	"+ example.com",
};

static void add_profile(struct pr_policy_builder *builder, struct input *input)
{
	uint8_t actions = take(input), flags = take(input), scopes = take(input),
		ways = take(input);
	struct pr_blob_profile profile = {
		.name = pr_policy_builder_string(builder, "app"),
		.default_action = actions % 3,
		.default_incoming = actions / 3 % 3,
		.deny_outgoing = flags & 1,
		.deny_incoming = flags >> 1 & 1,
		.on_missing_data = flags >> 2 & 1,
		.permanent_verdicts = flags >> 3 & 1,
		.require_tunnel = flags >> 4 & 1,
		.own_dns = flags >> 5 & 1,
		.scopes = scopes & 15,
		.incoming_scopes = scopes >> 4,
		.bypass_prevention = ways & 15,
		.generated_domains = (ways >> 4 & 3) % 3,
		.dns_tunnels = (ways >> 6) % 3,
		.require_encryption = flags >> 6 & 1,
		.encryption_scopes = scopes & 7,
		.foreign_names = flags >> 7 ? PR_SUSPICION_DENY : PR_SUSPICION_REPORT,
		.deny_tls = take(input) & 15,
	};
	uint64_t denying[] = { take(input) & 15, take(input) & 15 };

	profile.lists = pr_policy_builder_append(builder, PR_SECTION_WORDS, denying, 2);
	profile.exceptions = profile.lists + 1;

	pr_policy_builder_append(builder, PR_SECTION_PROFILES, &profile, 1);
}

static void add_ruleset(struct pr_policy_builder *builder, struct input *input)
{
	uint32_t first = pr_policy_builder_count(builder, PR_SECTION_RULES);
	struct pr_rule_error error;
	struct pr_rule rule;

	for (unsigned int n = take(input) % 4; n; n--) {
		const char *text = rules[take(input) % PR_ARRAY_SIZE(rules)];

		pr_assert(pr_rule_parse(text, &rule, &error) == 0);
		pr_policy_builder_rule(builder, &rule, text, "fuzz:1");
	}
	pr_policy_builder_ruleset(builder, first);
}

static uint8_t *build(struct input *input, size_t *ret_len)
{
	PR_CLEANUP(pr_policy_builder_cleanup)
	struct pr_policy_builder *builder = pr_policy_builder_new();
	struct pr_blob_global *global = pr_policy_builder_record(builder, PR_SECTION_GLOBAL, 0);
	uint8_t *bytes;

	uint8_t switches = take(input);

	global->start_grace = switches & 1;
	global->rebinding_protection = switches >> 1 & 1;
	global->n_list_words = 1;
	for (size_t i = 0; i < PR_ARRAY_SIZE(lists); i++)
		pr_policy_builder_list(builder, lists[i]);
	for (unsigned int profile = 0; profile < N_PROFILES; profile++) {
		add_profile(builder, input);
		for (unsigned int set = 0; set < PR_BLOB_RULESETS; set++)
			add_ruleset(builder, input);
	}
	pr_assert(pr_policy_builder_finish(builder, &bytes, ret_len) == 0);
	return bytes;
}

static struct pr_address take_address(struct input *input)
{
	uint8_t bytes[16], family = take(input);

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = take(input);
	if (family % 3 == 0)
		return (struct pr_address){ 0 };
	return family & 1 ? pr_address_v4(bytes) : pr_address_v6(bytes);
}

/* Of lists, those that there are and one more; NULL. */
static const uint64_t *take_lists(struct input *input)
{
	static const uint64_t bitsets[32] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
					      11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
					      22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };
	uint8_t which = take(input);

	return which & 128 ? NULL : &bitsets[which & 31];
}

/* Any bytes that may stand there; texts end. */
static void take_seen(struct input *input, struct pr_seen *seen)
{
	static const char *const alpns[] = { "", "h2", "dot", "h3,doq", ",,", "dot,", "dots" };

	seen->settled = take_u32(input) & PR_FACTS_SEEN;
	seen->speaks = take(input) % PR_SPEAKS_COUNT_;
	seen->encryption = take(input) % 3;
	seen->flags = (uint16_t)take_u32(input);
	seen->why = take(input) & 1 ? "it looks so" : NULL;
	strcpy(seen->version, take(input) & 1 ? "1.3" : "");
	strcpy(seen->alpn, alpns[take(input) % PR_ARRAY_SIZE(alpns)]);
	strcpy(seen->alpn_chosen, alpns[take(input) % PR_ARRAY_SIZE(alpns)]);
}

static void take_subject(struct input *input, struct pr_seen *seen, struct pr_subject *subject)
{
	struct pr_address remote = take_address(input);

	pr_subject_remote_set(subject, &remote, NULL);
	subject->direction = (enum pr_direction)(take(input) % 3);
	subject->known = take_u32(input);
	subject->absent = take_u32(input);
	subject->profile = take(input);
	subject->n_domains = take(input) % (PR_SUBJECT_DOMAINS_MAX + 1);
	for (unsigned int i = 0; i < subject->n_domains; i++) {
		subject->domains[i] = names[take(input) % PR_ARRAY_SIZE(names)];
		subject->domain_lists[i] = take_lists(input);
	}
	subject->proto = take(input);
	subject->port = (uint16_t)take_u32(input);
	subject->asn = take(input);
	if (take(input) & 1)
		strcpy(subject->country, "AT");
	subject->address_lists = take_lists(input);
	subject->lists_missing = take_lists(input);
	subject->lists_open = take_lists(input);
	subject->n_list_words = take(input) & 1;
	subject->public_answer = take(input) & 1;
	subject->suspicions = take(input) & 7;
	subject->own = take(input) % 16 == 1;
	subject->infrastructure = take(input) % 8 == 1;
	subject->start_grace = take(input) % 4 == 1;
	subject->attacker = take(input) % 8 == 1;
	if (take(input) & 1) {
		take_seen(input, seen);
		subject->seen = seen;
	}
	if (take(input) & 1) {
		subject->claimed = names[take(input) % PR_ARRAY_SIZE(names)];
		subject->claimed_lists = take_lists(input);
	}
	subject->certificate_expired = take(input) & 1;
	subject->spoofed = (enum pr_spoof)(take(input) % (PR_SPOOF_INVALID + 1));
}

static void check_stage(const struct pr_policy *policy, const struct pr_subject *subject,
			enum pr_stage stage, struct pr_explanation *explanation)
{
	struct pr_decision decision = { 0 };
	char text[96];

	switch (stage) {
	case PR_STAGE_BEFORE_INTEL:
		pr_decide_on_communication_before_intel(policy, subject, &decision);
		break;
	case PR_STAGE_AFTER_INTEL:
		pr_decide_on_communication_after_intel(policy, subject, &decision);
		break;
	case PR_STAGE_COMMUNICATION:
		pr_decide_on_communication(policy, subject, &decision);
		break;
	case PR_STAGE_LINK:
		pr_decide_on_link(policy, subject, &decision);
		break;
	case PR_STAGE_INSPECTION:
		pr_decide_on_inspection(policy, subject, &decision);
		break;
	}
	pr_assert(stage < PR_STAGE_LINK || decision.outcome != PR_OUTCOME_OPEN);
	pr_assert(!decision.wants || !decision.permanent);
	pr_assert(!decision.wants || decision.outcome == PR_OUTCOME_PERMIT ||
		  decision.outcome == PR_OUTCOME_ASK);
	pr_assert(!decision.provisional || decision.wants);
	pr_assert(!(decision.wants & (~PR_FACTS_SEEN | subject->known)));
	pr_assert(decision.check < PR_CHECK_COUNT_);
	pr_assert(decision.verdict != PR_VERDICT_ACCEPT || decision.outcome == PR_OUTCOME_PERMIT);
	pr_decision_reason(policy, NULL, subject, &decision, text, sizeof(text));
	pr_assert(strlen(text) < sizeof(text));
	for (unsigned int id = 0; id < PR_CHECK_COUNT_; id++)
		pr_explain_reason(policy, NULL, subject, explanation, stage, (enum pr_check_id)id,
				  text, sizeof(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct pr_explanation explanation;
	struct input input = { bytes, len };
	struct pr_subject subject = { 0 };
	struct pr_seen seen = { 0 };
	size_t blob_len;
	uint8_t *blob = build(&input, &blob_len);
	PR_CLEANUP(pr_policy_cleanup) struct pr_policy *policy = NULL;

	pr_assert(pr_policy_open(blob, blob_len, &policy) == 0);
	take_subject(&input, &seen, &subject);
	pr_explain(policy, &subject, &explanation);
	for (unsigned int stage = 0; stage < PR_EXPLAINED_STAGES; stage++)
		check_stage(policy, &subject, (enum pr_stage)stage, &explanation);
	(void)pr_decision_key(&subject);
	free(blob);
	return 0;
}

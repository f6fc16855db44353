/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The decisions in cases that a reader can follow, and the sentences that tell why. */
#include "decide_world.h"

#include "firewall/explain.h"
#include "network/class.h"

#include "unit.h"

#include <string.h>

static struct world world;
static struct world_policy compiled;
static struct pr_decision decision;

static void begin(void)
{
	world_init(&world);
}

static void rule(const char *text)
{
	world_add(&world, PR_RULESET_PROFILE, false, text);
}

static void in_force(void)
{
	world_compile(&world, &compiled);
}

static void done(void)
{
	world_policy_done(&compiled);
}

static struct pr_subject asked_for(const char *domain)
{
	return (struct pr_subject){
		.direction = PR_DIRECTION_OUT,
		.known = PR_FACT_OWNER | PR_FACT_DOMAIN,
		.absent = domain ? 0 : PR_FACT_DOMAIN,
		.profile = compiled.app,
		.domains = { domain },
		.n_domains = domain ? 1 : 0,
	};
}

static struct pr_subject resolved(const char *domain, const char *address)
{
	struct pr_subject subject = asked_for(domain);
	static const struct pr_own_addresses own;
	struct pr_address remote;

	assert_int_equal(pr_address_parse(address, &remote), 0);
	pr_subject_remote_set(&subject, &remote, &own);
	subject.absent |=
		PR_FACT_LISTS | (PR_FACT_COUNTRY & ~subject.known) | (PR_FACT_ASN & ~subject.known);
	subject.known |= PR_FACT_LISTS | PR_FACT_COUNTRY | PR_FACT_ASN;
	return subject;
}

static struct pr_subject link_to(const char *domain, const char *address, uint8_t proto,
				 uint16_t port)
{
	struct pr_subject subject = resolved(domain, address);

	subject.known |= PR_FACT_PROTOCOL | PR_FACT_PORT;
	subject.proto = proto;
	subject.port = port;
	if (!port)
		subject.absent |= PR_FACT_PORT;
	return subject;
}

static void check(enum pr_stage stage, const struct pr_subject *subject, enum pr_outcome outcome,
		  enum pr_check_id by)
{
	switch (stage) {
	case PR_STAGE_BEFORE_INTEL:
		pr_decide_on_communication_before_intel(compiled.policy, subject, &decision);
		break;
	case PR_STAGE_AFTER_INTEL:
		pr_decide_on_communication_after_intel(compiled.policy, subject, &decision);
		break;
	case PR_STAGE_COMMUNICATION:
		pr_decide_on_communication(compiled.policy, subject, &decision);
		break;
	default:
		pr_decide_on_link(compiled.policy, subject, &decision);
		break;
	}
	assert_string_equal(pr_outcome_name(decision.outcome), pr_outcome_name(outcome));
	assert_string_equal(pr_checks[decision.check].name, pr_checks[by].name);
}

static void check_reason(const struct pr_subject *subject, const char *reason)
{
	char text[256];

	assert_string_equal(
		pr_decision_reason(compiled.policy, NULL, subject, &decision, text, sizeof(text)),
		reason);
}

static void a_denied_name_is_never_asked_for(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	rule("- .example.com");
	in_force();
	subject = asked_for("www.example.com");
	check(PR_STAGE_BEFORE_INTEL, &subject, PR_OUTCOME_DENY, PR_CHECK_RULES);
	check_reason(&subject, "denied by the rule \"- .example.com\" (profiles/app.conf:4)");
	subject = asked_for("example.net");
	check(PR_STAGE_BEFORE_INTEL, &subject, PR_OUTCOME_OPEN, PR_CHECK_INVALID);
	done();
}

static void an_answer_is_withheld_by_its_address(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	rule("- 192.168.0.0/16");
	in_force();
	subject = asked_for("example.com");
	check(PR_STAGE_BEFORE_INTEL, &subject, PR_OUTCOME_OPEN, PR_CHECK_INVALID);
	subject = resolved("example.com", "192.168.1.1");
	check(PR_STAGE_AFTER_INTEL, &subject, PR_OUTCOME_DENY, PR_CHECK_RULES);
	subject = resolved("example.com", "8.8.8.8");
	check(PR_STAGE_AFTER_INTEL, &subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING);
	subject = resolved("example.com", "0.0.0.0");
	check(PR_STAGE_AFTER_INTEL, &subject, PR_OUTCOME_DENY, PR_CHECK_INVALID);
	check_reason(&subject, "0.0.0.0 is an address that nobody can have (RFC 791)");
	done();
}

static void a_port_never_breaks_a_name(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	rule("- example.com TCP/8080");
	in_force();
	subject = resolved("example.com", "8.8.8.8");
	check(PR_STAGE_BEFORE_INTEL, &subject, PR_OUTCOME_OPEN, PR_CHECK_INVALID);
	check(PR_STAGE_AFTER_INTEL, &subject, PR_OUTCOME_OPEN, PR_CHECK_RULES);
	subject = link_to("example.com", "8.8.8.8", 6, 443);
	check(PR_STAGE_COMMUNICATION, &subject, PR_OUTCOME_OPEN, PR_CHECK_RULES);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING);
	subject = link_to("example.com", "8.8.8.8", 6, 8080);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_RULES);
	assert_int_equal(decision.verdict, PR_VERDICT_BLOCK);
	assert_true(decision.permanent);
	done();
}

/* What can't tell yet whether it denies doesn't hide what denies now; and what permits or asks behind it waits. */
static void a_denial_that_waits_hides_no_other(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.bypass_prevention = PR_BYPASS_CANARY;
	rule("- KP");
	rule("- * UDP/443");
	rule("+ .example.org");
	rule("- .example.com");
	rule("? .example.net");
	in_force();
	subject = asked_for("www.example.com");
	check(PR_STAGE_BEFORE_INTEL, &subject, PR_OUTCOME_DENY, PR_CHECK_RULES);
	check_reason(&subject, "denied by the rule \"- .example.com\" (profiles/app.conf:4)");
	subject = asked_for("example.org");
	check(PR_STAGE_BEFORE_INTEL, &subject, PR_OUTCOME_OPEN, PR_CHECK_INVALID);
	subject = asked_for("example.net");
	check(PR_STAGE_BEFORE_INTEL, &subject, PR_OUTCOME_OPEN, PR_CHECK_INVALID);
	subject = asked_for("use-application-dns.net");
	check(PR_STAGE_BEFORE_INTEL, &subject, PR_OUTCOME_DENY, PR_CHECK_CANARY);
	done();
}

static void twenty_links_are_decided_once(void **state)
{
	struct pr_subject one, other;

	(void)state;
	begin();
	rule("+ example.com");
	rule("- *");
	in_force();
	one = link_to("example.com", "8.8.8.8", 6, 443);
	other = link_to("example.com", "8.8.4.4", 17, 4711);
	check(PR_STAGE_COMMUNICATION, &one, PR_OUTCOME_PERMIT, PR_CHECK_RULES);
	assert_false(decision.defaulted);
	assert_true(pr_decision_key(&one) != 0);
	assert_true(pr_decision_key(&one) == pr_decision_key(&other));
	other = link_to("example.com", "192.168.1.1", 6, 443);
	assert_true(pr_decision_key(&one) != pr_decision_key(&other));
	other = link_to("example.com", "8.8.8.8", 17, 53);
	assert_true(pr_decision_key(&other) == 0);
	check(PR_STAGE_COMMUNICATION, &other, PR_OUTCOME_OPEN, PR_CHECK_OWN);
	done();
}

static void questions_go_to_our_nameserver(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.scopes = PR_SCOPE_BIT_INTERNET; /* neither LAN nor peer-to-peer */
	rule("+ *");
	in_force();
	subject = link_to(NULL, "192.168.1.1", 17, 53);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_REROUTE_NAMESERVER, PR_CHECK_FOREIGN_NAMESERVER);
	assert_int_equal(decision.verdict, PR_VERDICT_REROUTE_NAMESERVER);
	subject = link_to(NULL, "127.0.0.53", 6, 53);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_REROUTE_NAMESERVER, PR_CHECK_FOREIGN_NAMESERVER);
	subject.direction = PR_DIRECTION_IN;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_INCOMING);
	done();

	begin();
	rule("+ 9.9.9.9 UDP/53");
	rule("- 1.1.1.1");
	rule("+ *");
	in_force();
	subject = link_to(NULL, "9.9.9.9", 17, 53);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES);
	subject = link_to(NULL, "9.9.9.9", 6, 53);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_REROUTE_NAMESERVER, PR_CHECK_FOREIGN_NAMESERVER);
	subject = link_to(NULL, "1.1.1.1", 17, 53);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_RULES);
	done();

	begin();
	world.app.own_dns = true;
	in_force();
	subject = link_to(NULL, "198.41.0.4", 17, 53);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING);
	done();
}

static void a_rule_stands_before_every_switch(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.scopes = PR_SCOPE_BIT_LAN;
	world.app.default_action = PR_ACTION_BLOCK;
	rule("+ example.com");
	in_force();
	subject = link_to("example.com", "8.8.8.8", 6, 443);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES);
	subject = link_to("example.net", "8.8.8.8", 6, 443);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_SCOPE);
	check_reason(&subject, "app may not reach the Internet (scopes); a rule such as "
			       "\"+ example.net TCP/443\" would permit it");
	subject = link_to("nas.example", "192.168.1.9", 6, 445);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_DEFAULT_OUTGOING);
	check_reason(&subject, "no rule speaks of it, and default_action of app is block; a rule "
			       "such as \"+ nas.example TCP/445\" would permit it");
	subject = link_to(NULL, "192.168.1.9", 6, 445);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_PEER_TO_PEER);
	done();
}

static void what_comes_in(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.incoming_scopes = PR_SCOPE_BIT_LAN;
	world.app.default_incoming = PR_ACTION_BLOCK;
	world_add(&world, PR_RULESET_PROFILE, true, "+ LAN TCP/22");
	rule("+ *"); /* an outgoing one */
	in_force();
	subject = link_to(NULL, "8.8.8.8", 6, 22);
	subject.direction = PR_DIRECTION_IN;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_INCOMING_SCOPE);
	assert_int_equal(decision.verdict, PR_VERDICT_DROP);
	check_reason(&subject, "app doesn't serve the Internet (incoming_scopes); an incoming rule "
			       "such as \"+ 8.8.8.8 TCP/22\" would permit it");
	subject = link_to(NULL, "192.168.1.9", 6, 22);
	subject.direction = PR_DIRECTION_IN;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES);
	subject.port = 23;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_DEFAULT_INCOMING);
	subject.direction = PR_DIRECTION_FORWARD; /* outgoing rules */
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES);
	done();
}

static void what_cannot_be(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.deny_incoming = PR_DENY_BLOCK;
	world_add(&world, PR_RULESET_ENFORCED_GLOBAL, true, "+ *");
	in_force();
	subject = link_to(NULL, "127.0.0.1", 6, 22);
	subject.direction = PR_DIRECTION_IN;
	subject.spoofed = PR_SPOOF_LOOPBACK;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_SPOOFED);
	assert_int_equal(decision.verdict, PR_VERDICT_DROP); /* a reset would go to ourselves */
	assert_false(decision.permanent);
	check_reason(&subject, "it can't be real: its source is a loopback address, but not its "
			       "interface");
	subject = link_to(NULL, "240.0.0.1", 6, 22);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_INVALID);
	assert_int_equal(decision.verdict, PR_VERDICT_BLOCK);
	done();
}

static void infrastructure_and_our_own(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.global.default_action = world.global.default_incoming = PR_ACTION_BLOCK;
	world_add(&world, PR_RULESET_GLOBAL, false, "- *");
	in_force();
	subject = link_to(NULL, "ff02::1:ff00:1", 58, 0);
	subject.profile = PR_PROFILE_KERNEL;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_RULES);
	subject.infrastructure = true;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_INFRASTRUCTURE);
	assert_false(pr_policy_may_deny_infrastructure(compiled.policy));
	subject.infrastructure = false;
	subject.own = true;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_OWN);
	done();

	begin();
	world_add(&world, PR_RULESET_GLOBAL, false, "- * ICMP6");
	in_force();
	subject.own = false;
	subject.infrastructure = true;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_INFRASTRUCTURE);
	assert_true(pr_policy_may_deny_infrastructure(compiled.policy));
	done();
}

static void older_than_the_daemon(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.default_action = PR_ACTION_BLOCK;
	rule("? example.org");
	rule("- example.com");
	in_force();
	subject = link_to("example.net", "8.8.8.8", 6, 443);
	subject.start_grace = true;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_START_GRACE);
	assert_true(decision.defaulted);
	subject.domains[0] = "example.org";
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_START_GRACE);
	subject.domains[0] = "example.com";
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_RULES);
	done();

	/* what has to be in the tunnel and isn't goes around it */
	begin();
	world.app.require_tunnel = true;
	rule("> example.org");
	in_force();
	subject.domains[0] = "example.org";
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_REROUTE_TUNNEL, PR_CHECK_RULES);
	subject.domains[0] = "example.net";
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_REROUTE_TUNNEL, PR_CHECK_START_GRACE);
	subject = link_to("example.net", "10.0.0.7", 6, 443);
	subject.start_grace = true;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_START_GRACE);
	subject = link_to("example.com", "8.8.8.8", 6, 443);
	subject.start_grace = true;
	done();

	begin();
	world.start_grace = false;
	world.app.default_action = PR_ACTION_BLOCK;
	in_force();
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_DEFAULT_OUTGOING);
	done();
}

static void asking_and_the_tunnel(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.default_action = PR_ACTION_ASK;
	rule("> .onion.example");
	rule(">far .example.org");
	in_force();
	subject = asked_for("example.com");
	check(PR_STAGE_BEFORE_INTEL, &subject, PR_OUTCOME_ASK, PR_CHECK_DEFAULT_OUTGOING);
	assert_int_equal(decision.verdict, PR_VERDICT_DROP);
	subject = asked_for("x.onion.example"); /* the question doesn't go past the tunnel */
	check(PR_STAGE_BEFORE_INTEL, &subject, PR_OUTCOME_REROUTE_TUNNEL, PR_CHECK_RULES);
	subject = link_to("example.org", "8.8.8.8", 6, 443);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_REROUTE_TUNNEL, PR_CHECK_RULES);
	check_reason(
		&subject,
		"through the tunnel far by the rule \">far .example.org\" (profiles/app.conf:4)");
	done();

	begin();
	world.app.require_tunnel = true;
	in_force();
	check(PR_STAGE_COMMUNICATION, &subject, PR_OUTCOME_REROUTE_TUNNEL, PR_CHECK_REQUIRE_TUNNEL);
	subject = link_to("nas.example", "192.168.1.9", 6, 443);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING);
	done();
}

static void data_that_there_is_none_for(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	rule("- AT");
	in_force();
	subject = link_to("example.com", "8.8.8.8", 6, 443);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING);
	assert_int_equal(decision.missing, PR_FACT_COUNTRY);
	done();

	begin();
	world.app.on_missing_data = PR_MISSING_DENY;
	rule("- AT");
	in_force();
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_RULES);
	check_reason(&subject, "denied for lack of data (on_missing_data): the rule \"- AT\" "
			       "(profiles/app.conf:4) depends on country");
	subject = link_to("nas.example", "192.168.1.9", 6, 443); /* has no country */
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING);
	assert_int_equal(decision.missing, 0);
	done();
}

static void facts_are_asked_for(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	rule("- example.com");
	rule("- DE");
	in_force();
	subject = link_to("example.com", "8.8.8.8", 6, 443);
	subject.known &= ~(unsigned int)PR_FACT_OWNER;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_MISSING, PR_CHECK_RULES);
	assert_int_equal(decision.missing, PR_FACT_OWNER);
	check_reason(&subject,
		     "the check \"explicit rules\" depends on what isn't known yet: owner");
	subject.known |= PR_FACT_OWNER;
	subject.known &= ~(unsigned int)PR_FACT_DOMAIN;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_MISSING, PR_CHECK_RULES);
	assert_int_equal(decision.missing, PR_FACT_DOMAIN);
	subject.known |= PR_FACT_DOMAIN;
	subject.domains[0] = "example.net";
	subject.known &= ~(unsigned int)PR_FACT_COUNTRY;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_MISSING, PR_CHECK_RULES);
	assert_int_equal(decision.missing, PR_FACT_COUNTRY);
	/* no owner, and a profile of another policy: unknown */
	subject.known |= PR_FACT_COUNTRY;
	subject.profile = 4711;
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING);
	check_reason(&subject, "no rule speaks of it, and default_action of what has no known "
			       "owner is permit");
	done();
}

static void a_packet_from_nowhere_is_refused(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	rule("+ *");
	in_force();
	subject = asked_for(NULL);
	check(PR_STAGE_LINK, &subject, PR_OUTCOME_DENY, PR_CHECK_INVALID);
	check(PR_STAGE_COMMUNICATION, &subject, PR_OUTCOME_DENY, PR_CHECK_INVALID);
	subject = resolved("example.com", "8.8.8.8");
	subject.direction = PR_DIRECTION_IN; /* no answer comes in, and no row speaks of it */
	check(PR_STAGE_AFTER_INTEL, &subject, PR_OUTCOME_DENY, PR_CHECK_DEFAULT_OUTGOING);
	done();
}

static void explain_tells_the_same(void **state)
{
	static struct pr_explanation explanation;
	struct pr_subject subject;
	char text[256];

	(void)state;
	begin();
	rule("- example.com TCP/8080");
	in_force();
	subject = link_to("example.com", "8.8.8.8", 6, 8080);
	pr_explain(compiled.policy, &subject, &explanation);
	assert_int_equal(explanation.stages[PR_STAGE_AFTER_INTEL].decision.outcome,
			 PR_OUTCOME_OPEN);
	assert_int_equal(explanation.stages[PR_STAGE_LINK].decision.outcome, PR_OUTCOME_DENY);
	assert_int_equal(explanation.stages[PR_STAGE_LINK].steps[PR_CHECK_RULES].state,
			 PR_STEP_DECIDED);
	assert_int_equal(explanation.stages[PR_STAGE_LINK].steps[PR_CHECK_INVALID].state,
			 PR_STEP_SAID);
	assert_int_equal(explanation.stages[PR_STAGE_LINK].steps[PR_CHECK_INCOMING_SCOPE].state,
			 PR_STEP_NOT_HERE);
	assert_int_equal(explanation.stages[PR_STAGE_LINK].steps[PR_CHECK_DEFAULT_OUTGOING].state,
			 PR_STEP_NOT_REACHED);
	assert_string_equal(pr_explain_reason(compiled.policy, NULL, &subject, &explanation,
					      PR_STAGE_COMMUNICATION, PR_CHECK_RULES, text,
					      sizeof(text)),
			    "the rule \"- example.com TCP/8080\" (profiles/app.conf:4) depends on "
			    "what isn't known yet: protocol, port");
	subject = link_to(NULL, "8.8.8.8", 17, 53);
	pr_explain(compiled.policy, &subject, &explanation);
	assert_true(explanation.stages[PR_STAGE_BEFORE_INTEL].skipped);
	assert_true(explanation.stages[PR_STAGE_COMMUNICATION].alone);
	done();
}

static void a_reason_fits_where_it_is_put(void **state)
{
	struct pr_subject subject;
	char text[64];

	(void)state;
	begin();
	rule("- example.com");
	in_force();
	subject = asked_for("example.com");
	check(PR_STAGE_BEFORE_INTEL, &subject, PR_OUTCOME_DENY, PR_CHECK_RULES);
	for (size_t size = 1; size < sizeof(text); size++) {
		memset(text, 'x', sizeof(text));
		pr_decision_reason(compiled.policy, NULL, &subject, &decision, text, size);
		assert_true(strlen(text) < size);
		assert_int_equal(text[size], 'x');
	}
	done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_denied_name_is_never_asked_for),
		cmocka_unit_test(an_answer_is_withheld_by_its_address),
		cmocka_unit_test(a_port_never_breaks_a_name),
		cmocka_unit_test(a_denial_that_waits_hides_no_other),
		cmocka_unit_test(twenty_links_are_decided_once),
		cmocka_unit_test(questions_go_to_our_nameserver),
		cmocka_unit_test(a_rule_stands_before_every_switch),
		cmocka_unit_test(what_comes_in),
		cmocka_unit_test(what_cannot_be),
		cmocka_unit_test(infrastructure_and_our_own),
		cmocka_unit_test(older_than_the_daemon),
		cmocka_unit_test(asking_and_the_tunnel),
		cmocka_unit_test(data_that_there_is_none_for),
		cmocka_unit_test(facts_are_asked_for),
		cmocka_unit_test(a_packet_from_nowhere_is_refused),
		cmocka_unit_test(explain_tells_the_same),
		cmocka_unit_test(a_reason_fits_where_it_is_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the packets show: what is left open for it, what it decides, and the sentences that tell why. */
#include "decide_world.h"

#include "firewall/explain.h"
#include "network/class.h"

#include "unit.h"

#include <string.h>

static struct world world;
static struct world_policy compiled;
static struct pr_decision decision;
static struct pr_seen seen;

static void begin(void)
{
	world_init(&world);
	world.app.encryption_scopes = PR_SCOPE_BIT_LAN | PR_SCOPE_BIT_INTERNET;
	seen = (struct pr_seen){ 0 };
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

/* With up to two names that the application was given. */
static struct pr_subject link_to(const char *first, const char *second, const char *address,
				 uint8_t proto, uint16_t port)
{
	static const struct pr_own_addresses own;
	struct pr_subject subject = {
		.direction = PR_DIRECTION_OUT,
		.known = PR_FACT_OWNER | PR_FACT_DOMAIN | PR_FACT_PROTOCOL | PR_FACT_PORT,
		.absent = (first ? 0 : PR_FACT_DOMAIN) | (port ? 0 : PR_FACT_PORT),
		.profile = compiled.app,
		.domains = { first, second },
		.n_domains = second  ? 2
			     : first ? 1
				     : 0,
		.proto = proto,
		.port = port,
	};
	struct pr_address remote;

	assert_int_equal(pr_address_parse(address, &remote), 0);
	pr_subject_remote_set(&subject, &remote, &own);
	subject.absent |= PR_FACTS_DATA & ~subject.known;
	subject.known |= PR_FACTS_DATA;
	return subject;
}

static void show(struct pr_subject *subject, unsigned int settled)
{
	subject->seen = &seen;
	subject->known |= settled;
}

static void on_link(const struct pr_subject *subject, enum pr_outcome outcome, enum pr_check_id by,
		    unsigned int wants)
{
	pr_decide_on_link(compiled.policy, subject, &decision);
	assert_string_equal(pr_outcome_name(decision.outcome), pr_outcome_name(outcome));
	assert_string_equal(pr_checks[decision.check].name, pr_checks[by].name);
	assert_int_equal(decision.wants, wants);
	assert_true(!decision.wants || !decision.permanent);
}

static void on_inspection(const struct pr_subject *subject, enum pr_outcome outcome,
			  enum pr_check_id by, unsigned int wants)
{
	pr_decide_on_inspection(compiled.policy, subject, &decision);
	assert_string_equal(pr_outcome_name(decision.outcome), pr_outcome_name(outcome));
	assert_string_equal(pr_checks[decision.check].name, pr_checks[by].name);
	assert_int_equal(decision.wants, wants);
	assert_true(!decision.wants || !decision.permanent);
}

static void on_communication(const struct pr_subject *subject, enum pr_outcome outcome)
{
	pr_decide_on_communication(compiled.policy, subject, &decision);
	assert_string_equal(pr_outcome_name(decision.outcome), pr_outcome_name(outcome));
}

static void check_reason(const struct pr_subject *subject, const char *reason)
{
	char text[400];

	assert_string_equal(
		pr_decision_reason(compiled.policy, NULL, subject, &decision, text, sizeof(text)),
		reason);
}

static void what_needs_nothing_is_permanent_at_once(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	rule("+ 192.0.2.0/24");
	in_force();
	subject = link_to("a.example", "b.example", "93.184.216.34", 6, 443);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, 0);
	assert_true(decision.permanent);
	on_communication(&subject, PR_OUTCOME_OPEN); /* the rule needs the address */
	done();
}

static void plaintext_never_gets_there(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.require_encryption = true;
	rule("+ printer.example");
	in_force();
	subject = link_to("a.example", NULL, "93.184.216.34", 6, 80);
	on_communication(&subject, PR_OUTCOME_OPEN);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_REQUIRE_ENCRYPTION, PR_FACT_ENCRYPTION);
	check_reason(&subject, "its handshake passes; the check \"encryption required\" decides "
			       "when its packets have shown this: encryption");
	on_inspection(&subject, PR_OUTCOME_PERMIT, PR_CHECK_REQUIRE_ENCRYPTION, PR_FACT_ENCRYPTION);
	seen.speaks = PR_SPEAKS_HTTP;
	seen.encryption = PR_ENCRYPTION_NO;
	seen.why = "an HTTP request";
	show(&subject, PR_FACTS_SEEN);
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_REQUIRE_ENCRYPTION, 0);
	assert_int_equal(decision.verdict, PR_VERDICT_BLOCK);
	check_reason(&subject,
		     "plaintext HTTP to a.example (an HTTP request); app has to encrypt what it "
		     "exchanges with the Internet (require_encryption); a rule such as "
		     "\"+ a.example http/80\" would permit it");
	seen.speaks = PR_SPEAKS_TLS;
	seen.encryption = PR_ENCRYPTION_YES;
	on_inspection(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, 0);
	assert_true(decision.permanent);
	seen.speaks = PR_SPEAKS_UNKNOWN;
	seen.encryption = PR_ENCRYPTION_UNKNOWN;
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_REQUIRE_ENCRYPTION, 0);
	/* A rule is the exception. */
	subject = link_to("printer.example", NULL, "93.184.216.34", 6, 80);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES, 0);
	/* Not its scope; and what couldn't be inspected is not proven. */
	subject = link_to("a.example", NULL, "127.0.0.1", 6, 80);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, 0);
	subject = link_to("a.example", NULL, "93.184.216.34", 132, 80);
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_REQUIRE_ENCRYPTION, 0);
	subject = link_to("a.example", NULL, "93.184.216.34", 1, 0);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, 0);
	done();
}

static void a_question_is_rerouted_not_inspected(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.require_encryption = true;
	world.app.foreign_names = PR_SUSPICION_DENY;
	in_force();
	subject = link_to(NULL, NULL, "8.8.8.8", 17, 53);
	on_link(&subject, PR_OUTCOME_REROUTE_NAMESERVER, PR_CHECK_FOREIGN_NAMESERVER, 0);
	done();
}

static void who_is_asked_is_asked_when_it_was_seen(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.require_encryption = true;
	world.app.default_action = PR_ACTION_ASK;
	in_force();
	subject = link_to("a.example", NULL, "93.184.216.34", 6, 443);
	/* Before anything goes upstream it is asked all the same. */
	pr_decide_on_communication_before_intel(compiled.policy, &subject, &decision);
	assert_int_equal(decision.outcome, PR_OUTCOME_ASK);
	on_communication(&subject, PR_OUTCOME_OPEN);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_REQUIRE_ENCRYPTION, PR_FACT_ENCRYPTION);
	seen.encryption = PR_ENCRYPTION_YES;
	show(&subject, PR_FACTS_SEEN);
	on_inspection(&subject, PR_OUTCOME_ASK, PR_CHECK_DEFAULT_OUTGOING, 0);
	done();
}

static void two_names_of_one_address(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	rule("- bad.example");
	in_force();
	subject = link_to("good.example", "bad.example", "93.184.216.34", 6, 443);
	on_communication(&subject, PR_OUTCOME_OPEN);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES, PR_FACT_NAME);
	check_reason(&subject,
		     "its handshake passes; the rule \"- bad.example\" "
		     "(profiles/app.conf:4) decides when its packets have shown this: name");
	/* The packets show which. */
	subject = link_to("good.example", NULL, "93.184.216.34", 6, 443);
	show(&subject, PR_FACTS_SEEN);
	on_inspection(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, 0);
	assert_true(decision.permanent);
	subject = link_to("bad.example", NULL, "93.184.216.34", 6, 443);
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_RULES, 0);
	/* They show neither: as it was without looking. */
	subject = link_to("good.example", "bad.example", "93.184.216.34", 6, 443);
	show(&subject, PR_FACTS_SEEN);
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_RULES, 0);
	/* Whichever it is, it is denied: nothing passes for that. */
	subject = link_to("bad.example", "bad.example", "93.184.216.34", 6, 443);
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_RULES, 0);
	done();
}

static void two_names_only_one_of_them_permitted(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.default_action = PR_ACTION_BLOCK;
	rule("+ good.example");
	in_force();
	subject = link_to("other.example", "good.example", "93.184.216.34", 6, 443);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, PR_FACT_NAME);
	subject = link_to("other.example", NULL, "93.184.216.34", 6, 443);
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_DEFAULT_OUTGOING, 0);
	done();
}

static void a_claimed_name_only_denies(void **state)
{
	uint64_t ads = 1u << WORLD_ADS;
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.default_action = PR_ACTION_BLOCK;
	world.app_lists = ads;
	rule("- bad.example");
	rule("+ good.example");
	rule("+ claimed.example");
	in_force();
	subject = link_to("good.example", NULL, "93.184.216.34", 6, 443);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES, PR_FACT_NAME);
	on_communication(&subject, PR_OUTCOME_OPEN);
	show(&subject, PR_FACTS_SEEN);
	subject.claimed = "bad.example";
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_RULES, 0);
	assert_true(decision.by_claim);
	check_reason(&subject,
		     "its packets name bad.example, which app was never given for 93.184.216.34: "
		     "denied by the rule \"- bad.example\" (profiles/app.conf:4)");
	/* That no rule permits it is no denial that rests on the name. */
	subject.claimed = "unheard.example";
	on_inspection(&subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES, 0);
	assert_true(decision.permanent);
	/* Any of several denies. */
	subject.also_claimed[0] = "other.example";
	subject.also_claimed[1] = "bad.example";
	subject.n_also_claimed = 2;
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_RULES, 0);
	assert_true(decision.by_claim);
	check_reason(&subject,
		     "its packets name bad.example, which app was never given for 93.184.216.34: "
		     "denied by the rule \"- bad.example\" (profiles/app.conf:4)");
	/* It permits nothing. */
	subject = link_to("other.example", NULL, "93.184.216.34", 6, 443);
	show(&subject, PR_FACTS_SEEN);
	subject.claimed = "claimed.example";
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_DEFAULT_OUTGOING, 0);
	done();
}

static void lists_speak_of_claimed_names(void **state)
{
	uint64_t ads = 1u << WORLD_ADS;
	struct pr_subject subject;

	(void)state;
	begin();
	world.app_lists = ads;
	in_force();
	subject = link_to("good.example", NULL, "93.184.216.34", 6, 443);
	subject.absent &= ~(unsigned int)PR_FACT_LISTS;
	subject.n_list_words = 1;
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, PR_FACT_NAME);
	show(&subject, PR_FACTS_SEEN);
	subject.claimed = "ads.example";
	subject.claimed_lists = &ads;
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_LISTS, 0);
	check_reason(&subject, "its packets name ads.example, which app was never given for "
			       "93.184.216.34: ads.example is on the list \"ads\" (lists); a rule "
			       "such as \"+ ads.example TCP/443\" would permit it");
	subject.claimed_lists = NULL;
	on_inspection(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, 0);
	done();
}

static void foreign_names(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.foreign_names = PR_SUSPICION_DENY;
	in_force();
	subject = link_to(NULL, NULL, "93.184.216.34", 17, 443);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_FOREIGN_NAME, PR_FACT_NAME);
	show(&subject, PR_FACTS_SEEN);
	on_inspection(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, 0);
	subject.claimed = "front.example";
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_FOREIGN_NAME, 0);
	check_reason(&subject, "its packets name front.example, which app was never given for "
			       "93.184.216.34 (foreign_names); a rule such as "
			       "\"+ 93.184.216.34 UDP/443\" would permit it");
	done();
}

static void tls_as_it_may_not_be(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.deny_tls = PR_TLS_NAMELESS | PR_TLS_OLD | PR_TLS_EXPIRED;
	in_force();
	subject = link_to("a.example", NULL, "93.184.216.34", 6, 443);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DENY_TLS, PR_FACT_NAME | PR_FACT_CERTIFICATE);
	seen.speaks = PR_SPEAKS_TLS;
	seen.encryption = PR_ENCRYPTION_YES;
	strcpy(seen.version, "1.1");
	show(&subject, PR_FACT_SPEAKS | PR_FACT_NAME | PR_FACT_ENCRYPTION);
	on_inspection(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DENY_TLS, PR_FACT_CERTIFICATE);
	seen.flags = PR_SEEN_OLD;
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_DENY_TLS, 0);
	check_reason(&subject,
		     "TLS 1.1 to a.example: its version is below 1.2 (RFC 8996) "
		     "(deny_tls); a rule such as \"+ a.example tls/443\" would permit it");
	seen.flags = PR_SEEN_CERTIFICATE | PR_SEEN_SELF_ISSUED;
	show(&subject, PR_FACTS_SEEN);
	on_inspection(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, 0);
	subject.certificate_expired = true;
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_DENY_TLS, 0);
	done();
}

static void dns_by_its_alpn(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world.app.bypass_prevention = PR_BYPASS_DOT;
	in_force();
	subject = link_to("dns.example", NULL, "93.184.216.34", 6, 443);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_ENCRYPTED_DNS, PR_FACT_NAME);
	seen.speaks = PR_SPEAKS_TLS;
	strcpy(seen.alpn, "h2,dots,adot");
	show(&subject, PR_FACTS_SEEN);
	on_inspection(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, 0);
	strcpy(seen.alpn, "h2,dot");
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_ENCRYPTED_DNS, 0);
	done();
}

static void rules_for_what_is_proven(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	rule("- Internet unencrypted");
	rule("+ 93.184.0.0/16 ssh");
	rule("- 93.184.0.0/16");
	in_force();
	/* Either it is SSH or it is denied: the handshake may show it. */
	subject = link_to("a.example", NULL, "93.184.216.34", 6, 22);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES, PR_FACT_ENCRYPTION);
	check_reason(&subject, "its handshake passes; the rule \"- Internet unencrypted\" "
			       "(profiles/app.conf:4) decides when its packets have shown this: "
			       "encryption");
	seen.encryption = PR_ENCRYPTION_YES;
	show(&subject, PR_FACT_ENCRYPTION);
	on_inspection(&subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES, PR_FACT_SPEAKS);
	seen.speaks = PR_SPEAKS_SSH;
	show(&subject, PR_FACTS_SEEN);
	on_inspection(&subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES, 0);
	assert_true(decision.permanent);
	seen.speaks = PR_SPEAKS_TLS;
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_RULES, 0);
	check_reason(&subject, "denied by the rule \"- 93.184.0.0/16\" (profiles/app.conf:4)");
	seen.encryption = PR_ENCRYPTION_NO;
	seen.speaks = PR_SPEAKS_HTTP;
	on_inspection(&subject, PR_OUTCOME_DENY, PR_CHECK_RULES, 0);
	check_reason(&subject, "denied by the rule \"- Internet unencrypted\" "
			       "(profiles/app.conf:4): plaintext HTTP to a.example");
	/* SSH isn't spoken over UDP: nothing but denials is left, and nothing passes. */
	subject = link_to("a.example", NULL, "93.184.216.34", 17, 22);
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_RULES, 0);
	/* A question goes elsewhere, whatever it isn't; a ping has nothing to encrypt. */
	subject = link_to(NULL, NULL, "8.8.8.8", 17, 53);
	on_link(&subject, PR_OUTCOME_REROUTE_NAMESERVER, PR_CHECK_FOREIGN_NAMESERVER, 0);
	subject = link_to(NULL, NULL, "8.8.8.8", 1, 0);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, 0);
	/* What couldn't be looked into is not proven encrypted. */
	subject = link_to(NULL, NULL, "8.8.8.8", 6, 22);
	subject.known |= PR_FACTS_SEEN;
	subject.absent |= PR_FACTS_SEEN;
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_RULES, 0);
	done();
}

/* But what the packets show is looked at, for it may deny what goes there. */
static void the_tunnel_does_not_wait(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	rule("+ * tls");
	rule("> .example");
	in_force();
	subject = link_to("a.example", NULL, "93.184.216.34", 6, 443);
	on_link(&subject, PR_OUTCOME_REROUTE_TUNNEL, PR_CHECK_RULES, PR_FACT_SPEAKS);
	subject = link_to("a.test", NULL, "93.184.216.34", 6, 443);
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES, PR_FACT_SPEAKS);
	done();
}

/* Infrastructure isn't inspected; a rule that names DHCP means it all the same. */
static void dhcp_by_its_name(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	rule("- * unencrypted");
	in_force();
	subject = link_to(NULL, NULL, "192.168.1.1", 17, 67);
	subject.infrastructure = true;
	assert_false(pr_policy_may_deny_infrastructure(compiled.policy));
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_INFRASTRUCTURE, 0);
	done();
	begin();
	rule("- * dns");
	rule("- * unencrypted");
	rule("- * dhcp");
	in_force();
	assert_true(pr_policy_may_deny_infrastructure(compiled.policy));
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_INFRASTRUCTURE, 0);
	done();
	begin();
	rule("- * dhcp/67");
	in_force();
	assert_true(pr_policy_may_deny_infrastructure(compiled.policy));
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_INFRASTRUCTURE, 0);
	subject.proto = 58;
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_INFRASTRUCTURE, 0);
	done();
}

static void attackers_are_dropped_for_a_time(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world_add(&world, PR_RULESET_PROFILE, true, "+ *");
	in_force();
	subject = link_to(NULL, NULL, "93.184.216.34", 6, 22);
	subject.direction = PR_DIRECTION_IN;
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES, 0);
	subject.attacker = true;
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_ATTACKER, 0);
	assert_int_equal(decision.verdict, PR_VERDICT_DROP);
	assert_false(decision.permanent);
	assert_int_equal(pr_decision_key(&subject), 0);
	done();
}

static void who_is_named_by_address_is_no_attacker(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	world_add(&world, PR_RULESET_PROFILE, true, "+ 93.184.216.0/24 TCP/22");
	world_add(&world, PR_RULESET_PROFILE, true, "+ Internet");
	in_force();
	subject = link_to(NULL, NULL, "93.184.216.34", 6, 22);
	subject.direction = PR_DIRECTION_IN;
	subject.attacker = true;
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES, 0);
	subject.port = 23;
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_ATTACKER, 0);
	subject.port = 22;
	subject.direction = PR_DIRECTION_FORWARD;
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_ATTACKER, 0);
	done();
	/* In the order of the rules: what stands before it counts first. */
	begin();
	world_add(&world, PR_RULESET_PROFILE, true, "+ * TCP/22");
	world_add(&world, PR_RULESET_PROFILE, true, "+ 93.184.216.34");
	in_force();
	subject.direction = PR_DIRECTION_IN;
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_ATTACKER, 0);
	done();
}

/* What its packets ask for isn't all there. */
static void names_that_were_not_seen(void **state)
{
	struct pr_subject subject;

	(void)state;
	begin();
	rule("- b.example");
	in_force();
	seen.flags = PR_SEEN_INCOMPLETE;
	subject = link_to("a.example", NULL, "93.184.216.34", 6, 443);
	subject.seen = &seen;
	subject.known |= PR_FACTS_SEEN;
	subject.claimed = "a.example";
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_FOREIGN_NAME, 0);
	assert_int_equal(decision.verdict, PR_VERDICT_BLOCK);
	/* whoever comes to us names us */
	subject.direction = PR_DIRECTION_IN;
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_INCOMING, 0);
	done();
	/* Nothing is denied by name: it is what it would be without. */
	begin();
	rule("- 192.0.2.1");
	in_force();
	seen.flags = PR_SEEN_INCOMPLETE;
	subject.direction = PR_DIRECTION_OUT;
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_DEFAULT_OUTGOING, 0);
	done();
	/* One of those that it was given isn't permitted. */
	begin();
	rule("+ a.example");
	rule("- *");
	in_force();
	seen.flags = PR_SEEN_INCOMPLETE;
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES, 0);
	subject.domains[1] = "b.example";
	subject.n_domains = 2;
	on_link(&subject, PR_OUTCOME_DENY, PR_CHECK_FOREIGN_NAME, 0);
	seen.flags = 0;
	on_link(&subject, PR_OUTCOME_PERMIT, PR_CHECK_RULES, 0);
	done();
}

static void what_a_policy_could_ever_want(void **state)
{
	(void)state;
	begin();
	world_add(&world, PR_RULESET_GLOBAL, false, "+ 192.0.2.0/24");
	world_add(&world, PR_RULESET_GLOBAL, false, "- ads.example");
	rule("+ mail.example");
	in_force();
	assert_int_equal(pr_policy_wants_seen(compiled.policy, compiled.app, PR_DIRECTION_OUT),
			 PR_FACT_NAME);
	assert_int_equal(pr_policy_wants_seen(compiled.policy, compiled.app, PR_DIRECTION_IN), 0);
	assert_true(pr_policy_denies_name_before(compiled.policy, compiled.app, PR_DIRECTION_OUT,
						 UINT32_MAX));
	/* The global rules are numbered first. */
	assert_false(
		pr_policy_denies_name_before(compiled.policy, compiled.app, PR_DIRECTION_OUT, 0));
	assert_true(pr_policy_denies_name_before(compiled.policy, compiled.app, PR_DIRECTION_OUT,
						 2) == false);
	done();
	begin();
	world.app.require_encryption = true;
	world.app.deny_tls = PR_TLS_SELF_ISSUED;
	in_force();
	assert_int_equal(pr_policy_wants_seen(compiled.policy, compiled.app, PR_DIRECTION_OUT),
			 PR_FACT_ENCRYPTION | PR_FACT_CERTIFICATE);
	assert_int_equal(pr_policy_wants_seen(compiled.policy, compiled.app, PR_DIRECTION_IN),
			 PR_FACT_ENCRYPTION);
	assert_int_equal(pr_policy_wants_seen(compiled.policy, PR_PROFILE_GLOBAL, PR_DIRECTION_OUT),
			 0);
	done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_needs_nothing_is_permanent_at_once),
		cmocka_unit_test(plaintext_never_gets_there),
		cmocka_unit_test(a_question_is_rerouted_not_inspected),
		cmocka_unit_test(who_is_asked_is_asked_when_it_was_seen),
		cmocka_unit_test(two_names_of_one_address),
		cmocka_unit_test(two_names_only_one_of_them_permitted),
		cmocka_unit_test(a_claimed_name_only_denies),
		cmocka_unit_test(lists_speak_of_claimed_names),
		cmocka_unit_test(foreign_names),
		cmocka_unit_test(tls_as_it_may_not_be),
		cmocka_unit_test(dns_by_its_alpn),
		cmocka_unit_test(rules_for_what_is_proven),
		cmocka_unit_test(the_tunnel_does_not_wait),
		cmocka_unit_test(dhcp_by_its_name),
		cmocka_unit_test(attackers_are_dropped_for_a_time),
		cmocka_unit_test(who_is_named_by_address_is_no_attacker),
		cmocka_unit_test(names_that_were_not_seen),
		cmocka_unit_test(what_a_policy_could_ever_want),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

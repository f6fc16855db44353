/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which names are left to the far end of a tunnel: cases to read, and random ones against links one by one. */
#include "decide_draw.h"

#include "firewall/checks.h"
#include "network/class.h"

#include "unit.h"

#include <string.h>

#define N_WORLDS   1500u
#define N_SUBJECTS 20u /* a world */
#define N_LINKS	   40u /* that are tried for each */

static struct world world;
static struct world_policy compiled;
static struct pr_decision decision;

static struct pr_subject asked_for(const char *domain)
{
	return (struct pr_subject){
		.direction = PR_DIRECTION_OUT,
		.known = PR_FACT_OWNER | PR_FACT_DOMAIN,
		.profile = compiled.app,
		.domains = { domain },
		.n_domains = 1,
	};
}

/* Is the name left to the far end? Rules of the application, up to the NULL. */
static bool with_rules(const char *domain, const char *const *rules)
{
	struct pr_subject subject;
	bool tunnelled;

	for (; *rules; rules++)
		world_add(&world, PR_RULESET_PROFILE, false, *rules);
	world_compile(&world, &compiled);
	subject = asked_for(domain);
	tunnelled = pr_decide_is_tunnelled(compiled.policy, &subject, &decision);
	world_policy_done(&compiled);
	return tunnelled;
}

#define RULES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_RULES   ((const char *const[]){ NULL })

static void rules_that_lead_through(void **state)
{
	(void)state;
	world_init(&world);
	assert_true(with_rules("example.com", RULES("> *")));
	assert_int_equal(decision.check, PR_CHECK_RULES);
	assert_int_equal(decision.outcome, PR_OUTCOME_REROUTE_TUNNEL);
	world_init(&world);
	assert_true(with_rules("www.example.com", RULES("> .example.com")));
	world_init(&world);
	assert_false(with_rules("www.example.org", RULES("> .example.com")));
	world_init(&world);
	assert_true(with_rules("example.com", RULES("> Internet")));
	/* an address that isn't known is on no network, and in no country */
	world_init(&world);
	assert_true(with_rules("example.com", RULES("+ 192.0.2.0/24", "- AS1", "+ LAN", "> *")));
	/* some links would go straight there by default */
	world_init(&world);
	assert_false(with_rules("example.com", RULES("> * TCP/443")));
	assert_true(with_rules("example.com", RULES("> * TCP/443", "- *")));
	world_init(&world);
	world.app.default_action = PR_ACTION_BLOCK;
	assert_true(with_rules("example.com", RULES("> * TCP/443")));
	world_init(&world);
	assert_false(with_rules("example.com", RULES("+ example.com UDP/443", "> *")));
	world_init(&world);
	assert_false(with_rules("example.com", RULES("? example.com UDP/443", "> *")));
	/* nothing carries ICMP, so nothing is said of it */
	world_init(&world);
	assert_true(with_rules("example.com", RULES("+ * ICMP", "> *")));
	/* all of it is denied: nothing to be given an address for */
	world_init(&world);
	assert_false(with_rules("example.com", RULES("- example.com", "> *")));
	world_init(&world);
	world.app.scopes = PR_SCOPE_BIT_LAN | PR_SCOPE_BIT_LOCALHOST;
	assert_false(with_rules("example.com", RULES("> .example.org")));
	/* what packets show comes too late for a link that is rerouted */
	world_init(&world);
	assert_true(with_rules("example.com", RULES("- * unencrypted", "> *")));
}

static void where_the_tunnel_is_required(void **state)
{
	(void)state;
	world_init(&world);
	assert_false(with_rules("example.com", NO_RULES));
	world.app.require_tunnel = true;
	assert_true(with_rules("example.com", NO_RULES));
	assert_int_equal(decision.check, PR_CHECK_REQUIRE_TUNNEL);
	assert_true(with_rules("example.com", RULES("+ example.org", "- example.net")));
	assert_false(with_rules("example.org", NO_RULES));
	/* a service has no name told to nameservers, but the rule that names it has */
	world_init(&world);
	world.app.require_tunnel = true;
	assert_true(with_rules("example.com", RULES("+ * UDP/123")));
	world_init(&world);
	world.app.require_tunnel = true;
	assert_false(with_rules("time.example", RULES("+ time.example UDP/123", "+ * UDP/123")));
	/* nor does a whole protocol count as a service */
	world_init(&world);
	world.app.require_tunnel = true;
	assert_false(with_rules("example.com", RULES("+ * TCP")));
	world_init(&world);
	world.app.require_tunnel = true;
	assert_false(with_rules("example.com", RULES("+ *")));
	/* what a user will permit goes through it */
	world_init(&world);
	world.app.require_tunnel = true;
	world.app.default_action = PR_ACTION_ASK;
	assert_true(with_rules("example.com", NO_RULES));
	assert_int_equal(decision.check, PR_CHECK_REQUIRE_TUNNEL);
	assert_int_equal(decision.outcome, PR_OUTCOME_REROUTE_TUNNEL);
	world_init(&world);
	world.app.require_tunnel = true;
	world.app.default_action = PR_ACTION_BLOCK;
	assert_false(with_rules("example.com", NO_RULES));
}

static void what_a_user_permits(void **state)
{
	static const struct pr_own_addresses none;
	struct pr_address address;
	struct pr_subject subject;

	(void)state;
	world_init(&world);
	world.app.require_tunnel = true;
	world_compile(&world, &compiled);
	subject = asked_for("example.com");
	assert_false(pr_decide_answer_is_tunnelled(compiled.policy, &subject));
	pr_subject_set_far(&subject);
	assert_true(pr_decide_answer_is_tunnelled(compiled.policy, &subject));
	assert_int_equal(pr_address_parse("192.168.7.7", &address), 0);
	pr_subject_remote_set(&subject, &address, &none);
	assert_false(pr_decide_answer_is_tunnelled(compiled.policy, &subject));
	subject.profile = PR_PROFILE_GLOBAL;
	pr_subject_set_far(&subject);
	assert_false(pr_decide_answer_is_tunnelled(compiled.policy, &subject));
	world_policy_done(&compiled);
}

/* A link of the communication, to the address that stands for its name. */
static struct pr_subject draw_link(const struct pr_subject *subject)
{
	static const uint16_t ports[] = { 0, 1, 22, 53, 80, 123, 443, 853, 8080, 65535 };
	struct pr_subject link = *subject;

	pr_subject_set_far(&link);
	link.known = (link.known & ~PR_FACTS_SEEN) | PR_FACT_PROTOCOL | PR_FACT_PORT;
	link.absent &= ~(PR_FACTS_SEEN | PR_FACT_PROTOCOL | PR_FACT_PORT);
	link.lists_open = NULL;
	link.proto = one_in(2) ? 6 : 17;
	link.port = one_in(2) ? (uint16_t)draw(65536) : ports[draw(PR_ARRAY_SIZE(ports))];
	return link;
}

/* What was said of all holds for each. */
static void no_link_goes_around(void **state)
{
	unsigned int n_tunnelled = 0, n_links = 0;

	(void)state;
	draw_seed(UINT64_C(0x706f6f6c));
	for (unsigned int i = 0; i < N_WORLDS; i++) {
		draw_world(&world);
		if (one_in(3))
			world.app.require_tunnel = true;
		world_compile(&world, &compiled);
		for (unsigned int k = 0; k < N_SUBJECTS; k++) {
			struct pr_subject subject = asked_for(draw_name());
			const struct pr_settings *settings;

			subject.domain_lists[0] = draw_bits(UINT64_MAX);
			subject.n_list_words = 1;
			if (!pr_decide_is_tunnelled(compiled.policy, &subject, &decision))
				continue;
			assert_int_equal(decision.outcome, PR_OUTCOME_REROUTE_TUNNEL);
			assert_int_equal(decision.verdict, PR_VERDICT_REROUTE_TUNNEL);
			settings = pr_policy_settings(compiled.policy, compiled.app);
			n_tunnelled++;
			for (unsigned int n = 0; n < N_LINKS; n++) {
				struct pr_subject link = draw_link(&subject);

				pr_decide_on_link(compiled.policy, &link, &decision);
				n_links++;
				if (decision.outcome == PR_OUTCOME_ASK)
					assert_true(settings->require_tunnel);
				else if (decision.outcome == PR_OUTCOME_PERMIT)
					assert_true(settings->require_tunnel &&
						    pr_policy_rule_has_ports(compiled.policy,
									     decision.rule));
				else
					assert_true(decision.outcome == PR_OUTCOME_DENY ||
						    decision.outcome == PR_OUTCOME_REROUTE_TUNNEL ||
						    decision.outcome ==
							    PR_OUTCOME_REROUTE_NAMESERVER);
			}
		}
		world_policy_done(&compiled);
	}
	assert_in_range(n_tunnelled, N_WORLDS, N_WORLDS * N_SUBJECTS / 2);
	assert_int_equal(n_links, n_tunnelled * N_LINKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_that_lead_through),
		cmocka_unit_test(where_the_tunnel_is_required),
		cmocka_unit_test(what_a_user_permits),
		cmocka_unit_test(no_link_goes_around),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

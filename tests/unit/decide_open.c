/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What must hold as long as the packets haven't shown everything: over random policies and links, with some of
 * the facts open, against all that they can turn out to be. What the decisions say once all is settled is
 * held against the model in decide_properties.c.
 */
#include "decide_draw.h"

#include "firewall/explain.h"

#include "unit.h"

#include <string.h>

#define N_WORLDS  2500u
#define N_LINKS	  60u /* a world */
#define N_ENDINGS 24u /* that are tried for each: how the open facts turn out */
#define SEED	  UINT64_C(0x6c61746572)

static struct world world;
static struct world_policy compiled;
static unsigned int n_provisional, n_denied, n_permitted, n_changed, n_by_claim, n_for_nothing;

static void show(const struct pr_subject *subject, const struct pr_decision *decision,
		 const char *what)
{
	char text[300], address[PR_ADDRESS_TEXT_SIZE];

	print_error("%s\n", what);
	for (unsigned int i = 0; i < world.n_rules; i++)
		print_error("  %u%s %s\n", world.rules[i].ruleset,
			    world.rules[i].incoming ? " in" : "",
			    world_rule_text(&world.rules[i], text, sizeof(text)));
	print_error("  profile %u %s known %x absent %x %s %s claims %s %s proto %u port %u speaks "
		    "%u encryption %u\n",
		    subject->profile, pr_direction_name(subject->direction), subject->known,
		    subject->absent, subject->n_domains ? subject->domains[0] : "-",
		    subject->n_domains > 1 ? subject->domains[1] : "-",
		    subject->claimed ? subject->claimed : "-",
		    pr_address_format(&subject->remote, address), subject->proto, subject->port,
		    subject->seen ? subject->seen->speaks : 0,
		    subject->seen ? subject->seen->encryption : 0);
	print_error(
		"  %s wants %x missing %x: %s\n", pr_outcome_name(decision->outcome),
		decision->wants, decision->missing,
		pr_decision_reason(compiled.policy, NULL, subject, decision, text, sizeof(text)));
}

/* A link of which all is known but what its packets will show; of a kind that is looked into. */
static void draw_link(struct pr_subject *subject)
{
	do {
		draw_subject(subject, compiled.app);
		subject->known &= ~PR_FACTS_SEEN;
		subject->absent &= subject->known;
		subject->seen = NULL;
		subject->claimed = NULL;
		draw_rest(subject, compiled.app);
	} while (subject->absent & (PR_FACT_SCOPE | PR_FACT_ADDRESS));
	subject->known &= ~PR_FACTS_SEEN;
	subject->absent &= subject->known;
	/* Nobody was given a name for what comes in. */
	if (subject->direction == PR_DIRECTION_IN) {
		subject->n_domains = 0;
		subject->absent |= PR_FACT_DOMAIN;
	}
	subject->own = subject->infrastructure = subject->start_grace = false;
	subject->pooled = false; /* nobody looks into what the tunnel alone could carry */
	subject->to_nameserver = subject->certificate_expired = false;
	if (subject->absent & PR_FACT_PORT || one_in(2))
		subject->port = 443;
	subject->absent &= ~(unsigned int)PR_FACT_PORT;
	if (subject->proto != 6)
		subject->proto = 17;
	if (subject->port == 53)
		subject->dns_exempt = true;
}

/* How it may turn out: one of the names is proven, or none and perhaps another claimed. */
static void end_open(struct pr_subject *subject)
{
	unsigned int n = subject->n_domains, which = draw(n + 1);

	draw_seen(subject);
	if (subject->direction == PR_DIRECTION_IN)
		subject->claimed = NULL;
	if (which == n)
		return;
	subject->claimed = NULL;
	subject->domains[0] = subject->domains[which];
	subject->domain_lists[0] = subject->domain_lists[which];
	subject->n_domains = 1;
}

static void broken(const struct pr_subject *subject, const struct pr_decision *decision,
		   const struct pr_subject *other, const struct pr_decision *then, const char *what)
{
	show(subject, decision, what);
	if (other)
		show(other, then, "but then");
	fail();
}

static bool same(const struct pr_decision *a, const struct pr_decision *b)
{
	return a->outcome == b->outcome && a->verdict == b->verdict &&
	       a->permanent == b->permanent && a->check == b->check && a->rule == b->rule &&
	       a->missing == b->missing && a->wants == b->wants &&
	       a->provisional == b->provisional && a->by_claim == b->by_claim;
}

/* Of any decision on a link. */
static void check_shape(const struct pr_subject *subject, const struct pr_decision *decision)
{
	struct pr_decision again;

	if (decision->outcome == PR_OUTCOME_OPEN || decision->outcome == PR_OUTCOME_MISSING)
		broken(subject, decision, NULL, NULL, "not decided");
	if (decision->wants && decision->outcome != PR_OUTCOME_PERMIT &&
	    decision->outcome != PR_OUTCOME_REROUTE_TUNNEL && decision->outcome != PR_OUTCOME_ASK)
		broken(subject, decision, NULL, NULL, "wants something, and doesn't permit");
	if (decision->wants & (subject->known | ~PR_FACTS_SEEN))
		broken(subject, decision, NULL, NULL, "wants what is settled");
	if (decision->wants && decision->permanent)
		broken(subject, decision, NULL, NULL, "permanent, and wants something");
	if (decision->provisional && !decision->wants)
		broken(subject, decision, NULL, NULL, "provisional, and wants nothing");
	pr_decide_on_inspection(compiled.policy, subject, &again);
	if (!same(decision, &again))
		broken(subject, decision, subject, &again, "the stages differ");
}

/* With all settled nothing is open; what a claim adds only denies. */
static void check_settled(const struct pr_subject *subject, const struct pr_decision *decision)
{
	struct pr_subject silent = *subject;
	struct pr_decision without;

	check_shape(subject, decision);
	if (decision->wants)
		broken(subject, decision, NULL, NULL, "settled, and wants something");
	silent.claimed = NULL;
	pr_decide_on_inspection(compiled.policy, &silent, &without);
	n_by_claim += decision->by_claim;
	if (decision->outcome != without.outcome && decision->outcome != PR_OUTCOME_DENY)
		broken(subject, decision, &silent, &without, "a claimed name permits");
}

/* Some of what will be seen is settled, in the way that it ends. */
static struct pr_subject settle_some(const struct pr_subject *start, const struct pr_subject *end)
{
	struct pr_subject some = *end;
	unsigned int settled = draw(PR_FACTS_ALL + 1) & PR_FACTS_SEEN;

	some.known &= settled | ~PR_FACTS_SEEN;
	some.absent &= some.known;
	/* What the certificate says comes with it. */
	if (!(settled & PR_FACT_CERTIFICATE))
		some.certificate_expired = false;
	if (settled & PR_FACT_NAME)
		return some;
	some.claimed = NULL;
	some.n_domains = start->n_domains;
	memcpy(some.domains, start->domains, sizeof(some.domains));
	memcpy(some.domain_lists, start->domain_lists, sizeof(some.domain_lists));
	return some;
}

/* What was final stays so. A reroute settles the way of a link at its first packet, and it may be denied only where it
 * wanted to see more. */
static void check_ending(const struct pr_subject *subject, const struct pr_decision *decision,
			 const struct pr_subject *end, const struct pr_decision *then)
{
	if (decision->wants) {
		n_changed += then->outcome != PR_OUTCOME_PERMIT;
		return;
	}
	/* As what it claims it is cut at once, even if a denial that says nothing of names, and so doesn't count, would
	 * stand in front of that once more is seen. */
	if (decision->by_claim)
		return;
	if (then->outcome == PR_OUTCOME_DENY && decision->outcome == PR_OUTCOME_REROUTE_TUNNEL)
		broken(subject, decision, end, then, "rerouted for good");
	if (then->outcome != decision->outcome && decision->outcome != PR_OUTCOME_REROUTE_TUNNEL &&
	    decision->outcome != PR_OUTCOME_REROUTE_NAMESERVER)
		broken(subject, decision, end, then, "final");
}

static bool is_denied(const struct pr_subject *subject, unsigned int name, unsigned int speaks,
		      enum pr_encryption encryption)
{
	const struct pr_seen seen = { .speaks = (uint8_t)speaks,
				      .encryption = (uint8_t)encryption };
	struct pr_subject end = *subject;
	struct pr_decision decision;

	end.known |= PR_FACTS_SEEN;
	end.seen = &seen;
	if (name < subject->n_domains) {
		end.domains[0] = subject->domains[name];
		end.domain_lists[0] = subject->domain_lists[name];
		end.n_domains = 1;
	}
	pr_decide_on_inspection(compiled.policy, &end, &decision);
	return decision.outcome == PR_OUTCOME_DENY;
}

/* What is denied however it turns out doesn't even shake hands. */
static void check_not_lax(const struct pr_subject *subject, const struct pr_decision *decision)
{
	if (!decision->provisional)
		return;
	for (unsigned int name = 0; name <= subject->n_domains; name++)
		for (unsigned int speaks = 0; speaks < PR_SPEAKS_COUNT_; speaks++)
			if (pr_speaks_over((enum pr_speaks)speaks, subject->proto) &&
			    (!is_denied(subject, name, speaks, PR_ENCRYPTION_YES) ||
			     !is_denied(subject, name, speaks, PR_ENCRYPTION_NO)))
				return;
	n_for_nothing++;
	for (unsigned int i = 0; i < world.n_rules; i++)
		if (world.rules[i].seen && (world.rules[i].action != PR_RULE_DENY ||
					    strcmp(world.rules[i].seen, "encrypted") == 0))
			return;
	broken(subject, decision, NULL, NULL, "permitted for now, for nothing");
}

static void check_link(const struct pr_subject *subject)
{
	struct pr_decision decision, then;
	pr_decide_on_link(compiled.policy, subject, &decision);
	check_shape(subject, &decision);
	n_provisional += decision.provisional;
	n_denied += decision.outcome == PR_OUTCOME_DENY;
	n_permitted += decision.outcome == PR_OUTCOME_PERMIT && !decision.wants;
	for (unsigned int i = 0; i < N_ENDINGS; i++) {
		struct pr_subject end = *subject, some;

		end_open(&end);
		pr_decide_on_inspection(compiled.policy, &end, &then);
		check_settled(&end, &then);
		check_ending(subject, &decision, &end, &then);
		some = settle_some(subject, &end);
		pr_decide_on_inspection(compiled.policy, &some, &decision);
		check_shape(&some, &decision);
		check_ending(&some, &decision, &end, &then);
		pr_decide_on_link(compiled.policy, subject, &decision);
	}
	check_not_lax(subject, &decision);
}

/* What is kept of a communication holds for its links: final, and as to the packets too. */
static void check_communication(const struct pr_subject *subject)
{
	struct pr_decision decision, link;

	if (!pr_decision_key(subject))
		return;
	pr_decide_on_communication(compiled.policy, subject, &decision);
	if (decision.wants)
		broken(subject, &decision, NULL, NULL, "a communication that wants something");
	if (decision.outcome != PR_OUTCOME_PERMIT && decision.outcome != PR_OUTCOME_DENY)
		return;
	pr_decide_on_link(compiled.policy, subject, &link);
	if (link.outcome != decision.outcome || link.wants)
		broken(subject, &decision, subject, &link, "kept of the communication");
}

static void check_explained(const struct pr_subject *subject)
{
	static struct pr_explanation explanation;
	struct pr_decision decision;

	pr_explain(compiled.policy, subject, &explanation);
	pr_decide_on_link(compiled.policy, subject, &decision);
	if (!same(&decision, &explanation.stages[PR_STAGE_LINK].decision))
		broken(subject, &decision, subject, &explanation.stages[PR_STAGE_LINK].decision,
		       "decided, but explained otherwise");
}

static void what_is_seen_later_keeps_what_was_final(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
		draw_seed((SEED << 24) + (seed << 16));
		draw_world(&world);
		world_compile(&world, &compiled);
		for (unsigned int i = 0; i < N_LINKS; i++) {
			struct pr_subject subject;

			draw_link(&subject);
			check_link(&subject);
			check_communication(&subject);
			check_explained(&subject);
		}
		world_policy_done(&compiled);
	}
}

static void the_cases_reach_everything(void **state)
{
	(void)state;
	assert_true(n_provisional > 10000);
	assert_true(n_denied > 10000);
	assert_true(n_permitted > 10000);
	assert_true(n_changed > 10000);
	assert_true(n_by_claim > 1000);
	/* Rows are looked at one by one: what two of them deny together, the one or the other, they don't tell. Nor is
	 * a rule that would permit one that denies, for it lacks data too. */
	assert_true(n_for_nothing < n_provisional / 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_seen_later_keeps_what_was_final),
		cmocka_unit_test(the_cases_reach_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

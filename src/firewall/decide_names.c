/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names, as long as it is open which one a link is for, and where its packets claim one.
 *
 * An address can have several names that the application was given. One of them will be in the packets, or none that it
 * was given: then all stay candidates, and any of them may be the one. So the decision is made for each of them alone
 * and for all together. Where these agree it is final as to the name; where they don't, the name is wanted.
 *
 * A name that the packets claim and the application was never given permits nothing: whoever writes it can write
 * anything. But what denies that name denies the link. The decision is made once more as if the link were for
 * it, and counts if it is a denial that rests on the name. Where a name could bring that about, a
 * permission wants to know it (docs/decisions/claimed-names.md). Where the packets may ask for names besides those that
 * were seen, and a name could bring it about, it is denied.
 */
#include "firewall/checks_private.h"
#include "firewall/listing.h"
#include "firewall/walk.h"

/* As if its packets claimed that name alone: 0 is the first, then those that they claim as well. */
static struct pr_subject claiming(const struct pr_subject *view, unsigned int which)
{
	struct pr_subject one = *view;

	if (which) {
		one.claimed = view->also_claimed[which - 1];
		one.claimed_lists = view->also_claimed_lists[which - 1];
	}
	one.n_also_claimed = 0;
	return one;
}

struct pr_subject pr_claimed_view(const struct pr_subject *view)
{
	struct pr_subject claimed = *view;

	claimed.domains[0] = view->claimed;
	claimed.domain_lists[0] = view->claimed_lists;
	claimed.n_domains = 1;
	claimed.known |= PR_FACT_DOMAIN;
	claimed.absent &= ~(unsigned int)PR_FACT_DOMAIN;
	return claimed;
}

static bool is_reroute(const struct pr_decision *decision)
{
	return decision->outcome == PR_OUTCOME_REROUTE_NAMESERVER ||
	       decision->outcome == PR_OUTCOME_REROUTE_TUNNEL;
}

/* Directly or through the tunnel. Or would, were the prompt answered so. */
static bool permits(const struct pr_decision *decision)
{
	return decision->outcome == PR_OUTCOME_PERMIT || decision->outcome == PR_OUTCOME_ASK ||
	       decision->outcome == PR_OUTCOME_REROUTE_TUNNEL;
}

static void leave_open(struct pr_decision *decision)
{
	*decision = (struct pr_decision){ .outcome = PR_OUTCOME_OPEN,
					  .verdict = PR_VERDICT_DROP,
					  .check = decision->check,
					  .rule = decision->rule,
					  .missing = PR_FACT_NAME };
}

/* One of the candidates is decided otherwise than all together. `by`: the decision that tells why. */
static void wait_for_name(enum pr_stage stage, const struct pr_decision *by, unsigned int wants,
			  struct pr_decision *decision)
{
	if (stage == PR_STAGE_COMMUNICATION) {
		leave_open(decision);
		return;
	}
	*decision = (struct pr_decision){ .outcome = PR_OUTCOME_PERMIT,
					  .verdict = PR_VERDICT_ACCEPT,
					  .check = by->check,
					  .rule = by->rule,
					  .defaulted = by->rule == PR_RULE_NONE,
					  .wants = wants | PR_FACT_NAME,
					  .provisional = true };
}

static void weigh_candidates(const struct pr_walk *walk, const struct pr_subject *view,
			     struct pr_decision *decision)
{
	const struct pr_walk each = { walk->policy, walk->stage, walk->fetchable, NULL };
	struct pr_decision alone, by = *decision;
	struct pr_subject one = *view;
	unsigned int wants = decision->wants;
	bool agree = true, goes_on;

	one.n_domains = 1;
	for (unsigned int i = 0; i < view->n_domains; i++) {
		one.domains[0] = view->domains[i];
		one.domain_lists[0] = view->domain_lists[i];
		pr_walk_checks(&each, &one, &alone);
		if (alone.outcome == PR_OUTCOME_MISSING || alone.outcome == PR_OUTCOME_OPEN) {
			*decision = alone;
			return;
		}
		wants |= alone.wants;
		if (alone.outcome == decision->outcome &&
		    alone.provisional == decision->provisional)
			continue;
		if (agree && by.outcome != PR_OUTCOME_DENY)
			by = alone;
		agree = false;
	}
	/* Nothing that may have to go through the tunnel goes directly meanwhile. */
	goes_on = is_reroute(decision) || (decision->outcome == PR_OUTCOME_ASK &&
					   pr_decide_answer_is_tunnelled(walk->policy, view));
	if (!agree && !goes_on)
		wait_for_name(walk->stage, &by, wants, decision);
	else if (permits(decision))
		decision->wants = wants | (agree ? 0 : PR_FACT_NAME);
}

static bool has_lists(const struct pr_denying_lists *lists)
{
	for (unsigned int i = 0; lists->lists && i < lists->n_words; i++)
		if (lists->lists[i])
			return true;
	return false;
}

/* Could some name that its packets claim have it denied? */
static bool could_be_denied_by_name(const struct pr_walk *walk, const struct pr_subject *view,
				    const struct pr_decision *decision)
{
	const struct pr_settings *settings = pr_policy_settings(walk->policy, view->profile);
	const struct pr_denying_lists lists = pr_lists_of_profile(walk->policy, settings);
	const struct pr_denying_lists doh = pr_lists_of_doh(walk->policy);
	/* A rule that doesn't ask for a name permits any. */
	bool by_rule = decision->check == PR_CHECK_RULES && !decision->provisional &&
		       decision->rule != PR_RULE_NONE &&
		       !(pr_policy_rule_fact(walk->policy, decision->rule) &
			 (PR_FACT_DOMAIN | PR_FACT_LISTS));

	if (view->direction == PR_DIRECTION_IN)
		return false;
	if (pr_policy_denies_name_before(walk->policy, view->profile, view->direction,
					 by_rule ? decision->rule : PR_RULE_NONE))
		return true;
	/* The rows behind the rules had their turn. */
	return !by_rule && (has_lists(&lists) || (settings->bypass_prevention & PR_BYPASS_DOH &&
						  !settings->own_dns && has_lists(&doh)));
}

/* Is the claimed name on one of the rule's lists? */
static bool claims_listed(const struct pr_policy *policy, const struct pr_subject *view,
			  uint32_t rule)
{
	struct pr_subject name = { .n_domains = 1,
				   .domain_lists = { view->claimed_lists },
				   .n_list_words = view->n_list_words };
	uint32_t n;
	const uint32_t *lists = pr_policy_rule_lists(policy, rule, &n);

	for (uint32_t i = 0; i < n; i++)
		if (pr_subject_on_list(&name, lists[i]))
			return true;
	return false;
}

/* Does the denial of the link as what it claims to be rest on the name? */
static bool rests_on_name(const struct pr_policy *policy, const struct pr_subject *claimed,
			  const struct pr_decision *decision)
{
	const struct pr_settings *settings = pr_policy_settings(policy, claimed->profile);
	const struct pr_denying_lists lists = decision->check == PR_CHECK_DOH
						      ? pr_lists_of_doh(policy)
						      : pr_lists_of_profile(policy, settings);
	struct pr_listing listing;

	if (decision->check == PR_CHECK_DOH || decision->check == PR_CHECK_LISTS)
		return pr_listing_find(&lists, claimed, &listing) == PR_LISTING_FOUND &&
		       !listing.of_address;
	if (decision->check != PR_CHECK_RULES || decision->rule == PR_RULE_NONE)
		return false;
	if (pr_policy_rule_fact(policy, decision->rule) == PR_FACT_LISTS)
		return claims_listed(policy, claimed, decision->rule);
	return pr_policy_rule_fact(policy, decision->rule) == PR_FACT_DOMAIN;
}

/* What could still let the claimed name deny. Behind what denies otherwise, or asks the nameserver, the open rows aren't
 * told. */
static unsigned int wants_of_claim(const struct pr_walk *walk, const struct pr_subject *view,
				   const struct pr_decision *as_claimed)
{
	if (as_claimed->outcome == PR_OUTCOME_REROUTE_TUNNEL)
		return as_claimed->wants;
	if (as_claimed->outcome != PR_OUTCOME_DENY && !is_reroute(as_claimed))
		return as_claimed->provisional ? as_claimed->wants : 0;
	return pr_policy_wants_seen(walk->policy, view->profile, view->direction) &
	       (PR_FACT_SPEAKS | PR_FACT_ENCRYPTION) & ~view->known;
}

static void weigh_claim(const struct pr_walk *walk, const struct pr_subject *view,
			struct pr_decision *decision)
{
	struct pr_walk again = { walk->policy, walk->stage, walk->fetchable, NULL };
	struct pr_subject claimed = pr_claimed_view(view);
	struct pr_decision as_claimed;

	pr_walk_checks(&again, &claimed, &as_claimed);
	if (as_claimed.outcome == PR_OUTCOME_MISSING) {
		*decision = as_claimed;
	} else if (as_claimed.outcome == PR_OUTCOME_DENY &&
		   rests_on_name(walk->policy, &claimed, &as_claimed)) {
		again.steps = walk->steps;
		pr_walk_checks(&again, &claimed, decision);
		decision->by_claim = true;
	} else if (permits(decision)) {
		decision->wants |= wants_of_claim(walk, view, &as_claimed);
	}
}

/* Any of the names may be the one that the server takes. */
static void weigh_claims(const struct pr_walk *walk, const struct pr_subject *view,
			 struct pr_decision *decision)
{
	for (unsigned int i = 0; i <= view->n_also_claimed; i++) {
		struct pr_subject one = claiming(view, i);

		if (decision->outcome != PR_OUTCOME_DENY && decision->outcome != PR_OUTCOME_MISSING)
			weigh_claim(walk, &one, decision);
	}
}

struct pr_subject pr_denied_claim(const struct pr_walk *walk, const struct pr_subject *view)
{
	for (unsigned int i = 0; i <= view->n_also_claimed; i++) {
		struct pr_subject one = claiming(view, i), claimed = pr_claimed_view(&one);
		struct pr_decision as_claimed;

		pr_walk_checks(walk, &claimed, &as_claimed);
		if (as_claimed.outcome == PR_OUTCOME_DENY &&
		    rests_on_name(walk->policy, &claimed, &as_claimed))
			return one;
	}
	return claiming(view, 0);
}

/* Would one of the candidates, alone, not be permitted? */
static bool is_one_denied(const struct pr_walk *walk, const struct pr_subject *view)
{
	const struct pr_walk each = { walk->policy, walk->stage, walk->fetchable, NULL };
	struct pr_subject one = *view;
	struct pr_decision alone;

	one.n_domains = 1;
	for (unsigned int i = 0; view->n_domains > 1 && i < view->n_domains; i++) {
		one.domains[0] = view->domains[i];
		one.domain_lists[0] = view->domain_lists[i];
		pr_walk_checks(&each, &one, &alone);
		if (!permits(&alone) && !is_reroute(&alone))
			return true;
	}
	return false;
}

/* One of the names that weren't seen may be one that is denied. */
static void deny_unseen(const struct pr_walk *walk, const struct pr_subject *view,
			struct pr_decision *ret_decision)
{
	const struct pr_settings *settings = pr_policy_settings(walk->policy, view->profile);

	*ret_decision = (struct pr_decision){
		.outcome = PR_OUTCOME_DENY,
		.verdict = settings->deny_outgoing == PR_DENY_BLOCK ? PR_VERDICT_BLOCK
								    : PR_VERDICT_DROP,
		.permanent = settings->permanent_verdicts,
		.check = PR_CHECK_FOREIGN_NAME,
		.rule = PR_RULE_NONE,
	};
	if (walk->steps)
		walk->steps[PR_CHECK_FOREIGN_NAME] =
			(struct pr_said_more){ .said = PR_SAID_DENY, .rule = PR_RULE_NONE };
}

void pr_walk_names(const struct pr_walk *walk, const struct pr_subject *view,
		   struct pr_decision *ret_decision)
{
	bool open = pr_is_open(view, PR_FACT_NAME);

	pr_walk_checks(walk, view, ret_decision);
	if (walk->stage < PR_STAGE_COMMUNICATION || ret_decision->outcome == PR_OUTCOME_MISSING ||
	    ret_decision->outcome == PR_OUTCOME_OPEN)
		return;
	if (open && view->n_domains > 1 &&
	    pr_policy_wants_seen(walk->policy, view->profile, view->direction) & PR_FACT_NAME)
		weigh_candidates(walk, view, ret_decision);
	if (pr_is_known(view, PR_FACT_NAME) && view->claimed &&
	    ret_decision->outcome != PR_OUTCOME_DENY)
		weigh_claims(walk, view, ret_decision);
	if (!permits(ret_decision))
		return;
	if (open && could_be_denied_by_name(walk, view, ret_decision))
		ret_decision->wants |= PR_FACT_NAME;
	if (!open && pr_subject_seen_flags(view) & PR_SEEN_INCOMPLETE &&
	    (could_be_denied_by_name(walk, view, ret_decision) || is_one_denied(walk, view))) {
		deny_unseen(walk, view, ret_decision);
		return;
	}
	if (ret_decision->wants)
		ret_decision->permanent = false;
	if (ret_decision->wants && walk->stage == PR_STAGE_COMMUNICATION)
		leave_open(ret_decision);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why a decision is as it is: final, or what it still depends on. */
#include "firewall/checks_private.h"
#include "firewall/reason_private.h"
#include "firewall/walk.h"

static enum pr_said said_of(enum pr_outcome outcome)
{
	switch (outcome) {
	case PR_OUTCOME_PERMIT:
		return PR_SAID_PERMIT;
	case PR_OUTCOME_DENY:
		return PR_SAID_DENY;
	case PR_OUTCOME_REROUTE_NAMESERVER:
		return PR_SAID_REROUTE_NAMESERVER;
	case PR_OUTCOME_REROUTE_TUNNEL:
		return PR_SAID_REROUTE_TUNNEL;
	case PR_OUTCOME_ASK:
		return PR_SAID_ASK;
	case PR_OUTCOME_OPEN:
	case PR_OUTCOME_MISSING:
		break;
	}
	return PR_SAID_UNDETERMINABLE;
}

/* A permission that isn't final: what decides, and by what. */
static const char *tell_provisional(const struct pr_check_view *view,
				    const struct pr_decision *decision, char *text, size_t size)
{
	struct pr_sentence sentence = { text, size, 0, NULL };

	if (size)
		text[0] = '\0';
	pr_sentence_add(&sentence, "its handshake passes; ");
	if (decision->rule != PR_RULE_NONE)
		pr_sentence_add_rule(&sentence, view->policy, decision->rule);
	else
		pr_sentence_add(&sentence, "the check \"%s\"", pr_checks[decision->check].name);
	pr_sentence_add(&sentence, " decides when its packets have shown this: ");
	pr_sentence_add_facts(&sentence, decision->wants);
	return text;
}

/* A permission that a name may end. */
static const char *tell_until_named(const struct pr_check_view *view,
				    const struct pr_intel_set *intel,
				    const struct pr_decision *decision,
				    const struct pr_said_more *said, char *text, size_t size)
{
	struct pr_sentence sentence = { text, size, 0, intel };

	if (size)
		text[0] = '\0';
	pr_tell_check(&sentence, view, (enum pr_check_id)decision->check, said);
	pr_sentence_add(&sentence, "; what its packets show may still deny it: ");
	pr_sentence_add_facts(&sentence, decision->wants);
	return text;
}

/* What denies the name that the packets claim. */
static const char *tell_by_claim(const struct pr_check_view *view, const struct pr_intel_set *intel,
				 const struct pr_decision *decision,
				 const struct pr_said_more *said, char *text, size_t size)
{
	struct pr_sentence sentence = { text, size, 0, intel };
	const struct pr_walk walk = { view->policy, PR_STAGE_INSPECTION, 0, NULL };
	struct pr_subject one = pr_denied_claim(&walk, view->subject);
	struct pr_subject claimed = pr_claimed_view(&one);
	const struct pr_check_view of_one = { view->policy, view->settings, &one, view->stage };
	const struct pr_check_view as_claimed = { view->policy, view->settings, &claimed,
						  view->stage };

	if (size)
		text[0] = '\0';
	pr_tell_claim(&sentence, &of_one);
	pr_sentence_add(&sentence, ": ");
	pr_tell_check(&sentence, &as_claimed, (enum pr_check_id)decision->check, said);
	return text;
}

/* A stage that goes on is told by what may still deny: a rule, if it is one; the rest is the same for all. */
static const char *tell_open(const struct pr_check_view *view, const struct pr_said_more *said,
			     char *text, size_t size)
{
	struct pr_sentence sentence = { text, size, 0, NULL };

	if (size)
		text[0] = '\0';
	pr_sentence_add(&sentence, "nothing denies it so far; ");
	if (said->rule != PR_RULE_NONE) {
		pr_sentence_add_rule(&sentence, view->policy, said->rule);
		if (said->missing) {
			pr_sentence_add(&sentence, " decides when this is known: ");
			pr_sentence_add_facts(&sentence, said->missing);
		} else {
			pr_sentence_add(&sentence, " decides the connection");
		}
	} else {
		pr_sentence_add(&sentence, "the connection decides the rest");
	}
	return text;
}

const char *pr_decision_reason(const struct pr_policy *policy, const struct pr_intel_set *intel,
			       const struct pr_subject *subject, const struct pr_decision *decision,
			       char *text, size_t size)
{
	struct pr_subject copy = *subject;
	struct pr_check_view view = { policy, NULL, &copy, PR_STAGE_LINK };
	struct pr_said_more said = { said_of(decision->outcome), 0, decision->missing,
				     decision->rule };

	copy.profile = pr_profile_in_force(policy, subject);
	view.settings = pr_policy_settings(policy, copy.profile);
	if (decision->outcome == PR_OUTCOME_OPEN)
		return tell_open(&view, &said, text, size);
	if (decision->provisional)
		return tell_provisional(&view, decision, text, size);
	if (decision->by_claim && subject->claimed)
		return tell_by_claim(&view, intel, decision, &said, text, size);
	if (decision->wants && decision->outcome == PR_OUTCOME_PERMIT)
		return tell_until_named(&view, intel, decision, &said, text, size);
	return pr_said_reason(&view, intel, (enum pr_check_id)decision->check, &said, text, size);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why, in a sentence: for the `reason` of events and for explain. Each names the rule and its place or the
 * setting that decided, and where something was refused, what would make an exception.
 */
#include "firewall/walk.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>

/* A text that is cut off at its end, never overrun. */
struct sentence {
	char *text;
	size_t size, len;
};

static PR_PRINTF(2, 3) void add(struct sentence *sentence, const char *format, ...)
{
	va_list arguments;
	int len;

	if (sentence->len + 1 >= sentence->size)
		return;
	va_start(arguments, format);
	len = vsnprintf(sentence->text + sentence->len, sentence->size - sentence->len, format,
			arguments);
	va_end(arguments);
	if (len > 0)
		sentence->len += (size_t)len;
	if (sentence->len >= sentence->size)
		sentence->len = sentence->size - 1;
}

static void add_facts(struct sentence *sentence, unsigned int facts)
{
	const char *separator = "";

	for (unsigned int fact = 1; fact & PR_FACTS_ALL; fact <<= 1) {
		if (!(facts & fact))
			continue;
		add(sentence, "%s%s", separator, pr_fact_name((enum pr_fact)fact));
		separator = ", ";
	}
}

static void add_rule(struct sentence *sentence, const struct pr_policy *policy, uint32_t rule)
{
	add(sentence, "the rule \"%s\" (%s)", pr_policy_rule_text(policy, rule),
	    pr_policy_rule_place(policy, rule));
}

static void add_application(struct sentence *sentence, const struct pr_check_view *view)
{
	switch (view->subject->profile) {
	case PR_PROFILE_GLOBAL:
		add(sentence, "the application");
		break;
	case PR_PROFILE_UNKNOWN:
		add(sentence, "what has no known owner");
		break;
	case PR_PROFILE_KERNEL:
		add(sentence, "the kernel");
		break;
	default:
		add(sentence, "%s", pr_policy_profile_name(view->policy, view->subject->profile));
		break;
	}
}

static bool has(const struct pr_subject *subject, unsigned int fact)
{
	return subject->known & ~subject->absent & fact;
}

static const char *entity_text(const struct pr_subject *subject, char text[PR_ADDRESS_TEXT_SIZE])
{
	if (has(subject, PR_FACT_DOMAIN) && subject->n_domains)
		return subject->domains[0];
	if (has(subject, PR_FACT_ADDRESS))
		return pr_address_format(&subject->remote, text);
	return has(subject, PR_FACT_SCOPE) ? pr_scope_name(subject->scope) : "*";
}

/* The narrowest rule that would permit this. */
static void add_exception(struct sentence *sentence, const struct pr_check_view *view)
{
	const struct pr_subject *subject = view->subject;
	char text[PR_ADDRESS_TEXT_SIZE];

	add(sentence, "; %s rule such as \"+ %s",
	    subject->direction == PR_DIRECTION_IN ? "an incoming" : "a",
	    entity_text(subject, text));
	if (has(subject, PR_FACT_PROTOCOL) && subject->proto == IPPROTO_TCP)
		add(sentence, " TCP");
	else if (has(subject, PR_FACT_PROTOCOL) && subject->proto == IPPROTO_UDP)
		add(sentence, " UDP");
	else if (has(subject, PR_FACT_PROTOCOL))
		add(sentence, " %u", subject->proto);
	if (has(subject, PR_FACT_PROTOCOL) && has(subject, PR_FACT_PORT) && subject->port)
		add(sentence, "/%u", subject->port);
	add(sentence, "\" would permit it");
}

static const char *scope_text(const struct pr_subject *subject)
{
	if (!has(subject, PR_FACT_SCOPE))
		return "any scope";
	switch (subject->scope) {
	case PR_SCOPE_LOCALHOST:
		return "this host";
	case PR_SCOPE_LAN:
		return "the LAN";
	case PR_SCOPE_INTERNET:
		return "the Internet";
	case PR_SCOPE_INVALID:
		break;
	}
	return "an invalid address";
}

static void tell_rule(struct sentence *sentence, const struct pr_check_view *view,
		      const struct pr_said_more *said)
{
	unsigned int data = said->missing & (PR_FACT_COUNTRY | PR_FACT_ASN | PR_FACT_LISTS);
	const char *tunnel;

	if (said->rule == PR_RULE_NONE) {
		add(sentence, "no rule matches");
		return;
	}
	switch (said->said) {
	case PR_SAID_PERMIT:
		add(sentence, "permitted by ");
		break;
	case PR_SAID_DENY:
		add(sentence, data ? "denied for lack of data (on_missing_data): " : "denied by ");
		break;
	case PR_SAID_ASK:
		add(sentence, "to be asked about: ");
		break;
	case PR_SAID_REROUTE_TUNNEL:
		tunnel = pr_policy_rule_tunnel(view->policy, said->rule);
		add(sentence, "through the tunnel%s%s by ", *tunnel ? " " : "", tunnel);
		break;
	default:
		add(sentence, "not decided here, whatever ");
		add_rule(sentence, view->policy, said->rule);
		add(sentence, " says");
		return;
	}
	add_rule(sentence, view->policy, said->rule);
	if (said->said == PR_SAID_DENY && data) {
		add(sentence, " depends on ");
		add_facts(sentence, data);
	}
}

static void tell_invalid(struct sentence *sentence, const struct pr_check_view *view)
{
	char text[PR_ADDRESS_TEXT_SIZE];
	const char *source = "";

	if (!has(view->subject, PR_FACT_ADDRESS)) {
		add(sentence, "its address is one that nobody can have");
		return;
	}
	(void)pr_class_registered(&view->subject->remote, &source);
	add(sentence, "%s is an address that nobody can have",
	    pr_address_format(&view->subject->remote, text));
	if (*source)
		add(sentence, " (%s)", source);
}

static void tell_incoming_scope(struct sentence *sentence, const struct pr_check_view *view)
{
	add_application(sentence, view);
	add(sentence, " doesn't serve %s (incoming_scopes)", scope_text(view->subject));
	add_exception(sentence, view);
}

static void tell_scope(struct sentence *sentence, const struct pr_check_view *view)
{
	add_application(sentence, view);
	add(sentence, " may not reach %s (scopes)", scope_text(view->subject));
	add_exception(sentence, view);
}

static void tell_peer_to_peer(struct sentence *sentence, const struct pr_check_view *view)
{
	char text[PR_ADDRESS_TEXT_SIZE];

	add(sentence, "no name led to %s, and ", entity_text(view->subject, text));
	add_application(sentence, view);
	add(sentence, " may not reach bare addresses (peer-to-peer isn't among its scopes)");
	add_exception(sentence, view);
}

static void tell_default(struct sentence *sentence, const struct pr_check_view *view,
			 const struct pr_said_more *said)
{
	bool incoming = view->subject->direction == PR_DIRECTION_IN;

	add(sentence, "no rule speaks of it, and %s of ",
	    incoming ? "default_incoming" : "default_action");
	add_application(sentence, view);
	add(sentence, " is %s",
	    said->said == PR_SAID_PERMIT ? "permit"
					 : (said->said == PR_SAID_ASK ? "ask" : "block"));
	if (said->said == PR_SAID_DENY)
		add_exception(sentence, view);
}

static void tell(struct sentence *sentence, const struct pr_check_view *view, enum pr_check_id id,
		 const struct pr_said_more *said)
{
	switch (id) {
	case PR_CHECK_OWN:
		add(sentence, "Portreeve's own, or the kernel's own reset or error");
		break;
	case PR_CHECK_INFRASTRUCTURE:
		if (said->said == PR_SAID_DENY)
			tell_rule(sentence, view, said);
		else
			add(sentence, "the host needs it to be on its link");
		break;
	case PR_CHECK_SPOOFED:
		add(sentence, "it can't be real: %s", pr_spoof_text(view->subject->spoofed));
		break;
	case PR_CHECK_INVALID:
		tell_invalid(sentence, view);
		break;
	case PR_CHECK_RULES:
		tell_rule(sentence, view, said);
		break;
	case PR_CHECK_START_GRACE:
		add(sentence, "older than the daemon, and no rule denies it (start_grace)");
		break;
	case PR_CHECK_INCOMING_SCOPE:
		tell_incoming_scope(sentence, view);
		break;
	case PR_CHECK_SCOPE:
		tell_scope(sentence, view);
		break;
	case PR_CHECK_PEER_TO_PEER:
		tell_peer_to_peer(sentence, view);
		break;
	case PR_CHECK_FOREIGN_NAMESERVER:
		add(sentence, "questions go to Portreeve's own nameserver; own_dns, or a rule that "
			      "names the address and the port, would let them pass");
		break;
	case PR_CHECK_REQUIRE_TUNNEL:
		add_application(sentence, view);
		add(sentence, " reaches the Internet through the tunnel only (require_tunnel)");
		break;
	case PR_CHECK_DEFAULT_INCOMING:
	case PR_CHECK_DEFAULT_OUTGOING:
		tell_default(sentence, view, said);
		break;
	case PR_CHECK_COUNT_:
		break;
	}
}

static void tell_undeterminable(struct sentence *sentence, const struct pr_check_view *view,
				enum pr_check_id id, const struct pr_said_more *said)
{
	if (said->rule != PR_RULE_NONE)
		add_rule(sentence, view->policy, said->rule);
	else
		add(sentence, "the check \"%s\"", pr_checks[id].name);
	add(sentence, " depends on what isn't known yet: ");
	add_facts(sentence, said->missing);
}

const char *pr_said_reason(const struct pr_check_view *view, enum pr_check_id id,
			   const struct pr_said_more *said, char *text, size_t size)
{
	struct sentence sentence = { text, size, 0 };

	if (size)
		text[0] = '\0';
	if (said->said == PR_SAID_UNDETERMINABLE)
		tell_undeterminable(&sentence, view, id, said);
	else if (said->said != PR_SAID_NOTHING || said->rule != PR_RULE_NONE)
		tell(&sentence, view, id, said);
	return text;
}

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

/* A stage that goes on is told by what may still deny: a rule, if it is one; the rest is the same for all. */
static const char *tell_open(const struct pr_check_view *view, const struct pr_said_more *said,
			     char *text, size_t size)
{
	struct sentence sentence = { text, size, 0 };

	if (size)
		text[0] = '\0';
	add(&sentence, "nothing denies it so far; ");
	if (said->rule != PR_RULE_NONE) {
		add_rule(&sentence, view->policy, said->rule);
		add(&sentence, " decides when this is known: ");
		add_facts(&sentence, said->missing);
	} else {
		add(&sentence, "the connection decides the rest");
	}
	return text;
}

const char *pr_decision_reason(const struct pr_policy *policy, const struct pr_subject *subject,
			       const struct pr_decision *decision, char *text, size_t size)
{
	struct pr_subject copy = *subject;
	struct pr_check_view view = { policy, NULL, &copy, PR_STAGE_LINK };
	struct pr_said_more said = { said_of(decision->outcome), 0, decision->missing,
				     decision->rule };

	copy.profile = pr_profile_in_force(policy, subject);
	view.settings = pr_policy_settings(policy, copy.profile);
	if (decision->outcome == PR_OUTCOME_OPEN)
		return tell_open(&view, &said, text, size);
	return pr_said_reason(&view, (enum pr_check_id)decision->check, &said, text, size);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of reasons. */
#include "firewall/sentence.h"

#include "firewall/checks_private.h"

#include <netinet/in.h>
#include <stdarg.h>

void pr_sentence_add(struct pr_sentence *sentence, const char *format, ...)
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

void pr_sentence_add_facts(struct pr_sentence *sentence, unsigned int facts)
{
	const char *separator = "";

	for (unsigned int fact = 1; fact & PR_FACTS_ALL; fact <<= 1) {
		if (!(facts & fact))
			continue;
		pr_sentence_add(sentence, "%s%s", separator,
				fact == PR_FACT_SPEAKS ? "what both ends speak"
						       : pr_fact_name((enum pr_fact)fact));
		separator = ", ";
	}
}

void pr_sentence_add_rule(struct pr_sentence *sentence, const struct pr_policy *policy,
			  uint32_t rule)
{
	pr_sentence_add(sentence, "the rule \"%s\" (%s)", pr_policy_rule_text(policy, rule),
			pr_policy_rule_place(policy, rule));
}

void pr_sentence_add_application(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	switch (view->subject->profile) {
	case PR_PROFILE_GLOBAL:
		pr_sentence_add(sentence, "the application");
		break;
	case PR_PROFILE_UNKNOWN:
		pr_sentence_add(sentence, "what has no known owner");
		break;
	case PR_PROFILE_KERNEL:
		pr_sentence_add(sentence, "the kernel");
		break;
	default:
		pr_sentence_add(sentence, "%s",
				pr_policy_profile_name(view->policy, view->subject->profile));
		break;
	}
}

const char *pr_entity_text(const struct pr_subject *subject, char text[PR_ADDRESS_TEXT_SIZE])
{
	if (pr_is_known(subject, PR_FACT_DOMAIN) && subject->n_domains)
		return subject->domains[0];
	if (pr_is_known(subject, PR_FACT_ADDRESS))
		return pr_address_format(&subject->remote, text);
	return pr_is_known(subject, PR_FACT_SCOPE) ? pr_scope_name(subject->scope) : "*";
}

void pr_sentence_add_exception(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	const struct pr_subject *subject = view->subject;
	char text[PR_ADDRESS_TEXT_SIZE];

	pr_sentence_add(sentence, "; %s rule such as \"+ %s",
			subject->direction == PR_DIRECTION_IN ? "an incoming" : "a",
			pr_entity_text(subject, text));
	if (pr_subject_speaks(subject) != PR_SPEAKS_UNKNOWN)
		pr_sentence_add(sentence, " %s", pr_speaks_name(pr_subject_speaks(subject)));
	else if (pr_is_known(subject, PR_FACT_PROTOCOL) && subject->proto == IPPROTO_TCP)
		pr_sentence_add(sentence, " TCP");
	else if (pr_is_known(subject, PR_FACT_PROTOCOL) && subject->proto == IPPROTO_UDP)
		pr_sentence_add(sentence, " UDP");
	else if (pr_is_known(subject, PR_FACT_PROTOCOL))
		pr_sentence_add(sentence, " %u", subject->proto);
	if (pr_is_known(subject, PR_FACT_PROTOCOL) && pr_is_known(subject, PR_FACT_PORT) &&
	    subject->port)
		pr_sentence_add(sentence, "/%u", subject->port);
	pr_sentence_add(sentence, "\" would permit it");
}

const char *pr_scope_text(const struct pr_subject *subject)
{
	if (!pr_is_known(subject, PR_FACT_SCOPE))
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

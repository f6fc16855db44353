/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why, where it is what is known of the entity: which of its names or its address, which list and which line of it,
 * which country, which network. The lines are looked up here, when it is told, and never on a packet's way.
 */
#include "firewall/reason_private.h"

#include "firewall/checks_private.h"
#include "firewall/listing.h"

#include <string.h>

/* A domain of the subject. Of a question the first is the one that was asked for, and the others what it leads to. */
static void add_domain(struct pr_sentence *sentence, const struct pr_subject *subject,
		       unsigned int at)
{
	bool question = pr_is_open(subject, PR_FACT_PROTOCOL);

	if (at == 0)
		pr_sentence_add(sentence, "%s", subject->domains[0]);
	else if (question)
		pr_sentence_add(sentence, "%s, to which %s leads,", subject->domains[at],
				subject->domains[0]);
	else
		pr_sentence_add(sentence, "%s, by which it was reached too,", subject->domains[at]);
}

static void add_address(struct pr_sentence *sentence, const struct pr_subject *subject)
{
	char text[PR_ADDRESS_TEXT_SIZE];

	pr_sentence_add(sentence, "%s", pr_address_format(&subject->remote, text));
	if (pr_is_open(subject, PR_FACT_PROTOCOL) && subject->n_domains)
		pr_sentence_add(sentence, ", to which %s leads,", subject->domains[0]);
}

static bool counts_for(const struct pr_intel_list *list, const char *id)
{
	return strcmp(list->id, id) == 0 || strcmp(list->category, id) == 0;
}

/* The line that put the part there. */
static bool find_line(const struct pr_sentence *sentence, const struct pr_subject *subject,
		      const struct pr_listing *listing, const char *id,
		      struct pr_intel_list *ret_list, uint32_t *ret_line)
{
	struct pr_intel_hit hits[PR_INTEL_HITS_MAX];
	unsigned int n = 0;

	if (!sentence->intel)
		return false;
	if (listing->of_address)
		n = pr_intel_set_address_hits(sentence->intel, &subject->remote, hits,
					      PR_INTEL_HITS_MAX);
	else
		n = pr_intel_set_domain_hits(sentence->intel, subject->domains[listing->at], hits,
					     PR_INTEL_HITS_MAX);
	for (unsigned int i = 0; i < n && i < PR_INTEL_HITS_MAX; i++) {
		*ret_list = pr_intel_set_list(sentence->intel, hits[i].list);
		*ret_line = hits[i].line;
		if (!hits[i].exception && counts_for(ret_list, id))
			return true;
	}
	return false;
}

static void add_listing(struct pr_sentence *sentence, const struct pr_check_view *view,
			const struct pr_listing *listing)
{
	const char *id = pr_policy_list(view->policy, listing->list).id;
	struct pr_intel_list list;
	uint32_t line;

	if (listing->of_address)
		add_address(sentence, view->subject);
	else
		add_domain(sentence, view->subject, listing->at);
	if (!find_line(sentence, view->subject, listing, id, &list, &line)) {
		pr_sentence_add(sentence, " is on the list \"%s\"", id);
		return;
	}
	pr_sentence_add(sentence, " is on the list \"%s\"", list.id);
	if (*list.category)
		pr_sentence_add(sentence, " (%s)", list.category);
	pr_sentence_add(sentence, ", line %u", line);
}

/* Of what is denied for a list, or for want of one. */
static void tell_listing(struct pr_sentence *sentence, const struct pr_check_view *view,
			 const struct pr_denying_lists *lists, const char *setting)
{
	struct pr_listing listing;

	if (pr_listing_find(lists, view->subject, &listing) == PR_LISTING_FOUND) {
		add_listing(sentence, view, &listing);
		pr_sentence_add(sentence, " (%s)", setting);
	} else {
		pr_sentence_add(sentence,
				"denied for lack of data (on_missing_data): a list that denies "
				"(%s) has none",
				setting);
	}
	pr_sentence_add_exception(sentence, view);
}

void pr_tell_lists(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	const struct pr_denying_lists lists = pr_lists_of_profile(view->policy, view->settings);

	tell_listing(sentence, view, &lists, "lists");
}

void pr_tell_excepted(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	struct pr_denying_lists denying = pr_lists_of_profile(view->policy, view->settings);
	struct pr_denying_lists excepting = denying;
	struct pr_listing denied, excepted;

	denying.exceptions = excepting.exceptions = NULL;
	excepting.lists = view->settings->exceptions;
	if (pr_listing_find(&denying, view->subject, &denied) != PR_LISTING_FOUND ||
	    pr_listing_find(&excepting, view->subject, &excepted) != PR_LISTING_FOUND)
		return;
	add_listing(sentence, view, &denied);
	pr_sentence_add(sentence, " (lists), but ");
	add_listing(sentence, view, &excepted);
	pr_sentence_add(sentence, " (exceptions)");
}

void pr_tell_doh(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	const struct pr_denying_lists lists = pr_lists_of_doh(view->policy);

	tell_listing(sentence, view, &lists, "bypass_prevention: doh");
}

static const char *asked_name(const struct pr_check_view *view)
{
	return view->subject->n_domains ? view->subject->domains[0] : "it";
}

void pr_tell_canary(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	pr_sentence_add(sentence,
			"by %s is asked whether another nameserver may be used, and the answer is "
			"no (bypass_prevention: canary)",
			asked_name(view));
	pr_sentence_add_exception(sentence, view);
}

void pr_tell_discovery(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	pr_sentence_add(sentence,
			"%s asks for a nameserver's encrypted twin, of which none is told "
			"(bypass_prevention: discovery)",
			asked_name(view));
	pr_sentence_add_exception(sentence, view);
}

void pr_tell_encrypted_dns(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	pr_sentence_add_application(sentence, view);
	pr_sentence_add(sentence, " may not ask past Portreeve's nameserver, by DNS over TLS, DTLS "
				  "or QUIC (bypass_prevention: dot)");
	pr_sentence_add_exception(sentence, view);
}

void pr_tell_rebinding(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	const struct pr_subject *subject = view->subject;
	char text[PR_ADDRESS_TEXT_SIZE];

	pr_sentence_add(sentence,
			"an answer from the Internet leads %s to %s, an address of %s "
			"(rebinding_protection); rebinding_exceptions could name it",
			asked_name(view), pr_address_format(&subject->remote, text),
			subject->scope == PR_SCOPE_LOCALHOST ? "this host" : "the LAN");
}

static void add_why(struct pr_sentence *sentence, const char *why)
{
	if (why)
		pr_sentence_add(sentence, ": %s", why);
}

void pr_tell_generated(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	pr_sentence_add(sentence, "%s looks made by a program (generated_domains)",
			asked_name(view));
	add_why(sentence, view->subject->generated_why);
	pr_sentence_add_exception(sentence, view);
}

void pr_tell_dns_tunnel(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	pr_sentence_add(sentence,
			"the questions look like data carried out in names (dns_tunnels)");
	add_why(sentence, view->subject->tunnel_why);
	pr_sentence_add_exception(sentence, view);
}

/* Which domain a rule for domains means: the first that it matches by itself. */
static void tell_domain(struct pr_sentence *sentence, const struct pr_check_view *view,
			uint32_t rule)
{
	struct pr_subject one = *view->subject;
	struct pr_rule_hit hit;

	one.n_domains = 1;
	for (unsigned int i = 0; i < view->subject->n_domains; i++) {
		one.domains[0] = view->subject->domains[i];
		one.domain_lists[0] = view->subject->domain_lists[i];
		pr_policy_match(view->policy, &one, &hit);
		if (hit.match != PR_MATCH_RULE || hit.rule != rule)
			continue;
		if (i) {
			pr_sentence_add(sentence, ": ");
			add_domain(sentence, view->subject, i);
			pr_sentence_add(sentence, " is what it means");
		}
		return;
	}
}

static void tell_lists(struct pr_sentence *sentence, const struct pr_check_view *view,
		       uint32_t rule)
{
	uint32_t n, n_words = pr_policy_n_list_words(view->policy);
	const uint32_t *numbers = pr_policy_rule_lists(view->policy, rule, &n);
	uint64_t bits[PR_INTEL_WORDS_MAX] = { 0 };
	struct pr_denying_lists lists = { bits, NULL, n_words };
	struct pr_subject subject = *view->subject;
	struct pr_listing listing;

	for (uint32_t i = 0; i < n; i++)
		if (numbers[i] / 64 < PR_INTEL_WORDS_MAX)
			bits[numbers[i] / 64] |= UINT64_C(1) << numbers[i] % 64;
	/* A rule speaks of all addresses alike. */
	subject.absent |= PR_FACT_SCOPE;
	if (pr_listing_find(&lists, &subject, &listing) != PR_LISTING_FOUND)
		return;
	pr_sentence_add(sentence, ": ");
	add_listing(sentence, view, &listing);
}

void pr_tell_match(struct pr_sentence *sentence, const struct pr_check_view *view, uint32_t rule)
{
	unsigned int seen = pr_policy_rule_seen(view->policy, rule);
	const struct pr_subject *subject = view->subject;
	char text[PR_ADDRESS_TEXT_SIZE];

	switch (pr_policy_rule_fact(view->policy, rule)) {
	case PR_FACT_DOMAIN:
		tell_domain(sentence, view, rule);
		break;
	case PR_FACT_LISTS:
		tell_lists(sentence, view, rule);
		break;
	case PR_FACT_COUNTRY:
		pr_sentence_add(sentence, ": %s is in %s",
				pr_address_format(&subject->remote, text), subject->country);
		break;
	case PR_FACT_ASN:
		pr_sentence_add(sentence, ": %s is in AS%u",
				pr_address_format(&subject->remote, text), subject->asn);
		if (subject->organisation && *subject->organisation)
			pr_sentence_add(sentence, ", %s", subject->organisation);
		break;
	default:
		break;
	}
	if (seen && pr_is_known(subject, seen) && subject->seen) {
		pr_sentence_add(sentence, ": ");
		pr_tell_seen(sentence, view);
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was seen of a link, as facts of a subject. */
#include "engine/events.h"
#include "engine/inspecting_private.h"
#include "engine/subject.h"

#include "firewall/checks.h"

#include <netinet/in.h>
#include <string.h>

/* Settled, but there is none. */
static unsigned int without_value(const struct pr_seen *seen, const struct pr_subject *subject)
{
	unsigned int facts = 0;

	if (seen->speaks == PR_SPEAKS_UNKNOWN)
		facts |= PR_FACT_SPEAKS;
	if (seen->encryption == PR_ENCRYPTION_UNKNOWN)
		facts |= PR_FACT_ENCRYPTION;
	/* Whoever comes to us names us. */
	if (!seen->n_names || subject->direction == PR_DIRECTION_IN)
		facts |= PR_FACT_NAME;
	if (!(seen->flags & PR_SEEN_CERTIFICATE))
		facts |= PR_FACT_CERTIFICATE;
	return facts;
}

/* Could anything be seen of it that was not seen yet? */
static bool may_be_seen(const struct pr_engine *engine, const struct pr_link *link,
			enum pr_link_end_name end, const struct pr_subject *subject)
{
	const struct pr_settings *settings = pr_policy_settings(engine->policy, subject->profile);

	if (link->look == PR_LINK_LOOK_OVER ||
	    (link->look == PR_LINK_LOOK_NEW && link->ends[end].begun))
		return false;
	return (link->tuple.proto == IPPROTO_TCP || link->tuple.proto == IPPROTO_UDP) &&
	       !subject->own && !subject->infrastructure && !link->from_self &&
	       subject->spoofed == PR_SPOOF_NO &&
	       !pr_is_rerouted_question(subject, settings->own_dns);
}

/* As the tables have it: the candidates are the newest of those that the application was given. */
static const char *given(const struct pr_engine *engine, uint32_t application,
			 const struct pr_subject *subject, const char *name)
{
	struct pr_name_candidate found;

	for (unsigned int i = 0; i < subject->n_domains; i++)
		if (strcmp(subject->domains[i], name) == 0)
			return subject->domains[i];
	return subject->n_domains == PR_SUBJECT_DOMAINS_MAX &&
			       pr_names_find_one(engine->names, application, &subject->remote, name,
						 engine->now_us, &found)
		       ? found.domain
		       : NULL;
}

static bool is_one_of(const char *domain, const char *const *domains, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (domains[i] == domain)
			return true;
	return false;
}

/* None of the names is proven. One that wasn't given stands first. */
static void set_claims(const struct pr_engine *engine, uint32_t application,
		       const struct pr_seen *seen, struct pr_subject *subject)
{
	unsigned int first = 0;

	while (first + 1 < seen->n_names && given(engine, application, subject, seen->names[first]))
		first++;
	subject->claimed = seen->names[first];
	for (unsigned int i = 0; i < seen->n_names; i++)
		if (i != first)
			subject->also_claimed[subject->n_also_claimed++] = seen->names[i];
}

/*
 * Names that the application was given for the address are the only ones then, and what they may have led to on the way
 * there (CNAME): that is what they are for rules and lists, and packets don't name it. With one that it was not given,
 * and where they contradict each other, all of them are what the client says, and the candidates stay. The outer name of
 * an encrypted ClientHello is taken as it is: browsers send that extension without any use, to make the others look
 * alike (RFC 8701's way), and an outer name that is none's own was given to no application.
 */
static void set_names(const struct pr_engine *engine, uint32_t application,
		      const struct pr_seen *seen, struct pr_subject_of *of)
{
	struct pr_subject *subject = &of->subject;
	struct pr_name_candidate before[PR_SUBJECT_DOMAINS_MAX];
	const char *proven[PR_SEEN_NAMES_MAX];
	unsigned int n = 0, n_before = subject->n_domains, n_proven;

	for (unsigned int i = 0; i < seen->n_names; i++) {
		proven[n] = seen->flags & (PR_SEEN_CONTRADICTS | PR_SEEN_INCOMPLETE)
				    ? NULL
				    : given(engine, application, subject, seen->names[i]);
		if (!proven[n]) {
			set_claims(engine, application, seen, subject);
			return;
		}
		n += i == 0 || proven[n] != proven[n - 1];
	}
	n_proven = n;
	memcpy(before, of->candidates, n_before * sizeof(*before));
	for (unsigned int i = 0; i < n; i++) {
		subject->domains[i] = proven[i];
		of->candidates[i] =
			(struct pr_name_candidate){ .domain = proven[i], .grade = PR_NAME_PROVEN };
	}
	for (unsigned int i = 0; i < n_before && n < PR_SUBJECT_DOMAINS_MAX; i++) {
		if (!before[i].alias || is_one_of(before[i].domain, proven, n_proven))
			continue;
		of->candidates[n] = before[i];
		subject->domains[n++] = before[i].domain;
	}
	subject->n_domains = n;
}

static bool is_expired(const struct pr_engine *engine, const struct pr_seen *seen)
{
	int64_t now_s = (int64_t)(pr_event_real(engine, engine->now_us) / 1000000);

	return seen->flags & PR_SEEN_CERTIFICATE &&
	       (now_s < seen->not_before_s || now_s > seen->not_after_s);
}

static const struct pr_seen *seen_by_now(const struct pr_engine *engine, const struct pr_link *link,
					 struct pr_subject_of *of)
{
	const struct pr_inspected_link *inspected = pr_inspected_of(engine, link);
	const struct pr_seen *seen;

	if (inspected && inspected->inspection) {
		seen = pr_inspection_seen(inspected->inspection);
		return seen->settled ? seen : NULL;
	}
	return pr_seen_of(engine, link, &of->seen) ? &of->seen : NULL;
}

void pr_inspecting_facts(const struct pr_engine *engine, const struct pr_link *link,
			 enum pr_link_end_name end, struct pr_subject_of *of)
{
	struct pr_subject *subject = &of->subject;
	const struct pr_seen *seen = seen_by_now(engine, link, of);

	subject->seen = seen;
	if (seen) {
		subject->known |= seen->settled;
		subject->absent |= seen->settled & without_value(seen, subject);
		subject->certificate_expired = is_expired(engine, seen);
		if (subject->known & ~subject->absent & PR_FACT_NAME)
			set_names(engine, link->ends[end].application, seen, of);
	}
	if (!may_be_seen(engine, link, end, subject)) {
		subject->absent |= PR_FACTS_SEEN & ~subject->known;
		subject->known |= PR_FACTS_SEEN;
	}
}

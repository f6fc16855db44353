/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The checks that live on what a link's own packets have shown (network/seen.h). As long as that is open they can't
 * tell, and what they could say is a denial: so they never hold up what a link needs to show itself.
 */
#include "firewall/checks_private.h"
#include "profile/service.h"

#include <string.h>

#define DENIES (1u << PR_SAID_DENY)

/* What was seen by now, settled or not; NULL where nothing is to be. A link without a name or a certificate has
 * been seen all the same. */
static const struct pr_seen *shown(const struct pr_check_view *view)
{
	const struct pr_subject *subject = view->subject;

	if (view->stage < PR_STAGE_LINK ||
	    (subject->known & subject->absent & PR_FACTS_SEEN) == PR_FACTS_SEEN)
		return NULL;
	return subject->seen;
}

bool pr_is_dns_by_alpn(const struct pr_check_view *view)
{
	const struct pr_seen *seen = shown(view);

	if (!seen)
		return false;
	return pr_seen_offers(seen, "dot") || pr_seen_offers(seen, "doq");
}

/*
 * A server for DNS over HTTPS that is on no list shows by what its user does with it: links with names that were
 * never given. These are what is denied; which link is asked over can't be seen.
 */
void pr_check_doh_seen(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	const struct pr_subject *subject = view->subject;

	if (!(view->settings->bypass_prevention & PR_BYPASS_DOH) || view->settings->own_dns ||
	    subject->dns_exempt)
		return;
	if (pr_is_open(subject, PR_FACT_NAME))
		pr_say_undeterminable(ret_said, DENIES, PR_FACT_NAME);
	else if (pr_is_known(subject, PR_FACT_NAME) && subject->claimed &&
		 subject->suspicions & PR_SUSPICION_DOH)
		pr_say(ret_said, PR_SAID_DENY);
}

/* A name that the application was never given for the address is what its packets claim. */
void pr_check_foreign_name(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	if (view->settings->foreign_names != PR_SUSPICION_DENY)
		return;
	if (pr_is_open(view->subject, PR_FACT_NAME))
		pr_say_undeterminable(ret_said, DENIES, PR_FACT_NAME);
	else if (pr_is_known(view->subject, PR_FACT_NAME) && view->subject->claimed)
		pr_say(ret_said, PR_SAID_DENY);
}

unsigned int pr_denied_tls(const struct pr_check_view *view)
{
	const struct pr_seen *seen = shown(view);
	unsigned int is = 0;

	if (!seen)
		return 0;
	if (seen->flags & PR_SEEN_NAMELESS)
		is |= PR_TLS_NAMELESS;
	if (seen->flags & PR_SEEN_OLD)
		is |= PR_TLS_OLD;
	if (seen->flags & PR_SEEN_SELF_ISSUED)
		is |= PR_TLS_SELF_ISSUED;
	if (view->subject->certificate_expired)
		is |= PR_TLS_EXPIRED;
	return is & view->settings->deny_tls;
}

/* What was seen stays seen: a denial doesn't wait for the rest. The version that is in force is settled with the
 * server's first flight, as its certificate is. */
void pr_check_deny_tls(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	unsigned int denied = view->settings->deny_tls, missing = 0;

	if (pr_denied_tls(view)) {
		pr_say(ret_said, PR_SAID_DENY);
		return;
	}
	if (denied & PR_TLS_NAMELESS)
		missing |= PR_FACT_NAME;
	if (denied & ~PR_TLS_NAMELESS)
		missing |= PR_FACT_CERTIFICATE;
	missing &= ~view->subject->known;
	if (missing)
		pr_say_undeterminable(ret_said, DENIES, missing);
}

/*
 * Of what has ports: the others are no application's links. What isn't proven encrypted is none, be it
 * plaintext, something that no inspector knows, or what couldn't be inspected.
 */
void pr_check_require_encryption(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	const struct pr_settings *settings = view->settings;
	const struct pr_subject *subject = view->subject;
	unsigned int facts = PR_FACT_SCOPE | PR_FACT_PROTOCOL | PR_FACT_ENCRYPTION;

	if (!settings->require_encryption || !settings->encryption_scopes ||
	    subject->known & subject->absent & (PR_FACT_SCOPE | PR_FACT_PROTOCOL))
		return;
	if (!pr_is_open(subject, PR_FACT_SCOPE) &&
	    !(settings->encryption_scopes & pr_scope_setting_bit(subject->scope)))
		return;
	if (!pr_is_open(subject, PR_FACT_PROTOCOL) && !pr_protocol_has_ports(subject->proto))
		return;
	if (facts & ~subject->known)
		pr_say_undeterminable(ret_said, DENIES, facts & ~subject->known);
	else if (pr_subject_encryption(subject) != PR_ENCRYPTION_YES)
		pr_say(ret_said, PR_SAID_DENY);
}

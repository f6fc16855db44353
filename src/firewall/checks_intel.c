/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The checks that live on what is known of an entity: ways past the nameserver, lists, and what is suspicious. All
 * of them only deny. They stand behind the rules, so that a rule makes an exception of whatever they say.
 */
#include "firewall/checks_private.h"
#include "firewall/listing.h"
#include "firewall/special_names.h"

#include <netinet/in.h>

#define ENCRYPTED_DNS_PORT 853

static bool prevents(const struct pr_check_view *view, unsigned int way)
{
	return view->settings->bypass_prevention & way && !view->settings->own_dns;
}

/* The name that was asked for; NULL = there is none, or it isn't known. */
static const char *asked_name(const struct pr_subject *subject)
{
	return pr_is_known(subject, PR_FACT_DOMAIN) && subject->n_domains ? subject->domains[0]
									  : NULL;
}

void pr_check_canary(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	const char *name = asked_name(view->subject);

	if (prevents(view, PR_BYPASS_CANARY) && name && pr_name_is_canary(name))
		pr_say(ret_said, PR_SAID_DENY);
}

void pr_check_discovery(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	const char *name = asked_name(view->subject);

	if (prevents(view, PR_BYPASS_DISCOVERY) && name && pr_name_is_discovery(name))
		pr_say(ret_said, PR_SAID_DENY);
}

/* DNS over TLS (RFC 7858), over DTLS (RFC 8094) and over QUIC (RFC 9250): one port, which is nothing else's. */
bool pr_is_encrypted_question(const struct pr_subject *subject)
{
	return !subject->dns_exempt && subject->direction != PR_DIRECTION_IN &&
	       pr_is_known(subject, PR_FACT_PROTOCOL) && pr_is_known(subject, PR_FACT_PORT) &&
	       subject->port == ENCRYPTED_DNS_PORT &&
	       (subject->proto == IPPROTO_UDP || subject->proto == IPPROTO_TCP);
}

/* By the port at once; elsewhere by the ALPN, which comes with the name. */
void pr_check_encrypted_dns(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	const struct pr_subject *subject = view->subject;

	if (!prevents(view, PR_BYPASS_DOT) || subject->dns_exempt)
		return;
	if (pr_is_encrypted_question(subject) || pr_is_dns_by_alpn(view))
		pr_say(ret_said, PR_SAID_DENY);
	else if (pr_is_open(subject, PR_FACT_NAME))
		pr_say_undeterminable(ret_said, 1u << PR_SAID_DENY, PR_FACT_NAME);
}

static void check_listing(const struct pr_check_view *view, const struct pr_denying_lists *lists,
			  struct pr_said_more *ret_said)
{
	struct pr_listing listing;

	switch (pr_listing_find(lists, view->subject, &listing)) {
	case PR_LISTING_FOUND:
		pr_say(ret_said, PR_SAID_DENY);
		break;
	case PR_LISTING_OPEN:
		pr_say_undeterminable(ret_said, 1u << PR_SAID_DENY, PR_FACT_LISTS);
		break;
	case PR_LISTING_NO_DATA:
		ret_said->missing = PR_FACT_LISTS;
		if (view->settings->on_missing_data == PR_MISSING_DENY)
			pr_say(ret_said, PR_SAID_DENY);
		break;
	case PR_LISTING_NONE:
		break;
	}
}

void pr_check_doh(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	const struct pr_denying_lists lists = pr_lists_of_doh(view->policy);

	if (prevents(view, PR_BYPASS_DOH) && !view->subject->dns_exempt)
		check_listing(view, &lists, ret_said);
}

void pr_check_lists(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	const struct pr_denying_lists lists = pr_lists_of_profile(view->policy, view->settings);

	check_listing(view, &lists, ret_said);
}

/*
 * A name on the Internet that leads into the networks behind the firewall lets a web page speak to what is there as
 * if it were its own server (DNS rebinding). A nameserver on the Internet can't know these addresses but by somebody's
 * wish; one of the network may give out its own names as it likes, so its answers are left alone.
 */
void pr_check_rebinding(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	const struct pr_subject *subject = view->subject;
	const char *name = asked_name(subject);

	if (!subject->public_answer || !pr_policy_global(view->policy)->rebinding_protection ||
	    !pr_is_known(subject, PR_FACT_SCOPE) ||
	    (subject->scope != PR_SCOPE_LOCALHOST && subject->scope != PR_SCOPE_LAN))
		return;
	if (name && (pr_name_is_local(name) || pr_policy_excepts_rebinding(view->policy, name)))
		return;
	pr_say(ret_said, PR_SAID_DENY);
}

static void check_suspicion(const struct pr_check_view *view, enum pr_on_suspicion action,
			    unsigned int suspicion, struct pr_said_more *ret_said)
{
	if (action == PR_SUSPICION_DENY && view->subject->suspicions & suspicion)
		pr_say(ret_said, PR_SAID_DENY);
}

void pr_check_generated(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	check_suspicion(view, view->settings->generated_domains, PR_SUSPICION_GENERATED, ret_said);
}

void pr_check_dns_tunnel(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	check_suspicion(view, view->settings->dns_tunnels, PR_SUSPICION_TUNNEL, ret_said);
}

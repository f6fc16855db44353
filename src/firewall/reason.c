/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why, in a sentence: for the `reason` of events and for explain. Each names the rule and its place or the
 * setting that decided, and where something was refused, what would make an exception.
 */
#include "firewall/checks_private.h"
#include "firewall/reason_private.h"
#include "firewall/walk.h"
#include "network/class.h"

static void tell_pooled(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	char address[PR_ADDRESS_TEXT_SIZE];

	pr_address_format(&view->subject->remote, address);
	if (view->subject->known & view->subject->absent & PR_FACT_DOMAIN)
		pr_sentence_add(sentence, "%s is of the tunnel's pool and stands for no name",
				address);
	else
		pr_sentence_add(
			sentence,
			"%s stands for the name and leads only through the tunnel; resolved "
			"again, the name has an address of its own",
			address);
}

static void tell_required(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	const char *tunnel = view->settings->tunnel;

	pr_sentence_add(sentence,
			"reaches the Internet through the tunnel%s%s only (require_tunnel)",
			*tunnel ? " " : "", tunnel);
}

static void tell_rule(struct pr_sentence *sentence, const struct pr_check_view *view,
		      const struct pr_said_more *said)
{
	/* Otherwise it is data that rules before this one lack. */
	unsigned int data = view->settings->on_missing_data == PR_MISSING_DENY
				    ? said->missing & PR_FACTS_DATA
				    : 0;
	const char *tunnel;

	if (said->rule == PR_RULE_NONE) {
		pr_sentence_add(sentence, "no rule matches");
		return;
	}
	switch (said->said) {
	case PR_SAID_PERMIT:
		pr_sentence_add(sentence, "permitted by ");
		break;
	case PR_SAID_DENY:
		pr_sentence_add(sentence, data ? "denied for lack of data (on_missing_data): "
					       : "denied by ");
		break;
	case PR_SAID_ASK:
		pr_sentence_add(sentence, "to be asked about: ");
		break;
	case PR_SAID_REROUTE_TUNNEL:
		tunnel = pr_policy_rule_tunnel(view->policy, said->rule);
		tunnel = *tunnel ? tunnel : view->settings->tunnel;
		pr_sentence_add(sentence, "through the tunnel%s%s by ", *tunnel ? " " : "", tunnel);
		break;
	default:
		pr_sentence_add(sentence, "not decided here, whatever ");
		pr_sentence_add_rule(sentence, view->policy, said->rule);
		pr_sentence_add(sentence, " says");
		return;
	}
	pr_sentence_add_rule(sentence, view->policy, said->rule);
	if (said->said == PR_SAID_DENY && data) {
		pr_sentence_add(sentence, " depends on ");
		pr_sentence_add_facts(sentence, data);
	} else {
		pr_tell_match(sentence, view, said->rule);
	}
}

static void tell_invalid(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	char text[PR_ADDRESS_TEXT_SIZE];
	const char *source = "";

	if (!pr_is_known(view->subject, PR_FACT_ADDRESS)) {
		pr_sentence_add(sentence, "its address is one that nobody can have");
		return;
	}
	(void)pr_class_registered(&view->subject->remote, &source);
	pr_sentence_add(sentence, "%s is an address that nobody can have",
			pr_address_format(&view->subject->remote, text));
	if (*source)
		pr_sentence_add(sentence, " (%s)", source);
}

static void tell_incoming_scope(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	pr_sentence_add_application(sentence, view);
	pr_sentence_add(sentence, " doesn't serve %s (incoming_scopes)",
			pr_scope_text(view->subject));
	pr_sentence_add_exception(sentence, view);
}

static void tell_scope(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	pr_sentence_add_application(sentence, view);
	pr_sentence_add(sentence, " may not reach %s (scopes)", pr_scope_text(view->subject));
	pr_sentence_add_exception(sentence, view);
}

static void tell_peer_to_peer(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	char text[PR_ADDRESS_TEXT_SIZE];

	pr_sentence_add(sentence, "no name led to %s, and ", pr_entity_text(view->subject, text));
	pr_sentence_add_application(sentence, view);
	pr_sentence_add(sentence,
			" may not reach bare addresses (peer-to-peer isn't among its scopes)");
	pr_sentence_add_exception(sentence, view);
}

static void tell_default(struct pr_sentence *sentence, const struct pr_check_view *view,
			 const struct pr_said_more *said)
{
	bool incoming = view->subject->direction == PR_DIRECTION_IN;

	pr_sentence_add(sentence, "no rule speaks of it, and %s of ",
			incoming ? "default_incoming" : "default_action");
	pr_sentence_add_application(sentence, view);
	pr_sentence_add(sentence, " is %s",
			said->said == PR_SAID_PERMIT
				? "permit"
				: (said->said == PR_SAID_ASK ? "ask" : "block"));
	if (said->said == PR_SAID_DENY)
		pr_sentence_add_exception(sentence, view);
}

void pr_tell_check(struct pr_sentence *sentence, const struct pr_check_view *view,
		   enum pr_check_id id, const struct pr_said_more *said)
{
	switch (id) {
	case PR_CHECK_OWN:
		pr_sentence_add(sentence, "Portreeve's own, or the kernel's own reset or error");
		break;
	case PR_CHECK_INFRASTRUCTURE:
		if (said->said == PR_SAID_DENY)
			tell_rule(sentence, view, said);
		else
			pr_sentence_add(sentence, "the host needs it to be on its link");
		break;
	case PR_CHECK_SPOOFED:
		pr_sentence_add(sentence, "it can't be real: %s",
				pr_spoof_text(view->subject->spoofed));
		break;
	case PR_CHECK_ATTACKER:
		pr_sentence_add(sentence,
				"an attack came from there, and for a time nothing passes "
				"(block_attackers_s)%s",
				view->subject->direction == PR_DIRECTION_IN
					? " but what an incoming rule permits by address"
					: "");
		break;
	case PR_CHECK_INVALID:
		tell_invalid(sentence, view);
		break;
	case PR_CHECK_POOLED:
		tell_pooled(sentence, view);
		break;
	case PR_CHECK_RULES:
		tell_rule(sentence, view, said);
		break;
	case PR_CHECK_START_GRACE:
		pr_sentence_add(sentence, "older than the daemon, and ");
		if (said->said == PR_SAID_REROUTE_TUNNEL)
			tell_required(sentence, view);
		else
			pr_sentence_add(sentence, "no rule denies it (start_grace)");
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
		pr_sentence_add(
			sentence,
			"questions go to Portreeve's own nameserver; own_dns, or a rule that "
			"names the address and the port, would let them pass");
		break;
	case PR_CHECK_CANARY:
		pr_tell_canary(sentence, view);
		break;
	case PR_CHECK_DISCOVERY:
		pr_tell_discovery(sentence, view);
		break;
	case PR_CHECK_ENCRYPTED_DNS:
		pr_tell_encrypted_dns(sentence, view);
		break;
	case PR_CHECK_DOH:
		pr_tell_doh(sentence, view);
		break;
	case PR_CHECK_DOH_SEEN:
		pr_tell_doh_seen(sentence, view);
		break;
	case PR_CHECK_LISTS:
		pr_tell_lists(sentence, view);
		break;
	case PR_CHECK_REBINDING:
		pr_tell_rebinding(sentence, view);
		break;
	case PR_CHECK_FOREIGN_NAME:
		pr_tell_foreign_name(sentence, view);
		break;
	case PR_CHECK_GENERATED:
		pr_tell_generated(sentence, view);
		break;
	case PR_CHECK_DNS_TUNNEL:
		pr_tell_dns_tunnel(sentence, view);
		break;
	case PR_CHECK_REQUIRE_TUNNEL:
		pr_sentence_add_application(sentence, view);
		pr_sentence_add(sentence, " ");
		tell_required(sentence, view);
		break;
	case PR_CHECK_DENY_TLS:
		pr_tell_deny_tls(sentence, view);
		break;
	case PR_CHECK_REQUIRE_ENCRYPTION:
		pr_tell_require_encryption(sentence, view);
		break;
	case PR_CHECK_DEFAULT_INCOMING:
	case PR_CHECK_DEFAULT_OUTGOING:
		tell_default(sentence, view, said);
		break;
	case PR_CHECK_COUNT_:
		break;
	}
}

static void tell_undeterminable(struct pr_sentence *sentence, const struct pr_check_view *view,
				enum pr_check_id id, const struct pr_said_more *said)
{
	if (said->rule != PR_RULE_NONE)
		pr_sentence_add_rule(sentence, view->policy, said->rule);
	else
		pr_sentence_add(sentence, "the check \"%s\"", pr_checks[id].name);
	pr_sentence_add(sentence, " depends on what isn't known yet: ");
	pr_sentence_add_facts(sentence, said->missing);
}

const char *pr_said_reason(const struct pr_check_view *view, const struct pr_intel_set *intel,
			   enum pr_check_id id, const struct pr_said_more *said, char *text,
			   size_t size)
{
	struct pr_sentence sentence = { text, size, 0, intel };

	if (size)
		text[0] = '\0';
	if (said->said == PR_SAID_UNDETERMINABLE)
		tell_undeterminable(&sentence, view, id, said);
	else if (said->said != PR_SAID_NOTHING || said->rule != PR_RULE_NONE)
		pr_tell_check(&sentence, view, id, said);
	else if (id == PR_CHECK_LISTS)
		pr_tell_excepted(&sentence, view);
	return text;
}

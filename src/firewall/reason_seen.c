/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why, where it is what the packets have shown. */
#include "firewall/reason_private.h"

#include "firewall/checks_private.h"

#include <ctype.h>
#include <string.h>

/* "TLS 1.3", "HTTP", "SSH". */
static void add_protocol(struct pr_sentence *sentence, const struct pr_subject *subject)
{
	enum pr_speaks speaks = pr_subject_speaks(subject);
	const char *name = pr_speaks_name(speaks);

	if (speaks == PR_SPEAKS_POSTGRESQL)
		name = "PostgreSQL";
	if (speaks == PR_SPEAKS_WIREGUARD)
		name = "WireGuard";
	if (name != pr_speaks_name(speaks)) {
		pr_sentence_add(sentence, "%s", name);
	} else {
		for (; *name; name++)
			pr_sentence_add(sentence, "%c", toupper((unsigned char)*name));
	}
	if (subject->seen && subject->seen->version[0])
		pr_sentence_add(sentence, " %s", subject->seen->version);
}

static void add_peer(struct pr_sentence *sentence, const struct pr_subject *subject)
{
	char text[PR_ADDRESS_TEXT_SIZE];

	pr_sentence_add(sentence, subject->direction == PR_DIRECTION_IN ? " from %s" : " to %s",
			pr_entity_text(subject, text));
}

void pr_tell_seen(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	const struct pr_subject *subject = view->subject;
	enum pr_encryption encryption = pr_subject_encryption(subject);
	bool speaks = pr_subject_speaks(subject) != PR_SPEAKS_UNKNOWN;

	if (encryption == PR_ENCRYPTION_NO)
		pr_sentence_add(sentence, "plaintext ");
	if (speaks)
		add_protocol(sentence, subject);
	else
		pr_sentence_add(sentence, encryption == PR_ENCRYPTION_NO ? "data" : "a link");
	add_peer(sentence, subject);
	if (encryption == PR_ENCRYPTION_UNKNOWN)
		pr_sentence_add(sentence,
				pr_subject_seen_flags(subject) & PR_SEEN_LIMIT
					? " that didn't prove in time that it is encrypted"
					: " that isn't proven encrypted");
	if (subject->seen && subject->seen->why && encryption != PR_ENCRYPTION_UNKNOWN)
		pr_sentence_add(sentence, " (%s)", subject->seen->why);
}

void pr_tell_claim(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	char text[PR_ADDRESS_TEXT_SIZE];

	pr_sentence_add(sentence, "its packets name %s, which ",
			view->subject->claimed ? view->subject->claimed : "a server");
	if (pr_subject_seen_flags(view->subject) & PR_SEEN_CONTRADICTS) {
		pr_sentence_add(sentence, "something else in them contradicts");
		return;
	}
	pr_sentence_add_application(sentence, view);
	pr_sentence_add(sentence, " was never given for %s",
			pr_address_format(&view->subject->remote, text));
}

void pr_tell_doh_seen(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	pr_tell_claim(sentence, view);
	pr_sentence_add(sentence, "; it seems to ask by DNS over HTTPS (bypass_prevention: doh)");
	if (view->subject->doh_why)
		pr_sentence_add(sentence, ": %s", view->subject->doh_why);
	pr_sentence_add_exception(sentence, view);
}

void pr_tell_foreign_name(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	if (pr_subject_seen_flags(view->subject) & PR_SEEN_INCOMPLETE) {
		pr_sentence_add(sentence,
				"its packets may ask for another name than they showed, and some "
				"names are denied (%s)",
				pr_subject_seen_flags(view->subject) & PR_SEEN_CONTRADICTS
					? "the same bytes came twice and differed, or there are "
					  "too many names"
					: "the server never said that it has what they showed");
		return;
	}
	pr_tell_claim(sentence, view);
	pr_sentence_add(sentence, " (foreign_names)");
	pr_sentence_add_exception(sentence, view);
}

void pr_tell_deny_tls(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	static const struct {
		unsigned int bit;
		const char *what;
	} whats[] = {
		{ PR_TLS_NAMELESS, "it names no server" },
		{ PR_TLS_OLD, "its version is below 1.2 (RFC 8996)" },
		{ PR_TLS_SELF_ISSUED, "the server's certificate is its own issuer's" },
		{ PR_TLS_EXPIRED, "the server's certificate isn't valid today" },
	};
	unsigned int denied = pr_denied_tls(view);
	const char *separator = "";

	pr_tell_seen(sentence, view);
	pr_sentence_add(sentence, ": ");
	for (size_t i = 0; i < PR_ARRAY_SIZE(whats); i++)
		if (denied & whats[i].bit) {
			pr_sentence_add(sentence, "%s%s", separator, whats[i].what);
			separator = ", ";
		}
	pr_sentence_add(sentence, " (deny_tls)");
	pr_sentence_add_exception(sentence, view);
}

void pr_tell_require_encryption(struct pr_sentence *sentence, const struct pr_check_view *view)
{
	pr_tell_seen(sentence, view);
	pr_sentence_add(sentence, "; ");
	pr_sentence_add_application(sentence, view);
	pr_sentence_add(sentence, " has to encrypt what it exchanges with %s (require_encryption)",
			pr_scope_text(view->subject));
	pr_sentence_add_exception(sentence, view);
}

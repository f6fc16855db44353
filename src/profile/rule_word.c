/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of one label that are words of the language, or of a user who takes them for such. As the entity of a rule
 * they would be hosts that nobody has, and the rule one that never matches. With a final dot they are hosts.
 */
#include "profile/rule_text.h"
#include "profile/service.h"

#include <string.h>
#include <strings.h>

#define WORD_SIZE 32
#define CLOSE_MIN 8 /* letters of a scope that a slip is recognised in */

enum meaning {
	MEANS_NOTHING,
	MEANS_SCOPE,	/* it is one */
	MEANS_PROTOCOL, /* or what inspection proves */
	MEANS_ACTION,
	MEANS_ANYTHING,
	MEANS_OTHER, /* `instead` is to be written */
};

static const char *const actions[] = { "permit", "allow",  "accept", "deny",  "block",
				       "drop",	 "reject", "ask",    "tunnel" };
static const char *const anything[] = { "all", "any", "anything", "everything", "everybody" };
static const char *const scopes[] = { "localhost", "lan", "internet" };
static const struct {
	const char *word, *instead;
} others[] = {
	{ "loopback", "Localhost" },
	{ "private", "LAN" },
	{ "wan", "Internet" },
	{ "peer-to-peer", "Internet, or leave peer-to-peer out of the setting scopes" },
};

static bool is_among(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(word, words[i]) == 0)
			return true;
	return false;
}

static enum meaning meaning_of(const char *word, const char **ret_instead)
{
	unsigned int number;

	if (strchr(word, '.'))
		return MEANS_NOTHING;
	if (is_among(word, scopes, PR_ARRAY_SIZE(scopes)))
		return MEANS_SCOPE;
	if (pr_protocol_find(word, &number) || pr_seen_word_find(word, &number))
		return MEANS_PROTOCOL;
	if (is_among(word, actions, PR_ARRAY_SIZE(actions)))
		return MEANS_ACTION;
	if (is_among(word, anything, PR_ARRAY_SIZE(anything)))
		return MEANS_ANYTHING;
	for (size_t i = 0; i < PR_ARRAY_SIZE(others); i++)
		if (strcasecmp(word, others[i].word) == 0) {
			*ret_instead = others[i].instead;
			return MEANS_OTHER;
		}
	for (size_t i = 0; i < PR_ARRAY_SIZE(scopes); i++)
		if (strlen(scopes[i]) >= CLOSE_MIN && pr_rule_word_is_close(word, scopes[i])) {
			*ret_instead = i ? "Internet" : "Localhost";
			return MEANS_OTHER;
		}
	return MEANS_NOTHING;
}

bool pr_rule_is_word(const char *name)
{
	const char *instead;

	return meaning_of(name, &instead) != MEANS_NOTHING;
}

bool pr_rule_word_is_close(const char *word, const char *known)
{
	size_t len = strlen(word), known_len = strlen(known), same = 0;
	size_t longer = len > known_len ? len : known_len;
	size_t shorter = len > known_len ? known_len : len;

	while (same < shorter && (word[same] | 0x20) == known[same])
		same++;
	if (longer - shorter > 1 || longer < 3)
		return false;
	if (len == known_len)
		return same < len && strcasecmp(word + same + 1, known + same + 1) == 0;
	return len > known_len ? strcasecmp(word + same + 1, known + same) == 0
			       : strcasecmp(word + same, known + same + 1) == 0;
}

/* "TCP/443": the entity was left out. */
static bool is_service(struct pr_rule_field field)
{
	const char *slash = memchr(field.text, '/', field.len);
	struct pr_rule_field head = { field.text, slash ? (size_t)(slash - field.text) : 0 };
	unsigned int number;
	char word[WORD_SIZE];

	return slash && pr_rule_field_copy(head, word, sizeof(word)) &&
	       (pr_protocol_find(word, &number) || pr_seen_word_find(word, &number));
}

int pr_rule_refuse_word(struct pr_rule_parser *parser, struct pr_rule_field field)
{
	char word[WORD_SIZE];
	const char *instead = NULL;

	if (is_service(field))
		return pr_rule_fail(parser, field.text,
				    "\"%.*s\" is a protocol and a port, which stand behind the "
				    "entity: write * %.*s",
				    PR_FIELD_ARG(field), PR_FIELD_ARG(field));
	if (!pr_rule_field_copy(field, word, sizeof(word)))
		return 0;
	switch (meaning_of(word, &instead)) {
	case MEANS_PROTOCOL:
		return pr_rule_fail(parser, field.text,
				    "\"%s\" is a protocol, which stands behind the entity: write * "
				    "%s; a host of that name is \"%s.\"",
				    word, word, word);
	case MEANS_ACTION:
		return pr_rule_fail(parser, field.text,
				    "\"%s\" is no entity: what is done is said by the sign in "
				    "front; write * for anything; a host of that name is \"%s.\"",
				    word, word);
	case MEANS_ANYTHING:
		return pr_rule_fail(parser, field.text,
				    "\"%s\" is no entity: write * for anything; a host of that "
				    "name is \"%s.\"",
				    word, word);
	case MEANS_OTHER:
		return pr_rule_fail(parser, field.text,
				    "\"%s\" is no entity: write %s; a host of that name is "
				    "\"%s.\"",
				    word, instead, word);
	case MEANS_SCOPE:
	case MEANS_NOTHING:
		break;
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The entity is read in one fixed order (contract.md): *, address, prefix, country, continent, AS, scope,
 * lists, domain. What looks like one of them and is none is an error there, not a domain: a typing error
 * must not become a rule that never matches.
 */
#include "base/geography.h"
#include "profile/rule_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool capitals(struct pr_rule_field field)
{
	for (size_t i = 0; i < field.len; i++)
		if (field.text[i] < 'A' || field.text[i] > 'Z')
			return false;
	return true;
}

/* What is made of an address's characters only, or has one of its separators. */
static bool looks_like_address(struct pr_rule_field field)
{
	bool dots_and_digits = true;

	if (memchr(field.text, ':', field.len) || memchr(field.text, '/', field.len))
		return true;
	for (size_t i = 0; i < field.len; i++)
		if (field.text[i] != '.' && (field.text[i] < '0' || field.text[i] > '9'))
			dots_and_digits = false;
	return dots_and_digits;
}

static int parse_address(struct pr_rule_parser *parser, struct pr_rule_field field,
			 struct pr_rule *rule)
{
	const char *slash = memchr(field.text, '/', field.len);
	const char *zone = memchr(field.text, '%', field.len);
	char text[PR_PREFIX_TEXT_SIZE];

	if (pr_rule_field_copy(field, text, sizeof(text)) &&
	    pr_prefix_parse(text, &rule->prefix) == 0) {
		rule->entity = PR_ENTITY_PREFIX;
		return 0;
	}
	if (zone)
		return pr_rule_fail(parser, zone,
				    "leave out the interface: a rule holds on all of them");
	if (slash) {
		struct pr_rule_field head = { field.text, (size_t)(slash - field.text) };
		struct pr_address address;

		if (pr_rule_field_copy(head, text, sizeof(text)) &&
		    pr_address_parse(text, &address) == 0)
			return pr_rule_fail(
				parser, slash + 1,
				"the length of a prefix is 0 to 32 (IPv4) or 128 (IPv6)");
		if (slash > field.text && slash[-1] == ':')
			return pr_rule_fail(parser, field.text,
					    "\"%.*s\" is an address of the web; write the name in "
					    "it alone, and a protocol behind a blank",
					    PR_FIELD_ARG(field));
		return pr_rule_fail(parser, field.text,
				    "\"%.*s\" is no prefix; write for example 192.0.2.0/24 or "
				    "2001:db8::/32, and a protocol behind a blank",
				    PR_FIELD_ARG(field));
	}
	if (memchr(field.text, ':', field.len))
		return pr_rule_fail(parser, field.text,
				    "\"%.*s\" is no IPv6 address, and a port stands behind the "
				    "protocol (TCP/443)",
				    PR_FIELD_ARG(field));
	return pr_rule_fail(parser, field.text,
			    "\"%.*s\" is no IPv4 address, and no name ends in digits alone",
			    PR_FIELD_ARG(field));
}

static int parse_country(struct pr_rule_parser *parser, struct pr_rule_field field,
			 struct pr_rule *rule)
{
	memcpy(rule->code, field.text, 2);
	rule->code[2] = '\0';
	if (strcmp(rule->code, "EU") == 0)
		return pr_rule_fail(parser, field.text, "EU is a continent: write C:EU");
	if (strcmp(rule->code, "UK") == 0)
		return pr_rule_fail(parser, field.text,
				    "the code of the United Kingdom is GB (ISO 3166-1)");
	if (!pr_country_continent(rule->code))
		return pr_rule_fail(
			parser, field.text,
			"no country has the code %s (ISO 3166-1); write a top-level domain "
			"in small letters",
			rule->code);
	rule->entity = PR_ENTITY_COUNTRY;
	return 0;
}

static int parse_continent(struct pr_rule_parser *parser, struct pr_rule_field field,
			   struct pr_rule *rule)
{
	struct pr_rule_field code = { field.text + 2, field.len - 2 };

	if (!pr_rule_field_copy(code, rule->code, sizeof(rule->code)) ||
	    !pr_continent_exists(rule->code))
		return pr_rule_fail(parser, code.text,
				    "the continents are AF, AN, AS, EU, NA, OC and SA");
	rule->entity = PR_ENTITY_CONTINENT;
	return 0;
}

static int parse_asn(struct pr_rule_parser *parser, struct pr_rule_field field,
		     struct pr_rule *rule)
{
	struct pr_rule_field number = { field.text + 2, field.len - 2 };

	if (!pr_rule_field_number(number, UINT32_MAX, &rule->asn) || rule->asn == 0)
		return pr_rule_fail(parser, number.text,
				    "the number of an AS is 1 to 4294967295 (RFC 6793)");
	rule->entity = PR_ENTITY_ASN;
	return 0;
}

static unsigned int scope_bit(struct pr_rule_field field)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} scopes[] = { { "localhost", PR_SCOPE_BIT_LOCALHOST },
		       { "lan", PR_SCOPE_BIT_LAN },
		       { "internet", PR_SCOPE_BIT_INTERNET } };

	for (size_t i = 0; i < PR_ARRAY_SIZE(scopes); i++)
		if (field.len == strlen(scopes[i].name) &&
		    strncasecmp(field.text, scopes[i].name, field.len) == 0)
			return scopes[i].bit;
	return 0;
}

static int parse_scopes(struct pr_rule_parser *parser, struct pr_rule_field field,
			struct pr_rule *rule)
{
	bool more;

	do {
		struct pr_rule_field item = pr_rule_field_split(&field, ',', &more);
		unsigned int bit = scope_bit(item);

		if (!bit)
			return pr_rule_fail(parser, item.text,
					    "commas stand between scopes only: Localhost, LAN, "
					    "Internet; write one rule for each other entity");
		rule->scopes |= bit;
	} while (more);
	rule->entity = PR_ENTITY_SCOPE;
	return 0;
}

static int compare_lists(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int parse_list(struct pr_rule_parser *parser, struct pr_rule_field item,
		      struct pr_rule *rule)
{
	char id[PR_LIST_ID_MAX + 1];

	for (size_t i = 0; i < item.len; i++)
		if (!pr_list_id_character(item.text[i]))
			return pr_rule_fail(
				parser, item.text + i,
				"a list's id holds letters, digits, '-', '_' and '.' only");
	if (!item.len)
		return pr_rule_fail(parser, item.text,
				    "a list's id is missing; write L:ads,malware");
	if (!pr_rule_field_copy(item, id, sizeof(id)))
		return pr_rule_fail(parser, item.text, "a list's id has at most %d characters",
				    PR_LIST_ID_MAX);
	for (unsigned int i = 0; i < rule->n_lists; i++)
		if (strcmp(rule->lists[i], id) == 0)
			return 0;
	if (rule->n_lists == PR_RULE_LISTS_MAX)
		return pr_rule_fail(parser, item.text,
				    "a rule names at most %d lists; write a second rule",
				    PR_RULE_LISTS_MAX);
	memcpy(rule->lists[rule->n_lists++], id, sizeof(id));
	return 0;
}

static int parse_lists(struct pr_rule_parser *parser, struct pr_rule_field field,
		       struct pr_rule *rule)
{
	bool more;
	int r;

	field.text += 2;
	field.len -= 2;
	do {
		r = parse_list(parser, pr_rule_field_split(&field, ',', &more), rule);
		if (r < 0)
			return r;
	} while (more);
	qsort(rule->lists, rule->n_lists, sizeof(*rule->lists), compare_lists);
	rule->entity = PR_ENTITY_LISTS;
	return 0;
}

bool pr_list_id_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static bool begins(struct pr_rule_field field, const char *prefix)
{
	return field.len >= strlen(prefix) && memcmp(field.text, prefix, strlen(prefix)) == 0;
}

int pr_rule_parse_entity(struct pr_rule_parser *parser, struct pr_rule_field field,
			 struct pr_rule *rule)
{
	struct pr_rule_field behind_as = { field.text + 2, field.len - 2 };
	int r;

	if (pr_rule_field_is(field, "*")) {
		rule->entity = PR_ENTITY_ANY;
		return 0;
	}
	if (field.len == 2 && capitals(field))
		return parse_country(parser, field, rule);
	if (begins(field, "C:") || begins(field, "c:"))
		return parse_continent(parser, field, rule);
	if (begins(field, "AS") && pr_rule_field_digits(behind_as))
		return parse_asn(parser, field, rule);
	if (begins(field, "L:"))
		return parse_lists(parser, field, rule);
	if (begins(field, "l:"))
		return pr_rule_fail(parser, field.text, "write L: in front of lists");
	r = pr_rule_refuse_word(parser, field);
	if (r < 0)
		return r;
	if (scope_bit(field) || memchr(field.text, ',', field.len))
		return parse_scopes(parser, field, rule);
	if (looks_like_address(field) && field.text[0] != '*')
		return parse_address(parser, field, rule);
	return pr_rule_parse_domain(parser, field, rule);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/rule_text.h"
#include "profile/service.h"

#include <stdarg.h>
#include <string.h>

struct output {
	char *text;
	size_t len;
};

/* PR_RULE_TEXT_SIZE holds the longest rule there can be; a longer one is cut, never written beyond. */
PR_PRINTF(2, 3) static void put(struct output *output, const char *format, ...)
{
	size_t left = PR_RULE_TEXT_SIZE - output->len;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(output->text + output->len, left, format, arguments);
	va_end(arguments);
	output->len += n < 0 ? 0 : (size_t)n < left ? (size_t)n : left - 1;
}

static void put_prefix(struct output *output, const struct pr_prefix *prefix)
{
	char text[PR_PREFIX_TEXT_SIZE];

	if (prefix->len == (prefix->address.family == 4 ? 32 : 128))
		put(output, "%s", pr_address_format(&prefix->address, text));
	else
		put(output, "%s", pr_prefix_format(prefix, text));
}

static void put_scopes(struct output *output, unsigned int scopes)
{
	const char *separator = "";

	if (scopes & PR_SCOPE_BIT_LOCALHOST) {
		put(output, "Localhost");
		separator = ",";
	}
	if (scopes & PR_SCOPE_BIT_LAN) {
		put(output, "%sLAN", separator);
		separator = ",";
	}
	if (scopes & PR_SCOPE_BIT_INTERNET)
		put(output, "%sInternet", separator);
}

static void put_domain(struct output *output, const struct pr_rule *rule)
{
	bool left = rule->entity == PR_ENTITY_SUFFIX || rule->entity == PR_ENTITY_CONTAINS;
	bool right = rule->entity == PR_ENTITY_BEGINS || rule->entity == PR_ENTITY_CONTAINS;
	/* Those that are called like a word of the language: the final dot keeps them domains. */
	bool dot = rule->entity == PR_ENTITY_NAME && pr_rule_is_word(rule->domain);

	if (rule->entity == PR_ENTITY_ZONE)
		put(output, ".");
	put(output, "%s%s%s", left ? "*" : "", rule->domain, right ? "*" : dot ? "." : "");
}

static void put_entity(struct output *output, const struct pr_rule *rule)
{
	switch (rule->entity) {
	case PR_ENTITY_PREFIX:
		put_prefix(output, &rule->prefix);
		break;
	case PR_ENTITY_SCOPE:
		put_scopes(output, rule->scopes);
		break;
	case PR_ENTITY_COUNTRY:
		put(output, "%s", rule->code);
		break;
	case PR_ENTITY_CONTINENT:
		put(output, "C:%s", rule->code);
		break;
	case PR_ENTITY_ASN:
		put(output, "AS%u", rule->asn);
		break;
	case PR_ENTITY_LISTS:
		for (unsigned int i = 0; i < rule->n_lists; i++)
			put(output, "%s%s", i ? "," : "L:", rule->lists[i]);
		break;
	case PR_ENTITY_ANY:
		put(output, "*");
		break;
	default:
		put_domain(output, rule);
	}
}

static void put_service(struct output *output, const struct pr_rule *rule)
{
	const char *name = pr_protocol_name(rule->proto);

	if (rule->proto == PR_PROTO_ANY && !rule->n_ports)
		return;
	if (rule->proto == PR_PROTO_ANY)
		put(output, " *");
	else if (rule->proto > PR_PROTO_ANY)
		put(output, " %s", pr_seen_word(rule->proto));
	else if (name)
		put(output, " %s", name);
	else
		put(output, " %u", rule->proto);
	for (unsigned int i = 0; i < rule->n_ports; i++) {
		put(output, "%s%u", i ? "," : "/", rule->ports[i].first);
		if (rule->ports[i].last != rule->ports[i].first)
			put(output, "-%u", rule->ports[i].last);
	}
}

const char *pr_rule_format(const struct pr_rule *rule, char *text)
{
	struct output output = { text, 0 };

	put(&output, "%c%s ", "+-?>"[rule->action], rule -> tunnel);
	put_entity(&output, rule);
	put_service(&output, rule);
	return text;
}

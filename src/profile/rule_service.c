/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/rule_text.h"
#include "profile/service.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SERVICE_NAME_SIZE 32

const char *pr_seen_word(unsigned int proto)
{
	if (proto == PR_PROTO_ENCRYPTED)
		return "encrypted";
	if (proto == PR_PROTO_UNENCRYPTED)
		return "unencrypted";
	return pr_speaks_name((enum pr_speaks)(proto - PR_PROTO_SPEAKS));
}

/* "unknown" is no word: nothing proves it. */
static bool is_seen_word(unsigned int proto)
{
	return proto != PR_PROTO_SPEAKS + PR_SPEAKS_UNKNOWN;
}

bool pr_seen_word_find(const char *word, unsigned int *ret_proto)
{
	for (unsigned int proto = PR_PROTO_ENCRYPTED; proto <= PR_PROTO_LAST; proto++)
		if (is_seen_word(proto) && strcasecmp(word, pr_seen_word(proto)) == 0) {
			*ret_proto = proto;
			return true;
		}
	return false;
}

static const char *closest_seen_word(const char *word)
{
	for (unsigned int proto = PR_PROTO_ENCRYPTED; proto <= PR_PROTO_LAST; proto++)
		if (is_seen_word(proto) && pr_rule_word_is_close(word, pr_seen_word(proto)))
			return pr_seen_word(proto);
	return NULL;
}

/* Neither a protocol nor what inspection proves: what was meant? */
static int fail_protocol(struct pr_rule_parser *parser, struct pr_rule_field field)
{
	char word[SERVICE_NAME_SIZE] = "";
	bool fits = pr_rule_field_copy(field, word, sizeof(word));
	const char *close = fits ? closest_seen_word(word) : NULL;
	unsigned int port;

	if (fits && pr_service_find(word, &port))
		return pr_rule_fail(
			parser, field.text,
			"\"%s\" is the name of a port: write TCP/%s, or what inspection "
			"proves (tls, quic, http, ssh, encrypted, …)",
			word, word);
	if (close)
		return pr_rule_fail(parser, field.text, "there is no protocol \"%s\"; write %s",
				    word, close);
	return pr_rule_fail(
		parser, field.text,
		"there is no protocol \"%.*s\"; write TCP, UDP, ICMP, ICMP6, SCTP, a "
		"number, *, or what inspection proves: tls, quic, http, ssh, encrypted, "
		"unencrypted, …",
		PR_FIELD_ARG(field));
}

/* What a link speaks is seen when it is on its way. */
static int check_tunnel(struct pr_rule_parser *parser, struct pr_rule_field field,
			const struct pr_rule *rule)
{
	if (rule->action != PR_RULE_TUNNEL)
		return 0;
	return pr_rule_fail(
		parser, field.text,
		"a link goes through the tunnel from its first packet on, before anything "
		"is seen of it: write a protocol and a port");
}

static int parse_protocol(struct pr_rule_parser *parser, struct pr_rule_field field,
			  struct pr_rule *rule)
{
	char name[SERVICE_NAME_SIZE];
	uint32_t number;

	if (pr_rule_field_is(field, "*")) {
		rule->proto = PR_PROTO_ANY;
		return 0;
	}
	if (pr_rule_field_digits(field)) {
		if (!pr_rule_field_number(field, 255, &number))
			return pr_rule_fail(parser, field.text,
					    "a protocol's number is 0 to 255; a port stands behind "
					    "the protocol: TCP/443");
		rule->proto = number;
		return 0;
	}
	if (!pr_rule_field_copy(field, name, sizeof(name)))
		return fail_protocol(parser, field);
	if (!pr_protocol_find(name, &number)) {
		if (!pr_seen_word_find(name, &number))
			return fail_protocol(parser, field);
		rule->proto = number;
		return check_tunnel(parser, field, rule);
	}
	rule->proto = number;
	return 0;
}

/* A number or a service's name; false when it is neither. 65536 and more come back as they are. */
static bool read_port(struct pr_rule_field field, uint32_t *ret_port)
{
	char name[SERVICE_NAME_SIZE];

	if (pr_rule_field_digits(field)) {
		if (!pr_rule_field_number(field, UINT32_MAX, ret_port))
			*ret_port = UINT32_MAX;
		return true;
	}
	return pr_rule_field_copy(field, name, sizeof(name)) && pr_service_find(name, ret_port);
}

/* Services' names hold dashes too: a dash separates where there is a port on either side. */
static bool read_range(struct pr_rule_field field, uint32_t *ret_first, uint32_t *ret_last,
		       const char **ret_last_text)
{
	for (size_t i = 1; i + 1 < field.len; i++) {
		struct pr_rule_field left = { field.text, i };
		struct pr_rule_field right = { field.text + i + 1, field.len - i - 1 };

		if (field.text[i] == '-' && read_port(left, ret_first) &&
		    read_port(right, ret_last)) {
			*ret_last_text = right.text;
			return true;
		}
	}
	return false;
}

static int check_port(struct pr_rule_parser *parser, const char *at, uint32_t port)
{
	if (port == 0 || port > UINT16_MAX)
		return pr_rule_fail(parser, at, "a port is 1 to 65535");
	return 0;
}

static int parse_range(struct pr_rule_parser *parser, struct pr_rule_field field,
		       struct pr_port_range *ret_range)
{
	const char *last_text = field.text;
	uint32_t first, last;
	int r;

	if (!field.len)
		return pr_rule_fail(parser, field.text,
				    "a port is missing; leave the / out to mean all ports");
	if (read_port(field, &first))
		last = first;
	else if (!read_range(field, &first, &last, &last_text))
		return pr_rule_fail(parser, field.text,
				    "\"%.*s\" is no port: write a number, a range (8000-8080) or a "
				    "service's name",
				    PR_FIELD_ARG(field));
	r = check_port(parser, field.text, first);
	if (r == 0)
		r = check_port(parser, last_text, last);
	if (r < 0)
		return r;
	if (last < first)
		return pr_rule_fail(parser, field.text, "a range runs upwards: write %u-%u", last,
				    first);
	*ret_range = (struct pr_port_range){ (uint16_t)first, (uint16_t)last };
	return 0;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct pr_port_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Sorted, and joined where they touch: the canonical form. */
static void tidy_ports(struct pr_rule *rule)
{
	unsigned int n = 0;

	qsort(rule->ports, rule->n_ports, sizeof(*rule->ports), compare_ranges);
	for (unsigned int i = 1; i < rule->n_ports; i++) {
		struct pr_port_range next = rule->ports[i];

		if (next.first <= (uint32_t)rule->ports[n].last + 1) {
			if (next.last > rule->ports[n].last)
				rule->ports[n].last = next.last;
		} else {
			rule->ports[++n] = next;
		}
	}
	rule->n_ports = n + 1;
}

static int parse_ports(struct pr_rule_parser *parser, struct pr_rule_field field,
		       struct pr_rule *rule)
{
	bool more;
	int r;

	do {
		struct pr_rule_field item = pr_rule_field_split(&field, ',', &more);

		if (rule->n_ports == PR_RULE_PORTS_MAX)
			return pr_rule_fail(
				parser, item.text,
				"a rule has at most %d ports and ranges; write a second "
				"rule",
				PR_RULE_PORTS_MAX);
		r = parse_range(parser, item, &rule->ports[rule->n_ports]);
		if (r < 0)
			return r;
		rule->n_ports++;
	} while (more);
	tidy_ports(rule);
	return 0;
}

int pr_rule_parse_service(struct pr_rule_parser *parser, struct pr_rule_field field,
			  struct pr_rule *rule)
{
	bool more;
	struct pr_rule_field protocol = pr_rule_field_split(&field, '/', &more);
	int r;

	r = parse_protocol(parser, protocol, rule);
	if (r < 0 || !more)
		return r;
	if (rule->proto < PR_PROTO_ANY && !pr_protocol_has_ports(rule->proto))
		return pr_rule_fail(parser, field.text,
				    "%.*s has no ports; leave the / and what follows out",
				    PR_FIELD_ARG(protocol));
	return parse_ports(parser, field, rule);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `portreeve rule test`: what one rule says of the facts given. What is not given is unknown, nothing else
 * follows from anything but an address's scope and a country's continent. No daemon is needed. */
#include "cli/cli.h"
#include "network/class.h"
#include "base/geography.h"
#include "profile/rule.h"
#include "profile/service.h"

#include <ctype.h>
#include <string.h>

#define LISTS_MAX PR_RULE_LISTS_MAX

struct test {
	struct pr_rule rule;
	struct pr_subject subject;
	char domains[PR_SUBJECT_DOMAINS_MAX][PR_NAME_TEXT_SIZE];
	uint64_t lists; /* bit = place in the rule's lists */
	struct pr_seen seen;
	char name[PR_NAME_TEXT_SIZE]; /* that the packets show; "" = none is given */
};

/* A rule for the name brings it into canonical form, internationalised names too; the final dot
 * keeps names that look like something else (localhost, a country) what they are. */
static bool read_name(const char *value, char name[static PR_NAME_TEXT_SIZE])
{
	PR_CLEANUP(pr_cleanup_free)
	char *text = pr_asprintf("+ %s%s", value,
				 value[0] && value[strlen(value) - 1] == '.' ? "" : ".");
	struct pr_rule_error error;
	struct pr_rule parsed;

	if (pr_rule_parse(text, &parsed, &error) != 0 || parsed.entity != PR_ENTITY_NAME)
		return false;
	memcpy(name, parsed.domain, strlen(parsed.domain) + 1);
	return true;
}

static bool set_domain(struct test *test, const char *value)
{
	char *name = test->domains[test->subject.n_domains];

	if (test->subject.n_domains == PR_SUBJECT_DOMAINS_MAX) {
		pr_cli_usage_error("rule", "--domain: at most %d candidates",
				   PR_SUBJECT_DOMAINS_MAX);
		return false;
	}
	if (!read_name(value, name)) {
		pr_cli_usage_error("rule", "--domain %s: not a domain", value);
		return false;
	}
	test->subject.domains[test->subject.n_domains++] = name;
	test->subject.known |= PR_FACT_DOMAIN;
	return true;
}

static bool set_address(struct test *test, const char *value)
{
	if (pr_address_parse(value, &test->subject.remote) < 0) {
		pr_cli_usage_error("rule", "--ip %s: not an address", value);
		return false;
	}
	test->subject.remote_class = pr_class_of(&test->subject.remote, NULL);
	test->subject.scope = pr_class_scope(test->subject.remote_class);
	test->subject.known |= PR_FACT_ADDRESS | PR_FACT_SCOPE;
	return true;
}

static bool read_number(const char *value, unsigned long most, unsigned long *ret_number)
{
	char *end = NULL;

	errno = 0;
	*ret_number = strtoul(value, &end, 10);
	return isdigit((unsigned char)value[0]) && !*end && !errno && *ret_number <= most;
}

static bool set_protocol(struct test *test, const char *value)
{
	unsigned long number;
	unsigned int named;

	if (pr_protocol_find(value, &named))
		number = named;
	else if (!read_number(value, 255, &number)) {
		pr_cli_usage_error("rule", "--proto %s: not a protocol", value);
		return false;
	}
	test->subject.proto = (uint8_t)number;
	test->subject.known |= PR_FACT_PROTOCOL;
	return true;
}

static bool set_port(struct test *test, const char *value)
{
	unsigned long number;
	unsigned int named;

	if (pr_service_find(value, &named))
		number = named;
	else if (!read_number(value, UINT16_MAX, &number)) {
		pr_cli_usage_error("rule", "--port %s: not a port", value);
		return false;
	}
	test->subject.port = (uint16_t)number;
	test->subject.known |= PR_FACT_PORT;
	return true;
}

static bool set_country(struct test *test, const char *value)
{
	struct pr_subject *subject = &test->subject;
	const char *continent;

	if (strlen(value) != 2 || !isalpha((unsigned char)value[0]) ||
	    !isalpha((unsigned char)value[1])) {
		pr_cli_usage_error("rule", "--country %s: not a country's two letters", value);
		return false;
	}
	subject->country[0] = (char)toupper((unsigned char)value[0]);
	subject->country[1] = (char)toupper((unsigned char)value[1]);
	continent = pr_country_continent(subject->country);
	if (continent)
		memcpy(subject->continent, continent, sizeof(subject->continent));
	subject->known |= PR_FACT_COUNTRY;
	return true;
}

static bool set_asn(struct test *test, const char *value)
{
	unsigned long number;

	if (!read_number(strncasecmp(value, "AS", 2) == 0 ? value + 2 : value, UINT32_MAX,
			 &number)) {
		pr_cli_usage_error("rule", "--asn %s: not the number of an AS", value);
		return false;
	}
	test->subject.asn = (uint32_t)number;
	test->subject.known |= PR_FACT_ASN;
	return true;
}

static bool set_list(struct test *test, const char *value)
{
	for (unsigned int i = 0; i < test->rule.n_lists; i++)
		if (strcmp(test->rule.lists[i], value) == 0)
			test->lists |= UINT64_C(1) << i;
	test->subject.address_lists = &test->lists;
	test->subject.n_list_words = 1;
	test->subject.known |= PR_FACT_LISTS;
	return true;
}

static bool set_speaks(struct test *test, const char *value)
{
	enum pr_speaks speaks;

	if (!pr_speaks_find(value, &speaks)) {
		pr_cli_usage_error("rule", "--speaks %s: write tls, quic, http, ssh, …, or unknown",
				   value);
		return false;
	}
	test->seen.speaks = (uint8_t)speaks;
	test->subject.known |= PR_FACT_SPEAKS;
	return true;
}

static bool set_encrypted(struct test *test, const char *value)
{
	enum pr_encryption encryption;

	if (!pr_encryption_find(value, &encryption)) {
		pr_cli_usage_error("rule", "--encrypted %s: write yes, no or unknown", value);
		return false;
	}
	test->seen.encryption = (uint8_t)encryption;
	test->subject.known |= PR_FACT_ENCRYPTION;
	return true;
}

static bool set_name(struct test *test, const char *value)
{
	if (!read_name(value, test->name)) {
		pr_cli_usage_error("rule", "--name %s: not a domain", value);
		return false;
	}
	test->subject.known |= PR_FACT_NAME;
	return true;
}

static const struct {
	const char *name;
	bool (*set)(struct test *test, const char *value);
} facts[] = {
	{ "domain", set_domain }, { "ip", set_address },      { "proto", set_protocol },
	{ "port", set_port },	  { "country", set_country }, { "asn", set_asn },
	{ "list", set_list },	  { "speaks", set_speaks },   { "encrypted", set_encrypted },
	{ "name", set_name },
};

/* One "--NAME VALUE" or "--NAME=VALUE" at argv[*at]; moves behind it. */
static bool take_fact(struct test *test, int argc, char **argv, int *at)
{
	const char *name = argv[*at] + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);

	for (size_t i = 0; i < PR_ARRAY_SIZE(facts); i++) {
		if (strlen(facts[i].name) != len || memcmp(facts[i].name, name, len) != 0)
			continue;
		if (!equals && ++*at == argc) {
			pr_cli_usage_error("rule", "--%s wants a value", facts[i].name);
			return false;
		}
		++*at;
		return facts[i].set(test, equals ? equals + 1 : argv[*at - 1]);
	}
	pr_cli_usage_error("rule", "unknown option --%.*s", (int)len, name);
	return false;
}

/* The rule is the one word that is no option and no option's value. */
static const char *find_rule(int argc, char **argv)
{
	const char *rule = NULL;

	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) == 0) {
			i += strchr(argv[i], '=') == NULL;
			continue;
		}
		if (rule)
			return NULL;
		rule = argv[i];
	}
	return rule;
}

static int print_error(const char *rule, const struct pr_rule_error *error)
{
	fprintf(stderr, "column %u: %s\n  %s\n  %*s^\n", error->column, error->message, rule,
		(int)error->column - 1, "");
	return PR_EXIT_USAGE;
}

/* A name that the packets show is the only one where it is among those given, and otherwise claimed. */
static bool is_claimed(struct test *test)
{
	struct pr_subject *subject = &test->subject;

	for (unsigned int i = 0; i < subject->n_domains; i++)
		if (strcmp(subject->domains[i], test->name) == 0) {
			subject->domains[0] = test->name;
			subject->n_domains = 1;
			return false;
		}
	return test->name[0];
}

static enum pr_rule_answer answer(struct test *test, unsigned int *ret_missing)
{
	bool claimed = is_claimed(test);
	struct pr_subject subject = test->subject;
	uint32_t numbers[LISTS_MAX];
	unsigned int no_data, missing;
	enum pr_rule_answer given;

	for (uint32_t i = 0; i < LISTS_MAX; i++)
		numbers[i] = i;
	given = pr_rule_match(&test->rule, numbers, &subject, ret_missing, &no_data);
	if (!claimed || given == PR_ANSWER_YES || test->rule.action != PR_RULE_DENY)
		return given;
	/* What is claimed can deny. */
	subject.domains[0] = test->name;
	subject.n_domains = 1;
	subject.known |= PR_FACT_DOMAIN;
	return pr_rule_match(&test->rule, numbers, &subject, &missing, &no_data) == PR_ANSWER_YES
		       ? PR_ANSWER_YES
		       : given;
}

static const char *word_for(struct test *test, unsigned int *ret_missing)
{
	static const char *const actions[] = { "permit", "deny", "ask", "tunnel" };

	test->subject.seen = &test->seen;
	switch (answer(test, ret_missing)) {
	case PR_ANSWER_YES:
		return actions[test->rule.action];
	case PR_ANSWER_NO:
		return "no-match";
	default:
		return "undeterminable";
	}
}

static void print_missing(FILE *out, unsigned int missing)
{
	static const struct {
		unsigned int fact;
		const char *name;
	} names[] = { { PR_FACT_DOMAIN, "domain" }, { PR_FACT_ADDRESS, "ip" },
		      { PR_FACT_SCOPE, "ip" },	    { PR_FACT_PROTOCOL, "proto" },
		      { PR_FACT_PORT, "port" },	    { PR_FACT_COUNTRY, "country" },
		      { PR_FACT_ASN, "asn" },	    { PR_FACT_LISTS, "list" },
		      { PR_FACT_SPEAKS, "speaks" }, { PR_FACT_ENCRYPTION, "encrypted" } };

	if (!missing)
		return;
	fputs("unknown:", out);
	for (size_t i = 0; i < PR_ARRAY_SIZE(names); i++)
		if (missing & names[i].fact)
			fprintf(out, " --%s", names[i].name);
	fputc('\n', out);
}

/* For who looks on: with nothing else that lets it go straight, the name isn't resolved here. */
static void print_far(const struct pr_cli *cli, const struct test *test, const char *word)
{
	if (strcmp(word, "tunnel") == 0 && test->subject.n_domains &&
	    !(test->subject.known & PR_FACT_ADDRESS))
		fputs("a question for the name gets an address of the tunnel's pool; the far end "
		      "resolves it\n",
		      cli->out);
}

int pr_cli_rule_test(const struct pr_cli *cli, int argc, char **argv)
{
	PR_CLEANUP(pr_cleanup_free) struct test *test = pr_calloc(1, sizeof(*test));
	const char *rule = find_rule(argc, argv), *word;
	char text[PR_RULE_TEXT_SIZE];
	struct pr_rule_error error;
	unsigned int missing;

	if (!rule)
		return pr_cli_usage_error("rule", "test wants one quoted rule, and options");
	if (pr_rule_parse(rule, &test->rule, &error) < 0)
		return print_error(rule, &error);
	for (int i = 0; i < argc;) {
		if (strncmp(argv[i], "--", 2) != 0)
			i++;
		else if (!take_fact(test, argc, argv, &i))
			return PR_EXIT_USAGE;
	}
	word = word_for(test, &missing);
	pr_rule_format(&test->rule, text);
	if (cli->json) {
		json_t *row = json_pack("{s:s, s:s}", "rule", text, "result", word);

		pr_cli_json(cli, row);
		json_decref(row);
		return PR_EXIT_OK;
	}
	if (cli->colour)
		fprintf(cli->out, "rule: %s\n", text);
	if (cli->colour)
		print_missing(cli->out, missing);
	if (cli->colour)
		print_far(cli, test, word);
	fprintf(cli->out, "%s\n", word);
	return PR_EXIT_OK;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line a key. The values are checked where they were configured; here only that they can be what they should. */
#include "network/provider.h"

#include <stdlib.h>
#include <string.h>

bool pr_provider_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

const char *pr_provider_type_name(enum pr_provider_type type)
{
	return type == PR_PROVIDER_HTTP ? "http" : "dns";
}

const char *pr_provider_asks_name(unsigned int asks)
{
	return asks == PR_PROVIDER_ASKS_DOMAINS	    ? "domains"
	       : asks == PR_PROVIDER_ASKS_ADDRESSES ? "addresses"
						    : "both";
}

/* A handful of lines: each makes the text anew. */
static char *write_codes(const struct pr_provider *provider)
{
	char *text = pr_strdup("");

	for (unsigned int i = 0; i < provider->n_codes; i++) {
		const struct pr_provider_code *code = &provider->codes[i];
		char address[PR_ADDRESS_TEXT_SIZE];
		char *longer =
			pr_asprintf("%scode=%s %s\n", text,
				    pr_address_format(&code->address, address), code->category);

		free(text);
		text = longer;
	}
	return text;
}

char *pr_provider_write(const struct pr_provider *provider)
{
	PR_CLEANUP(pr_cleanup_free) char *codes = write_codes(provider);

	return pr_asprintf("id=%s\ntype=%u\nasks=%u\ndeadline_ms=%u\ncache_least_s=%u\n"
			   "cache_most_s=%u\nzone=%s\nserver=%s\ntest_points=%u\n%surl=%s\n"
			   "header=%s\nca=%s\n",
			   provider->id, provider->type, provider->asks, provider->deadline_ms,
			   provider->cache_least_s, provider->cache_most_s, provider->zone,
			   provider->server, provider->test_points, codes, provider->url,
			   provider->header, provider->ca);
}

static bool read_code(char *value, struct pr_provider *provider)
{
	struct pr_provider_code *code = &provider->codes[provider->n_codes];
	char *space = strchr(value, ' ');

	if (!space || provider->n_codes == PR_PROVIDER_CODES_MAX)
		return false;
	*space = '\0';
	code->category = space + 1;
	provider->n_codes++;
	return pr_address_parse(value, &code->address) == 0;
}

static bool read_number(const char *value, uint32_t *ret_number)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

/* False where the key isn't one, or its value can't be its. */
static bool read_line(const char *key, char *value, struct pr_provider *provider)
{
	uint32_t type = 0, test_points = 0;
	const struct {
		const char *key, **text;
		uint32_t *number;
	} keys[] = {
		{ "id", &provider->id, NULL },
		{ "type", NULL, &type },
		{ "asks", NULL, &provider->asks },
		{ "deadline_ms", NULL, &provider->deadline_ms },
		{ "cache_least_s", NULL, &provider->cache_least_s },
		{ "cache_most_s", NULL, &provider->cache_most_s },
		{ "zone", &provider->zone, NULL },
		{ "server", &provider->server, NULL },
		{ "test_points", NULL, &test_points },
		{ "url", &provider->url, NULL },
		{ "header", &provider->header, NULL },
		{ "ca", &provider->ca, NULL },
	};

	if (strcmp(key, "code") == 0)
		return read_code(value, provider);
	for (size_t i = 0; i < PR_ARRAY_SIZE(keys); i++) {
		if (strcmp(key, keys[i].key) != 0)
			continue;
		if (keys[i].text)
			*keys[i].text = value;
		else if (!read_number(value, keys[i].number))
			return false;
		if (type)
			provider->type = PR_PROVIDER_HTTP;
		if (test_points)
			provider->test_points = true;
		return type <= PR_PROVIDER_HTTP && test_points <= 1;
	}
	return false;
}

static bool makes_sense(const struct pr_provider *provider)
{
	return provider->id[0] && strlen(provider->id) <= PR_PROVIDER_ID_MAX && provider->asks &&
	       provider->asks <= (PR_PROVIDER_ASKS_DOMAINS | PR_PROVIDER_ASKS_ADDRESSES) &&
	       provider->deadline_ms >= PR_PROVIDER_DEADLINE_LEAST_MS &&
	       provider->deadline_ms <= PR_PROVIDER_DEADLINE_MOST_MS &&
	       provider->cache_least_s <= provider->cache_most_s &&
	       (provider->type == PR_PROVIDER_DNS ? provider->zone[0] : provider->url[0]);
}

int pr_provider_read(char *text, struct pr_provider *ret_provider)
{
	struct pr_provider provider = {
		.id = "", .zone = "", .server = "", .url = "", .header = "", .ca = ""
	};

	while (*text) {
		char *line = strsep(&text, "\n"), *value = strchr(line, '=');

		if (!text || !value)
			return -EBADMSG;
		*value++ = '\0';
		if (!read_line(line, value, &provider))
			return -EBADMSG;
	}
	if (!makes_sense(&provider))
		return -EBADMSG;
	*ret_provider = provider;
	return 0;
}

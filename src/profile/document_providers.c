/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The setting `provider`: who is asked about an entity. Its keys are the table's (setting.c). */
#include "profile/document.h"

#include "base/url.h"

#include <libconfig.h>
#include <string.h>

#define PLACE	    "{entity}"
#define URL_MAX	    1024 /* bytes; with HEADER_MAX: all providers together fit a message */
#define HEADER_MAX  512
#define CATEGORY_IS "write 1 to 31 letters, digits, '-' or '_'"

static bool is_word(const char *text, size_t max)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!pr_provider_character(text[i]))
			return false;
	return len && len <= max;
}

/* ---- values ---- */

static int check_id(struct pr_document_parser *parser, const config_setting_t *item, const char *id)
{
	if (is_word(id, PR_PROVIDER_ID_MAX))
		return 0;
	return pr_config_fail(parser->error, parser->document->file,
			      config_setting_source_line(item),
			      "\"%.80s\" is no provider's id: " CATEGORY_IS, id);
}

/* The entity stands behind the host: nobody's name is to be resolved for it. */
static int check_template(struct pr_document_parser *parser, const config_setting_t *item,
			  const char *url)
{
	const char *place = strstr(url, PLACE), *wrong = NULL, *authority = strstr(url, "://");
	PR_CLEANUP(pr_cleanup_free) char *example = NULL;

	if (!place || strstr(place + 1, PLACE)) {
		wrong = "write {entity} where the domain or address goes, once";
	} else if (strlen(url) > URL_MAX) {
		wrong = "it is longer than 1024 bytes";
	} else {
		example = pr_asprintf("%.*sx%s", (int)(place - url), url, place + strlen(PLACE));
		wrong = pr_url_wrong(example);
	}
	if (!wrong && place < authority + 3 + strcspn(authority + 3, "/?"))
		wrong = "{entity} stands in the path or behind it";
	if (!wrong && memchr(authority, '@', strcspn(authority + 3, "/?") + 3))
		wrong = "a user and a password belong into `header`";
	if (!wrong)
		return 0;
	return pr_config_fail(parser->error, parser->document->file,
			      config_setting_source_line(item),
			      "\"%.200s\" cannot be fetched from: %s", url, wrong);
}

/* RFC 9110, 5.1: a token, a colon, a value. */
static int check_header(struct pr_document_parser *parser, const config_setting_t *item,
			const char *header)
{
	size_t name_len = strcspn(header, ":");
	bool fine = name_len && header[name_len] == ':' && strlen(header) <= HEADER_MAX &&
		    header[name_len + 1 + strspn(header + name_len + 1, " ")];

	for (size_t i = 0; i < name_len; i++)
		fine = fine && pr_provider_character(header[i]);
	return fine ? 0
		    : pr_document_fail_at(parser, item,
					  "write a header as NAME: VALUE, at most 512 bytes");
}

static int check_value(struct pr_document_parser *parser, const config_setting_t *item,
		       unsigned int key, char **text)
{
	char zone[PR_NAME_TEXT_SIZE];
	int r;

	switch (key) {
	case PR_PROVIDER_ID:
		return check_id(parser, item, *text);
	case PR_PROVIDER_URL:
		return check_template(parser, item, *text);
	case PR_PROVIDER_HEADER:
		return check_header(parser, item, *text);
	case PR_PROVIDER_SERVER:
		return pr_document_check_upstream(parser, *text, config_setting_source_line(item));
	case PR_PROVIDER_ZONE:
		r = pr_document_canonical_zone(parser, *text, config_setting_source_line(item),
					       zone);
		if (r == 0) {
			free(*text);
			*text = pr_strdup(zone);
		}
		return r;
	default:
		return 0;
	}
}

/* ---- codes ---- */

static int parse_code(struct pr_document_parser *parser, struct pr_document_provider *provider,
		      const config_setting_t *group)
{
	const char *address = NULL, *category = NULL;
	struct pr_address parsed;

	if (config_setting_length(group) != 2 ||
	    !config_setting_lookup_string(group, "address", &address) ||
	    !config_setting_lookup_string(group, "category", &category))
		return pr_document_fail_at(parser, group,
					   "a code has an address and a category, nothing else");
	if (pr_address_parse(address, &parsed) != 0 || parsed.family != 4 || parsed.bytes[0] != 127)
		return pr_document_fail_at(
			parser, group, "a code's address is one of 127.0.0.0/8 (RFC 5782, 2.3)");
	if (!is_word(category, PR_PROVIDER_CATEGORY_MAX))
		return pr_document_fail_at(parser, group, "a code's category: " CATEGORY_IS);
	provider->codes[provider->n_codes].address = parsed;
	provider->codes[provider->n_codes++].category = pr_strdup(category);
	return 0;
}

static int parse_codes(struct pr_document_parser *parser, struct pr_document_provider *provider,
		       config_setting_t *setting)
{
	int n = pr_document_count_groups(parser, setting), r = n < 0 ? n : 0;

	if (n > (int)PR_PROVIDER_CODES_MAX)
		return pr_document_fail_at(parser, setting, "there are more than 16 codes");
	for (int i = 0; i < n && r == 0; i++)
		r = parse_code(parser, provider, config_setting_get_elem(setting, (unsigned int)i));
	return r;
}

/* ---- groups ---- */

static int parse_item(struct pr_document_parser *parser, struct pr_document_provider *provider,
		      config_setting_t *item)
{
	const struct pr_setting *setting = pr_setting(PR_SETTING_PROVIDER);
	const char *suggestion;
	unsigned int key = 0;
	int r;

	if (strcmp(config_setting_name(item), "codes") == 0)
		return parse_codes(parser, provider, item);
	r = pr_document_parse_key(parser, setting, provider->texts, provider->numbers, item);
	if (r < 0)
		return r;
	pr_assert(pr_setting_key_find(setting, config_setting_name(item), &key, &suggestion));
	return provider->texts[key] ? check_value(parser, item, key, &provider->texts[key]) : 0;
}

/* What stands only with the other type, or NULL. */
static const char *misplaced(const struct pr_document_provider *provider, bool http)
{
	char *const *texts = provider->texts;

	if (!http)
		return texts[PR_PROVIDER_URL]	   ? "url"
		       : texts[PR_PROVIDER_HEADER] ? "header"
		       : texts[PR_PROVIDER_CA]	   ? "ca"
						   : NULL;
	return texts[PR_PROVIDER_ZONE]	   ? "zone"
	       : texts[PR_PROVIDER_SERVER] ? "server"
	       : provider->n_codes	   ? "codes"
					   : NULL;
}

static int check_group(struct pr_document_parser *parser, const config_setting_t *group,
		       const struct pr_document_provider *provider)
{
	const struct pr_document *document = parser->document;
	const char *type = provider->texts[PR_PROVIDER_TYPE], *id = provider->texts[PR_PROVIDER_ID];
	bool http = type && strcmp(type, "http") == 0;
	const char *wrong = type ? misplaced(provider, http) : NULL;

	if (!id || !type)
		return pr_document_fail_at(parser, group, "a provider has an id and a type");
	if (!provider->texts[http ? PR_PROVIDER_URL : PR_PROVIDER_ZONE])
		return pr_document_fail_at(parser, group,
					   http ? "a provider of type http has a url"
						: "a provider of type dns has a zone");
	if (wrong)
		return pr_config_fail(parser->error, document->file, provider->line,
				      "%s is of no use with type %s", wrong, type);
	if (provider->texts[PR_PROVIDER_HEADER] &&
	    !pr_url_is_encrypted(provider->texts[PR_PROVIDER_URL]))
		return pr_document_fail_at(parser, group,
					   "a header is sent over https only: everybody on the way "
					   "could read the key");
	if (provider->numbers[PR_PROVIDER_CACHE_LEAST] > provider->numbers[PR_PROVIDER_CACHE_MOST])
		return pr_document_fail_at(parser, group,
					   "cache_least_s is more than cache_most_s");
	for (const struct pr_document_provider *one = document->providers; one < provider; one++)
		if (strcmp(one->texts[PR_PROVIDER_ID], id) == 0)
			return pr_config_fail(parser->error, document->file, provider->line,
					      "\"%.80s\" is the id of line %u already", id,
					      one->line);
	return 0;
}

int pr_document_parse_providers(struct pr_document_parser *parser, config_setting_t *setting)
{
	struct pr_document *document = parser->document;
	int n = pr_document_count_groups(parser, setting), r = 0;

	if (n < 0)
		return n;
	if (n > (int)PR_PROVIDERS_MAX)
		return pr_document_fail_at(parser, setting, "there are more than 16 providers");
	document->providers = pr_calloc((size_t)n, sizeof(*document->providers));
	for (int i = 0; i < n && r == 0; i++) {
		config_setting_t *group = config_setting_get_elem(setting, (unsigned int)i);
		struct pr_document_provider *provider =
			&document->providers[document->n_providers++];
		int n_items = config_setting_length(group);

		provider->line = config_setting_source_line(group);
		pr_document_set_defaults(pr_setting(PR_SETTING_PROVIDER), provider->numbers);
		for (int k = 0; k < n_items && r == 0; k++)
			r = parse_item(parser, provider,
				       config_setting_get_elem(group, (unsigned int)k));
		if (r == 0)
			r = check_group(parser, group, provider);
	}
	return r;
}

void pr_document_providers_done(struct pr_document *document)
{
	for (size_t i = 0; i < document->n_providers; i++) {
		struct pr_document_provider *provider = &document->providers[i];

		for (int key = 0; key < PR_PROVIDER_KEY_COUNT_; key++)
			free(provider->texts[key]);
		for (unsigned int code = 0; code < provider->n_codes; code++)
			free(provider->codes[code].category);
	}
	free(document->providers);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The setting `tunnel_pool`: which addresses stand for names. */
#include "profile/document.h"

#include <libconfig.h>
#include <string.h>

/* Addresses that are used otherwise on every host; NULL: it has none of them. */
static const char *taken(const struct pr_prefix *range)
{
	static const char *const others[] = { "0.0.0.0/8",   "127.0.0.0/8", "169.254.0.0/16",
					      "224.0.0.0/3", "::/8",	    "fe80::/10",
					      "ff00::/8" };

	for (size_t i = 0; i < PR_ARRAY_SIZE(others); i++) {
		struct pr_prefix other;

		pr_assert(pr_prefix_parse(others[i], &other) == 0);
		if (other.address.family == range->address.family &&
		    (pr_prefix_contains(&other, &range->address) ||
		     pr_prefix_contains(range, &other.address)))
			return others[i];
	}
	return NULL;
}

static int add_range(struct pr_document_parser *parser, const config_setting_t *setting,
		     const char *text)
{
	struct pr_pool_ranges *pool = &parser->document->pool;
	struct pr_prefix range;
	struct pr_address *base;
	char message[200];
	unsigned int least, most;
	bool four;

	if (!text || !strchr(text, '/') || pr_prefix_parse(text, &range) != 0) {
		snprintf(message, sizeof(message), "\"%.80s\" is no prefix: write %s",
			 text ? text : "", PR_POOL_DEFAULT4);
		return pr_document_fail_setting(parser, setting, message);
	}
	four = range.address.family == 4;
	least = four ? PR_POOL_LEN4_LEAST : PR_POOL_LEN6_LEAST;
	most = four ? PR_POOL_LEN4_MOST : PR_POOL_LEN6_MOST;
	base = four ? &pool->base4 : &pool->base6;
	if (base->family) {
		snprintf(message, sizeof(message), "there is a prefix of IPv%d already",
			 four ? 4 : 6);
		return pr_document_fail_setting(parser, setting, message);
	}
	if (range.len < least || range.len > most) {
		snprintf(message, sizeof(message), "\"%.80s\" is too %s: write /%u to /%u", text,
			 range.len < least ? "large" : "small", least, most);
		return pr_document_fail_setting(parser, setting, message);
	}
	if (taken(&range)) {
		snprintf(message, sizeof(message), "\"%.80s\" holds addresses of %s", text,
			 taken(&range));
		return pr_document_fail_setting(parser, setting, message);
	}
	*base = range.address;
	*(four ? &pool->len4 : &pool->len6) = range.len;
	return 0;
}

int pr_document_parse_pool(struct pr_document_parser *parser, config_setting_t *setting)
{
	int n = config_setting_length(setting), r = 0;

	if (!config_setting_is_array(setting) && !config_setting_is_list(setting))
		return pr_document_fail_setting(
			parser, setting,
			"write texts in quotes into a list in brackets: [ \"…\", \"…\" ]");
	for (int i = 0; i < n && r == 0; i++)
		r = add_range(parser, setting,
			      config_setting_get_string(
				      config_setting_get_elem(setting, (unsigned int)i)));
	return r;
}

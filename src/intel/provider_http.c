/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Providers over HTTP: the answer is an object, {"lists": ["malware", …], "ttl": 300}. `lists` has to be there: a page
 * that says something else is no answer. An empty one means that the entity is on none. `ttl` may be left out, and any
 * other member is passed over.
 */
#include "intel/provider.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define PLACE	"{entity}"
#define HTTP_OK 200

/* RFC 3986, 2.3 */
static bool unreserved(char c)
{
	return pr_provider_character(c) || c == '.' || c == '~';
}

int pr_provider_http_url(const struct pr_provider *provider, const struct pr_inquiry *inquiry,
			 char ret_url[PR_PROVIDER_URL_SIZE])
{
	const char *place = strstr(provider->url, PLACE);
	char text[PR_NAME_TEXT_SIZE], encoded[3 * PR_NAME_TEXT_SIZE], url[PR_PROVIDER_URL_SIZE];
	size_t len = 0;

	if (!place)
		return PR_PROVIDER_TOO_LONG;
	pr_inquiry_text(inquiry, text);
	for (const char *c = text; *c; c++)
		len += (size_t)snprintf(encoded + len, sizeof(encoded) - len,
					unreserved(*c) ? "%c" : "%%%02X", (unsigned char)*c);
	encoded[len] = '\0';
	if (snprintf(url, sizeof(url), "%.*s%s%s", (int)(place - provider->url), provider->url,
		     encoded, place + strlen(PLACE)) >= (int)sizeof(url))
		return PR_PROVIDER_TOO_LONG;
	memcpy(ret_url, url, sizeof(url));
	return 0;
}

/* Before the parser sees it: jansson follows 2048 levels. Brackets in strings don't count. */
static bool too_deep(const char *body, size_t len)
{
	unsigned int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = body[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']') && depth)
			depth--;
		if (depth > PR_PROVIDER_JSON_DEPTH_MAX)
			return true;
	}
	return false;
}

static bool take_category(struct pr_provider_result *result, const json_t *item)
{
	const char *text = json_string_value(item);
	size_t len = json_string_length(item);

	if (!text || len == 0 || len > PR_PROVIDER_CATEGORY_MAX ||
	    result->n_categories == PR_PROVIDER_CATEGORIES_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!pr_provider_character(text[i]))
			return false;
	memcpy(result->categories[result->n_categories++], text, len + 1);
	return true;
}

/* NULL, or what is wrong. */
static const char *take(struct pr_provider_result *result, const json_t *root)
{
	const json_t *lists = json_object_get(root, "lists"), *ttl = json_object_get(root, "ttl");
	size_t i;
	json_t *item;

	if (!json_is_array(lists))
		return "the answer has no array \"lists\"";
	json_array_foreach(
		lists, i,
		item) if (!take_category(result, item)) return "an entry of \"lists\" is no list's "
							       "name, or there are too many";
	if (ttl && (!json_is_integer(ttl) || json_integer_value(ttl) < 0))
		return "\"ttl\" is no number of seconds";
	if (ttl)
		result->ttl_s = json_integer_value(ttl) > UINT32_MAX
					? UINT32_MAX
					: (uint32_t)json_integer_value(ttl);
	result->status = json_array_size(lists) ? PR_PROVIDER_LISTED : PR_PROVIDER_NOT_LISTED;
	return NULL;
}

void pr_provider_http_read(long status, const char *body, size_t len,
			   struct pr_provider_result *ret_result)
{
	struct pr_provider_result result = { .status = PR_PROVIDER_FAILED,
					     .ttl_s = PR_PROVIDER_TTL_S };
	json_t *root = NULL;

	if (status != HTTP_OK) {
		result.why = "the status is not 200";
	} else if (len > PR_PROVIDER_JSON_MAX || too_deep(body, len)) {
		result.why = "the answer is too long or too deep";
	} else {
		root = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
		result.why = root ? take(&result, root) : "the answer is no JSON";
	}
	json_decref(root);
	if (result.why) {
		result.status = PR_PROVIDER_FAILED;
		result.n_categories = 0;
	}
	*ret_result = result;
}

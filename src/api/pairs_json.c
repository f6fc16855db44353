/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/pairs_json.h"

#include "api/text_json.h"

#include <inttypes.h>
#include <string.h>

#define NUMBER_DIGITS_MAX 18 /* fits json_int_t */

static json_t *value_json(const char *text)
{
	size_t len = strlen(text);

	if (len && len <= NUMBER_DIGITS_MAX && strspn(text, "0123456789") == len &&
	    (text[0] != '0' || len == 1))
		return json_integer((json_int_t)strtoll(text, NULL, 10));
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return json_boolean(text[0] == 't');
	return pr_text_json(text);
}

static void add(json_t *object, const char *key, json_t *value)
{
	json_t *there = json_object_get(object, key);

	if (!there) {
		json_object_set_new(object, key, value);
	} else if (json_is_array(there)) {
		json_array_append_new(there, value);
	} else {
		json_t *both = json_array();

		json_array_append(both, there);
		json_array_append_new(both, value);
		json_object_set_new(object, key, both);
	}
}

void pr_pairs_json(const struct pr_pairs *pairs, json_t *object)
{
	char head[PR_PAIR_KEY_MAX + 1];

	for (unsigned int i = 0; i < pairs->n; i++) {
		const char *key = pairs->pairs[i].key, *dot;
		json_t *at = object;

		while ((dot = strchr(key, '.')) && dot != key) {
			json_t *inner;

			snprintf(head, sizeof(head), "%.*s", (int)(dot - key), key);
			inner = json_object_get(at, head);
			if (!json_is_object(inner)) {
				inner = json_object();
				json_object_set_new(at, head, inner);
			}
			at = inner;
			key = dot + 1;
		}
		add(at, key, value_json(pairs->pairs[i].value));
	}
}

int pr_pairs_from_json(const json_t *object, struct pr_pairs_text *text, struct pr_pairs *ret_pairs)
{
	struct pr_pairs pairs = { .n = 0 };
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return -EINVAL;
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		const char *as_text = json_string_value(value);

		if (pairs.n == PR_PAIRS_MAX)
			return -EINVAL;
		if (json_is_boolean(value)) {
			as_text = json_is_true(value) ? "1" : "0";
		} else if (json_is_integer(value)) {
			snprintf(text->numbers[pairs.n], sizeof(text->numbers[0]), "%" PRId64,
				 (int64_t)json_integer_value(value));
			as_text = text->numbers[pairs.n];
		}
		if (!as_text || !pr_pairs_add(&pairs, key, as_text))
			return -EINVAL;
	}
	*ret_pairs = pairs;
	return 0;
}

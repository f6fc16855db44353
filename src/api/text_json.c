/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/text_json.h"

#include "base/error.h"

#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* The length of the UTF-8 character at `text`, 0 where there is none (RFC 3629, 4). */
static size_t utf8_len(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len = at[0] < 0x80		     ? 1
		     : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
		     : (at[0] & 0xf0) == 0xe0	     ? 3
		     : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
						     : 0;

	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return len;
}

static json_t *cleaned(const char *text)
{
	char *clean PR_CLEANUP(pr_cleanup_free) = pr_calloc(strlen(text), sizeof(replacement) - 1);
	size_t used = 0;

	while (*text) {
		size_t len = utf8_len(text);

		memcpy(clean + used, len ? text : replacement, len ? len : sizeof(replacement) - 1);
		used += len ? len : sizeof(replacement) - 1;
		text += len ? len : 1;
	}
	return json_stringn(clean, used);
}

json_t *pr_text_json(const char *text)
{
	json_t *json = json_string(text);

	return json ? json : cleaned(text);
}

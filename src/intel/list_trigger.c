/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RPZ's triggers that are no names (draft-vixie-dnsop-dns-rpz-00, 4.3): "24.0.2.0.192.rpz-ip" is 192.0.2.0/24, and
 * "48.zz.1.db8.2001.rpz-ip" is 2001:db8:1::/48: the length, then the words from the last to the first, "zz" for "::".
 */
#include "intel/list_rpz.h"

#include <string.h>

#define N_WORDS_MAX 9

/* The words of the address, in the order of writing. */
static unsigned int split(struct pr_list_text text, struct pr_list_text words[N_WORDS_MAX])
{
	unsigned int n = 0;
	const char *dot;

	do {
		struct pr_list_text word = text;

		dot = memrchr(text.bytes, '.', text.len);
		if (dot) {
			word = pr_list_skip(text, (size_t)(dot - text.bytes) + 1);
			text.len = (size_t)(dot - text.bytes);
		}
		if (n == N_WORDS_MAX || !word.len || word.len > 4)
			return 0;
		words[n++] = word;
	} while (dot);
	return n;
}

bool pr_list_trigger_prefix(struct pr_list_text trigger, struct pr_prefix *ret_prefix)
{
	struct pr_list_text words[N_WORDS_MAX];
	char text[PR_PREFIX_TEXT_SIZE + N_WORDS_MAX];
	unsigned int n = split(trigger, words);
	bool v4 = n == 5, gap = false;
	size_t len = 0;

	if (n < 2)
		return false;
	for (unsigned int i = 0; i + 1 < n; i++)
		v4 = v4 && !pr_list_text_is(words[i], "zz");
	for (unsigned int i = 0; i + 1 < n; i++) {
		bool zz = pr_list_text_is(words[i], "zz");

		/* the colon in front of a word, and the second of a "::" where no word brings it */
		if (i && !v4)
			text[len++] = ':';
		else if (i)
			text[len++] = '.';
		if (zz && gap)
			return false;
		gap = gap || zz;
		if (zz && !i)
			text[len++] = ':';
		if (zz && i + 2 == n)
			text[len++] = ':';
		if (!zz) {
			memcpy(text + len, words[i].bytes, words[i].len);
			len += words[i].len;
		}
	}
	text[len++] = '/';
	memcpy(text + len, words[n - 1].bytes, words[n - 1].len);
	len += words[n - 1].len;
	return pr_list_prefix((struct pr_list_text){ text, len }, ret_prefix);
}

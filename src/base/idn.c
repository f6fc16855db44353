/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/idn.h"

#include <idn2.h>
#include <string.h>

/* Each character of a label may take four bytes. */
#define LABEL_BYTES_MAX (4 * PR_LABEL_MAX)

static bool plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* The mapping can yield what no label holds (fullwidth '*', ideographic full stop): looked at again. */
static int check(const char *label, size_t len, char ret_why[PR_IDN_WHY_SIZE])
{
	if (!len || len > PR_LABEL_MAX) {
		snprintf(ret_why, PR_IDN_WHY_SIZE, "has %zu characters; a label has 1 to %d", len,
			 PR_LABEL_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < len; i++)
		if (!plain(label[i])) {
			char shown = label[i] > ' ' && label[i] < 0x7f ? label[i] : '?';

			snprintf(ret_why, PR_IDN_WHY_SIZE,
				 "stands for '%c', which a label can't hold", shown);
			return -EINVAL;
		}
	return 0;
}

int pr_idn_label(const char *label, size_t len, char ret_label[PR_LABEL_MAX + 1],
		 char ret_why[PR_IDN_WHY_SIZE])
{
	char text[LABEL_BYTES_MAX + 1];
	uint8_t *ascii = NULL;
	int r;

	if (len > LABEL_BYTES_MAX || memchr(label, '\0', len)) {
		snprintf(ret_why, PR_IDN_WHY_SIZE, "is no internationalised label");
		return -EINVAL;
	}
	memcpy(text, label, len);
	text[len] = '\0';
	r = idn2_lookup_u8((const uint8_t *)text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (r != IDN2_OK) {
		snprintf(ret_why, PR_IDN_WHY_SIZE, "is no internationalised label: %s",
			 idn2_strerror(r));
		return -EINVAL;
	}
	len = strlen((const char *)ascii);
	r = check((const char *)ascii, len, ret_why);
	if (r == 0)
		memcpy(ret_label, ascii, len + 1);
	idn2_free(ascii);
	return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/name.h"

#include <string.h>

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

int pr_name_canonical(const char *text, char ret_name[PR_NAME_TEXT_SIZE])
{
	size_t len = strlen(text), label_len = 0;
	char name[PR_NAME_MAX + 1];

	if (len && text[len - 1] == '.')
		len--;
	if (len > PR_NAME_MAX)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] >= 0x7f)
			return -EINVAL;
		if (text[i] == '.' && label_len == 0)
			return -EINVAL;
		label_len = text[i] == '.' ? 0 : label_len + 1;
		if (label_len > PR_LABEL_MAX)
			return -EINVAL;
		name[i] = fold(text[i]);
	}
	if (len && label_len == 0)
		return -EINVAL;
	memcpy(ret_name, name, len);
	ret_name[len] = '\0';
	return 0;
}

bool pr_name_within(const char *name, const char *zone)
{
	size_t name_len = strlen(name), zone_len = strlen(zone);

	if (zone_len == 0)
		return true;
	if (name_len < zone_len || memcmp(name + name_len - zone_len, zone, zone_len) != 0)
		return false;
	return name_len == zone_len || name[name_len - zone_len - 1] == '.';
}

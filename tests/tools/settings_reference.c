/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints docs/settings.md from the table of settings. With a file's name: fails when that is not what it
 * would print. */
#include "base/error.h"
#include "profile/config.h"

#include <string.h>

int main(int argc, char **argv)
{
	PR_CLEANUP(pr_cleanup_free) char *text = NULL, *there = NULL;
	PR_CLEANUP(pr_cleanup_fclose) FILE *file = NULL;
	size_t len = 0, there_len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return 1;
	pr_settings_reference(out);
	fclose(out);
	if (argc < 2)
		return fputs(text, stdout) < 0;
	file = fopen(argv[1], "re");
	there = pr_calloc(1, len + 2);
	there_len = file ? fread(there, 1, len + 1, file) : 0;
	if (there_len == len && memcmp(there, text, len) == 0)
		return 0;
	fprintf(stderr,
		"%s is stale; make it anew: build/tests/tools/settings-reference > "
		"docs/settings.md\n",
		argv[1]);
	return 1;
}

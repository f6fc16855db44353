/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

static const struct pr_cli_option *find(const struct pr_cli_option *options, unsigned int n_options,
					const char *name, size_t len)
{
	for (unsigned int i = 0; i < n_options; i++)
		if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
			return &options[i];
	return NULL;
}

bool pr_cli_options(const char *command, int argc, char **argv, const struct pr_cli_option *options,
		    unsigned int n_options, int *ret_n)
{
	int n = 0;

	for (int i = 0; i < argc; i++) {
		const char *name = argv[i] + 2, *equals;
		const struct pr_cli_option *option;

		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				argv[n++] = argv[i];
			break;
		}
		/* A rule may begin with one '-': only "--" marks an option. */
		if (strncmp(argv[i], "--", 2) != 0) {
			argv[n++] = argv[i];
			continue;
		}
		equals = strchr(name, '=');
		option = find(options, n_options, name,
			      equals ? (size_t)(equals - name) : strlen(name));
		if (!option || (equals && option->flag)) {
			pr_cli_usage_error(command, "unknown option %s", argv[i]);
			return false;
		}
		if (option->flag) {
			*option->flag = true;
		} else if (equals) {
			*option->value = equals + 1;
		} else if (i + 1 < argc) {
			*option->value = argv[++i];
		} else {
			pr_cli_usage_error(command, "--%s wants a value", option->name);
			return false;
		}
	}
	*ret_n = n;
	return true;
}

bool pr_cli_is_verdict(const char *text)
{
	static const char words[] = ", " PR_CLI_VERDICTS ",";
	PR_CLEANUP(pr_cleanup_free) char *word = pr_asprintf(", %s,", text);

	return *text && !strchr(text, ',') && strstr(words, word);
}

bool pr_cli_duration(const char *text, unsigned long *ret_seconds)
{
	static const char units[] = "smhd";
	static const unsigned long seconds[] = { 1, 60, 3600, 86400 };
	unsigned long n, factor = 1;
	const char *unit;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	n = strtoul(text, &end, 10);
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			return false;
		factor = seconds[unit - units];
	}
	if (n == 0 || n > 315360000 / factor)
		return false;
	*ret_seconds = n * factor;
	return true;
}

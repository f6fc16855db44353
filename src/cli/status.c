/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

/* Nested objects become indented sections; an empty counter is no news. */
static void show(const struct pr_cli *cli, const json_t *object, int indent)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		char clean[512];

		if (json_is_object(value)) {
			fprintf(cli->out, "%*s%s\n", indent, "", key);
			show(cli, value, indent + 2);
		} else if (json_is_string(value)) {
			fprintf(cli->out, "%*s%-32s %s\n", indent, "", key,
				pr_cli_clean(json_string_value(value), clean, sizeof(clean)));
		} else if (json_is_integer(value) && (json_integer_value(value) || indent == 0)) {
			fprintf(cli->out, "%*s%-32s %lld\n", indent, "", key,
				(long long)json_integer_value(value));
		} else if (json_is_boolean(value)) {
			fprintf(cli->out, "%*s%-32s %s\n", indent, "", key,
				json_is_true(value) ? "yes" : "no");
		} else if (json_is_array(value)) {
			size_t i;
			json_t *one;

			json_array_foreach(value, i, one)
			{
				if (json_is_string(one))
					fprintf(cli->out, "%*s%-32s %s\n", indent, "", i ? "" : key,
						pr_cli_clean(json_string_value(one), clean,
							     sizeof(clean)));
			}
		}
	}
}

static void on_status(const struct pr_cli *cli, const json_t *status, void *context)
{
	(void)context;
	if (cli->json)
		pr_cli_json(cli, status);
	else
		show(cli, status, 0);
}

int pr_command_status(const struct pr_cli *cli, int argc, char **argv)
{
	int n;

	if (!pr_cli_options("status", argc, argv, NULL, 0, &n))
		return PR_EXIT_USAGE;
	if (n)
		return pr_cli_usage_error("status", "%s: no word is expected here", argv[0]);
	return pr_cli_get(cli, "/v1/status", on_status, NULL);
}

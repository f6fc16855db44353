/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/replay.h"
#include "daemon/configuration.h"

#include <string.h>

static bool compile(const struct pr_configuration *configuration, uint64_t now_s,
		    struct pr_policy_blob *blob)
{
	struct pr_config_input input = { .files = configuration->files,
					 .n_files = configuration->n,
					 .now_s = now_s,
					 .boot_id = "" };
	struct pr_config_error error = { "" };

	if (pr_settings_compile(&input, blob, &error) == 0)
		return true;
	fprintf(stderr, "%s\n", error.text);
	return false;
}

bool pr_replay_policy(const char *config_dir, const char *shipped_dir, uint64_t now_s,
		      struct pr_policy_blob *ret_blob)
{
	/* What was changed at run time is of the machine that ran, not of the capture. */
	const struct pr_options options = { .config_dir = config_dir,
					    .state_dir = "/nonexistent",
					    .shipped_dir = shipped_dir };
	struct pr_configuration configuration;
	char error[PR_FILES_ERROR_SIZE];
	int r = pr_configuration_read(&options, &configuration, error);
	bool compiled = r == 0 && compile(&configuration, now_s, ret_blob);

	if (r < 0)
		fprintf(stderr, "portreeve: %s\n", error[0] ? error : strerror(-r));
	pr_configuration_done(&configuration);
	return compiled;
}

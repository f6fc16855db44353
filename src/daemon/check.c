/* SPDX-License-Identifier: GPL-3.0-or-later */
/* portreeved --check: the configuration is read and compiled here, nothing is touched. */
#include "daemon/configuration.h"
#include "daemon/roles.h"
#include "daemon/tunnel_ca.h"
#include "profile/policy.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A list whose file cannot be read is no error: it may come. But here somebody wants to know. */
static void check_file(const struct pr_source *source)
{
	if (*source->file && access(source->file, R_OK) < 0)
		fprintf(stderr, "the list \"%s\" has no data: %s: %s\n", source->id, source->file,
			strerror(errno));
}

static void check_sources(const struct pr_policy_blob *blob)
{
	PR_CLEANUP(pr_policy_cleanup) struct pr_policy *policy = NULL;

	pr_assert(pr_policy_open(blob->bytes, blob->len, &policy) == 0);
	for (uint32_t i = 0; i < pr_policy_n_lists(policy); i++) {
		struct pr_source source = pr_policy_list(policy, i);

		check_file(&source);
	}
	for (uint32_t i = 0; i < pr_policy_n_geo(policy); i++) {
		struct pr_source source = pr_policy_geo(policy, i);

		check_file(&source);
	}
}

static void check_tunnels(const struct pr_policy_blob *blob, const struct pr_options *options)
{
	PR_CLEANUP(pr_cleanup_free) char *lines = NULL;
	struct pr_users users;

	if (pr_users_find(&users) < 0)
		return;
	lines = pr_tunnel_ca_warnings(blob->tunnels, blob->tunnel_places, blob->n_tunnels,
				      &users.of[PR_PARTY_TUNNEL], options->config_dir);
	if (*lines)
		fprintf(stderr, "%s\n", lines);
}

int pr_check_main(const struct pr_options *options)
{
	char files_error[PR_FILES_ERROR_SIZE];
	struct pr_config_error error = { "" };
	struct pr_configuration configuration;
	struct pr_config_input input;
	struct pr_policy_blob blob;
	int r = pr_configuration_read(options, &configuration, files_error);

	if (r < 0) {
		fprintf(stderr, "%s\n", files_error[0] ? files_error : strerror(-r));
		pr_configuration_done(&configuration);
		return 2;
	}
	input = (struct pr_config_input){ .files = configuration.files,
					  .n_files = configuration.n,
					  .now_s = (uint64_t)time(NULL),
					  .boot_id = "" };
	r = pr_settings_compile(&input, &blob, &error);
	if (r < 0) {
		fprintf(stderr, "%s\n", error.text);
	} else {
		for (size_t i = 0; i < blob.n_warnings; i++)
			fprintf(stderr, "%s\n", blob.warnings[i]);
		check_sources(&blob);
		check_tunnels(&blob, options);
		puts("the configuration is fine");
		pr_policy_blob_done(&blob);
	}
	pr_configuration_done(&configuration);
	return r < 0 ? 2 : 0;
}

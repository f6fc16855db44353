/* SPDX-License-Identifier: GPL-3.0-or-later */
/* portreeved --check: the configuration is read and compiled here, nothing is touched. */
#include "daemon/files.h"
#include "daemon/roles.h"
#include "profile/config.h"
#include "profile/policy.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct collection {
	struct pr_config_file *files;
	size_t n;
};

static int collect(void *context, const char *layer, const char *directory, const char *name,
		   int fd)
{
	struct collection *collection = context;
	char *text;
	size_t len;
	int r = pr_files_read(fd, PR_CONFIG_FILE_MAX, &text, &len);

	if (r < 0)
		return r;
	collection->files =
		pr_realloc(collection->files, collection->n + 1, sizeof(*collection->files));
	collection->files[collection->n++] = (struct pr_config_file){
		.layer = strcmp(layer, "shipped") == 0 ? PR_LAYER_SHIPPED
			 : strcmp(layer, "state") == 0 ? PR_LAYER_STATE
						       : PR_LAYER_ADMINISTRATOR,
		.directory = directory,
		.name = pr_strdup(name),
		.text = text,
		.len = len,
	};
	return 0;
}

static void collection_done(struct collection *collection)
{
	for (size_t i = 0; i < collection->n; i++) {
		free((void *)(uintptr_t)collection->files[i].name);
		free((void *)(uintptr_t)collection->files[i].text);
	}
	free(collection->files);
}

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

int pr_check_main(const struct pr_options *options)
{
	char files_error[PR_FILES_ERROR_SIZE];
	struct pr_config_error error = { "" };
	struct collection collection = { 0 };
	struct pr_config_input input;
	struct pr_policy_blob blob;
	int r = pr_files_each(options, collect, &collection, files_error);

	if (r < 0) {
		fprintf(stderr, "%s\n", files_error[0] ? files_error : strerror(-r));
		collection_done(&collection);
		return 2;
	}
	input = (struct pr_config_input){ .files = collection.files,
					  .n_files = collection.n,
					  .now_s = (uint64_t)time(NULL),
					  .boot_id = "" };
	r = pr_settings_compile(&input, &blob, &error);
	if (r < 0) {
		fprintf(stderr, "%s\n", error.text);
	} else {
		for (size_t i = 0; i < blob.n_warnings; i++)
			fprintf(stderr, "%s\n", blob.warnings[i]);
		check_sources(&blob);
		puts("the configuration is fine");
		pr_policy_blob_done(&blob);
	}
	collection_done(&collection);
	return r < 0 ? 2 : 0;
}

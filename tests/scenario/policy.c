/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration of a case: compiled as the daemon's compiler process does it. */
#include "world.h"

#include <string.h>

static struct file *find(struct world *world, enum pr_config_layer layer, const char *name)
{
	for (unsigned int i = 0; i < world->n_files; i++)
		if (world->files[i].layer == layer && strcmp(world->files[i].name, name) == 0)
			return &world->files[i];
	return NULL;
}

static void set_file(struct world *world, enum pr_config_layer layer, const char *name,
		     const char *text)
{
	struct file *file = find(world, layer, name);

	if (!file) {
		pr_assert(world->n_files < FILES_MAX);
		file = &world->files[world->n_files++];
		file->layer = layer;
		snprintf(file->name, sizeof(file->name), "%s", name);
	}
	free(file->text);
	file->text = pr_strdup(text);
}

/* That something is to be shown beside would make each verdict the later by a few packets. */
void policy_defaults(struct world *world)
{
	set_file(world, PR_LAYER_SHIPPED, "portreeve.conf", "inspect = false;");
}

void policy_file(struct world *world, const char *name, const char *text)
{
	set_file(world, PR_LAYER_ADMINISTRATOR, name, text);
}

void policy_file_gone(struct world *world, const char *name)
{
	struct file *file = find(world, PR_LAYER_ADMINISTRATOR, name);

	if (!file) {
		world_fail(world, "there is no file %s", name);
		return;
	}
	free(file->text);
	*file = world->files[--world->n_files];
	policy_compile(world);
}

static struct pr_config_input input_of(const struct world *world, struct pr_config_file *files)
{
	for (unsigned int i = 0; i < world->n_files; i++)
		files[i] = (struct pr_config_file){ .layer = world->files[i].layer,
						    .name = world->files[i].name,
						    .text = world->files[i].text,
						    .len = strlen(world->files[i].text) };
	return (struct pr_config_input){ .files = files,
					 .n_files = world->n_files,
					 .now_s = (uint64_t)REAL_US / 1000000,
					 .boot_id = "boot" };
}

void policy_compile(struct world *world)
{
	struct pr_config_file files[FILES_MAX];
	struct pr_config_input input = input_of(world, files);
	struct pr_policy_blob blob;
	struct pr_config_error error;
	struct pr_policy *policy;

	if (pr_settings_compile(&input, &blob, &error) < 0) {
		world_fail(world, "the configuration is refused: %s", error.text);
		return;
	}
	/* What a policy borrows lives as long as the case. */
	if (pr_policy_open(blob.bytes, blob.len, &policy) < 0) {
		world_fail(world, "the policy is refused");
		pr_policy_blob_done(&blob);
		return;
	}
	pr_assert(world->n_blobs < PR_ARRAY_SIZE(world->blobs));
	world->blobs[world->n_blobs++] = blob;
	world->has_policy = true;
	pr_engine_policy_set_take(world->engine, policy, world->now_us);
}

void policy_change(struct world *world, const struct pr_config_change *change)
{
	struct pr_config_file files[FILES_MAX];
	struct pr_config_input input = input_of(world, files);
	struct pr_config_edit edit;
	struct pr_config_error error;

	if (pr_config_apply(&input, change, &edit, &error) < 0) {
		world_fail(world, "the change is refused: %s", error.text);
		return;
	}
	set_file(world, PR_LAYER_STATE, edit.name, edit.text);
	pr_config_edit_done(&edit);
	policy_compile(world);
}

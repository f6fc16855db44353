/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A configuration, file by file, compiled and opened. */
#pragma once

#include "profile/config.h"
#include "profile/policy.h"

#include "unit.h"

#include <string.h>

#define FILES_MAX 6
#define EDITS_MAX 32

struct setup {
	struct pr_config_file files[FILES_MAX];
	struct pr_config_input input;
	struct pr_policy_blob blob;
	struct pr_policy *policy;
	struct pr_config_edit edits[EDITS_MAX]; /* whose texts `files` borrow */
	unsigned int n_edits;
};

static void add(struct setup *setup, enum pr_config_layer layer, const char *name, const char *text)
{
	setup->files[setup->input.n_files++] =
		(struct pr_config_file){ layer,
					 layer == PR_LAYER_ADMINISTRATOR ? "/etc/portreeve" : NULL,
					 name, text, strlen(text) };
	setup->input.files = setup->files;
}

static void compile(struct setup *setup)
{
	struct pr_config_error error;

	if (setup->policy)
		pr_policy_free(setup->policy);
	pr_policy_blob_done(&setup->blob);
	setup->policy = NULL;
	if (pr_settings_compile(&setup->input, &setup->blob, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(pr_policy_open(setup->blob.bytes, setup->blob.len, &setup->policy), 0);
}

static void done(struct setup *setup)
{
	pr_policy_free(setup->policy);
	pr_policy_blob_done(&setup->blob);
	for (unsigned int i = 0; i < setup->n_edits; i++)
		pr_config_edit_done(&setup->edits[i]);
}

struct refused {
	const char *name, *text, *error; /* error: a part of what is said of it */
};

static void assert_refused(const struct refused *refused, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct pr_policy_blob blob = { .len = 77 };
		struct pr_config_error error = { "" };
		struct setup setup = { 0 };

		add(&setup, PR_LAYER_ADMINISTRATOR, refused[i].name, refused[i].text);
		if (pr_settings_compile(&setup.input, &blob, &error) != -EINVAL)
			fail_msg("accepted: %s", refused[i].text);
		assert_int_equal(blob.len, 77);
		if (!strstr(error.text, refused[i].error))
			fail_msg("%s\n  gives: %s", refused[i].text, error.text);
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An application's number is its key's handle among the texts, which are counted and unique
 * already. */
#include "network/application.h"

/* Keys are paths mostly. */
#define KEY_BYTES_MAX (4u << 20)

struct pr_applications {
	struct pr_texts keys;
};

struct pr_applications *pr_applications_new(uint32_t n_max)
{
	struct pr_applications *applications = pr_calloc(1, sizeof(*applications));

	pr_texts_init(&applications->keys, n_max ? n_max : PR_APPLICATIONS_MAX, KEY_BYTES_MAX);
	return applications;
}

void pr_applications_free(struct pr_applications *applications)
{
	if (!applications)
		return;
	pr_texts_done(&applications->keys);
	free(applications);
}

uint32_t pr_applications_hold(struct pr_applications *applications, const char *key)
{
	uint32_t handle = pr_texts_hold(&applications->keys, key);

	return handle == PR_TEXT_NONE ? PR_APPLICATION_OTHERS : handle;
}

static bool is_counted(uint32_t application)
{
	return application != PR_APPLICATION_ALL && application != PR_APPLICATION_OTHERS;
}

void pr_applications_hold_again(struct pr_applications *applications, uint32_t application)
{
	if (is_counted(application))
		(void)pr_texts_hold_again(&applications->keys, application);
}

void pr_applications_release(struct pr_applications *applications, uint32_t application)
{
	if (is_counted(application))
		pr_texts_release(&applications->keys, application);
}

const char *pr_applications_key(const struct pr_applications *applications, uint32_t application)
{
	if (application == PR_APPLICATION_ALL)
		return "*";
	return application == PR_APPLICATION_OTHERS
		       ? "others"
		       : pr_texts_get(&applications->keys, application);
}

uint32_t pr_applications_n(const struct pr_applications *applications)
{
	return applications->keys.index.n_used;
}

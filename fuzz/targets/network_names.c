/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads saved names from any bytes, into a small table so that its limits are reached. What it then
 * holds, saved and loaded again, must be the same to the byte.
 */
#include "network/names.h"

#include "base/hash.h"

#include "../target.h"

#include <string.h>

#define NOW_US	UINT64_C(1000000000)
#define REAL_US UINT64_C(1790000000000000)

static size_t save(const struct pr_names *names, uint8_t **ret_bytes)
{
	size_t size = pr_names_saved_len(names), len = 0;

	*ret_bytes = pr_calloc(size, 1);
	pr_assert(pr_names_save(names, NOW_US, REAL_US, *ret_bytes, size, &len) == PR_NAMES_DONE);
	return len;
}

static void check_again(const uint8_t *bytes, size_t len)
{
	struct pr_applications *applications = pr_applications_new(0);
	struct pr_names *names = pr_names_new(applications, 64, 16);
	size_t again_len;
	uint8_t *again;

	pr_assert(pr_names_load(names, NOW_US, REAL_US, bytes, len) == PR_NAMES_DONE);
	again_len = save(names, &again);
	pr_assert(again_len == len && memcmp(again, bytes, len) == 0);
	free(again);
	pr_names_free(names);
	pr_applications_free(applications);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_applications *applications;
	struct pr_names *names;
	size_t saved_len;
	uint8_t *saved;

	pr_hash_seed(1);
	applications = pr_applications_new(0);
	names = pr_names_new(applications, 64, 16);
	pr_assert(pr_names_load(names, NOW_US, REAL_US, bytes, len) >= 0);
	saved_len = save(names, &saved);
	check_again(saved, saved_len);
	free(saved);
	pr_names_expire(names, NOW_US + PR_NAMES_KEEP_S_MOST * UINT64_C(1000000));
	pr_names_free(names);
	pr_assert(pr_applications_n(applications) == 0);
	pr_applications_free(applications);
	return 0;
}

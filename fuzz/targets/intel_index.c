/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The index of lists: what is read is written, and read again the same; its ids are names of files. */
#include "daemon/intel_index.h"

#include "../target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	PR_CLEANUP(pr_cleanup_free) char *once = NULL;
	PR_CLEANUP(pr_cleanup_free) char *twice = NULL;
	struct pr_intel_index index, again;

	if (pr_intel_index_read((const char *)bytes, len, &index) < 0)
		return 0;
	for (size_t i = 0; i < index.n; i++)
		pr_assert(*index.facts[i].id && *index.facts[i].id != '.' &&
			  !strchr(index.facts[i].id, '/'));
	once = pr_intel_index_write(&index);
	pr_assert(pr_intel_index_read(once, strlen(once), &again) == 0);
	twice = pr_intel_index_write(&again);
	pr_assert(strcmp(once, twice) == 0);
	pr_intel_index_done(&index);
	pr_intel_index_done(&again);
	return 0;
}

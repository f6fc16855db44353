/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What decodes must encode to the same bytes; the texts that /proc gives must not trip their parsers. */
#include "process/cgroup.h"
#include "process/codec.h"
#include "process/owner.h"
#include "process/script.h"

#include "../target.h"

#include <stdlib.h>
#include <string.h>

static void texts(const uint8_t *bytes, size_t len)
{
	char *text = pr_strndup((const char *)bytes, len);
	char path[PR_CGROUP_PATH_MAX], name[PR_CGROUP_NAME_MAX];

	if (pr_cgroup_choose(text, path)) {
		(void)pr_cgroup_unit(path, name);
		(void)pr_cgroup_container(path, name);
	}
	(void)pr_cgroup_unit(text, name);
	(void)pr_cgroup_container(text, name);
	free(text);
	(void)pr_script_of("/usr/bin/python3", (const char *)bytes, len);
	(void)pr_script_of("/usr/bin/java", (const char *)bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_process *process;
	struct pr_owner owner;

	if (pr_process_decode(bytes, len, &process) == 0) {
		uint8_t again[PR_PROCESS_CODE_MAX];

		pr_assert(pr_process_encode(process, again, sizeof(again)) == len);
		pr_assert(memcmp(again, bytes, len) == 0);
		pr_process_release(process);
	}
	if (pr_owner_decode(bytes, len, &owner) == 0) {
		uint8_t again[PR_OWNER_CODE_SIZE];

		pr_owner_encode(&owner, again);
		pr_assert(memcmp(again, bytes, len) == 0);
	}
	texts(bytes, len);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* landlock(7). The C library has no wrappers; headers may be older than the kernel, so the newer rights
 * are asked for by number, as far as the kernel's ABI goes. */
#include "daemon/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ACCESS_READ	 (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_ABI1	 ((1ull << 13) - 1)
#define ACCESS_REFER	 (1ull << 13) /* ABI 2 */
#define ACCESS_TRUNCATE	 (1ull << 14) /* ABI 3 */
#define ACCESS_IOCTL_DEV (1ull << 15) /* ABI 5 */
#define ACCESS_WRITE                                                                 \
	(ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | ACCESS_TRUNCATE)

static uint64_t handled(long abi)
{
	uint64_t rights = ACCESS_ABI1;

	if (abi >= 2)
		rights |= ACCESS_REFER;
	if (abi >= 3)
		rights |= ACCESS_TRUNCATE;
	if (abi >= 5)
		rights |= ACCESS_IOCTL_DEV;
	return rights;
}

static int permit(int ruleset, const char *const *dirs, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	long r;

	for (; dirs && *dirs; dirs++) {
		rule.parent_fd = open(*dirs, O_PATH | O_CLOEXEC | O_DIRECTORY);
		if (rule.parent_fd < 0)
			continue;
		r = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
		close(rule.parent_fd);
		if (r < 0)
			return -errno;
	}
	return 0;
}

int pr_landlock_close(const char *const *read_dirs, const char *const *write_dirs)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attributes;
	PR_CLEANUP(pr_cleanup_close) int ruleset = -1;
	int r;

	if (abi < 1)
		return 0;
	attributes = (struct landlock_ruleset_attr){ .handled_access_fs = handled(abi) };
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
	if (ruleset < 0)
		return -errno;
	r = permit(ruleset, read_dirs, ACCESS_READ);
	if (r == 0)
		r = permit(ruleset, write_dirs, ACCESS_WRITE & handled(abi));
	if (r < 0)
		return r;
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}

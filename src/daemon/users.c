/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/users.h"

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* Above what adduser and systemd hand out by themselves (UIDs 60001-60513, 61184-65519: systemd's
 * docs/UIDS-GIDS.md), below 16 bits' end. */
#define FREE_ID_FIRST 60600
#define FREE_ID_LAST  61183

static bool mapped(uid_t id)
{
	uint64_t inside, outside, n;
	PR_CLEANUP(pr_cleanup_fclose) FILE *file = fopen("/proc/self/uid_map", "re");

	if (!file)
		return true;
	while (fscanf(file, "%" SCNu64 " %" SCNu64 " %" SCNu64, &inside, &outside, &n) == 3)
		if (id >= inside && id - inside < n)
			return true;
	return false;
}

static int find(const char *name, uid_t *next_free, struct pr_user *ret_user)
{
	const struct passwd *account = getpwnam(name);

	if (account && account->pw_uid) {
		*ret_user = (struct pr_user){ account->pw_uid, account->pw_gid };
		return 0;
	}
	while (*next_free <= FREE_ID_LAST && (getpwuid(*next_free) || getgrgid(*next_free)))
		(*next_free)++;
	if (*next_free > FREE_ID_LAST)
		return -ENOENT;
	*ret_user = (struct pr_user){ *next_free, *next_free };
	(*next_free)++;
	return 0;
}

int pr_users_find(struct pr_users *ret_users)
{
	struct pr_users users = { .admin_gid = (gid_t)-1 };
	const struct group *admins = getgrnam("portreeve");
	uid_t next_free = FREE_ID_FIRST;
	char name[64];
	int r;

	if (admins)
		users.admin_gid = admins->gr_gid;
	users.single = !mapped(FREE_ID_FIRST);
	for (enum pr_party party = PR_PARTY_SUPERVISOR; party < PR_N_PARTIES; party++) {
		users.of[party] = (struct pr_user){ geteuid(), getegid() };
		if (users.single || party == PR_PARTY_SUPERVISOR)
			continue;
		snprintf(name, sizeof(name), "portreeve-%s", pr_party_name(party));
		r = find(name, &next_free, &users.of[party]);
		if (r < 0)
			return r;
	}
	*ret_users = users;
	return 0;
}

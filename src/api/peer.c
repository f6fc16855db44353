/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/peer.h"

#include <sys/socket.h>

#define GROUPS_MAX 256 /* a peer in more groups than this is not recognised as a member */

static bool in_group(int fd, gid_t primary, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (group == (gid_t)-1)
		return false;
	if (primary == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(gid_t); i++)
		if (groups[i] == group)
			return true;
	return false;
}

int pr_api_peer_of(int fd, gid_t group, struct pr_api_peer *ret_peer)
{
	struct ucred credentials;
	socklen_t len = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) < 0)
		return -errno;
	*ret_peer = (struct pr_api_peer){
		.uid = credentials.uid,
		.reads_all = credentials.uid == 0 || in_group(fd, credentials.gid, group),
	};
	return 0;
}

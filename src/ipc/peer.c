/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ipc/peer.h"

#include <string.h>
#include <sys/socket.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

static int read_domain(int fd)
{
	int domain = 0, accepting = 0;
	socklen_t len = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
		return -errno;
	len = sizeof(accepting);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &len) < 0)
		return -errno;
	/* A listening socket's credentials are its own maker's, not a client's. */
	return domain == AF_UNIX && !accepting ? 0 : -EINVAL;
}

int pr_peer_read(int fd, struct pr_peer *ret_peer)
{
	struct pr_peer peer = { 0 };
	struct ucred credentials;
	socklen_t len = sizeof(credentials);
	int r = read_domain(fd);

	if (r < 0)
		return r;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) < 0)
		return -errno;
	if (len != sizeof(credentials) || credentials.uid == (uid_t)-1)
		return -EINVAL;
	peer.uid = credentials.uid;
	peer.gid = credentials.gid;
	len = sizeof(peer.groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer.groups, &len) == 0)
		peer.n_groups = (unsigned int)(len / sizeof(gid_t));
	*ret_peer = peer;
	return 0;
}

bool pr_peer_in_group(const struct pr_peer *peer, gid_t gid)
{
	if (peer->gid == gid)
		return true;
	for (unsigned int i = 0; i < peer->n_groups; i++)
		if (peer->groups[i] == gid)
			return true;
	return false;
}

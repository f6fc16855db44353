/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where datagrams are read into, several at a time, and sent from. Of the room's datagrams*.c alone. */
#pragma once

#include "tunnel/tunnel_private.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define PR_DATAGRAM_BATCH   16 /* a system call */
#define PR_DATAGRAM_BATCHES 8  /* a turn */
#define PR_DATAGRAM_SIZE    65536

union pr_datagram_control {
	struct cmsghdr header; /* for its alignment */
	char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct pr_datagram_room {
	uint8_t bytes[PR_DATAGRAM_BATCH][PR_DATAGRAM_SIZE];
	struct mmsghdr messages[PR_DATAGRAM_BATCH];
	struct iovec parts[PR_DATAGRAM_BATCH];
	struct sockaddr_storage names[PR_DATAGRAM_BATCH];
	union pr_datagram_control controls[PR_DATAGRAM_BATCH];
};

/* `names`: whence each comes, and to which address, is wanted. */
void pr_datagram_room_prepare(struct pr_datagram_room *room, bool names);
/* Whether an error of a socket is only one datagram's, or the moment's. */
bool pr_datagram_error_passes(int error);

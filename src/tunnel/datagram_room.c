/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/datagram_room.h"

void pr_datagram_room_prepare(struct pr_datagram_room *room, bool names)
{
	for (unsigned int i = 0; i < PR_DATAGRAM_BATCH; i++) {
		room->parts[i] = (struct iovec){ room->bytes[i], PR_DATAGRAM_SIZE };
		room->messages[i].msg_hdr = (struct msghdr){
			.msg_name = names ? &room->names[i] : NULL,
			.msg_namelen = names ? sizeof(room->names[i]) : 0,
			.msg_iov = &room->parts[i],
			.msg_iovlen = 1,
			.msg_control = names ? room->controls[i].bytes : NULL,
			.msg_controllen = names ? sizeof(room->controls[i].bytes) : 0,
		};
	}
}

bool pr_datagram_error_passes(int error)
{
	return error == -EAGAIN || error == -EINTR || error == -EMSGSIZE || error == -ENOBUFS ||
	       error == -ENOMEM || error == -EPERM;
}

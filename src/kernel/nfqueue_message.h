/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The messages of nfnetlink_queue: bytes in, struct out, and back. Pure. */
#pragma once

#include "interception/interception.h"

#include <linux/netlink.h>

#define PR_NFQUEUE_NO_PACKET 1 /* a well-formed message of another kind */

/* What the message says; `bytes` of the packet borrows from it, the mark is whole, the time is not set. The
 * handle is the queue's number above the packet's. 0, PR_NFQUEUE_NO_PACKET or -EBADMSG. */
PR_MUST_USE int pr_nfqueue_read(const void *message, size_t len, struct pr_intercepted *ret_packet);

struct pr_nfqueue_answer {
	uint16_t queue;
	uint32_t packet, verdict, mark;
	bool marks;
	const void *payload; /* in the packet's place; up to PR_NFQUEUE_PAYLOAD_MAX */
	size_t payload_len;  /* 0 = as it is */
};
#define PR_NFQUEUE_PAYLOAD_MAX 65531u /* what an attribute holds */
/* Writes 64 bytes at most beside the payload; returns how many. */
size_t pr_nfqueue_write(const struct pr_nfqueue_answer *answer, void *buffer);
/* The header of a message to a queue. */
struct nlmsghdr *pr_nfqueue_message(void *buffer, uint8_t type, uint16_t queue);

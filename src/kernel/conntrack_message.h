/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The messages of nfnetlink_conntrack: bytes in, struct out, and back. Pure. */
#pragma once

#include "kernel/conntrack.h"

#include <linux/netlink.h>

#define PR_CONNTRACK_MESSAGE_MAX 512 /* bytes of each of ours */
#define PR_CONNTRACK_NO_ENTRY	 1   /* a well-formed message of another kind */

/* 0, PR_CONNTRACK_NO_ENTRY or -EBADMSG. */
PR_MUST_USE int pr_conntrack_read(const struct nlmsghdr *message,
				  struct pr_conntrack_entry *ret_entry);

/* Each returns the message in `buffer`, without sequence number. */
struct nlmsghdr *pr_conntrack_write_dump(void *buffer,
					 const struct pr_conntrack_selector *selector);
struct nlmsghdr *pr_conntrack_write_find(void *buffer, const struct pr_tuple *tuple, bool reply);
/* Removes that very entry. */
struct nlmsghdr *pr_conntrack_write_delete(void *buffer, const struct pr_conntrack_entry *entry);
/* Replaces `bits` of the mark; zone 0 = none. */
struct nlmsghdr *pr_conntrack_write_mark(void *buffer, const struct pr_tuple *tuple, bool reply,
					 uint16_t zone, uint32_t bits, uint32_t value);

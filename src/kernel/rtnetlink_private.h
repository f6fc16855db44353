/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking the kernel, for the files that do. */
#pragma once

#include "kernel/rtnetlink.h"

#include <libmnl/libmnl.h>

/* pr_rtnetlink_open() with other subscriptions: RTMGRP_… of linux/rtnetlink.h. */
PR_MUST_USE int pr_rtnetlink_open_groups(uint32_t groups, struct pr_rtnetlink **ret_rtnetlink);
/* Everything of a kind; `each` is called with each message. 0 or negative. */
PR_MUST_USE int pr_rtnetlink_dump(struct pr_rtnetlink *rtnetlink, uint16_t type, size_t header_len,
				  mnl_cb_t each, void *context);
/* One change, asked for with NLM_F_ACK. 0, or the kernel's answer. */
PR_MUST_USE int pr_rtnetlink_change(struct pr_rtnetlink *rtnetlink, struct nlmsghdr *message);
/* False: it is none of that family. */
bool pr_rtnetlink_address_of(const struct nlattr *attribute, uint8_t family,
			     struct pr_address *address);

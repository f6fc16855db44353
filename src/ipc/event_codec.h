/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events and table rows as bodies of PR_MESSAGE_EVENT and PR_MESSAGE_ROW. */
#pragma once

#include "base/error.h"
#include "firewall/event.h"

#include <stddef.h>
#include <stdint.h>

/* Enough for any event: texts beyond PR_EVENT_TEXT_MAX bytes are cut when encoded. */
#define PR_EVENT_BODY_MAX 65536
/* Before each event of PR_MESSAGE_EVENT: its number (u64) and its length (u32). */
#define PR_EVENT_HEADER_LEN 12
#define PR_EVENT_TEXT_MAX   1100 /* a command line as process/ keeps it, an escaped name */

/* The length written; `size` is at least PR_EVENT_BODY_MAX. */
size_t pr_event_encode(const struct pr_event *event, void *body, size_t size);
/* 0, or -EBADMSG where the body is no event: lengths, counts and enums are checked. Strings of the event
 * borrow from `body`. */
PR_MUST_USE int pr_event_decode(const void *body, size_t len, struct pr_event *ret_event);

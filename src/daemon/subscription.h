/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A list, or a geo source, as the configuration names it: what the compiler tells the supervisor (PR_MESSAGE_LIST). */
#pragma once

#include "ipc/body.h"
#include "profile/policy.h"

#include <stdbool.h>
#include <stdint.h>

struct pr_subscription {
	bool geo;
	char *id, *url, *file, *format, *category; /* owned; "" = not given */
	uint32_t interval_s, max_bytes;
};

void pr_subscription_done(struct pr_subscription *subscription);
/* Everything but when it is looked for is the same. */
bool pr_subscription_same(const struct pr_subscription *a, const struct pr_subscription *b);
/* Where it comes from: the URL or the path. */
const char *pr_subscription_origin(const struct pr_subscription *subscription);

#define PR_SUBSCRIPTIONS_MAX 2048u /* lists and geo sources; the configuration has limits below */

struct pr_subscriptions {
	struct pr_subscription *items;
	size_t n;
};

void pr_subscriptions_done(struct pr_subscriptions *subscriptions);
/* NULL where none has this id. */
const struct pr_subscription *pr_subscriptions_find(const struct pr_subscriptions *subscriptions,
						    const char *id);
/* One more, from the body of PR_MESSAGE_LIST. 0 or -EBADMSG, also where its id is there already. */
PR_MUST_USE int pr_subscriptions_take(struct pr_subscriptions *subscriptions, const uint8_t *body,
				      size_t len);

/* The body of PR_MESSAGE_LIST; the length, or 0 where it does not fit. */
size_t pr_subscription_encode(bool geo, const struct pr_source *source, uint8_t *body, size_t size);
/* 0, or -EBADMSG: what it is called and where it comes from is held against the rules of the configuration again. */
PR_MUST_USE int pr_subscription_decode(const uint8_t *body, size_t len,
				       struct pr_subscription *ret_subscription);

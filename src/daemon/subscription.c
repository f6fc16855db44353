/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/subscription.h"

#include "base/url.h"
#include "daemon/intel_index.h"

#include <stdio.h>
#include <string.h>

void pr_subscription_done(struct pr_subscription *subscription)
{
	free(subscription->id);
	free(subscription->url);
	free(subscription->file);
	free(subscription->format);
	free(subscription->category);
	*subscription = (struct pr_subscription){ 0 };
}

bool pr_subscription_same(const struct pr_subscription *a, const struct pr_subscription *b)
{
	return a->geo == b->geo && strcmp(a->id, b->id) == 0 && strcmp(a->url, b->url) == 0 &&
	       strcmp(a->file, b->file) == 0 && strcmp(a->format, b->format) == 0 &&
	       strcmp(a->category, b->category) == 0 && a->max_bytes == b->max_bytes;
}

const char *pr_subscription_origin(const struct pr_subscription *subscription)
{
	return *subscription->url ? subscription->url : subscription->file;
}

size_t pr_subscription_encode(bool geo, const struct pr_source *source, uint8_t *body, size_t size)
{
	char interval[16], max_bytes[16];
	struct pr_pairs pairs = { 0 };

	snprintf(interval, sizeof(interval), "%u", source->interval_s);
	snprintf(max_bytes, sizeof(max_bytes), "%u", source->max_bytes);
	if (!pr_pairs_add(&pairs, "kind", geo ? "geo" : "list") ||
	    !pr_pairs_add(&pairs, "id", source->id) || !pr_pairs_add(&pairs, "url", source->url) ||
	    !pr_pairs_add(&pairs, "file", source->file) ||
	    !pr_pairs_add(&pairs, "format", source->format) ||
	    !pr_pairs_add(&pairs, "category", source->category) ||
	    !pr_pairs_add(&pairs, "interval", interval) ||
	    !pr_pairs_add(&pairs, "max_bytes", max_bytes))
		return 0;
	return pr_pairs_encode(&pairs, body, size);
}

static bool is_valid(const struct pr_subscription *subscription)
{
	if (!pr_intel_is_id(subscription->id) || !*subscription->url == !*subscription->file)
		return false;
	return *subscription->url ? !pr_url_wrong(subscription->url) : *subscription->file == '/';
}

static char *text_of(const struct pr_pairs *pairs, const char *key)
{
	const char *value = pr_pairs_get(pairs, key);

	return pr_strdup(value ? value : "");
}

int pr_subscription_decode(const uint8_t *body, size_t len,
			   struct pr_subscription *ret_subscription)
{
	struct pr_subscription subscription;
	struct pr_pairs pairs;
	const char *kind;

	if (pr_pairs_decode(body, len, &pairs) < 0)
		return -EBADMSG;
	kind = pr_pairs_get(&pairs, "kind");
	subscription = (struct pr_subscription){
		.geo = kind && strcmp(kind, "geo") == 0,
		.id = text_of(&pairs, "id"),
		.url = text_of(&pairs, "url"),
		.file = text_of(&pairs, "file"),
		.format = text_of(&pairs, "format"),
		.category = text_of(&pairs, "category"),
		.interval_s = (uint32_t)pr_pairs_number(&pairs, "interval", 0),
		.max_bytes = (uint32_t)pr_pairs_number(&pairs, "max_bytes", 0),
	};
	if (!is_valid(&subscription) || !subscription.interval_s) {
		pr_subscription_done(&subscription);
		return -EBADMSG;
	}
	*ret_subscription = subscription;
	return 0;
}

void pr_subscriptions_done(struct pr_subscriptions *subscriptions)
{
	for (size_t i = 0; i < subscriptions->n; i++)
		pr_subscription_done(&subscriptions->items[i]);
	free(subscriptions->items);
	*subscriptions = (struct pr_subscriptions){ 0 };
}

const struct pr_subscription *pr_subscriptions_find(const struct pr_subscriptions *subscriptions,
						    const char *id)
{
	for (size_t i = 0; i < subscriptions->n; i++)
		if (strcmp(subscriptions->items[i].id, id) == 0)
			return &subscriptions->items[i];
	return NULL;
}

int pr_subscriptions_take(struct pr_subscriptions *subscriptions, const uint8_t *body, size_t len)
{
	struct pr_subscription subscription;
	int r = pr_subscription_decode(body, len, &subscription);

	if (r < 0)
		return r;
	if (subscriptions->n == PR_SUBSCRIPTIONS_MAX ||
	    pr_subscriptions_find(subscriptions, subscription.id)) {
		pr_subscription_done(&subscription);
		return -EBADMSG;
	}
	subscriptions->items =
		pr_realloc(subscriptions->items, subscriptions->n + 1, sizeof(subscription));
	subscriptions->items[subscriptions->n++] = subscription;
	return 0;
}

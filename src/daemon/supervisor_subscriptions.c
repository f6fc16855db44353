/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From what is configured to the sources that are looked after: those that are as they were go on, others begin, and of
 * those that are gone nothing stays. */
#include "daemon/supervisor_intel.h"

#include <stdio.h>
#include <string.h>

void pr_intel_entry_done(struct pr_intel_manager *manager, struct pr_intel_entry *entry)
{
	pr_intel_fetch_cancel(manager, entry);
	pr_subscription_done(&entry->subscription);
	free(entry->found_refused);
}

/* What lies in the state directory is what the index says, or nothing; where the index says nothing, the compiler
 * will. */
static void find_kept(struct pr_intel_manager *manager, struct pr_intel_facts *facts)
{
	int64_t size = pr_intel_size(&manager->dir, facts->id, PR_INTEL_KEPT);

	if (size >= 0 && !facts->is_kept) {
		facts->kept = (struct pr_intel_content){ .bytes = (uint64_t)size };
		facts->is_kept = true;
	} else if (facts->is_kept && (size < 0 || (uint64_t)size != facts->kept.bytes)) {
		pr_intel_notice(manager, "what was kept of the list %s is %s", facts->id,
				size < 0 ? "gone" : "damaged");
		pr_intel_unlink(&manager->dir, facts->id, PR_INTEL_KEPT);
		facts->is_kept = false;
	}
	if (pr_intel_size(&manager->dir, facts->id, PR_INTEL_HELD) < 0)
		facts->is_held = false;
}

/* At once where there is none; a time that is to come is none of ours. */
static void set_due(struct pr_intel_manager *manager, struct pr_intel_entry *entry)
{
	const struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);
	uint64_t now_s = pr_intel_now_s();

	entry->due_s = facts->is_kept && facts->checked_s && facts->checked_s <= now_s
			       ? facts->checked_s + entry->subscription.interval_s
			       : now_s;
}

/* What is known of it counts if it came from where it comes from now. */
static void entry_begin(struct pr_intel_manager *manager, struct pr_intel_entry *entry)
{
	struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);
	const char *origin = pr_subscription_origin(&entry->subscription);

	find_kept(manager, facts);
	if (strcmp(facts->origin, origin) != 0) {
		snprintf(facts->origin, sizeof(facts->origin), "%s", origin);
		facts->etag[0] = facts->modified[0] = '\0';
		facts->checked_s = 0;
		facts->file = (struct pr_intel_file){ 0 };
		manager->index_changed = true;
	}
	entry->fetched_fd = -1;
	set_due(manager, entry);
}

/* Of lists that are no longer configured nothing is remembered. */
static void forget_others(struct pr_intel_manager *manager,
			  const struct pr_subscriptions *subscriptions)
{
	struct pr_intel_index *index = &manager->index;

	for (size_t i = 0; i < index->n;) {
		if (pr_subscriptions_find(subscriptions, index->facts[i].id)) {
			i++;
			continue;
		}
		index->facts[i] = index->facts[--index->n];
		manager->index_changed = true;
	}
}

static bool is_wanted(void *context, const char *id)
{
	return pr_intel_entry_of(context, id) != NULL;
}

void pr_intel_take_subscriptions(struct pr_intel_manager *manager,
				 struct pr_subscriptions *subscriptions)
{
	struct pr_intel_entry *entries = pr_calloc(subscriptions->n, sizeof(*entries));

	forget_others(manager, subscriptions);
	for (size_t i = 0; i < subscriptions->n; i++) {
		struct pr_subscription *subscription = &subscriptions->items[i];
		struct pr_intel_entry *former = pr_intel_entry_of(manager, subscription->id);

		if (former && pr_subscription_same(&former->subscription, subscription)) {
			entries[i] = *former;
			entries[i].subscription.interval_s = subscription->interval_s;
			if (former->subscription.interval_s != subscription->interval_s)
				set_due(manager, &entries[i]);
			*former = (struct pr_intel_entry){ .fetched_fd = -1 };
			former->subscription.id = pr_strdup("");
			continue;
		}
		entries[i].subscription = *subscription;
		*subscription = (struct pr_subscription){ 0 };
		entry_begin(manager, &entries[i]);
	}
	for (size_t i = 0; i < manager->n; i++)
		pr_intel_entry_done(manager, &manager->entries[i]);
	free(manager->entries);
	manager->entries = entries;
	manager->n = subscriptions->n;
	pr_intel_sweep(&manager->dir, is_wanted, manager);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients that want lists now, and wait until those are in force: a row for each list, when all have their outcome. */
#include "daemon/intel_rows.h"

#include <stdio.h>
#include <string.h>

static const char *const outcomes[] = {
	[PR_INTEL_NOTHING] = "nothing", [PR_INTEL_UNCHANGED] = "unchanged",
	[PR_INTEL_UPDATED] = "updated", [PR_INTEL_WAITS] = "held",
	[PR_INTEL_FAILED] = "failed",
};

static bool is_asked_for(const struct pr_intel_waiter *waiter, const struct pr_intel_entry *entry)
{
	return !waiter->id[0] || strcmp(waiter->id, entry->subscription.id) == 0;
}

static bool is_settled(const struct pr_intel_manager *manager, const struct pr_intel_entry *entry)
{
	return !entry->fetch_ticket && !entry->is_candidate && !entry->wanted &&
	       (entry->outcome != PR_INTEL_UPDATED || entry->in_force <= manager->taken_serial);
}

static void send_outcome(struct pr_intel_manager *manager, uint64_t ticket,
			 const struct pr_intel_entry *entry)
{
	const struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);
	struct pr_intel_row row = { .pairs = { .n = 0 } };

	pr_intel_row_add(&row, "id", entry->subscription.id);
	pr_intel_row_add(&row, "outcome", outcomes[entry->outcome]);
	pr_intel_row_add(&row, "error", entry->error);
	if (facts->is_kept) {
		pr_intel_row_number(&row, "entries", facts->kept.entries);
		pr_intel_row_add(&row, "sha256",
				 pr_intel_digest_text(facts->kept.sha256, row.digests[0]));
	}
	if (entry->outcome == PR_INTEL_UPDATED)
		pr_intel_row_number(&row, "entries_before", entry->entries_before);
	if (facts->is_held) {
		pr_intel_row_number(&row, "held.entries", facts->held.entries);
		pr_intel_row_add(&row, "held.sha256",
				 pr_intel_digest_text(facts->held.sha256, row.digests[1]));
	}
	pr_intel_tell(manager, PR_MESSAGE_PAIRS, ticket, &row.pairs);
}

static bool waiter_is_done(struct pr_intel_manager *manager, const struct pr_intel_waiter *waiter)
{
	bool late = pr_clock_monotonic_us() > waiter->until_us;

	for (size_t i = 0; i < manager->n; i++)
		if (is_asked_for(waiter, &manager->entries[i]) &&
		    !is_settled(manager, &manager->entries[i]) && !late)
			return false;
	for (size_t i = 0; i < manager->n; i++)
		if (is_asked_for(waiter, &manager->entries[i]))
			send_outcome(manager, waiter->ticket, &manager->entries[i]);
	pr_intel_tell_end(manager, waiter->ticket,
			  late ? "it takes too long; it goes on without you" : NULL, "504");
	return true;
}

void pr_intel_settle(struct pr_intel_manager *manager)
{
	for (size_t i = 0; i < manager->n; i++) {
		struct pr_intel_entry *entry = &manager->entries[i];

		/* It was begun, or has its outcome. */
		if (entry->fetch_ticket || entry->is_candidate || entry->due_s > pr_intel_now_s() ||
		    !*entry->subscription.url)
			entry->wanted = false;
	}
	for (unsigned int i = 0; i < manager->n_waiters;) {
		if (waiter_is_done(manager, &manager->waiters[i]))
			manager->waiters[i] = manager->waiters[--manager->n_waiters];
		else
			i++;
	}
}

static void want(struct pr_intel_manager *manager, struct pr_intel_entry *entry, bool accept)
{
	if (entry->fetch_ticket || entry->is_candidate)
		return;
	if (accept) {
		entry->accepted = true;
		pr_intel_candidate(manager, entry);
	} else if (*entry->subscription.url) {
		entry->due_s = 0;
		entry->wanted = true;
	} else {
		pr_intel_look(manager, entry, true);
	}
}

/* NULL, or why not. */
static const char *refusal(struct pr_intel_manager *manager, const char *id, bool accept)
{
	struct pr_intel_entry *entry = *id ? pr_intel_entry_of(manager, id) : NULL;

	if (manager->dir.lists < 0)
		return "the state directory for lists cannot be opened";
	if (*id && !entry)
		return "no list has this id";
	if (accept && (!entry || !pr_intel_facts_of(manager, entry)->is_held))
		return "nothing of this list waits to be accepted";
	if (manager->n_waiters == PR_INTEL_WAITERS_MAX)
		return "too many clients wait for lists";
	return NULL;
}

void pr_supervisor_intel_update(struct pr_supervisor *supervisor, uint64_t ticket,
				const struct pr_pairs *pairs)
{
	struct pr_intel_manager *manager = supervisor->intel;
	const char *id = pr_pairs_get(pairs, "id"), *why;
	bool accept = pr_pairs_number(pairs, "accept", 0);
	struct pr_intel_waiter *waiter;

	why = refusal(manager, id ? id : "", accept);
	if (why)
		return pr_intel_tell_end(manager, ticket, why, "400");
	waiter = &manager->waiters[manager->n_waiters++];
	*waiter = (struct pr_intel_waiter){ .ticket = ticket,
					    .until_us = pr_clock_monotonic_us() +
							PR_INTEL_WAIT_MAX_S * UINT64_C(1000000) };
	snprintf(waiter->id, sizeof(waiter->id), "%s", id ? id : "");
	for (size_t i = 0; i < manager->n; i++)
		if (is_asked_for(waiter, &manager->entries[i]))
			want(manager, &manager->entries[i], accept);
	pr_intel_work(manager);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What becomes of each list by what the compiler found in it. It is noted when the compiler says so, and applied when the
 * set is there: a list takes the place of the former one in the state directory and in the index, waits to be accepted,
 * or is no list and the former one stays.
 */
#include "daemon/supervisor_intel.h"

#include "base/log.h"
#include "daemon/files.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

uint64_t pr_intel_updated_of(const struct pr_intel_facts *facts, const struct pr_intel_entry *entry)
{
	if (entry->accepted)
		return facts->held.updated_s;
	return pr_intel_is_fetched(entry) ? pr_intel_now_s()
					  : entry->judged.changed_ns / 1000000000;
}

void pr_intel_drop_candidate(struct pr_intel_manager *manager, struct pr_intel_entry *entry)
{
	entry->is_candidate = entry->accepted = entry->in_build = false;
	pr_intel_fetch_cancel(manager, entry);
}

/* What was kept is of no use: it is looked for anew, at once. */
void pr_intel_lost(struct pr_intel_manager *manager, struct pr_intel_entry *entry, const char *why)
{
	struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);

	pr_intel_unlink(&manager->dir, facts->id, PR_INTEL_KEPT);
	facts->is_kept = false;
	facts->file = (struct pr_intel_file){ 0 };
	pr_intel_went_wrong(manager, entry, "%s", why);
	entry->due_s = pr_intel_now_s();
}

void pr_intel_on_found(void *context, const struct pr_build_found *found)
{
	struct pr_intel_manager *manager = context;
	struct pr_intel_entry *entry = pr_intel_entry_of(manager, found->id);

	if (!entry)
		return;
	/* After a candidate that is not taken comes what was kept: the first says what became of it. */
	if (entry->is_found && !found->candidate) {
		entry->kept_lost = found->outcome == PR_BUILD_REFUSED;
		entry->left_out = found->outcome == PR_BUILD_LEFT_OUT;
		return;
	}
	entry->kept_lost = false;
	entry->left_out = found->outcome == PR_BUILD_LEFT_OUT;
	entry->is_found = true;
	entry->candidate_found = found->candidate;
	entry->found = *found;
	snprintf(entry->found_why, sizeof(entry->found_why), "%s", found->why);
	snprintf(entry->found_format, sizeof(entry->found_format), "%s", found->format);
	free(entry->found_refused);
	entry->found_refused = pr_strdup(found->refused_lines);
	entry->found.id = entry->found.why = entry->found.format = NULL;
}

static void write_refused(struct pr_intel_manager *manager, const struct pr_intel_entry *entry)
{
	char name[PR_LIST_ID_MAX + 16];
	int r;

	snprintf(name, sizeof(name), "%s~refused", entry->subscription.id);
	r = pr_files_write(manager->dir.lists, name, entry->found_refused,
			   strlen(entry->found_refused));
	if (r < 0)
		pr_log(PR_LOG_WARNING, "refused-lines-not-saved", "error=%s", strerror(-r));
}

static void take_content(struct pr_intel_facts *facts, const struct pr_intel_entry *entry)
{
	uint64_t updated_s = facts->kept.updated_s;

	facts->kept = entry->found.content;
	facts->kept.updated_s = updated_s;
	snprintf(facts->format, sizeof(facts->format), "%s", entry->found_format);
}

static void candidate_taken(struct pr_intel_manager *manager, struct pr_intel_entry *entry,
			    struct pr_intel_facts *facts)
{
	const char *id = entry->subscription.id;
	uint64_t updated_s = pr_intel_updated_of(facts, entry);
	bool was_kept = facts->is_kept;
	int r = pr_intel_rename(&manager->dir, id, PR_INTEL_NEW, PR_INTEL_KEPT);

	/* It is in the set all the same; the next one is made of what is kept. */
	if (r < 0)
		return pr_intel_went_wrong(manager, entry, "it cannot be kept: %s", strerror(-r));
	entry->entries_before = was_kept ? facts->kept.entries : 0;
	take_content(facts, entry);
	facts->kept.updated_s = updated_s;
	facts->is_kept = true;
	snprintf(facts->etag, sizeof(facts->etag), "%s",
		 entry->accepted ? facts->held_etag : entry->etag);
	snprintf(facts->modified, sizeof(facts->modified), "%s",
		 entry->accepted ? facts->held_modified : entry->modified);
	facts->file = entry->judged;
	facts->is_held = false;
	pr_intel_unlink(&manager->dir, id, PR_INTEL_HELD);
	pr_intel_went_well(manager, entry, PR_INTEL_UPDATED);
	entry->in_force = manager->set_serial + 1;
	if (was_kept)
		pr_intel_notice(manager,
				"the list %s is updated: %" PRIu64 " entries instead of %" PRIu64,
				id, facts->kept.entries, entry->entries_before);
	else
		pr_intel_notice(manager, "the list %s is there: %" PRIu64 " entries", id,
				facts->kept.entries);
}

static void candidate_held(struct pr_intel_manager *manager, struct pr_intel_entry *entry,
			   struct pr_intel_facts *facts)
{
	const char *id = entry->subscription.id;
	bool same = facts->is_held && memcmp(facts->held.sha256, entry->found.content.sha256,
					     sizeof(facts->held.sha256)) == 0;

	if (pr_intel_rename(&manager->dir, id, PR_INTEL_NEW, PR_INTEL_HELD) < 0)
		return pr_intel_went_wrong(manager, entry, "it cannot be kept");
	facts->held = entry->found.content;
	facts->held.updated_s = pr_intel_updated_of(facts, entry);
	facts->is_held = true;
	snprintf(facts->held_etag, sizeof(facts->held_etag), "%s", entry->etag);
	snprintf(facts->held_modified, sizeof(facts->held_modified), "%s", entry->modified);
	pr_intel_went_well(manager, entry, PR_INTEL_WAITS);
	snprintf(entry->error, sizeof(entry->error),
		 "a new one is held back: %" PRIu64 " entries instead of %" PRIu64
		 "; `portreeve intel update --accept %s` takes it",
		 facts->held.entries, facts->kept.entries, id);
	if (!same)
		pr_intel_notice(manager, "the list %s: %s", id, entry->error);
}

void pr_intel_apply(struct pr_intel_manager *manager, struct pr_intel_entry *entry)
{
	struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);
	bool taken = entry->found.outcome == PR_BUILD_TAKEN;
	bool news = entry->candidate_found || strcmp(facts->format, entry->found_format) != 0 ||
		    facts->kept.refused != entry->found.content.refused;

	if (entry->candidate_found && taken) {
		candidate_taken(manager, entry, facts);
	} else if (entry->candidate_found && entry->found.outcome == PR_BUILD_HELD) {
		candidate_held(manager, entry, facts);
	} else if (entry->candidate_found) {
		pr_intel_unlink(&manager->dir, facts->id, PR_INTEL_NEW);
		pr_intel_went_wrong(manager, entry, "%s", entry->found_why);
	} else if (taken) {
		take_content(facts, entry);
		/* The configuration names another format now. */
		if (!facts->kept.entries && facts->kept.refused)
			pr_intel_went_wrong(manager, entry,
					    "no line of it is an entry in the format %s",
					    facts->format);
	} else if (entry->found.outcome == PR_BUILD_LEFT_OUT) {
		pr_intel_went_wrong(manager, entry, "%s", entry->found_why);
	} else {
		pr_intel_lost(manager, entry, entry->found_why);
	}
	if (entry->kept_lost)
		pr_intel_lost(manager, entry, "what was kept of it is damaged");
	if (taken && news)
		write_refused(manager, entry);
	if (entry->candidate_found)
		pr_intel_drop_candidate(manager, entry);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What clients ask about lists. Rows are pairs; front makes JSON of them. */
#include "daemon/intel_rows.h"

#include "base/url.h"
#include "daemon/files.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REFUSED_TEXT_MAX 30000 /* of the lines that are told; what is kept is shorter */

/* ---- the table ---- */

static const char *state_of(const struct pr_intel_entry *entry, const struct pr_intel_facts *facts)
{
	if (entry->fetch_ticket)
		return "fetching";
	if (entry->is_candidate)
		return "compiling";
	if (entry->outcome == PR_INTEL_FAILED)
		return facts->is_kept ? "failing" : "missing";
	if (facts->is_held)
		return "held";
	return facts->is_kept ? "fine" : "missing";
}

static void add_contents(struct pr_intel_row *row, const struct pr_intel_facts *facts)
{
	if (facts->is_kept) {
		pr_intel_row_number(row, "entries", facts->kept.entries);
		pr_intel_row_number(row, "exceptions", facts->kept.exceptions);
		pr_intel_row_number(row, "refused", facts->kept.refused);
		pr_intel_row_number(row, "bytes", facts->kept.bytes);
		pr_intel_row_add(row, "sha256",
				 pr_intel_digest_text(facts->kept.sha256, row->digests[0]));
		pr_intel_row_time(row, "updated", facts->kept.updated_s);
	}
	if (facts->is_held) {
		pr_intel_row_number(row, "held.entries", facts->held.entries);
		pr_intel_row_number(row, "held.bytes", facts->held.bytes);
		pr_intel_row_add(row, "held.sha256",
				 pr_intel_digest_text(facts->held.sha256, row->digests[1]));
		pr_intel_row_time(row, "held.since", facts->held.updated_s);
	}
}

static void send_row(struct pr_intel_manager *manager, uint64_t ticket,
		     const struct pr_intel_entry *entry)
{
	const struct pr_subscription *subscription = &entry->subscription;
	const struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);
	struct pr_intel_row row = { .pairs = { .n = 0 } };
	bool is_url = *subscription->url;

	pr_intel_row_add(&row, "id", subscription->id);
	pr_intel_row_add(&row, "kind", subscription->geo ? "geo" : "list");
	pr_intel_row_add(&row, "category", subscription->category);
	pr_intel_row_add(&row, "format", *facts->format ? facts->format : subscription->format);
	pr_intel_row_add(&row, "from",
			 is_url ? pr_url_shown(subscription->url, row.origin) : subscription->file);
	pr_intel_row_add(&row, "state", state_of(entry, facts));
	pr_intel_row_add(&row, "error", entry->error);
	add_contents(&row, facts);
	pr_intel_row_time(&row, "checked", facts->checked_s);
	if (is_url && !entry->fetch_ticket && !entry->is_candidate)
		pr_intel_row_time(&row, "next", entry->due_s);
	pr_intel_tell(manager, PR_MESSAGE_PAIRS, ticket, &row.pairs);
}

/* In parts: front asks for the next when its client has taken the one before. */
static void table(struct pr_intel_manager *manager, const struct pr_message *message,
		  const struct pr_pairs *query)
{
	uint64_t i = pr_pairs_number(query, "after", 0);
	const char *id = pr_pairs_get(query, "id");
	struct pr_pairs pairs = { 0 };
	unsigned int n = 0;
	char next[24];

	if (id && !pr_intel_entry_of(manager, id))
		return pr_intel_tell_end(manager, message->ticket, "no list has this id", "404");
	for (; i < manager->n && n < PR_INTEL_ROWS_MAX; i++) {
		if (id && strcmp(manager->entries[i].subscription.id, id) != 0)
			continue;
		send_row(manager, message->ticket, &manager->entries[i]);
		n++;
	}
	if (i < manager->n) {
		snprintf(next, sizeof(next), "%" PRIu64, i);
		(void)pr_pairs_add(&pairs, "next", next);
	}
	pr_intel_tell(manager, PR_MESSAGE_END, message->ticket, &pairs);
}

static void send_refused_line(struct pr_intel_manager *manager, uint64_t ticket, char *line)
{
	struct pr_pairs pairs = { 0 };
	char *why = strchr(line, '\t'), *text = why ? strchr(why + 1, '\t') : NULL;

	if (!text)
		return;
	*why++ = *text++ = '\0';
	(void)pr_pairs_add(&pairs, "line", line);
	(void)pr_pairs_add(&pairs, "why", why);
	(void)pr_pairs_add(&pairs, "text", text);
	pr_intel_tell(manager, PR_MESSAGE_PAIRS, ticket, &pairs);
}

static void refused_lines(struct pr_intel_manager *manager, const struct pr_message *message,
			  const struct pr_pairs *query)
{
	const char *id = pr_pairs_get(query, "id");
	PR_CLEANUP(pr_cleanup_close) int fd = -1;
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;
	char *next, *line;
	size_t len;

	if (!id || !pr_intel_entry_of(manager, id))
		return pr_intel_tell_end(manager, message->ticket, "no list has this id", "404");
	fd = pr_intel_open(&manager->dir, id, PR_INTEL_REFUSED);
	if (fd >= 0 && pr_files_read(fd, REFUSED_TEXT_MAX, &text, &len) == 0) {
		next = text;
		while ((line = strsep(&next, "\n")) && next)
			send_refused_line(manager, message->ticket, line);
	}
	pr_intel_tell_end(manager, message->ticket, NULL, NULL);
}

void pr_supervisor_intel_query(struct pr_supervisor *supervisor, const struct pr_message *message)
{
	struct pr_intel_manager *manager = supervisor->intel;
	struct pr_pairs pairs;
	const char *query;

	if (pr_pairs_decode(message->body, message->len, &pairs) < 0)
		return pr_intel_tell_end(manager, message->ticket, "the query cannot be read",
					 "400");
	query = pr_pairs_get(&pairs, "query");
	if (query && strcmp(query, "lists") == 0)
		table(manager, message, &pairs);
	else if (query && strcmp(query, "list-refused") == 0)
		refused_lines(manager, message, &pairs);
	else
		pr_intel_tell_end(manager, message->ticket, "there is no such query", "404");
}

/* ---- status ---- */

void pr_supervisor_intel_status(struct pr_supervisor *supervisor, uint64_t ticket)
{
	struct pr_intel_manager *manager = supervisor->intel;
	uint64_t n_lists = 0, n_geo = 0, n_entries = 0, n_missing = 0, n_failing = 0, n_held = 0;
	struct pr_intel_row row = { .pairs = { .n = 0 } };

	for (size_t i = 0; i < manager->n; i++) {
		const struct pr_intel_entry *entry = &manager->entries[i];
		const struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);

		n_lists += !entry->subscription.geo;
		n_geo += entry->subscription.geo;
		n_missing += !facts->is_kept;
		n_failing += entry->outcome == PR_INTEL_FAILED;
		n_held += facts->is_held;
		if (facts->is_kept && !entry->subscription.geo)
			n_entries += facts->kept.entries;
	}
	pr_intel_row_number(&row, "lists.configured", n_lists);
	pr_intel_row_number(&row, "lists.geo", n_geo);
	pr_intel_row_number(&row, "lists.entries", n_entries);
	pr_intel_row_number(&row, "lists.missing", n_missing);
	pr_intel_row_number(&row, "lists.failing", n_failing);
	pr_intel_row_number(&row, "lists.held", n_held);
	pr_intel_row_number(&row, "lists.fetching", manager->n_fetches);
	pr_intel_row_number(&row, "lists.set_bytes",
			    manager->set_fd >= 0 ? manager->index.set_bytes : 0);
	pr_intel_row_number(&row, "lists.set_serial", manager->set_serial);
	pr_intel_row_time(&row, "lists.compiled",
			  manager->set_fd >= 0 ? manager->index.set_built_s : 0);
	pr_intel_row_add(&row, "lists.error", manager->build_error);
	pr_intel_tell(manager, PR_MESSAGE_PAIRS, ticket, &row.pairs);
}

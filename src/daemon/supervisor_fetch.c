/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the contents of lists come from: front fetches URLs into a file without a name that is opened here; files of the
 * administrator are looked at. Neither is read here.
 *
 * PR_MESSAGE_FETCH: "url", "etag" and "modified" of what is there, "max_bytes", "own": the host's addresses as prefixes,
 * with blanks between them: where no server of the Internet may lead. PR_MESSAGE_FETCHED: "outcome" = new,
 * unchanged or failed, "error", "etag", "modified".
 */
#include "daemon/supervisor_intel.h"

#include "base/log.h"
#include "base/url.h"
#include "daemon/trusted_path.h"
#include "ipc/body.h"
#include "kernel/rtnetlink.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN_TEXT_MAX 16384 /* bytes; addresses beyond are near by the registries alone */

/* ---- URLs ---- */

static char *own_addresses(void)
{
	PR_CLEANUP(pr_cleanup_free) struct pr_own_addresses *own = pr_calloc(1, sizeof(*own));
	struct pr_rtnetlink *rtnetlink = NULL;
	char *text = pr_calloc(1, OWN_TEXT_MAX), one[PR_PREFIX_TEXT_SIZE];
	size_t len = 0, more;
	int r = pr_rtnetlink_open(&rtnetlink);

	if (r == 0)
		r = pr_rtnetlink_own_addresses(rtnetlink, own, NULL);
	pr_rtnetlink_free(rtnetlink);
	if (r < 0)
		pr_log(PR_LOG_ERROR, "no-addresses", "error=%s", strerror(-r));
	for (unsigned int i = 0; r == 0 && i < own->n_own; i++) {
		more = strlen(pr_prefix_format(&own->own[i], one)) + 1;
		if (more >= OWN_TEXT_MAX - len)
			break;
		len += (size_t)snprintf(text + len, OWN_TEXT_MAX - len, "%s ", one);
	}
	return text;
}

static size_t write_request(const struct pr_intel_entry *entry, const struct pr_intel_facts *facts,
			    uint8_t *body, size_t size)
{
	PR_CLEANUP(pr_cleanup_free) char *own = own_addresses();
	struct pr_pairs pairs = { 0 };
	char max_bytes[16];

	snprintf(max_bytes, sizeof(max_bytes), "%u", entry->subscription.max_bytes);
	(void)pr_pairs_add(&pairs, "url", entry->subscription.url);
	/* Without the list its etag is of no use. */
	(void)pr_pairs_add(&pairs, "etag", facts->is_kept ? facts->etag : "");
	(void)pr_pairs_add(&pairs, "modified", facts->is_kept ? facts->modified : "");
	(void)pr_pairs_add(&pairs, "max_bytes", max_bytes);
	(void)pr_pairs_add(&pairs, "own", own);
	return pr_pairs_encode(&pairs, body, size);
}

void pr_intel_fetch(struct pr_intel_manager *manager, struct pr_intel_entry *entry)
{
	const struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);
	uint8_t body[PR_URL_MAX + OWN_TEXT_MAX + 1024];
	size_t len = write_request(entry, facts, body, sizeof(body));
	int fd = pr_intel_scratch(&manager->dir);

	pr_assert(len); /* a URL and what the index holds have limits that fit */
	if (fd < 0)
		return pr_intel_went_wrong(manager, entry,
					   "nothing can be written into the state directory: %s",
					   strerror(-fd));
	entry->fetched_fd = fd;
	entry->fetch_ticket = ++manager->last_ticket;
	manager->n_fetches++;
	pr_child_send(&manager->supervisor->front, PR_MESSAGE_FETCH, entry->fetch_ticket, body, len,
		      fd);
}

static void fetch_over(struct pr_intel_manager *manager, struct pr_intel_entry *entry, bool keep)
{
	if (entry->fetch_ticket)
		manager->n_fetches--;
	entry->fetch_ticket = 0;
	if (!keep && entry->fetched_fd >= 0)
		close(PR_TAKE_FD(entry->fetched_fd));
}

/* Front goes on for a while, into a file that nobody looks at any more. */
void pr_intel_fetch_cancel(struct pr_intel_manager *manager, struct pr_intel_entry *entry)
{
	fetch_over(manager, entry, false);
}

static void take_text(const struct pr_pairs *pairs, const char *key, char *text, size_t size)
{
	const char *value = pr_pairs_get(pairs, key);
	size_t len = value ? strlen(value) : 0;

	text[0] = '\0';
	if (len >= size)
		return;
	for (size_t i = 0; i < len; i++)
		if (value[i] < ' ' || value[i] == 0x7f)
			return;
	memcpy(text, value ? value : "", len + 1);
}

static void fetched_new(struct pr_intel_manager *manager, struct pr_intel_entry *entry,
			const struct pr_pairs *pairs)
{
	struct stat status;

	if (fstat(entry->fetched_fd, &status) < 0 ||
	    (uint64_t)status.st_size > entry->subscription.max_bytes) {
		fetch_over(manager, entry, false);
		return pr_intel_went_wrong(manager, entry,
					   "it has more than the %u bytes of max_bytes",
					   entry->subscription.max_bytes);
	}
	fetch_over(manager, entry, true);
	take_text(pairs, "etag", entry->etag, sizeof(entry->etag));
	take_text(pairs, "modified", entry->modified, sizeof(entry->modified));
	pr_intel_candidate(manager, entry);
}

void pr_supervisor_intel_fetched(struct pr_supervisor *supervisor, const struct pr_message *message)
{
	struct pr_intel_manager *manager = supervisor->intel;
	struct pr_intel_entry *entry = NULL;
	struct pr_pairs pairs;
	const char *outcome;
	char error[200];

	for (size_t i = 0; i < manager->n && !entry; i++)
		if (message->ticket && manager->entries[i].fetch_ticket == message->ticket)
			entry = &manager->entries[i];
	if (!entry || pr_pairs_decode(message->body, message->len, &pairs) < 0)
		return;
	outcome = pr_pairs_get(&pairs, "outcome");
	if (outcome && strcmp(outcome, "new") == 0) {
		fetched_new(manager, entry, &pairs);
	} else if (outcome && strcmp(outcome, "unchanged") == 0) {
		fetch_over(manager, entry, false);
		pr_intel_went_well(manager, entry, PR_INTEL_UNCHANGED);
	} else {
		fetch_over(manager, entry, false);
		take_text(&pairs, "error", error, sizeof(error));
		pr_intel_went_wrong(manager, entry, "%s",
				    error[0] ? error : "it cannot be fetched");
	}
	pr_intel_work(manager);
}

void pr_supervisor_intel_front_gone(struct pr_supervisor *supervisor)
{
	struct pr_intel_manager *manager = supervisor->intel;

	manager->n_waiters = 0; /* their connections ended with it */
	for (size_t i = 0; i < manager->n; i++) {
		struct pr_intel_entry *entry = &manager->entries[i];

		entry->wanted = false;
		if (!entry->fetch_ticket)
			continue;
		fetch_over(manager, entry, false);
		pr_intel_went_wrong(manager, entry, "the process that fetches it ended");
	}
}

/* ---- files ---- */

static bool same_file(const struct pr_intel_file *a, const struct pr_intel_file *b)
{
	return a->inode == b->inode && a->size == b->size && a->changed_ns == b->changed_ns;
}

static int identify(const char *path, struct pr_intel_file *ret_file)
{
	PR_CLEANUP(pr_cleanup_close) int fd = pr_trusted_open(path);

	return fd < 0 ? fd : pr_intel_file_read(fd, ret_file);
}

void pr_intel_look(struct pr_intel_manager *manager, struct pr_intel_entry *entry, bool at_once)
{
	const struct pr_subscription *subscription = &entry->subscription;
	const struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);
	struct pr_intel_file file;
	int r = identify(subscription->file, &file);
	bool still;

	if (r < 0)
		return pr_intel_went_wrong(
			manager, entry, "%s: %s", subscription->file,
			r == -EINVAL  ? "not a regular file"
			: r == -ELOOP ? "a symbolic link leads there that is not root's"
				      : strerror(-r));
	if (file.size > subscription->max_bytes)
		return pr_intel_went_wrong(manager, entry,
					   "%s has more than the %u bytes of max_bytes",
					   subscription->file, subscription->max_bytes);
	if (facts->is_kept && same_file(&file, &facts->file)) {
		if (entry->outcome == PR_INTEL_FAILED || entry->outcome == PR_INTEL_NOTHING ||
		    at_once)
			pr_intel_went_well(manager, entry, PR_INTEL_UNCHANGED);
		return;
	}
	/* It was looked into already, and was no list; or no set can be made now. */
	if (same_file(&file, &entry->judged) || (!at_once && entry->retry_s > pr_intel_now_s()))
		return;
	still = same_file(&file, &entry->seen);
	entry->seen = file;
	if (still || at_once)
		pr_intel_candidate(manager, entry);
}

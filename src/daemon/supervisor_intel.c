/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of a list: configured → looked for (fetched, or its file changed) → a candidate → compiled with all others into a
 * set → kept, and in force. Whatever fails on the way leaves what was in force before. At the start the stored set is in
 * force before READY is said, if it is still what the configuration asks for; if not, one is compiled of what lies in the
 * state directory. Nothing at the start waits for a server.
 */
#include "daemon/supervisor_intel.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

struct pr_intel_entry *pr_intel_entry_of(struct pr_intel_manager *manager, const char *id)
{
	for (size_t i = 0; i < manager->n; i++)
		if (strcmp(manager->entries[i].subscription.id, id) == 0)
			return &manager->entries[i];
	return NULL;
}

struct pr_intel_facts *pr_intel_facts_of(struct pr_intel_manager *manager,
					 const struct pr_intel_entry *entry)
{
	struct pr_intel_facts *facts = pr_intel_index_get(&manager->index, entry->subscription.id);

	/* There are no more of them than PR_SUBSCRIPTIONS_MAX. */
	pr_assert(facts);
	return facts;
}

uint64_t pr_intel_now_s(void)
{
	return pr_clock_real_us() / 1000000;
}

static uint64_t random_below(uint64_t bound)
{
	uint64_t number = 0;

	if (!bound || getrandom(&number, sizeof(number), 0) < 0)
		return 0;
	return number % bound;
}

void pr_intel_notice(struct pr_intel_manager *manager, const char *format, ...)
{
	char text[512], quoted[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	pr_log(PR_LOG_INFO, "intel", "said=%s", pr_log_quote(text, quoted, sizeof(quoted)));
	if (manager->supervisor->engine.channel)
		pr_child_send(&manager->supervisor->engine, PR_MESSAGE_NOTICE, 0, text,
			      strlen(text), -1);
}

/* ---- what becomes of a look ---- */

/* A little early, each time another: not all machines that have a list ask for it at the same moment. */
void pr_intel_went_well(struct pr_intel_manager *manager, struct pr_intel_entry *entry,
			enum pr_intel_outcome outcome)
{
	struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);
	uint64_t interval_s = entry->subscription.interval_s;

	facts->checked_s = pr_intel_now_s();
	manager->index_changed = true;
	entry->due_s = facts->checked_s + interval_s - random_below(interval_s / 10);
	entry->n_failures = 0;
	entry->error[0] = '\0';
	entry->outcome = outcome;
}

void pr_intel_went_wrong(struct pr_intel_manager *manager, struct pr_intel_entry *entry,
			 const char *format, ...)
{
	uint64_t wait_s = PR_INTEL_RETRY_FIRST_S, most_s = entry->subscription.interval_s;
	char text[sizeof(entry->error)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (most_s > PR_INTEL_RETRY_LAST_S)
		most_s = PR_INTEL_RETRY_LAST_S;
	for (unsigned int i = 0; i < entry->n_failures && wait_s < most_s; i++)
		wait_s *= 2;
	if (wait_s > most_s)
		wait_s = most_s;
	entry->due_s = pr_intel_now_s() + wait_s + random_below(wait_s / 10);
	entry->n_failures++;
	entry->outcome = PR_INTEL_FAILED;
	/* The same over and over is no news. */
	if (strcmp(text, entry->error) != 0)
		pr_intel_notice(manager, "the list %s is not updated: %s", entry->subscription.id,
				text);
	snprintf(entry->error, sizeof(entry->error), "%s", text);
}

void pr_intel_candidate(struct pr_intel_manager *manager, struct pr_intel_entry *entry)
{
	(void)manager;
	if (!entry->is_candidate)
		entry->candidate_us = pr_clock_monotonic_us();
	entry->is_candidate = true;
}

/* ---- what is due ---- */

static bool front_is_ready(const struct pr_intel_manager *manager)
{
	return manager->supervisor->front.is_ready;
}

static void fetch_due(struct pr_intel_manager *manager, uint64_t now_s)
{
	for (size_t i = 0; i < manager->n; i++) {
		struct pr_intel_entry *entry = &manager->entries[i];

		if (!pr_intel_is_fetched(entry) || entry->is_candidate || entry->fetch_ticket ||
		    entry->due_s > now_s)
			continue;
		if (manager->n_fetches == PR_INTEL_FETCHES_MAX || !front_is_ready(manager))
			return;
		pr_intel_fetch(manager, entry);
	}
}

/* Microseconds until a set is to be made; UINT64_MAX = none is. */
static uint64_t build_in_us(const struct pr_intel_manager *manager)
{
	uint64_t now_us = pr_clock_monotonic_us(), in_us = UINT64_MAX;

	if (manager->build)
		return UINT64_MAX;
	if (manager->must_build)
		return 0;
	for (size_t i = 0; i < manager->n; i++) {
		const struct pr_intel_entry *entry = &manager->entries[i];
		uint64_t at_us = entry->candidate_us + PR_INTEL_GATHER_MS * UINT64_C(1000);
		uint64_t left_us = at_us > now_us && manager->n_fetches ? at_us - now_us : 0;

		if (entry->is_candidate && left_us < in_us)
			in_us = left_us;
	}
	return in_us;
}

static void build_due(struct pr_intel_manager *manager)
{
	if (build_in_us(manager))
		return;
	manager->must_build = false;
	(void)!pr_intel_build(manager);
}

static void arm(struct pr_intel_manager *manager)
{
	uint64_t now_s = pr_intel_now_s(), in_us = PR_INTEL_LOOK_S * UINT64_C(1000000);
	uint64_t build_us = build_in_us(manager);
	bool may_fetch = manager->n_fetches < PR_INTEL_FETCHES_MAX && front_is_ready(manager);
	struct timeval in;

	for (size_t i = 0; i < manager->n && may_fetch; i++) {
		const struct pr_intel_entry *entry = &manager->entries[i];
		uint64_t left_us = entry->due_s > now_s ? (entry->due_s - now_s) * 1000000 : 0;

		if (pr_intel_is_fetched(entry) && !entry->is_candidate && !entry->fetch_ticket &&
		    left_us < in_us)
			in_us = left_us;
	}
	if (build_us < in_us)
		in_us = build_us;
	in = (struct timeval){ .tv_sec = (time_t)(in_us / 1000000),
			       .tv_usec = (suseconds_t)(in_us % 1000000) };
	event_add(manager->on_due, &in);
}

void pr_intel_save_index(struct pr_intel_manager *manager)
{
	int r;

	if (!manager->index_changed || manager->dir.state < 0)
		return;
	r = pr_intel_index_save(&manager->dir, &manager->index);
	if (r < 0)
		pr_log(PR_LOG_WARNING, "index-not-saved", "error=%s", strerror(-r));
	manager->index_changed = false;
}

void pr_intel_work(struct pr_intel_manager *manager)
{
	if (manager->supervisor->stopping || manager->is_starting)
		return;
	fetch_due(manager, pr_intel_now_s());
	build_due(manager);
	pr_intel_settle(manager);
	arm(manager);
}

static void due_event(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	pr_intel_work(context);
}

/* ---- the configuration ---- */

static bool has_content(struct pr_intel_manager *manager)
{
	for (size_t i = 0; i < manager->n; i++)
		if (manager->entries[i].is_candidate ||
		    pr_intel_facts_of(manager, &manager->entries[i])->is_kept)
			return true;
	return false;
}

static void look_at_files(struct pr_intel_manager *manager, bool at_once)
{
	for (size_t i = 0; i < manager->n; i++)
		if (!pr_intel_is_fetched(&manager->entries[i]))
			pr_intel_look(manager, &manager->entries[i], at_once);
}

void pr_supervisor_intel_configure(struct pr_supervisor *supervisor,
				   struct pr_subscriptions *subscriptions)
{
	struct pr_intel_manager *manager = supervisor->intel;

	if (manager->dir.lists < 0)
		return;
	/* A set that is being made is of what was configured before. */
	pr_build_free(PR_TAKE_PTR(manager->build));
	pr_intel_take_subscriptions(manager, subscriptions);
	look_at_files(manager, true);
	manager->must_build = pr_intel_recipe(manager) != manager->index.set_recipe ||
			      (manager->set_fd < 0 && has_content(manager));
	pr_intel_save_index(manager);
	pr_intel_work(manager);
}

/* ---- the start and the end ---- */

static void load(struct pr_intel_manager *manager)
{
	struct pr_supervisor *supervisor = manager->supervisor;
	const char *state_dir = supervisor->options.state_dir;
	int r = pr_intel_dir_open(state_dir, &manager->dir);

	if (r < 0) {
		fprintf(stderr,
			"portreeved: %s/lists cannot be opened, there will be no lists: %s\n",
			state_dir, strerror(-r));
		return;
	}
	if (pr_intel_index_load(&manager->dir, &manager->index) == -EBADMSG)
		fprintf(stderr, "portreeved: %s/%s cannot be read and is made anew\n", state_dir,
			PR_INTEL_INDEX_NAME);
	pr_intel_set_restore(manager);
}

void pr_supervisor_intel_begin(struct pr_supervisor *supervisor,
			       struct pr_subscriptions *subscriptions)
{
	struct pr_intel_manager *manager = pr_calloc(1, sizeof(*manager));

	*manager = (struct pr_intel_manager){
		.supervisor = supervisor, .dir = { -1, -1 }, .set_fd = -1, .is_starting = true
	};
	supervisor->intel = manager;
	manager->on_due = event_new(supervisor->base, -1, 0, due_event, manager);
	pr_assert(manager->on_due);
	load(manager);
	pr_supervisor_intel_configure(supervisor, subscriptions);
	if (build_in_us(manager) == 0 && has_content(manager)) {
		build_due(manager);
		if (manager->build)
			return;
	}
	manager->is_starting = false;
	pr_supervisor_begin(supervisor);
}

void pr_supervisor_intel_beat(struct pr_supervisor *supervisor)
{
	struct pr_intel_manager *manager = supervisor->intel;

	look_at_files(manager, false);
	pr_intel_save_index(manager);
	pr_intel_work(manager);
}

void pr_supervisor_intel_close(struct pr_supervisor *supervisor)
{
	struct pr_intel_manager *manager = supervisor->intel;

	if (!manager)
		return;
	pr_build_free(PR_TAKE_PTR(manager->build));
	pr_intel_save_index(manager);
	for (size_t i = 0; i < manager->n; i++)
		pr_intel_entry_done(manager, &manager->entries[i]);
	free(manager->entries);
	if (manager->set_fd >= 0)
		close(manager->set_fd);
	event_free(manager->on_due);
	pr_intel_index_done(&manager->index);
	pr_intel_dir_close(&manager->dir);
	free(PR_TAKE_PTR(supervisor->intel));
}

void pr_supervisor_intel_work(struct pr_supervisor *supervisor)
{
	pr_intel_work(supervisor->intel);
}

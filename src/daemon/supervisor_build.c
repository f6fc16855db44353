/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A set: candidates and what was taken before go to the compiler process as descriptors, the set comes back in a file, and
 * what was found in each list. Only when the set is there do new lists take the place of former ones, in the state
 * directory and in the index; then the engine gets it. A run that fails changes nothing.
 */
#include "daemon/supervisor_intel.h"

#include "base/hash.h"
#include "daemon/trusted_path.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const uint8_t unknown_digest[PR_INTEL_DIGEST_BYTES];

/* ---- the stored set ---- */

/* What is in the set stays there while nothing else is known of it: what was kept of it may have been lost. */
static const uint8_t *wanted_digest(const struct pr_intel_facts *facts)
{
	if (facts->is_kept)
		return facts->kept.sha256;
	return facts->in_set ? facts->set_sha256 : NULL;
}

uint64_t pr_intel_recipe(struct pr_intel_manager *manager)
{
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;
	char digest[PR_INTEL_DIGEST_TEXT_SIZE];
	size_t len;
	FILE *out = open_memstream(&text, &len);

	pr_assert(out);
	for (size_t i = 0; i < manager->n; i++) {
		const struct pr_subscription *subscription = &manager->entries[i].subscription;
		const uint8_t *wanted =
			wanted_digest(pr_intel_facts_of(manager, &manager->entries[i]));

		if (wanted)
			fprintf(out, "%d %s %s %s %s\n", subscription->geo, subscription->id,
				subscription->category, subscription->format,
				pr_intel_digest_text(wanted, digest));
	}
	pr_assert(fclose(out) == 0);
	return len ? pr_hash_seeded(text, len, 0) : 0;
}

void pr_intel_set_restore(struct pr_intel_manager *manager)
{
	struct pr_intel_index *index = &manager->index;
	const char *state_dir = manager->supervisor->options.state_dir;
	PR_CLEANUP(pr_cleanup_close) int fd = pr_intel_set_file(&manager->dir);
	uint64_t len = 0, hash = 0;
	int r = fd < 0 ? fd : pr_intel_set_hash(fd, &len, &hash);

	if (r == 0 && index->set_bytes && len == index->set_bytes && hash == index->set_hash) {
		manager->set_fd = PR_TAKE_FD(fd);
		manager->set_serial = 1;
		manager->stored_set = true;
		return;
	}
	if (r != -ENOENT)
		fprintf(stderr, "portreeved: %s/%s is not used, it is compiled anew: %s\n",
			state_dir, PR_INTEL_SET_NAME,
			r < 0 ? strerror(-r) : "it is not what was written there");
	index->set_bytes = index->set_hash = index->set_recipe = 0;
}

/* ---- what goes in ---- */

static int open_candidate(struct pr_intel_manager *manager, struct pr_intel_entry *entry)
{
	const char *id = entry->subscription.id;
	int fd, r;

	if (entry->accepted)
		return pr_intel_open(&manager->dir, id, PR_INTEL_HELD);
	if (pr_intel_is_fetched(entry))
		return fcntl(entry->fetched_fd, F_DUPFD_CLOEXEC, 3);
	fd = pr_trusted_open(entry->subscription.file);
	if (fd < 0)
		return fd;
	/* What is judged now is this very state of it. */
	r = pr_intel_file_read(fd, &entry->judged);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static int add_candidate(struct pr_intel_manager *manager, struct pr_intel_entry *entry)
{
	const char *id = entry->subscription.id;
	const struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);
	PR_CLEANUP(pr_cleanup_close) int content = open_candidate(manager, entry);
	PR_CLEANUP(pr_cleanup_close) int copy = pr_intel_create(&manager->dir, id, PR_INTEL_NEW);
	const struct pr_build_source source = {
		.subscription = &entry->subscription,
		.candidate = true,
		.content_fd = content,
		.copy_fd = copy,
		.updated_s = pr_intel_updated_of(facts, entry),
		/* What somebody wrote into a file of this machine is what he means. */
		.entries = facts->is_kept && pr_intel_is_fetched(entry) ? facts->kept.entries : 0,
		.accept = entry->accepted,
	};
	int r = content < 0 ? content : copy < 0 ? copy : 0;

	return r < 0 ? r : pr_build_add(manager->build, &source);
}

static int add_kept(struct pr_intel_manager *manager, const struct pr_intel_entry *entry)
{
	const struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);
	bool known = memcmp(facts->kept.sha256, unknown_digest, sizeof(unknown_digest)) != 0;
	PR_CLEANUP(pr_cleanup_close)
	int content = pr_intel_open(&manager->dir, entry->subscription.id, PR_INTEL_KEPT);
	const struct pr_build_source source = {
		.subscription = &entry->subscription,
		.content_fd = content,
		.copy_fd = -1,
		.sha256 = known ? facts->kept.sha256 : NULL,
		.updated_s = facts->kept.updated_s,
	};

	return content < 0 ? content : pr_build_add(manager->build, &source);
}

/* A source that cannot be opened is left out: the others are compiled. */
static int add_entry(struct pr_intel_manager *manager, struct pr_intel_entry *entry)
{
	struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);
	int r = 0;

	entry->is_found = entry->candidate_found = false;
	if (entry->is_candidate) {
		entry->in_build = true;
		r = add_candidate(manager, entry);
		if (r < 0) {
			pr_intel_drop_candidate(manager, entry);
			pr_intel_went_wrong(manager, entry, "it cannot be read: %s", strerror(-r));
		}
	}
	if (r != -EPIPE && facts->is_kept) {
		r = add_kept(manager, entry);
		if (r < 0 && r != -EPIPE)
			pr_intel_lost(manager, entry, strerror(-r));
	}
	return r == -EPIPE || r == -ETIMEDOUT ? r : 0;
}

/* ---- what comes out ---- */

static void apply_all(struct pr_intel_manager *manager)
{
	for (size_t i = 0; i < manager->n; i++) {
		struct pr_intel_entry *entry = &manager->entries[i];
		struct pr_intel_facts *facts = pr_intel_facts_of(manager, entry);

		if (entry->is_found)
			pr_intel_apply(manager, entry);
		facts->in_set = facts->is_kept && !entry->left_out;
		memcpy(facts->set_sha256, facts->kept.sha256, sizeof(facts->set_sha256));
		entry->is_found = entry->candidate_found = false;
		free(PR_TAKE_PTR(entry->found_refused));
	}
}

/* The candidates that it was made for are gone; they are looked for again. */
static void give_up(struct pr_intel_manager *manager, const char *why)
{
	snprintf(manager->build_error, sizeof(manager->build_error), "%s", why);
	fprintf(stderr, "portreeved: the lists are not compiled, those in force stay: %s\n", why);
	for (size_t i = 0; i < manager->n; i++) {
		struct pr_intel_entry *entry = &manager->entries[i];

		entry->is_found = entry->candidate_found = false;
		free(PR_TAKE_PTR(entry->found_refused));
		if (!entry->in_build)
			continue;
		pr_intel_drop_candidate(manager, entry);
		pr_intel_unlink(&manager->dir, entry->subscription.id, PR_INTEL_NEW);
		pr_intel_went_wrong(manager, entry, "%s", why);
		entry->judged = (struct pr_intel_file){ 0 };
		entry->retry_s = entry->due_s;
	}
	pr_intel_set_drop(&manager->dir);
}

static void send_set(struct pr_intel_manager *manager, struct pr_child *child)
{
	uint8_t body[4];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	pr_write_u32(&writer, manager->set_serial);
	pr_child_send(child, PR_MESSAGE_INTEL_SET, 0, body, sizeof(body), manager->set_fd);
}

static int replace_set(struct pr_intel_manager *manager, uint64_t bytes, uint64_t hash)
{
	struct pr_intel_index *index = &manager->index;
	int fd, r = pr_intel_set_replace(&manager->dir, &fd);

	if (r < 0)
		return r;
	if (manager->set_fd >= 0)
		close(manager->set_fd);
	manager->set_fd = fd;
	manager->stored_set = false;
	index->set_bytes = bytes;
	index->set_hash = hash;
	return 0;
}

static void finish(struct pr_intel_manager *manager, uint64_t bytes, uint64_t hash)
{
	struct pr_intel_index *index = &manager->index;
	int r = replace_set(manager, bytes, hash);

	if (r < 0)
		return give_up(manager, strerror(-r));
	manager->build_error[0] = '\0';
	apply_all(manager);
	manager->set_serial++;
	index->set_recipe = pr_intel_recipe(manager);
	index->set_built_s = pr_intel_now_s();
	manager->index_changed = true;
	/* What the index names has to be there when it is. */
	(void)fsync(manager->dir.lists);
	pr_intel_save_index(manager);
	if (manager->supervisor->engine.channel)
		send_set(manager, &manager->supervisor->engine);
}

static void on_done(void *context, const char *error, uint64_t bytes, uint64_t hash)
{
	struct pr_intel_manager *manager = context;
	struct pr_supervisor *supervisor = manager->supervisor;

	if (error)
		give_up(manager, *error ? error : "the compiler says nothing");
	else
		finish(manager, bytes, hash);
	pr_build_free(PR_TAKE_PTR(manager->build));
	if (manager->is_starting) {
		manager->is_starting = false;
		pr_supervisor_begin(supervisor);
		return;
	}
	pr_intel_work(manager);
}

int pr_intel_build(struct pr_intel_manager *manager)
{
	struct pr_supervisor *supervisor = manager->supervisor;
	const struct pr_compiler_run_config config = { .base = supervisor->base,
						       .self_fd = supervisor->self_fd,
						       .users = &supervisor->users,
						       .verbose = supervisor->options.verbose };
	const struct pr_build_ports ports = { manager, pr_intel_on_found, on_done };
	PR_CLEANUP(pr_cleanup_close) int set = pr_intel_set_create(&manager->dir);
	int r = set < 0 ? set : pr_build_new(&config, &ports, &manager->build);

	for (size_t i = 0; i < manager->n && r == 0; i++)
		r = add_entry(manager, &manager->entries[i]);
	if (r == 0)
		r = pr_build_begin(manager->build, set);
	if (r < 0) {
		pr_build_free(PR_TAKE_PTR(manager->build));
		give_up(manager, strerror(-r));
	}
	return r;
}

/* ---- the engine ---- */

int pr_supervisor_intel_set(const struct pr_supervisor *supervisor, uint32_t *ret_serial)
{
	const struct pr_intel_manager *manager = supervisor->intel;

	*ret_serial = manager->set_serial;
	return manager->set_fd;
}

/* One of an earlier version, or that somebody wrote into since, is made anew; one that was just made would be the same
 * again. */
static bool may_be_made_better(const struct pr_intel_manager *manager)
{
	uint64_t len, hash;

	return manager->stored_set || manager->set_fd < 0 ||
	       pr_intel_set_hash(manager->set_fd, &len, &hash) < 0 ||
	       len != manager->index.set_bytes || hash != manager->index.set_hash;
}

static void set_is_refused(struct pr_intel_manager *manager, uint32_t serial)
{
	for (size_t i = 0; i < manager->n; i++) {
		struct pr_intel_entry *entry = &manager->entries[i];

		pr_intel_facts_of(manager, entry)->in_set = false;
		if (entry->outcome == PR_INTEL_UPDATED && entry->in_force == serial)
			pr_intel_went_wrong(manager, entry, "%s", manager->build_error);
	}
}

void pr_supervisor_intel_answered(struct pr_supervisor *supervisor,
				  const struct pr_message *message)
{
	struct pr_intel_manager *manager = supervisor->intel;
	struct pr_reader reader = pr_reader(message->body, message->len);
	uint32_t serial = pr_read_u32(&reader);

	if (serial != manager->set_serial)
		return;
	manager->taken_serial = serial;
	if (message->kind == PR_MESSAGE_INTEL_SET_REFUSED) {
		fprintf(stderr, "portreeved: the engine refuses the set of lists: %.*s\n",
			(int)pr_reader_left(&reader), (const char *)message->body + 4);
		snprintf(manager->build_error, sizeof(manager->build_error),
			 "the engine refuses the set: %.*s", (int)pr_reader_left(&reader),
			 (const char *)message->body + 4);
		set_is_refused(manager, serial);
		manager->must_build = may_be_made_better(manager);
		manager->stored_set = false;
		if (manager->set_fd >= 0)
			close(PR_TAKE_FD(manager->set_fd));
		manager->index.set_bytes = manager->index.set_recipe = 0;
	}
	pr_intel_work(manager);
}

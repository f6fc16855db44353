/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A set of all lists. Of an id a candidate comes before what was taken before; the first that is fit is taken. What was
 * found in each is told one by one, the set is written at the end.
 */
#include "daemon/compiler_build.h"

#include "base/hash.h"
#include "base/io.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static void add_number(struct pr_pairs *pairs, const char *key, uint64_t number, char text[24])
{
	snprintf(text, 24, "%" PRIu64, number);
	(void)pr_pairs_add(pairs, key, text);
}

static int tell_source(struct pr_compiler_build *build, const char *wrong)
{
	struct pr_pairs pairs = { 0 };
	char texts[4][24];

	(void)pr_pairs_add(&pairs, "id", pr_pairs_get(&build->source->pairs, "id"));
	(void)pr_pairs_add(&pairs, "candidate", build->source->candidate ? "1" : "0");
	(void)pr_pairs_add(&pairs, "outcome", pr_build_outcome_name(build->outcome));
	(void)pr_pairs_add(&pairs, "why", wrong ? wrong : "");
	(void)pr_pairs_add(&pairs, "format", build->format ? build->format : "");
	(void)pr_pairs_add(&pairs, "sha256", build->sha256);
	add_number(&pairs, "bytes", build->len, texts[0]);
	add_number(&pairs, "entries", build->entries, texts[1]);
	add_number(&pairs, "exceptions", build->exceptions, texts[2]);
	add_number(&pairs, "refused", build->n_refused, texts[3]);
	(void)pr_pairs_add(&pairs, "refused_lines", build->refused);
	return pr_compiler_tell(build->supervisor, PR_MESSAGE_SOURCE_READ, build->body,
				pr_pairs_encode(&pairs, build->body, sizeof(build->body)), -1);
}

/* True where it was taken. */
static bool one_source(struct pr_compiler_build *build, const struct pr_compiler_source *source,
		       int *ret_error)
{
	const char *wrong = pr_compiler_source_try(build, source);

	*ret_error = tell_source(build, wrong);
	return !wrong;
}

static int all_sources(struct pr_compiler_build *build, const struct pr_compiler_sources *sources)
{
	const char *taken = "";
	int r = 0;

	for (size_t i = 0; i < sources->n && r == 0; i++) {
		const char *id = pr_pairs_get(&sources->items[i].pairs, "id");

		if (strcmp(id, taken) != 0 && one_source(build, &sources->items[i], &r))
			taken = id;
	}
	return r;
}

/* Onto the disk: what was kept must be there when the index says that it is. */
int pr_compiler_write_file(int fd, const void *bytes, size_t len)
{
	int r = pr_write_all(fd, bytes, len);

	return r < 0 ? r : fsync(fd) < 0 ? -errno : 0;
}

/* ---- the set ---- */

static int write_set(struct pr_compiler_build *build, int set_fd)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *bytes = NULL;
	struct pr_pairs pairs = { 0 };
	char texts[2][24];
	size_t len;
	int r = pr_intel_builder_finish(build->builder, &bytes, &len);

	if (r == 0)
		r = pr_compiler_write_file(set_fd, bytes, len);
	if (r < 0)
		return r;
	add_number(&pairs, "bytes", len, texts[0]);
	add_number(&pairs, "hash", pr_hash_seeded(bytes, len, 0), texts[1]);
	return pr_compiler_tell(build->supervisor, PR_MESSAGE_BUILT, build->body,
				pr_pairs_encode(&pairs, build->body, sizeof(build->body)), -1);
}

int pr_compiler_build(const struct pr_compiler_sources *sources, int set_fd,
		      struct pr_channel *supervisor)
{
	PR_CLEANUP(pr_cleanup_free) struct pr_compiler_build *build = pr_calloc(1, sizeof(*build));
	uint64_t seed;
	int r;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	build->supervisor = supervisor;
	build->builder = pr_intel_builder_new(seed);
	r = all_sources(build, sources);
	if (r == 0)
		r = write_set(build, set_fd);
	pr_intel_builder_free(build->builder);
	return r;
}

/* ---- messages ---- */

int pr_compiler_source_take(struct pr_compiler_sources *sources, struct pr_message *message)
{
	struct pr_compiler_source source = { .candidate = message->kind == PR_MESSAGE_CANDIDATE,
					     .content_fd = -1,
					     .copy_fd = -1 };

	source.body = pr_calloc(1, message->len);
	memcpy(source.body, message->body, message->len);
	if (pr_pairs_decode(source.body, message->len, &source.pairs) < 0 ||
	    !pr_pairs_get(&source.pairs, "id")) {
		free(source.body);
		return -EBADMSG;
	}
	source.content_fd = PR_TAKE_FD(message->fds[0]);
	if (source.candidate)
		source.copy_fd = PR_TAKE_FD(message->fds[1]);
	sources->items = pr_realloc(sources->items, sources->n + 1, sizeof(*sources->items));
	sources->items[sources->n++] = source;
	return 0;
}

int pr_compiler_tell(struct pr_channel *supervisor, enum pr_message_kind kind, const void *body,
		     size_t len, int fd)
{
	struct pollfd writable = { .fd = pr_channel_fd(supervisor), .events = POLLOUT };
	int r;

	while ((r = pr_channel_send_fds(supervisor, kind, 0, body, len, &fd, fd >= 0)) ==
	       PR_CHANNEL_FULL)
		if (poll(&writable, 1, -1) < 0 && errno != EINTR)
			return -errno;
	return r;
}

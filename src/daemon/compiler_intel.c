/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What comes as content is read once into memory, and judged and copied from there: whoever still has the file open
 * can't change what was judged. Of an id a candidate comes before what was taken before; the first that is fit is taken.
 * A candidate is not fit
 *   - that is a page of the web, or has no entry though it has lines: no list;
 *   - that has a tenth or less of the entries that there were: held, until somebody accepts it.
 */
#include "daemon/compiler_intel.h"

#include "base/hash.h"
#include "base/io.h"
#include "daemon/files.h"
#include "daemon/intel_index.h"
#include "intel/set_builder.h"

#include <inttypes.h>
#include <nettle/sha2.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define CONTENT_MAX	  (512u << 20) /* bytes of one; the configuration's max_bytes is checked before */
#define REFUSED_LINES_MAX 100	       /* refused lines that are told … */
#define REFUSED_TEXT_MAX  120	       /* … with so many bytes of each … */
#define REFUSED_BYTES_MAX 24000	       /* … and so many in all; the rest is counted alone */
#define SHRUNK_TO_A	  10	       /* a tenth of the entries or less: held */

struct build {
	struct pr_intel_builder *builder;
	struct pr_channel *supervisor;
	uint8_t body[PR_MESSAGE_BODY_MAX];

	/* Of the source that is looked at. */
	const struct pr_compiler_source *source;
	char *bytes; /* owned */
	size_t len;
	char sha256[PR_INTEL_DIGEST_TEXT_SIZE];
	const char *format;
	uint64_t entries, exceptions, n_refused;
	char refused[REFUSED_BYTES_MAX + 1];
	size_t refused_len;
	unsigned int n_told;
};

/* ---- refused lines ---- */

static void on_refused(void *context, uint64_t line, const char *text, size_t len, const char *why)
{
	struct build *build = context;
	char clean[REFUSED_TEXT_MAX + 1];
	int n;

	if (build->n_told == REFUSED_LINES_MAX)
		return;
	if (len > REFUSED_TEXT_MAX)
		len = REFUSED_TEXT_MAX;
	for (size_t i = 0; i < len; i++)
		clean[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
	clean[len] = '\0';
	n = snprintf(build->refused + build->refused_len, REFUSED_BYTES_MAX - build->refused_len,
		     "%" PRIu64 "\t%s\t%s\n", line, why, clean);
	if (n < 0 || (size_t)n >= REFUSED_BYTES_MAX - build->refused_len) {
		build->refused[build->refused_len] = '\0';
		build->n_told = REFUSED_LINES_MAX;
		return;
	}
	build->refused_len += (size_t)n;
	build->n_told++;
}

static void on_list_refused(void *context, uint32_t line, const char *text, size_t len,
			    const char *why)
{
	on_refused(context, line, text, len, why);
}

static void forget_refused(struct build *build)
{
	build->refused[0] = '\0';
	build->refused_len = 0;
	build->n_told = 0;
}

/* ---- a source ---- */

static const char *text_of(const struct build *build, const char *key)
{
	const char *value = pr_pairs_get(&build->source->pairs, key);

	return value ? value : "";
}

static bool is_geo(const struct build *build)
{
	return strcmp(text_of(build, "kind"), "geo") == 0;
}

static enum pr_list_format list_format(const struct build *build)
{
	enum pr_list_format format = PR_LIST_AUTO;

	(void)pr_list_format_find(text_of(build, "format"), &format);
	return format;
}

static enum pr_geo_format geo_format(const struct build *build)
{
	enum pr_geo_format format = PR_GEO_AUTO;

	(void)pr_geo_format_find(text_of(build, "format"), &format);
	return format;
}

static void digest(const char *bytes, size_t len, char text[PR_INTEL_DIGEST_TEXT_SIZE])
{
	uint8_t sum[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, len, (const uint8_t *)bytes);
	sha256_digest(&context, sizeof(sum), sum);
	pr_intel_digest_text(sum, text);
}

/* No list and no data on addresses begins so; pages that say why there is none do. */
static bool is_page(const char *bytes, size_t len)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8 */

	if (len >= 3 && memcmp(bytes, mark, 3) == 0)
		bytes += 3, len -= 3;
	while (len && strchr(" \t\r\n", *bytes))
		bytes++, len--;
	return len && *bytes == '<';
}

/* What the parsers say with an error number; NULL where they took it. */
static const char *parser_says(int r)
{
	switch (r) {
	case 0:
		return NULL;
	case -EFBIG:
		return "it is too large";
	case -EINVAL:
		return "no format of a list fits it; name one with format";
	case -EBADMSG:
		return "nothing in it can be read as its format";
	case -E2BIG:
		return "there are too many lists";
	case -ENOBUFS:
		return "all lists together have too many entries";
	default:
		return strerror(-r);
	}
}

static const char *count_list(struct build *build)
{
	const struct pr_list_ports ports = { .context = build, .refused = on_list_refused };
	struct pr_list_counts counts = { 0 };
	int r = pr_list_parse(list_format(build), build->bytes, build->len, &ports, &counts);

	build->entries = counts.entries;
	build->n_refused = counts.refused;
	return parser_says(r);
}

static const char *count_geo(struct build *build)
{
	const struct pr_geo_ports ports = { .context = build, .refused = on_refused };
	struct pr_geo_counts counts = { 0 };
	int r = pr_geo_parse(geo_format(build), build->bytes, build->len, &ports, &counts);

	build->entries = counts.ranges;
	build->n_refused = counts.refused;
	return parser_says(r);
}

/* NULL where it may be taken; *ret_held: only by somebody's word. */
static const char *judge_candidate(struct build *build, bool *ret_held)
{
	uint64_t before = pr_pairs_number(&build->source->pairs, "entries", 0);
	const char *wrong = is_geo(build) ? count_geo(build) : count_list(build);

	if (wrong)
		return wrong;
	if (!build->entries && build->n_refused)
		return "no line of it is an entry: it is no list";
	if (before && build->entries <= before / SHRUNK_TO_A &&
	    !pr_pairs_number(&build->source->pairs, "accept", 0)) {
		*ret_held = true;
		return "it has a tenth or less of the entries that it had";
	}
	return NULL;
}

static const char *add_list(struct build *build)
{
	const struct pr_intel_source source = {
		.id = text_of(build, "id"),
		.category = text_of(build, "category"),
		.format = list_format(build),
		.bytes = build->bytes,
		.len = build->len,
		.updated_s = pr_pairs_number(&build->source->pairs, "updated", 0),
		.refused = on_list_refused,
		.context = build,
	};
	struct pr_list_counts counts = { 0 };
	int r;

	forget_refused(build);
	r = pr_intel_builder_list(build->builder, &source, &counts);
	build->format = pr_list_format_name(counts.format);
	build->entries = counts.entries;
	build->exceptions = counts.exceptions;
	build->n_refused = counts.refused;
	return parser_says(r);
}

static const char *add_geo(struct build *build)
{
	struct pr_geo_counts counts = { 0 };
	int r = pr_intel_builder_geo(build->builder, geo_format(build), build->bytes, build->len,
				     &counts);

	build->format = pr_geo_format_name(counts.format);
	build->entries = counts.ranges;
	build->exceptions = 0;
	build->n_refused = counts.refused;
	return parser_says(r);
}

/* Onto the disk: what was kept must be there when the index says that it is. */
static int write_file(int fd, const void *bytes, size_t len)
{
	int r = pr_write_all(fd, bytes, len);

	return r < 0 ? r : fsync(fd) < 0 ? -errno : 0;
}

/* NULL where it is in the set now. */
static const char *try_source(struct build *build, bool *ret_held)
{
	const char *sha256 = text_of(build, "sha256"), *wrong = NULL;
	int r = pr_files_read(build->source->content_fd, CONTENT_MAX, &build->bytes, &build->len);

	if (r < 0)
		return r == -EFBIG ? "it is too large" : strerror(-r);
	digest(build->bytes, build->len, build->sha256);
	if (*sha256 && strcmp(sha256, build->sha256) != 0)
		return "what was kept is damaged: its checksum is another";
	if (is_page(build->bytes, build->len))
		return "it is a page of the web, no list";
	if (build->source->candidate) {
		wrong = judge_candidate(build, ret_held);
		/* What is held is kept as well. */
		r = !wrong || *ret_held
			    ? write_file(build->source->copy_fd, build->bytes, build->len)
			    : 0;
		if (r < 0) {
			*ret_held = false;
			return "it cannot be stored: the disk is full, or fails";
		}
	}
	if (wrong)
		return wrong;
	return is_geo(build) ? add_geo(build) : add_list(build);
}

static void add_number(struct pr_pairs *pairs, const char *key, uint64_t number, char text[24])
{
	snprintf(text, 24, "%" PRIu64, number);
	(void)pr_pairs_add(pairs, key, text);
}

static int tell_source(struct build *build, const char *wrong, bool held)
{
	struct pr_pairs pairs = { 0 };
	char texts[4][24];

	(void)pr_pairs_add(&pairs, "id", text_of(build, "id"));
	(void)pr_pairs_add(&pairs, "candidate", build->source->candidate ? "1" : "0");
	(void)pr_pairs_add(&pairs, "outcome", !wrong ? "taken" : held ? "held" : "refused");
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
static bool one_source(struct build *build, const struct pr_compiler_source *source, int *ret_error)
{
	const char *wrong;
	bool held = false;

	build->source = source;
	build->sha256[0] = '\0';
	build->format = NULL;
	build->len = 0;
	build->entries = build->exceptions = build->n_refused = 0;
	forget_refused(build);
	wrong = try_source(build, &held);
	free(PR_TAKE_PTR(build->bytes));
	*ret_error = tell_source(build, wrong, held);
	return !wrong;
}

static int all_sources(struct build *build, const struct pr_compiler_sources *sources)
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

/* ---- the set ---- */

static int write_set(struct build *build, int set_fd)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *bytes = NULL;
	struct pr_pairs pairs = { 0 };
	char texts[2][24];
	size_t len;
	int r = pr_intel_builder_finish(build->builder, &bytes, &len);

	if (r == 0)
		r = write_file(set_fd, bytes, len);
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
	PR_CLEANUP(pr_cleanup_free) struct build *build = pr_calloc(1, sizeof(*build));
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

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One list, or geo source. What comes as content is read once into memory, and judged and copied from there: whoever still
 * has the file open can't change what was judged. A candidate is not fit
 *   - that is a page of the web, or has no entry though it has lines: no list;
 *   - that has a tenth or less of the entries that there were: held, until somebody accepts it.
 */
#include "daemon/compiler_build.h"

#include "daemon/files.h"

#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#define CONTENT_MAX (512u << 20) /* bytes of one; the configuration's max_bytes is checked before */
#define SHRUNK_TO_A 10		 /* a tenth of the entries or less: held */

/* ---- refused lines ---- */

static void on_refused(void *context, uint64_t line, const char *text, size_t len, const char *why)
{
	struct pr_compiler_build *build = context;
	char clean[PR_REFUSED_TEXT_MAX + 1];
	int n;

	if (build->n_told == PR_REFUSED_LINES_MAX)
		return;
	if (len > PR_REFUSED_TEXT_MAX)
		len = PR_REFUSED_TEXT_MAX;
	for (size_t i = 0; i < len; i++)
		clean[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
	clean[len] = '\0';
	n = snprintf(build->refused + build->refused_len, PR_REFUSED_BYTES_MAX - build->refused_len,
		     "%" PRIu64 "\t%s\t%s\n", line, why, clean);
	if (n < 0 || (size_t)n >= PR_REFUSED_BYTES_MAX - build->refused_len) {
		build->refused[build->refused_len] = '\0';
		build->n_told = PR_REFUSED_LINES_MAX;
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

static void forget_refused(struct pr_compiler_build *build)
{
	build->refused[0] = '\0';
	build->refused_len = 0;
	build->n_told = 0;
}

/* ---- a source ---- */

static const char *text_of(const struct pr_compiler_build *build, const char *key)
{
	const char *value = pr_pairs_get(&build->source->pairs, key);

	return value ? value : "";
}

static bool is_geo(const struct pr_compiler_build *build)
{
	return strcmp(text_of(build, "kind"), "geo") == 0;
}

static enum pr_list_format list_format(const struct pr_compiler_build *build)
{
	enum pr_list_format format = PR_LIST_AUTO;

	(void)pr_list_format_find(text_of(build, "format"), &format);
	return format;
}

static enum pr_geo_format geo_format(const struct pr_compiler_build *build)
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
static const char *parser_says(struct pr_compiler_build *build, int r)
{
	build->outcome = r == -E2BIG || r == -ENOBUFS ? PR_BUILD_LEFT_OUT
			 : r			      ? PR_BUILD_REFUSED
						      : PR_BUILD_TAKEN;
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

static const char *count_list(struct pr_compiler_build *build)
{
	const struct pr_list_ports ports = { .context = build, .refused = on_list_refused };
	struct pr_list_counts counts = { 0 };
	int r = pr_list_parse(list_format(build), build->bytes, build->len, &ports, &counts);

	build->entries = counts.entries;
	build->n_refused = counts.refused;
	return parser_says(build, r);
}

static const char *count_geo(struct pr_compiler_build *build)
{
	const struct pr_geo_ports ports = { .context = build, .refused = on_refused };
	struct pr_geo_counts counts = { 0 };
	int r = pr_geo_parse(geo_format(build), build->bytes, build->len, &ports, &counts);

	build->entries = counts.ranges;
	build->n_refused = counts.refused;
	return parser_says(build, r);
}

/* NULL where it may be taken. */
static const char *judge_candidate(struct pr_compiler_build *build)
{
	uint64_t before = pr_pairs_number(&build->source->pairs, "entries", 0);
	const char *wrong = is_geo(build) ? count_geo(build) : count_list(build);

	if (wrong)
		return wrong;
	build->outcome = PR_BUILD_REFUSED;
	if (!build->entries && build->n_refused)
		return "no line of it is an entry: it is no list";
	if (before && build->entries <= before / SHRUNK_TO_A &&
	    !pr_pairs_number(&build->source->pairs, "accept", 0)) {
		build->outcome = PR_BUILD_HELD;
		return "it has a tenth or less of the entries that it had";
	}
	return NULL;
}

static const char *add_list(struct pr_compiler_build *build)
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
	return parser_says(build, r);
}

static const char *add_geo(struct pr_compiler_build *build)
{
	struct pr_geo_counts counts = { 0 };
	int r = pr_intel_builder_geo(build->builder, geo_format(build), build->bytes, build->len,
				     &counts);

	build->format = pr_geo_format_name(counts.format);
	build->entries = counts.ranges;
	build->exceptions = 0;
	build->n_refused = counts.refused;
	return parser_says(build, r);
}

/* What is held is kept as well. */
static const char *copy_candidate(struct pr_compiler_build *build, const char *wrong)
{
	int r = 0;

	if (!wrong || build->outcome == PR_BUILD_HELD)
		r = pr_compiler_write_file(build->source->copy_fd, build->bytes, build->len);
	if (r == 0)
		return wrong;
	build->outcome = PR_BUILD_REFUSED;
	return "it cannot be stored: the disk is full, or fails";
}

static const char *try_source(struct pr_compiler_build *build)
{
	const char *sha256 = text_of(build, "sha256"), *wrong;
	int r = pr_files_read(build->source->content_fd, CONTENT_MAX, &build->bytes, &build->len);

	if (r < 0)
		return r == -EFBIG ? "it is too large" : strerror(-r);
	digest(build->bytes, build->len, build->sha256);
	if (*sha256 && strcmp(sha256, build->sha256) != 0)
		return "what was kept is damaged: its checksum is another";
	if (is_page(build->bytes, build->len))
		return "it is a page of the web, no list";
	if (build->source->candidate) {
		wrong = copy_candidate(build, judge_candidate(build));
		if (wrong)
			return wrong;
	}
	return is_geo(build) ? add_geo(build) : add_list(build);
}

const char *pr_compiler_source_try(struct pr_compiler_build *build,
				   const struct pr_compiler_source *source)
{
	const char *wrong;

	build->source = source;
	build->outcome = PR_BUILD_REFUSED;
	build->sha256[0] = '\0';
	build->format = NULL;
	build->len = 0;
	build->entries = build->exceptions = build->n_refused = 0;
	forget_refused(build);
	wrong = try_source(build);
	free(PR_TAKE_PTR(build->bytes));
	return wrong;
}

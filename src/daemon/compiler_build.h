/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of pr_compiler_build(): a set that is being made, and the source that is looked at. */
#pragma once

#include "daemon/compiler_run_set.h"
#include "daemon/compiler_intel.h"
#include "intel/set_builder.h"

#define PR_REFUSED_LINES_MAX 100   /* refused lines that are told … */
#define PR_REFUSED_TEXT_MAX  120   /* … with so many bytes of each … */
#define PR_REFUSED_BYTES_MAX 24000 /* … and so many in all; the rest is counted alone */

struct pr_compiler_build {
	struct pr_intel_builder *builder;
	struct pr_channel *supervisor;
	uint8_t body[PR_MESSAGE_BODY_MAX];

	/* Of the source that is looked at. */
	const struct pr_compiler_source *source;
	char *bytes; /* owned */
	size_t len;
	char sha256[PR_INTEL_DIGEST_TEXT_SIZE];
	const char *format;
	enum pr_build_outcome outcome;
	uint64_t entries, exceptions, n_refused;
	char refused[PR_REFUSED_BYTES_MAX + 1];
	size_t refused_len;
	unsigned int n_told;
};

/* Reads the source, judges it, keeps a copy of a candidate, and adds it to the set. NULL where it is in the set now;
 * else a sentence, and what was found stands in the members above. */
const char *pr_compiler_source_try(struct pr_compiler_build *build,
				   const struct pr_compiler_source *source);
/* All of it, and onto the disk. 0 or -errno. */
PR_MUST_USE int pr_compiler_write_file(int fd, const void *bytes, size_t len);

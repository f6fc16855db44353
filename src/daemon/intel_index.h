/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is known about the lists and geo sources that lie in the state directory, and of the set that was compiled of
 * them. It is kept beside them as a text, so that a restart maps the set at once and asks servers only for what is new.
 * Pure. What the text does not say is not known; a text that can't be read says nothing.
 */
#pragma once

#include "base/error.h"
#include "profile/rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PR_INTEL_INDEX_MAX    (16u << 20) /* bytes of the text; a longer one is not read */
#define PR_INTEL_SOURCES_MAX  2048u /* lists and geo sources together; those beyond are not kept */
#define PR_INTEL_ORIGIN_SIZE  4097  /* a path, or a URL */
#define PR_INTEL_ETAG_SIZE    256
#define PR_INTEL_DATE_SIZE    64
#define PR_INTEL_FORMAT_SIZE  16
#define PR_INTEL_DIGEST_BYTES 32

/* A file as stat(2) tells it apart from another at its place, and from itself before it was changed. Without the
 * device: its number may be another after a reboot. */
struct pr_intel_file {
	uint64_t inode, size, changed_ns;
};

/* What the compiler found in a source. */
struct pr_intel_content {
	uint8_t sha256[PR_INTEL_DIGEST_BYTES];
	uint64_t bytes;
	uint64_t entries, exceptions, refused; /* of a geo source: ranges, 0, refused */
	uint64_t updated_s;		       /* since 1970: when it came, or its file changed */
};

struct pr_intel_facts {
	char id[PR_LIST_ID_MAX + 1];
	char origin[PR_INTEL_ORIGIN_SIZE]; /* the URL or file that it came from */
	uint64_t checked_s; /* when its server, or its file, was last looked at with success */
	char etag[PR_INTEL_ETAG_SIZE], modified[PR_INTEL_DATE_SIZE]; /* of its server; "" = none */
	struct pr_intel_file file;	   /* of which `kept` is a copy; all 0 = none */
	char format[PR_INTEL_FORMAT_SIZE]; /* as found; "" = not yet */
	bool is_kept;			   /* the state directory holds it: */
	struct pr_intel_content kept;
	bool in_set; /* the compiled set holds it, in this state: */
	uint8_t set_sha256[PR_INTEL_DIGEST_BYTES];
	bool is_held; /* and a newer one that waits for somebody to accept it: */
	struct pr_intel_content held;
	char held_etag[PR_INTEL_ETAG_SIZE], held_modified[PR_INTEL_DATE_SIZE];
};

struct pr_intel_index {
	/* The compiled set; all 0 = none. */
	uint64_t set_bytes, set_hash; /* of its file */
	uint64_t set_recipe;	      /* of what it was made of */
	uint64_t set_built_s;
	struct pr_intel_facts *facts; /* owned */
	size_t n, n_allocated;
};

/* An id of a list or of geographic data, as it names files in the state directory: not hidden, no path. */
bool pr_intel_is_id(const char *id);

void pr_intel_index_done(struct pr_intel_index *index);
/* NULL where there is none. */
struct pr_intel_facts *pr_intel_index_find(const struct pr_intel_index *index, const char *id);
/* The same; a new one, of which nothing is known, where there is none. NULL beyond PR_INTEL_SOURCES_MAX. What
 * was found before moves. */
struct pr_intel_facts *pr_intel_index_get(struct pr_intel_index *index, const char *id);

/* 0 or -EBADMSG: not of this version, or damaged. */
PR_MUST_USE int pr_intel_index_read(const char *text, size_t len, struct pr_intel_index *ret_index);
/* Allocated. */
char *pr_intel_index_write(const struct pr_intel_index *index);

#define PR_INTEL_DIGEST_TEXT_SIZE (2 * PR_INTEL_DIGEST_BYTES + 1)
/* Returns `text`: hexadecimal. */
const char *pr_intel_digest_text(const uint8_t digest[PR_INTEL_DIGEST_BYTES],
				 char text[PR_INTEL_DIGEST_TEXT_SIZE]);
/* The same back; false where it is none. */
bool pr_intel_digest_read(const char *text, uint8_t ret_digest[PR_INTEL_DIGEST_BYTES]);

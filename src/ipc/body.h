/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the bodies of messages are made of, beside the integers of base/cursor.h: texts, addresses,
 * tuples, and pairs (an ordered list of key and value, both text). What is read borrows from the body.
 */
#pragma once

#include "base/cursor.h"
#include "base/error.h"
#include "packet/tuple.h"

#include <stdbool.h>
#include <stdint.h>

#define PR_PAIRS_MAX	  48 /* pairs in one body; a writer that adds more fails, so does a reader */
#define PR_PAIR_KEY_MAX	  64	/* bytes */
#define PR_PAIR_VALUE_MAX 32768 /* bytes: a profile's file fits */

/* NULL stays NULL. A text with a zero in it fails the reader; one beyond 65534 bytes the writer. */
const char *pr_read_text(struct pr_reader *reader);
void pr_write_text(struct pr_writer *writer, const char *text);
struct pr_address pr_read_address(struct pr_reader *reader);
void pr_write_address(struct pr_writer *writer, const struct pr_address *address);
struct pr_tuple pr_read_tuple(struct pr_reader *reader);
void pr_write_tuple(struct pr_writer *writer, const struct pr_tuple *tuple);
/* Everything was read, nothing failed. */
static inline bool pr_read_complete(const struct pr_reader *reader)
{
	return !reader->failed && reader->position == reader->len;
}

struct pr_pairs {
	struct {
		const char *key, *value; /* never NULL */
	} pairs[PR_PAIRS_MAX];
	unsigned int n;
};

/* Borrows both. False when there are PR_PAIRS_MAX already or a limit is passed: nothing is added. */
bool pr_pairs_add(struct pr_pairs *pairs, const char *key, const char *value);
/* The value of the first pair with this key, or NULL. */
const char *pr_pairs_get(const struct pr_pairs *pairs, const char *key);
/* The same as an unsigned decimal number; `otherwise` where there is none or it is not one. */
uint64_t pr_pairs_number(const struct pr_pairs *pairs, const char *key, uint64_t otherwise);
/* The length written, or 0 where `size` does not suffice. */
size_t pr_pairs_encode(const struct pr_pairs *pairs, void *body, size_t size);
/* 0 or -EBADMSG. The whole body is pairs. */
PR_MUST_USE int pr_pairs_decode(const void *body, size_t len, struct pr_pairs *ret_pairs);

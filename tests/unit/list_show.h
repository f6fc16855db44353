/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists in unit tests: what a text gives, as one can write it down. */
#pragma once

#include "intel/list.h"

#include "unit.h"

struct list_case {
	const char *text;    /* one line, or several */
	const char *entries; /* "" none: see list_show() */
	const char *why; /* a part of the reason of the last refusal; NULL = nothing is refused */
};

struct list_shown {
	char entries[4096];
	char why[512];
	struct pr_list_counts counts;
	unsigned int n_refused;
};

/*
 * Entries with blanks between: "=name" exactly, ".name" with all below, "*.name" what is below, "192.0.2.0/24",
 * "AS1", "AT"; "@@" before an exception, "!" behind what is important. Also holds the counts together. The error of
 * the parser.
 */
int list_show(enum pr_list_format format, const char *text, size_t len,
	      struct list_shown *ret_shown);
/* Each case as a list of its own, as it stands, and with a byte order mark, CRLF and blanks behind. */
void list_cases(enum pr_list_format format, const struct list_case *cases, size_t n);

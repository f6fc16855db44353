/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Domain names in their canonical text form: lower case, A-labels, no final dot; the root is "".
 * Bytes of a wire label that a text could not hold unambiguously (RFC 4343, 2.1: a dot within a label,
 * a backslash, what is not printable) stand as \DDD.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PR_NAME_MAX	  253  /* RFC 1035, 2.3.4, without the final dot */
#define PR_NAME_TEXT_SIZE 1016 /* every byte escaped, and the zero */
#define PR_LABEL_MAX	  63

/* Canonical form of a name given as text: case folded, one final dot taken off, lengths checked. Not for
 * internationalised names: base/idn.h converts their labels first. 0 or -EINVAL. */
PR_MUST_USE int pr_name_canonical(const char *text, char ret_name[PR_NAME_TEXT_SIZE]);
/* True when `name` is `zone` or stands below it; both canonical. The root is above all. */
bool pr_name_within(const char *name, const char *zone);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Internationalised names (RFC 5890): a label as people write it, to the A-label that the DNS holds. */
#pragma once

#include "base/name.h"

#define PR_IDN_WHY_SIZE 96

/*
 * The A-label of one whole label in UTF-8: UTS 46, non-transitional, which is what browsers look up; lower case,
 * letters, digits, '-' and '_' only. 0; -EINVAL where there is none: then `ret_why` holds the rest of a sentence that
 * begins with the label.
 */
PR_MUST_USE int pr_idn_label(const char *label, size_t len, char ret_label[PR_LABEL_MAX + 1],
			     char ret_why[PR_IDN_WHY_SIZE]);

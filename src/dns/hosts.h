/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /etc/hosts (hosts(5)): which names the C library gives out by itself, without a question. Pure. */
#pragma once

#include "base/address.h"

#include <stddef.h>

#define PR_HOSTS_LINE_MAX 4096 /* bytes; a longer line is passed over and counted */
#define PR_HOSTS_PAIRS_MAX \
	200000 /* pairs; the rest is passed over and counted (block lists are that long) */

struct pr_hosts_counters {
	size_t n_pairs, n_passed_over; /* lines without an address or with a name that is none */
};

/* Calls `pair` for each address and name, in the file's order; the name is canonical and borrowed for the call.
 * What is no entry is passed over, as the C library does. */
void pr_hosts_parse(const char *text, size_t len,
		    void (*pair)(void *context, const struct pr_address *address, const char *name),
		    void *context, struct pr_hosts_counters *ret_counters);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hops of a way, kept beyond the call that named them. Of the room itself. */
#pragma once

#include "tunnel/carrier.h"

/* In one piece of memory, which the caller frees. Only what a proxy or an interface has is copied. */
struct pr_carrier_hop *pr_hops_copy(const struct pr_carrier_hop *hops, unsigned int n_hops);
/* A text that is the same for the same hops with the same accounts which may share a connection; the caller frees. */
char *pr_hops_key(const struct pr_carrier_hop *hops, unsigned int n_hops);

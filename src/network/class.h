/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What kind of address it is: from IANA's special-purpose registries (RFC 6890, RFC 8190), the multicast
 * scopes (RFC 2365, RFC 4291, RFC 7346), and what this host knows of itself. Pure.
 */
#pragma once

#include "network/subject.h"

/* How many of each are kept; what a host has beyond that counts by the registries alone. */
#define PR_OWN_ADDRESSES_MAX 1024

/*
 * What the host knows of itself: its own addresses (as prefixes: a local route may give it a whole one)
 * and the prefixes on its links. A value; all zero is the host that knows nothing.
 */
struct pr_own_addresses {
	struct pr_prefix own[PR_OWN_ADDRESSES_MAX];	/* sorted */
	struct pr_prefix on_link[PR_OWN_ADDRESSES_MAX]; /* sorted */
	unsigned int n_own, n_on_link;
};

enum pr_own_outcome {
	PR_OWN_FULL = 1, /* the limit is reached, nothing was added; count it */
};

/* Adds an own address (its prefix is then a whole one, /32 or /128) or prefix of local addresses, or a
 * prefix that is on a link. 0, also when it is there already, or PR_OWN_FULL. */
PR_MUST_USE int pr_own_addresses_add(struct pr_own_addresses *own, const struct pr_prefix *prefix);
PR_MUST_USE int pr_own_addresses_add_on_link(struct pr_own_addresses *own,
					     const struct pr_prefix *prefix);

/* `own` may be NULL: the registries alone speak. An own address is always PR_CLASS_HOST. An address on a
 * link is never invalid: what the registries reserve counts as site-local there. */
enum pr_class pr_class_of(const struct pr_address *address, const struct pr_own_addresses *own);
/* Of the registries alone, with the row that says so ("RFC 1918"; "" where no row speaks). */
enum pr_class pr_class_registered(const struct pr_address *address, const char **ret_source);
enum pr_scope pr_class_scope(enum pr_class class_);

/* Sets the entity's address and all that follows from it alone: class, scope, and that what isn't global
 * has no country and no AS. The facts of intelligence (country, AS, lists) are open otherwise. */
void pr_subject_remote_set(struct pr_subject *subject, const struct pr_address *remote,
			   const struct pr_own_addresses *own);

/* A client of DHCP that has no address yet asks whoever serves, from none (RFC 2131, 4.1). It is on this link. */
bool pr_asks_for_address(const struct pr_tuple *tuple);

/* Whether a packet with these addresses can't be real, by its first packet as it came. `loopback`: the
 * interface that it arrives by (leaves by, for PR_DIRECTION_OUT) is a loopback one. Infrastructure
 * (neighbour discovery, DHCP) has sources of its own kind: don't ask for it. */
enum pr_spoof pr_spoofed(const struct pr_tuple *tuple, enum pr_direction direction, bool loopback,
			 const struct pr_own_addresses *own);

const char *pr_spoof_text(enum pr_spoof spoof); /* "its source is a multicast address", … */

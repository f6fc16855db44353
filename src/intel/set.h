/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The compiled intelligence: all lists, and which country and which AS an address belongs to, in one
 * immutable, position-independent file. It is written by the compiler, mapped by whoever looks things
 * up, and swapped whole. Opening it costs nothing that grows with it; every offset is checked where it
 * is followed. Any number of threads may look up.
 *
 * Domains are kept as 64-bit fingerprints under a seed that is drawn anew for each file: that a name
 * which is on no list is taken for one that is has a probability of about 2^-40, and nobody outside can
 * bring it about.
 */
#pragma once

#include "base/address.h"
#include "base/error.h"
#include "intel/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PR_INTEL_LISTS_MAX 1024u
#define PR_INTEL_WORDS_MAX (PR_INTEL_LISTS_MAX / 64)
#define PR_INTEL_HITS_MAX  64u

struct pr_intel_set;

/* What was compiled. Borrowed from the set. */
struct pr_intel_list {
	const char *id, *category; /* category "" = none */
	enum pr_list_format format;
	uint64_t entries, exceptions, refused;
	unsigned int kinds; /* bits 1 << PR_LIST_…: what its entries speak of */
	uint64_t bytes;
	uint8_t sha256[32]; /* of the list as it was read */
	uint64_t updated_s; /* since 1970: when it was fetched, or its file changed */
};

/* Which line said it. */
struct pr_intel_hit {
	uint32_t list; /* number in the set */
	uint32_t line;
	enum pr_list_entry_kind kind;
	bool exception, important;
};

struct pr_intel_totals {
	uint64_t bytes;
	uint64_t domains, prefixes; /* different ones, of all lists */
	uint64_t country_ranges, asn_ranges, organisations;
};

/* Borrows `bytes`, which must stay mapped and unchanged until pr_intel_set_free(), and begin where
 * malloc() could have put them. -EBADMSG where they are not a set of this version. */
PR_MUST_USE int pr_intel_set_open(const void *bytes, size_t len, struct pr_intel_set **ret_set);
void pr_intel_set_free(struct pr_intel_set *set);

unsigned int pr_intel_set_n_lists(const struct pr_intel_set *set);
struct pr_intel_list pr_intel_set_list(const struct pr_intel_set *set, unsigned int list);
struct pr_intel_totals pr_intel_set_totals(const struct pr_intel_set *set);

/*
 * What is on a list and what is excepted. Every entry of the list that fits counts, wherever it stands:
 * at the name itself or at a parent, at a short prefix or a long one, at its AS or its country. An
 * exception among them takes the entity out of this list, whatever else the list says; of other lists
 * it takes nothing. Where an important one is among them, only the important ones count. Of formats
 * where pr_list_closest_decides(), the closest entry speaks alone: the name before its zone, then the
 * parents; the longest prefix, then the AS, then the country; at the same place the exception.
 */

/* The bits of the lists that the domain (canonical), or a parent of it, is on, less what the list
 * itself excepts, are set in `lists` (of PR_INTEL_WORDS_MAX words; bits that are set stay). True where
 * any was. */
bool pr_intel_set_domain(const struct pr_intel_set *set, const char *domain, uint64_t *lists);
/* The same for an address by its prefixes, its AS and its country, and by those of the address that it stands for
 * (pr_address_embedded()). */
bool pr_intel_set_address(const struct pr_intel_set *set, const struct pr_address *address,
			  uint64_t *lists);
/* Which lines say so, and which take it out, the closest first; up to `n_max`. How many there are. */
unsigned int pr_intel_set_domain_hits(const struct pr_intel_set *set, const char *domain,
				      struct pr_intel_hit *ret_hits, unsigned int n_max);
unsigned int pr_intel_set_address_hits(const struct pr_intel_set *set,
				       const struct pr_address *address,
				       struct pr_intel_hit *ret_hits, unsigned int n_max);

/* Is there such data at all? */
bool pr_intel_set_has_countries(const struct pr_intel_set *set);
bool pr_intel_set_has_asns(const struct pr_intel_set *set);
/* Two capitals; false where the data says nothing of this address. */
bool pr_intel_set_country(const struct pr_intel_set *set, const struct pr_address *address,
			  char ret_country[3]);
/* *ret_organisation is "" where it is not known; borrowed from the set. */
bool pr_intel_set_asn(const struct pr_intel_set *set, const struct pr_address *address,
		      uint32_t *ret_asn, const char **ret_organisation);
/* By number; "" = not known. */
const char *pr_intel_set_organisation(const struct pr_intel_set *set, uint32_t asn);

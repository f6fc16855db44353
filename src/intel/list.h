/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists as users have them: text in, entries out, one line at a time. Every line is an entry, a comment, or
 * refused with a reason; none is silently skipped. Pure: bytes come from the caller, entries go to it.
 */
#pragma once

#include "base/address.h"
#include "base/error.h"
#include "base/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PR_LIST_BYTES_MAX (256u << 20) /* of one list; a larger one is refused whole */
#define PR_LIST_LINE_MAX  4096	       /* bytes of a line; a longer one is refused, and counted */

/* docs/intel.md has what of each is understood, and what is refused. */
enum pr_list_format {
	PR_LIST_AUTO,  /* found out from a sample of the lines */
	PR_LIST_HOSTS, /* hosts(5): an address that leads nowhere, then names: each exactly */
	PR_LIST_DOMAINS, /* a name a line: "name" exactly, ".name" with all below, "*.name" what is below */
	PR_LIST_WILDCARDS, /* the same three, each: the name and all below */
	PR_LIST_ADBLOCK,   /* ||name^, @@||name^, with options after $ */
	PR_LIST_RPZ,	   /* response policy zone, as text */
	PR_LIST_DNSMASQ,   /* address=/name/…, server=/name/, local=/name/ */
	PR_LIST_ADDRESSES, /* addresses and prefixes, and ranges "a-b" */
	PR_LIST_ASNS,	   /* "AS64496" or "64496" */
	PR_LIST_COUNTRIES, /* "AT" */
	PR_LIST_UNBOUND,   /* local-zone: "name" always_nxdomain, local-data: "name A 0.0.0.0" */
	PR_LIST_FORMAT_COUNT_,
};

enum pr_list_entry_kind {
	PR_LIST_NAME,  /* exactly this name */
	PR_LIST_ZONE,  /* the name and all below */
	PR_LIST_BELOW, /* all below the name, not itself */
	PR_LIST_PREFIX,
	PR_LIST_ASN,
	PR_LIST_COUNTRY,
};

struct pr_list_entry {
	enum pr_list_entry_kind kind;
	bool exception;	    /* takes out of this list what it matches */
	bool important;	    /* stands before those that are not, exceptions too ($important) */
	uint32_t line;	    /* from 1 */
	const char *domain; /* canonical; borrowed for the call */
	struct pr_prefix prefix;
	uint32_t asn;
	char country[3];
};

struct pr_list_ports {
	void *context;
	void (*entry)(void *context, const struct pr_list_entry *entry);
	/* A line that was not, or not wholly, understood, once a line: `why` is a sentence. What was understood
	 * of it (the other names of a line of hosts) has given its entries. NULL: they are counted only. */
	void (*refused)(void *context, uint32_t line, const char *text, size_t len,
			const char *why);
};

struct pr_list_counts {
	enum pr_list_format format; /* as found */
	/* lines = taken + comments (blank ones among them) + refused. What is taken gives entries, or only
	 * organises the file ($ORIGIN, SOA, $badfilter). */
	uint64_t lines, taken, comments, refused;
	uint64_t entries, exceptions; /* exceptions are entries, too */
};

/* "hosts", "domains", "wildcards", "adblock", "rpz", "dnsmasq", "addresses", "asns", "countries",
 * "unbound", "auto". */
const char *pr_list_format_name(enum pr_list_format format);
bool pr_list_format_find(const char *name, enum pr_list_format *ret_format);

/*
 * Where entries of one list contradict each other. Adblock's: an exception takes out whatever it matches, unless
 * the other is important. Here instead the closest entry decides: that with most labels; among equals the name
 * before the zone, and the exception. For RPZ (draft-vixie-dnsop-dns-rpz-00, 5.3), dnsmasq (its manual:
 * "more specific domains take precedence") and unbound (the closest local zone).
 */
bool pr_list_closest_decides(enum pr_list_format format);

/* A whole list. Calls the ports in the order of the lines. 0; -EFBIG beyond PR_LIST_BYTES_MAX; -EINVAL where
 * PR_LIST_AUTO finds no format. */
PR_MUST_USE int pr_list_parse(enum pr_list_format format, const char *bytes, size_t len,
			      const struct pr_list_ports *ports, struct pr_list_counts *ret_counts);

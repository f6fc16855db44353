/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A provider of intelligence as it is configured: a list in DNS (RFC 5782), or a service that answers with JSON over
 * HTTP. It is asked about an entity while the entity's name is being resolved. Its id, and "ID.CATEGORY" for each
 * category that it tells, are ids of lists.
 */
#pragma once

#include "base/address.h"

#include <stddef.h>

#define PR_PROVIDERS_MAX	      16u /* configured; more are an error */
#define PR_PROVIDER_ID_MAX	      31 /* bytes; no dot, so that an id and a category part clearly */
#define PR_PROVIDER_CATEGORY_MAX      31 /* bytes */
#define PR_PROVIDER_CODES_MAX	      16 /* of one provider */
#define PR_PROVIDER_DEADLINE_LEAST_MS 10
#define PR_PROVIDER_DEADLINE_MOST_MS  2000
#define PR_PROVIDER_DEADLINE_MS	      300
#define PR_PROVIDER_CACHE_LEAST_S     60 /* defaults of the bounds between which an answer is kept */
#define PR_PROVIDER_CACHE_MOST_S      86400

enum pr_provider_type { PR_PROVIDER_DNS, PR_PROVIDER_HTTP };

/* What it is asked about, as bits. */
#define PR_PROVIDER_ASKS_DOMAINS   1u
#define PR_PROVIDER_ASKS_ADDRESSES 2u

/* What an address in a DNS answer means. */
struct pr_provider_code {
	struct pr_address address;
	const char *category;
};

/* Texts are borrowed; "" = not given. */
struct pr_provider {
	const char *id;
	enum pr_provider_type type;
	unsigned int asks;
	uint32_t deadline_ms;		      /* an answer of the nameserver waits so long for it */
	uint32_t cache_least_s, cache_most_s; /* whatever the provider says */
	/* DNS: */
	const char *zone;   /* canonical */
	const char *server; /* an upstream of its own; "" = the nameservers that all is asked of */
	bool test_points;   /* it has those of RFC 5782, 5, and is asked for them first */
	struct pr_provider_code codes[PR_PROVIDER_CODES_MAX];
	unsigned int n_codes;
	/* HTTP: */
	const char *url; /* with {entity} in it */
	const char *
		header; /* "NAME: VALUE"; a policy holds its name alone, keys are for the resolver */
	const char
		*ca; /* path of the certificates that its own is checked with; "" = the system's */
};

/* A category's character: an id's, without the dot. */
bool pr_provider_character(char c);
const char *pr_provider_type_name(enum pr_provider_type type); /* "dns", "http" */
const char *pr_provider_asks_name(unsigned int asks);	       /* "domains", "addresses", "both" */

/* As a text of lines, for the way to the resolver. The caller frees. */
char *pr_provider_write(const struct pr_provider *provider);
/* Back; cuts `text` into pieces and borrows them. 0 or -EBADMSG. */
PR_MUST_USE int pr_provider_read(char *text, struct pr_provider *ret_provider);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a provider (network/provider.h) is asked, to the byte, and what its answers mean. Everything in an answer comes
 * from somebody else's machine: it is bounded here, and what does not fit is no answer at all. Pure.
 */
#pragma once

#include "base/name.h"
#include "dns/message.h"
#include "network/provider.h"

#define PR_PROVIDER_CATEGORIES_MAX 8u	  /* of one answer; one with more is malformed */
#define PR_PROVIDER_JSON_MAX	   16384u /* bytes of an answer over HTTP; a longer one is malformed */
#define PR_PROVIDER_JSON_DEPTH_MAX 8u /* objects and arrays within each other; deeper: malformed */
#define PR_PROVIDER_TTL_S	   300u	 /* of an answer that says nothing of it */
#define PR_PROVIDER_URL_SIZE	   4096u /* with the entity in it; what does not fit is not asked */
#define PR_PROVIDER_REQUEST_SIZE   (PR_PROVIDER_URL_SIZE + 512)

/* What a provider is asked about: a domain, or where that is NULL an address. */
struct pr_inquiry {
	const char *domain; /* canonical; borrowed */
	struct pr_address address;
};

enum pr_provider_status {
	PR_PROVIDER_NOT_LISTED,
	PR_PROVIDER_LISTED,
	/* Nothing is known then: */
	PR_PROVIDER_FAILED,	 /* no answer, or none that can be believed */
	PR_PROVIDER_LATE,	 /* not within its deadline; an answer may follow */
	PR_PROVIDER_UNAVAILABLE, /* not asked: it failed too often, or is asked too much at once */
	PR_PROVIDER_N_STATUSES,
};

struct pr_provider_result {
	enum pr_provider_status status;
	uint32_t ttl_s;	 /* as the provider says; LISTED and NOT_LISTED */
	const char *why; /* of a failure, a sentence that lives for ever; NULL = none */
	/* A sign that somebody else answers in the provider's place, or that it turns us away: it is not to be asked
	 * again soon. */
	bool ill;
	unsigned int n_categories; /* LISTED */
	char categories[PR_PROVIDER_CATEGORIES_MAX][PR_PROVIDER_CATEGORY_MAX + 1];
};

/* About an address; where it stands for an IPv4 address (pr_address_embedded()), about that one. */
struct pr_inquiry pr_inquiry_of_address(const struct pr_address *address);
/* May this be asked of anybody outside? Not names of a single label, those that are of a network's own (local, lan,
 * home.arpa, …), reverse ones, or those that no host can have (they need escapes); not addresses that are not the Internet's. */
bool pr_inquiry_is_public(const struct pr_inquiry *inquiry);
bool pr_inquiry_equal(const struct pr_inquiry *a, const struct pr_inquiry *b);
uint64_t pr_inquiry_hash(const struct pr_inquiry *inquiry);
/* The domain, or the address as text; returns `text`. */
const char *pr_inquiry_text(const struct pr_inquiry *inquiry, char text[PR_NAME_TEXT_SIZE]);

/* The bit of PR_PROVIDER_ASKS_… that it falls under. */
static inline unsigned int pr_inquiry_kind(const struct pr_inquiry *inquiry)
{
	return inquiry->domain ? PR_PROVIDER_ASKS_DOMAINS : PR_PROVIDER_ASKS_ADDRESSES;
}

enum pr_provider_outcome {
	PR_PROVIDER_TOO_LONG =
		1, /* the name or URL would be longer than there is room: it isn't asked */
};

/* The name that is asked for, type A: domains as they are, addresses reversed, before the zone (RFC 5782, 2.1, 2.4).
 * 0 or TOO_LONG. */
PR_MUST_USE int pr_provider_dns_name(const struct pr_provider *provider,
				     const struct pr_inquiry *inquiry,
				     char ret_name[PR_NAME_TEXT_SIZE]);
/* `answer`: to that question; any bytes. Always fills the result: FAILED where it can't be believed. */
void pr_provider_dns_read(const struct pr_provider *provider, const char *name,
			  const uint8_t *answer, size_t len, struct pr_provider_result *ret_result);

/* The URL with the entity in place of {entity}, percent-encoded (RFC 3986, 2.1). 0 or TOO_LONG. */
PR_MUST_USE int pr_provider_http_url(const struct pr_provider *provider,
				     const struct pr_inquiry *inquiry,
				     char ret_url[PR_PROVIDER_URL_SIZE]);
/* `status`: HTTP's; `body`: any bytes. Always fills the result. */
void pr_provider_http_read(long status, const char *body, size_t len,
			   struct pr_provider_result *ret_result);

/* Everything that is sent, for those who want to see it: a line, or several. A header's value is not shown. Returns
 * `text`. */
const char *pr_provider_request_text(const struct pr_provider *provider,
				     const struct pr_inquiry *inquiry,
				     char text[PR_PROVIDER_REQUEST_SIZE]);

const char *pr_provider_status_name(enum pr_provider_status status); /* "listed", "late", … */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The upstream's answers, kept until their time is over. What is kept is the message as it came, not what an
 * application was given of it: it stands before the decision, which is made for each question anew. An answer is
 * found by all that could have made the upstream say something else: name, type, class, DO, CD and AD.
 *
 * Nothing that is expired is given, not even where there is nothing else. Time is an argument; one thread, or the
 * caller's lock.
 */
#pragma once

#include "dns/message.h"

/* Of all answers together, with their keys. Reached: what was asked for once and longest ago gives way, then what was
 * asked for again: a flood of names does not empty it. */
#define PR_DNS_CACHE_BYTES_MAX (4u << 20)
/* Of one answer, and records in it. Longer ones are not kept. */
#define PR_DNS_CACHE_ANSWER_MAX	 16384u
#define PR_DNS_CACHE_RECORDS_MAX 256u
/* Times to live are brought into these bounds as they come in. RFC 8767, 4: seven days at most, a day is what
 * resolvers take; RFC 2308, 5: negative answers one to three hours. */
#define PR_DNS_CACHE_TTL_MAX_S	    86400u
#define PR_DNS_CACHE_NEGATIVE_MAX_S 3600u

struct pr_dns_cache;

/* 0 = the limits above; no least time to live. */
struct pr_dns_cache_options {
	size_t bytes_max;
	uint32_t ttl_min_s, ttl_max_s, negative_max_s;
};

/* An answer that is kept; read only, and until the next call that may change the cache. */
struct pr_dns_cached {
	uint64_t number; /* never used again: what was made of this very answer is known by it */
	uint64_t stored_us, expiry_us;
	const uint8_t *bytes; /* the message, its times to live those of `stored_us` */
	const uint16_t *ttls; /* where in it they stand */
	uint16_t len, n_ttls;
	uint16_t type, class_;
	const uint8_t *name; /* on the wire, in lower case */
	uint8_t name_len;
	bool negative;	/* no such name, or nothing of this type (RFC 2308) */
	uint16_t flags; /* of the question: of PR_DNS_FLAG_CD and PR_DNS_FLAG_AD */
	bool dnssec_ok; /* of the question */
};

struct pr_dns_cache *pr_dns_cache_new(const struct pr_dns_cache_options *options);
void pr_dns_cache_free(struct pr_dns_cache *cache); /* takes NULL */

/* What is kept for this question and not expired, or NULL. */
const struct pr_dns_cached *pr_dns_cache_find(struct pr_dns_cache *cache,
					      const struct pr_dns_question *question,
					      uint64_t now_us);
/* The same, without being used by it: neither counted nor younger. */
const struct pr_dns_cached *pr_dns_cache_look(const struct pr_dns_cache *cache,
					      const struct pr_dns_question *question,
					      uint64_t now_us);
/* What was looked at is used after all. */
void pr_dns_cache_used(struct pr_dns_cache *cache, const struct pr_dns_cached *cached);
/* The message as the upstream would have given it now: times to live counted down. `bytes` has room for
 * `cached->len`. */
void pr_dns_cached_write(const struct pr_dns_cached *cached, uint64_t now_us, uint8_t *bytes);
/* How long it has been kept: so much less are its times to live. */
static inline uint32_t pr_dns_cached_age_s(const struct pr_dns_cached *cached, uint64_t now_us)
{
	return (uint32_t)((now_us - cached->stored_us) / 1000000u);
}

enum pr_dns_cache_outcome {
	PR_DNS_CACHE_KEPT = 0,
	/* Not an answer to this question, truncated, a failure, or one that says not for how long it holds: a negative
	 * one without an SOA (RFC 2308, 5), a time to live of zero. */
	PR_DNS_CACHE_NOT_KEPT = 1,
	PR_DNS_CACHE_TOO_LONG = 2, /* the limits above */
};
/* Keeps what the upstream gave to this very question, in the place of what was there. */
enum pr_dns_cache_outcome pr_dns_cache_put(struct pr_dns_cache *cache,
					   const struct pr_dns_question *question,
					   const uint8_t *answer, size_t len, uint64_t now_us);
/* Forgets all. */
void pr_dns_cache_flush(struct pr_dns_cache *cache);
/* Frees what is expired, of the `n_most` that were used least lately. */
void pr_dns_cache_expire(struct pr_dns_cache *cache, uint64_t now_us, unsigned int n_most);

/* All that is not expired: start with *cursor = 0 until NULL. */
const struct pr_dns_cached *pr_dns_cache_next(const struct pr_dns_cache *cache, uint32_t *cursor,
					      uint64_t now_us);

struct pr_dns_cache_counters {
	uint64_t found, missed, kept, not_kept, too_long, evicted, expired, flushed;
	uint32_t n;
	size_t bytes, bytes_max;
};
void pr_dns_cache_counters(const struct pr_dns_cache *cache,
			   struct pr_dns_cache_counters *ret_counters);

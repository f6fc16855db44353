/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Address → the domains that led to it, for each application instance by itself: what one
 * application asked for says nothing about another's packets. All candidates are kept. One thread,
 * or the caller's lock.
 */
#pragma once

#include "network/application.h"
#include "network/subject.h"

/* All names. Reached: the name that expires first gives way (names_evicted counts). */
#define PR_NAMES_MAX 65536u
/* Names of one instance, so that a flood of questions can't push out the others' names. Reached:
 * the one that it learnt longest ago gives way. */
#define PR_NAMES_PER_APPLICATION_MAX 16384u
/* Names of one address for one instance, of /etc/hosts PR_SUBJECT_DOMAINS_MAX. Reached: the one learnt longest ago gives way.
 * The best PR_SUBJECT_DOMAINS_MAX are candidates; a link whose packets show another finds it all the same. */
#define PR_NAMES_PER_ADDRESS_MAX 128u

/* Applications go on using an address when the answer's TTL is over, and some TTLs are for ever. */
#define PR_NAMES_KEEP_S_LEAST 3600u
#define PR_NAMES_KEEP_S_MOST  (7u * 24 * 3600)
#define PR_NAMES_FOR_EVER     UINT32_MAX /* as ttl_s: until forgotten (/etc/hosts) */

struct pr_names;

struct pr_name_candidate {
	const char *domain; /* borrowed until the next call that takes a non-const table */
	enum pr_name_grade grade;
	bool alias; /* only what a name that was asked for led to (CNAME): no packet names it */
	uint32_t domain_text; /* its handle in pr_names_texts() */
};

enum pr_names_outcome {
	PR_NAMES_DONE = 0,
	PR_NAMES_DAMAGED =
		1, /* not what pr_names_save() wrote; what was read before the damage is kept */
};

/* Borrows `applications`. 0 = the limits above. */
struct pr_names *pr_names_new(struct pr_applications *applications, uint32_t n_max,
			      uint32_t n_max_per_application);
void pr_names_free(struct pr_names *names);

/* `domain` (canonical) led to `address`. `application` is PR_APPLICATION_ALL for the grades SHARED
 * and HOSTS. Learning it again renews it; it is an alias as long as it was never asked for itself. */
void pr_names_learn(struct pr_names *names, uint32_t application, const struct pr_address *address,
		    const char *domain, enum pr_name_grade grade, bool alias, uint32_t ttl_s,
		    uint64_t now_us);
/* The candidates, best grade first, within a grade the newest first. Their number. */
unsigned int pr_names_find(const struct pr_names *names, uint32_t application,
			   const struct pr_address *address, uint64_t now_us,
			   struct pr_name_candidate ret_candidates[PR_SUBJECT_DOMAINS_MAX]);
/* That one of the address's names, a candidate or not. False: it isn't known. */
bool pr_names_find_one(const struct pr_names *names, uint32_t application,
		       const struct pr_address *address, const char *domain, uint64_t now_us,
		       struct pr_name_candidate *ret_candidate);
/* Is it one of /etc/hosts? */
bool pr_names_has_host(const struct pr_names *names, const char *domain);
/* All names: start with *cursor = 0 until false. */
struct pr_name_known {
	uint32_t application; /* PR_APPLICATION_ALL = everybody's */
	struct pr_address address;
	const char *domain;
	enum pr_name_grade grade;
	uint64_t expiry_us; /* 0 = never */
};
bool pr_names_next(const struct pr_names *names, uint32_t *cursor, struct pr_name_known *ret_known);
/* Forgets all names of a grade: before /etc/hosts is read anew. */
void pr_names_forget(struct pr_names *names, enum pr_name_grade grade);
/* Drops what has expired; call it once in a while. */
void pr_names_expire(struct pr_names *names, uint64_t now_us);

/* The texts of the domains, for others that keep domains by handle (communications). */
struct pr_texts *pr_names_texts(struct pr_names *names);

/* Everything but the grade HOSTS, for the next start, in a format of its own. `real_us` is the time
 * of day at `now_us`: expiry is saved as time of day. -ENOBUFS when `size` is too small
 * (pr_names_saved_len() suffices). */
size_t pr_names_saved_len(const struct pr_names *names);
PR_MUST_USE int pr_names_save(const struct pr_names *names, uint64_t now_us, uint64_t real_us,
			      void *buffer, size_t size, size_t *ret_len);
/* Adds what was saved and has not expired; any bytes may come. */
PR_MUST_USE int pr_names_load(struct pr_names *names, uint64_t now_us, uint64_t real_us,
			      const void *bytes, size_t len);

struct pr_names_counters {
	uint32_t n, n_max;
	uint64_t learnt, renewed, evicted, expired, refused; /* refused: no room for the text */
};
void pr_names_counters(const struct pr_names *names, struct pr_names_counters *ret_counters);

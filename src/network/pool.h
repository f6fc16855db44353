/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Addresses that stand for names. A name that may be reached through the tunnel alone isn't resolved here: its
 * applications get an address of this pool, and where a link to it comes, the name is sent to the far end. An address
 * belongs to one name for as long as anybody may still use it: it is given to another only when no link uses it and
 * PR_POOL_KEEP_S have gone by since it was last given or used. One thread, or the caller's lock.
 */
#pragma once

#include "base/address.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For benchmarks, never routed on the Internet: RFC 2544, RFC 5180. Not of fc00::/7: what is there is taken for the local
 * network by browsers, which keep it from pages of elsewhere. */
#define PR_POOL_DEFAULT4 "198.18.0.0/15"
#define PR_POOL_DEFAULT6 "2001:2:0:17::/64"
#define PR_POOL_TTL_S	 60u /* of the answers */
#define PR_POOL_KEEP_S	 86400u
#define PR_POOL_NAMES_MAX \
	65536u /* Reached: the name used longest ago gives way, if it may; else none is given */
/* Of them those that one owner had given first; of no limit for owner 0. Reached: the one of its own that was used longest
 * ago gives way, if that is long enough; else none is given to it. */
#define PR_POOL_NAMES_PER_OWNER_MAX 32768u
#define PR_POOL_KEEP_OWN_S	    3600u
#define PR_POOL_LEN4_MOST	    24u /* of a prefix: smaller pools are an error */
#define PR_POOL_LEN4_LEAST	    8u	/* and larger ones */
#define PR_POOL_LEN6_MOST	    96u
#define PR_POOL_LEN6_LEAST	    16u

struct pr_pool_ranges {
	struct pr_address base4, base6; /* family 0: none of that family */
	uint8_t len4, len6;
};

/* Those of the two defaults. */
struct pr_pool_ranges pr_pool_ranges_default(void);
bool pr_pool_ranges_equal(const struct pr_pool_ranges *a, const struct pr_pool_ranges *b);

struct pr_pool;

/* n_max 0 = the limit above, or as many as the smaller range has. */
struct pr_pool *pr_pool_new(const struct pr_pool_ranges *ranges, uint32_t n_max);
void pr_pool_free(struct pr_pool *pool); /* takes NULL */
const struct pr_pool_ranges *pr_pool_ranges(const struct pr_pool *pool);

enum pr_pool_outcome {
	PR_POOL_GIVEN = 0,
	PR_POOL_FULL = 1,      /* every address is in use, or was a short time ago */
	PR_POOL_NO_FAMILY = 2, /* no range of that family */
};

/* The address of a canonical name, the same each time as long as it is kept. `owner`: any number of the caller's for who
 * asks, so that one that asks for more and more names leaves room for the others. */
PR_MUST_USE int pr_pool_give(struct pr_pool *pool, const char *name, int family, uint32_t owner,
			     uint64_t now_us, struct pr_address *ret_address);
/* The name that an address stands for; NULL: none, or it is not of the pool. Borrowed until the next call that
 * gives or expires. */
const char *pr_pool_name(const struct pr_pool *pool, const struct pr_address *address);
/* Does an address stand for the name? */
bool pr_pool_knows(const struct pr_pool *pool, const char *name);
bool pr_pool_has(const struct pr_pool *pool, const struct pr_address *address);
/* A link uses the address: true, or it stands for nothing; and does no more, which is ignored where nobody did. */
bool pr_pool_hold(struct pr_pool *pool, const struct pr_address *address);
void pr_pool_release(struct pr_pool *pool, const struct pr_address *address, uint64_t now_us);

struct pr_pool_counters {
	uint32_t n, n_max, n_held;
	uint64_t given, reused, full;
};
void pr_pool_counters(const struct pr_pool *pool, struct pr_pool_counters *ret_counters);

/* The next addresses are given from anywhere in the ranges on: where nothing could be loaded, what applications still
 * have from before is hardly met. */
void pr_pool_scatter(struct pr_pool *pool);

/* Survives a restart: `now_us` is monotonic, `real_us` the same moment of the real clock. The caller frees. */
PR_MUST_USE int pr_pool_save(const struct pr_pool *pool, uint64_t now_us, uint64_t real_us,
			     uint8_t **ret_bytes, size_t *ret_len);
/* Adds to what is there; what is of another range is passed over. New names go on a good way behind the saved ones, for
 * some may have been given since. -EBADMSG: not ours, nothing is loaded. */
PR_MUST_USE int pr_pool_load(struct pr_pool *pool, const uint8_t *bytes, size_t len,
			     uint64_t now_us, uint64_t real_us);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cache: what it keeps of an answer is the same answer, holds for as long as its first record, and is given with
 * times that count down and never reach zero. First byte: 1 DO, 2 CD, 4 a small cache; the rest is an answer.
 */
#include "dns/answer.h"
#include "dns/cache.h"

#include "../claimed_question.h"
#include "../target.h"

#include <string.h>

#define T0   UINT64_C(1000000000)
#define S_US UINT64_C(1000000)

/* All but the times is as it came; these are within bounds. */
static void check_given(const struct pr_dns_cached *cached, const uint8_t *answer, uint64_t now_us)
{
	static uint8_t given[PR_DNS_MESSAGE_MAX];
	size_t done = 0;

	pr_dns_cached_write(cached, now_us, given);
	for (unsigned int i = 0; i < cached->n_ttls; i++) {
		struct pr_reader reader = pr_reader(given, cached->len);
		uint32_t ttl_s;

		pr_assert(cached->ttls[i] >= done && cached->ttls[i] + 4u <= cached->len);
		pr_assert(memcmp(given + done, answer + done, cached->ttls[i] - done) == 0);
		reader.position = cached->ttls[i];
		ttl_s = pr_read_u32(&reader);
		pr_assert(ttl_s > 0 && ttl_s <= PR_DNS_CACHE_TTL_MAX_S);
		pr_assert(now_us + ttl_s * S_US >= cached->expiry_us ||
			  cached->expiry_us - now_us - ttl_s * S_US < S_US);
		done = cached->ttls[i] + 4u;
	}
	pr_assert(memcmp(given + done, answer + done, cached->len - done) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_dns_cache_options options = { 0 };
	struct pr_dns_question question = { 0 };
	const struct pr_dns_cached *cached;
	struct pr_dns_cache *cache;

	if (len < 1 || len > PR_DNS_MESSAGE_MAX)
		return 0;
	question.dnssec_ok = bytes[0] & 1;
	question.flags = bytes[0] & 2 ? PR_DNS_FLAG_CD : 0;
	options.bytes_max = bytes[0] & 4 ? 1024 : 0;
	bytes++, len--;
	if (!claimed_question(bytes, len, &question))
		return 0;
	cache = pr_dns_cache_new(&options);
	if (pr_dns_cache_put(cache, &question, bytes, len, T0) == PR_DNS_CACHE_KEPT) {
		cached = pr_dns_cache_find(cache, &question, T0);
		pr_assert(cached && cached->len == len && cached->expiry_us > T0);
		check_given(cached, bytes, T0);
		check_given(cached, bytes, cached->expiry_us - 1);
		pr_assert(pr_dns_cache_find(cache, &question, cached->expiry_us - 1) == cached);
		pr_assert(!pr_dns_cache_find(cache, &question, cached->expiry_us));
	} else {
		pr_assert(!pr_dns_cache_find(cache, &question, T0));
	}
	pr_dns_cache_free(cache);
	return 0;
}

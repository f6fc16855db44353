/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/cache.h"

#include "dns_build.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define ANSWER (PR_DNS_FLAG_QR | PR_DNS_FLAG_RD | PR_DNS_FLAG_RA)
#define S_US   UINT64_C(1000000)
#define T0     (1000 * S_US)

static struct built asked, upstream;
static struct pr_dns_cache *cache;

static int setup(void **state)
{
	(void)state;
	cache = pr_dns_cache_new(NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pr_dns_cache_free(cache);
	return 0;
}

static void with_options(struct pr_dns_cache_options options)
{
	pr_dns_cache_free(cache);
	cache = pr_dns_cache_new(&options);
}

static struct pr_dns_question question_of(const char *name, uint16_t type, uint16_t flags,
					  bool dnssec_ok)
{
	struct pr_dns_question question;

	built_question(&asked, PR_DNS_FLAG_RD | flags, name, type, 1232, dnssec_ok);
	assert_int_equal(pr_dns_parse_question(asked.bytes, asked.writer.position, &question), 0);
	return question;
}

static struct pr_dns_question plain(const char *name)
{
	return question_of(name, PR_DNS_TYPE_A, 0, false);
}

static void address(const char *owner, uint32_t ttl_s)
{
	built_record(&upstream, 0, owner, PR_DNS_TYPE_A, ttl_s, "\300\0\2\1", 4);
}

static void soa(const char *owner, uint32_t ttl_s, uint32_t minimum_s)
{
	uint8_t data[22] = { 0 };
	struct pr_writer writer = pr_writer(data, sizeof(data));

	writer.position = 18;
	pr_write_u32(&writer, minimum_s);
	built_record(&upstream, 1, owner, PR_DNS_TYPE_SOA, ttl_s, data, sizeof(data));
}

static enum pr_dns_cache_outcome put(const struct pr_dns_question *question, uint64_t now_us)
{
	return pr_dns_cache_put(cache, question, upstream.bytes, upstream.writer.position, now_us);
}

/* One address, for so long. */
static void keep(const char *name, uint32_t ttl_s, uint64_t now_us)
{
	struct pr_dns_question question = plain(name);

	built_begin(&upstream, ANSWER, name, PR_DNS_TYPE_A);
	address(name, ttl_s);
	assert_int_equal(put(&question, now_us), PR_DNS_CACHE_KEPT);
}

static bool is_kept(const char *name, uint64_t now_us)
{
	struct pr_dns_question question = plain(name);

	return pr_dns_cache_find(cache, &question, now_us);
}

/* The time to live of record `i` as it would be given now. */
static uint32_t ttl_at(const struct pr_dns_question *question, unsigned int i, uint64_t now_us)
{
	const struct pr_dns_cached *cached = pr_dns_cache_find(cache, question, now_us);
	static uint8_t bytes[PR_DNS_CACHE_ANSWER_MAX];
	struct pr_dns_record record = { .ttl = 0 };
	struct pr_reader reader;
	struct pr_dns_name name;

	assert_non_null(cached);
	pr_dns_cached_write(cached, now_us, bytes);
	reader = pr_reader(bytes, cached->len);
	reader.position = PR_DNS_HEADER_LEN;
	assert_true(pr_dns_read_name(&reader, &name));
	pr_read_skip(&reader, 4);
	for (i++; i; i--)
		assert_true(pr_dns_read_record(&reader, &record));
	return record.ttl;
}

static struct pr_dns_cache_counters counters(void)
{
	struct pr_dns_cache_counters now;

	pr_dns_cache_counters(cache, &now);
	return now;
}

static void time_to_live_counts_down(void **state)
{
	struct pr_dns_question question = plain("a.example");

	(void)state;
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_A);
	address("a.example", 300);
	address("a.example", 60);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_KEPT);
	assert_int_equal(ttl_at(&question, 0, T0), 300);
	assert_int_equal(ttl_at(&question, 0, T0 + S_US - 1), 300);
	assert_int_equal(ttl_at(&question, 0, T0 + 59 * S_US), 241);
	assert_int_equal(ttl_at(&question, 1, T0 + 60 * S_US - 1), 1);
	/* the whole ends with its first record */
	assert_null(pr_dns_cache_find(cache, &question, T0 + 60 * S_US));
	assert_int_equal(counters().expired, 1);
	assert_int_equal(counters().bytes, 0);
}

static void is_found_by_what_changes_the_answer(void **state)
{
	struct pr_dns_question other;

	(void)state;
	keep("www.Example.com", 300, T0);
	assert_true(is_kept("WWW.example.COM", T0));
	assert_false(is_kept("example.com", T0));
	other = question_of("www.example.com", PR_DNS_TYPE_AAAA, 0, false);
	assert_null(pr_dns_cache_find(cache, &other, T0));
	other = question_of("www.example.com", PR_DNS_TYPE_A, 0, true);
	assert_null(pr_dns_cache_find(cache, &other, T0));
	other = question_of("www.example.com", PR_DNS_TYPE_A, PR_DNS_FLAG_CD, false);
	assert_null(pr_dns_cache_find(cache, &other, T0));
	other = question_of("www.example.com", PR_DNS_TYPE_A, PR_DNS_FLAG_AD, false);
	assert_null(pr_dns_cache_find(cache, &other, T0));
	other = plain("www.example.com");
	other.class_ = 3;
	assert_null(pr_dns_cache_find(cache, &other, T0));
	/* neither its id nor what the client takes */
	other = plain("www.example.com");
	other.id = 7;
	other.udp_size = 512;
	assert_non_null(pr_dns_cache_find(cache, &other, T0));
}

static void negative_answers_by_their_soa(void **state)
{
	struct pr_dns_question question = plain("none.example");

	(void)state;
	built_begin(&upstream, ANSWER | PR_DNS_RCODE_NXDOMAIN, "none.example", PR_DNS_TYPE_A);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_NOT_KEPT);
	soa("example", 900, 30);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_KEPT);
	assert_true(pr_dns_cache_find(cache, &question, T0)->negative);
	/* a client keeps it as long as we do: RFC 2308, 5 */
	assert_int_equal(ttl_at(&question, 0, T0), 30);
	assert_int_equal(ttl_at(&question, 0, T0 + 29 * S_US), 1);
	assert_null(pr_dns_cache_find(cache, &question, T0 + 30 * S_US));

	/* nothing of this type, the SOA's own time the lesser one */
	built_begin(&upstream, ANSWER, "none.example", PR_DNS_TYPE_A);
	soa("example", 20, 86400);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_KEPT);
	assert_true(pr_dns_cache_find(cache, &question, T0)->negative);
	assert_int_equal(ttl_at(&question, 0, T0), 20);

	built_begin(&upstream, ANSWER | PR_DNS_RCODE_NXDOMAIN, "none.example", PR_DNS_TYPE_A);
	soa("example", 86400, 86400);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_KEPT);
	assert_int_equal(ttl_at(&question, 0, T0), PR_DNS_CACHE_NEGATIVE_MAX_S);
}

static void an_alias_that_leads_to_nothing_is_negative(void **state)
{
	struct pr_dns_question question = plain("a.example");

	(void)state;
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_A);
	built_cname(&upstream, "a.example", "b.example");
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_NOT_KEPT);
	soa("example", 15, 300);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_KEPT);
	assert_null(pr_dns_cache_find(cache, &question, T0 + 15 * S_US));

	/* the alias ends before what it leads to */
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_A);
	built_cname(&upstream, "a.example", "b.example");
	address("b.example", 300);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_KEPT);
	assert_false(pr_dns_cache_find(cache, &question, T0)->negative);
	assert_null(pr_dns_cache_find(cache, &question, T0 + 60 * S_US));
}

static void some_answers_are_not_kept(void **state)
{
	struct pr_dns_question question = plain("a.example");

	(void)state;
	built_begin(&upstream, ANSWER | PR_DNS_RCODE_SERVFAIL, "a.example", PR_DNS_TYPE_A);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_NOT_KEPT);
	built_begin(&upstream, ANSWER | PR_DNS_FLAG_TC, "a.example", PR_DNS_TYPE_A);
	address("a.example", 300);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_NOT_KEPT);
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_A);
	address("a.example", 0);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_NOT_KEPT);
	/* RFC 2181, 8: as if it were zero */
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_A);
	address("a.example", UINT32_C(0x80000000));
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_NOT_KEPT);
	/* an answer to another question */
	built_begin(&upstream, ANSWER, "b.example", PR_DNS_TYPE_A);
	address("b.example", 300);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_NOT_KEPT);
	assert_false(is_kept("b.example", T0));
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_AAAA);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_NOT_KEPT);
	/* no answer at all, or cut short */
	built_begin(&upstream, PR_DNS_FLAG_RD, "a.example", PR_DNS_TYPE_A);
	address("a.example", 300);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_NOT_KEPT);
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_A);
	address("a.example", 300);
	upstream.writer.position--;
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_NOT_KEPT);
	assert_int_equal(counters().n, 0);
	assert_int_equal(counters().not_kept, 8);
}

/* What can't be kept puts an end to what was: it may be older than what it says otherwise. */
static void a_newer_answer_takes_the_place(void **state)
{
	struct pr_dns_question question = plain("a.example");
	uint64_t number;

	(void)state;
	keep("a.example", 300, T0);
	number = pr_dns_cache_find(cache, &question, T0)->number;
	keep("a.example", 100, T0 + S_US);
	assert_true(pr_dns_cache_find(cache, &question, T0 + S_US)->number > number);
	assert_int_equal(ttl_at(&question, 0, T0 + S_US), 100);
	assert_int_equal(counters().n, 1);
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_A);
	address("a.example", 0);
	assert_int_equal(put(&question, T0 + 2 * S_US), PR_DNS_CACHE_NOT_KEPT);
	assert_false(is_kept("a.example", T0 + 2 * S_US));
}

static void times_have_bounds(void **state)
{
	struct pr_dns_question question = plain("a.example");

	(void)state;
	keep("a.example", 30 * 86400, T0);
	assert_int_equal(ttl_at(&question, 0, T0), PR_DNS_CACHE_TTL_MAX_S);
	with_options((struct pr_dns_cache_options){ .ttl_min_s = 10, .ttl_max_s = 100 });
	keep("a.example", 0, T0);
	assert_int_equal(ttl_at(&question, 0, T0), 10);
	assert_int_equal(ttl_at(&question, 0, T0 + 9 * S_US), 1);
	assert_false(is_kept("a.example", T0 + 10 * S_US));
	keep("a.example", 101, T0);
	assert_int_equal(ttl_at(&question, 0, T0), 100);
}

/* OPT has flags where other records have a time. */
static void opt_has_no_time(void **state)
{
	struct pr_dns_question question = plain("a.example");
	const struct pr_dns_cached *cached;

	(void)state;
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_A);
	address("a.example", 300);
	built_record(&upstream, 2, ".", PR_DNS_TYPE_OPT, 0x8000, "", 0);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_KEPT);
	cached = pr_dns_cache_find(cache, &question, T0 + 299 * S_US);
	assert_non_null(cached);
	assert_int_equal(cached->n_ttls, 1);
}

static void a_flood_leaves_what_is_asked_for_again(void **state)
{
	struct pr_dns_cache_counters now;
	char name[32];

	(void)state;
	with_options((struct pr_dns_cache_options){ .bytes_max = 64u << 10 });
	keep("often.example", 3000, T0);
	assert_true(is_kept("often.example", T0));
	keep("once.example", 3000, T0);
	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%u.flood.example", i);
		keep(name, 3000, T0);
		assert_true(counters().bytes <= 64u << 10);
	}
	assert_true(is_kept("often.example", T0));
	assert_false(is_kept("once.example", T0));
	assert_true(is_kept(name, T0));
	now = counters();
	assert_true(now.n > 100 && now.evicted == 5002 - now.n);
}

static void the_proven_do_not_take_all_room(void **state)
{
	char name[32];

	(void)state;
	with_options((struct pr_dns_cache_options){ .bytes_max = 64u << 10 });
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		keep(name, 3000, T0);
		assert_true(is_kept(name, T0));
	}
	/* two that come now are not each other's end */
	keep("a.example", 3000, T0);
	keep("b.example", 3000, T0);
	assert_true(is_kept("a.example", T0));
	assert_true(is_kept("b.example", T0));
}

static void long_answers_are_not_kept(void **state)
{
	struct pr_dns_question question = plain("a.example");
	static uint8_t data[PR_DNS_CACHE_ANSWER_MAX];

	(void)state;
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_A);
	address("a.example", 300);
	built_record(&upstream, 0, "a.example", 4711, 300, data, sizeof(data));
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_TOO_LONG);
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_A);
	for (unsigned int i = 0; i <= PR_DNS_CACHE_RECORDS_MAX; i++)
		address("a.example", 300);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_TOO_LONG);
	assert_int_equal(counters().too_long, 2);
	with_options((struct pr_dns_cache_options){ .bytes_max = 4096 });
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_A);
	for (unsigned int i = 0; i < 50; i++)
		address("a.example", 300);
	assert_int_equal(put(&question, T0), PR_DNS_CACHE_TOO_LONG);
}

static void is_flushed_and_expired(void **state)
{
	uint32_t cursor = 0;

	(void)state;
	keep("a.example", 10, T0);
	keep("b.example", 300, T0);
	pr_dns_cache_expire(cache, T0 + 10 * S_US, 1);
	assert_int_equal(counters().n, 1);
	assert_int_equal(counters().expired, 1);
	keep("c.example", 10, T0);
	assert_string_equal((const char *)pr_dns_cache_next(cache, &cursor, T0)->name,
			    "\1c\7example");
	assert_string_equal((const char *)pr_dns_cache_next(cache, &cursor, T0)->name,
			    "\1b\7example");
	assert_null(pr_dns_cache_next(cache, &cursor, T0));
	pr_dns_cache_flush(cache);
	cursor = 0;
	assert_null(pr_dns_cache_next(cache, &cursor, T0));
	assert_false(is_kept("b.example", T0));
	assert_int_equal(counters().bytes, 0);
	assert_int_equal(counters().n, 0);
	keep("a.example", 10, T0);
	assert_true(is_kept("a.example", T0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(time_to_live_counts_down, setup, teardown),
		cmocka_unit_test_setup_teardown(is_found_by_what_changes_the_answer, setup,
						teardown),
		cmocka_unit_test_setup_teardown(negative_answers_by_their_soa, setup, teardown),
		cmocka_unit_test_setup_teardown(an_alias_that_leads_to_nothing_is_negative, setup,
						teardown),
		cmocka_unit_test_setup_teardown(some_answers_are_not_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(a_newer_answer_takes_the_place, setup, teardown),
		cmocka_unit_test_setup_teardown(times_have_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(opt_has_no_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_leaves_what_is_asked_for_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_proven_do_not_take_all_room, setup, teardown),
		cmocka_unit_test_setup_teardown(long_answers_are_not_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(is_flushed_and_expired, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The runner's bounds: packets, bytes, time, memory of all. */
#include "inspection_link.h"

static void packets_limit(void **state)
{
	struct fixture fixture;
	uint32_t n = 0;

	(void)state;
	connect_with(&fixture, true);
	while (client(&fixture, n, n ? "x" : "G", 1) == PR_INSPECTION_HOLD && n < 1000)
		n++;
	/* neither is a method so long */
	assert_true(n <= PR_INSPECTION_PACKETS_MAX);
	assert_int_equal(fixture.last.says, PR_INSPECTION_PASS);
	is_unknown(&fixture, 0);
	end(&fixture);

	connect_with(&fixture, true);
	for (n = 0; n < PR_INSPECTION_PACKETS_MAX; n++)
		assert_int_equal(client(&fixture, 0, "GET /", 5), PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 0, "GET /", 5), PR_INSPECTION_FINISHED);
	is_unknown(&fixture, PR_SEEN_LIMIT);
	assert_int_equal(counters_of(&fixture).given_up_limit, 1);
	end(&fixture);
}

/* A request line that is longer than what is kept. */
static void bytes_limit(void **state)
{
	static char line[1400];
	struct fixture fixture;
	uint32_t offset = 0;

	(void)state;
	memset(line, 'x', sizeof(line));
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, "GET /", 5), PR_INSPECTION_HOLD);
	for (offset = 5; offset < PR_INSPECTION_CLIENT_MAX - sizeof(line); offset += sizeof(line))
		assert_int_equal(client(&fixture, offset, line, sizeof(line)), PR_INSPECTION_HOLD);
	assert_true(bytes_of(&fixture) <= 40 * 1024);
	assert_int_equal(client(&fixture, offset, line, sizeof(line)), PR_INSPECTION_PASS);
	assert_true(fixture.last.releases);
	is_unknown(&fixture, 0);
	end(&fixture);
}

static void what_was_cut_off(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	fixture.cut = 10;
	assert_int_equal(client(&fixture, 0, REQUEST, strlen(REQUEST)), PR_INSPECTION_PASS);
	/* what is here says what it is, and not which name */
	assert_int_equal(seen(&fixture)->speaks, PR_SPEAKS_HTTP);
	assert_true(seen(&fixture)->flags & PR_SEEN_CONTRADICTS);
	end(&fixture);
}

static void hold_time(void **state)
{
	struct pr_inspection *given_up = NULL;
	struct fixture fixture;
	uint64_t due_us;

	(void)state;
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, "GET ", 4), PR_INSPECTION_HOLD);
	due_us = fixture.now_us + PR_INSPECTION_HOLD_MS * 1000;
	assert_int_equal(pr_inspections_due(fixture.pool), due_us);
	/* what comes later doesn't make it longer */
	fixture.now_us += 300000;
	assert_int_equal(client(&fixture, 4, "/", 1), PR_INSPECTION_HOLD);
	assert_int_equal(pr_inspections_tick(fixture.pool, due_us - 1, &given_up, &due_us), 0);
	assert_int_equal(pr_inspections_tick(fixture.pool, due_us, &given_up, &due_us), 1);
	assert_ptr_equal(given_up, fixture.link);
	is_unknown(&fixture, PR_SEEN_LIMIT);
	assert_int_equal(pr_inspections_tick(fixture.pool, due_us, &given_up, &due_us), 0);
	assert_int_equal(due_us, UINT64_MAX);
	assert_int_equal(client(&fixture, 5, "x", 1), PR_INSPECTION_FINISHED);
	assert_int_equal(counters_of(&fixture).given_up_time, 1);
	end(&fixture);
}

static void whole_time(void **state)
{
	struct pr_inspection *given_up = NULL;
	struct fixture fixture;
	uint64_t due_us;

	(void)state;
	connect_with(&fixture, false);
	fixture.now_us += 100 * S; /* counts from the first payload on */
	assert_int_equal(client(&fixture, 0, "GET ", 4), PR_INSPECTION_PASS);
	due_us = fixture.now_us + PR_INSPECTION_TIME_MS * 1000;
	assert_int_equal(pr_inspections_due(fixture.pool), due_us);
	assert_int_equal(pr_inspections_tick(fixture.pool, due_us, &given_up, &due_us), 1);
	is_unknown(&fixture, PR_SEEN_LIMIT);
	end(&fixture);

	/* who waited doesn't any more: the time of the hold counts no longer */
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, "GET ", 4), PR_INSPECTION_HOLD);
	pr_inspection_want(fixture.link, 0, 0);
	assert_int_equal(
		pr_inspections_tick(fixture.pool, fixture.now_us + 10 * S, &given_up, &due_us), 0);
	assert_int_equal(due_us, fixture.now_us + PR_INSPECTION_TIME_MS * 1000);
	end(&fixture);
}

static void given_up_by_its_owner(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, "GET / HTTP/1.1\r\n", 16), PR_INSPECTION_HOLD);
	pr_inspection_give_up(fixture.pool, fixture.link);
	assert_int_equal(seen(&fixture)->speaks, PR_SPEAKS_HTTP);
	assert_int_equal(seen(&fixture)->settled, PR_FACTS_SEEN);
	assert_true(seen(&fixture)->flags & PR_SEEN_LIMIT);
	end(&fixture);
}

static void late(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, IPPROTO_TCP, false);
	pr_inspection_end(fixture.pool, fixture.link);
	fixture.link = pr_inspection_begin(fixture.pool, &fixture.tuple, WANTS, false, 1, S);
	assert_int_equal(seen(&fixture)->flags, PR_SEEN_LATE);
	assert_int_equal(client(&fixture, 5000, REQUEST, strlen(REQUEST)), PR_INSPECTION_FINISHED);
	is_request(&fixture);
	assert_int_equal(seen(&fixture)->flags, PR_SEEN_LATE);
	end(&fixture);
}

/* Without its SYN-ACK, a server's first segment is taken for its first; until one comes that stands before it. */
static void servers_beginning(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, IPPROTO_TCP, false);
	fixture.flags = PR_TCP_SYN;
	(void)send_on(&fixture, fixture.link, false, CLIENT_ISN, 0, NULL, 0);
	assert_int_equal(server(&fixture, 4, 0, "mail ESMTP\r\n", 12), PR_INSPECTION_PASS);
	assert_int_equal(server(&fixture, 0, 0, "220 ", 4), PR_INSPECTION_FINISHED);
	is_unknown(&fixture, PR_SEEN_LIMIT);
	end(&fixture);

	/* one that ends behind it */
	begin(&fixture, IPPROTO_TCP, false);
	assert_int_equal(server(&fixture, 4, 0, "mail ESMTP\r\n", 12), PR_INSPECTION_PASS);
	assert_int_equal(server(&fixture, 0, 0, "220 mail", 8), PR_INSPECTION_FINISHED);
	is_unknown(&fixture, PR_SEEN_LIMIT);
	end(&fixture);
}

/* ---- many ---- */

#define MANY 2000u

static void room(void **state)
{
	static struct pr_inspection *links[MANY];
	const size_t bytes_max = 512 * 1024;
	struct pr_inspection *given_up = NULL;
	struct fixture fixture;
	uint64_t due_us, number, last_told = 0;

	(void)state;
	begin(&fixture, IPPROTO_TCP, true);
	pr_inspection_end(fixture.pool, fixture.link);
	pr_inspections_free(fixture.pool);
	fixture.pool = pr_inspections_new(bytes_max);
	/* first pieces of many requests, by somebody who never goes on; nobody looks after those that are given up */
	for (uint32_t i = 0; i < MANY; i++) {
		links[i] = pr_inspection_begin(fixture.pool, &fixture.tuple, WANTS, true, i + 1, S);
		if (!links[i])
			continue;
		pr_inspection_want(links[i], 0, PR_FACTS_SEEN);
		(void)send_on(&fixture, links[i], false, 1, 0, REQUEST, 20);
		assert_true(bytes_of(&fixture) <= bytes_max);
	}
	assert_true(counters_of(&fixture).given_up_room > 100);
	assert_int_equal(pr_inspections_due(fixture.pool), 0);
	/* those that waited longest are told, in that order */
	while ((number = pr_inspections_tick(fixture.pool, S, &given_up, &due_us))) {
		assert_true(number > last_told);
		last_told = number;
		assert_ptr_equal(given_up, links[number - 1]);
		assert_int_equal(pr_inspection_seen(given_up)->settled, PR_FACTS_SEEN);
		assert_true(pr_inspection_seen(given_up)->flags & PR_SEEN_LIMIT);
		pr_inspection_end(fixture.pool, given_up);
		links[number - 1] = NULL;
	}
	/* and there is room again */
	fixture.link = pr_inspection_begin(fixture.pool, &fixture.tuple, WANTS, true, MANY + 1, S);
	assert_non_null(fixture.link);
	assert_int_equal(send_on(&fixture, fixture.link, false, 1, 0, REQUEST, strlen(REQUEST)),
			 PR_INSPECTION_FINISHED);
	for (uint32_t i = 0; i < MANY; i++)
		if (links[i])
			pr_inspection_end(fixture.pool, links[i]);
	while (pr_inspections_tick(fixture.pool, S, &given_up, &due_us))
		fail_msg("told of a link that has ended");
	assert_true(counters_of(&fixture).bytes_max <= bytes_max);
	end(&fixture);
}

/* However little each of them takes. */
static void number_of_links(void **state)
{
	static struct pr_inspection *links[PR_INSPECTION_LINKS_MAX + 9];
	struct pr_inspection *given_up;
	struct fixture fixture;
	uint64_t due_us;

	(void)state;
	begin(&fixture, IPPROTO_TCP, true);
	for (uint32_t i = 0; i < PR_ARRAY_SIZE(links); i++) {
		links[i] = pr_inspection_begin(fixture.pool, &fixture.tuple, WANTS, true, i + 1, S);
		assert_non_null(links[i]);
	}
	/* the fixture's own, and the first of ours */
	assert_int_equal(counters_of(&fixture).given_up_room, 10);
	assert_int_equal(pr_inspection_seen(links[8])->flags, PR_SEEN_LIMIT);
	assert_int_equal(pr_inspection_seen(links[9])->flags, 0);
	while (pr_inspections_tick(fixture.pool, S, &given_up, &due_us))
		;
	for (uint32_t i = 0; i < PR_ARRAY_SIZE(links); i++)
		pr_inspection_end(fixture.pool, links[i]);
	end(&fixture);
}

/* Links without a payload, by the million as far as the pool goes. */
static void room_for_heads(void **state)
{
	const size_t bytes_max = 256 * 1024;
	struct pr_inspection *link, *given_up;
	struct fixture fixture;
	unsigned int n_open = 0;
	uint64_t due_us;

	(void)state;
	begin(&fixture, IPPROTO_TCP, true);
	pr_inspection_end(fixture.pool, fixture.link);
	pr_inspections_free(fixture.pool);
	fixture.pool = pr_inspections_new(bytes_max);
	for (uint32_t i = 0; i < 10000; i++) {
		link = pr_inspection_begin(fixture.pool, &fixture.tuple, WANTS, true, i + 1, S);
		assert_non_null(link);
		fixture.link = link;
		n_open++;
		while (pr_inspections_tick(fixture.pool, S, &given_up, &due_us)) {
			pr_inspection_end(fixture.pool, given_up);
			n_open--;
		}
	}
	assert_true(bytes_of(&fixture) <= bytes_max);
	assert_int_equal(counters_of(&fixture).n, n_open);
	/* the newest is one that goes on */
	assert_int_equal(send_on(&fixture, fixture.link, false, 1, 0, REQUEST, strlen(REQUEST)),
			 PR_INSPECTION_FINISHED);
	pr_inspection_end(fixture.pool, fixture.link);
	pr_inspections_free(fixture.pool);
}

/* What somebody opens who has nothing better to do. The bounds are those of the daemon, and who is honest gets through in
 * between. */
static void a_million_first_pieces(void **state)
{
	const uint32_t n_links = 1000000;
	struct pr_inspection *link, *given_up;
	struct pr_inspections_counters counters;
	struct fixture fixture;
	uint64_t due_us;

	(void)state;
	begin(&fixture, IPPROTO_TCP, true);
	for (uint32_t i = 0; i < n_links; i++) {
		bool honest = i % 1000 == 999;

		link = pr_inspection_begin(fixture.pool, &fixture.tuple, WANTS, true, i + 2, S);
		assert_non_null(link);
		pr_inspection_want(link, 0, PR_FACTS_SEEN);
		assert_int_equal(send_on(&fixture, link, false, 1, 0, REQUEST,
					 honest ? strlen(REQUEST) : 20),
				 honest ? PR_INSPECTION_PASS : PR_INSPECTION_HOLD);
		if (honest)
			pr_inspection_end(fixture.pool, link);
		while (pr_inspections_tick(fixture.pool, S, &given_up, &due_us))
			pr_inspection_end(fixture.pool, given_up);
	}
	counters = counters_of(&fixture);
	assert_true(counters.bytes_max <= PR_INSPECTION_BYTES_MAX);
	assert_true(counters.n <= PR_INSPECTION_LINKS_MAX);
	assert_true(counters.given_up_room >= n_links - n_links / 1000 - PR_INSPECTION_LINKS_MAX);
	pr_inspections_free(fixture.pool);
}

/* ---- datagrams ---- */

static void datagrams(void **state)
{
	/* a question for a.example, as any resolver sends it */
	const char question[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\7example\0\0\1\0\1";
	struct fixture fixture;

	(void)state;
	begin(&fixture, IPPROTO_UDP, true);
	assert_int_equal(client(&fixture, 0, NULL, 0), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 0, question, sizeof(question) - 1),
			 PR_INSPECTION_FINISHED);
	assert_int_equal(seen(&fixture)->speaks, PR_SPEAKS_DNS);
	end(&fixture);

	begin(&fixture, IPPROTO_UDP, true);
	assert_int_equal(client(&fixture, 0, UNKNOWN, strlen(UNKNOWN)), PR_INSPECTION_FINISHED);
	is_unknown(&fixture, 0);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_limit),
		cmocka_unit_test(bytes_limit),
		cmocka_unit_test(what_was_cut_off),
		cmocka_unit_test(hold_time),
		cmocka_unit_test(whole_time),
		cmocka_unit_test(given_up_by_its_owner),
		cmocka_unit_test(late),
		cmocka_unit_test(servers_beginning),
		cmocka_unit_test(room),
		cmocka_unit_test(number_of_links),
		cmocka_unit_test(room_for_heads),
		cmocka_unit_test(a_million_first_pieces),
		cmocka_unit_test(datagrams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The runner: what goes on, waits, or is dropped. The inspectors are the real ones. */
#include "inspection_link.h"

/* ---- what goes on ---- */

static void whole(void **state)
{
	struct fixture fixture;
	size_t before;

	(void)state;
	connect_with(&fixture, true);
	before = bytes_of(&fixture);
	assert_int_equal(seen(&fixture)->settled, 0);
	assert_int_equal(client(&fixture, 0, REQUEST, strlen(REQUEST)), PR_INSPECTION_PASS);
	assert_int_equal(fixture.last.settled, PR_FACTS_SEEN);
	assert_false(fixture.last.releases);
	assert_true(fixture.last.rests);
	is_request(&fixture);
	acknowledged(&fixture, strlen(REQUEST));
	/* the bytes are given back; what is known stays */
	assert_true(bytes_of(&fixture) <= before + sizeof(struct pr_seen));
	assert_int_equal(client(&fixture, 500, "x", 1), PR_INSPECTION_FINISHED);
	assert_int_equal(counters_of(&fixture).finished, 1);
	end(&fixture);
}

/* A first payload takes memory, and nothing before it. */
static void no_payload_no_memory(void **state)
{
	struct fixture fixture;
	size_t head;

	(void)state;
	begin(&fixture, IPPROTO_TCP, true);
	head = bytes_of(&fixture);
	assert_true(head < 512);
	end(&fixture);
	connect_with(&fixture, true);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(server(&fixture, 0, 0, NULL, 0), PR_INSPECTION_PASS);
	assert_int_equal(bytes_of(&fixture), head);
	assert_int_equal(pr_inspections_due(fixture.pool), UINT64_MAX);
	assert_int_equal(client(&fixture, 0, "GET", 3), PR_INSPECTION_HOLD);
	assert_true(bytes_of(&fixture) > head);
	end(&fixture);
}

static void held_until_whole(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, REQUEST, 5), PR_INSPECTION_HOLD);
	assert_false(fixture.last.retransmission);
	assert_int_equal(client(&fixture, 0, REQUEST, 5), PR_INSPECTION_HOLD);
	assert_true(fixture.last.retransmission);
	/* the request line says what it is; which name, not yet */
	assert_int_equal(client(&fixture, 5, &REQUEST[5], 20), PR_INSPECTION_HOLD);
	assert_int_equal(fixture.last.settled, PR_FACTS_SEEN & ~PR_FACT_NAME);
	assert_int_equal(client(&fixture, 0, REQUEST, strlen(REQUEST)), PR_INSPECTION_PASS);
	assert_true(fixture.last.releases);
	assert_int_equal(fixture.last.settled, PR_FACT_NAME);
	is_request(&fixture);
	acknowledged(&fixture, strlen(REQUEST));
	end(&fixture);
}

static void nothing_held_where_it_is_only_looked(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, false);
	assert_int_equal(client(&fixture, 0, REQUEST, 5), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 30000, REQUEST, 5), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 5, &REQUEST[5], strlen(&REQUEST[5])),
			 PR_INSPECTION_FINISHED);
	assert_false(fixture.last.releases);
	is_request(&fixture);
	end(&fixture);
}

/* What went on before somebody waited goes on again. */
static void waited_for_later(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, false);
	assert_int_equal(client(&fixture, 0, REQUEST, 5), PR_INSPECTION_PASS);
	pr_inspection_want(fixture.link, 0, PR_FACTS_SEEN);
	assert_int_equal(client(&fixture, 0, REQUEST, 5), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 0, REQUEST, 6), PR_INSPECTION_HOLD);
	end(&fixture);
}

/* Only what is wanted is waited for. */
static void wanted_facts(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	pr_inspection_end(fixture.pool, fixture.link);
	fixture.link =
		pr_inspection_begin(fixture.pool, &fixture.tuple, PR_FACT_ENCRYPTION, true, 1, S);
	pr_inspection_want(fixture.link, 0, PR_FACTS_SEEN);
	assert_int_equal(client(&fixture, 0, REQUEST, 20), PR_INSPECTION_PASS);
	assert_int_equal(seen(&fixture)->encryption, PR_ENCRYPTION_NO);
	acknowledged(&fixture, 20);
	end(&fixture);
}

static void out_of_order(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 20, &REQUEST[20], strlen(REQUEST) - 20),
			 PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 5, &REQUEST[5], 10), PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 0, REQUEST, 12), PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 10, &REQUEST[10], 30), PR_INSPECTION_PASS);
	assert_true(fixture.last.releases);
	is_request(&fixture);
	acknowledged(&fixture, strlen(REQUEST));
	end(&fixture);
}

static void data_in_syn(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, IPPROTO_TCP, true);
	fixture.flags = PR_TCP_SYN;
	assert_int_equal(send_on(&fixture, fixture.link, false, CLIENT_ISN, 0, REQUEST, 10),
			 PR_INSPECTION_HOLD);
	/* the server takes the SYN alone; then all of it comes once more */
	fixture.flags = PR_TCP_SYN | PR_TCP_ACK;
	assert_int_equal(send_on(&fixture, fixture.link, true, SERVER_ISN, CLIENT_ISN + 1, NULL, 0),
			 PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 0, REQUEST, strlen(REQUEST)), PR_INSPECTION_PASS);
	assert_true(fixture.last.releases);
	is_request(&fixture);
	end(&fixture);
}

/* Handshake goes on while facts are open, data behind it doesn't. */
static void handshake_goes_on(void **state)
{
	const char banner[] = "SSH-2.0-test\r\n", early[] = "\0\0\0\x0c\x0a\x5e";
	const uint32_t len = sizeof(banner) - 1;
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, banner, 5), PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 5, banner + 5, len - 5), PR_INSPECTION_PASS);
	assert_true(fixture.last.releases);
	/* sent again: it may go on as before */
	assert_int_equal(client(&fixture, 0, banner, 5), PR_INSPECTION_PASS);
	assert_true(fixture.last.retransmission);
	assert_int_equal(client(&fixture, len, early, 6), PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 0, banner, len), PR_INSPECTION_PASS);
	assert_int_equal(server(&fixture, 0, len, banner, len), PR_INSPECTION_PASS);
	assert_false(fixture.last.releases);
	end(&fixture);

	/* what stands behind a gap isn't let go with what stands before it */
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, len + 10, early, 6), PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 0, banner, len), PR_INSPECTION_PASS);
	assert_false(fixture.last.releases);
	end(&fixture);
}

/* ---- what no sound sender sends ---- */

static void contradictions(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, "GET /a", 6), PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 0, "GET /b HTTP/1.1\r\n\r\n", 19), PR_INSPECTION_DROP);
	assert_true(seen(&fixture)->flags & PR_SEEN_CONTRADICTS);
	/* the first stands */
	assert_int_equal(client(&fixture, 6, " HTTP/1.1\r\nHost: a.example\r\n\r\n", 30),
			 PR_INSPECTION_PASS);
	is_request(&fixture);
	assert_true(seen(&fixture)->flags & PR_SEEN_CONTRADICTS);
	assert_int_equal(counters_of(&fixture).contradictions, 1);
	end(&fixture);

	/* where nothing is dropped, nobody knows which of the two is read */
	connect_with(&fixture, false);
	assert_int_equal(client(&fixture, 0, "GET /a", 6), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 0, "GET /b", 6), PR_INSPECTION_FINISHED);
	is_unknown(&fixture, PR_SEEN_CONTRADICTS | PR_SEEN_LIMIT | PR_SEEN_INCOMPLETE);
	end(&fixture);

	/* one that was damaged on its way doesn't stop the link for good */
	connect_with(&fixture, true);
	assert_int_equal(server(&fixture, 0, 0, "220 hallo\r\n", 11), PR_INSPECTION_PASS);
	for (int i = 0; i < 3; i++)
		assert_int_equal(server(&fixture, 0, 0, "220 hello\r\n", 11), PR_INSPECTION_DROP);
	assert_int_equal(server(&fixture, 0, 0, "220 hello\r\n", 11), PR_INSPECTION_FINISHED);
	is_unknown(&fixture, PR_SEEN_CONTRADICTS | PR_SEEN_LIMIT | PR_SEEN_INCOMPLETE);
	end(&fixture);
}

static void keep_alives(void **state)
{
	const uint8_t garbage = 0xee;
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	/* before the first byte; the server has said that it waits for that */
	assert_int_equal(client(&fixture, UINT32_MAX, &garbage, 1), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, UINT32_MAX, NULL, 0), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 0, "SSH-2.0-a\r\n", 11), PR_INSPECTION_PASS);
	/* nobody has acknowledged it: it could be read instead of what came first */
	assert_int_equal(client(&fixture, 10, &garbage, 1), PR_INSPECTION_DROP);
	assert_int_equal(server(&fixture, 0, 11, NULL, 0), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 10, &garbage, 1), PR_INSPECTION_PASS);
	assert_int_equal(seen(&fixture)->flags, 0);
	/* a probe of a closed window: the next byte, which then comes again with the rest */
	assert_int_equal(client(&fixture, 11, "\0", 1), PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 11, "\0\0\0\x0c", 4), PR_INSPECTION_HOLD);
	end(&fixture);
}

/* A server that says it has what was never let go: another text in its place isn't read instead. */
static void acknowledged_too_early(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, "GET / ", 6), PR_INSPECTION_HOLD);
	assert_int_equal(server(&fixture, 0, 6, NULL, 0), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 0, "GET / ", 6), PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 0, "SECRET", 6), PR_INSPECTION_DROP);
	end(&fixture);
}

/* Other sequence numbers than those that the server waits for hide nothing. */
static void other_numbers(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, IPPROTO_TCP, true);
	fixture.flags = PR_TCP_SYN;
	(void)send_on(&fixture, fixture.link, false, CLIENT_ISN, 0, NULL, 0);
	/* a second SYN, which the server doesn't answer */
	fixture.flags = PR_TCP_SYN;
	(void)send_on(&fixture, fixture.link, false, CLIENT_ISN + 100000, 0, NULL, 0);
	fixture.flags = PR_TCP_SYN | PR_TCP_ACK;
	(void)send_on(&fixture, fixture.link, true, SERVER_ISN, CLIENT_ISN + 1, NULL, 0);
	assert_int_equal(client(&fixture, 0, REQUEST, strlen(REQUEST)), PR_INSPECTION_PASS);
	is_request(&fixture);
	end(&fixture);

	/* before the first byte, while nobody knows which that is */
	begin(&fixture, IPPROTO_TCP, true);
	fixture.flags = PR_TCP_SYN;
	(void)send_on(&fixture, fixture.link, false, CLIENT_ISN, 0, NULL, 0);
	assert_int_equal(client(&fixture, (uint32_t)-1000, REQUEST, strlen(REQUEST)),
			 PR_INSPECTION_DROP);
	/* far ahead */
	assert_int_equal(client(&fixture, 1 << 20, REQUEST, strlen(REQUEST)), PR_INSPECTION_DROP);
	assert_int_equal(client(&fixture, 0x7fffffff, REQUEST, strlen(REQUEST)),
			 PR_INSPECTION_DROP);
	end(&fixture);
}

static void resets_and_urgent_data(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	fixture.flags = PR_TCP_RST;
	assert_int_equal(client(&fixture, 0, REQUEST, strlen(REQUEST)), PR_INSPECTION_DROP);
	fixture.flags = PR_TCP_RST;
	assert_int_equal(client(&fixture, 0, NULL, 0), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 0, "GET ", 4), PR_INSPECTION_HOLD);
	fixture.flags = PR_TCP_URG;
	assert_int_equal(client(&fixture, 4, "/", 1), PR_INSPECTION_FINISHED);
	assert_true(fixture.last.releases);
	is_unknown(&fixture, PR_SEEN_LIMIT);
	end(&fixture);
}

/* ---- an end ---- */

static void fin(void **state)
{
	struct fixture fixture;

	(void)state;
	/* a request without an end; the name isn't sure then */
	connect_with(&fixture, true);
	fixture.flags = PR_TCP_FIN;
	assert_int_equal(client(&fixture, 0, "GET / HTTP/1.1\r\nHost: a.example\r\n", 33),
			 PR_INSPECTION_PASS);
	assert_int_equal(seen(&fixture)->settled, PR_FACTS_SEEN);
	assert_true(seen(&fixture)->flags & PR_SEEN_CONTRADICTS);
	end(&fixture);

	/* both ends without a word that anybody knows */
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, "GE", 2), PR_INSPECTION_HOLD);
	assert_int_equal(server(&fixture, 0, 0, "x", 1), PR_INSPECTION_PASS);
	fixture.flags = PR_TCP_FIN;
	assert_int_equal(server(&fixture, 1, 0, NULL, 0), PR_INSPECTION_PASS);
	fixture.flags = PR_TCP_FIN;
	assert_int_equal(client(&fixture, 2, NULL, 0), PR_INSPECTION_PASS);
	assert_true(fixture.last.releases);
	assert_int_equal(seen(&fixture)->settled, PR_FACTS_SEEN);
	end(&fixture);
}

static void nobodys(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, UNKNOWN, strlen(UNKNOWN)), PR_INSPECTION_PASS);
	is_unknown(&fixture, 0);
	acknowledged(&fixture, strlen(UNKNOWN));
	end(&fixture);
}

/* ---- what the server has ---- */

/* What came first stands until the server has it; what comes behind it is nobody's business. */
static void another_in_its_place(void **state)
{
	static const char other[] = "GET / HTTP/1.1\r\nHost: b.example\r\nAccept: */*\r\n\r\n";
	const uint32_t len = sizeof(other) - 1;
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, REQUEST, len), PR_INSPECTION_PASS);
	is_request(&fixture);
	assert_int_equal(client(&fixture, 0, other, len), PR_INSPECTION_DROP);
	assert_int_equal(client(&fixture, 10, other + 10, 20), PR_INSPECTION_DROP);
	assert_int_equal(client(&fixture, 0, REQUEST, len), PR_INSPECTION_PASS);
	assert_true(fixture.last.rests);
	assert_int_equal(client(&fixture, 10, &REQUEST[10], len - 10), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, len, "body", 4), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 100000, "more", 4), PR_INSPECTION_PASS);
	/* a part of it isn't enough */
	assert_int_equal(server(&fixture, 0, 20, NULL, 0), PR_INSPECTION_PASS);
	assert_false(pr_inspection_is_confirmed(fixture.link));
	assert_int_equal(client(&fixture, 0, other, len), PR_INSPECTION_DROP);
	acknowledged(&fixture, 100004);
	is_request(&fixture);
	end(&fixture);

	/* whoever goes on with it is given up, and what he asks for isn't known */
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, REQUEST, len), PR_INSPECTION_PASS);
	for (int i = 0; i < 3; i++)
		assert_int_equal(client(&fixture, 0, other, len), PR_INSPECTION_DROP);
	assert_int_equal(client(&fixture, 0, other, len), PR_INSPECTION_FINISHED);
	assert_true(seen(&fixture)->flags & PR_SEEN_INCOMPLETE);
	end(&fixture);
}

static void nobody_says_that_it_arrived(void **state)
{
	struct pr_inspection *given_up = NULL;
	struct fixture fixture;
	uint64_t due_us;

	(void)state;
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, REQUEST, strlen(REQUEST)), PR_INSPECTION_PASS);
	fixture.now_us += PR_INSPECTION_TIME_MS * UINT64_C(1000);
	assert_int_equal(pr_inspections_tick(fixture.pool, fixture.now_us, &given_up, &due_us), 1);
	is_request(&fixture);
	assert_int_equal(seen(&fixture)->flags, PR_SEEN_LIMIT | PR_SEEN_INCOMPLETE);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(no_payload_no_memory),
		cmocka_unit_test(held_until_whole),
		cmocka_unit_test(nothing_held_where_it_is_only_looked),
		cmocka_unit_test(waited_for_later),
		cmocka_unit_test(wanted_facts),
		cmocka_unit_test(out_of_order),
		cmocka_unit_test(data_in_syn),
		cmocka_unit_test(handshake_goes_on),
		cmocka_unit_test(contradictions),
		cmocka_unit_test(keep_alives),
		cmocka_unit_test(acknowledged_too_early),
		cmocka_unit_test(other_numbers),
		cmocka_unit_test(resets_and_urgent_data),
		cmocka_unit_test(fin),
		cmocka_unit_test(nobodys),
		cmocka_unit_test(another_in_its_place),
		cmocka_unit_test(nobody_says_that_it_arrived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The runner: what goes on, waits, or is dropped, and what it costs in memory and time. The inspectors are the real ones. */
#include "inspection/inspection.h"

#include "packet/build.h"

#include "unit.h"

#include <string.h>

#define PACKET_SIZE 2048
#define CLIENT_ISN  0xffffff80u /* wraps around within the first request */
#define SERVER_ISN  7000u
#define WANTS	    PR_FACTS_SEEN
#define S	    UINT64_C(1000000)

#define REQUEST	    "GET / HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n"
#define UNKNOWN	    "\x01\x02nothing that anybody knows"

struct fixture {
	struct pr_inspections *pool;
	struct pr_inspection *link;
	struct pr_tuple tuple;
	uint64_t now_us;
	uint8_t flags; /* of the next packet, beyond ACK */
	uint32_t cut;  /* bytes of the next packet that aren't here */
	struct pr_inspected last;
};

static void begin(struct fixture *fixture, uint8_t proto, bool holds)
{
	*fixture =
		(struct fixture){ .tuple = { .src_port = 40000, .dst_port = 80, .proto = proto } };
	assert_int_equal(pr_address_parse("192.0.2.1", &fixture->tuple.src), 0);
	assert_int_equal(pr_address_parse("198.51.100.7", &fixture->tuple.dst), 0);
	fixture->pool = pr_inspections_new(0);
	fixture->now_us = S;
	fixture->link = pr_inspection_begin(fixture->pool, &fixture->tuple, WANTS, true, 1, S);
	assert_non_null(fixture->link);
	pr_inspection_want(fixture->link, 0, holds);
}

static size_t bytes_of(const struct fixture *fixture)
{
	struct pr_inspections_counters counters;

	pr_inspections_counters(fixture->pool, &counters);
	return counters.bytes;
}

static struct pr_inspections_counters counters_of(const struct fixture *fixture)
{
	struct pr_inspections_counters counters;

	pr_inspections_counters(fixture->pool, &counters);
	return counters;
}

static void end(struct fixture *fixture)
{
	pr_inspection_end(fixture->pool, fixture->link);
	assert_int_equal(bytes_of(fixture), 0);
	pr_inspections_free(fixture->pool);
}

static enum pr_inspection_says send_on(struct fixture *fixture, struct pr_inspection *link,
				       bool reply, uint32_t seq, uint32_t ack, const void *payload,
				       size_t len)
{
	struct pr_packet_parts parts = {
		.tuple = reply ? pr_tuple_reversed(&fixture->tuple) : fixture->tuple,
		.tcp_flags = fixture->flags,
		.seq = seq,
		.ack = ack,
		.payload = payload,
		.payload_len = len,
	};
	uint8_t bytes[PACKET_SIZE];
	struct pr_packet packet;
	size_t packet_len;

	assert_int_equal(pr_packet_build(&parts, bytes, sizeof(bytes), &packet_len), PR_BUILD_DONE);
	assert_int_equal(pr_packet_parse(bytes, packet_len - fixture->cut, packet_len, &packet),
			 PR_PACKET_PARSED);
	fixture->last = pr_inspection_packet(fixture->pool, link, &packet, bytes,
					     packet_len - fixture->cut, reply, fixture->now_us);
	fixture->flags = 0;
	fixture->cut = 0;
	return fixture->last.says;
}

/* From the client, at an offset of its stream; acknowledges what `acked` says of the server's. */
static enum pr_inspection_says client(struct fixture *fixture, uint32_t offset, const void *payload,
				      size_t len)
{
	fixture->flags |= PR_TCP_ACK;
	return send_on(fixture, fixture->link, false, CLIENT_ISN + 1 + offset, SERVER_ISN + 1,
		       payload, len);
}

static enum pr_inspection_says server(struct fixture *fixture, uint32_t offset, uint32_t acked,
				      const void *payload, size_t len)
{
	fixture->flags |= PR_TCP_ACK;
	return send_on(fixture, fixture->link, true, SERVER_ISN + 1 + offset,
		       CLIENT_ISN + 1 + acked, payload, len);
}

static void connect_with(struct fixture *fixture, bool holds)
{
	begin(fixture, IPPROTO_TCP, holds);
	fixture->flags = PR_TCP_SYN;
	assert_int_equal(send_on(fixture, fixture->link, false, CLIENT_ISN, 0, NULL, 0),
			 PR_INSPECTION_PASS);
	fixture->flags = PR_TCP_SYN | PR_TCP_ACK;
	assert_int_equal(send_on(fixture, fixture->link, true, SERVER_ISN, CLIENT_ISN + 1, NULL, 0),
			 PR_INSPECTION_PASS);
	assert_int_equal(client(fixture, 0, NULL, 0), PR_INSPECTION_PASS);
}

static const struct pr_seen *seen(const struct fixture *fixture)
{
	return pr_inspection_seen(fixture->link);
}

static void is_request(const struct fixture *fixture)
{
	assert_int_equal(seen(fixture)->speaks, PR_SPEAKS_HTTP);
	assert_int_equal(seen(fixture)->settled, PR_FACTS_SEEN);
	assert_int_equal(seen(fixture)->n_names, 1);
	assert_string_equal(seen(fixture)->names[0], "a.example");
}

static void is_unknown(const struct fixture *fixture, uint16_t flags)
{
	assert_int_equal(seen(fixture)->speaks, PR_SPEAKS_UNKNOWN);
	assert_int_equal(seen(fixture)->settled, PR_FACTS_SEEN);
	assert_int_equal(seen(fixture)->flags, flags);
}

/* ---- what goes on ---- */

static void whole(void **state)
{
	struct fixture fixture;
	size_t before;

	(void)state;
	connect_with(&fixture, true);
	before = bytes_of(&fixture);
	assert_int_equal(seen(&fixture)->settled, 0);
	assert_int_equal(client(&fixture, 0, REQUEST, strlen(REQUEST)), PR_INSPECTION_FINISHED);
	assert_int_equal(fixture.last.settled, PR_FACTS_SEEN);
	assert_false(fixture.last.releases);
	is_request(&fixture);
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
	assert_int_equal(client(&fixture, 5, REQUEST + 5, 20), PR_INSPECTION_HOLD);
	assert_int_equal(fixture.last.settled, PR_FACTS_SEEN & ~PR_FACT_NAME);
	assert_int_equal(client(&fixture, 0, REQUEST, strlen(REQUEST)), PR_INSPECTION_FINISHED);
	assert_true(fixture.last.releases);
	assert_int_equal(fixture.last.settled, PR_FACT_NAME);
	is_request(&fixture);
	end(&fixture);
}

static void nothing_held_where_it_is_only_looked(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, false);
	assert_int_equal(client(&fixture, 0, REQUEST, 5), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 30000, REQUEST, 5), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 5, REQUEST + 5, strlen(REQUEST + 5)),
			 PR_INSPECTION_FINISHED);
	assert_false(fixture.last.releases);
	is_request(&fixture);
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
	pr_inspection_want(fixture.link, 0, true);
	assert_int_equal(client(&fixture, 0, REQUEST, 20), PR_INSPECTION_FINISHED);
	assert_int_equal(seen(&fixture)->encryption, PR_ENCRYPTION_NO);
	end(&fixture);
}

static void out_of_order(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 20, REQUEST + 20, strlen(REQUEST) - 20),
			 PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 5, REQUEST + 5, 10), PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 0, REQUEST, 12), PR_INSPECTION_HOLD);
	assert_int_equal(client(&fixture, 10, REQUEST + 10, 30), PR_INSPECTION_FINISHED);
	assert_true(fixture.last.releases);
	is_request(&fixture);
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
	assert_int_equal(client(&fixture, 0, REQUEST, strlen(REQUEST)), PR_INSPECTION_FINISHED);
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
			 PR_INSPECTION_FINISHED);
	is_request(&fixture);
	assert_true(seen(&fixture)->flags & PR_SEEN_CONTRADICTS);
	assert_int_equal(counters_of(&fixture).contradictions, 1);
	end(&fixture);

	/* where nothing is dropped, nobody knows which of the two is read */
	connect_with(&fixture, false);
	assert_int_equal(client(&fixture, 0, "GET /a", 6), PR_INSPECTION_PASS);
	assert_int_equal(client(&fixture, 0, "GET /b", 6), PR_INSPECTION_FINISHED);
	is_unknown(&fixture, PR_SEEN_CONTRADICTS | PR_SEEN_LIMIT);
	end(&fixture);

	/* one that was damaged on its way doesn't stop the link for good */
	connect_with(&fixture, true);
	assert_int_equal(server(&fixture, 0, 0, "220 hallo\r\n", 11), PR_INSPECTION_PASS);
	for (int i = 0; i < 3; i++)
		assert_int_equal(server(&fixture, 0, 0, "220 hello\r\n", 11), PR_INSPECTION_DROP);
	assert_int_equal(server(&fixture, 0, 0, "220 hello\r\n", 11), PR_INSPECTION_FINISHED);
	is_unknown(&fixture, PR_SEEN_CONTRADICTS | PR_SEEN_LIMIT);
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
	assert_int_equal(client(&fixture, 0, REQUEST, strlen(REQUEST)), PR_INSPECTION_FINISHED);
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
			 PR_INSPECTION_FINISHED);
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
	assert_int_equal(client(&fixture, 2, NULL, 0), PR_INSPECTION_FINISHED);
	assert_true(fixture.last.releases);
	assert_int_equal(seen(&fixture)->settled, PR_FACTS_SEEN);
	end(&fixture);
}

static void nobodys(void **state)
{
	struct fixture fixture;

	(void)state;
	connect_with(&fixture, true);
	assert_int_equal(client(&fixture, 0, UNKNOWN, strlen(UNKNOWN)), PR_INSPECTION_FINISHED);
	is_unknown(&fixture, 0);
	end(&fixture);
}

/* ---- bounds ---- */

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
	assert_int_equal(fixture.last.says, PR_INSPECTION_FINISHED);
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
	assert_int_equal(client(&fixture, offset, line, sizeof(line)), PR_INSPECTION_FINISHED);
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
	assert_int_equal(client(&fixture, 0, REQUEST, strlen(REQUEST)), PR_INSPECTION_FINISHED);
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
	pr_inspection_want(fixture.link, 0, false);
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
		pr_inspection_want(links[i], 0, true);
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
		cmocka_unit_test(whole),
		cmocka_unit_test(no_payload_no_memory),
		cmocka_unit_test(held_until_whole),
		cmocka_unit_test(nothing_held_where_it_is_only_looked),
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
		cmocka_unit_test(packets_limit),
		cmocka_unit_test(bytes_limit),
		cmocka_unit_test(what_was_cut_off),
		cmocka_unit_test(hold_time),
		cmocka_unit_test(whole_time),
		cmocka_unit_test(given_up_by_its_owner),
		cmocka_unit_test(late),
		cmocka_unit_test(servers_beginning),
		cmocka_unit_test(room),
		cmocka_unit_test(room_for_heads),
		cmocka_unit_test(datagrams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

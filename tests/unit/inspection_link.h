/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A link under inspection, and packets of it. */
#pragma once

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

static inline void begin(struct fixture *fixture, uint8_t proto, bool holds)
{
	*fixture =
		(struct fixture){ .tuple = { .src_port = 40000, .dst_port = 80, .proto = proto } };
	assert_int_equal(pr_address_parse("192.0.2.1", &fixture->tuple.src), 0);
	assert_int_equal(pr_address_parse("198.51.100.7", &fixture->tuple.dst), 0);
	fixture->pool = pr_inspections_new(0);
	fixture->now_us = S;
	fixture->link = pr_inspection_begin(fixture->pool, &fixture->tuple, WANTS, true, 1, S);
	assert_non_null(fixture->link);
	pr_inspection_want(fixture->link, 0, holds ? PR_FACTS_SEEN : 0);
}

static inline size_t bytes_of(const struct fixture *fixture)
{
	struct pr_inspections_counters counters;

	pr_inspections_counters(fixture->pool, &counters);
	return counters.bytes;
}

static inline struct pr_inspections_counters counters_of(const struct fixture *fixture)
{
	struct pr_inspections_counters counters;

	pr_inspections_counters(fixture->pool, &counters);
	return counters;
}

static inline void end(struct fixture *fixture)
{
	pr_inspection_end(fixture->pool, fixture->link);
	assert_int_equal(bytes_of(fixture), 0);
	pr_inspections_free(fixture->pool);
}

static inline enum pr_inspection_says send_on(struct fixture *fixture, struct pr_inspection *link,
					      bool reply, uint32_t seq, uint32_t ack,
					      const void *payload, size_t len)
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
static inline enum pr_inspection_says client(struct fixture *fixture, uint32_t offset,
					     const void *payload, size_t len)
{
	fixture->flags |= PR_TCP_ACK;
	return send_on(fixture, fixture->link, false, CLIENT_ISN + 1 + offset, SERVER_ISN + 1,
		       payload, len);
}

static inline enum pr_inspection_says server(struct fixture *fixture, uint32_t offset,
					     uint32_t acked, const void *payload, size_t len)
{
	fixture->flags |= PR_TCP_ACK;
	return send_on(fixture, fixture->link, true, SERVER_ISN + 1 + offset,
		       CLIENT_ISN + 1 + acked, payload, len);
}

static inline void connect_with(struct fixture *fixture, bool holds)
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

/* The server has so many bytes of the client's: nothing further is wanted. */
static inline void acknowledged(struct fixture *fixture, uint32_t acked)
{
	assert_false(pr_inspection_is_confirmed(fixture->link));
	assert_int_equal(server(fixture, 0, acked, NULL, 0), PR_INSPECTION_FINISHED);
}

static inline const struct pr_seen *seen(const struct fixture *fixture)
{
	return pr_inspection_seen(fixture->link);
}

static inline void is_request(const struct fixture *fixture)
{
	assert_int_equal(seen(fixture)->speaks, PR_SPEAKS_HTTP);
	assert_int_equal(seen(fixture)->settled, PR_FACTS_SEEN);
	assert_int_equal(seen(fixture)->n_names, 1);
	assert_string_equal(seen(fixture)->names[0], "a.example");
}

static inline void is_unknown(const struct fixture *fixture, uint16_t flags)
{
	assert_int_equal(seen(fixture)->speaks, PR_SPEAKS_UNKNOWN);
	assert_int_equal(seen(fixture)->settled, PR_FACTS_SEEN);
	assert_int_equal(seen(fixture)->flags, flags);
}

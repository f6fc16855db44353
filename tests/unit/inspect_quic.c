/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quic_talk.h"

#include "unit.h"

#define VERSIONS(version)                            \
	for (uint32_t version = PR_QUIC_V1; version; \
	     version = version == PR_QUIC_V1 ? PR_QUIC_V2 : 0)

static struct talk talk;
static struct pr_seen seen;
static uint8_t other_hello[CLIENT_HELLO_LEN]; /* for another.com */

/* The client of the RFCs' examples: no id of its own. */
static struct quic_build client_of(uint32_t version)
{
	struct pr_quic_cid cid = quic_build_cid("8394c8f03e515708");

	return (struct quic_build){ .version = version, .keys_of = cid, .dcid = cid };
}

static struct quic_build server_of(const struct quic_build *client)
{
	return (struct quic_build){ .version = client->version,
				    .keys_of = client->keys_of,
				    .dcid = client->scid,
				    .scid = quic_build_cid("f067a5502a4262b5"),
				    .server = true };
}

static void say_server_hello(const struct quic_build *client)
{
	struct quic_build server = server_of(client);

	talk_hello(&talk, &server, 0, server_hello, 0, SERVER_HELLO_LEN);
}

static void assert_hello(enum pr_look look, const char *name)
{
	assert_int_equal(look, PR_LOOK_GOES_ON);
	assert_int_equal(seen.speaks, PR_SPEAKS_QUIC);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
	assert_int_equal(seen.settled, PR_FACTS_SEEN & ~(unsigned int)PR_FACT_ENCRYPTION);
	assert_int_equal(seen.n_names, 1);
	assert_string_equal(seen.names[0], name);
	assert_string_equal(seen.alpn, "alpn");
	assert_int_equal(seen.ja4[0], 'q');
	assert_int_equal(seen.flags, 0);
}

static void assert_done(enum pr_look look, const char *version)
{
	assert_int_equal(look, PR_LOOK_DONE);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
	assert_int_equal(seen.settled, PR_FACTS_SEEN);
	assert_string_equal(seen.version, version);
	assert_string_equal(seen.names[0], "example.com");
}

static void keys_are_those_of_the_examples(void **state)
{
	struct pr_quic_cid cid = quic_build_cid("8394c8f03e515708");
	struct {
		uint32_t version;
		bool server;
		const char *key, *iv, *hp;
	} examples[] = {
		{ PR_QUIC_V1, false, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
		  "9f50449e04a0e810283a1e9933adedd2" },
		{ PR_QUIC_V1, true, "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e",
		  "c206b8d9b9f0f37644430b490eeaa314" },
		{ PR_QUIC_V2, false, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
		  "45b95e15235d6f45a6b19cbcb0294ba9" },
		{ PR_QUIC_V2, true, "82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652",
		  "edf6d05c83121201b436e16877593c3a" },
	};
	(void)state;

	for (unsigned int i = 0; i < 4; i++) {
		struct pr_quic_keys keys;
		uint8_t expected[16];

		pr_quic_initial_keys(examples[i].version, &cid, examples[i].server, &keys);
		hex_bytes(examples[i].key, expected, 16);
		assert_memory_equal(keys.key, expected, 16);
		hex_bytes(examples[i].iv, expected, 16);
		assert_memory_equal(keys.iv, expected, 12);
		hex_bytes(examples[i].hp, expected, 16);
		assert_memory_equal(keys.hp, expected, 16);
	}
}

/* RFC 9001, A.2; RFC 9369, A.2: header and tag of the whole packet, which stand for all between. */
static void initials_are_those_of_the_examples(void **state)
{
	static const char *const ends[2][2] = {
		{ "c000000001088394c8f03e5157080000449e7b9aec34",
		  "e221af44860018ab0856972e194cd934" },
		{ "d76b3343cf088394c8f03e5157080000449ea0c95e82",
		  "a18b2faa745b6fe189cf772a9f84cbfc" },
	};
	(void)state;

	VERSIONS(version)
	{
		const char *const *end = ends[version == PR_QUIC_V2];
		struct quic_build client = client_of(version);
		uint8_t expected[22];

		talk.n = 0;
		talk_hello(&talk, &client, 2, client_hello, 0, CLIENT_HELLO_LEN);
		assert_int_equal(talk.datagrams[0].len, 1200);
		hex_bytes(end[0], expected, sizeof(expected));
		assert_memory_equal(talk.bytes[0], expected, 22);
		hex_bytes(end[1], expected, sizeof(expected));
		assert_memory_equal(talk.bytes[0] + 1184, expected, 16);
		assert_hello(talk_look(&talk, &seen), "example.com");
	}
}

static void the_examples_server_answers(void **state)
{
	static const char *const answers[2] = {
		"cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a"
		"5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3"
		"dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84"
		"022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4"
		"2158407dd074ee",
		"dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698"
		"baeea26b91eb761d9b89237bbf87263017915358230035f7fd3945d88965cf17"
		"f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2"
		"c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca8"
		"4bed8521e2e140",
	};
	(void)state;

	VERSIONS(version)
	{
		bool v2 = version == PR_QUIC_V2;
		struct quic_build client = client_of(version);

		talk.n = 0;
		talk_hello(&talk, &client, 2, client_hello, 0, CLIENT_HELLO_LEN);
		talk_hex(&talk, true, answers[v2]);
		assert_done(talk_look(&talk, &seen), v2 ? "v2" : "v1");
	}
}

static void retries_are_those_of_the_examples(void **state)
{
	static const char *const retries[2] = {
		"ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba",
		"cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6",
	};
	struct pr_quic_cid asked = quic_build_cid("8394c8f03e515708");
	(void)state;

	for (unsigned int i = 0; i < 2; i++) {
		uint8_t bytes[64];
		size_t len = hex_bytes(retries[i], bytes, sizeof(bytes));

		for (size_t flipped = 0; flipped <= len; flipped++) {
			struct pr_reader reader = pr_reader(bytes, len);
			struct pr_quic_packet packet;

			bytes[flipped] ^= 1;
			if (pr_quic_next_packet(&reader, &packet))
				assert_int_equal(pr_quic_retry_is_sound(&packet, &asked),
						 flipped == len);
			bytes[flipped] ^= 1;
		}
	}
}

static void numbers_are_the_nearest(void **state)
{
	(void)state;
	assert_int_equal(pr_quic_packet_number(0xa82f30ea, 0x9b32, 2), 0xa82f9b32);
	assert_int_equal(pr_quic_packet_number(-1, 0, 1), 0);
	assert_int_equal(pr_quic_packet_number(-1, 0xffffffff, 4), 0xffffffff);
	assert_int_equal(pr_quic_packet_number(254, 1, 1), 257);
	assert_int_equal(pr_quic_packet_number(257, 254, 1), 254);
}

/* A packet that was changed anywhere, or is cut anywhere, proves nothing. */
static void what_does_not_open_is_not_quic(void **state)
{
	struct quic_build client = client_of(PR_QUIC_V1);
	(void)state;

	talk.n = 0;
	talk_hello(&talk, &client, 2, client_hello, 0, CLIENT_HELLO_LEN);
	for (unsigned int i = 0; i < 1200; i++) {
		enum pr_look look;

		talk.bytes[0][i] ^= 0x40;
		look = talk_look(&talk, &seen);
		assert_int_equal(seen.speaks, PR_SPEAKS_UNKNOWN);
		assert_int_equal(look, PR_LOOK_NOT_MINE);
		talk.bytes[0][i] ^= 0x40;
		talk.datagrams[0].len = i;
		assert_int_equal(talk_look(&talk, &seen), PR_LOOK_NOT_MINE);
		talk.datagrams[0].len = 1200;
	}
	assert_hello(talk_look(&talk, &seen), "example.com");
}

/* Cut anywhere, in either order, and one of them twice. */
static void a_hello_over_datagrams(void **state)
{
	(void)state;
	VERSIONS(version)
	{
		struct quic_build client = client_of(version);

		for (size_t cut = 1; cut < CLIENT_HELLO_LEN; cut++) {
			talk.n = 0;
			talk_hello(&talk, &client, 0, client_hello, 0, cut);
			assert_int_equal(talk_look(&talk, &seen), PR_LOOK_MORE);
			assert_int_equal(seen.n_names, 0);
			assert_false(seen.settled & PR_FACT_NAME);
			talk_hello(&talk, &client, 1, client_hello, cut, CLIENT_HELLO_LEN);
			assert_hello(talk_look(&talk, &seen), "example.com");
			talk_hello(&talk, &client, 2, client_hello, 0, cut);
			talk.datagrams[0] = talk.datagrams[1];
			assert_hello(talk_look(&talk, &seen), "example.com");
			talk.n = 1;
			assert_int_equal(talk_look(&talk, &seen), PR_LOOK_MORE);
			assert_int_equal(seen.n_names, 0);
		}
	}
}

/* What the kernel cuts only on the way out (UDP_SEGMENT) comes as one. */
static void datagrams_in_one(void **state)
{
	struct quic_build client = client_of(PR_QUIC_V1);
	(void)state;

	talk.n = 0;
	talk_hello(&talk, &client, 0, client_hello, 0, 100);
	talk_hello(&talk, &client, 1, client_hello, 100, CLIENT_HELLO_LEN);
	memcpy(talk.bytes[0] + 1200, talk.bytes[1], 1200);
	talk.n = 1;
	talk.datagrams[0].len = 2400;
	assert_hello(talk_look(&talk, &seen), "example.com");
	talk.datagrams[0].len = 2399;
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_MORE);
}

/* As Chromium does it: many small frames, shuffled, overlapping, with PING and PADDING between. */
static void frames_in_any_order(void **state)
{
	static const uint8_t ack[] = { 2, 5, 0, 0, 2 };
	struct quic_build client = client_of(PR_QUIC_V1);
	(void)state;

	for (unsigned int step = 1; step < 24; step += 2) {
		unsigned int n_pieces = (CLIENT_HELLO_LEN + 9) / 10;
		uint8_t bytes[1162];
		struct pr_writer frames = pr_writer(bytes, sizeof(bytes)), datagram;

		pr_write_bytes(&frames, ack, sizeof(ack));
		for (unsigned int i = 0; i < n_pieces; i++) {
			/* no step has a divisor in common with the 25 pieces but 5, 15 */
			unsigned int piece = step % 5 ? i * step % n_pieces : n_pieces - 1 - i;
			size_t begin = piece * 10u, end = begin + 10u + step % 7;

			if (end > CLIENT_HELLO_LEN)
				end = CLIENT_HELLO_LEN;
			quic_build_crypto(&frames, begin, client_hello + begin, end - begin);
			pr_write_bytes(&frames, "\0\0\1\0", 1 + step % 4);
		}
		quic_build_pad(&frames, sizeof(bytes));
		assert_false(frames.failed);
		talk.n = 0;
		datagram = talk_begin(&talk, false);
		quic_build_initial(&datagram, &client, step, 1, bytes, sizeof(bytes));
		talk_end(&talk, &datagram);
		assert_hello(talk_look(&talk, &seen), "example.com");
	}
}

static void frames_that_may_not_be_there(void **state)
{
	/* STREAM, CONNECTION_CLOSE of an application, HANDSHAKE_DONE, a varint that is cut */
	static const uint8_t wrong[] = { 0x08, 0x1d, 0x1e, 0x40 };
	struct quic_build client = client_of(PR_QUIC_V1);
	(void)state;

	for (unsigned int i = 0; i < sizeof(wrong); i++) {
		uint8_t bytes[1162];
		struct pr_writer frames = pr_writer(bytes, sizeof(bytes)), datagram;

		quic_build_crypto(&frames, 0, client_hello, CLIENT_HELLO_LEN);
		quic_build_pad(&frames, sizeof(bytes) - 1);
		pr_write_u8(&frames, wrong[i]);
		talk.n = 0;
		datagram = talk_begin(&talk, false);
		quic_build_initial(&datagram, &client, 1, 2, bytes, sizeof(bytes));
		talk_end(&talk, &datagram);
		assert_int_equal(talk_look(&talk, &seen), PR_LOOK_NOT_MINE);
	}
	/* QUIC by its packets, but what is in them is no ClientHello */
	talk.n = 0;
	talk_hello(&talk, &client, 1, server_hello, 0, SERVER_HELLO_LEN);
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_NOT_MINE);
}

static void differing_bytes_contradict(void **state)
{
	struct quic_build client = client_of(PR_QUIC_V1);
	(void)state;

	talk.n = 0;
	talk_hello(&talk, &client, 0, client_hello, 0, 100);
	talk_hello(&talk, &client, 1, other_hello, 0, CLIENT_HELLO_LEN);
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_GOES_ON);
	assert_true(seen.flags & PR_SEEN_CONTRADICTS);
	assert_string_equal(seen.names[0], "example.com");
}

static void a_new_attempt_with_another_name_contradicts(void **state)
{
	struct quic_build client = client_of(PR_QUIC_V1);
	(void)state;

	talk.n = 0;
	talk_hello(&talk, &client, 0, client_hello, 0, CLIENT_HELLO_LEN);
	client.keys_of = client.dcid = quic_build_cid("0102030405060708090a");
	talk_hello(&talk, &client, 0, client_hello, 0, CLIENT_HELLO_LEN);
	assert_hello(talk_look(&talk, &seen), "example.com");
	talk_hello(&talk, &client, 1, other_hello, 0, CLIENT_HELLO_LEN);
	client.keys_of = client.dcid = quic_build_cid("aabbccddeeff0011");
	talk_hello(&talk, &client, 0, other_hello, 0, CLIENT_HELLO_LEN);
	say_server_hello(&client);
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.n_names, 2);
	assert_true(seen.flags & PR_SEEN_CONTRADICTS);
}

static void a_retry_changes_the_keys(void **state)
{
	static const uint8_t token[] = "a token of some length";
	(void)state;

	VERSIONS(version)
	{
		struct quic_build client = client_of(version), retry;
		struct pr_quic_cid asked = client.dcid;
		struct pr_writer datagram;

		talk.n = 0;
		client.scid = quic_build_cid("c1c2c3c4");
		talk_hello(&talk, &client, 0, client_hello, 0, CLIENT_HELLO_LEN);
		retry = server_of(&client);
		retry.token = token;
		retry.token_len = sizeof(token);
		datagram = talk_begin(&talk, true);
		quic_build_retry(&datagram, &retry, &asked);
		talk_end(&talk, &datagram);
		client.keys_of = client.dcid = retry.scid;
		client.token = token;
		client.token_len = sizeof(token);
		talk_hello(&talk, &client, 1, client_hello, 0, CLIENT_HELLO_LEN - 1);
		say_server_hello(&client);
		assert_int_equal(talk_look(&talk, &seen), PR_LOOK_MORE);
		talk_hello(&talk, &client, 2, client_hello, 200, CLIENT_HELLO_LEN);
		assert_done(talk_look(&talk, &seen), version == PR_QUIC_V2 ? "v2" : "v1");
		assert_int_equal(seen.n_names, 1);
	}
}

static void say_negotiation(const struct quic_build *client)
{
	struct pr_writer datagram = talk_begin(&talk, true);

	pr_write_u8(&datagram, 0x9a);
	pr_write_u32(&datagram, 0);
	pr_write_u8(&datagram, client->scid.len);
	pr_write_bytes(&datagram, client->scid.bytes, client->scid.len);
	pr_write_u8(&datagram, client->dcid.len);
	pr_write_bytes(&datagram, client->dcid.bytes, client->dcid.len);
	pr_write_u32(&datagram, PR_QUIC_V1);
	pr_write_u32(&datagram, 0x4a8afada);
	talk_end(&talk, &datagram);
}

static void versions_are_negotiated(void **state)
{
	struct quic_build client = client_of(0x1a2a3a4a);
	struct pr_writer datagram;
	(void)state;

	client.scid = quic_build_cid("c1c2c3c4");
	talk.n = 0;
	datagram = talk_begin(&talk, false);
	quic_build_long(&datagram, &client, PR_QUIC_INITIAL, 1180);
	talk_end(&talk, &datagram);
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_MORE);
	assert_int_equal(seen.speaks, PR_SPEAKS_UNKNOWN);
	say_negotiation(&client);
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_MORE);
	assert_int_equal(seen.speaks, PR_SPEAKS_QUIC);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
	/* with the same id, and another random: a new attempt, no contradiction */
	client.version = PR_QUIC_V2;
	talk_hello(&talk, &client, 0, other_hello, 0, 60);
	say_negotiation(&client);
	client.version = PR_QUIC_V1;
	talk_hello(&talk, &client, 0, client_hello, 0, CLIENT_HELLO_LEN);
	assert_hello(talk_look(&talk, &seen), "example.com");
	/* one that doesn't repeat the ids is nobody's */
	talk.n = 1;
	client.dcid = quic_build_cid("0000000000000000");
	say_negotiation(&client);
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_MORE);
	assert_int_equal(seen.speaks, PR_SPEAKS_UNKNOWN);
}

/* RFC 9368, 2.3: the server answers version 1 in version 2, the client goes on in that; the keys follow from the same id. */
static void the_server_changes_the_version(void **state)
{
	struct quic_build client = client_of(PR_QUIC_V1);
	(void)state;

	talk.n = 0;
	talk_hello(&talk, &client, 0, client_hello, 0, 200);
	client.version = PR_QUIC_V2;
	say_server_hello(&client);
	talk_hello(&talk, &client, 1, client_hello, 150, CLIENT_HELLO_LEN);
	assert_done(talk_look(&talk, &seen), "v2");
}

/* 0-RTT before and beside the Initial, coalesced packets, the server's id, short headers. */
static void what_comes_around_the_initials(void **state)
{
	struct quic_build client = client_of(PR_QUIC_V1), server;
	struct pr_writer datagram;
	uint8_t ack[40] = { 2, 0, 0, 0, 0 };
	(void)state;

	talk.n = 0;
	datagram = talk_begin(&talk, false);
	quic_build_long(&datagram, &client, PR_QUIC_ZERO_RTT, 600);
	talk_end(&talk, &datagram);
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_MORE);
	assert_int_equal(seen.speaks, PR_SPEAKS_UNKNOWN);
	talk_hello(&talk, &client, 0, client_hello, 0, CLIENT_HELLO_LEN);
	datagram = talk_begin(&talk, false);
	quic_build_long(&datagram, &client, PR_QUIC_ZERO_RTT, 600);
	talk_end(&talk, &datagram);
	assert_hello(talk_look(&talk, &seen), "example.com");
	/* what isn't of this conversation may be anything, as long as the server hasn't answered */
	talk_bytes(&talk, false, "GET / HTTP/1.1\r\n\r\n", 18);
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_MORE);
	talk.n--;
	talk_bytes(&talk, false, "\x4f short header", 14);
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_MORE);
	talk.n--;
	say_server_hello(&client);
	server = server_of(&client);
	datagram = pr_writer(talk.bytes[talk.n - 1], sizeof(talk.bytes[0]));
	datagram.position = talk.datagrams[talk.n - 1].len;
	quic_build_long(&datagram, &server, PR_QUIC_HANDSHAKE, 700);
	talk.datagrams[talk.n - 1].len = (uint32_t)datagram.position;
	assert_done(talk_look(&talk, &seen), "v1");
	client.dcid = server.scid;
	datagram = talk_begin(&talk, false);
	quic_build_initial(&datagram, &client, 1, 1, ack, sizeof(ack));
	quic_build_long(&datagram, &client, PR_QUIC_HANDSHAKE, 100);
	talk_end(&talk, &datagram);
	talk_bytes(&talk, false, "\x4f short header", 14);
	talk_bytes(&talk, true, "\x4f short header", 14);
	assert_done(talk_look(&talk, &seen), "v1");
}

/* Only a ServerHello proves it: no retry request, no refusal, nobody else's. */
static void what_is_no_answer(void **state)
{
	static const uint8_t retry_request[] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
						 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
						 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
						 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };
	struct quic_build client = client_of(PR_QUIC_V1), server;
	uint8_t both[2 * SERVER_HELLO_LEN], close[40] = { 0x1c, 0x41, 0x28, 0, 0 };
	struct pr_writer datagram;
	(void)state;

	talk.n = 0;
	talk_hello(&talk, &client, 0, client_hello, 0, CLIENT_HELLO_LEN);
	server = server_of(&client);
	memcpy(both, server_hello, SERVER_HELLO_LEN);
	memcpy(both + 6, retry_request, sizeof(retry_request));
	memcpy(both + SERVER_HELLO_LEN, server_hello, SERVER_HELLO_LEN);
	talk_hello(&talk, &server, 0, both, 0, SERVER_HELLO_LEN);
	assert_hello(talk_look(&talk, &seen), "example.com");
	talk_hello(&talk, &server, 1, both, SERVER_HELLO_LEN, 2 * SERVER_HELLO_LEN);
	assert_done(talk_look(&talk, &seen), "v1");
	talk.n = 1;
	datagram = talk_begin(&talk, true);
	quic_build_initial(&datagram, &server, 0, 1, close, sizeof(close));
	talk_end(&talk, &datagram);
	assert_hello(talk_look(&talk, &seen), "example.com");
	talk.n = 1;
	server.keys_of = quic_build_cid("0000000000000000");
	talk_hello(&talk, &server, 0, server_hello, 0, SERVER_HELLO_LEN);
	assert_hello(talk_look(&talk, &seen), "example.com");
	talk.n = 1;
	server = server_of(&client);
	server.dcid = quic_build_cid("11");
	talk_hello(&talk, &server, 0, server_hello, 0, SERVER_HELLO_LEN);
	assert_hello(talk_look(&talk, &seen), "example.com");
}

/* Work is bounded: what comes after many packets that don't open is left alone. */
static void many_that_do_not_open(void **state)
{
	struct quic_build client = client_of(PR_QUIC_V1);
	struct pr_writer datagram;
	(void)state;

	talk.n = 0;
	datagram = talk_begin(&talk, false);
	for (unsigned int i = 0; i < 30; i++) {
		static const uint8_t pings[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };

		quic_build_initial(&datagram, &client, i, 1, pings, sizeof(pings));
		datagram.bytes[datagram.position - 1] ^= 1;
	}
	talk_end(&talk, &datagram);
	for (unsigned int i = 0; i < 3; i++)
		talk.datagrams[talk.n++] = talk.datagrams[0];
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_NOT_MINE);
	talk_hello(&talk, &client, 0, client_hello, 0, CLIENT_HELLO_LEN);
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_NOT_MINE);
	talk.datagrams[0] = talk.datagrams[talk.n - 1];
	assert_int_not_equal(talk_look(&talk, &seen), PR_LOOK_NOT_MINE);
	assert_string_equal(seen.names[0], "example.com");
}

/* Nor is more opened than a handshake can need. */
static void many_that_open(void **state)
{
	static const uint8_t pings[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	struct quic_build client = client_of(PR_QUIC_V1);
	(void)state;

	talk.n = 0;
	for (unsigned int i = 0; i < 4; i++) {
		struct pr_writer datagram = talk_begin(&talk, false);

		for (unsigned int k = 0; k < 8; k++)
			quic_build_initial(&datagram, &client, 8 * i + k, 1, pings, sizeof(pings));
		talk_end(&talk, &datagram);
	}
	talk_hello(&talk, &client, 40, client_hello, 0, CLIENT_HELLO_LEN);
	assert_int_equal(talk_look(&talk, &seen), PR_LOOK_MORE);
	assert_int_equal(seen.n_names, 0);
	talk.datagrams[0] = talk.datagrams[--talk.n];
	talk.n = 2;
	assert_hello(talk_look(&talk, &seen), "example.com");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_the_nearest),
		cmocka_unit_test(keys_are_those_of_the_examples),
		cmocka_unit_test(initials_are_those_of_the_examples),
		cmocka_unit_test(the_examples_server_answers),
		cmocka_unit_test(retries_are_those_of_the_examples),
		cmocka_unit_test(what_does_not_open_is_not_quic),
		cmocka_unit_test(a_hello_over_datagrams),
		cmocka_unit_test(datagrams_in_one),
		cmocka_unit_test(frames_in_any_order),
		cmocka_unit_test(frames_that_may_not_be_there),
		cmocka_unit_test(differing_bytes_contradict),
		cmocka_unit_test(a_new_attempt_with_another_name_contradicts),
		cmocka_unit_test(a_retry_changes_the_keys),
		cmocka_unit_test(versions_are_negotiated),
		cmocka_unit_test(the_server_changes_the_version),
		cmocka_unit_test(what_comes_around_the_initials),
		cmocka_unit_test(what_is_no_answer),
		cmocka_unit_test(many_that_do_not_open),
		cmocka_unit_test(many_that_open),
	};

	memcpy(other_hello, client_hello, sizeof(other_hello));
	memcpy(other_hello + 58, "another.com", 11);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

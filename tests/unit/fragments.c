/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet/fragments.h"

#include "packet/build.h"
#include "unit.h"

#include <string.h>

#define PACKET_MAX 70000
#define CUT	   64 /* bytes of a piece */
#define PIECES_MAX 64

struct piece {
	uint8_t bytes[PACKET_MAX];
	size_t len;
};

struct cut {
	uint8_t whole[PACKET_MAX];
	size_t len;
	struct piece *pieces;
	unsigned int n;
};

/* A packet with a payload that tells each place from every other. */
static void build(struct cut *cut, const char *src, size_t payload_len)
{
	uint8_t payload[PACKET_MAX];
	struct pr_packet_parts parts = {
		.tuple = { .src_port = 4000, .dst_port = 53, .proto = IPPROTO_UDP },
		.payload = payload,
		.payload_len = payload_len
	};

	for (size_t i = 0; i < payload_len; i++)
		payload[i] = (uint8_t)(i / 7 * 31 + i);
	assert_int_equal(pr_address_parse(src, &parts.tuple.src), 0);
	parts.tuple.dst = parts.tuple.src;
	parts.tuple.dst.bytes[3]++;
	assert_int_equal(pr_packet_build(&parts, cut->whole, sizeof(cut->whole), &cut->len), 0);
}

static void piece4(const struct cut *cut, size_t from, size_t to, uint8_t id, struct piece *piece)
{
	uint16_t word = (uint16_t)(from / 8 | (20 + to < cut->len ? 0x2000 : 0));

	memcpy(piece->bytes, cut->whole, 20);
	memcpy(piece->bytes + 20, cut->whole + 20 + from, to - from);
	piece->len = 20 + to - from;
	piece->bytes[2] = (uint8_t)(piece->len >> 8);
	piece->bytes[3] = (uint8_t)piece->len;
	piece->bytes[5] = id;
	piece->bytes[6] = (uint8_t)(word >> 8);
	piece->bytes[7] = (uint8_t)word;
}

static void piece6(const struct cut *cut, size_t from, size_t to, uint8_t id, struct piece *piece)
{
	uint16_t word = (uint16_t)(from | (40 + to < cut->len ? 1 : 0));
	const uint8_t header[8] = {
		IPPROTO_UDP, 0, (uint8_t)(word >> 8), (uint8_t)word, 0, 0, 0, id
	};

	memcpy(piece->bytes, cut->whole, 40);
	memcpy(piece->bytes + 40, header, 8);
	memcpy(piece->bytes + 48, cut->whole + 40 + from, to - from);
	piece->len = 48 + to - from;
	piece->bytes[4] = (uint8_t)((piece->len - 40) >> 8);
	piece->bytes[5] = (uint8_t)(piece->len - 40);
	piece->bytes[6] = IPPROTO_FRAGMENT;
}

static void cut_up(struct cut *cut, uint8_t id)
{
	bool four = cut->whole[0] >> 4 == 4;
	size_t body = cut->len - (four ? 20 : 40);

	cut->pieces = pr_calloc(PIECES_MAX, sizeof(*cut->pieces));
	cut->n = 0;
	for (size_t from = 0; from < body; from += CUT) {
		size_t to = from + CUT < body ? from + CUT : body;

		(four ? piece4 : piece6)(cut, from, to, id, &cut->pieces[cut->n++]);
	}
}

static int add(struct pr_fragments *fragments, const struct piece *piece, const uint8_t **ret_bytes,
	       size_t *ret_len)
{
	return pr_fragments_add(fragments, piece->bytes, piece->len, ret_bytes, ret_len);
}

static void expect_whole(const struct cut *cut, const uint8_t *bytes, size_t len)
{
	struct pr_packet packet;

	assert_int_equal(len, cut->len);
	/* But for IPv4's identification and checksum. */
	if (bytes[0] >> 4 == 4)
		assert_int_equal(pr_packet_checksum(bytes, 20, 0), 0);
	assert_memory_equal(bytes + 12, cut->whole + 12, len - 12);
	assert_int_equal(pr_packet_parse(bytes, len, len, &packet), PR_PACKET_PARSED);
	assert_false(packet.fragment);
}

/* `order` is a stride: each piece once, for any that has no factor in common with their number. */
static void put_together(const char *src, unsigned int order)
{
	struct pr_fragments *fragments = pr_fragments_new();
	struct cut cut;
	const uint8_t *bytes = NULL;
	size_t len = 0;

	build(&cut, src, 1000);
	cut_up(&cut, 9);
	for (unsigned int i = 0; i < cut.n; i++)
		assert_int_equal(add(fragments, &cut.pieces[i * order % cut.n], &bytes, &len),
				 i + 1 < cut.n ? PR_FRAGMENTS_MORE : PR_FRAGMENTS_WHOLE);
	expect_whole(&cut, bytes, len);
	assert_int_equal(pr_fragments_n_lost(fragments), 0);
	pr_fragments_free(fragments);
	free(cut.pieces);
}

static void any_order_is_put_together(void **state)
{
	(void)state;
	put_together("192.0.2.1", 1);
	put_together("192.0.2.1", 7);
	put_together("192.0.2.1", 15);
	put_together("2001:db8::1", 1);
	put_together("2001:db8::1", 11);
	put_together("2001:db8::1", 15);
}

static void what_comes_twice_counts_once(void **state)
{
	struct pr_fragments *fragments = pr_fragments_new();
	const uint8_t *bytes = NULL;
	size_t len = 0;
	struct cut cut;

	(void)state;
	build(&cut, "192.0.2.1", 200);
	cut_up(&cut, 9);
	for (unsigned int i = 0; i + 1 < cut.n; i++)
		for (unsigned int j = 0; j < 2; j++)
			assert_int_equal(add(fragments, &cut.pieces[i], &bytes, &len),
					 PR_FRAGMENTS_MORE);
	assert_int_equal(add(fragments, &cut.pieces[cut.n - 1], &bytes, &len), PR_FRAGMENTS_WHOLE);
	expect_whole(&cut, bytes, len);
	pr_fragments_free(fragments);
	free(cut.pieces);
}

/* RFC 8200, 4.5: none of the packet is believed. */
static void overlap_is_no_packet(const char *src)
{
	void (*piece)(const struct cut *, size_t, size_t, uint8_t, struct piece *) =
		strchr(src, ':') ? piece6 : piece4;
	struct pr_fragments *fragments = pr_fragments_new();
	struct piece *over = pr_calloc(1, sizeof(*over));
	const uint8_t *bytes = NULL;
	size_t len = 0;
	struct cut cut;

	build(&cut, src, 300);
	cut_up(&cut, 9);
	piece(&cut, CUT - 8, 2 * CUT, 9, over);
	assert_int_equal(add(fragments, &cut.pieces[0], &bytes, &len), PR_FRAGMENTS_MORE);
	assert_int_equal(add(fragments, over, &bytes, &len), PR_FRAGMENTS_REFUSED);
	for (unsigned int i = 1; i < cut.n; i++)
		assert_int_equal(add(fragments, &cut.pieces[i], &bytes, &len), PR_FRAGMENTS_MORE);
	assert_int_equal(pr_fragments_n_lost(fragments), 1 + 1 + cut.n - 1);
	pr_fragments_free(fragments);
	free(over);
	free(cut.pieces);
}

static void overlaps_are_no_packet(void **state)
{
	(void)state;
	overlap_is_no_packet("192.0.2.1");
	overlap_is_no_packet("2001:db8::1");
}

/* First and last of 65,535 bytes: more than an IP packet holds is refused, in whatever order it comes. */
static void too_much_is_refused(void **state)
{
	struct pr_fragments *fragments = pr_fragments_new();
	struct piece *piece = pr_calloc(1, sizeof(*piece));
	const uint8_t *bytes = NULL;
	size_t len = 0;
	struct cut cut;

	(void)state;
	build(&cut, "192.0.2.1", 300);
	piece4(&cut, 0, 64, 9, piece);
	piece->bytes[6] = 0x1f;
	piece->bytes[7] = 0xff;
	assert_int_equal(add(fragments, piece, &bytes, &len), PR_FRAGMENTS_REFUSED);
	/* Cut by the capture. */
	piece4(&cut, 0, 64, 9, piece);
	assert_int_equal(pr_fragments_add(fragments, piece->bytes, piece->len - 1, &bytes, &len),
			 PR_FRAGMENTS_REFUSED);
	assert_int_equal(pr_fragments_n_lost(fragments), 2);
	pr_fragments_free(fragments);
	free(piece);
}

/* A flood of first pieces pushes out the oldest, nothing more. */
static void the_oldest_gives_way(void **state)
{
	struct pr_fragments *fragments = pr_fragments_new();
	const uint8_t *bytes = NULL;
	struct cut first, other;
	size_t len = 0;

	(void)state;
	build(&first, "192.0.2.1", 100);
	cut_up(&first, 9);
	build(&other, "192.0.2.2", 100);
	cut_up(&other, 0);
	assert_int_equal(add(fragments, &first.pieces[0], &bytes, &len), PR_FRAGMENTS_MORE);
	for (unsigned int i = 0; i < PR_FRAGMENTS_PACKETS_MAX; i++) {
		other.pieces[0].bytes[5] = (uint8_t)i;
		assert_int_equal(add(fragments, &other.pieces[0], &bytes, &len), PR_FRAGMENTS_MORE);
	}
	for (unsigned int i = 1; i < first.n; i++)
		assert_int_equal(add(fragments, &first.pieces[i], &bytes, &len), PR_FRAGMENTS_MORE);
	other.pieces[1].bytes[5] = PR_FRAGMENTS_PACKETS_MAX - 1;
	assert_int_equal(add(fragments, &other.pieces[1], &bytes, &len), PR_FRAGMENTS_WHOLE);
	pr_fragments_free(fragments);
	free(first.pieces);
	free(other.pieces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_is_put_together),
		cmocka_unit_test(what_comes_twice_counts_once),
		cmocka_unit_test(overlaps_are_no_packet),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(the_oldest_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

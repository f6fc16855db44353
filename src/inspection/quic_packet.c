/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/quic_packet.h"

#define LONG_HEADER 0x80u

enum frame {
	FRAME_PADDING = 0,
	FRAME_PING = 1,
	FRAME_ACK = 2,
	FRAME_ACK_ECN = 3,
	FRAME_CRYPTO = 6,
	FRAME_CONNECTION_CLOSE = 0x1c,
};

/* RFC 9000, 16. */
static uint64_t read_varint(struct pr_reader *reader)
{
	uint8_t first = pr_read_u8(reader);
	uint64_t value = first & 0x3f;

	for (unsigned int left = (1u << (first >> 6)) - 1; left; left--)
		value = value << 8 | pr_read_u8(reader);
	return reader->failed ? 0 : value;
}

bool pr_quic_cid_equal(const struct pr_quic_cid *a, const struct pr_quic_cid *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static void read_cid(struct pr_reader *reader, struct pr_quic_cid *cid)
{
	const uint8_t *bytes;

	cid->len = pr_read_u8(reader);
	if (cid->len > PR_QUIC_CID_MAX) {
		reader->failed = true;
		return;
	}
	bytes = pr_read_bytes(reader, cid->len);
	if (bytes)
		memcpy(cid->bytes, bytes, cid->len);
}

static enum pr_quic_kind kind_of(uint8_t first, uint32_t version)
{
	/* RFC 9000, 17.2: Initial, 0-RTT, Handshake, Retry; RFC 9369, 3.2 has them one further */
	static const enum pr_quic_kind kinds[4] = { PR_QUIC_INITIAL, PR_QUIC_ZERO_RTT,
						    PR_QUIC_HANDSHAKE, PR_QUIC_RETRY };
	unsigned int type = first >> 4 & 3;

	if (version == 0)
		return PR_QUIC_NEGOTIATION;
	if (version == PR_QUIC_V1)
		return kinds[type];
	if (version == PR_QUIC_V2)
		return kinds[(type + 3) & 3];
	return PR_QUIC_OTHER_VERSION;
}

bool pr_quic_next_packet(struct pr_reader *datagram, struct pr_quic_packet *ret_packet)
{
	struct pr_quic_packet packet = { .bytes = datagram->bytes + datagram->position };
	size_t begin = datagram->position, left = pr_reader_left(datagram);
	uint64_t len;

	if (left == 0)
		return false;
	if (!(pr_read_u8(datagram) & LONG_HEADER)) {
		packet.kind = PR_QUIC_SHORT;
		pr_read_skip(datagram, left - 1);
	} else {
		packet.version = pr_read_u32(datagram);
		read_cid(datagram, &packet.dcid);
		read_cid(datagram, &packet.scid);
		packet.kind = kind_of(packet.bytes[0], packet.version);
		if (packet.kind == PR_QUIC_INITIAL)
			pr_read_skip(datagram, read_varint(datagram)); /* the token */
		if (packet.kind <= PR_QUIC_HANDSHAKE) {
			len = read_varint(datagram);
			packet.number_at = datagram->position - begin;
			pr_read_skip(datagram, len);
		} else {
			pr_read_skip(datagram, pr_reader_left(datagram));
		}
	}
	packet.len = datagram->position - begin;
	if (datagram->failed)
		return false;
	*ret_packet = packet;
	return true;
}

uint64_t pr_quic_packet_number(int64_t largest, uint32_t truncated, unsigned int n_bytes)
{
	uint64_t expected = (uint64_t)(largest + 1);
	uint64_t window = UINT64_C(1) << (n_bytes * 8), half = window / 2;
	uint64_t candidate = (expected & ~(window - 1)) | truncated;

	if (candidate + half <= expected && candidate < (UINT64_C(1) << 62) - window)
		return candidate + window;
	if (candidate > expected + half && candidate >= window)
		return candidate - window;
	return candidate;
}

static void skip_ack(struct pr_reader *reader, bool ecn)
{
	uint64_t n_ranges;

	(void)read_varint(reader); /* largest acknowledged */
	(void)read_varint(reader); /* delay */
	n_ranges = read_varint(reader);
	(void)read_varint(reader);
	while (n_ranges-- && !reader->failed) {
		(void)read_varint(reader);
		(void)read_varint(reader);
	}
	for (int i = 0; ecn && i < 3; i++)
		(void)read_varint(reader);
}

static void skip_close(struct pr_reader *reader)
{
	(void)read_varint(reader); /* error */
	(void)read_varint(reader); /* of which frame */
	pr_read_skip(reader, read_varint(reader));
}

static void read_crypto(struct pr_reader *reader, struct pr_quic_frames *frames)
{
	struct pr_quic_crypto_frame frame;

	frame.offset = read_varint(reader);
	frame.len = read_varint(reader);
	frame.bytes = pr_read_bytes(reader, frame.len);
	if (frames->n_crypto == PR_QUIC_FRAMES_MAX || frame.offset + frame.len > UINT32_MAX)
		reader->failed = true;
	else
		frames->crypto[frames->n_crypto++] = frame;
}

static void skip_padding(struct pr_reader *reader)
{
	while (reader->position + 8 <= reader->len) {
		uint64_t bytes;

		memcpy(&bytes, reader->bytes + reader->position, sizeof(bytes));
		if (bytes)
			return;
		reader->position += sizeof(bytes);
	}
}

bool pr_quic_read_frames(const uint8_t *plain, size_t len, struct pr_quic_frames *ret_frames)
{
	struct pr_reader reader = pr_reader(plain, len);

	ret_frames->n_crypto = 0;
	if (len == 0)
		return false;
	while (pr_reader_left(&reader)) {
		uint64_t type = read_varint(&reader);

		switch (type) {
		case FRAME_PADDING:
			skip_padding(&reader);
			break;
		case FRAME_PING:
			break;
		case FRAME_ACK:
		case FRAME_ACK_ECN:
			skip_ack(&reader, type == FRAME_ACK_ECN);
			break;
		case FRAME_CRYPTO:
			read_crypto(&reader, ret_frames);
			break;
		case FRAME_CONNECTION_CLOSE:
			skip_close(&reader);
			break;
		default:
			return false;
		}
	}
	return !reader.failed;
}

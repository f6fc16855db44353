/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * STUN and TURN (RFC 8489, RFC 8656), over UDP and as a stream. What it carries itself is plaintext. But it is also what
 * WebRTC finds its way with, and the media follow over the same link (RFC 7983): so encryption stays open while there is
 * nothing but STUN, and DTLS that follows proves it.
 */
#include "base/cursor.h"
#include "inspection/inspector_table.h"
#include "inspection/limits.h"

#define HEADER_LEN	20u
#define COOKIE		0x2112a442u
#define FINGERPRINT	0x8028u
#define FINGERPRINT_XOR 0x5354554eu
#define ATTRIBUTES_MAX	64u

enum method { METHOD_ALLOCATE = 3, METHOD_SEND = 6, METHOD_DATA = 7 };

enum kind {
	KIND_OTHER,
	KIND_STUN,
	KIND_RELAYED, /* TURN: carries the data of somebody else */
};

/* RFC 8489, 14.7: ITU V.42's CRC-32. */
static uint32_t crc32_of(const uint8_t *bytes, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
	}
	return ~crc;
}

static bool attributes_are_sound(const uint8_t *message, size_t len)
{
	struct pr_reader reader = pr_reader(message, len);

	pr_read_skip(&reader, HEADER_LEN);
	for (unsigned int n = 0; pr_reader_left(&reader); n++) {
		size_t at = reader.position;
		uint16_t type = pr_read_u16(&reader), value_len = pr_read_u16(&reader);

		if (n == ATTRIBUTES_MAX)
			return false;
		if (type == FINGERPRINT)
			return value_len == 4 &&
			       pr_read_u32(&reader) == (crc32_of(message, at) ^ FINGERPRINT_XOR) &&
			       !reader.failed && pr_reader_left(&reader) == 0;
		pr_read_skip(&reader, (value_len + 3u) & ~3u);
	}
	return !reader.failed;
}

/* RFC 8489, 5: the class's two bits stand among the method's twelve. */
static unsigned int method_of(uint16_t type)
{
	return (type & 0x000fu) | (type >> 1 & 0x0070u) | (type >> 2 & 0x0f80u);
}

/* How long the message is that begins here; 0 = it is none. Of 20 bytes at least. */
static size_t message_len(const uint8_t *bytes, size_t len)
{
	struct pr_reader reader = pr_reader(bytes, len);
	uint16_t type = pr_read_u16(&reader), body = pr_read_u16(&reader);

	if (pr_read_u32(&reader) != COOKIE || type & 0xc000 || body % 4)
		return 0;
	return HEADER_LEN + (size_t)body;
}

static enum kind kind_of(const struct pr_datagram *datagram)
{
	struct pr_reader reader = pr_reader(datagram->bytes, datagram->len);
	uint16_t first = pr_read_u16(&reader), len = pr_read_u16(&reader);
	unsigned int method;

	if (datagram->cut || reader.failed)
		return KIND_OTHER;
	/* ChannelData: a number and a length (RFC 8656, 12.4) */
	if (first >= 0x4000 && first <= 0x4fff)
		return datagram->len >= 4u + len && datagram->len <= 4u + ((len + 3u) & ~3u)
			       ? KIND_RELAYED
			       : KIND_OTHER;
	if (datagram->len < HEADER_LEN ||
	    message_len(datagram->bytes, datagram->len) != datagram->len ||
	    !attributes_are_sound(datagram->bytes, datagram->len))
		return KIND_OTHER;
	method = method_of(first);
	return method == METHOD_SEND || method == METHOD_DATA ? KIND_RELAYED : KIND_STUN;
}

static enum pr_look settle_unknown(struct pr_seen *seen, const char *why)
{
	seen->encryption = PR_ENCRYPTION_UNKNOWN;
	seen->why = why;
	seen->settled = PR_FACTS_SEEN;
	return PR_LOOK_DONE;
}

static void speaks(struct pr_seen *seen)
{
	seen->speaks = PR_SPEAKS_STUN;
	seen->encryption = PR_ENCRYPTION_NO;
	seen->why = "STUN is plaintext";
	seen->settled = PR_FACT_SPEAKS;
}

/* What came beside STUN, as if it were the link's only datagrams. Of two peers either may be DTLS' client (RFC 5763, 5). What
 * the link speaks stays as it was settled. */
static enum pr_look follow(const struct pr_transcript *transcript, struct pr_datagram *datagrams,
			   unsigned int n, struct pr_seen *seen)
{
	struct pr_transcript rest = *transcript;
	bool turned = datagrams[0].from_server;
	enum pr_look look;

	for (unsigned int i = 0; turned && i < n; i++)
		datagrams[i].from_server = !datagrams[i].from_server;
	rest.datagrams = datagrams;
	rest.n_datagrams = n;
	*seen = (struct pr_seen){ 0 };
	look = pr_inspect_dtls(&rest, seen);
	if (look == PR_LOOK_NOT_MINE) {
		*seen = (struct pr_seen){ 0 };
		look = settle_unknown(seen, "what follows STUN is not known");
	} else if (seen->speaks == PR_SPEAKS_DTLS) {
		seen->flags |= PR_SEEN_UPGRADED;
	}
	seen->speaks = PR_SPEAKS_STUN;
	seen->settled |= PR_FACT_SPEAKS;
	/* whoever comes to us names us */
	if (turned)
		seen->n_names = 0;
	return look;
}

static enum pr_look look_udp(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	struct pr_datagram others[PR_INSPECTION_DATAGRAMS_MAX];
	unsigned int n_others = 0;
	bool relayed = false;

	for (unsigned int i = 0; i < transcript->n_datagrams; i++) {
		enum kind kind = kind_of(&transcript->datagrams[i]);

		if (i == 0 && kind != KIND_STUN)
			return PR_LOOK_NOT_MINE;
		relayed = relayed || kind == KIND_RELAYED;
		if (kind == KIND_OTHER && n_others < PR_INSPECTION_DATAGRAMS_MAX)
			others[n_others++] = transcript->datagrams[i];
	}
	if (transcript->n_datagrams == 0)
		return PR_LOOK_MORE;
	if (n_others && !relayed)
		return follow(transcript, others, n_others, seen);
	speaks(seen);
	return relayed ? settle_unknown(seen, "what TURN relays is not looked into")
		       : PR_LOOK_GOES_ON;
}

/* One message after the other, each as long as it says (RFC 8489, 6.2.2). The first is enough. */
static enum pr_look look_tcp(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	const struct pr_stream *client = &transcript->client;
	enum pr_look wait = client->ended || client->full ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
	size_t len;

	if (client->len == 0)
		return transcript->server.len ? PR_LOOK_NOT_MINE : wait;
	if (client->bytes[0] & 0xc0)
		return PR_LOOK_NOT_MINE;
	if (client->len < HEADER_LEN)
		return client->len > 4 && client->bytes[4] != COOKIE >> 24 ? PR_LOOK_NOT_MINE
									   : wait;
	len = message_len(client->bytes, client->len);
	if (len == 0)
		return PR_LOOK_NOT_MINE;
	if (client->len < len)
		return wait;
	if (!attributes_are_sound(client->bytes, len))
		return PR_LOOK_NOT_MINE;
	speaks(seen);
	/* over a stream the media come by TURN, or within frames of their own (RFC 4571) */
	return settle_unknown(seen, "what TURN relays is not looked into");
}

enum pr_look pr_inspect_stun(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	return transcript->proto == IPPROTO_TCP ? look_tcp(transcript, seen)
						: look_udp(transcript, seen);
}

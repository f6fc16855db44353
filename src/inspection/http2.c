/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP/2 without TLS: the preface says that it is, and the first request names the host. Before it a client sends frames
 * that are about the connection alone, and some wait for the server's before they ask for anything: these
 * may pass.
 */
#include "base/cursor.h"
#include "inspection/http.h"

#define BLOCK_MAX 8192u /* of a header block in several frames */

enum frame_type {
	FRAME_HEADERS = 1,
	FRAME_PRIORITY = 2,
	FRAME_SETTINGS = 4,
	FRAME_PING = 6,
	FRAME_WINDOW_UPDATE = 8,
	FRAME_CONTINUATION = 9,
};

#define FLAG_END_HEADERS 0x04
#define FLAG_PADDED	 0x08
#define FLAG_PRIORITY	 0x20

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define PREFACE_LEN (sizeof(preface) - 1)

struct frame {
	const uint8_t *payload;
	uint32_t len, stream;
	uint8_t type, flags;
};

struct block {
	uint8_t bytes[BLOCK_MAX];
	size_t len;
};

/* False: not all of it is here. */
static bool read_frame(struct pr_reader *reader, struct frame *ret_frame)
{
	uint32_t high = pr_read_u8(reader);

	ret_frame->len = high << 16 | pr_read_u16(reader);
	ret_frame->type = pr_read_u8(reader);
	ret_frame->flags = pr_read_u8(reader);
	ret_frame->stream = pr_read_u32(reader) & 0x7fffffff;
	ret_frame->payload = pr_read_bytes(reader, ret_frame->len);
	return !reader->failed;
}

/* About the connection alone; of fixed form, so that they hold nothing else. */
static bool is_handshake(const struct frame *frame)
{
	switch (frame->type) {
	case FRAME_SETTINGS:
		return frame->stream == 0 && frame->len % 6 == 0;
	case FRAME_PING:
		return frame->stream == 0 && frame->len == 8;
	case FRAME_WINDOW_UPDATE:
		return frame->len == 4;
	case FRAME_PRIORITY:
		return frame->len == 5;
	default:
		return false;
	}
}

/* Adds what the frame has of the header block; false: it can't be. */
static bool add_fragment(const struct frame *frame, struct block *block)
{
	struct pr_reader reader = pr_reader(frame->payload, frame->len);
	bool headers = frame->type == FRAME_HEADERS;
	size_t padding = 0, len;
	const uint8_t *bytes;

	if (headers && frame->flags & FLAG_PADDED)
		padding = pr_read_u8(&reader);
	if (headers && frame->flags & FLAG_PRIORITY)
		pr_read_skip(&reader, 5);
	len = pr_reader_left(&reader);
	if (reader.failed || padding > len || block->len + len - padding > BLOCK_MAX)
		return false;
	bytes = pr_read_bytes(&reader, len - padding);
	memcpy(block->bytes + block->len, bytes, len - padding);
	block->len += len - padding;
	return true;
}

static enum pr_look name_unknown(struct pr_seen *seen)
{
	seen->flags |= PR_SEEN_CONTRADICTS;
	seen->settled = PR_FACTS_SEEN;
	return PR_LOOK_DONE;
}

static enum pr_look look_at_request(struct pr_reader *reader, struct frame *frame, bool last,
				    struct pr_seen *seen)
{
	struct pr_http_hosts hosts = { .seen = seen };
	struct block PR_UNINITIALIZED block;
	uint32_t stream = frame->stream;

	block.len = 0;
	if (!add_fragment(frame, &block))
		return name_unknown(seen);
	while (!(frame->flags & FLAG_END_HEADERS)) {
		if (!read_frame(reader, frame))
			return last ? name_unknown(seen) : PR_LOOK_MORE;
		if (frame->type != FRAME_CONTINUATION || frame->stream != stream ||
		    !add_fragment(frame, &block))
			return name_unknown(seen);
	}
	if (!pr_hpack_hosts(block.bytes, block.len, &hosts))
		seen->flags |= PR_SEEN_CONTRADICTS;
	pr_http_hosts_end(&hosts);
	seen->settled = PR_FACTS_SEEN;
	return PR_LOOK_DONE;
}

enum pr_look pr_http2_look(const struct pr_stream *client, struct pr_seen *seen)
{
	size_t begun = client->len < PREFACE_LEN ? client->len : PREFACE_LEN;
	struct pr_reader reader = pr_reader(client->bytes, client->len);
	bool last = client->ended || client->full;
	struct frame frame;

	if (memcmp(client->bytes, preface, begun) != 0)
		return PR_LOOK_NOT_MINE;
	if (begun < PREFACE_LEN)
		return last ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
	seen->speaks = PR_SPEAKS_HTTP;
	seen->encryption = PR_ENCRYPTION_NO;
	seen->why = "it is HTTP/2 without TLS";
	memcpy(seen->version, "2.0", 4);
	seen->settled = PR_FACTS_SEEN & ~PR_FACT_NAME;
	pr_read_skip(&reader, PREFACE_LEN);
	while (pr_reader_left(&reader)) {
		if (!read_frame(&reader, &frame))
			return last ? name_unknown(seen) : PR_LOOK_MORE;
		if (frame.type == FRAME_HEADERS)
			return look_at_request(&reader, &frame, last, seen);
		if (!is_handshake(&frame))
			return name_unknown(seen);
	}
	return last ? name_unknown(seen) : PR_LOOK_GOES_ON;
}

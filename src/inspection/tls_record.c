/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/tls_record.h"

#include "inspection/tls_codes.h"

#define FRAGMENT_MAX  (16384 + 2048) /* of what is encrypted: RFC 5246, 6.2.3 */
#define MAJOR_VERSION 3

struct pr_tls_records pr_tls_records(const struct pr_stream *stream, uint8_t *room,
				     size_t room_size)
{
	return (struct pr_tls_records){ .reader = pr_reader(stream->bytes, stream->len),
					.room = room,
					.room_size = room_size };
}

/* Do the bytes that there are of the next record's header fit? *ret_len: of the record, 0 while it isn't known. */
static bool header_fits(const struct pr_reader *reader, size_t *ret_len)
{
	const uint8_t *at = reader->bytes + reader->position;
	size_t left = reader->len - reader->position;

	*ret_len = 0;
	if (left >= 1 && (at[0] < PR_TLS_CHANGE_CIPHER_SPEC || at[0] > PR_TLS_HEARTBEAT))
		return false;
	if (left >= 2 && at[1] != MAJOR_VERSION)
		return false;
	if (left < PR_TLS_RECORD_HEADER)
		return true;
	*ret_len = PR_TLS_RECORD_HEADER + (size_t)(at[3] << 8 | at[4]);
	return *ret_len <= PR_TLS_RECORD_HEADER + FRAGMENT_MAX;
}

/* The next record. Of a handshake record as much as there is: it becomes the rest. */
static int next_record(struct pr_tls_records *records, struct pr_tls_item *ret_item)
{
	struct pr_reader *reader = &records->reader;
	const uint8_t *at = reader->bytes + reader->position;
	size_t left = pr_reader_left(reader), len;

	*ret_item = (struct pr_tls_item){ 0 };
	if (records->cut || !left)
		return PR_TLS_RECORD_SHORT;
	if (!header_fits(reader, &len))
		return PR_TLS_RECORD_NONE;
	if (!len)
		return PR_TLS_RECORD_SHORT;
	records->cut = left < len;
	if (records->cut && at[0] != PR_TLS_HANDSHAKE)
		return PR_TLS_RECORD_SHORT;
	if (records->cut)
		len = left;
	pr_read_skip(reader, len);
	*ret_item = (struct pr_tls_item){ at[0], at + PR_TLS_RECORD_HEADER,
					  len - PR_TLS_RECORD_HEADER };
	if (at[0] == PR_TLS_HANDSHAKE) {
		records->rest = ret_item->bytes;
		records->rest_len = ret_item->len;
	}
	return 0;
}

static size_t message_len(const uint8_t *bytes, size_t len)
{
	return len < PR_TLS_MESSAGE_HEADER
		       ? 0
		       : PR_TLS_MESSAGE_HEADER +
				 ((size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3]);
}

/* Moves to the room, behind `begin`, what of the rest belongs to the message there. False: it is too small. */
static bool pour(struct pr_tls_records *records, size_t begin)
{
	for (;;) {
		size_t have = records->room_used - begin;
		size_t len = message_len(records->room + begin, have);
		size_t n = (len ? len : PR_TLS_MESSAGE_HEADER) - have;

		if (n > records->rest_len)
			n = records->rest_len;
		if (!n)
			return true;
		if (n > records->room_size - records->room_used)
			return false;
		memcpy(records->room + records->room_used, records->rest, n);
		records->room_used += n;
		records->rest += n;
		records->rest_len -= n;
	}
}

/* A message that begins with the rest and goes on in further records. */
static int assemble(struct pr_tls_records *records, struct pr_tls_item *ret_item)
{
	size_t begin = records->room_used;

	for (;;) {
		struct pr_tls_item record;
		size_t len;
		int r;

		if (!pour(records, begin))
			return PR_TLS_RECORD_NONE;
		len = records->room_used - begin;
		*ret_item = (struct pr_tls_item){ PR_TLS_HANDSHAKE, records->room + begin, len };
		if (message_len(ret_item->bytes, len) == len && len)
			return 0;
		do {
			r = next_record(records, &record);
		} while (r == 0 && record.content == PR_TLS_ALERT);
		if (r == 0 && record.content != PR_TLS_HANDSHAKE)
			r = PR_TLS_RECORD_NONE;
		if (r)
			return r;
	}
}

int pr_tls_next(struct pr_tls_records *records, struct pr_tls_item *ret_item)
{
	size_t len;

	while (!records->rest_len) {
		int r = next_record(records, ret_item);

		if (r || ret_item->content != PR_TLS_HANDSHAKE)
			return r;
	}
	len = message_len(records->rest, records->rest_len);
	if (!len || len > records->rest_len)
		return assemble(records, ret_item);
	*ret_item = (struct pr_tls_item){ PR_TLS_HANDSHAKE, records->rest, len };
	records->rest += len;
	records->rest_len -= len;
	return 0;
}

int pr_tls_skip(struct pr_tls_records *records, unsigned int allowed)
{
	struct pr_reader *reader = &records->reader;
	size_t left, len;

	if (records->rest_len)
		return PR_TLS_RECORD_NONE;
	while ((left = pr_reader_left(reader))) {
		uint8_t content = reader->bytes[reader->position];

		if (!header_fits(reader, &len) || !(PR_TLS_ALLOWS(content) & allowed))
			return PR_TLS_RECORD_NONE;
		if (!len)
			return PR_TLS_RECORD_SHORT;
		pr_read_skip(reader, left < len ? left : len);
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/dtls_record.h"

#include "inspection/tls_codes.h"

#define RECORD_HEADER_LEN  13
#define UNIFIED_FIXED	   0x20 /* RFC 9147, 4: 001CSLEE */
#define UNIFIED_FIXED_MASK 0xe0
#define CONTENT_MAX	   26 /* ACK of DTLS 1.3 */

static bool known_version(uint16_t version)
{
	return version == PR_DTLS_1_0 || version == PR_DTLS_1_2;
}

bool pr_dtls_next(struct pr_reader *datagram, struct pr_dtls_record *ret_record)
{
	struct pr_dtls_record record = { .content = pr_read_u8(datagram) };
	uint16_t version;

	if (datagram->failed)
		return false;
	if ((record.content & UNIFIED_FIXED_MASK) == UNIFIED_FIXED) {
		/* How long it is is none of our business: nothing that is read follows it. */
		record.content = 0;
		record.epoch = 1;
		record.len = pr_reader_left(datagram);
		record.bytes = pr_read_bytes(datagram, record.len);
		*ret_record = record;
		return true;
	}
	version = pr_read_u16(datagram);
	record.epoch = pr_read_u16(datagram);
	pr_read_skip(datagram, 6); /* the sequence number */
	record.len = pr_read_u16(datagram);
	record.bytes = pr_read_bytes(datagram, record.len);
	if (datagram->failed || record.content < PR_TLS_CHANGE_CIPHER_SPEC ||
	    record.content > CONTENT_MAX || !known_version(version))
		return false;
	*ret_record = record;
	return true;
}

bool pr_dtls_begins(const struct pr_datagram *datagram)
{
	struct pr_reader reader = pr_reader(datagram->bytes, datagram->len);
	struct pr_dtls_record record;

	/* Of one whose end is missing the header has to do. */
	if (datagram->cut && datagram->len >= RECORD_HEADER_LEN)
		return datagram->bytes[0] >= PR_TLS_CHANGE_CIPHER_SPEC &&
		       datagram->bytes[0] <= CONTENT_MAX &&
		       known_version((uint16_t)(datagram->bytes[1] << 8 | datagram->bytes[2]));
	return pr_dtls_next(&reader, &record);
}

static void cover(struct pr_dtls_message *message, size_t at, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++, at++) {
		uint8_t bit = (uint8_t)(1 << at % 8);

		if (message->covered[at / 8] & bit && message->bytes[at] != bytes[i])
			message->contradicts = true;
		else
			message->bytes[at] = bytes[i];
		message->covered[at / 8] |= bit;
	}
}

/* A fragment (RFC 6347, 4.2.2); those of other messages are left. */
static void take(struct pr_dtls_message *message, struct pr_reader *reader, uint16_t number)
{
	uint32_t header = pr_read_u32(reader), len = header & 0xffffff;
	uint16_t fragment_number = pr_read_u16(reader);
	size_t at = (size_t)pr_read_u8(reader) << 16, fragment_len;
	const uint8_t *bytes;

	at |= pr_read_u16(reader);
	fragment_len = (size_t)pr_read_u8(reader) << 16;
	fragment_len |= pr_read_u16(reader);
	bytes = pr_read_bytes(reader, fragment_len);
	if (!bytes || fragment_number != number || at + fragment_len > len ||
	    PR_TLS_MESSAGE_HEADER + len > PR_DTLS_ROOM)
		return;
	if (!message->len) {
		for (unsigned int i = 0; i < PR_TLS_MESSAGE_HEADER; i++)
			message->bytes[i] = (uint8_t)(header >> (24 - 8 * i));
		message->len = PR_TLS_MESSAGE_HEADER + len;
		memset(message->covered, 0, message->len / 8 + 1);
	} else if (message->bytes[0] != header >> 24 ||
		   message->len != PR_TLS_MESSAGE_HEADER + len) {
		message->contradicts = true;
		return;
	}
	cover(message, PR_TLS_MESSAGE_HEADER + at, bytes, fragment_len);
}

void pr_dtls_gather(const struct pr_transcript *transcript, bool from_server, uint16_t number,
		    struct pr_dtls_message *ret_message)
{
	ret_message->len = ret_message->prefix = 0;
	ret_message->contradicts = false;
	for (unsigned int i = 0; i < transcript->n_datagrams; i++) {
		const struct pr_datagram *datagram = &transcript->datagrams[i];
		struct pr_reader reader = pr_reader(datagram->bytes, datagram->len);
		struct pr_dtls_record record;

		if (datagram->from_server != from_server)
			continue;
		while (pr_dtls_next(&reader, &record)) {
			struct pr_reader fragments = pr_reader(record.bytes, record.len);

			if (record.content != PR_TLS_HANDSHAKE || record.epoch)
				continue;
			while (pr_reader_left(&fragments))
				take(ret_message, &fragments, number);
		}
	}
	if (!ret_message->len)
		return;
	ret_message->prefix = PR_TLS_MESSAGE_HEADER;
	while (ret_message->prefix < ret_message->len &&
	       ret_message->covered[ret_message->prefix / 8] & 1 << ret_message->prefix % 8)
		ret_message->prefix++;
}

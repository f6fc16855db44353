/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DTLS. The input is datagrams, each with a head: 1 of the server, 2 cut, 4 its bytes are a fragment, for which a record is
 * written here; and the length in two bytes. What was settled stays, and a datagram that comes again changes nothing.
 */
#include "inspection/inspector_table.h"
#include "inspection/tls_codes.h"

#include "../seen.h"
#include "../target.h"

#include "base/cursor.h"

#include <netinet/in.h>

#define DATAGRAMS_MAX 16
#define DATAGRAM_MAX  2048

static uint8_t *made(uint8_t head, const uint8_t *bytes, size_t len, uint32_t *ret_len)
{
	uint8_t record[DATAGRAM_MAX + 16], *copy;
	struct pr_writer writer = pr_writer(record, sizeof(record));

	if (head & 4) {
		pr_write_u8(&writer, PR_TLS_HANDSHAKE);
		pr_write_u16(&writer, PR_DTLS_1_2);
		pr_write_u64(&writer, 0);
		pr_write_u16(&writer, (uint16_t)len);
	}
	pr_write_bytes(&writer, bytes, len);
	copy = pr_calloc(writer.position + !writer.position, 1);
	memcpy(copy, record, writer.position);
	*ret_len = (uint32_t)writer.position;
	return copy;
}

static unsigned int read_datagrams(struct pr_reader *reader, struct pr_datagram *datagrams)
{
	unsigned int n = 0;

	while (pr_reader_left(reader) >= 3 && n < DATAGRAMS_MAX) {
		uint8_t head = pr_read_u8(reader);
		size_t len = pr_read_u16(reader) % DATAGRAM_MAX;
		struct pr_datagram *datagram = &datagrams[n++];

		if (len > pr_reader_left(reader))
			len = pr_reader_left(reader);
		*datagram = (struct pr_datagram){ .from_server = head & 1, .cut = head & 2 };
		datagram->bytes = made(head, pr_read_bytes(reader, len), len, &datagram->len);
	}
	return n;
}

static enum pr_look look_at(const struct pr_datagram *datagrams, unsigned int n,
			    struct pr_seen *seen)
{
	struct pr_transcript transcript = { .proto = IPPROTO_UDP,
					    .datagrams = datagrams,
					    .n_datagrams = n };
	enum pr_look look;

	*seen = (struct pr_seen){ 0 };
	look = pr_inspect_dtls(&transcript, seen);
	if (look != PR_LOOK_NOT_MINE)
		check_seen(look, seen);
	return look;
}

/* The conversation with its last datagram twice. */
static void check_twice(const struct pr_datagram *datagrams, unsigned int n, enum pr_look look,
			const struct pr_seen *seen)
{
	struct pr_datagram twice[DATAGRAMS_MAX + 1];
	struct pr_seen again;

	memcpy(twice, datagrams, n * sizeof(*datagrams));
	twice[n] = datagrams[n - 1];
	pr_assert(look_at(twice, n + 1, &again) == look);
	if (look != PR_LOOK_NOT_MINE)
		pr_assert(memcmp(&again, seen, sizeof(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_datagram datagrams[DATAGRAMS_MAX];
	struct pr_reader reader = pr_reader(bytes, len);
	unsigned int n = read_datagrams(&reader, datagrams);
	struct pr_seen before = { 0 }, seen;
	enum pr_look look = PR_LOOK_MORE;

	for (unsigned int i = 1; i <= n && look != PR_LOOK_NOT_MINE && look != PR_LOOK_DONE; i++) {
		look = look_at(datagrams, i, &seen);
		if (look != PR_LOOK_NOT_MINE)
			check_kept(&before, &seen);
		check_twice(datagrams, i, look, &seen);
		before = seen;
	}
	for (unsigned int i = 0; i < n; i++)
		free((void *)(uintptr_t)datagrams[i].bytes);
	return 0;
}

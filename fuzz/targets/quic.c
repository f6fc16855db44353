/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QUIC. The input is a list of packets, which are protected here, so that whatever stands in them gets past the tag; a
 * head of four bytes each: what (3 bits), version, whose key (2 bits), which end, appended to the datagram before; the
 * packet number; the length of what follows in two bytes. The longer conversation takes nothing back, and the same
 * conversation says the same.
 */
#include "../../tests/unit/quic_build.h"
#include "inspection/inspector_table.h"

#include "../target.h"

#include <netinet/in.h>

#define DATAGRAMS_MAX 12

enum what { FRAMES, CRYPTO, RETRY, NEGOTIATION, LONG, RAW, PADDED, TOKEN };

static const struct pr_quic_cid cids[4] = {
	{ 8, { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08 } },
	{ 0, { 0 } },
	{ 20, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 } },
	{ 9, { 9, 8, 7, 6, 5, 4, 3, 2, 1 } },
};

static void write_initial(struct pr_writer *datagram, const struct quic_build *build,
			  enum what what, uint8_t number, const uint8_t *bytes, size_t len)
{
	uint8_t plain[1400];
	struct pr_writer frames = pr_writer(plain, sizeof(plain));

	if (what == FRAMES || len < 2)
		pr_write_bytes(&frames, bytes, len);
	else
		quic_build_crypto(&frames, (uint64_t)bytes[0] << 8 | bytes[1], bytes + 2, len - 2);
	quic_build_pad(&frames, what == PADDED ? 300 : 4);
	if (!frames.failed)
		quic_build_initial(datagram, build, number, 1u + (number & 3), plain,
				   frames.position);
}

static void write_packet(struct pr_writer *datagram, struct quic_build *build, uint8_t head,
			 uint8_t number, const uint8_t *bytes, size_t len)
{
	enum what what = head & 7;

	switch (what) {
	case FRAMES:
	case CRYPTO:
	case PADDED:
	case TOKEN:
		if (what == TOKEN)
			build->token = bytes, build->token_len = len < 40 ? len : 40;
		write_initial(datagram, build, what, number, bytes, len);
		break;
	case RETRY:
		build->token = bytes;
		build->token_len = len < 200 ? len : 200;
		quic_build_retry(datagram, build, &build->keys_of);
		break;
	case NEGOTIATION:
		build->version = 0;
		quic_build_long(datagram, build, PR_QUIC_INITIAL, 8);
		break;
	case LONG:
		quic_build_long(datagram, build, (enum pr_quic_kind)(number & 3), len);
		break;
	case RAW:
		pr_write_bytes(datagram, bytes, len);
		break;
	}
}

static unsigned int read_conversation(struct pr_reader *reader, uint8_t bytes[][2048],
				      struct pr_datagram *datagrams)
{
	unsigned int n = 0;

	while (pr_reader_left(reader) >= 4) {
		uint8_t head = pr_read_u8(reader), number = pr_read_u8(reader);
		size_t len = pr_read_u16(reader) % 1300;
		const uint8_t *data;
		bool server = head & 0x40, append = head & 0x80 && n;
		struct quic_build build = { .version = head & 8 ? PR_QUIC_V2 : PR_QUIC_V1,
					    .keys_of = cids[head >> 4 & 3],
					    .server = server };
		struct pr_writer datagram;

		if (len > pr_reader_left(reader))
			len = pr_reader_left(reader);
		data = pr_read_bytes(reader, len);
		build.dcid = server ? cids[1] : build.keys_of;
		build.scid = server ? cids[head >> 4 & 3] : cids[1];
		if (append)
			n--;
		else if (n == DATAGRAMS_MAX)
			break;
		datagram = pr_writer(bytes[n], 2048);
		datagram.position = append ? datagrams[n].len : 0;
		write_packet(&datagram, &build, head, number, data, len);
		if (!append)
			datagrams[n] = (struct pr_datagram){ .from_server = server };
		if (!datagram.failed)
			datagrams[n].len = (uint32_t)datagram.position;
		n++;
	}
	return n;
}

static void check(enum pr_look look, const struct pr_seen *seen, unsigned int settled_before)
{
	pr_assert(seen->n_names <= PR_SEEN_NAMES_MAX);
	if (look == PR_LOOK_NOT_MINE)
		return;
	pr_assert((look == PR_LOOK_DONE) <= (seen->settled == PR_FACTS_SEEN));
	pr_assert(seen->speaks == PR_SPEAKS_QUIC || seen->settled == 0);
	pr_assert((settled_before & ~seen->settled & ~(unsigned int)PR_FACT_ENCRYPTION) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t made[DATAGRAMS_MAX][2048];
	struct pr_datagram datagrams[DATAGRAMS_MAX];
	struct pr_reader reader = pr_reader(bytes, len);
	struct pr_transcript transcript = { .proto = IPPROTO_UDP, .datagrams = datagrams };
	unsigned int n = read_conversation(&reader, made, datagrams), settled = 0;

	for (unsigned int i = 0; i < n; i++) {
		/* exactly as long as it is, so that a sanitizer sees every read beyond it */
		uint8_t *exact = pr_calloc(datagrams[i].len + !datagrams[i].len, 1);

		memcpy(exact, made[i], datagrams[i].len);
		datagrams[i].bytes = exact;
	}
	for (transcript.n_datagrams = 0; transcript.n_datagrams <= n; transcript.n_datagrams++) {
		struct pr_seen seen = { 0 };
		enum pr_look look = pr_inspect_quic(&transcript, &seen);

		check(look, &seen, settled);
		settled = look == PR_LOOK_NOT_MINE ? 0 : seen.settled;
		if (transcript.n_datagrams == n) {
			struct pr_seen again = { 0 };

			pr_assert(pr_inspect_quic(&transcript, &again) == look);
			pr_assert(memcmp(&again, &seen, sizeof(again)) == 0);
		}
	}
	for (unsigned int i = 0; i < n; i++)
		free((void *)(uintptr_t)datagrams[i].bytes);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The inspectors that are told by a datagram or two. First byte: 1 multicast, 2 the port of mDNS, 4 what the client sends
 * is a stream, 8 give up; the rest is datagrams, each with which end sent it (and whether it is cut) and its length in two
 * bytes. Whoever claims the link has settled what it says, and the whole table says the same as the first that does.
 */
#include "base/cursor.h"
#include "base/error.h"
#include "inspection/inspector_table.h"

#include "../target.h"

#include <netinet/in.h>

#define DATAGRAMS_MAX 16

static void check(const struct pr_transcript *transcript, bool give_up)
{
	struct pr_seen seen, again;
	enum pr_look look = pr_inspectors_look(transcript, give_up, &seen);

	pr_assert(pr_inspectors_look(transcript, give_up, &again) == look);
	pr_assert(memcmp(&again, &seen, sizeof(seen)) == 0);
	pr_assert(seen.speaks < PR_SPEAKS_COUNT_ && seen.n_names <= PR_SEEN_NAMES_MAX);
	switch (look) {
	case PR_LOOK_NOT_MINE:
		pr_assert(seen.speaks == PR_SPEAKS_UNKNOWN && seen.settled == PR_FACTS_SEEN);
		break;
	case PR_LOOK_DONE:
		pr_assert(seen.settled == PR_FACTS_SEEN);
		break;
	case PR_LOOK_GOES_ON:
		pr_assert(seen.speaks != PR_SPEAKS_UNKNOWN);
		pr_assert(!give_up);
		break;
	case PR_LOOK_MORE:
		pr_assert(!give_up);
		break;
	}
	pr_assert(seen.encryption == PR_ENCRYPTION_UNKNOWN || seen.why);
}

static void as_stream(const uint8_t *bytes, size_t len, bool give_up)
{
	struct pr_transcript transcript = { .proto = IPPROTO_TCP };

	transcript.client = (struct pr_stream){ .bytes = bytes, .len = (uint32_t)len };
	check(&transcript, give_up);
	transcript.client.ended = true;
	check(&transcript, give_up);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_datagram datagrams[DATAGRAMS_MAX];
	struct pr_transcript transcript = { .proto = IPPROTO_UDP, .datagrams = datagrams };
	struct pr_reader reader = pr_reader(bytes, len);
	uint8_t what = pr_read_u8(&reader);

	if (what & 4) {
		as_stream(bytes + 1, len - 1, what & 8);
		return 0;
	}
	transcript.multicast = what & 1;
	transcript.port = what & 2 ? 5353 : 40000;
	while (pr_reader_left(&reader) >= 3 && transcript.n_datagrams < DATAGRAMS_MAX) {
		uint8_t flags = pr_read_u8(&reader);
		size_t datagram_len = pr_read_u16(&reader);

		if (datagram_len > pr_reader_left(&reader))
			datagram_len = pr_reader_left(&reader);
		datagrams[transcript.n_datagrams++] =
			(struct pr_datagram){ .from_server = flags & 1,
					      .cut = flags & 2,
					      .len = (uint32_t)datagram_len,
					      .bytes = pr_read_bytes(&reader, datagram_len) };
		check(&transcript, what & 8);
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first byte says how much longer the packet was on the wire, the rest is the packet. Whatever is
 * parsed must lie within the bytes, and what is built in answer must parse.
 */
#include "packet/build.h"

#include "../target.h"

#include <stdlib.h>
#include <string.h>

static void check_answer(const uint8_t *answer, size_t len, const struct pr_packet *packet)
{
	struct pr_packet parsed;

	pr_assert(pr_packet_parse(answer, len, len, &parsed) == PR_PACKET_PARSED);
	pr_assert(parsed.wire_len == len && parsed.version == packet->version);
}

static void answer(const struct pr_packet *packet)
{
	uint8_t buffer[128];
	size_t answer_len;

	for (int to = PR_RESET_TO_SENDER; to <= PR_RESET_TO_RECEIVER; to++)
		if (pr_packet_build_reset(packet, (enum pr_reset_to)to, buffer, sizeof(buffer),
					  &answer_len) == PR_BUILD_DONE)
			check_answer(buffer, answer_len, packet);
}

/* What goes on as it was seen parses as the same. */
static void seal(const uint8_t *bytes, size_t len, size_t wire_len, const struct pr_packet *packet)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct pr_packet sealed;

	memcpy(copy, bytes, len);
	if (packet->multipath)
		pr_packet_one_path(copy, len, wire_len, wire_len & 1);
	if (pr_packet_seal(copy, len, wire_len, wire_len & 1)) {
		pr_assert(pr_packet_parse(copy, len, len, &sealed) == PR_PACKET_PARSED);
		pr_assert(pr_tuple_equal(&sealed.tuple, &packet->tuple));
		pr_assert(sealed.payload_offset == packet->payload_offset);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_packet packet;
	size_t wire_len;
	int r;

	if (len == 0)
		return 0;
	wire_len = len - 1 + ((size_t)bytes[0] << 9);
	bytes++;
	len--;
	r = pr_packet_parse(bytes, len, wire_len, &packet);
	pr_assert(r >= 0 && r < PR_PACKET_N_OUTCOMES);
	if (r != PR_PACKET_PARSED && r != PR_PACKET_LATER_FRAGMENT)
		return 0;
	pr_assert(packet.wire_len <= wire_len && packet.transport_offset <= len);
	pr_assert(packet.payload_len == 0 ||
		  (size_t)packet.payload_offset + packet.payload_len <= len);
	pr_assert(packet.tuple.src.family == packet.version);
	pr_assert(packet.tuple.dst.family == packet.version);
	(void)pr_packet_infrastructure(&packet, true);
	(void)pr_packet_infrastructure(&packet, false);
	answer(&packet);
	seal(bytes, len, wire_len, &packet);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TCP's options, as far as they say that a segment belongs to a connection of several paths. */
#include "packet/build.h"
#include "packet/walk.h"

#include <string.h>

#define TCP_CHECKSUM	 16u
#define TCP_HEADER_LEN	 20u
#define OPTION_END	 0
#define OPTION_NOP	 1
#define OPTION_MULTIPATH 30 /* RFC 8684, 3 */

/* The next option of that kind from *at on; *at is behind it then. NULL: there is none. */
static uint8_t *find_multipath(uint8_t *options, size_t len, size_t *at)
{
	while (*at < len && options[*at] != OPTION_END) {
		uint8_t *option = options + *at;

		if (*option == OPTION_NOP) {
			++*at;
			continue;
		}
		if (len - *at < 2 || option[1] < 2 || option[1] > len - *at)
			return NULL;
		*at += option[1];
		if (*option == OPTION_MULTIPATH)
			return option;
	}
	return NULL;
}

bool pr_tcp_is_multipath(const uint8_t *options, size_t len)
{
	size_t at = 0;

	return find_multipath((uint8_t *)(uintptr_t)options, len, &at);
}

static uint16_t folded(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* RFC 1624, 3: the checksum follows the change, and stays as wrong as it was. */
static void follow(uint8_t *transport, uint16_t before, uint16_t after)
{
	uint16_t old = (uint16_t)(transport[TCP_CHECKSUM] << 8 | transport[TCP_CHECKSUM + 1]);
	/* the sums are complements, as checksums are */
	uint16_t now = (uint16_t)~folded((uint32_t)(uint16_t)~old + before + (uint16_t)~after);

	transport[TCP_CHECKSUM] = (uint8_t)(now >> 8);
	transport[TCP_CHECKSUM + 1] = (uint8_t)now;
}

void pr_packet_one_path(uint8_t *bytes, size_t len, size_t wire_len, bool unsummed)
{
	struct pr_packet parsed;
	uint8_t *options, *option;
	uint16_t before;
	size_t options_len, at = 0;

	if (pr_packet_parse(bytes, len, wire_len, &parsed) != PR_PACKET_PARSED ||
	    parsed.tuple.proto != IPPROTO_TCP || parsed.payload_offset > len)
		return;
	options = bytes + parsed.transport_offset + TCP_HEADER_LEN;
	options_len = parsed.payload_offset - parsed.transport_offset - TCP_HEADER_LEN;
	before = pr_packet_checksum(options, options_len, 0);
	while ((option = find_multipath(options, options_len, &at)))
		memset(option, OPTION_NOP, option[1]);
	if (!unsummed)
		follow(bytes + parsed.transport_offset, before,
		       pr_packet_checksum(options, options_len, 0));
}

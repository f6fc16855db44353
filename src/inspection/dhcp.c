/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DHCP (RFC 2131, with BOOTP's header: RFC 951) and DHCPv6 (RFC 8415), held to their last byte. */
#include "base/cursor.h"
#include "inspection/inspectors.h"
#include "inspection/plaintext.h"

#define MAGIC_AT       236u
#define MAGIC	       0x63825363u
#define MESSAGE_MAX    18u /* RFC 6926, RFC 7724 */
#define HARDWARE_MAX   16u
#define BROADCAST_FLAG 0x8000u

enum option { OPTION_PAD = 0, OPTION_MESSAGE = 53, OPTION_END = 255 };

static bool is_dhcp4(const uint8_t *bytes, size_t len)
{
	struct pr_reader reader = pr_reader(bytes, len);
	uint8_t op = pr_read_u8(&reader), type = pr_read_u8(&reader),
		hardware_len = pr_read_u8(&reader);
	bool has_message = false;

	pr_read_skip(&reader, 7); /* hops, transaction, seconds */
	if ((op != 1 && op != 2) || type == 0 || hardware_len > HARDWARE_MAX ||
	    pr_read_u16(&reader) & ~BROADCAST_FLAG)
		return false;
	pr_read_skip(&reader, MAGIC_AT - 12);
	if (pr_read_u32(&reader) != MAGIC)
		return false;
	while (!reader.failed) {
		uint8_t option = pr_read_u8(&reader), option_len;
		const uint8_t *value;

		if (option == OPTION_END)
			return has_message && !reader.failed;
		if (option == OPTION_PAD)
			continue;
		option_len = pr_read_u8(&reader);
		value = pr_read_bytes(&reader, option_len);
		if (option != OPTION_MESSAGE)
			continue;
		if (!value || option_len != 1 || value[0] == 0 || value[0] > MESSAGE_MAX)
			return false;
		has_message = true;
	}
	return false;
}

enum v6_message {
	V6_SOLICIT = 1,
	V6_INFORMATION_REQUEST = 11,
	V6_RELAY_FORWARD = 12,
	V6_RELAY_REPLY = 13
};
enum v6_option { V6_CLIENT_ID = 1, V6_SERVER_ID = 2, V6_ELAPSED = 8, V6_RELAYED = 9 };

#define V6_OPTIONS_MAX 64u
#define DUID_TYPE_MAX  4u   /* RFC 8415, 11; RFC 6355 */
#define DUID_MAX       130u /* with its type */

static bool option_is_sound(unsigned int option, struct pr_reader value)
{
	switch (option) {
	case V6_CLIENT_ID:
	case V6_SERVER_ID: {
		uint16_t type = pr_read_u16(&value);

		return type >= 1 && type <= DUID_TYPE_MAX && value.len >= 3 &&
		       value.len <= DUID_MAX;
	}
	case V6_ELAPSED:
		return value.len == 2;
	default:
		return true;
	}
}

/* A message without either end's name is taken for something else, though a request for information could be one. */
static bool is_dhcp6(const uint8_t *bytes, size_t len)
{
	struct pr_reader reader = pr_reader(bytes, len);
	uint8_t type = pr_read_u8(&reader);
	bool relay = type == V6_RELAY_FORWARD || type == V6_RELAY_REPLY, proven = false;
	unsigned int n = 0;

	if (type < V6_SOLICIT || type > V6_RELAY_REPLY)
		return false;
	pr_read_skip(&reader, relay ? 33 : 3); /* hops and two addresses; transaction */
	while (pr_reader_left(&reader) && n++ < V6_OPTIONS_MAX) {
		uint16_t option = pr_read_u16(&reader), option_len = pr_read_u16(&reader);
		const uint8_t *value = pr_read_bytes(&reader, option_len);

		if (!value || option == 0 || !option_is_sound(option, pr_reader(value, option_len)))
			return false;
		proven = proven || (relay ? option == V6_RELAYED
					  : option == V6_CLIENT_ID || option == V6_SERVER_ID);
	}
	return proven && !reader.failed && pr_reader_left(&reader) == 0;
}

enum pr_look pr_inspect_dhcp(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	const struct pr_datagram *first = pr_transcript_first(transcript, false);

	if (!first)
		return transcript->n_datagrams ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
	if (is_dhcp4(first->bytes, first->len) || is_dhcp6(first->bytes, first->len))
		return pr_look_plaintext(seen, PR_SPEAKS_DHCP, "DHCP is plaintext");
	return PR_LOOK_NOT_MINE;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DHCP (RFC 2131, with BOOTP's header: RFC 951) and DHCPv6 (RFC 8415), held to their last byte. */
#include "base/cursor.h"
#include "inspection/inspector_table.h"
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
	V6_ADVERTISE = 2,
	V6_REPLY = 7,
	V6_RECONFIGURE = 10,
	V6_INFORMATION_REQUEST = 11,
	V6_RELAY_FORWARD = 12,
	V6_RELAY_REPLY = 13,
};
enum v6_option {
	V6_CLIENT_ID = 1,
	V6_SERVER_ID = 2,
	V6_WANTED = 6,
	V6_ELAPSED = 8,
	V6_RELAYED = 9
};

#define V6_OPTIONS_MAX 64u
#define V6_RELAYS_MAX  8u   /* RFC 8415, 7.6 */
#define DUID_TYPE_MAX  4u   /* RFC 8415, 11; RFC 6355 */
#define DUID_MAX       130u /* with its type */

static bool option_is_sound(unsigned int option, struct pr_reader value)
{
	uint16_t first = pr_read_u16(&value);

	switch (option) {
	case V6_CLIENT_ID:
	case V6_SERVER_ID:
		return first >= 1 && first <= DUID_TYPE_MAX && value.len >= 3 &&
		       value.len <= DUID_MAX;
	case V6_WANTED:
		return value.len % 2 == 0;
	case V6_ELAPSED:
		return value.len == 2;
	default:
		return true;
	}
}

/* Reads the options to the last byte. `ret_has`: a bit for each of those above. */
static bool read_options(struct pr_reader *reader, unsigned int *ret_has,
			 struct pr_reader *ret_relayed)
{
	for (unsigned int n = 0; pr_reader_left(reader); n++) {
		uint16_t option = pr_read_u16(reader), len = pr_read_u16(reader);
		const uint8_t *value = pr_read_bytes(reader, len);

		if (!value || option == 0 || n == V6_OPTIONS_MAX ||
		    !option_is_sound(option, pr_reader(value, len)))
			return false;
		if (option <= V6_RELAYED)
			*ret_has |= 1u << option;
		if (option == V6_RELAYED)
			*ret_relayed = pr_reader(value, len);
	}
	return !reader->failed;
}

/* Held to what a message has to have (RFC 8415, 16 and 21.9). */
static bool is_dhcp6(struct pr_reader reader)
{
	const unsigned int both = 1u << V6_CLIENT_ID | 1u << V6_SERVER_ID;

	for (unsigned int depth = 0; depth <= V6_RELAYS_MAX; depth++) {
		struct pr_reader relayed = { 0 };
		unsigned int has = 0;
		uint8_t type = pr_read_u8(&reader);
		bool relay = type == V6_RELAY_FORWARD || type == V6_RELAY_REPLY;

		pr_read_skip(&reader, relay ? 33 : 3); /* hops and two addresses; transaction */
		if (type < V6_SOLICIT || type > V6_RELAY_REPLY || reader.failed ||
		    !read_options(&reader, &has, &relayed))
			return false;
		if (!relay) {
			if (type == V6_ADVERTISE || type == V6_REPLY || type == V6_RECONFIGURE)
				return (has & both) == both;
			/* who only wants to be told something need not say who it is */
			return has & 1u << V6_ELAPSED &&
			       (has & 1u << V6_CLIENT_ID ||
				(type == V6_INFORMATION_REQUEST && has & 1u << V6_WANTED));
		}
		if (!(has & 1u << V6_RELAYED))
			return false;
		reader = relayed;
	}
	return false;
}

enum pr_look pr_inspect_dhcp(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	const struct pr_datagram *first = pr_transcript_first(transcript, false);

	if (!first)
		return transcript->n_datagrams ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
	if (is_dhcp4(first->bytes, first->len) || is_dhcp6(pr_reader(first->bytes, first->len)))
		return pr_look_plaintext(seen, PR_SPEAKS_DHCP, "DHCP is plaintext");
	return PR_LOOK_NOT_MINE;
}

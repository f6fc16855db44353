/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet/claim.h"

#include "base/cursor.h"
#include "packet/parse.h"

#include <string.h>

#define ARP_ETHERNET	     1
#define ARP_IPV4	     0x0800
#define ARP_REQUEST	     1
#define ARP_ANSWER	     2

#define ROUTER_SOLICITATION  133
#define ROUTER_ADVERTISEMENT 134
#define SOLICITATION	     135
#define ADVERTISEMENT	     136
#define SOURCE_OPTION	     1 /* RFC 4861, 4.6.1: link-layer address */
#define TARGET_OPTION	     2

static bool is_nobody(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

/* A group's hardware address, or none, is nobody's. */
static bool is_somebodys(const uint8_t *hardware)
{
	return !(hardware[0] & 1) && !is_nobody(hardware, PR_HARDWARE_LEN);
}

int pr_claim_of_arp(const uint8_t *bytes, size_t len, struct pr_claim *ret_claim)
{
	struct pr_reader reader = pr_reader(bytes, len);
	uint16_t hardware_type = pr_read_u16(&reader), protocol = pr_read_u16(&reader);
	uint8_t hardware_len = pr_read_u8(&reader), protocol_len = pr_read_u8(&reader);
	uint16_t operation = pr_read_u16(&reader);
	const uint8_t *hardware, *address;

	if (hardware_type != ARP_ETHERNET || protocol != ARP_IPV4 ||
	    hardware_len != PR_HARDWARE_LEN || protocol_len != 4 ||
	    (operation != ARP_REQUEST && operation != ARP_ANSWER))
		return PR_CLAIM_NONE;
	hardware = pr_read_bytes(&reader, PR_HARDWARE_LEN);
	address = pr_read_bytes(&reader, 4);
	pr_read_skip(&reader, PR_HARDWARE_LEN + 4);
	/* Who looks whether an address is free sends from none (RFC 5227, 1.1). */
	if (reader.failed || !is_somebodys(hardware) || is_nobody(address, 4))
		return PR_CLAIM_NONE;
	ret_claim->address = pr_address_v4(address);
	memcpy(ret_claim->hardware, hardware, PR_HARDWARE_LEN);
	return PR_CLAIM_READ;
}

static const uint8_t *find_option(struct pr_reader *reader, uint8_t wanted)
{
	while (pr_reader_left(reader) >= 8) {
		uint8_t type = pr_read_u8(reader), units = pr_read_u8(reader);
		const uint8_t *value;

		/* RFC 4861, 4.6: such a message is dropped */
		if (!units)
			return NULL;
		value = pr_read_bytes(reader, (size_t)units * 8 - 2);
		if (value && type == wanted)
			return value;
	}
	return NULL;
}

int pr_claim_of_ipv6(const uint8_t *bytes, size_t len, struct pr_claim *ret_claim)
{
	uint8_t option = SOURCE_OPTION, type;
	const uint8_t *hardware, *target;
	struct pr_address address;
	struct pr_packet packet;
	struct pr_reader reader;

	/* RFC 4861, 7.1: what comes from off the link is not believed; nor are fragments (RFC 6980). */
	if (pr_packet_parse(bytes, len, len, &packet) != PR_PACKET_PARSED ||
	    packet.tuple.proto != IPPROTO_ICMPV6 || packet.hop_limit != 255 || packet.fragment)
		return PR_CLAIM_NONE;
	address = packet.tuple.src;
	reader = pr_reader(bytes, packet.wire_len < len ? packet.wire_len : len);
	pr_read_skip(&reader, packet.transport_offset);
	type = pr_read_u8(&reader);
	pr_read_skip(&reader, 7); /* code, checksum, flags and the like */
	switch (type) {
	case ROUTER_SOLICITATION:
		break;
	case ROUTER_ADVERTISEMENT:
		pr_read_skip(&reader, 8);
		break;
	case SOLICITATION:
		pr_read_skip(&reader, 16);
		break;
	case ADVERTISEMENT:
		option = TARGET_OPTION;
		target = pr_read_bytes(&reader, 16);
		if (!target)
			return PR_CLAIM_NONE;
		address = pr_address_v6(target);
		break;
	default:
		return PR_CLAIM_NONE;
	}
	if (reader.failed || address.family != 6 || is_nobody(address.bytes, sizeof(address.bytes)))
		return PR_CLAIM_NONE;
	hardware = find_option(&reader, option);
	if (!hardware || !is_somebodys(hardware))
		return PR_CLAIM_NONE;
	ret_claim->address = address;
	memcpy(ret_claim->hardware, hardware, PR_HARDWARE_LEN);
	return PR_CLAIM_READ;
}

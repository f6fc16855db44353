/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Link types as https://www.tcpdump.org/linktypes.html numbers and describes them. */
#include "packet/frame.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ppp_defs.h>
#include <sys/socket.h>

#define NFLOG_ATTRIBUTE_LEN 4u /* its head */
#define NFLOG_PAYLOAD	    9

enum link_type {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_RAW_BSD = 12, /* DLT_RAW as old captures have it */
	LINK_RAW_OPENBSD = 14,
	LINK_PPP_HDLC = 50,
	LINK_RAW = 101,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_NFLOG = 239,
	LINK_SLL2 = 276,
};

static int is_ip(uint16_t ether_type)
{
	return ether_type == ETH_P_IP || ether_type == ETH_P_IPV6 ? PR_FRAME_IP : PR_FRAME_NOT_IP;
}

/* RFC 1661, 2 and RFC 1662, 3.1: address and control may be left out. */
static int ppp_open(struct pr_reader *reader)
{
	uint16_t protocol = pr_read_u16(reader);

	if (protocol == 0xff03)
		protocol = pr_read_u16(reader);
	return protocol == PPP_IP || protocol == PPP_IPV6 ? PR_FRAME_IP : PR_FRAME_NOT_IP;
}

/* A session's frame (RFC 2516, 4): version, code, session, length. */
static int pppoe_open(struct pr_reader *reader)
{
	pr_read_skip(reader, 1 + 1 + 2 + 2);
	return ppp_open(reader);
}

static int ethernet_open(struct pr_reader *reader)
{
	uint16_t type;

	pr_read_skip(reader, 2 * ETH_ALEN);
	type = pr_read_u16(reader);
	for (unsigned int i = 0; i < PR_CAPTURE_VLAN_TAGS_MAX; i++) {
		if (type != ETH_P_8021Q && type != ETH_P_8021AD)
			break;
		pr_read_skip(reader, 2);
		type = pr_read_u16(reader);
	}
	return type == ETH_P_PPP_SES ? pppoe_open(reader) : is_ip(type);
}

/* Attributes of length and type in the byte order of whoever captured; the lengths are small. The packet is the rest
 * of attribute 9. */
static int nflog_open(struct pr_reader *reader)
{
	uint8_t family = pr_read_u8(reader);

	pr_read_skip(reader, 1 + 2);
	while (pr_reader_left(reader) >= NFLOG_ATTRIBUTE_LEN) {
		size_t left = pr_reader_left(reader);
		uint16_t len = pr_read_u16(reader), type = pr_read_u16(reader);

		if ((type & 0xff) == 0) {
			type = __builtin_bswap16(type);
			len = __builtin_bswap16(len);
		}
		if (len < NFLOG_ATTRIBUTE_LEN || len > left)
			return PR_FRAME_NOT_IP;
		if (type == NFLOG_PAYLOAD) {
			reader->len = reader->position + len - NFLOG_ATTRIBUTE_LEN;
			return family == AF_INET || family == AF_INET6 ? PR_FRAME_IP
								       : PR_FRAME_NOT_IP;
		}
		len = (uint16_t)((len + 3u) / 4 * 4);
		pr_read_skip(reader,
			     len > left ? left - NFLOG_ATTRIBUTE_LEN : len - NFLOG_ATTRIBUTE_LEN);
	}
	return PR_FRAME_NOT_IP;
}

static void packet_type(uint16_t type, enum pr_capture_way *ret_way)
{
	*ret_way = type == PACKET_OUTGOING ? PR_CAPTURE_WAY_OUT : PR_CAPTURE_WAY_IN;
}

static int cooked_open(struct pr_reader *reader, enum pr_capture_way *ret_way)
{
	uint16_t type = pr_read_u16(reader);

	pr_read_skip(reader, 2 + 2 + 8);
	packet_type(type, ret_way);
	return is_ip(pr_read_u16(reader));
}

static int cooked2_open(struct pr_reader *reader, enum pr_capture_way *ret_way)
{
	uint16_t protocol = pr_read_u16(reader);

	pr_read_skip(reader, 2 + 4 + 2);
	packet_type(pr_read_u8(reader), ret_way);
	pr_read_skip(reader, 1 + 8);
	return is_ip(protocol);
}

/* The address family in the byte order of whoever captured, and numbered as there: AF_INET is 2
 * everywhere, AF_INET6 is 10, 24, 28 or 30. */
static int loopback_open(struct pr_reader *reader)
{
	uint32_t family = pr_read_u32(reader);

	if (family > 0xffff)
		family = __builtin_bswap32(family);
	return family == 2 || family == 10 || family == 24 || family == 28 || family == 30
		       ? PR_FRAME_IP
		       : PR_FRAME_NOT_IP;
}

int pr_frame_open(uint16_t link_type, struct pr_reader *reader, enum pr_capture_way *ret_way)
{
	int r = PR_FRAME_IP;

	switch (link_type) {
	case LINK_ETHERNET:
		r = ethernet_open(reader);
		break;
	case LINK_PPP:
	case LINK_PPP_HDLC:
		r = ppp_open(reader);
		break;
	case LINK_NFLOG:
		r = nflog_open(reader);
		break;
	case LINK_SLL:
		r = cooked_open(reader, ret_way);
		break;
	case LINK_SLL2:
		r = cooked2_open(reader, ret_way);
		break;
	case LINK_NULL:
	case LINK_LOOP:
		r = loopback_open(reader);
		break;
	case LINK_RAW:
	case LINK_RAW_BSD:
	case LINK_RAW_OPENBSD:
	case LINK_IPV4:
	case LINK_IPV6:
		break;
	default:
		return PR_FRAME_UNKNOWN_LINK;
	}
	return reader->failed ? PR_FRAME_NOT_IP : r;
}

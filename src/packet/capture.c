/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pcap as in draft-ietf-opsawg-pcap, pcapng as in draft-ietf-opsawg-pcapng. Every record is read
 * within the bounds of its own block, and a block's length is checked against the file before
 * anything in it.
 */
#include "packet/capture.h"

#include "packet/frame.h"

#define MAGIC_MICRO	 0xa1b2c3d4u
#define MAGIC_NANO	 0xa1b23c4du
#define MAGIC_BYTE_ORDER 0x1a2b3c4du
#define BLOCK_SECTION	 0x0a0d0d0au
#define BLOCK_INTERFACE	 1u
#define BLOCK_SIMPLE	 3u
#define BLOCK_ENHANCED	 6u
#define OPTION_END	 0
#define OPTION_EPB_FLAGS 2
#define OPTION_TSRESOL	 9
#define OPTION_TSOFFSET	 14
#define MICRO		 1000000u
#define BLOCK_LEN_LEAST	 12
#define NOT_A_PACKET	 (-1) /* within this file: go on with the next record */

static uint16_t read16(const struct pr_capture *capture, struct pr_reader *reader)
{
	uint16_t value = pr_read_u16(reader);

	return capture->little ? __builtin_bswap16(value) : value;
}

static uint32_t read32(const struct pr_capture *capture, struct pr_reader *reader)
{
	uint32_t value = pr_read_u32(reader);

	return capture->little ? __builtin_bswap32(value) : value;
}

static uint64_t to_us(const struct pr_capture_interface *interface, uint64_t units)
{
	uint64_t per_second = interface->units_per_second;
	uint64_t seconds = units / per_second;

	return (seconds + (uint64_t)interface->offset_s) * MICRO +
	       (uint64_t)((double)(units % per_second) * MICRO / (double)per_second);
}

/* Hands out the frame that `reader` holds. */
static int frame(struct pr_capture *capture, uint16_t link_type, struct pr_reader reader,
		 size_t wire_len, struct pr_captured *captured)
{
	size_t len = pr_reader_left(&reader);
	int r = pr_frame_open(link_type, &reader, &captured->way);

	if (r == PR_FRAME_UNKNOWN_LINK) {
		capture->n_unknown_links++;
		return NOT_A_PACKET;
	}
	if (r == PR_FRAME_NOT_IP) {
		capture->n_not_ip++;
		return NOT_A_PACKET;
	}
	captured->len = pr_reader_left(&reader);
	captured->bytes = pr_read_bytes(&reader, captured->len);
	captured->wire_len = captured->len + (wire_len > len ? wire_len - len : 0);
	return PR_CAPTURE_DONE;
}

static int pcap_next(struct pr_capture *capture, struct pr_captured *captured)
{
	struct pr_reader *reader = &capture->reader;
	uint32_t seconds = read32(capture, reader);
	uint32_t units = read32(capture, reader);
	uint32_t len = read32(capture, reader);
	uint32_t wire_len = read32(capture, reader);
	const uint8_t *bytes;

	if (len > PR_CAPTURE_RECORD_MAX)
		return PR_CAPTURE_DAMAGED;
	bytes = pr_read_bytes(reader, len);
	if (!bytes)
		return PR_CAPTURE_DAMAGED;
	captured->number = ++capture->n_records;
	captured->real_us = to_us(&capture->interfaces[0], units) + (uint64_t)seconds * MICRO;
	return frame(capture, capture->interfaces[0].link_type, pr_reader(bytes, len), wire_len,
		     captured);
}

/* The value of an option, or NULL; `reader` stands at the first option. */
static const uint8_t *option_find(const struct pr_capture *capture, struct pr_reader reader,
				  uint16_t wanted, size_t wanted_len)
{
	while (pr_reader_left(&reader) >= 4) {
		uint16_t code = read16(capture, &reader);
		uint16_t len = read16(capture, &reader);
		const uint8_t *value = pr_read_bytes(&reader, len);

		if (!value || code == OPTION_END)
			return NULL;
		if (code == wanted && len == wanted_len)
			return value;
		pr_read_skip(&reader, (4u - len % 4) % 4);
	}
	return NULL;
}

/* Ten to the value's power, or two where its upper bit is set (pcapng, 4.2). */
static uint64_t resolution(uint8_t value)
{
	uint64_t units = 1;

	if (value & 0x80)
		return (value & 0x7f) < 63 ? UINT64_C(1) << (value & 0x7f) : MICRO;
	for (unsigned int i = 0; i < value && value <= 18; i++)
		units *= 10;
	return value <= 18 ? units : MICRO;
}

static void interface_add(struct pr_capture *capture, struct pr_reader body)
{
	struct pr_capture_interface interface = { .units_per_second = MICRO };
	const uint8_t *value;

	interface.link_type = read16(capture, &body);
	pr_read_skip(&body, 2 + 4);
	if (body.failed)
		interface.link_type = UINT16_MAX;
	value = option_find(capture, body, OPTION_TSRESOL, 1);
	if (value)
		interface.units_per_second = resolution(*value);
	value = option_find(capture, body, OPTION_TSOFFSET, 8);
	if (value) {
		struct pr_reader reader = pr_reader(value, 8);
		uint64_t first = read32(capture, &reader), second = read32(capture, &reader);

		interface.offset_s =
			(int64_t)(capture->little ? second << 32 | first : first << 32 | second);
	}
	if (capture->n_interfaces < PR_CAPTURE_INTERFACES_MAX)
		capture->interfaces[capture->n_interfaces] = interface;
	capture->n_interfaces++;
}

static void enhanced_way(const struct pr_capture *capture, struct pr_reader options,
			 struct pr_captured *captured)
{
	const uint8_t *value = option_find(capture, options, OPTION_EPB_FLAGS, 4);
	struct pr_reader reader;
	uint32_t flags;

	if (!value)
		return;
	reader = pr_reader(value, 4);
	flags = read32(capture, &reader);
	if ((flags & 3) == 1)
		captured->way = PR_CAPTURE_WAY_IN;
	else if ((flags & 3) == 2)
		captured->way = PR_CAPTURE_WAY_OUT;
}

static int enhanced_packet(struct pr_capture *capture, struct pr_reader body,
			   struct pr_captured *captured)
{
	uint32_t number = read32(capture, &body);
	uint64_t high = read32(capture, &body);
	uint64_t low = read32(capture, &body);
	uint32_t len = read32(capture, &body);
	uint32_t wire_len = read32(capture, &body);
	const struct pr_capture_interface *interface;
	const uint8_t *bytes = pr_read_bytes(&body, len);

	if (!bytes || len > PR_CAPTURE_RECORD_MAX || number >= capture->n_interfaces)
		return PR_CAPTURE_DAMAGED;
	captured->number = ++capture->n_records;
	if (number >= PR_CAPTURE_INTERFACES_MAX) {
		capture->n_unknown_links++;
		return NOT_A_PACKET;
	}
	interface = &capture->interfaces[number];
	captured->real_us = to_us(interface, high << 32 | low);
	pr_read_skip(&body, (4u - len % 4) % 4);
	enhanced_way(capture, body, captured);
	return frame(capture, interface->link_type, pr_reader(bytes, len), wire_len, captured);
}

/* Of the first interface, without a time; the block's padding may follow the packet. */
static int simple_packet(struct pr_capture *capture, struct pr_reader body,
			 struct pr_captured *captured)
{
	uint32_t wire_len = read32(capture, &body);
	size_t len = pr_reader_left(&body);
	const uint8_t *bytes;

	if (len > wire_len)
		len = wire_len;
	bytes = pr_read_bytes(&body, len);
	if (!bytes || len > PR_CAPTURE_RECORD_MAX || !capture->n_interfaces)
		return PR_CAPTURE_DAMAGED;
	captured->number = ++capture->n_records;
	return frame(capture, capture->interfaces[0].link_type, pr_reader(bytes, len), wire_len,
		     captured);
}

/* A section's header says in which byte order it is, its own length included. */
static bool section_byte_order(struct pr_capture *capture)
{
	struct pr_reader ahead = capture->reader;
	uint32_t magic;

	pr_read_skip(&ahead, 4);
	magic = pr_read_u32(&ahead);
	if (magic != MAGIC_BYTE_ORDER && magic != __builtin_bswap32(MAGIC_BYTE_ORDER))
		return false;
	capture->little = magic != MAGIC_BYTE_ORDER;
	capture->n_interfaces = 0;
	return true;
}

static int pcapng_next(struct pr_capture *capture, struct pr_captured *captured)
{
	struct pr_reader *reader = &capture->reader;
	uint32_t type = read32(capture, reader);
	struct pr_reader body;
	const uint8_t *bytes;
	uint32_t len;

	/* Reads the same in both orders. */
	if (type == BLOCK_SECTION && !section_byte_order(capture))
		return PR_CAPTURE_DAMAGED;
	len = read32(capture, reader);
	if (len < BLOCK_LEN_LEAST || len % 4)
		return PR_CAPTURE_DAMAGED;
	bytes = pr_read_bytes(reader, len - BLOCK_LEN_LEAST);
	if (!bytes || read32(capture, reader) != len || reader->failed)
		return PR_CAPTURE_DAMAGED;
	body = pr_reader(bytes, len - BLOCK_LEN_LEAST);
	if (type == BLOCK_ENHANCED)
		return enhanced_packet(capture, body, captured);
	if (type == BLOCK_SIMPLE)
		return simple_packet(capture, body, captured);
	if (type == BLOCK_INTERFACE)
		interface_add(capture, body);
	return NOT_A_PACKET;
}

int pr_capture_next(struct pr_capture *capture, struct pr_captured *ret_captured)
{
	int r = NOT_A_PACKET;

	while (r == NOT_A_PACKET) {
		struct pr_captured captured = { 0 };

		if (capture->reader.failed)
			return PR_CAPTURE_DAMAGED;
		if (!pr_reader_left(&capture->reader))
			return PR_CAPTURE_END;
		r = capture->pcapng ? pcapng_next(capture, &captured)
				    : pcap_next(capture, &captured);
		if (r == PR_CAPTURE_DONE)
			*ret_captured = captured;
	}
	/* What comes behind damage is not looked at again. */
	if (r == PR_CAPTURE_DAMAGED)
		capture->reader.failed = true;
	return r;
}

static bool pcap_magic(uint32_t magic, struct pr_capture *capture)
{
	if (magic == __builtin_bswap32(MAGIC_MICRO) || magic == __builtin_bswap32(MAGIC_NANO)) {
		capture->little = true;
		magic = __builtin_bswap32(magic);
	}
	capture->interfaces[0].units_per_second =
		magic == MAGIC_NANO ? MICRO * UINT64_C(1000) : MICRO;
	return magic == MAGIC_MICRO || magic == MAGIC_NANO;
}

int pr_capture_open(const void *bytes, size_t len, struct pr_capture *ret_capture)
{
	struct pr_capture capture = { .reader = pr_reader(bytes, len) };
	uint32_t magic = pr_read_u32(&capture.reader);

	if (capture.reader.failed)
		return PR_CAPTURE_UNKNOWN;
	if (magic == BLOCK_SECTION) {
		capture.pcapng = true;
		if (!section_byte_order(&capture))
			return PR_CAPTURE_UNKNOWN;
		capture.reader.position = 0;
		*ret_capture = capture;
		return PR_CAPTURE_DONE;
	}
	if (!pcap_magic(magic, &capture))
		return PR_CAPTURE_UNKNOWN;
	pr_read_skip(&capture.reader, 2 + 2 + 4 + 4 + 4);
	/* The upper bits tell of a frame check sequence. */
	capture.interfaces[0].link_type = (uint16_t)read32(&capture, &capture.reader);
	capture.n_interfaces = 1;
	if (capture.reader.failed)
		return PR_CAPTURE_UNKNOWN;
	*ret_capture = capture;
	return PR_CAPTURE_DONE;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet/capture.h"

#include "unit.h"

#include <string.h>

struct file {
	uint8_t bytes[4096];
	struct pr_writer writer;
	bool little;
};

static void begin(struct file *file, bool little)
{
	file->writer = pr_writer(file->bytes, sizeof(file->bytes));
	file->little = little;
}

static void put16(struct file *file, uint16_t value)
{
	pr_write_u16(&file->writer, file->little ? __builtin_bswap16(value) : value);
}

static void put32(struct file *file, uint32_t value)
{
	pr_write_u32(&file->writer, file->little ? __builtin_bswap32(value) : value);
}

static void pcap_begin(struct file *file, bool little, uint32_t magic, uint16_t link_type)
{
	begin(file, little);
	put32(file, magic);
	put16(file, 2);
	put16(file, 4);
	put32(file, 0);
	put32(file, 0);
	put32(file, 65535);
	put32(file, link_type);
}

static void pcap_record(struct file *file, uint32_t units, const void *frame, uint32_t len,
			uint32_t wire_len)
{
	put32(file, 1000);
	put32(file, units);
	put32(file, len);
	put32(file, wire_len);
	pr_write_bytes(&file->writer, frame, len);
}

static void block(struct file *file, uint32_t type, const void *body, uint32_t len)
{
	uint32_t padded = (len + 3) / 4 * 4;

	put32(file, type);
	put32(file, 12 + padded);
	pr_write_bytes(&file->writer, body, len);
	pr_write_bytes(&file->writer, "\0\0\0", padded - len);
	put32(file, 12 + padded);
}

static struct pr_capture opened(const struct file *file)
{
	struct pr_capture capture;

	assert_int_equal(pr_capture_open(file->bytes, file->writer.position, &capture), 0);
	return capture;
}

static struct pr_captured expect(struct pr_capture *capture, const char *ip)
{
	struct pr_captured captured;

	assert_int_equal(pr_capture_next(capture, &captured), PR_CAPTURE_DONE);
	assert_int_equal(captured.len, strlen(ip));
	assert_memory_equal(captured.bytes, ip, captured.len);
	return captured;
}

static void expect_outcome(struct pr_capture *capture, int outcome)
{
	struct pr_captured captured;

	assert_int_equal(pr_capture_next(capture, &captured), outcome);
	assert_int_equal(pr_capture_next(capture, &captured), outcome);
}

static void reads_pcap_of_both_orders_and_resolutions(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct pr_captured captured;
		struct pr_capture capture;
		struct file file;

		pcap_begin(&file, i & 1, i & 2 ? 0xa1b23c4d : 0xa1b2c3d4, 101);
		pcap_record(&file, i & 2 ? 5000 : 5, "packet", 6, 60);
		capture = opened(&file);
		captured = expect(&capture, "packet");
		assert_int_equal(captured.real_us, UINT64_C(1000000005));
		assert_int_equal(captured.wire_len, 60);
		assert_int_equal(captured.number, 1);
		expect_outcome(&capture, PR_CAPTURE_END);
	}
}

static void check_link(uint16_t link_type, const char *head, size_t head_len,
		       enum pr_capture_way way)
{
	struct pr_capture capture;
	uint8_t frame[64];
	struct file file;

	memcpy(frame, head, head_len);
	memcpy(frame + head_len, "IP", 2);
	pcap_begin(&file, true, 0xa1b2c3d4, link_type);
	pcap_record(&file, 0, frame, (uint32_t)head_len + 2, (uint32_t)head_len + 2);
	capture = opened(&file);
	assert_int_equal(expect(&capture, "IP").way, way);
}

#define LINK(head) head, sizeof(head) - 1

static void takes_the_link_layer_off(void **state)
{
	(void)state;
	check_link(101, LINK(""), PR_CAPTURE_WAY_UNKNOWN);
	check_link(1, LINK("ddddddssssss\x08\x00"), PR_CAPTURE_WAY_UNKNOWN);
	check_link(1, LINK("ddddddssssss\x81\x00\x00\x05\x86\xdd"), PR_CAPTURE_WAY_UNKNOWN);
	check_link(1, LINK("ddddddssssss\x88\xa8\x00\x05\x81\x00\x00\x06\x08\x00"),
		   PR_CAPTURE_WAY_UNKNOWN);
	check_link(1, LINK("ddddddssssss\x88\x64\x11\0\0\1\0\4\0\x21"), PR_CAPTURE_WAY_UNKNOWN);
	check_link(9, LINK("\0\x57"), PR_CAPTURE_WAY_UNKNOWN);
	check_link(50, LINK("\xff\3\0\x21"), PR_CAPTURE_WAY_UNKNOWN);
	check_link(239,
		   LINK("\2\0\0\5\7\0\x0a\0"
			"abc\0\6\0\x09\0"),
		   PR_CAPTURE_WAY_UNKNOWN);
	check_link(239, LINK("\x0a\0\0\5\0\6\0\x09"), PR_CAPTURE_WAY_UNKNOWN);
	check_link(113, LINK("\0\4\0\1\0\6aaaaaaaa\x08\x00"), PR_CAPTURE_WAY_OUT);
	check_link(113, LINK("\0\0\0\1\0\6aaaaaaaa\x86\xdd"), PR_CAPTURE_WAY_IN);
	check_link(276, LINK("\x08\x00\0\0\0\0\0\2\0\1\4\6aaaaaaaa"), PR_CAPTURE_WAY_OUT);
	check_link(0, LINK("\2\0\0\0"), PR_CAPTURE_WAY_UNKNOWN);
	check_link(0, LINK("\0\0\0\x1e"), PR_CAPTURE_WAY_UNKNOWN);
	check_link(108, LINK("\0\0\0\2"), PR_CAPTURE_WAY_UNKNOWN);
}

static void passes_over_what_is_not_ip(void **state)
{
	struct pr_capture capture;
	struct file file;

	(void)state;
	pcap_begin(&file, true, 0xa1b2c3d4, 1);
	pcap_record(&file, 0, "ddddddssssss\x08\x06arp", 17, 17);
	pcap_record(&file, 0, "short", 5, 60);
	pcap_record(&file, 0, "ddddddssssss\x08\x00IP", 16, 16);
	capture = opened(&file);
	assert_int_equal(expect(&capture, "IP").number, 3);
	assert_int_equal(capture.n_not_ip, 2);
	pcap_begin(&file, true, 0xa1b2c3d4, 147);
	pcap_record(&file, 0, "x", 1, 1);
	capture = opened(&file);
	expect_outcome(&capture, PR_CAPTURE_END);
	assert_int_equal(capture.n_unknown_links, 1);
}

static void damage_ends_the_reading(void **state)
{
	struct pr_capture capture;
	struct file file;

	(void)state;
	pcap_begin(&file, true, 0xa1b2c3d4, 101);
	pcap_record(&file, 0, "one", 3, 3);
	pcap_record(&file, 0, "two", 3, 3);
	file.writer.position--;
	capture = opened(&file);
	(void)expect(&capture, "one");
	expect_outcome(&capture, PR_CAPTURE_DAMAGED);
	assert_int_equal(pr_capture_open("\xa1\xb2\xc3\xd4 short", 10, &capture),
			 PR_CAPTURE_UNKNOWN);
	assert_int_equal(pr_capture_open("GET / HTTP/1.1\r\n\r\n", 18, &capture),
			 PR_CAPTURE_UNKNOWN);
	assert_int_equal(pr_capture_open("", 0, &capture), PR_CAPTURE_UNKNOWN);
}

static void section(struct file *file)
{
	struct file body;

	begin(&body, file->little);
	put32(&body, 0x1a2b3c4d);
	put16(&body, 1);
	put16(&body, 0);
	put32(&body, 0xffffffff);
	put32(&body, 0xffffffff);
	block(file, 0x0a0d0d0a, body.bytes, (uint32_t)body.writer.position);
}

static void interface(struct file *file, uint16_t link_type, uint8_t tsresol, uint32_t offset_s)
{
	struct file body;

	begin(&body, file->little);
	put16(&body, link_type);
	put16(&body, 0);
	put32(&body, 65535);
	put16(&body, 9);
	put16(&body, 1);
	pr_write_bytes(&body.writer, (uint8_t[]){ tsresol, 0, 0, 0 }, 4);
	put16(&body, 14);
	put16(&body, 8);
	put32(&body, file->little ? offset_s : 0);
	put32(&body, file->little ? 0 : offset_s);
	put32(&body, 0);
	block(file, 1, body.bytes, (uint32_t)body.writer.position);
}

static void enhanced(struct file *file, uint32_t interface_number, uint64_t units,
		     const char *packet, uint32_t flags)
{
	uint32_t len = (uint32_t)strlen(packet);
	struct file body;

	begin(&body, file->little);
	put32(&body, interface_number);
	put32(&body, (uint32_t)(units >> 32));
	put32(&body, (uint32_t)units);
	put32(&body, len);
	put32(&body, len);
	pr_write_bytes(&body.writer, packet, len);
	pr_write_bytes(&body.writer, "\0\0\0", (4 - len % 4) % 4);
	put16(&body, 2);
	put16(&body, 4);
	put32(&body, flags);
	put32(&body, 0);
	block(file, 6, body.bytes, (uint32_t)body.writer.position);
}

static void reads_pcapng_of_both_orders(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct pr_captured captured;
		struct pr_capture capture;
		struct file file;

		begin(&file, i);
		section(&file);
		interface(&file, 101, 9, 7);
		interface(&file, 101, 0x80 | 10, 0);
		block(&file, 0xbad, "whatever", 8);
		enhanced(&file, 0, UINT64_C(5000001000), "first", 1);
		enhanced(&file, 1, 2048 + 512, "second", 2);
		block(&file, 3, "\x03\0\0\0abc", 7);
		if (!file.little)
			memcpy(file.bytes + file.writer.position - 12, "\0\0\0\3", 4);
		/* Another section forgets the interfaces of the one before. */
		section(&file);
		enhanced(&file, 0, 0, "third", 0);
		capture = opened(&file);
		captured = expect(&capture, "first");
		assert_int_equal(captured.real_us, 12000001);
		assert_int_equal(captured.way, PR_CAPTURE_WAY_IN);
		captured = expect(&capture, "second");
		assert_int_equal(captured.real_us, 2500000);
		assert_int_equal(captured.way, PR_CAPTURE_WAY_OUT);
		captured = expect(&capture, "abc");
		assert_int_equal(captured.real_us, 0);
		assert_int_equal(captured.number, 3);
		expect_outcome(&capture, PR_CAPTURE_DAMAGED);
	}
}

static void lying_blocks_are_damage(void **state)
{
	static const uint32_t lengths[] = { 0, 8, 11, 13, 0x7ffffffc, 0xfffffffc };

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(lengths); i++) {
		struct pr_capture capture;
		struct file file;

		begin(&file, true);
		section(&file);
		put32(&file, 6);
		put32(&file, lengths[i]);
		put32(&file, 0);
		capture = opened(&file);
		expect_outcome(&capture, PR_CAPTURE_DAMAGED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_pcap_of_both_orders_and_resolutions),
		cmocka_unit_test(takes_the_link_layer_off),
		cmocka_unit_test(passes_over_what_is_not_ip),
		cmocka_unit_test(damage_ends_the_reading),
		cmocka_unit_test(reads_pcapng_of_both_orders),
		cmocka_unit_test(lying_blocks_are_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/message.h"
#include "dns/reply.h"
#include "dns/reverse.h"

#include "dns_build.h"
#include "unit.h"

#include <string.h>

static struct built built;

static int parse(struct pr_dns_question *question)
{
	return pr_dns_parse_question(built.bytes, built.writer.position, question);
}

static void reads_a_question(void **state)
{
	struct pr_dns_question question;

	(void)state;
	built_question(&built, PR_DNS_FLAG_RD | PR_DNS_FLAG_CD, "WwW.ExAmple.com", PR_DNS_TYPE_AAAA,
		       4096, true);
	assert_int_equal(parse(&question), 0);
	assert_int_equal(question.id, 0x1234);
	assert_int_equal(question.type, PR_DNS_TYPE_AAAA);
	assert_string_equal(question.name, "www.example.com");
	assert_memory_equal(question.name_as_asked.wire, "\3WwW\7ExAmple\3com", 17);
	assert_true(question.has_edns && question.dnssec_ok);
	assert_int_equal(question.udp_size, 4096);
	built_question(&built, PR_DNS_FLAG_RD, ".", PR_DNS_TYPE_NS, 0, false);
	assert_int_equal(parse(&question), 0);
	assert_string_equal(question.name, "");
	assert_int_equal(question.udp_size, PR_DNS_UDP_MIN);
	/* a size below 512 is 512 (RFC 6891, 6.2.5) */
	built_question(&built, PR_DNS_FLAG_RD, "a", PR_DNS_TYPE_A, 100, false);
	assert_int_equal(parse(&question), 0);
	assert_int_equal(question.udp_size, PR_DNS_UDP_MIN);
}

static void refuses_what_is_no_question(void **state)
{
	struct pr_dns_question question = { .type = 77 };

	(void)state;
	assert_int_equal(pr_dns_parse_question((const uint8_t *)"\0\1\2", 3, &question),
			 PR_DNS_QUESTION_IGNORE);
	built_question(&built, PR_DNS_FLAG_QR, "a.b", PR_DNS_TYPE_A, 0, false);
	assert_int_equal(parse(&question), PR_DNS_QUESTION_IGNORE);
	built_question(&built, 5 << 11, "a.b", PR_DNS_TYPE_SOA, 0, false); /* UPDATE */
	assert_int_equal(parse(&question), PR_DNS_QUESTION_OPCODE);
	built_question(&built, 0, "a.b", PR_DNS_TYPE_AXFR, 0, false);
	assert_int_equal(parse(&question), PR_DNS_QUESTION_REFUSED);
	built_question(&built, 0, "a.b", PR_DNS_TYPE_A, 0, false);
	built.bytes[5] = 2; /* two questions */
	assert_int_equal(parse(&question), PR_DNS_QUESTION_MALFORMED);
	built_question(&built, 0, "a.b", PR_DNS_TYPE_A, 0, false);
	pr_write_u8(&built.writer, 0); /* something behind it */
	assert_int_equal(parse(&question), PR_DNS_QUESTION_MALFORMED);
	built_question(&built, 0, "a.b", PR_DNS_TYPE_A, 1232, false);
	built.writer.position--; /* cut */
	assert_int_equal(parse(&question), PR_DNS_QUESTION_MALFORMED);
	built_question(&built, 0, "a.b", PR_DNS_TYPE_A, 1232, false);
	built.bytes[built.writer.position - 5] = 1; /* EDNS version 1 */
	assert_int_equal(parse(&question), PR_DNS_QUESTION_VERSION);
	built_question(&built, 0, "a.b", PR_DNS_TYPE_A, 0, false);
	built.bytes[built.writer.position - 1] = 3; /* CHAOS */
	assert_int_equal(parse(&question), PR_DNS_QUESTION_REFUSED);
	assert_int_equal(question.type, 77); /* untouched */
}

static void compression_leads_backwards_only(void **state)
{
	static const uint8_t loop[] = { 1, 'a', 0xc0, 0 }, forward[] = { 0xc0, 2, 1, 'a', 0 };
	static const uint8_t self[] = { 0xc0, 0 }, fine[] = { 1, 'a', 0, 1, 'b', 0xc0, 0 };
	struct pr_reader reader = pr_reader(loop, sizeof(loop));
	struct pr_dns_name name;
	char text[PR_NAME_TEXT_SIZE];

	(void)state;
	assert_false(pr_dns_read_name(&reader, &name));
	assert_true(reader.failed);
	reader = pr_reader(forward, sizeof(forward));
	assert_false(pr_dns_read_name(&reader, &name));
	reader = pr_reader(self, sizeof(self));
	assert_false(pr_dns_read_name(&reader, &name));
	reader = pr_reader(fine, sizeof(fine));
	reader.position = 3;
	assert_true(pr_dns_read_name(&reader, &name));
	assert_int_equal(reader.position, sizeof(fine));
	assert_string_equal(pr_dns_name_text(&name, text), "b.a");
}

/* Each pointer leads backwards, to the next pointer: as many as a name may have labels, and no more. */
static void pointers_are_counted(void **state)
{
	uint8_t bytes[2 + 2 * (PR_DNS_POINTERS_MAX + 1)] = { 0 };
	struct pr_dns_name name;

	(void)state;
	for (unsigned int i = 1; i < sizeof(bytes) / 2; i++) {
		struct pr_reader reader = pr_reader(bytes, sizeof(bytes));

		bytes[2 * i] = 0xc0;
		bytes[2 * i + 1] = (uint8_t)(2 * (i - 1));
		reader.position = 2 * i;
		assert_int_equal(pr_dns_read_name(&reader, &name), i <= PR_DNS_POINTERS_MAX);
		assert_true(reader.failed || reader.position == 2 * i + 2);
	}
}

static void names_have_limits(void **state)
{
	struct pr_dns_name name, back;
	char text[PR_NAME_TEXT_SIZE], longest[300] = "";

	(void)state;
	/* 3 × 63 and 61: 255 bytes on the wire; one more is too long */
	for (int i = 0; i < 254; i++)
		longest[i] = i % 64 == 63 ? '.' : 'x';
	longest[253] = '\0';
	assert_int_equal(pr_dns_name_from_text(longest, &name), 0);
	assert_int_equal(name.len, PR_DNS_NAME_MAX);
	longest[253] = 'x';
	assert_int_equal(pr_dns_name_from_text(longest, &name), -EINVAL);
	assert_int_equal(pr_dns_name_from_text("a..b", &name), -EINVAL);
	assert_int_equal(pr_dns_name_from_text(".a", &name), -EINVAL);
	assert_int_equal(pr_dns_name_from_text("..", &name), -EINVAL);
	assert_int_equal(pr_dns_name_from_text("a\\25", &name), -EINVAL);
	assert_int_equal(pr_dns_name_from_text("a\\", &name), -EINVAL);
	assert_int_equal(pr_dns_name_from_text("A\\.b\\000.c.", &name), 0);
	assert_int_equal(name.len, 8);
	assert_string_equal(pr_dns_name_text(&name, text), "a\\046b\\000.c");
	assert_int_equal(pr_dns_name_from_text(text, &back), 0);
	assert_true(pr_dns_name_equal(&name, &back));
}

static void errors_repeat_what_was_asked(void **state)
{
	uint8_t reply[PR_DNS_REPLY_MAX];
	size_t len;

	(void)state;
	built_question(&built, PR_DNS_FLAG_RD, "a.b", PR_DNS_TYPE_A, 1232, false);
	built.bytes[built.writer.position - 5] = 1;
	len = pr_dns_write_error(built.bytes, built.writer.position, PR_DNS_QUESTION_VERSION, reply,
				 sizeof(reply));
	assert_int_equal(len, built.writer.position);
	assert_memory_equal(reply, "\x12\x34\x81\0\0\1\0\0\0\0\0\1\1a\1b\0\0\1\0\1", 21);
	assert_int_equal(reply[len - 6], 1); /* BADVERS: the upper bits */
	built_question(&built, 4 << 11, "a.b", PR_DNS_TYPE_A, 0, false);
	len = pr_dns_write_error(built.bytes, built.writer.position, PR_DNS_QUESTION_OPCODE, reply,
				 sizeof(reply));
	assert_int_equal(len, PR_DNS_HEADER_LEN);
	assert_memory_equal(reply, "\x12\x34\xa0\4\0\0", 6);
	/* a zone transfer that was rerouted to us: extended error 21, with words */
	built_question(&built, 0, "a.b", 252, 1232, false);
	len = pr_dns_write_error(built.bytes, built.writer.position, PR_DNS_QUESTION_REFUSED, reply,
				 sizeof(reply));
	assert_true(len > built.writer.position + 6);
	assert_memory_equal(reply, "\x12\x34\x80\5", 4);
	assert_memory_equal(&reply[built.writer.position], "\0\17", 2);
	assert_memory_equal(&reply[built.writer.position + 4], "\0\25Portreeve", 11);
	assert_int_equal(pr_dns_write_error((const uint8_t *)"\1", 1, PR_DNS_QUESTION_IGNORE, reply,
					    sizeof(reply)),
			 0);
}

static void denials(void **state)
{
	struct pr_dns_question question;
	uint8_t reply[PR_DNS_REPLY_MAX];
	char longest[254], text[300];
	size_t len;

	(void)state;
	built_question(&built, PR_DNS_FLAG_RD, "a.b", PR_DNS_TYPE_AAAA, 0, false);
	assert_int_equal(parse(&question), 0);
	len = pr_dns_write_denial(&question, PR_DNS_DENIAL_ZERO, PR_DNS_EDE_BLOCKED, "why", reply,
				  sizeof(reply));
	assert_int_equal(len, 12 + 9 + 12 + 16);
	assert_int_equal(reply[3] & PR_DNS_RCODE_MASK, PR_DNS_RCODE_NOERROR);
	assert_int_equal(reply[7], 1);
	assert_int_equal(reply[11], 0); /* no EDNS, no OPT */
	len = pr_dns_write_denial(&question, PR_DNS_DENIAL_REFUSED, PR_DNS_EDE_BLOCKED, "why",
				  reply, sizeof(reply));
	assert_int_equal(len, 12 + 9);
	assert_int_equal(reply[3] & PR_DNS_RCODE_MASK, PR_DNS_RCODE_REFUSED);
	len = pr_dns_write_denial(&question, PR_DNS_DENIAL_NODATA, PR_DNS_EDE_BLOCKED, "why", reply,
				  sizeof(reply));
	assert_int_equal(reply[3] & PR_DNS_RCODE_MASK, PR_DNS_RCODE_NOERROR);
	assert_int_equal(reply[7], 0);
	assert_int_equal(reply[9], 1); /* the SOA: it can be kept */
	/* the longest one still fits 512 bytes */
	for (int i = 0; i < 253; i++)
		longest[i] = i % 64 == 63 ? '.' : 'x';
	longest[253] = '\0';
	memset(text, 't', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	built_question(&built, PR_DNS_FLAG_RD, longest, PR_DNS_TYPE_A, 512, true);
	assert_int_equal(parse(&question), 0);
	len = pr_dns_write_denial(&question, PR_DNS_DENIAL_NXDOMAIN, PR_DNS_EDE_BLOCKED, text,
				  reply, sizeof(reply));
	assert_in_range(len, 400, PR_DNS_UDP_MIN);
	assert_int_equal(reply[3] & PR_DNS_RCODE_MASK, PR_DNS_RCODE_NXDOMAIN);
	assert_int_equal(reply[9], 1); /* the SOA */
}

static void answers_of_our_own(void **state)
{
	static const uint8_t v4[4] = { 198, 18, 0, 7 };
	static const uint8_t v6[16] = { 0x20, 1, 0, 2, 0, 0, 0, 0x17, 0, 0, 0, 0, 0, 0, 0, 7 };
	struct pr_address four = pr_address_v4(v4), six = pr_address_v6(v6);
	struct pr_dns_question question;
	uint8_t reply[PR_DNS_REPLY_MAX];
	struct pr_dns_name name;
	size_t len;

	(void)state;
	built_question(&built, PR_DNS_FLAG_RD, "A.b", PR_DNS_TYPE_A, 0, false);
	assert_int_equal(parse(&question), 0);
	len = pr_dns_write_address(&question, &four, 60, PR_DNS_EDE_SYNTHESIZED, "why", reply,
				   sizeof(reply));
	assert_int_equal(len, 12 + 9 + 12 + 4);
	assert_memory_equal(reply, "\x12\x34\x81\x80\0\1\0\1\0\0\0\0", 12);
	assert_memory_equal(&reply[12], "\1A\1b\0\0\1\0\1", 9); /* as it was asked */
	assert_memory_equal(&reply[21], "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc6\x12\0\7", 16);
	built_question(&built, PR_DNS_FLAG_RD, "a.b", PR_DNS_TYPE_AAAA, 1232, true);
	assert_int_equal(parse(&question), 0);
	len = pr_dns_write_address(&question, &six, 60, PR_DNS_EDE_SYNTHESIZED, "why", reply,
				   sizeof(reply));
	assert_int_equal(len, 12 + 9 + 12 + 16 + 11 + 6 + 3);
	assert_memory_equal(&reply[21], "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10", 12);
	assert_memory_equal(&reply[33], v6, 16);
	/* OPT: DO as it was asked, and why (RFC 8914) */
	assert_memory_equal(&reply[49], "\0\0\x29\4\xd0\0\0\x80\0\0\x09\0\x0f\0\5\0\x1dwhy", 20);
	built_question(&built, PR_DNS_FLAG_RD, "7.0.18.198.in-addr.arpa", PR_DNS_TYPE_PTR, 0,
		       false);
	assert_int_equal(parse(&question), 0);
	assert_int_equal(pr_dns_name_from_text("a.example", &name), 0);
	len = pr_dns_write_pointer(&question, &name, 60, PR_DNS_EDE_NONE, NULL, reply,
				   sizeof(reply));
	assert_int_equal(len, 12 + 29 + 12 + 11);
	assert_memory_equal(&reply[len - 11], "\1a\7example", 11);
}

static bool is_reverse_of(const char *name, const char *address)
{
	char text[PR_ADDRESS_TEXT_SIZE];
	struct pr_address read;

	return pr_dns_reverse_address(name, &read) &&
	       strcmp(pr_address_format(&read, text), address) == 0;
}

static void names_of_addresses(void **state)
{
	static const char *const none[] = { "",
					    "in-addr.arpa",
					    "0.18.198.in-addr.arpa",
					    "1.7.0.18.198.in-addr.arpa",
					    "07.0.18.198.in-addr.arpa",
					    "256.0.18.198.in-addr.arpa",
					    "7.0.18.198.in-addr.arpa.example",
					    "7.0.18.198.ip6.arpa",
					    "a.0.18.198.in-addr.arpa",
					    "7..18.198.in-addr.arpa",
					    "0.0.2.ip6.arpa" };
	struct pr_address address;

	(void)state;
	assert_true(is_reverse_of("7.0.18.198.in-addr.arpa", "198.18.0.7"));
	assert_true(is_reverse_of("255.10.100.0.in-addr.arpa", "0.100.10.255"));
	assert_true(is_reverse_of("7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.1.0.0.0.0.0.0.2.0.0.0.1.0.0.2"
				  ".ip6.arpa",
				  "2001:2:0:17::7"));
	for (size_t i = 0; i < PR_ARRAY_SIZE(none); i++)
		assert_false(pr_dns_reverse_address(none[i], &address));
	/* of an IPv4 address there is one name */
	assert_false(pr_dns_reverse_address("7.0.0.0.2.1.6.c.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
					    ".0.0.0.0.0.ip6.arpa",
					    &address));
}

static void types_have_texts(void **state)
{
	char text[PR_DNS_TYPE_TEXT_SIZE];
	uint16_t type;

	(void)state;
	assert_string_equal(pr_dns_type_text(PR_DNS_TYPE_HTTPS, text), "HTTPS");
	assert_string_equal(pr_dns_type_text(65280, text), "TYPE65280");
	assert_int_equal(pr_dns_type_parse("aaaa", &type), 0);
	assert_int_equal(type, PR_DNS_TYPE_AAAA);
	assert_int_equal(pr_dns_type_parse("type64", &type), 0);
	assert_int_equal(type, PR_DNS_TYPE_SVCB);
	assert_int_equal(pr_dns_type_parse("TYPE65536", &type), -EINVAL);
	assert_int_equal(pr_dns_type_parse("TYPE", &type), -EINVAL);
	assert_int_equal(pr_dns_type_parse("BOGUS", &type), -EINVAL);
}

static void writes_a_question(void **state)
{
	uint8_t bytes[PR_DNS_HEADER_LEN + PR_DNS_NAME_MAX + 15];
	struct pr_dns_question question;
	size_t len = pr_dns_write_question(7, "a.b", PR_DNS_TYPE_MX, PR_DNS_FLAG_CD, true, bytes,
					   sizeof(bytes));

	(void)state;
	assert_int_equal(pr_dns_parse_question(bytes, len, &question), 0);
	assert_int_equal(question.id, 7);
	assert_true(question.dnssec_ok);
	assert_int_equal(question.flags, PR_DNS_FLAG_RD | PR_DNS_FLAG_CD);
	assert_int_equal(pr_dns_write_question(7, "a..b", 1, 0, true, bytes, sizeof(bytes)), 0);
	assert_int_equal(pr_dns_write_question(7, "a.b", 1, 0, true, bytes, 20), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_question),
		cmocka_unit_test(refuses_what_is_no_question),
		cmocka_unit_test(compression_leads_backwards_only),
		cmocka_unit_test(pointers_are_counted),
		cmocka_unit_test(names_have_limits),
		cmocka_unit_test(errors_repeat_what_was_asked),
		cmocka_unit_test(denials),
		cmocka_unit_test(answers_of_our_own),
		cmocka_unit_test(names_of_addresses),
		cmocka_unit_test(types_have_texts),
		cmocka_unit_test(writes_a_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/answer.h"

#include "dns_build.h"
#include "unit.h"

#include <string.h>

#define ANSWER	   (PR_DNS_FLAG_QR | PR_DNS_FLAG_RD | PR_DNS_FLAG_RA)
#define DENIED_NET "192.0.2."

static struct built asked, upstream;
static struct pr_dns_question question;
static struct pr_dns_facts facts;
static uint8_t reply[PR_DNS_MESSAGE_MAX];
static size_t reply_len;
static unsigned int n_given;

static bool permits(void *context, const struct pr_address *address)
{
	char text[PR_ADDRESS_TEXT_SIZE];

	(void)context;
	return strncmp(pr_address_format(address, text), DENIED_NET, strlen(DENIED_NET)) != 0;
}

static bool permits_target(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "denied.example") != 0;
}

static void given(void *context, const struct pr_address *address, uint32_t ttl_s)
{
	(void)context;
	(void)address;
	(void)ttl_s;
	n_given++;
}

static void ask(const char *name, uint16_t type, uint16_t udp_size, bool dnssec_ok)
{
	built_question(&asked, PR_DNS_FLAG_RD, name, type, udp_size, dnssec_ok);
	assert_int_equal(pr_dns_parse_question(asked.bytes, asked.writer.position, &question), 0);
	built_begin(&upstream, ANSWER, question.name[0] ? question.name : ".", type);
}

static int read_facts(void)
{
	return pr_dns_read_facts(&question, upstream.bytes, upstream.writer.position, &facts);
}

static int filter(size_t limit)
{
	const struct pr_dns_judge judge = { NULL, permits, permits_target, given };

	n_given = 0;
	assert_int_equal(read_facts(), 0);
	return pr_dns_filter(&question, &facts, upstream.bytes, upstream.writer.position, &judge,
			     limit, reply, sizeof(reply), &reply_len);
}

static unsigned int count(unsigned int section)
{
	return (unsigned int)(reply[6 + 2 * section] << 8 | reply[7 + 2 * section]);
}

/* Every record of the reply can be read, and nothing stands behind. */
static void assert_whole(void)
{
	struct pr_reader reader = pr_reader(reply, reply_len);
	struct pr_dns_record record;
	struct pr_dns_name name;

	reader.position = PR_DNS_HEADER_LEN;
	assert_true(pr_dns_read_name(&reader, &name));
	assert_memory_equal(name.wire, question.name_as_asked.wire, name.len);
	pr_read_skip(&reader, 4);
	for (unsigned int i = count(0) + count(1) + count(2); i > 0; i--)
		assert_true(pr_dns_read_record(&reader, &record));
	assert_int_equal(pr_reader_left(&reader), 0);
}

static void follows_the_chain(void **state)
{
	(void)state;
	ask("www.Example", PR_DNS_TYPE_A, 1232, false);
	/* not in order */
	built_address(&upstream, 0, "c.example", "198.51.100.1");
	built_cname(&upstream, "b.example", "C.example");
	built_cname(&upstream, "www.example", "b.example");
	assert_int_equal(read_facts(), 0);
	assert_int_equal(facts.n_names, 3);
	assert_string_equal(facts.names[0], "www.example");
	assert_string_equal(facts.names[1], "b.example");
	assert_string_equal(facts.names[2], "c.example");
	assert_true(facts.has_addresses);
	assert_int_equal(facts.min_ttl_s, 60);
	assert_int_equal(filter(1232), 0);
	assert_int_equal(count(0), 3);
	assert_int_equal(n_given, 1);
	assert_whole();
}

static void refuses_loops_and_strangers(void **state)
{
	char name[20], next[20];

	(void)state;
	ask("a.example", PR_DNS_TYPE_A, 1232, false);
	built_cname(&upstream, "a.example", "b.example");
	built_cname(&upstream, "b.example", "a.example");
	assert_int_equal(read_facts(), PR_DNS_ANSWER_CHAIN);
	ask("0.example", PR_DNS_TYPE_A, 1232, false);
	for (int i = 0; i < PR_DNS_CHAIN_MAX; i++) {
		snprintf(name, sizeof(name), "%d.example", i);
		snprintf(next, sizeof(next), "%d.example", i + 1);
		if (i == PR_DNS_CHAIN_MAX - 1)
			assert_int_equal(read_facts(), 0);
		built_cname(&upstream, name, next);
	}
	assert_int_equal(read_facts(), PR_DNS_ANSWER_CHAIN);
	/* aliases that lead nowhere: as many as are looked through for each step, and one more */
	ask("a.example", PR_DNS_TYPE_A, 1232, false);
	for (int i = 0; i < PR_DNS_ALIASES_MAX; i++)
		built_cname(&upstream, i == PR_DNS_ALIASES_MAX - 1 ? "a.example" : "x.example",
			    "b.example");
	assert_int_equal(read_facts(), 0);
	assert_int_equal(facts.n_names, 2);
	built_cname(&upstream, "x.example", "b.example");
	assert_int_equal(read_facts(), PR_DNS_ANSWER_CHAIN);
	/* the answer to something else */
	ask("a.example", PR_DNS_TYPE_A, 1232, false);
	built_begin(&upstream, ANSWER, "b.example", PR_DNS_TYPE_A);
	assert_int_equal(read_facts(), PR_DNS_ANSWER_MALFORMED);
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_AAAA);
	assert_int_equal(read_facts(), PR_DNS_ANSWER_MALFORMED);
	built_begin(&upstream, 0, "a.example", PR_DNS_TYPE_A);
	assert_int_equal(read_facts(), PR_DNS_ANSWER_MALFORMED);
	/* lying counts and lengths */
	built_begin(&upstream, ANSWER, "a.example", PR_DNS_TYPE_A);
	built_address(&upstream, 0, "a.example", "198.51.100.1");
	upstream.bytes[7] = 2;
	assert_int_equal(read_facts(), PR_DNS_ANSWER_MALFORMED);
	upstream.bytes[7] = 1;
	upstream.writer.position--;
	assert_int_equal(read_facts(), PR_DNS_ANSWER_MALFORMED);
}

static void leaves_out_denied_addresses(void **state)
{
	(void)state;
	ask("a.example", PR_DNS_TYPE_A, 1232, false);
	built_address(&upstream, 0, "a.example", "192.0.2.1");
	built_address(&upstream, 0, "a.example", "198.51.100.1");
	built_address(&upstream, 0, "stranger.example", "198.51.100.2");
	built_address(&upstream, 2, "a.example", "198.51.100.3");
	assert_int_equal(filter(1232), 0);
	assert_int_equal(count(0), 1);
	assert_int_equal(count(2), 1); /* OPT */
	assert_int_equal(n_given, 1);
	assert_whole();
	ask("a.example", PR_DNS_TYPE_A, 1232, false);
	built_address(&upstream, 0, "a.example", "192.0.2.1");
	assert_int_equal(filter(1232), PR_DNS_ANSWER_DENIED);
	/* an IPv4-mapped address is the IPv4 address */
	ask("a.example", PR_DNS_TYPE_AAAA, 1232, false);
	built_address(&upstream, 0, "a.example", "::ffff:192.0.2.1");
	assert_int_equal(filter(1232), PR_DNS_ANSWER_DENIED);
	/* an alias alone is an answer */
	ask("a.example", PR_DNS_TYPE_AAAA, 1232, false);
	built_cname(&upstream, "a.example", "b.example");
	assert_int_equal(filter(1232), 0);
	assert_int_equal(count(0), 1);
}

#define HINTS "\0\1\0\0\1\0\3\2h2\0\4\0\10\xc0\0\2\1\xc6\x33\x64\1"

/* Each address is decided on: an answer of thousands must not cost more than one of many. */
static void leaves_out_addresses_beyond_the_limit(void **state)
{
	static uint8_t hints[3 + 4 + 4 * (PR_DNS_ADDRESSES_MAX + 1)] = { 0, 1, 0, 0, 4 };
	const size_t hints_len = 4 * (PR_DNS_ADDRESSES_MAX + 1);
	static const uint8_t torn[] = { 0, 9 };

	(void)state;
	ask("a.example", PR_DNS_TYPE_A, 1232, false);
	for (unsigned int i = 0; i < PR_DNS_ADDRESSES_MAX + 10; i++)
		built_address(&upstream, 0, "a.example", "198.51.100.1");
	assert_int_equal(filter(PR_DNS_MESSAGE_MAX), 0);
	assert_int_equal(count(0), PR_DNS_ADDRESSES_MAX);
	assert_int_equal(n_given, PR_DNS_ADDRESSES_MAX);
	assert_whole();
	/* hints count as well, of a record that lies about its end too */
	hints[5] = (uint8_t)(hints_len >> 8);
	hints[6] = (uint8_t)hints_len;
	ask("a.example", PR_DNS_TYPE_HTTPS, 1232, false);
	built_record(&upstream, 0, "a.example", PR_DNS_TYPE_HTTPS, 60, HINTS, sizeof(HINTS) - 1);
	built_record(&upstream, 0, "a.example", PR_DNS_TYPE_HTTPS, 60, hints, sizeof(hints));
	assert_int_equal(filter(PR_DNS_MESSAGE_MAX), 0);
	assert_int_equal(count(0), 1);
	assert_int_equal(n_given, 1);
	pr_write_bytes(&upstream.writer, torn, sizeof(torn));
	upstream.bytes[upstream.writer.position - sizeof(hints) - 3] += 2;
	assert_int_equal(filter(PR_DNS_MESSAGE_MAX), 0);
	assert_int_equal(n_given, 1);
}

static void leaves_out_denied_hints(void **state)
{
	static const char all_denied[] = "\0\1\0\0\4\0\4\xc0\0\2\1";
	static const char mandatory[] = "\0\1\0\0\0\0\2\0\4\0\4\0\4\xc0\0\2\1";
	static const char target[] = "\0\1\6denied\7example\0";
	static const char odd[] = "\0\1\0\0\4\0\3\xc0\0\2", backwards[] = "\0\1\0\0\6\0\0\0\4\0\0";

	(void)state;
	ask("a.example", PR_DNS_TYPE_HTTPS, 1232, false);
	built_record(&upstream, 0, "a.example", PR_DNS_TYPE_HTTPS, 60, HINTS, sizeof(HINTS) - 1);
	assert_int_equal(filter(1232), 0);
	assert_true(facts.has_addresses);
	assert_int_equal(n_given, 1);
	assert_whole();
	assert_non_null(memmem(reply, reply_len, "\0\4\0\4\xc6\x33\x64\1", 8));
	assert_null(memmem(reply, reply_len, "\xc0\0\2\1", 4));
	/* the record lives on without its hints */
	ask("a.example", PR_DNS_TYPE_HTTPS, 1232, false);
	built_record(&upstream, 0, "a.example", PR_DNS_TYPE_HTTPS, 60, all_denied,
		     sizeof(all_denied) - 1);
	assert_int_equal(filter(1232), 0);
	assert_int_equal(count(0), 1);
	assert_null(memmem(reply, reply_len, "\xc0\0\2\1", 4));
	/* … but not where they are mandatory, its target is denied, or its data lies */
	ask("a.example", PR_DNS_TYPE_HTTPS, 1232, false);
	built_record(&upstream, 0, "a.example", PR_DNS_TYPE_HTTPS, 60, mandatory,
		     sizeof(mandatory) - 1);
	assert_int_equal(filter(1232), PR_DNS_ANSWER_DENIED);
	ask("a.example", PR_DNS_TYPE_SVCB, 1232, false);
	built_record(&upstream, 0, "a.example", PR_DNS_TYPE_SVCB, 60, target, sizeof(target) - 1);
	assert_int_equal(filter(1232), PR_DNS_ANSWER_DENIED);
	ask("a.example", PR_DNS_TYPE_SVCB, 1232, false);
	built_record(&upstream, 0, "a.example", PR_DNS_TYPE_SVCB, 60, odd, sizeof(odd) - 1);
	built_record(&upstream, 0, "a.example", PR_DNS_TYPE_SVCB, 60, backwards,
		     sizeof(backwards) - 1);
	assert_int_equal(filter(1232), PR_DNS_ANSWER_DENIED);
}

static void signatures_go_with_what_they_sign(void **state)
{
	static const char rrsig[] = "\0\1\10\2\0\0\1\54\0\0\0\0\0\0\0\0\0\0\7example\0sig";

	(void)state;
	for (int dnssec_ok = 0; dnssec_ok < 2; dnssec_ok++) {
		ask("a.example", PR_DNS_TYPE_A, 1232, dnssec_ok);
		built_record(&upstream, 0, "a.example", PR_DNS_TYPE_RRSIG, 300, rrsig,
			     sizeof(rrsig) - 1);
		built_address(&upstream, 0, "a.example", "198.51.100.1");
		upstream.bytes[3] |= PR_DNS_FLAG_AD;
		assert_int_equal(filter(1232), 0);
		assert_int_equal(count(0), 1 + dnssec_ok);
		assert_int_equal(reply[3] & PR_DNS_FLAG_AD, dnssec_ok ? PR_DNS_FLAG_AD : 0);
		assert_whole();
	}
	built_address(&upstream, 0, "a.example", "192.0.2.1");
	assert_int_equal(filter(1232), 0);
	assert_int_equal(count(0), 1);
	assert_int_equal(reply[3] & PR_DNS_FLAG_AD, 0);
}

static void any_type_passes_unharmed(void **state)
{
	static const char naptr[] = "\0\1\0\2\1u\3abc\0\5other\7example\0";
	uint8_t data[300];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(0xc0 + i); /* what looks like pointers */
	ask("a.example", PR_DNS_TYPE_ANY, 1232, false);
	built_record(&upstream, 0, "a.example", 65280, 60, data, sizeof(data));
	built_record(&upstream, 0, "a.example", 35, 60, naptr, sizeof(naptr) - 1);
	built_record(&upstream, 0, "a.example", PR_DNS_TYPE_MX, 60, "\0\12\1a\7example\0", 13);
	assert_int_equal(filter(PR_DNS_MESSAGE_MAX), 0);
	assert_int_equal(count(0), 3);
	assert_non_null(memmem(reply, reply_len, data, sizeof(data)));
	assert_non_null(memmem(reply, reply_len, naptr, sizeof(naptr) - 1));
	assert_non_null(memmem(reply, reply_len, "\0\4\0\12\xc0\14", 6)); /* MX, compressed */
	assert_whole();
	/* data that is not what its type says */
	ask("a.example", PR_DNS_TYPE_MX, 1232, false);
	built_record(&upstream, 0, "a.example", PR_DNS_TYPE_MX, 60, "\0\12\77a", 4);
	assert_int_equal(filter(PR_DNS_MESSAGE_MAX), PR_DNS_ANSWER_MALFORMED);
}

/* Of other names nothing is given in the answer section, whatever its type; what leads to the answer is. */
static void leaves_out_what_belongs_to_other_names(void **state)
{
	static const uint8_t to_new[] = "\3new\7example";

	(void)state;
	ask("www.old.example", PR_DNS_TYPE_TXT, 1232, false);
	upstream.bytes[3] |= PR_DNS_FLAG_AD;
	question.flags |= PR_DNS_FLAG_AD;
	built_record(&upstream, 0, "old.example", PR_DNS_TYPE_DNAME, 60, to_new, sizeof(to_new));
	built_cname(&upstream, "www.old.example", "www.new.example");
	built_record(&upstream, 0, "www.new.example", PR_DNS_TYPE_TXT, 60, "\1x", 2);
	built_record(&upstream, 0, "bank.example", PR_DNS_TYPE_TXT, 60, "\1y", 2);
	built_cname(&upstream, "x.example", "www.old.example");
	built_record(&upstream, 0, "other.example", PR_DNS_TYPE_DNAME, 60, to_new, sizeof(to_new));
	assert_int_equal(filter(PR_DNS_MESSAGE_MAX), 0);
	assert_int_equal(count(0), 3);
	assert_true(reply[3] & PR_DNS_FLAG_AD); /* the answer itself is whole */
	assert_whole();
	/* nothing but strangers is no answer */
	ask("a.example", PR_DNS_TYPE_TXT, 1232, false);
	built_record(&upstream, 0, "bank.example", PR_DNS_TYPE_TXT, 60, "\1y", 2);
	assert_int_equal(filter(PR_DNS_MESSAGE_MAX), PR_DNS_ANSWER_DENIED);
}

static void truncates_to_what_the_client_takes(void **state)
{
	char address[20];

	(void)state;
	ask("a.example", PR_DNS_TYPE_A, 0, false);
	for (int i = 0; i < 40; i++) {
		snprintf(address, sizeof(address), "198.51.100.%d", i);
		built_address(&upstream, 0, "a.example", address);
	}
	assert_int_equal(filter(512), 0);
	assert_int_equal(count(0), 0);
	assert_true(reply[2] & PR_DNS_FLAG_TC >> 8);
	assert_whole();
	assert_int_equal(filter(PR_DNS_MESSAGE_MAX), 0);
	assert_int_equal(count(0), 40);
	assert_false(reply[2] & PR_DNS_FLAG_TC >> 8);
	assert_whole();
	/* what stands in the additional section goes first, silently */
	ask("a.example", PR_DNS_TYPE_TXT, 0, false);
	built_record(&upstream, 0, "a.example", PR_DNS_TYPE_TXT, 60, "\1x", 2);
	for (int i = 0; i < 40; i++)
		built_record(&upstream, 2, "b.example", PR_DNS_TYPE_TXT, 60, "\17aaaaaaaaaaaaaaa",
			     16);
	assert_int_equal(filter(512), 0);
	assert_int_equal(count(0), 1);
	assert_in_range(count(2), 5, 39);
	assert_false(reply[2] & PR_DNS_FLAG_TC >> 8);
	assert_whole();
}

static void repeats_the_extended_error(void **state)
{
	(void)state;
	ask("a.example", PR_DNS_TYPE_A, 1232, false);
	upstream.bytes[3] |= PR_DNS_RCODE_SERVFAIL;
	built_record(&upstream, 2, ".", PR_DNS_TYPE_OPT, 0, "\0\12\0\1x\0\17\0\4\0\26n\1", 13);
	assert_int_equal(filter(512), 0);
	assert_int_equal(facts.ede, PR_DNS_EDE_NO_REACHABLE_AUTHORITY);
	assert_string_equal(facts.ede_text, "n?");
	assert_non_null(memmem(reply, reply_len, "\0\17\0\4\0\26n?", 8));
	assert_whole();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_chain),
		cmocka_unit_test(refuses_loops_and_strangers),
		cmocka_unit_test(leaves_out_denied_addresses),
		cmocka_unit_test(leaves_out_denied_hints),
		cmocka_unit_test(leaves_out_addresses_beyond_the_limit),
		cmocka_unit_test(signatures_go_with_what_they_sign),
		cmocka_unit_test(any_type_passes_unharmed),
		cmocka_unit_test(leaves_out_what_belongs_to_other_names),
		cmocka_unit_test(truncates_to_what_the_client_takes),
		cmocka_unit_test(repeats_the_extended_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

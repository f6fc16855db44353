/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/ja4.h"
#include "inspection/tls_hello.h"

#include "unit.h"

#include "tls_build.h"

#define GREASE 0x5a5a

static struct pr_seen shown(const struct tls_hello_parts *parts, enum pr_tls_over over)
{
	struct tls_bytes message = { .len = 0 };
	struct pr_tls_client_hello hello;
	struct pr_seen seen = { 0 };

	put_client_hello(&message, parts);
	assert_int_equal(
		pr_tls_client_hello_parse(message.bytes, message.len, parts->datagram, &hello), 0);
	pr_tls_client_hello_show(&hello, over, &seen);
	return seen;
}

/* The example of the published description, with values that are to be ignored strewn in. */
static void example_hello(struct tls_bytes *message, enum pr_tls_over over, bool signatures)
{
	static const uint16_t ciphers[] = { GREASE, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
					    0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
					    0x009c, 0x009d, 0x002f, 0x0035 };
	static const uint16_t algorithms[] = { 0x0403, 0x0804, 0x0401, 0x0503,
					       0x0805, 0x0501, 0x0806, 0x0601 };
	static const uint16_t versions[] = { GREASE, 0x0304, 0x0303 };
	static const uint16_t others[] = { 0x001b, 0x0033, 0x4469, 0x0017, 0x002d, 0x0005, 0x0023,
					   0x0012, 0xff01, 0x000b, 0x000a, 0x0015, 0x8a8a };
	struct tls_bytes more = { .len = 0 }, empty = { .len = 0 };

	for (unsigned int i = 0; i < PR_ARRAY_SIZE(others); i++)
		put_extension(&more, others[i], &empty);
	if (signatures)
		put_codes_extension(&more, PR_TLS_EXTENSION_SIGNATURES, 2, algorithms,
				    PR_ARRAY_SIZE(algorithms));
	else
		put_extension(&more, PR_TLS_EXTENSION_SIGNATURES, &empty);
	put_client_hello(message, &(struct tls_hello_parts){ .name = "example.com",
							     .alpn = "h2 http/1.1",
							     .ciphers = ciphers,
							     .n_ciphers = PR_ARRAY_SIZE(ciphers),
							     .versions = versions,
							     .n_versions = 3,
							     .datagram = over == PR_TLS_OVER_DTLS,
							     .more = &more });
}

static void published_ja4(void **state)
{
	static const struct {
		enum pr_tls_over over;
		bool signatures;
		const char *ja4;
	} cases[] = {
		{ PR_TLS_OVER_TCP, true, "t13d1516h2_8daaf6152771_e5627efa2ab1" },
		{ PR_TLS_OVER_QUIC, true, "q13d1516h2_8daaf6152771_e5627efa2ab1" },
		{ PR_TLS_OVER_DTLS, true, "d13d1516h2_8daaf6152771_e5627efa2ab1" },
		{ PR_TLS_OVER_TCP, false, "t13d1516h2_8daaf6152771_6d807ffa2a79" },
	};

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		struct tls_bytes message = { .len = 0 };
		struct pr_tls_client_hello hello;
		char ja4[PR_JA4_SIZE];

		example_hello(&message, cases[i].over, cases[i].signatures);
		assert_int_equal(pr_tls_client_hello_parse(message.bytes, message.len,
							   cases[i].over == PR_TLS_OVER_DTLS,
							   &hello),
				 0);
		pr_ja4(&hello, cases[i].over, ja4);
		assert_string_equal(ja4, cases[i].ja4);
	}
}

/* Each part of the readable half, as the description tells it. */
static void ja4_readable_half(void **state)
{
	static const uint16_t d3[] = { PR_DTLS_1_3 }, junk[] = { 0x7f1c }, grease[] = { GREASE };
	static const struct {
		struct tls_hello_parts parts;
		const char *begins;
	} cases[] = {
		{ { .version = 0x0303 }, "t12i070000_" },
		{ { .version = 0x0302 }, "t11i070000_" },
		{ { .version = 0x0301, .name = "a.example" }, "t10d070100_" },
		{ { .version = 0x0300 }, "ts3i070000_" },
		{ { .versions = junk, .n_versions = 1 }, "t00i070100_" },
		{ { .versions = grease, .n_versions = 1 }, "t00i070100_" },
		{ { .datagram = true }, "td2i070000_" },
		{ { .datagram = true, .version = 0xfeff }, "td1i070000_" },
		{ { .datagram = true, .versions = d3, .n_versions = 1 }, "td3i070100_" },
		{ { .alpn = "http/1.1" }, "t12i0701h1_" },
		{ { .alpn = "x" }, "t12i0701xx_" },
		{ { .alpn = "\xab" }, "t12i0701ab_" },
		{ { .alpn = "\xab\xcd" }, "t12i0701ad_" },
		{ { .alpn = "\x30\xab" }, "t12i07013b_" },
		{ { .alpn = "\x30\x31\xab\xcd" }, "t12i07013d_" },
		{ { .alpn = "\x30\xab\xcd\x31" }, "t12i070101_" },
		{ { .alpn = "\x5a\x5a h2" }, "t12i0701h2_" },
	};

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		struct pr_seen seen = shown(&cases[i].parts, PR_TLS_OVER_TCP);

		assert_memory_equal(seen.ja4, cases[i].begins, strlen(cases[i].begins));
		assert_int_equal(strlen(seen.ja4), PR_JA4_SIZE - 1);
	}
}

static void ja4_of_nothing_and_of_too_much(void **state)
{
	static const uint16_t grease[] = { GREASE };
	static uint16_t many[PR_JA4_CODES_MAX + 1];
	struct pr_seen seen;

	(void)state;
	seen = shown(&(struct tls_hello_parts){ .ciphers = grease, .n_ciphers = 1 },
		     PR_TLS_OVER_TCP);
	assert_string_equal(seen.ja4, "t12i000000_000000000000_000000000000");
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(many); i++)
		many[i] = (uint16_t)(0xd000 - i);
	seen = shown(&(struct tls_hello_parts){ .ciphers = many, .n_ciphers = PR_JA4_CODES_MAX },
		     PR_TLS_OVER_TCP);
	assert_memory_equal(seen.ja4, "t12i990000_", 11);
	seen = shown(
		&(struct tls_hello_parts){ .ciphers = many, .n_ciphers = PR_JA4_CODES_MAX + 1 },
		PR_TLS_OVER_TCP);
	assert_string_equal(seen.ja4, "");
}

static void host_names(void **state)
{
	static const struct {
		const char *sent, *name; /* NULL = none */
	} cases[] = {
		{ "example.com", "example.com" },
		{ "EXAMPLE.Com.", "example.com" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "_dmarc.r3---sn-x.example", "_dmarc.r3---sn-x.example" },
		{ "localhost", "localhost" },
		{ "1and1.example", "1and1.example" },
		{ "0xdead.example", "0xdead.example" },
		{ "192.0.2.1", NULL },
		{ "192.0.2.1.", NULL },
		{ "127.1", NULL },
		{ "2130706433", NULL },
		{ "0x7f.0x1", NULL },
		{ "0x", NULL },
		{ "2001:db8::1", NULL },
		{ "[2001:db8::1]", NULL },
		{ "example.com:443", NULL },
		{ "exa mple.com", NULL },
		{ "b\xc3\xbc"
		  "cher.example",
		  NULL },
		{ "*.example.com", NULL },
		{ "a..example", NULL },
		{ ".example", NULL },
		{ "example..", NULL },
		{ ".", NULL },
		{ "", NULL },
		{ "a\\046b.example", NULL },
	};
	char name[PR_SEEN_NAME_SIZE], label[80];

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		bool is = pr_tls_host_name((const uint8_t *)cases[i].sent, strlen(cases[i].sent),
					   name);

		assert_int_equal(is, cases[i].name != NULL);
		if (is)
			assert_string_equal(name, cases[i].name);
	}
	/* A zero within ends a name for one reader and not for another: it is none. */
	assert_false(pr_tls_host_name((const uint8_t *)"good.example\0.evil.example", 26, name));
	memset(label, 'a', sizeof(label));
	assert_true(pr_tls_host_name((const uint8_t *)label, 63, name));
	assert_false(pr_tls_host_name((const uint8_t *)label, 64, name));
}

static void longest_name(void **state)
{
	uint8_t text[256];
	char name[PR_SEEN_NAME_SIZE];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (unsigned int at = 50; at < sizeof(text); at += 51)
		text[at] = '.';
	text[253] = '.';
	assert_true(pr_tls_host_name(text, 253, name));
	assert_int_equal(strlen(name), 253);
	assert_true(pr_tls_host_name(text, 254, name));
	assert_int_equal(strlen(name), 253);
	text[253] = 'a';
	assert_false(pr_tls_host_name(text, 254, name));
	assert_false(pr_tls_host_name(text, sizeof(text), name));
}

static void several_names(void **state)
{
	struct tls_bytes list = { .len = 0 }, data = { .len = 0 }, more = { .len = 0 };
	struct pr_seen seen;

	(void)state;
	/* Two in one extension, between them one of a type that is no host name, and one that is none. */
	put_number(&list, 0, 1);
	put_vector(&list, 2, "one.example", 11);
	put_number(&list, 7, 1);
	put_vector(&list, 2, "no.example", 10);
	put_number(&list, 0, 1);
	put_vector(&list, 2, "TWO.example", 11);
	put_number(&list, 0, 1);
	put_vector(&list, 2, "192.0.2.7", 9);
	put_vector(&data, 2, list.bytes, list.len);
	put_extension(&more, PR_TLS_EXTENSION_SERVER_NAME, &data);
	seen = shown(&(struct tls_hello_parts){ .more = &more }, PR_TLS_OVER_TCP);
	assert_int_equal(seen.n_names, 2);
	assert_string_equal(seen.names[0], "one.example");
	assert_string_equal(seen.names[1], "two.example");
	assert_int_equal(seen.flags, PR_SEEN_CONTRADICTS);

	/* The extension twice. */
	seen = shown(&(struct tls_hello_parts){ .name = "three.example", .more = &more },
		     PR_TLS_OVER_TCP);
	assert_int_equal(seen.n_names, 3);
	assert_string_equal(seen.names[0], "three.example");
	more.len = 0;
	put_name_extension(&more, "Three.example.", 14);
	seen = shown(&(struct tls_hello_parts){ .name = "three.example", .more = &more },
		     PR_TLS_OVER_TCP);
	assert_int_equal(seen.n_names, 1);
	assert_int_equal(seen.flags, 0);
}

static void names_that_do_not_fit(void **state)
{
	struct tls_bytes data = { .len = 0 }, more = { .len = 0 };
	struct pr_seen seen;

	(void)state;
	/* The list says that it is longer than its extension; an entry that it is longer than the list. */
	put_number(&data, 15, 2);
	put_number(&data, 0, 1);
	put_vector(&data, 2, "one.example", 11);
	put_extension(&more, PR_TLS_EXTENSION_SERVER_NAME, &data);
	seen = shown(&(struct tls_hello_parts){ .more = &more }, PR_TLS_OVER_TCP);
	assert_int_equal(seen.n_names, 0);
	assert_int_equal(seen.flags, PR_SEEN_NAMELESS);
	data.len = more.len = 0;
	put_number(&data, 14, 2);
	put_number(&data, 0, 1);
	put_number(&data, 12, 2);
	put_text(&data, "one.example");
	put_extension(&more, PR_TLS_EXTENSION_SERVER_NAME, &data);
	seen = shown(&(struct tls_hello_parts){ .more = &more }, PR_TLS_OVER_TCP);
	assert_int_equal(seen.n_names, 0);
	assert_memory_equal(seen.ja4, "t12d0701", 8);
}

static void alpn_as_text(void **state)
{
	struct pr_seen seen;

	(void)state;
	seen = shown(&(struct tls_hello_parts){ .alpn = "h2 http/1.1 a,b \xab\xcd ftp" },
		     PR_TLS_OVER_TCP);
	assert_string_equal(seen.alpn, "h2,http/1.1,ftp");
	seen = shown(&(struct tls_hello_parts){ .alpn = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
							"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb "
							"cc d" },
		     PR_TLS_OVER_TCP);
	assert_string_equal(seen.alpn, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,"
				       "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
}

static void flags_of_a_hello(void **state)
{
	static const uint16_t both[] = { 0x0304, 0x0303 }, old[] = { 0x0302, 0x0301 };
	struct tls_bytes more = { .len = 0 }, data = { .len = 0 };
	struct pr_seen seen;

	(void)state;
	put_text(&data, "\0\0\1\0\1");
	put_number(&data, 0, 1);
	put_extension(&more, PR_TLS_EXTENSION_ECH, &data);
	seen = shown(
		&(struct tls_hello_parts){
			.name = "outer.example", .versions = both, .n_versions = 2, .more = &more },
		PR_TLS_OVER_TCP);
	assert_int_equal(seen.flags, PR_SEEN_ECH);
	seen = shown(&(struct tls_hello_parts){ .version = 0x0302, .name = "a.example" },
		     PR_TLS_OVER_TCP);
	assert_int_equal(seen.flags, PR_SEEN_OLD);
	seen = shown(&(struct tls_hello_parts){ .versions = old, .n_versions = 2 },
		     PR_TLS_OVER_TCP);
	assert_int_equal(seen.flags, PR_SEEN_OLD | PR_SEEN_NAMELESS);
	seen = shown(&(struct tls_hello_parts){ .datagram = true, .version = PR_DTLS_1_0 },
		     PR_TLS_OVER_DTLS);
	assert_int_equal(seen.flags, PR_SEEN_OLD | PR_SEEN_NAMELESS);
	seen = shown(&(struct tls_hello_parts){ .datagram = true }, PR_TLS_OVER_DTLS);
	assert_int_equal(seen.flags, PR_SEEN_NAMELESS);
}

/* Every piece of a hello may become one; none of them is one. What follows it does not matter. */
static void every_cut(void **state)
{
	struct tls_bytes message = { .len = 0 };
	struct pr_tls_client_hello hello;

	(void)state;
	example_hello(&message, PR_TLS_OVER_TCP, true);
	for (size_t len = 0; len < message.len; len++)
		assert_int_equal(pr_tls_client_hello_parse(message.bytes, len, false, &hello),
				 PR_TLS_HELLO_SHORT);
	assert_int_equal(pr_tls_client_hello_len(message.bytes, 3), 0);
	assert_int_equal(pr_tls_client_hello_len(message.bytes, 4), message.len);
	put_text(&message, "further");
	assert_int_equal(pr_tls_client_hello_parse(message.bytes, message.len, false, &hello), 0);
}

/* The message's length says less or more than what it holds. */
static void no_hello(void **state)
{
	struct tls_bytes message = { .len = 0 };
	struct pr_tls_client_hello hello;

	(void)state;
	example_hello(&message, PR_TLS_OVER_TCP, true);
	message.bytes[3]--;
	assert_int_equal(pr_tls_client_hello_parse(message.bytes, message.len, false, &hello),
			 PR_TLS_HELLO_NONE);
	message.bytes[3] += 2;
	put_number(&message, 0, 1);
	assert_int_equal(pr_tls_client_hello_parse(message.bytes, message.len, false, &hello),
			 PR_TLS_HELLO_NONE);
	message.bytes[3]--;
	message.bytes[4] = 4;
	assert_int_equal(pr_tls_client_hello_parse(message.bytes, message.len, false, &hello),
			 PR_TLS_HELLO_NONE);
	message.bytes[0] = 2;
	assert_int_equal(pr_tls_client_hello_parse(message.bytes, 1, false, &hello),
			 PR_TLS_HELLO_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_ja4),
		cmocka_unit_test(ja4_readable_half),
		cmocka_unit_test(ja4_of_nothing_and_of_too_much),
		cmocka_unit_test(host_names),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(several_names),
		cmocka_unit_test(names_that_do_not_fit),
		cmocka_unit_test(alpn_as_text),
		cmocka_unit_test(flags_of_a_hello),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(no_hello),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every row of IANA's special-purpose registries with its columns as they stand there, and the class that
 * follows from them: written down a second time, in the registries' own order and notation.
 */
#include "network/class.h"

#include "unit.h"

#include <string.h>

enum { NO, YES, NOT_APPLICABLE };

struct registered {
	const char *block, *source;
	int as_source, as_destination, forwardable, global;
};

static const struct registered registered[] = {
	{ "0.0.0.0/8", "RFC 791", YES, NO, NO, NO },
	{ "0.0.0.0/32", "RFC 791", YES, NO, NO, NO },
	{ "10.0.0.0/8", "RFC 1918", YES, YES, YES, NO },
	{ "100.64.0.0/10", "RFC 6598", YES, YES, YES, NO },
	{ "169.254.0.0/16", "RFC 3927", YES, YES, NO, NO },
	{ "172.16.0.0/12", "RFC 1918", YES, YES, YES, NO },
	{ "192.0.0.0/29", "RFC 7335", YES, YES, YES, NO },
	{ "192.0.0.8/32", "RFC 7600", YES, NO, NO, NO },
	{ "192.0.0.9/32", "RFC 7723", YES, YES, YES, YES },
	{ "192.0.0.10/32", "RFC 8155", YES, YES, YES, YES },
	{ "192.0.0.170/32", "RFC 7050", NO, NO, NO, NO },
	{ "192.0.0.171/32", "RFC 7050", NO, NO, NO, NO },
	{ "192.0.0.11/32", "RFC 6890", NO, NO, NO, NO }, /* of 192.0.0.0/24 */
	{ "192.0.0.255/32", "RFC 6890", NO, NO, NO, NO },
	{ "192.0.2.0/24", "RFC 5737", NO, NO, NO, NO },
	{ "192.31.196.0/24", "RFC 7535", YES, YES, YES, YES },
	{ "192.52.193.0/24", "RFC 7450", YES, YES, YES, YES },
	{ "192.88.99.0/24", "RFC 7526", NOT_APPLICABLE, NOT_APPLICABLE, NOT_APPLICABLE,
	  NOT_APPLICABLE },
	{ "192.168.0.0/16", "RFC 1918", YES, YES, YES, NO },
	{ "192.175.48.0/24", "RFC 7534", YES, YES, YES, YES },
	{ "198.18.0.0/15", "RFC 2544", YES, YES, YES, NO },
	{ "198.51.100.0/24", "RFC 5737", NO, NO, NO, NO },
	{ "203.0.113.0/24", "RFC 5737", NO, NO, NO, NO },
	{ "240.0.0.0/5", "RFC 1112", NO, NO, NO, NO },
	{ "255.255.255.254/32", "RFC 1112", NO, NO, NO, NO },

	{ "::/128", "RFC 4291", YES, NO, NO, NO },
	{ "64:ff9b::808:808/128", "RFC 6052", YES, YES, YES, YES },
	{ "64:ff9b:1::/48", "RFC 8215", YES, YES, YES, NO },
	{ "100::/64", "RFC 6666", YES, YES, YES, NO },
	{ "100:0:0:1::/64", "RFC 9780", YES, NO, NO, NO },
	{ "2001:40::/26", "RFC 2928", NO, NO, NO, NO }, /* of 2001::/23 */
	{ "2001::/32", "RFC 4380", YES, YES, YES, NOT_APPLICABLE },
	{ "2001:1::1/128", "RFC 7723", YES, YES, YES, YES },
	{ "2001:1::2/128", "RFC 8155", YES, YES, YES, YES },
	{ "2001:1::3/128", "RFC 9665", YES, YES, YES, YES },
	{ "2001:1::4/128", "RFC 2928", NO, NO, NO, NO },
	{ "2001:2::/48", "RFC 5180", YES, YES, YES, NO },
	{ "2001:3::/32", "RFC 7450", YES, YES, YES, YES },
	{ "2001:4:112::/48", "RFC 7535", YES, YES, YES, YES },
	{ "2001:10::/28", "RFC 4843", NO, NO, NO, NO },
	{ "2001:20::/28", "RFC 7343", YES, YES, YES, YES },
	{ "2001:30::/28", "RFC 9374", YES, YES, YES, YES },
	{ "2001:db8::/32", "RFC 3849", NO, NO, NO, NO },
	{ "2002:808:808::/48", "RFC 3056", YES, YES, YES, NOT_APPLICABLE },
	{ "2620:4f:8000::/48", "RFC 7534", YES, YES, YES, YES },
	{ "3fff::/20", "RFC 9637", NO, NO, NO, NO },
	{ "5f00::/16", "RFC 9602", YES, YES, YES, NO },
	{ "fc00::/7", "RFC 4193", YES, YES, YES, NO },
	{ "fe80::/10", "RFC 4291", YES, YES, NO, NO },
};

static enum pr_class class_from_columns(const struct registered *row)
{
	/* The one departure: docs/decisions/documentation-addresses.md. */
	if (strcmp(row->source, "RFC 5737") == 0 || strcmp(row->source, "RFC 3849") == 0 ||
	    strcmp(row->source, "RFC 9637") == 0)
		return PR_CLASS_GLOBAL;
	if (row->global != NO)
		return PR_CLASS_GLOBAL;
	if (!row->as_destination)
		return PR_CLASS_INVALID;
	return row->forwardable ? PR_CLASS_SITE_LOCAL : PR_CLASS_LINK_LOCAL;
}

static struct pr_address address_of(const char *text)
{
	struct pr_address address;

	assert_int_equal(pr_address_parse(text, &address), 0);
	return address;
}

static struct pr_prefix prefix_of(const char *text)
{
	struct pr_prefix prefix;

	assert_int_equal(pr_prefix_parse(text, &prefix), 0);
	return prefix;
}

static struct pr_address last_of(const struct pr_prefix *prefix)
{
	unsigned int bits = prefix->address.family == 4 ? 32 : 128;
	struct pr_address last = prefix->address;

	for (unsigned int bit = prefix->len; bit < bits; bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	return last;
}

static void every_row_of_the_registries(void **state)
{
	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(registered); i++) {
		const struct registered *row = &registered[i];
		struct pr_prefix block = prefix_of(row->block);
		struct pr_address last = last_of(&block);
		const char *source;

		assert_int_equal(pr_class_registered(&block.address, &source),
				 class_from_columns(row));
		assert_string_equal(source, row->source);
		assert_int_equal(pr_class_registered(&last, &source), class_from_columns(row));
		assert_string_equal(source, row->source);
	}
}

static void check_class(const char *text, enum pr_class class_, enum pr_scope scope)
{
	struct pr_address address = address_of(text);

	if (pr_class_of(&address, NULL) != class_)
		fail_msg("%s is %s", text, pr_class_name(pr_class_of(&address, NULL)));
	assert_int_equal(pr_class_scope(class_), scope);
}

static void the_edges_of_blocks(void **state)
{
	(void)state;
	check_class("1.0.0.0", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET);
	check_class("9.255.255.255", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET);
	check_class("11.0.0.0", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET);
	check_class("100.63.255.255", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET);
	check_class("100.127.255.255", PR_CLASS_SITE_LOCAL, PR_SCOPE_LAN);
	check_class("100.128.0.0", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET);
	check_class("172.31.255.255", PR_CLASS_SITE_LOCAL, PR_SCOPE_LAN);
	check_class("172.32.0.0", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET);
	check_class("192.0.1.0", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET);
	check_class("198.20.0.0", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET);
	check_class("2000::1", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET);
	check_class("2001:200::", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET);
	check_class("2001:db9::", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET);
	check_class("fec0::1", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET); /* RFC 4291, 2.5.7 */
	check_class("4000::1", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET); /* unassigned: RFC 4291, 2.4 */
}

static void the_host_and_multicast(void **state)
{
	(void)state;
	check_class("127.0.0.1", PR_CLASS_HOST, PR_SCOPE_LOCALHOST);
	check_class("127.255.255.255", PR_CLASS_HOST, PR_SCOPE_LOCALHOST);
	check_class("::1", PR_CLASS_HOST, PR_SCOPE_LOCALHOST);
	check_class("::ffff:127.0.0.1", PR_CLASS_HOST, PR_SCOPE_LOCALHOST);
	check_class("224.0.0.251", PR_CLASS_MULTICAST_LOCAL, PR_SCOPE_LAN);
	check_class("239.255.255.250", PR_CLASS_MULTICAST_LOCAL, PR_SCOPE_LAN);
	check_class("255.255.255.255", PR_CLASS_MULTICAST_LOCAL, PR_SCOPE_LAN);
	check_class("224.0.1.1", PR_CLASS_MULTICAST_GLOBAL, PR_SCOPE_INTERNET);
	check_class("232.1.1.1", PR_CLASS_MULTICAST_GLOBAL, PR_SCOPE_INTERNET);
	check_class("ff01::1", PR_CLASS_MULTICAST_LOCAL, PR_SCOPE_LAN);
	check_class("ff02::1:ff00:1", PR_CLASS_MULTICAST_LOCAL, PR_SCOPE_LAN);
	check_class("ff05::2", PR_CLASS_MULTICAST_LOCAL, PR_SCOPE_LAN);
	check_class("ff08::2", PR_CLASS_MULTICAST_LOCAL, PR_SCOPE_LAN);
	check_class("ff0e::101", PR_CLASS_MULTICAST_GLOBAL, PR_SCOPE_INTERNET);
	check_class("ff3e::1", PR_CLASS_MULTICAST_GLOBAL, PR_SCOPE_INTERNET);
	check_class("ff00::1", PR_CLASS_INVALID, PR_SCOPE_INVALID);
}

static void an_embedded_address_is_no_way_around(void **state)
{
	(void)state;
	check_class("64:ff9b::127.0.0.1", PR_CLASS_INVALID, PR_SCOPE_INVALID);
	check_class("64:ff9b::10.0.0.1", PR_CLASS_INVALID, PR_SCOPE_INVALID);
	check_class("64:ff9b::224.0.0.1", PR_CLASS_INVALID, PR_SCOPE_INVALID);
	check_class("64:ff9b::192.0.0.170", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET); /* RFC 7050 */
	check_class("64:ff9b::192.0.0.171", PR_CLASS_GLOBAL, PR_SCOPE_INTERNET);
	check_class("64:ff9b::192.0.0.172", PR_CLASS_INVALID, PR_SCOPE_INVALID);
	check_class("2002:7f00:1::1", PR_CLASS_INVALID, PR_SCOPE_INVALID);
	check_class("2002:c0a8:101::1", PR_CLASS_INVALID, PR_SCOPE_INVALID);
	check_class("::127.0.0.1", PR_CLASS_INVALID, PR_SCOPE_INVALID);
	check_class("::2", PR_CLASS_INVALID, PR_SCOPE_INVALID);
}

static struct pr_own_addresses own;

static void add_own(const char *text)
{
	struct pr_prefix prefix = prefix_of(text);

	assert_int_equal(pr_own_addresses_add(&own, &prefix), 0);
}

static void add_on_link(const char *text)
{
	struct pr_prefix prefix = prefix_of(text);

	assert_int_equal(pr_own_addresses_add_on_link(&own, &prefix), 0);
}

static void check_own(const char *text, enum pr_class class_)
{
	struct pr_address address = address_of(text);

	if (pr_class_of(&address, &own) != class_)
		fail_msg("%s is %s", text, pr_class_name(pr_class_of(&address, &own)));
}

static void set_up_own(void)
{
	memset(&own, 0, sizeof(own));
	add_own("192.168.1.5");
	add_own("203.0.113.9");
	add_own("8.8.4.1");
	add_own("2001:db8::5");
	add_own("2600:1::/64"); /* a local route for a whole prefix */
	add_own("192.168.1.5"); /* twice is once */
	add_on_link("192.168.1.0/24");
	add_on_link("203.0.113.0/25");
	add_on_link("8.8.4.0/30");
	add_on_link("198.51.100.0/31");
	add_on_link("2001:db8::/64");
	add_on_link("fe80::/64");
	assert_int_equal(own.n_own, 5);
}

static void what_the_host_knows_of_itself(void **state)
{
	(void)state;
	set_up_own();
	check_own("192.168.1.5", PR_CLASS_HOST);
	check_own("203.0.113.9", PR_CLASS_HOST);
	check_own("2001:db8::5", PR_CLASS_HOST);
	check_own("2600:1::ffff", PR_CLASS_HOST);
	check_own("2600:1:0:1::1", PR_CLASS_GLOBAL);
	check_own("192.168.1.6", PR_CLASS_SITE_LOCAL);
	check_own("192.168.1.255", PR_CLASS_MULTICAST_LOCAL);
	check_own("192.168.2.255", PR_CLASS_SITE_LOCAL);
	check_own("203.0.113.10", PR_CLASS_GLOBAL);
	check_own("203.0.113.127", PR_CLASS_MULTICAST_LOCAL);
	check_own("203.0.113.128", PR_CLASS_GLOBAL);
	check_own("8.8.4.2", PR_CLASS_GLOBAL);
	check_own("8.8.4.3", PR_CLASS_MULTICAST_LOCAL);
	check_own("198.51.100.1", PR_CLASS_GLOBAL); /* RFC 3021: no broadcast */
	check_own("2001:db8::6", PR_CLASS_GLOBAL);
	check_own("2001:db8:0:1::6", PR_CLASS_GLOBAL);
	check_own("127.0.0.1", PR_CLASS_HOST);
	add_on_link("0.0.0.0/0");
	check_own("0.0.0.0", PR_CLASS_INVALID);
	check_own("127.0.0.1", PR_CLASS_HOST);
	check_own("255.255.255.255", PR_CLASS_MULTICAST_LOCAL);
	check_own("240.0.0.1", PR_CLASS_SITE_LOCAL); /* on the link: never invalid */
}

static void own_addresses_are_bounded(void **state)
{
	struct pr_prefix prefix = prefix_of("10.0.0.0/32");

	(void)state;
	memset(&own, 0, sizeof(own));
	for (unsigned int i = 0; i < PR_OWN_ADDRESSES_MAX; i++) {
		prefix.address.bytes[2] = (uint8_t)(i * 7 >> 8);
		prefix.address.bytes[3] = (uint8_t)(i * 7);
		assert_int_equal(pr_own_addresses_add(&own, &prefix), 0);
		assert_int_equal(pr_class_of(&prefix.address, &own), PR_CLASS_HOST);
	}
	check_own("10.0.0.7", PR_CLASS_HOST);
	check_own("10.0.0.8", PR_CLASS_SITE_LOCAL);
	prefix = prefix_of("11.0.0.1");
	assert_int_equal(pr_own_addresses_add(&own, &prefix), PR_OWN_FULL);
	assert_int_equal(own.n_own, PR_OWN_ADDRESSES_MAX);
}

static void check_spoof(const char *src, const char *dst, enum pr_direction direction,
			bool loopback, enum pr_spoof spoof)
{
	struct pr_tuple tuple = { .src = address_of(src), .dst = address_of(dst), .proto = 17 };

	if (pr_spoofed(&tuple, direction, loopback, &own) != spoof)
		fail_msg("%s > %s: %s", src, dst,
			 pr_spoof_text(pr_spoofed(&tuple, direction, loopback, &own)));
}

static void sources_that_cannot_be(void **state)
{
	(void)state;
	set_up_own();
	check_spoof("8.8.8.8", "192.168.1.5", PR_DIRECTION_IN, false, PR_SPOOF_NO);
	check_spoof("127.0.0.1", "127.0.0.53", PR_DIRECTION_OUT, true, PR_SPOOF_NO);
	check_spoof("127.0.0.1", "127.0.0.53", PR_DIRECTION_IN, true, PR_SPOOF_NO);
	check_spoof("192.168.1.5", "192.168.1.5", PR_DIRECTION_IN, true, PR_SPOOF_NO);
	check_spoof("127.0.0.1", "192.168.1.5", PR_DIRECTION_IN, false, PR_SPOOF_LOOPBACK);
	check_spoof("::1", "2001:db8::5", PR_DIRECTION_IN, false, PR_SPOOF_LOOPBACK);
	check_spoof("127.0.0.1", "8.8.8.8", PR_DIRECTION_OUT, false, PR_SPOOF_LOOPBACK);
	check_spoof("127.0.0.1", "8.8.8.8", PR_DIRECTION_FORWARD, false, PR_SPOOF_LOOPBACK);
	check_spoof("192.168.1.5", "203.0.113.9", PR_DIRECTION_IN, false, PR_SPOOF_OWN);
	check_spoof("192.168.1.5", "8.8.8.8", PR_DIRECTION_FORWARD, false, PR_SPOOF_OWN);
	check_spoof("192.168.1.5", "8.8.8.8", PR_DIRECTION_OUT, false, PR_SPOOF_NO);
	check_spoof("192.168.1.5", "224.0.0.251", PR_DIRECTION_IN, false, PR_SPOOF_NO);
	check_spoof("192.168.1.5", "192.168.1.255", PR_DIRECTION_IN, false, PR_SPOOF_NO);
	check_spoof("224.0.0.1", "192.168.1.5", PR_DIRECTION_IN, false, PR_SPOOF_MULTICAST);
	check_spoof("192.168.1.255", "192.168.1.5", PR_DIRECTION_IN, false, PR_SPOOF_MULTICAST);
	check_spoof("255.255.255.255", "8.8.8.8", PR_DIRECTION_OUT, false, PR_SPOOF_MULTICAST);
	check_spoof("0.0.0.0", "192.168.1.5", PR_DIRECTION_IN, false, PR_SPOOF_INVALID);
	check_spoof("240.1.2.3", "192.168.1.5", PR_DIRECTION_IN, false, PR_SPOOF_INVALID);
	check_spoof("8.8.8.8", "1.1.1.1", PR_DIRECTION_OUT, false, PR_SPOOF_NO); /* IP_FREEBIND */
}

/* RFC 2131, 4.1: whoever serves addresses is asked by hosts that have none. */
static void a_host_without_an_address_asks_for_one(void **state)
{
	struct pr_tuple tuple = { .src = address_of("0.0.0.0"),
				  .dst = address_of("255.255.255.255"),
				  .src_port = 68,
				  .dst_port = 67,
				  .proto = IPPROTO_UDP };

	(void)state;
	set_up_own();
	assert_int_equal(pr_spoofed(&tuple, PR_DIRECTION_IN, false, &own), PR_SPOOF_NO);
	assert_int_equal(pr_spoofed(&tuple, PR_DIRECTION_FORWARD, false, &own), PR_SPOOF_INVALID);
	tuple.dst_port = 53;
	assert_int_equal(pr_spoofed(&tuple, PR_DIRECTION_IN, false, &own), PR_SPOOF_INVALID);
	tuple.dst_port = 67;
	tuple.src = address_of("0.1.2.3");
	assert_int_equal(pr_spoofed(&tuple, PR_DIRECTION_IN, false, &own), PR_SPOOF_INVALID);
	tuple.src = address_of("::");
	assert_int_equal(pr_spoofed(&tuple, PR_DIRECTION_IN, false, &own), PR_SPOOF_INVALID);
}

static void what_follows_from_an_address(void **state)
{
	const unsigned int intel = PR_FACT_COUNTRY | PR_FACT_ASN | PR_FACT_LISTS;
	struct pr_subject subject = { .known = PR_FACT_OWNER | intel, .absent = intel };
	struct pr_address address = address_of("8.8.8.8");

	(void)state;
	pr_subject_remote_set(&subject, &address, &own);
	assert_int_equal(subject.scope, PR_SCOPE_INTERNET);
	assert_int_equal(subject.known, PR_FACT_OWNER | PR_FACT_ADDRESS | PR_FACT_SCOPE);
	address = address_of("10.1.2.3");
	pr_subject_remote_set(&subject, &address, &own);
	assert_int_equal(subject.scope, PR_SCOPE_LAN);
	assert_int_equal(subject.known, PR_FACT_OWNER | PR_FACT_ADDRESS | PR_FACT_SCOPE |
						PR_FACT_COUNTRY | PR_FACT_ASN);
	assert_int_equal(subject.absent, 0); /* there is none, which isn't missing data */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_the_registries),
		cmocka_unit_test(the_edges_of_blocks),
		cmocka_unit_test(the_host_and_multicast),
		cmocka_unit_test(an_embedded_address_is_no_way_around),
		cmocka_unit_test(what_the_host_knows_of_itself),
		cmocka_unit_test(own_addresses_are_bounded),
		cmocka_unit_test(sources_that_cannot_be),
		cmocka_unit_test(a_host_without_an_address_asks_for_one),
		cmocka_unit_test(what_follows_from_an_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

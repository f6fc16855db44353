/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/address.h"

#include "unit.h"

static void check_text(const char *in, const char *out)
{
	char text[PR_ADDRESS_TEXT_SIZE];
	struct pr_address address;

	assert_int_equal(pr_address_parse(in, &address), 0);
	assert_string_equal(pr_address_format(&address, text), out);
}

static void parses_and_formats(void **state)
{
	struct pr_address address;

	(void)state;
	check_text("192.0.2.1", "192.0.2.1");
	check_text("2001:DB8:0:0::1", "2001:db8::1");
	check_text("::ffff:192.0.2.1", "192.0.2.1");
	assert_int_equal(pr_address_parse("192.0.2.256", &address), -EINVAL);
	assert_int_equal(pr_address_parse("192.0.2.1 ", &address), -EINVAL);
	assert_int_equal(pr_address_parse("", &address), -EINVAL);
}

static void check_prefix(const char *in, const char *out)
{
	char text[PR_PREFIX_TEXT_SIZE];
	struct pr_prefix prefix;

	assert_int_equal(pr_prefix_parse(in, &prefix), 0);
	assert_string_equal(pr_prefix_format(&prefix, text), out);
}

static void masks_prefixes(void **state)
{
	struct pr_prefix prefix;

	(void)state;
	check_prefix("192.0.2.129/25", "192.0.2.128/25");
	check_prefix("2001:db8:ffff::/33", "2001:db8:8000::/33");
	check_prefix("10.0.0.1", "10.0.0.1/32");
	check_prefix("0.0.0.0/0", "0.0.0.0/0");
	check_prefix("::ffff:10.1.2.3/104", "10.0.0.0/8");
	assert_int_equal(pr_prefix_parse("10.0.0.0/33", &prefix), -EINVAL);
	assert_int_equal(pr_prefix_parse("10.0.0.0/", &prefix), -EINVAL);
	assert_int_equal(pr_prefix_parse("10.0.0.0/1x", &prefix), -EINVAL);
}

static void a_prefix_contains_its_own_only(void **state)
{
	struct pr_address in, out, other_family;
	struct pr_prefix prefix;

	(void)state;
	assert_int_equal(pr_prefix_parse("192.0.2.0/25", &prefix), 0);
	assert_int_equal(pr_address_parse("192.0.2.127", &in), 0);
	assert_int_equal(pr_address_parse("192.0.2.128", &out), 0);
	assert_int_equal(pr_address_parse("c000:200::", &other_family), 0);
	assert_true(pr_prefix_contains(&prefix, &in));
	assert_false(pr_prefix_contains(&prefix, &out));
	assert_false(pr_prefix_contains(&prefix, &other_family));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_and_formats),
		cmocka_unit_test(masks_prefixes),
		cmocka_unit_test(a_prefix_contains_its_own_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

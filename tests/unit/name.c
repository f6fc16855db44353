/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/name.h"

#include "unit.h"

#include <string.h>

static void brings_names_into_canonical_form(void **state)
{
	char name[PR_NAME_TEXT_SIZE], label[70] = { 0 };

	(void)state;
	assert_int_equal(pr_name_canonical("WWW.Example.COM.", name), 0);
	assert_string_equal(name, "www.example.com");
	assert_int_equal(pr_name_canonical(".", name), 0);
	assert_string_equal(name, "");
	assert_int_equal(pr_name_canonical("a..b", name), -EINVAL);
	assert_int_equal(pr_name_canonical(".a", name), -EINVAL);
	assert_int_equal(pr_name_canonical("a b", name), -EINVAL);
	memset(label, 'a', 63);
	assert_int_equal(pr_name_canonical(label, name), 0);
	label[63] = 'a';
	assert_int_equal(pr_name_canonical(label, name), -EINVAL);
}

static void compares_at_label_boundaries(void **state)
{
	(void)state;
	assert_true(pr_name_within("www.example.com", "example.com"));
	assert_true(pr_name_within("example.com", "example.com"));
	assert_true(pr_name_within("example.com", ""));
	assert_false(pr_name_within("badexample.com", "example.com"));
	assert_false(pr_name_within("com", "example.com"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brings_names_into_canonical_form),
		cmocka_unit_test(compares_at_label_boundaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/text.h"

#include "unit.h"

#include <string.h>

static void equal_texts_share_a_handle(void **state)
{
	struct pr_texts texts;
	uint32_t a, b, again;

	(void)state;
	pr_texts_init(&texts, 100, 1 << 20);
	a = pr_texts_hold(&texts, "example.com");
	b = pr_texts_hold(&texts, "example.org");
	again = pr_texts_hold(&texts, "example.com");
	assert_int_equal(a, again);
	assert_int_not_equal(a, b);
	assert_string_equal(pr_texts_get(&texts, b), "example.org");
	assert_string_equal(pr_texts_get(&texts, PR_TEXT_NONE), "");
	pr_texts_release(&texts, a);
	assert_int_equal(pr_texts_find(&texts, "example.com"), a);
	pr_texts_release(&texts, a);
	assert_int_equal(pr_texts_find(&texts, "example.com"), PR_TEXT_NONE);
	pr_texts_release(&texts, PR_TEXT_NONE);
	pr_texts_done(&texts);
}

static void every_length_has_its_place(void **state)
{
	char text[PR_TEXT_MAX + 1];
	struct pr_texts texts;
	uint32_t handles[PR_TEXT_MAX];

	(void)state;
	pr_texts_init(&texts, PR_TEXT_MAX, SIZE_MAX);
	for (unsigned int len = 0; len < PR_TEXT_MAX; len++) {
		memset(text, 'a' + (int)(len % 26), len);
		text[len] = '\0';
		handles[len] = pr_texts_hold(&texts, text);
		assert_true(handles[len] > 1);
	}
	for (unsigned int len = 0; len < PR_TEXT_MAX; len++) {
		assert_int_equal(strlen(pr_texts_get(&texts, handles[len])), len);
		pr_texts_release(&texts, handles[len]);
	}
	assert_int_equal(texts.bytes_used, 0);
	memset(text, 'a', PR_TEXT_MAX);
	text[PR_TEXT_MAX] = '\0';
	assert_int_equal(pr_texts_hold(&texts, text), PR_TEXT_NONE);
	pr_texts_done(&texts);
}

static void limits_of_number_and_bytes_hold(void **state)
{
	struct pr_texts texts;

	(void)state;
	pr_texts_init(&texts, 2, 1 << 20);
	assert_int_not_equal(pr_texts_hold(&texts, "a"), PR_TEXT_NONE);
	assert_int_not_equal(pr_texts_hold(&texts, "b"), PR_TEXT_NONE);
	assert_int_equal(pr_texts_hold(&texts, "c"), PR_TEXT_NONE);
	assert_int_not_equal(pr_texts_hold(&texts, "a"), PR_TEXT_NONE);
	pr_texts_done(&texts);
	pr_texts_init(&texts, 100, 70);
	assert_int_not_equal(pr_texts_hold(&texts, "a"), PR_TEXT_NONE);
	assert_int_not_equal(pr_texts_hold(&texts, "b"), PR_TEXT_NONE);
	assert_int_equal(pr_texts_hold(&texts, "c"), PR_TEXT_NONE);
	pr_texts_done(&texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_texts_share_a_handle),
		cmocka_unit_test(every_length_has_its_place),
		cmocka_unit_test(limits_of_number_and_bytes_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ipc/intel_codec.h"

#include "unit.h"

#include <string.h>

static void asks_come_over(void **state)
{
	struct pr_intel_ask ask = { .inquiry.domain = "bad.example",
				    .providers = { "dbl", "rep" },
				    .n_providers = 2 },
			    read;
	uint8_t body[PR_INTEL_BODY_MAX];
	size_t len = pr_intel_ask_encode(&ask, body, sizeof(body));

	(void)state;
	assert_int_equal(pr_intel_ask_decode(body, len, &read), 0);
	assert_string_equal(read.inquiry.domain, "bad.example");
	assert_int_equal(read.n_providers, 2);
	assert_string_equal(read.providers[1], "rep");
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(pr_intel_ask_decode(body, cut, &read), -EBADMSG);
	assert_int_equal(pr_intel_ask_encode(&ask, body, len - 1), 0);
	/* what is no key, and no id */
	ask.inquiry.domain = "Bad.example";
	len = pr_intel_ask_encode(&ask, body, sizeof(body));
	assert_int_equal(pr_intel_ask_decode(body, len, &read), -EBADMSG);
	ask.inquiry.domain = "bad.example";
	ask.providers[0] = "d.bl";
	len = pr_intel_ask_encode(&ask, body, sizeof(body));
	assert_int_equal(pr_intel_ask_decode(body, len, &read), -EBADMSG);
	ask.n_providers = 0;
	len = pr_intel_ask_encode(&ask, body, sizeof(body));
	assert_int_equal(pr_intel_ask_decode(body, len, &read), -EBADMSG);
	ask = (struct pr_intel_ask){ .providers = { "dbl" }, .n_providers = 1 };
	len = pr_intel_ask_encode(&ask, body, sizeof(body));
	assert_int_equal(pr_intel_ask_decode(body, len, &read), -EBADMSG);
}

static void answers_come_over(void **state)
{
	struct pr_intel_answer answer = { .provider = "dbl",
					  .result = { .status = PR_PROVIDER_LISTED,
						      .ttl_s = 77,
						      .n_categories = 1,
						      .categories = { "spam" } } },
			       read;
	uint8_t body[PR_INTEL_BODY_MAX];
	size_t len;

	(void)state;
	assert_int_equal(pr_address_parse("2001:db8::1", &answer.inquiry.address), 0);
	len = pr_intel_answer_encode(&answer, body, sizeof(body));
	assert_int_equal(pr_intel_answer_decode(body, len, &read), 0);
	assert_null(read.inquiry.domain);
	assert_true(pr_address_equal(&read.inquiry.address, &answer.inquiry.address));
	assert_int_equal(read.result.ttl_s, 77);
	assert_string_equal(read.result.categories[0], "spam");
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(pr_intel_answer_decode(body, cut, &read), -EBADMSG);
	/* on lists though it is on none */
	answer.result.status = PR_PROVIDER_NOT_LISTED;
	len = pr_intel_answer_encode(&answer, body, sizeof(body));
	assert_int_equal(pr_intel_answer_decode(body, len, &read), -EBADMSG);
	answer.result.status = PR_PROVIDER_N_STATUSES;
	answer.result.n_categories = 0;
	len = pr_intel_answer_encode(&answer, body, sizeof(body));
	assert_int_equal(pr_intel_answer_decode(body, len, &read), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_come_over),
		cmocka_unit_test(answers_come_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

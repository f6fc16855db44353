/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bodies: pairs and events there and back; what is cut short, or lies, is refused. */
#include "ipc/body.h"

#include "ipc/event_codec.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void test_pairs_there_and_back(void **state)
{
	struct pr_pairs pairs = { .n = 0 }, again;
	uint8_t body[256];
	size_t len;

	(void)state;
	assert_true(pr_pairs_add(&pairs, "verb", "rule-add"));
	assert_true(pr_pairs_add(&pairs, "for", "60"));
	assert_true(pr_pairs_add(&pairs, "empty", ""));
	len = pr_pairs_encode(&pairs, body, sizeof(body));
	assert_true(len > 0);
	assert_int_equal(pr_pairs_decode(body, len, &again), 0);
	assert_int_equal(again.n, 3);
	assert_string_equal(pr_pairs_get(&again, "verb"), "rule-add");
	assert_string_equal(pr_pairs_get(&again, "empty"), "");
	assert_null(pr_pairs_get(&again, "none"));
	assert_int_equal(pr_pairs_number(&again, "for", 1), 60);
	assert_int_equal(pr_pairs_number(&again, "verb", 1), 1);
	assert_int_equal(pr_pairs_number(&again, "empty", 2), 2);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(pr_pairs_decode(body, cut, &again), -EBADMSG);
	assert_int_equal(pr_pairs_encode(&pairs, body, len - 1), 0);
}

static void test_numbers_that_are_none(void **state)
{
	static const char *const texts[] = {
		"-1", "+1", " 1", "1 ", "0x1", "18446744073709551616"
	};

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(texts); i++) {
		struct pr_pairs pairs = { .n = 0 };

		assert_true(pr_pairs_add(&pairs, "n", texts[i]));
		assert_int_equal(pr_pairs_number(&pairs, "n", 99), 99);
	}
}

static void test_limits_of_pairs(void **state)
{
	struct pr_pairs pairs = { .n = 0 };
	char *value = pr_calloc(1, PR_PAIR_VALUE_MAX + 2);
	char key[PR_PAIR_KEY_MAX + 2] = { 0 };

	(void)state;
	memset(value, 'v', PR_PAIR_VALUE_MAX + 1);
	memset(key, 'k', PR_PAIR_KEY_MAX + 1);
	assert_false(pr_pairs_add(&pairs, "key", value));
	assert_false(pr_pairs_add(&pairs, key, "value"));
	value[PR_PAIR_VALUE_MAX] = key[PR_PAIR_KEY_MAX] = '\0';
	assert_true(pr_pairs_add(&pairs, key, value));
	while (pairs.n < PR_PAIRS_MAX)
		assert_true(pr_pairs_add(&pairs, "k", "v"));
	assert_false(pr_pairs_add(&pairs, "k", "v"));
	free(value);
}

/* A text with a zero inside would be read as a shorter one by whoever comes later. */
static void test_a_text_with_a_zero_in_it(void **state)
{
	const uint8_t body[] = { 0, 1, 0, 3, 'a', 0, 'b', 0, 0, 1, 'v', 0 };
	struct pr_pairs pairs;

	(void)state;
	assert_int_equal(pr_pairs_decode(body, sizeof(body), &pairs), -EBADMSG);
}

static struct pr_event full_event(void)
{
	struct pr_event event = {
		.kind = PR_EVENT_LINK,
		.real_us = 1234567890123456,
		.id = 77,
		.communication = 5,
		.profile = "Firefox",
		.path = "/usr/bin/firefox",
		.cmdline = "firefox --new",
		.pid = 4711,
		.uid = 1000,
		.parents = { { 1, "/sbin/init" }, { 4000, NULL } },
		.n_parents = 2,
		.direction = PR_DIRECTION_OUT,
		.domain = "example.com",
		.domains = { "example.com", "example.net" },
		.n_domains = 2,
		.name_grade = PR_NAME_SHARED,
		.port = 443,
		.proto = 6,
		.scope = PR_SCOPE_INTERNET,
		.decided = true,
		.permanent = true,
		.stage = PR_STAGE_LINK,
		.verdict = PR_VERDICT_REROUTE_TUNNEL,
		.reason = "because",
		.missing = 0x55,
		.generation = 3,
		.counted = true,
		.bytes_sent = UINT64_MAX,
		.duration_ms = 12,
	};

	assert_int_equal(pr_address_parse("2001:db8::1", &event.remote), 0);
	event.tuple.dst = event.remote;
	event.tuple.dst_port = 443;
	event.tuple.proto = 6;
	return event;
}

static void test_an_event_there_and_back(void **state)
{
	static uint8_t body[PR_EVENT_BODY_MAX];
	const struct pr_event event = full_event();
	struct pr_event again;
	size_t len = pr_event_encode(&event, body, sizeof(body));

	(void)state;
	assert_int_equal(pr_event_decode(body, len, &again), 0);
	assert_string_equal(again.profile, "Firefox");
	assert_null(again.container);
	assert_int_equal(again.n_parents, 2);
	assert_string_equal(again.parents[0].path, "/sbin/init");
	assert_null(again.parents[1].path);
	assert_string_equal(again.domains[1], "example.net");
	assert_true(pr_address_equal(&again.remote, &event.remote));
	assert_true(pr_tuple_equal(&again.tuple, &event.tuple));
	assert_true(again.decided && again.permanent && again.counted && !again.ask &&
		    !again.grace);
	assert_int_equal(again.verdict, PR_VERDICT_REROUTE_TUNNEL);
	assert_true(again.bytes_sent == UINT64_MAX);
	assert_int_equal(again.missing, 0x55);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(pr_event_decode(body, cut, &again), -EBADMSG);
}

static void test_enums_out_of_range_are_refused(void **state)
{
	static uint8_t body[PR_EVENT_BODY_MAX];
	const struct pr_event event = full_event();
	struct pr_event again;
	size_t len = pr_event_encode(&event, body, sizeof(body));

	(void)state;
	body[0] = PR_EVENT_SYSTEM + 1;
	assert_int_equal(pr_event_decode(body, len, &again), -EBADMSG);
}

static void test_the_longest_event_fits(void **state)
{
	static uint8_t body[PR_EVENT_BODY_MAX];
	char *text = pr_calloc(1, 8192);
	struct pr_event event = full_event(), again;
	size_t len;

	(void)state;
	memset(text, 't', 8191);
	event.profile = event.path = event.exe_shown = event.cmdline = event.user = text;
	event.cgroup = event.unit = event.container = event.script = text;
	event.domain = event.reason = event.rule = event.rule_place = event.text = text;
	event.n_parents = PR_ARRAY_SIZE(event.parents);
	event.n_domains = PR_SUBJECT_DOMAINS_MAX;
	for (unsigned int i = 0; i < event.n_parents; i++)
		event.parents[i].path = text;
	for (unsigned int i = 0; i < event.n_domains; i++)
		event.domains[i] = text;
	len = pr_event_encode(&event, body, sizeof(body));
	assert_int_equal(pr_event_decode(body, len, &again), 0);
	assert_int_equal(strlen(again.cmdline), PR_EVENT_TEXT_MAX);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs_there_and_back),
		cmocka_unit_test(test_numbers_that_are_none),
		cmocka_unit_test(test_limits_of_pairs),
		cmocka_unit_test(test_a_text_with_a_zero_in_it),
		cmocka_unit_test(test_an_event_there_and_back),
		cmocka_unit_test(test_enums_out_of_range_are_refused),
		cmocka_unit_test(test_the_longest_event_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

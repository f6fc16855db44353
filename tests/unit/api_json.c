/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/event_json.h"
#include "api/pairs_json.h"
#include "api/text_json.h"

#include "unit.h"

#include <string.h>

static struct pr_event link_event(void)
{
	struct pr_event event = {
		.kind = PR_EVENT_LINK,
		.real_us = UINT64_C(1767225600000001),
		.id = 7,
		.profile = "curl",
		.path = "/usr/bin/curl",
		.cmdline = "curl \xff\xc3\xa9 x",
		.pid = 42,
		.uid = 0,
		.domain = "example.com",
		.domains = { "example.com", "b.example" },
		.n_domains = 2,
		.port = 443,
		.proto = IPPROTO_TCP,
		.scope = PR_SCOPE_INTERNET,
		.country = "US",
		.organisation = "Example Net",
		.asn = 64496,
		.lists = { "ads" },
		.n_lists = 1,
		.suspicions = PR_SUSPICION_GENERATED,
		.decided = true,
		.stage = PR_STAGE_LINK,
		.verdict = PR_VERDICT_BLOCK,
		.permanent = true,
		.reason = "denied by a rule",
		.rule = "- example.com",
		.rule_place = "run-time",
		.missing = PR_FACT_COUNTRY,
		.generation = 3,
	};

	assert_int_equal(pr_address_parse("93.184.215.14", &event.remote), 0);
	return event;
}

static void an_event_has_the_contract_s_members(void **state)
{
	struct pr_event event = link_event();
	json_t *object = pr_event_json(&event);
	json_t *expected = json_loads(
		"{\"time\":\"2026-01-01T00:00:00.000001Z\",\"event\":\"link\",\"id\":7,"
		"\"app\":{\"profile\":\"curl\",\"path\":\"/usr/bin/curl\",\"pid\":42,\"uid\":0,"
		"\"cmdline\":\"curl \\ufffd\\u00e9 x\"},\"direction\":\"out\","
		"\"entity\":{\"domain\":\"example.com\",\"domains\":[\"example.com\",\"b.example\"]"
		","
		"\"name_grade\":\"proven\",\"ip\":\"93.184.215.14\",\"port\":443,\"proto\":\"tcp\","
		"\"scope\":\"Internet\",\"country\":\"US\",\"asn\":64496,\"org\":\"Example Net\","
		"\"lists\":[\"ads\"],\"suspicions\":[\"generated\"]},\"stage\":\"link\","
		"\"verdict\":\"block\",\"permanent\":"
		"true,"
		"\"reason\":\"denied by a rule\","
		"\"rule\":{\"text\":\"- example.com\",\"place\":\"run-time\"},"
		"\"missing\":[\"country\"],\"generation\":3}",
		0, NULL);

	(void)state;
	assert_non_null(expected);
	if (!json_equal(object, expected))
		json_dumpf(object, stderr, JSON_INDENT(1));
	assert_true(json_equal(object, expected));
	json_decref(object);
	json_decref(expected);
}

static void what_was_seen_is_shown_without_what_is_not_known(void **state)
{
	struct pr_event event = { .kind = PR_EVENT_VERDICT,
				  .domain = "claimed.example",
				  .name_grade = PR_NAME_CLAIMED,
				  .missing = PR_FACT_CERTIFICATE | PR_FACT_SPEAKS,
				  .seen = { .any = true,
					    .speaks = PR_SPEAKS_TLS,
					    .encryption = PR_ENCRYPTION_YES,
					    .flags = PR_SEEN_UPGRADED | PR_SEEN_CERTIFICATE,
					    .expired = true,
					    .why = "a TLS handshake",
					    .version = "1.2",
					    .names = { "claimed.example" },
					    .n_names = 1,
					    .alpn = "h2,http/1.1",
					    .ja4 = "t12d",
					    .issuer = "CA \xff",
					    .not_before_s = -1,
					    .not_after_s = INT64_MAX } };
	json_t *object = pr_event_json(&event);
	json_t *expected = json_loads(
		"{\"protocol\":\"tls\",\"encrypted\":\"yes\",\"encrypted_why\":\"a TLS handshake\","
		"\"version\":\"1.2\",\"names\":[\"claimed.example\"],\"alpn\":[\"h2\",\"http/"
		"1.1\"],"
		"\"ja4\":\"t12d\",\"upgraded\":true,\"certificate\":{\"issuer\":\"CA \\ufffd\","
		"\"not_before\":\"1969-12-31T23:59:59Z\",\"self_issued\":false,"
		"\"expired\":true}}",
		0, NULL);
	const char *grade = NULL, *first = NULL, *second = NULL;

	(void)state;
	assert_non_null(expected);
	if (!json_equal(json_object_get(object, "seen"), expected))
		json_dumpf(object, stderr, JSON_INDENT(1));
	assert_true(json_equal(json_object_get(object, "seen"), expected));
	assert_int_equal(json_unpack(object, "{s:{s:s},s:[s,s]}", "entity", "name_grade", &grade,
				     "missing", &first, &second),
			 0);
	assert_string_equal(grade, "claimed");
	assert_string_equal(first, "speaks");
	assert_string_equal(second, "certificate");
	json_decref(object);
	json_decref(expected);
	event.seen = (struct pr_event_seen){ .any = true };
	object = pr_event_json(&event);
	assert_int_equal(json_object_size(json_object_get(object, "seen")), 2);
	json_decref(object);
}

static void counters_are_shown_only_where_they_hold(void **state)
{
	struct pr_event event = link_event();
	json_t *object;

	(void)state;
	event.kind = PR_EVENT_END;
	event.bytes_sent = 5;
	object = pr_event_json(&event);
	assert_null(json_object_get(object, "bytes_sent"));
	json_decref(object);
	event.counted = true;
	object = pr_event_json(&event);
	assert_int_equal(json_integer_value(json_object_get(object, "bytes_sent")), 5);
	json_decref(object);
}

static void what_is_no_utf8_costs_no_more_than_itself(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "", "" },
		{ "- example.com # f\xfcr uns", "- example.com # f\xef\xbf\xbdr uns" },
		{ "\xc3\xa9", "\xc3\xa9" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* a surrogate */
		{ "cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf0\x9f\x98\x80\xff", "\xf0\x9f\x98\x80\xef\xbf\xbd" },
	};
	struct pr_pairs pairs = { .n = 0 };
	json_t *object = json_object();

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		json_t *text = pr_text_json(cases[i].text);

		assert_string_equal(json_string_value(text), cases[i].shown);
		json_decref(text);
	}
	assert_true(pr_pairs_add(&pairs, "warnings", cases[1].text));
	pr_pairs_json(&pairs, object);
	assert_string_equal(json_string_value(json_object_get(object, "warnings")), cases[1].shown);
	json_decref(object);
}

static void pairs_nest_at_dots_and_gather_what_repeats(void **state)
{
	struct pr_pairs pairs = { .n = 0 };
	json_t *object = json_object(), *expected;

	(void)state;
	assert_true(pr_pairs_add(&pairs, "engine.packets", "12"));
	assert_true(pr_pairs_add(&pairs, "engine.up", "true"));
	assert_true(pr_pairs_add(&pairs, "upstream", "192.0.2.1"));
	assert_true(pr_pairs_add(&pairs, "upstream", "192.0.2.2"));
	assert_true(pr_pairs_add(&pairs, "code", "007"));
	pr_pairs_json(&pairs, object);
	expected = json_loads("{\"engine\":{\"packets\":12,\"up\":true},"
			      "\"upstream\":[\"192.0.2.1\",\"192.0.2.2\"],\"code\":\"007\"}",
			      0, NULL);
	assert_true(json_equal(object, expected));
	json_decref(object);
	json_decref(expected);
}

static void only_flat_objects_become_pairs(void **state)
{
	json_t *flat = json_loads("{\"verb\":\"cut\",\"id\":9,\"force\":true}", 0, NULL);
	json_t *nested = json_loads("{\"verb\":{}}", 0, NULL);
	struct pr_pairs_text text;
	struct pr_pairs pairs;

	(void)state;
	assert_int_equal(pr_pairs_from_json(flat, &text, &pairs), 0);
	assert_string_equal(pr_pairs_get(&pairs, "id"), "9");
	assert_string_equal(pr_pairs_get(&pairs, "force"), "1");
	assert_int_equal(pr_pairs_from_json(nested, &text, &pairs), -EINVAL);
	json_decref(flat);
	json_decref(nested);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_has_the_contract_s_members),
		cmocka_unit_test(what_was_seen_is_shown_without_what_is_not_known),
		cmocka_unit_test(counters_are_shown_only_where_they_hold),
		cmocka_unit_test(what_is_no_utf8_costs_no_more_than_itself),
		cmocka_unit_test(pairs_nest_at_dots_and_gather_what_repeats),
		cmocka_unit_test(only_flat_objects_become_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

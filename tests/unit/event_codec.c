/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ipc/event_codec.h"

#include "unit.h"

#include <string.h>

static uint8_t body[PR_EVENT_BODY_MAX];

static void all_fields_travel(void **state)
{
	struct pr_event in = {
		.kind = PR_EVENT_PROMPT,
		.real_us = 1,
		.id = 2,
		.communication = 3,
		.profile = "p",
		.instance = "i",
		.path = "/p",
		.exe_shown = "/s",
		.cmdline = "c",
		.user = "u",
		.cgroup = "g",
		.unit = "n",
		.container = "t",
		.script = "r",
		.pid = 4,
		.uid = 5,
		.parents = { { 6, "/a" }, { 7, NULL } },
		.n_parents = 2,
		.direction = PR_DIRECTION_FORWARD,
		.domain = "example.com",
		.domains = { "example.com", "example.org" },
		.n_domains = 2,
		.name_grade = PR_NAME_HOSTS,
		.port = 8,
		.proto = 9,
		.scope = PR_SCOPE_LAN,
		.country = "AT",
		.organisation = "o",
		.asn = 19,
		.lists = { "ads", "malware" },
		.n_lists = 2,
		.suspicions = PR_SUSPICION_TUNNEL,
		.seen = { .any = true,
			  .speaks = PR_SPEAKS_DHCP,
			  .encryption = PR_ENCRYPTION_YES,
			  .flags = PR_SEEN_LIMIT | PR_SEEN_CERTIFICATE,
			  .expired = true,
			  .why = "w",
			  .version = "1.3",
			  .names = { "a.example", "b.example", "c.example", "d.example" },
			  .n_names = PR_SEEN_NAMES_MAX,
			  .alpn = "h2",
			  .alpn_chosen = "h3",
			  .ja4 = "t13d",
			  .certificate_name = "n",
			  .issuer = "I",
			  .not_before_s = INT64_MIN,
			  .not_after_s = 20 },
		.decided = true,
		.ask = true,
		.stage = PR_STAGE_LINK,
		.verdict = PR_VERDICT_REROUTE_TUNNEL,
		.permanent = true,
		.grace = true,
		.old = true,
		.ended = true,
		.reason = "why",
		.rule = "+ *",
		.rule_place = "there",
		.missing = PR_FACT_ASN,
		.generation = 7,
		.attacked = true,
		.attack = { .kind = PR_ATTACK_GATEWAY,
			    .technique = PR_TECHNIQUE_PROTOCOL,
			    .source = { { 4, { 10, 0, 0, 0 } }, 24 },
			    .target = { 4, { 10, 0, 0, 1 } },
			    .ifindex = 21,
			    .first_us = 22,
			    .last_us = 23,
			    .n_packets = 24,
			    .n_targets = 25,
			    .n_hosts = 26,
			    .n_sources = 27,
			    .ports = { 28, 29 },
			    .n_ports = 2,
			    .blocked_until_us = 30,
			    .spared = true,
			    .told = true,
			    .known_hardware = { 1 },
			    .claimed_hardware = { 2 } },
		.text = "said",
		.counted = true,
		.bytes_sent = 10,
		.bytes_received = 11,
		.packets_sent = 12,
		.packets_received = 13,
		.duration_ms = 14,
		.prompt_state = PR_PROMPT_EXPIRED,
		.deadline_real_us = 15,
		.n_communications = 16,
		.n_links = 17,
		.last_real_us = 18,
	};
	static uint8_t again[PR_EVENT_BODY_MAX];
	struct pr_event out;
	size_t len, len_again;

	(void)state;
	len = pr_event_encode(&in, body, sizeof(body));
	assert_int_equal(pr_event_decode(body, len, &out), 0);
	assert_string_equal(out.instance, "i");
	assert_true(out.old && out.ended && out.grace && out.counted);
	assert_int_equal(out.prompt_state, PR_PROMPT_EXPIRED);
	assert_int_equal(out.n_links, 17);
	assert_string_equal(out.lists[1], "malware");
	assert_int_equal(out.suspicions, PR_SUSPICION_TUNNEL);
	assert_null(out.parents[1].path);
	assert_int_equal(out.seen.speaks, PR_SPEAKS_DHCP);
	assert_memory_equal(&out.attack, &in.attack, sizeof(out.attack));
	assert_string_equal(out.seen.names[3], "d.example");
	assert_true(out.seen.expired && out.seen.not_before_s == INT64_MIN);
	/* What was read encodes to the same bytes: nothing was left behind. */
	len_again = pr_event_encode(&out, again, sizeof(again));
	assert_int_equal(len_again, len);
	assert_memory_equal(again, body, len);
}

static void what_was_seen_is_held_against_the_event_s_time(void **state)
{
	struct pr_seen seen = { .speaks = PR_SPEAKS_TLS,
				.flags = PR_SEEN_CERTIFICATE,
				.n_names = 1,
				.names = { "a.example" },
				.certificate_name = "b.example",
				.not_before_s = 100,
				.not_after_s = 200 };
	static const struct {
		uint64_t real_us;
		bool expired;
	} times[] = {
		{ 99999999, true }, { 100000000, false }, { 200000000, false }, { 201000000, true }
	};

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(times); i++) {
		struct pr_event event = { .real_us = times[i].real_us };

		pr_event_see(&event, &seen);
		assert_true(event.seen.any);
		assert_int_equal(event.seen.expired, times[i].expired);
		assert_string_equal(event.seen.names[0], "a.example");
		assert_string_equal(event.seen.certificate_name, "b.example");
		assert_null(event.seen.issuer);
		assert_null(event.seen.version);
	}
}

static void what_is_cut_short_is_refused(void **state)
{
	struct pr_event event = { .kind = PR_EVENT_LINK,
				  .profile = "p",
				  .seen = { .any = true, .names = { "a" }, .n_names = 1 },
				  .reason = "because" },
			out;
	size_t len = pr_event_encode(&event, body, sizeof(body));

	(void)state;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(pr_event_decode(body, i, &out), -EBADMSG);
	body[0] = 200;
	assert_int_equal(pr_event_decode(body, len, &out), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_fields_travel),
		cmocka_unit_test(what_was_seen_is_held_against_the_event_s_time),
		cmocka_unit_test(what_is_cut_short_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

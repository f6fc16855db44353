/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include "unit.h"

#include <string.h>

static void options_are_taken_from_anywhere(void **state)
{
	char *words[] = {
		(char[]){ "add" },  (char[]){ "--app=x" },	  (char[]){ "- ads.example" },
		(char[]){ "--in" }, (char[]){ "--for" },	  (char[]){ "5m" },
		(char[]){ "--" },   (char[]){ "--not-an-option" }
	};
	const char *app = NULL, *duration = NULL;
	bool incoming = false;
	const struct pr_cli_option options[] = { { "app", &app, NULL },
						 { "for", &duration, NULL },
						 { "in", NULL, &incoming } };
	int n;

	(void)state;
	assert_true(pr_cli_options("rule", PR_ARRAY_SIZE(words), words, options, 3, &n));
	assert_int_equal(n, 3);
	assert_string_equal(words[0], "add");
	assert_string_equal(words[1], "- ads.example");
	assert_string_equal(words[2], "--not-an-option");
	assert_string_equal(app, "x");
	assert_string_equal(duration, "5m");
	assert_true(incoming);
}

static void an_unknown_option_is_refused(void **state)
{
	char *words[] = { (char[]){ "--nope" } };
	int n;

	(void)state;
	assert_false(pr_cli_options("status", 1, words, NULL, 0, &n));
}

static void durations_have_units_and_bounds(void **state)
{
	unsigned long seconds;

	(void)state;
	assert_true(pr_cli_duration("90", &seconds));
	assert_int_equal(seconds, 90);
	assert_true(pr_cli_duration("2h", &seconds));
	assert_int_equal(seconds, 7200);
	assert_false(pr_cli_duration("0", &seconds));
	assert_false(pr_cli_duration("-5", &seconds));
	assert_false(pr_cli_duration("5x", &seconds));
	assert_false(pr_cli_duration("5mm", &seconds));
	assert_false(pr_cli_duration("99999999999999999999d", &seconds));
}

static void a_terminal_gets_no_control_characters(void **state)
{
	char clean[64];

	(void)state;
	assert_string_equal(pr_cli_clean("a\033[2Jb\nc", clean, sizeof(clean)), "a?[2Jb?c");
	assert_string_equal(pr_cli_clean("\xc2\x9b"
					 "31m",
					 clean, sizeof(clean)),
			    "?31m");
	assert_string_equal(pr_cli_clean("\xc3\xa9", clean, sizeof(clean)), "\xc3\xa9");
	assert_string_equal(pr_cli_clean("a\xe2\x80\xae"
					 "b\xe2\x81\xa6\xe2\x82\xac",
					 clean, sizeof(clean)),
			    "a?b?\xe2\x82\xac");
	assert_string_equal(pr_cli_clean("\xc2", clean, sizeof(clean)), "?");
}

static char *shown(const char *event, unsigned int width)
{
	struct pr_cli cli = { .width = width };
	json_t *object = json_loads(event, 0, NULL);
	char *text = NULL;
	size_t len;

	assert_non_null(object);
	cli.out = open_memstream(&text, &len);
	pr_cli_event(&cli, object);
	fclose(cli.out);
	json_decref(object);
	return text;
}

#define EVENT(verdict)                                                                            \
	"{\"time\":\"2026-01-02T03:04:05.678901Z\",\"event\":\"link\",\"id\":7,"                  \
	"\"app\":{\"profile\":\"global\",\"path\":\"/usr/bin/curl\",\"pid\":9},"                  \
	"\"direction\":\"out\",\"entity\":{\"ip\":\"192.0.2.1\",\"port\":443,\"proto\":\"tcp\"}," \
	"\"verdict\":\"" verdict "\",\"reason\":\"because\"}"

static void an_event_fits_the_terminal_unless_it_is_denied(void **state)
{
	char *text = shown(EVENT("accept"), 0);

	(void)state;
	assert_string_equal(text, "03:04:05.678 accept  link          curl[9]         "
				  "-> 192.0.2.1 TCP/443                    because\n");
	free(text);
	text = shown(EVENT("accept"), 46);
	assert_string_equal(text, "03:04:05.678 accept  link          curl[9]    \n");
	free(text);
	text = shown(EVENT("block"), 40);
	assert_non_null(strstr(text, "because\n"));
	free(text);
}

#define COUNTED(event, verdict)                                                          \
	"{\"event\":\"" event "\",\"stage\":\"inspection\",\"verdict\":\"" verdict "\"," \
	"\"bytes_sent\":5,\"bytes_received\":6,\"duration_ms\":7,\"reason\":\"because\"}"

static void a_reason_isnt_hidden_by_figures(void **state)
{
	static const struct {
		const char *event, *said;
	} cases[] = {
		{ COUNTED("end", "accept"), "accept  end           sent 5, received 6" },
		{ COUNTED("end", "block"), "block   end           sent 5, received 6" },
		{ COUNTED("link", "accept"), "accept  link          sent 5, received 6" },
		{ COUNTED("link", "block"), "block   link          because" },
		{ COUNTED("link", "drop"), "drop    link          because" },
		{ COUNTED("verdict", "accept"), "accept  inspection    because" },
		{ "{\"event\":\"verdict\",\"stage\":\"link\",\"verdict\":\"accept\"}",
		  "accept  again " },
		{ COUNTED("link", "reroute-tunnel"), "tunnel  link          sent 5" },
		{ "{\"event\":\"link\",\"verdict\":\"reroute-tunnel\",\"tunnel\":\"t\\u001br\"}",
		  "tunnel t?r link " },
		{ "{\"event\":\"link\",\"verdict\":\"block\",\"tunnel\":\"tor\"}",
		  "block   link " },
	};

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		char *text = shown(cases[i].event, 0);

		if (strncmp(text, cases[i].said, strlen(cases[i].said)) != 0)
			fail_msg("%s: %s", cases[i].event, text);
		free(text);
	}
}

#define SEEN(entity, seen) "{\"event\":\"verdict\",\"entity\":{" entity "},\"seen\":{" seen "}}"

static void what_was_seen_is_told_in_a_few_words(void **state)
{
	static const struct {
		const char *event, *said;
	} cases[] = {
		{ "{\"event\":\"link\"}", "" },
		{ SEEN("", "\"protocol\":\"unknown\",\"encrypted\":\"unknown\""), "" },
		{ SEEN("", "\"protocol\":\"unknown\",\"encrypted\":\"no\""), "not encrypted" },
		{ SEEN("\"domain\":\"a.example\"",
		       "\"protocol\":\"tls\",\"version\":\"1.3\",\"encrypted\":\"yes\","
		       "\"names\":[\"a.example\"]"),
		  "tls 1.3, encrypted" },
		{ SEEN("\"domain\":\"a.example\",\"name_grade\":\"claimed\"",
		       "\"protocol\":\"quic\",\"encrypted\":\"yes\",\"names\":[\"a.example\"]"),
		  "quic, encrypted, a name that it was never given" },
		{ SEEN("\"domain\":\"a.example\"",
		       "\"protocol\":\"tls\",\"encrypted\":\"unknown\",\"names\":[\"b\\u0007c\"],"
		       "\"certificate\":{\"expired\":true,\"self_issued\":true}"),
		  "tls, encrypted or not is unknown, asks for b\ac, its certificate has expired, "
		  "its certificate is self-issued" },
		{ SEEN("", "\"protocol\":\"smtp\",\"encrypted\":\"yes\",\"upgraded\":true,\"old\":"
			   "true"),
		  "smtp, encrypted, upgraded, an old version" },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		json_t *event = json_loads(cases[i].event, 0, NULL);

		assert_non_null(event);
		assert_string_equal(pr_cli_seen(event, text, sizeof(text)), cases[i].said);
		/* However short the room is, it ends within it. */
		for (size_t size = 1; size < sizeof(text); size++)
			assert_true(strlen(pr_cli_seen(event, text, size)) < size);
		json_decref(event);
	}
}

static void a_terminal_gets_nothing_raw_of_what_was_seen(void **state)
{
	char *text = shown(SEEN("", "\"protocol\":\"tls\",\"encrypted\":\"yes\",\"names\":"
				    "[\"\\u001b[31m\"]"),
			   0);

	(void)state;
	assert_non_null(strstr(text, "[tls, encrypted, asks for ?[31m] "));
	free(text);
}

static void a_verdict_is_one_of_those_that_there_are(void **state)
{
	(void)state;
	assert_true(pr_cli_is_verdict("accept"));
	assert_true(pr_cli_is_verdict("ask"));
	assert_false(pr_cli_is_verdict("deny"));
	assert_false(pr_cli_is_verdict(""));
	assert_false(pr_cli_is_verdict("accept, block"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_taken_from_anywhere),
		cmocka_unit_test(an_unknown_option_is_refused),
		cmocka_unit_test(durations_have_units_and_bounds),
		cmocka_unit_test(an_event_fits_the_terminal_unless_it_is_denied),
		cmocka_unit_test(a_reason_isnt_hidden_by_figures),
		cmocka_unit_test(what_was_seen_is_told_in_a_few_words),
		cmocka_unit_test(a_terminal_gets_nothing_raw_of_what_was_seen),
		cmocka_unit_test(a_verdict_is_one_of_those_that_there_are),
		cmocka_unit_test(a_terminal_gets_no_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

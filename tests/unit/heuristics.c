/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "intel/heuristics.h"
#include "intel/letters.h"

#include "unit.h"

#include "base/hash.h"

#include <stdio.h>
#include <string.h>

#define SECOND	 UINT64_C(1000000)
#define HOUR	 (3600 * SECOND)
#define NOERROR	 0
#define NXDOMAIN 3
#define A	 1
#define TXT	 16
#define PROGRAM	 1
#define OTHER	 2

static struct pr_heuristics *heuristics; /* of all tests: the list of suffixes is read once */
static uint32_t draw_state;

static int start(void **state)
{
	(void)state;
	pr_hash_seed(1);
	heuristics = pr_heuristics_new();
	return 0;
}

static int end(void **state)
{
	(void)state;
	pr_heuristics_free(heuristics);
	return 0;
}

static int forget(void **state)
{
	(void)state;
	pr_heuristics_forget(heuristics);
	draw_state = 1;
	return 0;
}

static const char *letters(char *text, const char *of, unsigned int n, const char *rest)
{
	for (unsigned int i = 0; i < n; i++) {
		draw_state = draw_state * 1664525u + 1013904223u;
		text[i] = of[(draw_state >> 8) % strlen(of)];
	}
	memcpy(text + n, rest, strlen(rest) + 1);
	return text;
}

static const char *generated(char *text)
{
	return letters(text, "abcdefghijklmnopqrstuvwxyz", 14, ".com");
}

static const char *encoded(char *text, unsigned int n)
{
	return letters(text, "abcdefghijklmnopqrstuvwxyz234567", n, ".t.example.net");
}

/* A question and, where it is not suspected, its answer. */
static unsigned int ask(uint64_t now_us, uint64_t application, const char *name, uint16_t type,
			unsigned int rcode)
{
	unsigned int suspicions = pr_heuristics_asked(heuristics, now_us, application, name, type);

	if (!suspicions)
		pr_heuristics_answered(heuristics, now_us, application, name, rcode, 100);
	return suspicions;
}

/* How many of `n` generated domains, one a second, are suspected. */
static unsigned int ask_generated(uint64_t from_us, unsigned int n)
{
	unsigned int found = 0;
	char name[64];

	for (unsigned int i = 0; i < n; i++)
		found += ask(from_us + i * SECOND, PROGRAM, generated(name), A, NXDOMAIN) ==
			 PR_SUSPICION_GENERATED;
	return found;
}

static int score(const char *label)
{
	return pr_letters_score(label, strlen(label));
}

static void letters_tell_chosen_from_drawn(void **state)
{
	(void)state;
	assert_true(score("wikipedia") < 0);
	assert_true(score("debian") < 0);
	assert_true(score("openstreetmap") < 0);
	assert_true(score("xkqjwzvbtrpf") > 8 * PR_LETTERS_BIT);
	assert_true(score("q8zk3xw9vj2b") > 8 * PR_LETTERS_BIT);
	assert_int_equal(score("xn--80ak6aa92e"), 0);
	assert_int_equal(score(""), 0);
}

static void generated_domains_are_found_after_a_few(void **state)
{
	(void)state;
	assert_in_range(ask_generated(0, 100), 85, 96);
}

static void one_that_does_not_exist_is_nothing(void **state)
{
	char name[64];

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(ask(i * SECOND, PROGRAM, generated(name), A, NXDOMAIN), 0);
	/* Asking for one of them again and again adds nothing, also when time runs backwards. */
	for (unsigned int i = 0; i < 1000; i++)
		assert_int_equal(ask(i * SECOND, PROGRAM, name, A, NXDOMAIN), 0);
}

static void domains_that_exist_are_not_suspected(void **state)
{
	char name[64];

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		assert_int_equal(ask(i * SECOND, PROGRAM, generated(name), A, NOERROR), 0);
	/* One that was there before stays good when the others come. */
	assert_true(ask_generated(21 * SECOND, 50) > 30);
	assert_int_equal(ask(80 * SECOND, PROGRAM, name, A, NOERROR), 0);
}

static void ordinary_domains_in_between_outweigh_some(void **state)
{
	static const char *const ordinary[] = { "debian.org",	     "wikipedia.org", "kernel.org",
						"python.org",	     "mozilla.org",   "gnu.org",
						"openstreetmap.org", "archlinux.org" };
	char name[64];

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		assert_int_equal(ask(i * SECOND, PROGRAM, ordinary[i], A, NOERROR), 0);
		if (i % 3 == 0)
			assert_int_equal(ask(i * SECOND, PROGRAM, generated(name), A, NXDOMAIN), 0);
	}
}

static void another_application_is_not_concerned(void **state)
{
	char name[64];

	(void)state;
	assert_true(ask_generated(0, 30) > 20);
	assert_int_equal(ask(31 * SECOND, OTHER, generated(name), A, NXDOMAIN), 0);
	/* And what looks chosen is nobody's. */
	assert_int_equal(ask(31 * SECOND, PROGRAM, "wikipedia.org", A, NOERROR), 0);
}

static void it_is_forgotten_in_time(void **state)
{
	char name[64];

	(void)state;
	assert_true(ask_generated(0, 30) > 20);
	generated(name);
	assert_int_equal(pr_heuristics_look(heuristics, 40 * SECOND, PROGRAM, name),
			 PR_SUSPICION_GENERATED);
	assert_int_equal(pr_heuristics_look(heuristics, 3 * HOUR, PROGRAM, name), 0);
}

static void names_of_the_lan_say_nothing(void **state)
{
	char name[64];

	(void)state;
	for (unsigned int i = 0; i < 50; i++) {
		letters(name, "abcdefghijklmnopqrstuvwxyz", 12, i % 2 ? "" : ".lan");
		assert_int_equal(ask(i * SECOND, PROGRAM, name, A, NXDOMAIN), 0);
	}
}

static void a_tunnel_is_found_within_fifty(void **state)
{
	unsigned int first = 0;
	char name[128];

	(void)state;
	for (unsigned int i = 1; i <= 50 && !first; i++)
		if (ask(i * SECOND, PROGRAM, encoded(name, 40 + i % 20), A, NOERROR))
			first = i;
	assert_in_range(first, 16, 50);
	/* All below its domain is, for a while; for another application it isn't. */
	assert_int_equal(pr_heuristics_look(heuristics, 60 * SECOND, PROGRAM, "www.example.net"),
			 PR_SUSPICION_TUNNEL);
	assert_int_equal(pr_heuristics_look(heuristics, 60 * SECOND, OTHER, "www.example.net"), 0);
	assert_int_equal(pr_heuristics_look(heuristics, HOUR, PROGRAM, "www.example.net"), 0);
}

static void a_tunnel_that_goes_on_stays_one(void **state)
{
	unsigned int found = 0;
	char name[128];

	(void)state;
	for (unsigned int i = 0; i < 4 * 3600; i += 5)
		found += ask(i * SECOND, PROGRAM, encoded(name, 30 + i % 20), TXT, NOERROR) != 0;
	assert_true(found > 4 * 3600 / 5 - 50);
}

static void the_same_names_again_carry_nothing(void **state)
{
	char names[20][128];

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		encoded(names[i], 20 + i);
	for (unsigned int i = 0; i < 2000; i++)
		assert_int_equal(ask(i * SECOND, PROGRAM, names[i % 20], A, NOERROR), 0);
}

static void blocklists_and_hashes_are_no_tunnels(void **state)
{
	char name[128];

	(void)state;
	for (unsigned int i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "%u.%u.%u.10.zen.example.org", i % 251, i % 13,
			       i % 7);
		assert_int_equal(ask(i * SECOND, PROGRAM, name, A, i % 3 ? NXDOMAIN : NOERROR), 0);
		letters(name, "0123456789abcdef", 32, ".hash.example.org");
		assert_int_equal(ask(i * SECOND, PROGRAM, name, TXT, i % 4 ? NXDOMAIN : NOERROR),
				 0);
	}
}

static void chosen_names_are_no_tunnel(void **state)
{
	static const char *const words[] = { "garden",	"travel",  "photo",    "music", "kitchen",
					     "history", "bicycle", "mountain", "river", "science" };
	char name[128];

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "%s%s.example.org", words[i / 10],
			       words[i % 10]);
		assert_int_equal(ask(i * SECOND, PROGRAM, name, A, NOERROR), 0);
	}
}

static void tables_are_bounded(void **state)
{
	unsigned int found = 0;
	char name[128];

	(void)state;
	for (unsigned int i = 1; i <= 50; i++)
		found += ask(i * SECOND, PROGRAM, encoded(name, 40 + i % 20), A, NOERROR) != 0;
	assert_true(found > 0);
	/* More pairs and applications than there is room for: what is flagged stays. */
	for (unsigned int i = 0; i < 4 * PR_HEURISTICS_PAIRS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "garden%u.org", i);
		(void)ask(60 * SECOND, i % (3 * PR_HEURISTICS_APPLICATIONS_MAX) + 10, name, A,
			  NOERROR);
	}
	assert_int_equal(pr_heuristics_look(heuristics, 61 * SECOND, PROGRAM, "www.example.net"),
			 PR_SUSPICION_TUNNEL);
}

static void the_reasons_have_numbers(void **state)
{
	char name[128], text[PR_HEURISTICS_TEXT_SIZE];

	(void)state;
	assert_true(ask_generated(0, 30) > 20);
	pr_heuristics_explain(heuristics, 31 * SECOND, PROGRAM, "any.com", PR_SUSPICION_GENERATED,
			      text);
	assert_non_null(strstr(text, "bits of evidence, 24 suffice"));
	for (unsigned int i = 0; i < 50; i++)
		(void)ask((40 + i) * SECOND, PROGRAM, encoded(name, 40 + i % 20), A, NOERROR);
	pr_heuristics_explain(heuristics, 91 * SECOND, PROGRAM, name, PR_SUSPICION_TUNNEL, text);
	assert_non_null(strstr(text, " new names of random letters"));
	assert_non_null(strstr(text, "1600 suffice"));
	pr_heuristics_explain(heuristics, 91 * SECOND, PROGRAM, "nobody.asked.org",
			      PR_SUSPICION_TUNNEL, text);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(letters_tell_chosen_from_drawn, forget),
		cmocka_unit_test_setup(generated_domains_are_found_after_a_few, forget),
		cmocka_unit_test_setup(one_that_does_not_exist_is_nothing, forget),
		cmocka_unit_test_setup(domains_that_exist_are_not_suspected, forget),
		cmocka_unit_test_setup(ordinary_domains_in_between_outweigh_some, forget),
		cmocka_unit_test_setup(another_application_is_not_concerned, forget),
		cmocka_unit_test_setup(it_is_forgotten_in_time, forget),
		cmocka_unit_test_setup(names_of_the_lan_say_nothing, forget),
		cmocka_unit_test_setup(a_tunnel_is_found_within_fifty, forget),
		cmocka_unit_test_setup(a_tunnel_that_goes_on_stays_one, forget),
		cmocka_unit_test_setup(the_same_names_again_carry_nothing, forget),
		cmocka_unit_test_setup(blocklists_and_hashes_are_no_tunnels, forget),
		cmocka_unit_test_setup(chosen_names_are_no_tunnel, forget),
		cmocka_unit_test_setup(tables_are_bounded, forget),
		cmocka_unit_test_setup(the_reasons_have_numbers, forget),
	};

	return cmocka_run_group_tests(tests, start, end);
}

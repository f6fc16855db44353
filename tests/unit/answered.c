/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's table of what providers said: bounds, times, and what is news. */
#include "engine/providers.h"
#include "profile/config.h"

#include "unit.h"

#include <string.h>

#define S_US UINT64_C(1000000)

static struct {
	struct pr_providers_table table;
	struct pr_policy_blob blob;
	struct pr_policy *policy;
	uint64_t missing[PR_INTEL_WORDS_MAX];
} fake;

static void take(const char *text)
{
	const struct pr_config_file file = { .layer = PR_LAYER_ADMINISTRATOR,
					     .name = "portreeve.conf",
					     .text = text,
					     .len = strlen(text) };
	const struct pr_config_input input = { .files = &file, .n_files = 1 };
	struct pr_config_error error;

	pr_policy_free(fake.policy);
	pr_policy_blob_done(&fake.blob);
	if (pr_settings_compile(&input, &fake.blob, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(pr_policy_open(fake.blob.bytes, fake.blob.len, &fake.policy), 0);
	memset(fake.missing, 0xff, sizeof(fake.missing));
	pr_providers_table_policy(&fake.table, fake.policy, fake.missing, S_US);
}

#define DBL "provider = ( { id = \"dbl\"; type = \"dns\"; zone = \"dbl.example\"; } );"

static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	pr_providers_table_init(&fake.table);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pr_providers_table_done(&fake.table);
	pr_policy_free(fake.policy);
	pr_policy_blob_done(&fake.blob);
	return 0;
}

static bool put(uint64_t now_us, const char *domain, enum pr_provider_status status,
		const char *category)
{
	const struct pr_inquiry inquiry = { .domain = domain };
	struct pr_provider_result result = { .status = status, .ttl_s = 60 };

	if (category) {
		result.n_categories = 1;
		snprintf(result.categories[0], sizeof(result.categories[0]), "%s", category);
	}
	return pr_answered_put(&fake.table, 0, &inquiry, &result, now_us);
}

static const struct pr_answered *find(const char *domain)
{
	const struct pr_inquiry inquiry = { .domain = domain };

	return pr_answered_find(&fake.table, 0, &inquiry);
}

static uint64_t lists_of(const char *domain)
{
	uint64_t lists[PR_INTEL_WORDS_MAX] = { 0 };

	pr_answered_lists(&fake.table, fake.policy, find(domain), lists);
	return lists[0];
}

static void knows_which_lists_are_meant(void **state)
{
	(void)state;
	take("lists = [ \"ads\", \"dbl.spam\", \"dbl\", \"dblx\" ]; " DBL);
	assert_int_equal(fake.table.n_wanted, 1);
	/* whether there is data for these is not the set's to say */
	assert_int_equal(fake.missing[0] & 15, 9);
	put(S_US, "a.example", PR_PROVIDER_LISTED, NULL);
	put(S_US, "b.example", PR_PROVIDER_LISTED, "spam");
	put(S_US, "c.example", PR_PROVIDER_LISTED, "phish");
	put(S_US, "d.example", PR_PROVIDER_NOT_LISTED, NULL);
	assert_int_equal(lists_of("a.example"), 4);
	assert_int_equal(lists_of("b.example"), 6);
	assert_int_equal(lists_of("c.example"), 4);
	assert_int_equal(lists_of("d.example"), 0);
	/* nobody asks what nothing depends on */
	take(DBL);
	assert_int_equal(fake.table.n_wanted, 0);
}

static void tells_what_is_news(void **state)
{
	(void)state;
	take("lists = [ \"dbl\" ]; " DBL);
	assert_false(put(S_US, "a.example", PR_PROVIDER_NOT_LISTED, NULL));
	assert_true(put(S_US, "a.example", PR_PROVIDER_LISTED, NULL));
	assert_false(put(S_US, "a.example", PR_PROVIDER_LISTED, NULL));
	assert_true(put(S_US, "a.example", PR_PROVIDER_LISTED, "spam"));
	assert_true(put(S_US, "a.example", PR_PROVIDER_NOT_LISTED, NULL));
	/* who denies what is not known hears of what is fine as well */
	take("on_missing_data = \"deny\"; lists = [ \"dbl\" ]; " DBL);
	assert_true(put(S_US, "b.example", PR_PROVIDER_NOT_LISTED, NULL));
	assert_false(put(S_US, "b.example", PR_PROVIDER_NOT_LISTED, NULL));
}

static void forgets_in_time(void **state)
{
	const struct pr_inquiry asked = { .domain = "b.example" };

	(void)state;
	take("lists = [ \"dbl\" ]; " DBL);
	put(S_US, "a.example", PR_PROVIDER_LISTED, NULL);
	assert_int_equal(find("a.example")->fresh_until_us, 61 * S_US);
	pr_answered_expire(&fake.table, (61 + PR_ANSWERED_STALE_S) * S_US - 1);
	assert_non_null(find("a.example"));
	pr_answered_expire(&fake.table, (61 + PR_ANSWERED_STALE_S) * S_US);
	assert_null(find("a.example"));
	pr_answered_asked(&fake.table, 0, &asked, S_US);
	assert_false(pr_answered_is_known(find("b.example")));
	pr_answered_expire(&fake.table, (1 + PR_ANSWERED_AGAIN_S) * S_US);
	assert_null(find("b.example"));
}

static void is_bounded(void **state)
{
	char name[32];

	(void)state;
	take("lists = [ \"dbl\" ]; " DBL);
	for (unsigned int i = 0; i < PR_ANSWERED_MAX + 100; i++) {
		snprintf(name, sizeof(name), "%u.example", i);
		put(S_US + i, name, PR_PROVIDER_LISTED, "spam");
	}
	assert_int_equal(fake.table.slab.n_used, PR_ANSWERED_MAX);
	/* the first of no use are gone */
	assert_null(find("99.example"));
	assert_non_null(find("100.example"));
	/* another provider of the same id */
	take("lists = [ \"dbl\" ]; provider = ( { id = \"dbl\"; type = \"dns\"; zone = "
	     "\"x.example\"; } );");
	assert_int_equal(fake.table.slab.n_used, 0);
	assert_int_equal(pr_providers_table_find(&fake.table, "dbl"), 0);
	assert_int_equal(pr_providers_table_find(&fake.table, "rep"), PR_PROVIDERS_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(knows_which_lists_are_meant),
		TEST(tells_what_is_news),
		TEST(forgets_in_time),
		TEST(is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The index of the state directory's lists: written and read again; what is damaged says nothing. */
#include "daemon/intel_index.h"

#include "unit.h"

#include <string.h>

static struct pr_intel_index example(void)
{
	struct pr_intel_index index = { .set_bytes = 12345,
					.set_hash = UINT64_MAX,
					.set_recipe = 77,
					.set_built_s = 1700000000 };
	struct pr_intel_facts *facts = pr_intel_index_get(&index, "ads");

	snprintf(facts->origin, sizeof(facts->origin), "https://lists.example/a b?c");
	snprintf(facts->etag, sizeof(facts->etag), "W/\"x y\"");
	snprintf(facts->format, sizeof(facts->format), "hosts");
	facts->checked_s = 1700000001;
	facts->is_kept = true;
	facts->kept = (struct pr_intel_content){ { 1, 2, 0xff }, 1000, 50, 2, 1, 1700000000 };
	facts->is_held = true;
	facts->held = (struct pr_intel_content){ { 3 }, 10, 1, 0, 0, 1700000002 };
	facts = pr_intel_index_get(&index, "own.list-1");
	facts->file = (struct pr_intel_file){ 2, 3, 4 };
	return index;
}

static void is_read_as_it_was_written(void **state)
{
	struct pr_intel_index index = example(), again;
	char *text = pr_intel_index_write(&index);

	(void)state;
	assert_int_equal(pr_intel_index_read(text, strlen(text), &again), 0);
	assert_int_equal(again.set_bytes, index.set_bytes);
	assert_int_equal(again.set_hash, index.set_hash);
	assert_int_equal(again.set_recipe, index.set_recipe);
	assert_int_equal(again.n, 2);
	for (size_t i = 0; i < 2; i++)
		assert_memory_equal(&again.facts[i], &index.facts[i], sizeof(*index.facts));
	assert_ptr_equal(pr_intel_index_find(&again, "own.list-1"), &again.facts[1]);
	assert_null(pr_intel_index_find(&again, "other"));
	free(text);
	pr_intel_index_done(&index);
	pr_intel_index_done(&again);
}

static void every_cut_of_it_is_noticed(void **state)
{
	struct pr_intel_index index = example(), again;
	char *text = pr_intel_index_write(&index);
	size_t len = strlen(text);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		if (cut && text[cut - 1] == '\n')
			continue;
		assert_int_equal(pr_intel_index_read(text, cut, &again), -EBADMSG);
	}
	free(text);
	pr_intel_index_done(&index);
}

static void refuses_what_it_does_not_know(void **state)
{
#define HEAD "portreeve-intel 1\n"
	static const char *const wrong[] = {
		"",
		"portreeve-intel 2\n",
		"portreeve-intel 1",
		HEAD "set-bytes\n",
		HEAD "set-bytes \n",
		HEAD "set-bytes -1\n",
		HEAD "set-bytes 18446744073709551616\n",
		HEAD "colour red\n",
		HEAD "etag \"x\"\n",
		HEAD "source ..\n",
		HEAD "source a/b\n",
		HEAD "source \n",
		HEAD "source a\nsource a\n",
		HEAD "source a\nkept no\n",
		HEAD "source a\nsha256 00\n",
		HEAD "source a\netag \x01\n",
		HEAD "source a\n\n",
	};
	struct pr_intel_index index;

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(wrong); i++)
		if (pr_intel_index_read(wrong[i], strlen(wrong[i]), &index) != -EBADMSG)
			fail_msg("taken: %s", wrong[i]);
	assert_int_equal(pr_intel_index_read(HEAD "\0", sizeof(HEAD), &index), -EBADMSG);
	assert_int_equal(pr_intel_index_read(HEAD, strlen(HEAD), &index), 0);
	assert_int_equal(index.n, 0);
}

static void holds_so_many_sources(void **state)
{
	struct pr_intel_index index = { 0 };
	char id[24];

	(void)state;
	for (unsigned int i = 0; i < PR_INTEL_SOURCES_MAX; i++) {
		snprintf(id, sizeof(id), "list-%u", i);
		assert_non_null(pr_intel_index_get(&index, id));
	}
	assert_null(pr_intel_index_get(&index, "one-more"));
	assert_non_null(pr_intel_index_get(&index, "list-7"));
	assert_int_equal(index.n, PR_INTEL_SOURCES_MAX);
	pr_intel_index_done(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_read_as_it_was_written),
		cmocka_unit_test(every_cut_of_it_is_noticed),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(holds_so_many_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

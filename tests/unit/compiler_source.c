/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the compiler takes as a list, what it holds, and what it refuses. */
#include "daemon/compiler_build.h"

#include "unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE 65536

struct setup {
	struct pr_compiler_build *build;
	struct pr_compiler_source source;
	char copy[SIZE];
};

static int start(void **state)
{
	static struct setup setup;

	setup = (struct setup){ .source = { .content_fd = -1, .copy_fd = -1 } };
	setup.build = pr_calloc(1, sizeof(*setup.build));
	setup.build->builder = pr_intel_builder_new(7);
	*state = &setup;
	return 0;
}

static void close_files(struct setup *setup)
{
	if (setup->source.content_fd >= 0)
		close(PR_TAKE_FD(setup->source.content_fd));
	if (setup->source.copy_fd >= 0)
		close(PR_TAKE_FD(setup->source.copy_fd));
}

static int stop(void **state)
{
	struct setup *setup = *state;

	close_files(setup);
	pr_intel_builder_free(setup->build->builder);
	free(setup->build);
	return 0;
}

/* `more`: pairs, NULL at their end. */
static const char *try(struct setup *setup, bool candidate, const char *text, size_t len,
		       const char *const *more)
{
	struct pr_compiler_source *source = &setup->source;
	const char *wrong;

	close_files(setup);
	*source = (struct pr_compiler_source){ .candidate = candidate,
					       .content_fd = memfd_create("content", MFD_CLOEXEC),
					       .copy_fd = memfd_create("copy", MFD_CLOEXEC) };
	assert_int_equal(write(source->content_fd, text, len), (ssize_t)len);
	assert_true(pr_pairs_add(&source->pairs, "id", "list"));
	for (; more && more[0]; more += 2)
		assert_true(pr_pairs_add(&source->pairs, more[0], more[1]));
	wrong = pr_compiler_source_try(setup->build, source);
	memset(setup->copy, 0, sizeof(setup->copy));
	assert_true(pread(source->copy_fd, setup->copy, SIZE - 1, 0) >= 0);
	return wrong;
}

static const char *candidate(struct setup *setup, const char *text, const char *const *more)
{
	return try(setup, true, text, strlen(text), more);
}

static void refuses(struct setup *setup, const char *text, const char *const *more, const char *why)
{
	const char *wrong = candidate(setup, text, more);

	if (!wrong || !strstr(wrong, why))
		fail_msg("%s: %s", text, wrong ? wrong : "taken");
	assert_int_equal(setup->build->outcome, PR_BUILD_REFUSED);
	assert_string_equal(setup->copy, "");
}

static void takes_a_list_and_copies_it(void **state)
{
	static const char text[] = "# list\nads.example\nnot a name!\nmore.example\n";
	struct setup *setup = *state;

	assert_null(candidate(setup, text, NULL));
	assert_int_equal(setup->build->outcome, PR_BUILD_TAKEN);
	assert_int_equal(setup->build->entries, 2);
	assert_int_equal(setup->build->n_refused, 1);
	assert_string_equal(setup->copy, text);
	assert_memory_equal(setup->build->refused, "3\t", 2);
	assert_non_null(strstr(setup->build->refused, "\tnot a name!\n"));
	assert_int_equal(strlen(setup->build->sha256), 64);
	assert_string_equal(setup->build->format, "domains");
}

static void refuses_what_is_none(void **state)
{
	static const char *const hosts[] = { "format", "hosts", NULL };
	struct setup *setup = *state;

	refuses(setup, "<!DOCTYPE html><p>ads.example", NULL, "page of the web");
	refuses(setup, "\xef\xbb\xbf \r\n\t<html>", hosts, "page of the web");
	refuses(setup, "<?xml version='1.0'?>", hosts, "page of the web");
	refuses(setup, "what is this?\nnothing at all!\n", NULL, "no format");
	refuses(setup, "what is this?\nnothing at all!\n", hosts, "no line of it is an entry");
}

static void an_empty_list_is_a_list(void **state)
{
	static const char *const domains[] = { "format", "domains", NULL };
	struct setup *setup = *state;

	assert_null(candidate(setup, "# nothing today\n", domains));
	assert_int_equal(setup->build->entries, 0);
}

static void holds_what_shrinks_until_it_is_accepted(void **state)
{
	static const char *const from_9[] = { "entries", "9", NULL };
	static const char *const from_10[] = { "entries", "10", NULL };
	static const char *const accepted[] = { "entries", "10", "accept", "1", NULL };
	struct setup *setup = *state;

	assert_null(candidate(setup, "ads.example\n", from_9));
	assert_non_null(candidate(setup, "ads.example\n", from_10));
	assert_int_equal(setup->build->outcome, PR_BUILD_HELD);
	assert_string_equal(setup->copy, "ads.example\n");
	assert_null(candidate(setup, "ads.example\n", accepted));
	assert_int_equal(setup->build->outcome, PR_BUILD_TAKEN);
}

static void what_was_kept_has_to_be_what_it_was(void **state)
{
	char sha256[PR_INTEL_DIGEST_TEXT_SIZE];
	const char *const pairs[] = { "sha256", sha256, NULL };
	struct setup *setup = *state;

	assert_null(candidate(setup, "ads.example\n", NULL));
	memcpy(sha256, setup->build->sha256, sizeof(sha256));
	assert_null(try(setup, false, "ads.example\n", 12, pairs));
	assert_string_equal(setup->copy, "");
	assert_non_null(strstr(try(setup, false, "ads.exampla\n", 12, pairs), "damaged"));
	assert_int_equal(setup->build->outcome, PR_BUILD_REFUSED);
}

static void bytes_of_any_kind_are_told_of_harmlessly(void **state)
{
	static const char *const domains[] = { "format", "domains", NULL };
	static const char text[] = "ads.example\n\x1b[31m\tred\x7f\x01!\nzero\0zero!\n";
	struct setup *setup = *state;

	assert_null(try(setup, true, text, sizeof(text) - 1, domains));
	assert_int_equal(setup->build->n_refused, 2);
	for (const char *c = setup->build->refused; *c; c++)
		assert_true((unsigned char)*c >= ' ' || *c == '\t' || *c == '\n');
	assert_int_equal(strlen(setup->build->refused), setup->build->refused_len);
}

static void tells_of_so_many_refused_lines(void **state)
{
	static const char *const domains[] = { "format", "domains", NULL };
	struct setup *setup = *state;
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;
	unsigned int n_told = 0;
	FILE *out;
	size_t len;

	out = open_memstream(&text, &len);
	assert_non_null(out);
	fputs("ads.example\n", out);
	for (unsigned int i = 0; i < 200; i++)
		fprintf(out, "not %0200u!\n", i);
	assert_int_equal(fclose(out), 0);
	assert_null(candidate(setup, text, domains));
	assert_int_equal(setup->build->n_refused, 200);
	for (const char *c = setup->build->refused; *c; c++)
		n_told += *c == '\n';
	assert_in_range(n_told, 50, PR_REFUSED_LINES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(takes_a_list_and_copies_it, start, stop),
		cmocka_unit_test_setup_teardown(refuses_what_is_none, start, stop),
		cmocka_unit_test_setup_teardown(an_empty_list_is_a_list, start, stop),
		cmocka_unit_test_setup_teardown(holds_what_shrinks_until_it_is_accepted, start,
						stop),
		cmocka_unit_test_setup_teardown(what_was_kept_has_to_be_what_it_was, start, stop),
		cmocka_unit_test_setup_teardown(bytes_of_any_kind_are_told_of_harmlessly, start,
						stop),
		cmocka_unit_test_setup_teardown(tells_of_so_many_refused_lines, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/codec.h"
#include "process/owner.h"

#include "unit.h"

#include <string.h>

static struct pr_process *sample(void)
{
	struct pr_process *process = pr_process_new(4711, 123456789012ull);

	process->uid = 1000;
	process->exe_device = 0xfe00;
	process->exe_inode = 1ull << 40;
	process->path_proven = true;
	process->foreign_namespace = true;
	process->exe_path = pr_strdup("/usr/bin/curl");
	process->cmdline = pr_strdup("curl https://example.com");
	process->user = pr_strdup("somebody");
	process->cgroup = pr_strdup("/user.slice/session-1.scope");
	process->unit = pr_strdup("session-1.scope");
	process->n_parents = 2;
	process->parents[0].pid = 4700;
	process->parents[0].exe_path = pr_strdup("/usr/bin/bash");
	process->parents[1].pid = 1;
	return process;
}

static void comes_back_as_it_was(void **state)
{
	struct pr_process *process = sample(), *copy = NULL;
	uint8_t bytes[PR_PROCESS_CODE_MAX];
	size_t len = pr_process_encode(process, bytes, sizeof(bytes));

	(void)state;
	assert_true(len > 0);
	assert_int_equal(pr_process_decode(bytes, len, &copy), 0);
	assert_int_equal(copy->pid, 4711);
	assert_true(copy->start_time == 123456789012ull);
	assert_int_equal(copy->uid, 1000);
	assert_true(copy->exe_inode == 1ull << 40);
	assert_true(copy->path_proven && copy->foreign_namespace && !copy->kernel_thread);
	assert_string_equal(copy->exe_path, "/usr/bin/curl");
	assert_string_equal(copy->cgroup, "/user.slice/session-1.scope");
	assert_null(copy->container);
	assert_int_equal(copy->n_parents, 2);
	assert_string_equal(copy->parents[0].exe_path, "/usr/bin/bash");
	assert_null(copy->parents[1].exe_path);
	pr_process_release(copy);
	pr_process_release(process);
}

static void refuses_whatever_is_cut_or_longer(void **state)
{
	struct pr_process *process = sample(), *copy = NULL;
	uint8_t bytes[PR_PROCESS_CODE_MAX + 1] = { 0 };
	size_t len = pr_process_encode(process, bytes, sizeof(bytes));

	(void)state;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(pr_process_decode(bytes, i, &copy), -EBADMSG);
	assert_int_equal(pr_process_decode(bytes, len + 1, &copy), -EBADMSG);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(pr_process_encode(process, bytes, i), 0);
	pr_process_release(process);
}

static char *long_text(size_t len)
{
	char *text = pr_calloc(len + 1, 1);

	memset(text, 'a', len);
	return text;
}

static void cuts_a_command_line_but_no_path(void **state)
{
	struct pr_process *process = pr_process_new(1, 1), *copy = NULL;
	uint8_t bytes[PR_PROCESS_CODE_MAX];
	size_t len;

	(void)state;
	process->cmdline = long_text(5000);
	process->exe_path = long_text(5000);
	process->script = long_text(PR_PROCESS_PATH_MAX);
	process->cgroup = long_text(PR_PROCESS_PATH_MAX);
	process->unit = long_text(PR_PROCESS_TEXT_MAX);
	process->n_parents = PR_PROCESS_PARENTS_MAX;
	for (unsigned int i = 0; i < process->n_parents; i++)
		process->parents[i].exe_path = long_text(PR_PROCESS_TEXT_MAX);
	len = pr_process_encode(process, bytes, sizeof(bytes));
	assert_true(len > 0);
	assert_int_equal(pr_process_decode(bytes, len, &copy), 0);
	assert_int_equal(strlen(copy->cmdline), PR_PROCESS_CMDLINE_MAX);
	assert_null(copy->exe_path);
	assert_int_equal(strlen(copy->script), PR_PROCESS_PATH_MAX);
	pr_process_release(copy);
	pr_process_release(process);
}

static void a_proof_without_a_path_is_refused(void **state)
{
	struct pr_process *process = pr_process_new(1, 1), *copy = NULL;
	uint8_t bytes[PR_PROCESS_CODE_MAX];
	size_t len;

	(void)state;
	process->path_proven = true;
	len = pr_process_encode(process, bytes, sizeof(bytes));
	assert_int_equal(pr_process_decode(bytes, len, &copy), -EBADMSG);
	pr_process_release(process);
}

static void an_owner_comes_back_too(void **state)
{
	struct pr_owner owner = { .pid = 12,
				  .start_time = 99,
				  .uid = 5,
				  .cookie = 1ull << 50,
				  .inode = 77,
				  .listener = true,
				  .rung = PR_RUNG_SOCK_DIAG,
				  .hint = { .exe_device = 3,
					    .exe_inode = 4,
					    .exec_id = 5,
					    .cgroup_id = 6,
					    .parent = 7,
					    .comm = "curl" },
				  .tuple = { .src_port = 1, .dst_port = 2, .proto = 17 } };
	uint8_t bytes[PR_OWNER_CODE_SIZE];
	struct pr_owner copy;

	(void)state;
	assert_int_equal(pr_address_parse("2001:db8::1", &owner.tuple.src), 0);
	assert_int_equal(pr_address_parse("192.0.2.1", &owner.tuple.dst), 0);
	pr_owner_encode(&owner, bytes);
	assert_int_equal(pr_owner_decode(bytes, sizeof(bytes), &copy), 0);
	assert_int_equal(copy.pid, 12);
	assert_true(copy.cookie == 1ull << 50 && copy.inode == 77 && copy.listener);
	assert_false(copy.foreign);
	assert_int_equal(copy.rung, PR_RUNG_SOCK_DIAG);
	assert_int_equal(copy.hint.parent, 7);
	assert_string_equal(copy.hint.comm, "curl");
	assert_true(pr_address_equal(&copy.tuple.src, &owner.tuple.src));
	assert_int_equal(copy.tuple.proto, 17);
	assert_int_equal(pr_owner_decode(bytes, sizeof(bytes) - 1, &copy), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(refuses_whatever_is_cut_or_longer),
		cmocka_unit_test(cuts_a_command_line_but_no_path),
		cmocka_unit_test(a_proof_without_a_path_is_refused),
		cmocka_unit_test(an_owner_comes_back_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

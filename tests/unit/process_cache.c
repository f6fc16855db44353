/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/cache.h"
#include "process/execs.h"
#include "process/executables.h"

#include "unit.h"

#include <stdlib.h>

static struct pr_owner owner_of(uint32_t pid, uint64_t start_time, uint64_t exec_id)
{
	return (struct pr_owner){ .pid = pid,
				  .start_time = start_time,
				  .hint.exec_id = exec_id,
				  .hint.exe_inode = 100 + exec_id };
}

static void insert(struct pr_process_cache *cache, const struct pr_owner *owner, uint64_t now_us)
{
	struct pr_process *process = pr_process_new((pid_t)owner->pid, owner->start_time);

	pr_process_cache_insert(cache, owner, process, now_us);
	pr_process_release(process);
}

static void a_reused_pid_is_somebody_else(void **state)
{
	struct pr_process_cache *cache = pr_process_cache_new(8);
	struct pr_owner first = owner_of(10, 1, 1), second = owner_of(10, 2, 1);

	(void)state;
	insert(cache, &first, 0);
	assert_non_null(pr_process_cache_find(cache, &first, 0));
	assert_null(pr_process_cache_find(cache, &second, 0));
	pr_process_cache_free(cache);
}

static void so_is_what_the_same_process_executes_next(void **state)
{
	struct pr_process_cache *cache = pr_process_cache_new(8);
	struct pr_owner before = owner_of(10, 1, 1), after = owner_of(10, 1, 2);

	(void)state;
	insert(cache, &before, 0);
	assert_null(pr_process_cache_find(cache, &after, 0));
	insert(cache, &after, 0);
	assert_non_null(pr_process_cache_find(cache, &before, 0));
	assert_int_equal(pr_process_cache_count(cache), 2);
	pr_process_cache_free(cache);
}

static void an_exited_process_stays_for_a_while(void **state)
{
	struct pr_process_cache *cache = pr_process_cache_new(8);
	struct pr_owner owner = owner_of(10, 1, 1);

	(void)state;
	insert(cache, &owner, 5);
	pr_process_cache_exited(cache, 10, 1, 1000);
	assert_non_null(pr_process_cache_find(cache, &owner, 999 + PR_PROCESS_CACHE_GRACE_US));
	assert_null(pr_process_cache_find(cache, &owner, 1000 + PR_PROCESS_CACHE_GRACE_US));
	assert_int_equal(pr_process_cache_count(cache), 0);
	pr_process_cache_free(cache);
}

static void what_came_without_an_executable_is_sure_for_a_second(void **state)
{
	struct pr_process_cache *cache = pr_process_cache_new(8);
	struct pr_owner owner = { .cookie = 33 };
	struct pr_process *process = pr_process_new(10, 1);

	(void)state;
	pr_process_cache_insert(cache, &owner, process, 0);
	assert_ptr_equal(pr_process_cache_find(cache, &owner, 1), process);
	pr_process_cache_expire(cache, PR_PROCESS_CACHE_UNSURE_US);
	assert_int_equal(pr_process_cache_count(cache), 0);
	owner.cookie = 0;
	pr_process_cache_insert(cache, &owner, process, 0);
	assert_int_equal(pr_process_cache_count(cache), 0);
	pr_process_release(process);
	pr_process_cache_free(cache);
}

static void the_least_recently_used_gives_way(void **state)
{
	struct pr_process_cache *cache = pr_process_cache_new(3);
	struct pr_owner owner;

	(void)state;
	for (uint32_t i = 1; i <= 3; i++) {
		owner = owner_of(i, 1, 1);
		insert(cache, &owner, 0);
	}
	owner = owner_of(1, 1, 1);
	assert_non_null(pr_process_cache_find(cache, &owner, 0));
	for (uint32_t i = 4; i <= 5; i++) {
		owner = owner_of(i, 1, 1);
		insert(cache, &owner, 0);
	}
	assert_int_equal(pr_process_cache_count(cache), 3);
	owner = owner_of(1, 1, 1);
	assert_non_null(pr_process_cache_find(cache, &owner, 0));
	owner = owner_of(2, 1, 1);
	assert_null(pr_process_cache_find(cache, &owner, 0));
	pr_process_cache_free(cache);
}

static void holds_against_a_model(void **state)
{
	struct pr_process_cache *cache = pr_process_cache_new(64);
	bool there[64] = { false };

	(void)state;
	srandom(1);
	for (unsigned int i = 0; i < 20000; i++) {
		uint32_t pid = (uint32_t)random() % 64;
		struct pr_owner owner = owner_of(pid + 1, 7, 1);

		if (random() % 3) {
			insert(cache, &owner, i);
			there[pid] = true;
		} else {
			pr_process_cache_exited(cache, pid + 1, 7, 0);
			pr_process_cache_expire(cache, PR_PROCESS_CACHE_GRACE_US);
			there[pid] = false;
		}
		assert_int_equal(pr_process_cache_find(cache, &owner, 0) != NULL, there[pid]);
	}
	pr_process_cache_free(cache);
}

/* ---- what the supervisor remembers ---- */

static struct pr_exec *exec_of(uint64_t exec_id, const char *path)
{
	struct pr_exec *exec = pr_calloc(1, sizeof(*exec));

	exec->n_references = 1;
	exec->exec_id = exec_id;
	exec->path = pr_strdup(path);
	return exec;
}

static void a_child_is_what_its_parent_was(void **state)
{
	struct pr_execs *execs = pr_execs_new(4);

	(void)state;
	pr_execs_put_take(execs, 10, 1, exec_of(1, "/bin/sh"));
	pr_execs_put_take(execs, 10, 1, exec_of(2, "/bin/cat"));
	pr_execs_fork(execs, 10, 1, 11, 5);
	pr_execs_fork(execs, 99, 1, 12, 5);
	assert_string_equal(pr_execs_find(execs, 11, 5, 0)->path, "/bin/cat");
	assert_string_equal(pr_execs_find(execs, 10, 1, 1)->path, "/bin/sh");
	assert_null(pr_execs_find(execs, 11, 4, 0));
	assert_null(pr_execs_find(execs, 12, 5, 0));
	pr_execs_put_take(execs, 13, 1, exec_of(3, "/bin/a"));
	pr_execs_put_take(execs, 14, 1, exec_of(4, "/bin/b"));
	assert_null(pr_execs_find(execs, 10, 1, 1));
	assert_non_null(pr_execs_find(execs, 10, 1, 2));
	pr_execs_free(execs);
}

static void what_is_not_proven_replaces_no_proof(void **state)
{
	struct pr_executables *table = pr_executables_new(2);
	char curl[] = "/usr/bin/curl", forged[] = "/usr/bin/wget", other[] = "/usr/bin/other";
	struct pr_executable executable = {
		.kernel_device = 1, .device = 2, .inode = 3, .proven = true, .path = curl
	};

	(void)state;
	pr_executables_put(table, &executable);
	executable.proven = false;
	executable.path = forged;
	pr_executables_put(table, &executable);
	assert_string_equal(pr_executables_find(table, 1, 3)->path, curl);
	assert_string_equal(pr_executables_find(table, 2, 3)->path, curl);
	assert_null(pr_executables_find(table, 0, 3));
	executable.path = other;
	for (executable.inode = 4; executable.inode < 20; executable.inode++) {
		assert_non_null(pr_executables_find(table, 1, 3));
		pr_executables_put(table, &executable);
	}
	assert_null(pr_executables_find(table, 1, 4));
	assert_string_equal(pr_executables_find(table, 1, 19)->path, other);
	pr_executables_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reused_pid_is_somebody_else),
		cmocka_unit_test(so_is_what_the_same_process_executes_next),
		cmocka_unit_test(an_exited_process_stays_for_a_while),
		cmocka_unit_test(what_came_without_an_executable_is_sure_for_a_second),
		cmocka_unit_test(the_least_recently_used_gives_way),
		cmocka_unit_test(holds_against_a_model),
		cmocka_unit_test(a_child_is_what_its_parent_was),
		cmocka_unit_test(what_is_not_proven_replaces_no_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

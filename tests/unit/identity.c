/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Identities of this very process and its children, and of processes of a made-up /proc. */
#include "process/identity.h"

#include "process/procfs.h"

#include "unit.h"

#include <dirent.h>
#include <ftw.h>
#include <netinet/in.h>
#include <string.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a made-up tree ---- */

static char tree[64];

static void make_path(char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s%s", tree, name);
	for (char *at = path + strlen(tree) + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = 0;
		(void)mkdir(path, 0755);
		*at = '/';
	}
}

static void put(const char *name, const char *content, size_t len)
{
	char path[PATH_MAX];
	FILE *file;

	make_path(path, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(content, 1, len, file), len);
	fclose(file);
}

static void put_text(const char *name, const char *content)
{
	put(name, content, strlen(content));
}

static void put_link(const char *name, const char *target)
{
	char path[PATH_MAX];

	make_path(path, name);
	assert_int_equal(symlink(target, path), 0);
}

static void put_stat(int pid, const char *comm, int parent, unsigned int flags, int start_time)
{
	char name[64], text[256];

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	snprintf(text, sizeof(text), "%d (%s) S %d 1 1 0 -1 %u 1 2 3 4 5 6 7 8 20 0 1 0 %d 1 2 3\n",
		 pid, comm, parent, flags, start_time);
	put_text(name, text);
}

static int make_tree(void **state)
{
	(void)state;
	snprintf(tree, sizeof(tree), "/tmp/portreeve-identity-XXXXXX");
	assert_non_null(mkdtemp(tree));
	put_text("/etc/passwd", "root:x:0:0::/root:/bin/sh\nsomebody:x:1234:1::/:/bin/sh\n");
	put_stat(1, "systemd", 0, 0, 1);
	put_link("/proc/1/exe", "/usr/lib/systemd/systemd");
	put_link("/proc/1/fd/5", "socket:[888]");
	put_link("/proc/1/fd/6", "socket:[777]");
	/* A name made to deceive whoever reads up to the first parenthesis. */
	put_stat(20, "a) S 99 (b", 1, 0, 500);
	put_text("/proc/20/status", "Name:\tx\nUid:\t1234\t0\t0\t0\n");
	put("/proc/20/cmdline", "prog\0--a\nb\0", 11);
	put_text("/proc/20/cgroup", "0::/system.slice/some.service\n");
	/* It says /usr/bin/env, which in this tree is another file. */
	put_link("/proc/20/exe", "/usr/bin/env");
	put_text("/usr/bin/env", "not the same file");
	put_link("/proc/20/fd/0", "/dev/null");
	put_link("/proc/20/fd/3", "socket:[777]");
	put_stat(2, "kthreadd", 0, 0x00200000, 1);
	put_text(
		"/proc/thread-self/net/icmp",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid "
		" "
		"timeout inode ref pointer drops\n"
		"   21: 00000000:0015 00000000:0000 07 00000000:00000000 00:00000000 00000000  1234"
		"        0 777 2 0000000000000000 0\n");
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_tree(void **state)
{
	(void)state;
	return nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct pr_identity_reader *open_tree(void)
{
	struct pr_identity_options options = { .root = tree };
	struct pr_identity_reader *reader = NULL;

	assert_int_equal(pr_identity_open(&options, &reader), 0);
	return reader;
}

static void a_process_is_described(void **state)
{
	struct pr_identity_reader *reader = open_tree();
	struct pr_process *process = NULL;
	struct pr_identity identity;

	(void)state;
	assert_int_equal(pr_identity_read(reader, 20, 500, NULL, &process), PR_IDENTITY_READ);
	assert_int_equal(process->pid, 20);
	assert_int_equal(process->uid, 1234);
	assert_string_equal(process->user, "somebody");
	assert_string_equal(process->cmdline, "prog --a b");
	assert_string_equal(process->unit, "some.service");
	assert_string_equal(process->exe_path, "/usr/bin/env");
	assert_int_equal(process->n_parents, 1);
	assert_int_equal(process->parents[0].pid, 1);
	/* Its path is not the file that runs: no profile may see it. */
	assert_false(process->path_proven);
	identity = pr_process_identity(process);
	assert_null(identity.path);
	pr_process_release(process);
	pr_identity_close(reader);
}

static void a_reused_pid_is_refused(void **state)
{
	struct pr_identity_reader *reader = open_tree();
	struct pr_process *process = NULL;

	(void)state;
	assert_int_equal(pr_identity_read(reader, 20, 499, NULL, &process), PR_IDENTITY_GONE);
	assert_int_equal(pr_identity_read(reader, 21, 0, NULL, &process), PR_IDENTITY_GONE);
	assert_null(process);
	pr_identity_close(reader);
}

static void a_kernel_thread_has_no_file(void **state)
{
	struct pr_identity_reader *reader = open_tree();
	struct pr_process *process = NULL;

	(void)state;
	assert_int_equal(pr_identity_read(reader, 2, 1, NULL, &process), PR_IDENTITY_READ);
	assert_true(process->kernel_thread);
	assert_null(process->exe_path);
	pr_process_release(process);
	pr_identity_close(reader);
}

static int find(struct pr_identity_reader *reader, const struct pr_owner *owner)
{
	struct pr_process *process = NULL;
	int r = pr_identity_find(reader, owner, &process), pid = process ? process->pid : -1;

	assert_int_equal(r, process ? PR_IDENTITY_READ : PR_IDENTITY_GONE);
	pr_process_release(process);
	return pid;
}

static void the_holder_of_a_socket_is_found(void **state)
{
	struct pr_identity_reader *reader = open_tree();
	struct pr_owner owner = { .inode = 777, .uid = (uid_t)-1 };
	struct pr_owner ping = { .uid = (uid_t)-1, .tuple = { .proto = IPPROTO_ICMP } };
	struct pr_owner left = { .pid = 300, .start_time = 7, .inode = 777, .listener = true };

	(void)state;
	/* What PID 1 holds for a service is the service's. */
	assert_int_equal(find(reader, &owner), 20);
	owner.inode = 888;
	assert_int_equal(find(reader, &owner), 1);
	owner.inode = 999;
	assert_int_equal(find(reader, &owner), -1);
	ping.tuple.src = ping.tuple.dst = pr_address_v4("\x7f\0\0\1");
	ping.tuple.src_port = ping.tuple.dst_port = 0x15;
	assert_int_equal(find(reader, &ping), 20);
	ping.tuple.src_port = 0x16;
	assert_int_equal(find(reader, &ping), -1);
	/* The maker of a listener has left it to others. */
	assert_int_equal(find(reader, &left), 20);
	pr_identity_close(reader);
}

static void one_look_answers_all(void **state)
{
	struct pr_identity_reader *reader = open_tree();
	const uint64_t inodes[] = { 999, 888, 777, 0, 777, 998 };
	const int pids[] = { 0, 1, 20, 0, 20, 0 };
	struct pr_identity_request requests[PR_ARRAY_SIZE(inodes)] = { 0 };
	struct pr_identity_counters counters;

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(inodes); i++)
		requests[i].owner = (struct pr_owner){ .inode = inodes[i], .uid = (uid_t)-1 };
	assert_int_equal(pr_identity_find_all(reader, requests, PR_ARRAY_SIZE(inodes)), 0);
	for (size_t i = 0; i < PR_ARRAY_SIZE(inodes); i++) {
		assert_int_equal(requests[i].process ? requests[i].process->pid : 0, pids[i]);
		pr_process_release(requests[i].process);
	}
	pr_identity_counters(reader, &counters);
	assert_int_equal(counters.n_scans, 1);
	assert_int_equal(counters.n_scans_found, 2);
	pr_identity_close(reader);
}

/* ---- this machine ---- */

static struct pr_identity_reader *open_real(void)
{
	struct pr_identity_options options = { .root = NULL };
	struct pr_identity_reader *reader = NULL;

	assert_int_equal(pr_identity_open(&options, &reader), 0);
	return reader;
}

static void this_process_is_proven(void **state)
{
	struct pr_identity_reader *reader = open_real();
	struct pr_process *process = NULL;
	char path[PATH_MAX];
	struct stat st;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	(void)state;
	assert_true(n > 0);
	path[n] = 0;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(pr_identity_read(reader, getpid(), 0, NULL, &process), PR_IDENTITY_READ);
	assert_string_equal(process->exe_path, path);
	assert_true(process->path_proven);
	assert_true(process->exe_inode == st.st_ino && process->exe_device == st.st_dev);
	assert_int_equal(process->uid, getuid());
	assert_true(process->start_time > 0);
	assert_false(process->foreign_namespace);
	pr_process_release(process);
	pr_identity_close(reader);
}

/* Starts a copy of sleep(1) from the tree; returns its PID once it runs. */
static pid_t start_copy(char copy[PATH_MAX])
{
	char command[3 * PATH_MAX], link[64], shown[PATH_MAX];
	pid_t pid;

	snprintf(copy, PATH_MAX, "%s/sleeper", tree);
	snprintf(command, sizeof(command), "%s", "/bin/sleep");
	pid = fork();
	if (pid == 0) {
		execl("/bin/cp", "cp", command, copy, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	pid = fork();
	if (pid == 0) {
		execl(copy, "sleeper", "60", (char *)NULL);
		_exit(127);
	}
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	for (;;) {
		ssize_t n = readlink(link, shown, sizeof(shown) - 1);

		if (n > 0 && strncmp(shown, copy, (size_t)n) == 0)
			return pid;
	}
}

static void end(pid_t pid)
{
	kill(pid, 9);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_replaced_executable_keeps_what_was_proven(void **state)
{
	struct pr_identity_reader *seen = open_real(), *late = open_real();
	struct pr_process *process = NULL;
	char copy[PATH_MAX];
	pid_t pid = start_copy(copy);

	(void)state;
	assert_true(pr_identity_adopt(seen) > 0);
	assert_int_equal(unlink(copy), 0);
	assert_int_equal(pr_identity_read(seen, pid, 0, NULL, &process), PR_IDENTITY_READ);
	assert_string_equal(process->exe_path, copy);
	assert_true(process->path_proven);
	pr_process_release(process);
	/* Who sees it only now can't know. */
	assert_int_equal(pr_identity_read(late, pid, 0, NULL, &process), PR_IDENTITY_READ);
	assert_string_equal(process->exe_path, copy);
	assert_false(process->path_proven);
	pr_process_release(process);
	end(pid);
	pr_identity_close(seen);
	pr_identity_close(late);
}

static void another_executable_than_the_hint_is_not_believed(void **state)
{
	struct pr_identity_reader *reader = open_real();
	struct pr_process *process = NULL;
	char copy[PATH_MAX];
	pid_t pid = start_copy(copy);
	struct stat st;
	struct pr_exec_hint hint = { .exec_id = 1, .comm = "evil" };

	(void)state;
	assert_int_equal(stat(copy, &st), 0);
	hint.exe_device = st.st_dev;
	hint.exe_inode = st.st_ino;
	assert_int_equal(pr_identity_read(reader, pid, 0, &hint, &process), PR_IDENTITY_READ);
	assert_true(process->path_proven);
	pr_process_release(process);
	hint.exe_inode++;
	assert_int_equal(pr_identity_read(reader, pid, 0, &hint, &process), PR_IDENTITY_READ);
	assert_null(process->exe_path);
	assert_false(process->path_proven);
	assert_null(process->cmdline);
	pr_process_release(process);
	end(pid);
	unlink(copy);
	pr_identity_close(reader);
}

static void one_that_has_gone_is_proven_while_its_file_is_there(void **state)
{
	struct pr_identity_reader *reader = open_real();
	struct pr_process *process = NULL;
	struct pr_exec_hint hint = { .exec_id = 77 };
	char copy[PATH_MAX];
	pid_t pid = start_copy(copy);
	struct stat st;

	(void)state;
	assert_int_equal(stat(copy, &st), 0);
	hint.exe_device = st.st_dev;
	hint.exe_inode = st.st_ino;
	assert_true(pr_identity_adopt(reader) > 0);
	end(pid);
	assert_int_equal(pr_identity_read(reader, pid, 1, &hint, &process), PR_IDENTITY_READ);
	assert_string_equal(process->exe_path, copy);
	assert_true(process->path_proven);
	pr_process_release(process);
	/* The number of the inode may be anybody's from now on. */
	assert_int_equal(unlink(copy), 0);
	assert_int_equal(pr_identity_read(reader, pid, 1, &hint, &process), PR_IDENTITY_READ);
	assert_false(process->path_proven);
	pr_process_release(process);
	pr_identity_close(reader);
}

/* ---- BPF's reports ---- */

static void report_exec(struct pr_identity_reader *reader, uint32_t pid, const char *path,
			size_t path_len, const struct stat *st)
{
	struct pr_bpf_exec exec = {
		.event = { .kind = PR_BPF_EVENT_EXEC,
			   .pid = pid,
			   .parent = 1,
			   .uid = 0,
			   .start_time_ns = 70000000 },
		.exec_id = 9,
		.exe_inode = st->st_ino,
		.exe_device = (uint32_t)(major(st->st_dev) << 20 | minor(st->st_dev)),
		.path_len = (uint32_t)path_len,
		.arguments = "env\0-i",
		.arguments_len = 7,
	};

	memcpy(exec.path, path, path_len);
	pr_identity_event(reader, &exec.event, sizeof(exec));
}

static void a_process_that_is_gone_is_known_by_its_exec(void **state)
{
	struct pr_identity_reader *reader = open_real();
	struct pr_bpf_event fork_event = { .kind = PR_BPF_EVENT_FORK,
					   .pid = 0x7ffffff1,
					   .parent = 0x7ffffff0,
					   .start_time_ns = 80000000,
					   .parent_start_time_ns = 70000000 };
	struct pr_exec_hint hint = { .exec_id = 9 };
	struct pr_process *process = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(stat("/usr/bin/env", &st), 0);
	report_exec(reader, 0x7ffffff0, "env\0bin\0usr", 12, &st);
	pr_identity_event(reader, &fork_event, sizeof(fork_event));
	hint.exe_inode = st.st_ino;
	hint.exe_device = st.st_dev;
	assert_int_equal(pr_identity_read(reader, 0x7ffffff1, 8, &hint, &process),
			 PR_IDENTITY_READ);
	assert_string_equal(process->exe_path, "/usr/bin/env");
	assert_string_equal(process->cmdline, "env -i");
	assert_true(process->path_proven);
	pr_process_release(process);
	/* The same, but of another mount namespace: not the file that has this name here. */
	st.st_ino += 1000000;
	report_exec(reader, 0x7ffffff2, "env\0bin\0usr", 12, &st);
	hint.exe_inode = st.st_ino;
	assert_int_equal(pr_identity_read(reader, 0x7ffffff2, 7, &hint, &process),
			 PR_IDENTITY_READ);
	assert_string_equal(process->exe_path, "/usr/bin/env");
	assert_false(process->path_proven);
	pr_process_release(process);
	pr_identity_close(reader);
}

static void nonsense_in_a_report_is_harmless(void **state)
{
	struct pr_identity_reader *reader = open_real();
	struct pr_bpf_exec exec;
	unsigned char seed = 1;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		for (size_t j = 0; j < sizeof(exec); j++)
			((unsigned char *)&exec)[j] = seed = (unsigned char)(seed * 13 + i + 7);
		exec.event.kind = PR_BPF_EVENT_EXEC;
		exec.path_len %= 2048;
		pr_identity_event(reader, &exec.event, sizeof(exec));
	}
	pr_identity_close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_is_described),
		cmocka_unit_test(a_reused_pid_is_refused),
		cmocka_unit_test(a_kernel_thread_has_no_file),
		cmocka_unit_test(the_holder_of_a_socket_is_found),
		cmocka_unit_test(one_look_answers_all),
		cmocka_unit_test(this_process_is_proven),
		cmocka_unit_test(a_replaced_executable_keeps_what_was_proven),
		cmocka_unit_test(another_executable_than_the_hint_is_not_believed),
		cmocka_unit_test(one_that_has_gone_is_proven_while_its_file_is_there),
		cmocka_unit_test(a_process_that_is_gone_is_known_by_its_exec),
		cmocka_unit_test(nonsense_in_a_report_is_harmless),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}

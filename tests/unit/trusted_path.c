/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/trusted_path.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

static char directory[] = "/tmp/portreeve-trusted-XXXXXX";

static const char *in(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(in(name), "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(mkdir(in("deep"), 0700), 0);
	write_file("deep/file", "x");
	assert_int_equal(symlink("deep", in("way")), 0);
	assert_int_equal(symlink("../deep/file", in("deep/relative")), 0);
	assert_int_equal(symlink("loop", in("loop")), 0);
	assert_int_equal(symlink("/", in("root")), 0);
	assert_int_equal(symlink("deep/file", in("others")), 0);
	assert_int_equal(mkfifo(in("fifo"), 0600), 0);
	return 0;
}

static int clean(void **state)
{
	static const char *const names[] = { "deep/file", "deep/relative", "way",  "loop",
					     "root",	  "others",	   "fifo", "deep" };

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(names); i++)
		(void)remove(in(names[i]));
	return rmdir(directory);
}

/* The first character of what is opened; or the error. */
static int opened(const char *path)
{
	int fd = pr_trusted_open(path);
	char c;

	if (fd < 0)
		return fd;
	assert_int_equal(read(fd, &c, 1), 1);
	close(fd);
	return c;
}

static void follows_its_own_links(void **state)
{
	char path[512];

	(void)state;
	assert_int_equal(opened(in("deep/file")), 'x');
	assert_int_equal(opened(in("way/file")), 'x');
	assert_int_equal(opened(in("way/relative")), 'x');
	assert_int_equal(opened(in("way/../way/./file")), 'x');
	snprintf(path, sizeof(path), "%s%s/deep/file", in("root"), directory);
	assert_int_equal(opened(path), 'x');
}

static void says_what_is_wrong(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(opened(in("loop")), -ELOOP);
	assert_int_equal(opened(in("none")), -ENOENT);
	assert_int_equal(opened(in("deep/file/none")), -ENOTDIR);
	assert_int_equal(opened("/"), -EISDIR);
	assert_int_equal(opened("relative"), -ENAMETOOLONG);
	/* nobody writes into it, and nobody waits for that */
	fd = pr_trusted_open(in("fifo"));
	assert_true(fd >= 0);
	close(fd);
}

/* Who owns a directory on the way does not choose what root reads. */
static void does_not_follow_those_of_others(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip(); /* nothing can be given away */
	assert_int_equal(opened(in("others")), 'x');
	assert_int_equal(lchown(in("others"), NOBODY, NOBODY), 0);
	assert_int_equal(opened(in("others")), -ELOOP);
	assert_int_equal(lchown(in("way"), NOBODY, NOBODY), 0);
	assert_int_equal(opened(in("way/file")), -ELOOP);
	/* the file itself may be anybody's */
	assert_int_equal(chown(in("deep/file"), NOBODY, NOBODY), 0);
	assert_int_equal(opened(in("deep/file")), 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_its_own_links),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(does_not_follow_those_of_others),
	};

	return cmocka_run_group_tests(tests, make, clean);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists of all formats, compiled and looked up: bench-lists DIRECTORY FORMAT…, with a file FORMAT.txt
 * each, and asked.txt: a name a line, after '+' where a list has it, '-' where none has. Prints one
 * JSON object a line.
 *
 *    list_compile_s          parse and build, processor time of one thread; the median of the rounds
 *    list_bytes_per_domain   the whole file by the number of different domains
 *    list_open_ms            to map a file, to open it and to look up the first name
 *    list_lookup_ns          one name with all its parents, in random order, half of the names on a list; the clock's own
 *                            time included. The set is there several times, asked by turns, so that no cache holds it.
 */
#include "intel/set_builder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define N_ROUNDS    5
#define N_OPENED    101
#define N_COPIES    4 /* together twice the greatest cache of usual machines */
#define N_LISTS_MAX 16
#define SEED	    7
#define N_ASKED_MAX (1u << 20)

struct file {
	char *bytes;
	size_t len;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct file map(const char *directory, const char *name)
{
	char *path = pr_asprintf("%s/%s.txt", directory, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct file file = { 0 };
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat) < 0)
		fail(path);
	file.len = (size_t)stat.st_size;
	file.bytes = mmap(NULL, file.len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (file.bytes == MAP_FAILED)
		fail(path);
	close(fd);
	free(path);
	return file;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

static void print(const char *name, double value, const char *unit, double at_most)
{
	printf("{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", \"at_most\": %g}\n", name,
	       value, unit, at_most);
}

struct lists {
	struct pr_intel_source sources[N_LISTS_MAX];
	unsigned int n;
};

/* The seconds it took; the set to *ret_set. */
static double compile(const struct lists *lists, struct file *ret_set)
{
	uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	struct pr_intel_builder *builder = pr_intel_builder_new(SEED);
	struct pr_list_counts counts;

	for (unsigned int i = 0; i < lists->n; i++) {
		if (pr_intel_builder_list(builder, &lists->sources[i], &counts) < 0)
			fail(lists->sources[i].id);
		if (counts.refused) {
			fprintf(stderr, "%s: %ju lines are refused\n", lists->sources[i].id,
				(uintmax_t)counts.refused);
			exit(1);
		}
	}
	if (pr_intel_builder_finish(builder, (uint8_t **)&ret_set->bytes, &ret_set->len) < 0)
		fail("finish");
	pr_intel_builder_free(builder);
	return (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / 1e9;
}

static struct file measure_compile(const struct lists *lists)
{
	struct file set = { 0 };
	double rounds[N_ROUNDS];

	for (int i = 0; i < N_ROUNDS; i++) {
		free(set.bytes);
		rounds[i] = compile(lists, &set);
	}
	print("list_compile_s", median(rounds, N_ROUNDS), "s", 2);
	return set;
}

static int write_set(const struct file *set)
{
	int fd = memfd_create("set", MFD_CLOEXEC);

	for (size_t at = 0; at < set->len;) {
		ssize_t n = write(fd, set->bytes + at, set->len - at);

		if (n < 0)
			fail("memfd");
		at += (size_t)n;
	}
	return fd;
}

static struct pr_intel_set *open_set(int fd, size_t len)
{
	void *bytes = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	struct pr_intel_set *set = NULL;

	if (bytes == MAP_FAILED || pr_intel_set_open(bytes, len, &set) < 0)
		fail("open");
	return set;
}

static void measure_open(int fd, size_t len)
{
	uint64_t lists[PR_INTEL_WORDS_MAX];
	double rounds[N_OPENED];

	for (int i = 0; i < N_OPENED; i++) {
		uint64_t start = clock_ns(CLOCK_MONOTONIC);
		struct pr_intel_set *set = open_set(fd, len);

		(void)pr_intel_set_domain(set, "www.example.com", lists);
		rounds[i] = (double)(clock_ns(CLOCK_MONOTONIC) - start) / 1e6;
		pr_intel_set_free(set);
	}
	print("list_open_ms", median(rounds, N_OPENED), "ms", 10);
}

/* Each name ends the string, as the set wants it. */
static uint32_t split(struct file *asked, const char **ret_names)
{
	char *copy = pr_strndup(asked->bytes, asked->len), *line;
	uint32_t n = 0;

	while (n < N_ASKED_MAX && (line = strsep(&copy, "\n")))
		if (*line)
			ret_names[n++] = line;
	return n;
}

static double ask(const struct pr_intel_set *set, const char *name)
{
	uint64_t lists[PR_INTEL_WORDS_MAX] = { 0 };
	char domain[PR_NAME_TEXT_SIZE];
	uint64_t start, end;
	bool found;

	/* A question's name was read just now: it is in the cache. */
	memcpy(domain, name + 1, strlen(name));
	start = clock_ns(CLOCK_MONOTONIC);
	found = pr_intel_set_domain(set, domain, lists);
	end = clock_ns(CLOCK_MONOTONIC);
	if (found != (*name == '+')) {
		fprintf(stderr, "%s: found %d\n", name, found);
		exit(1);
	}
	return (double)(end - start);
}

static void measure_lookup(const struct file *file, struct file *asked)
{
	const char **names = pr_calloc(N_ASKED_MAX, sizeof(*names));
	struct pr_intel_set *sets[N_COPIES];
	uint32_t n = split(asked, names);
	double *times = pr_calloc(n, sizeof(*times));
	double middle;

	for (int i = 0; i < N_COPIES; i++)
		sets[i] = open_set(write_set(file), file->len);
	for (int round = 0; round < 2; round++) /* the first maps the pages */
		for (uint32_t i = 0; i < n; i++)
			times[i] = ask(sets[i % N_COPIES], names[i]);
	middle = median(times, n);
	fprintf(stderr, "lookup: %u names, 1 %% below %.0f ns, 99 %% below %.0f ns\n", n,
		times[n / 100], times[n - n / 100]);
	print("list_lookup_ns", middle, "ns", 300);
}

int main(int argc, char **argv)
{
	struct lists lists = { .n = 0 };
	struct pr_intel_totals totals;
	struct pr_intel_set *set;
	struct file file, asked;
	int fd;

	if (argc < 3 || argc - 2 > N_LISTS_MAX) {
		fprintf(stderr, "usage: bench-lists DIRECTORY FORMAT…\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		struct pr_intel_source *source = &lists.sources[lists.n++];

		file = map(argv[1], argv[i]);
		*source = (struct pr_intel_source){
			.id = argv[i], .category = "", .bytes = file.bytes, .len = file.len
		};
		if (!pr_list_format_find(argv[i], &source->format)) {
			fprintf(stderr, "%s: no such format\n", argv[i]);
			return 2;
		}
	}
	asked = map(argv[1], "asked");
	file = measure_compile(&lists);
	fd = write_set(&file);
	set = open_set(fd, file.len);
	totals = pr_intel_set_totals(set);
	fprintf(stderr, "%ju domains, %ju prefixes, %zu bytes\n", (uintmax_t)totals.domains,
		(uintmax_t)totals.prefixes, file.len);
	print("list_bytes_per_domain", (double)file.len / (double)totals.domains, "B", 20);
	measure_open(fd, file.len);
	measure_lookup(&file, &asked);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a fuzz target over files, and the files of directories, without libFuzzer.
 *
 *     fuzz-NAME FILE…
 *     fuzz-NAME --times FILE…     what each takes, held against what inputs of its size take
 *
 * With --times an input that takes more than TIMES_MAX times the median of the SAME_SIZE inputs nearest to it in size is told,
 * and is a failure: whoever sends it makes us work more than others do with as many bytes. A median below FLOOR_NS counts as
 * that: so long takes a packet's way through the queue, whatever is in it (docs/performance.md).
 */
#include "base/error.h"
#include "target.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define FILE_MAX  (16u << 20)
#define REPEATS	  5u
#define SAME_SIZE 50u
#define TIMES_MAX 10u
#define FLOOR_NS  17000u

struct timed {
	char *path;
	size_t len;
	uint64_t ns;
};

struct replay {
	unsigned int n_run;
	bool times;
	struct timed *timed;
	size_t n_timed, size;
};

static uint64_t cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* The shortest of some runs, of which the first warms up. */
static uint64_t time_of(const uint8_t *bytes, size_t len)
{
	uint64_t least = UINT64_MAX;

	for (unsigned int i = 0; i <= REPEATS; i++) {
		uint64_t start = cpu_ns(), took;

		LLVMFuzzerTestOneInput(bytes, len);
		took = cpu_ns() - start;
		if (i && took < least)
			least = took;
	}
	return least;
}

static void note(struct replay *replay, const char *path, const uint8_t *bytes, size_t len)
{
	if (replay->n_timed == replay->size) {
		replay->size = replay->size ? 2 * replay->size : 256;
		replay->timed = pr_realloc(replay->timed, replay->size, sizeof(*replay->timed));
	}
	replay->timed[replay->n_timed++] = (struct timed){ .path = pr_asprintf("%s", path),
							   .len = len,
							   .ns = time_of(bytes, len) };
}

static int run_file(struct replay *replay, const char *path)
{
	PR_CLEANUP(pr_cleanup_fclose) FILE *file = fopen(path, "rb");
	PR_CLEANUP(pr_cleanup_free) uint8_t *bytes = NULL;
	uint8_t *exact;
	size_t len;

	if (!file)
		return -errno;
	bytes = pr_calloc(FILE_MAX, 1);
	len = fread(bytes, 1, FILE_MAX, file);
	/* Exactly as long as the input, so that a sanitizer sees every read beyond it. */
	exact = pr_calloc(len, 1);
	memcpy(exact, bytes, len);
	if (replay->times)
		note(replay, path, exact, len);
	else
		LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	replay->n_run++;
	return 0;
}

static int run(struct replay *replay, const char *path)
{
	struct dirent **entries = NULL;
	struct stat status;
	int r = 0, n;

	if (stat(path, &status) < 0)
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return run_file(replay, path);
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.' && r == 0) {
			PR_CLEANUP(pr_cleanup_free)
			char *below = pr_asprintf("%s/%s", path, entries[i]->d_name);

			r = run(replay, below);
		}
		free(entries[i]);
	}
	free(entries);
	return r;
}

/* ---- times ---- */

static int by_len(const void *a, const void *b)
{
	const struct timed *x = a, *y = b;

	return x->len != y->len ? (x->len < y->len ? -1 : 1) : strcmp(x->path, y->path);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* What the inputs next to it in size take. */
static uint64_t usual(const struct replay *replay, size_t at)
{
	size_t n = replay->n_timed < SAME_SIZE ? replay->n_timed : SAME_SIZE;
	size_t first = at < n / 2 ? 0 : at - n / 2;
	uint64_t ns[SAME_SIZE];

	if (first + n > replay->n_timed)
		first = replay->n_timed - n;
	for (size_t i = 0; i < n; i++)
		ns[i] = replay->timed[first + i].ns;
	qsort(ns, n, sizeof(*ns), by_value);
	return ns[n / 2] > FLOOR_NS ? ns[n / 2] : FLOOR_NS;
}

/* How many are too slow. */
static unsigned int tell_times(struct replay *replay)
{
	unsigned int n_slow = 0;
	double worst = 0;
	size_t where = 0;

	if (replay->n_timed == 0)
		return 0;
	qsort(replay->timed, replay->n_timed, sizeof(*replay->timed), by_len);
	for (size_t i = 0; i < replay->n_timed; i++) {
		const struct timed *timed = &replay->timed[i];
		uint64_t median = usual(replay, i);
		double times = (double)timed->ns / (double)median;

		if (times > worst) {
			worst = times;
			where = i;
		}
		if (times > TIMES_MAX) {
			n_slow++;
			printf("SLOW  %s: %zu bytes take %.1f us, %.1f times the median of their "
			       "size\n",
			       timed->path, timed->len, (double)timed->ns / 1000, times);
		}
	}
	printf("slowest for its size: %.1f us for %zu bytes, %.1f times the median (%.1f us)\n",
	       (double)replay->timed[where].ns / 1000, replay->timed[where].len, worst,
	       (double)usual(replay, where) / 1000);
	for (size_t i = 0; i < replay->n_timed; i++)
		free(replay->timed[i].path);
	free(replay->timed);
	return n_slow;
}

int main(int argc, char **argv)
{
	struct replay replay = { .times = argc > 1 && strcmp(argv[1], "--times") == 0 };
	unsigned int n_slow;

	for (int i = replay.times ? 2 : 1; i < argc; i++) {
		int r = run(&replay, argv[i]);

		if (r < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
			return EXIT_FAILURE;
		}
	}
	n_slow = tell_times(&replay);
	printf("%u inputs\n", replay.n_run);
	/* An empty corpus is a mistake in the tree. */
	return replay.n_run && !n_slow ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Replays questions through the heuristics. From stdin, one a line: `MICROSECONDS APPLICATION TYPE RCODE BYTES NAME`,
 * in the order of time; a question of `-` as RCODE gets no answer. To stdout, for each: the suspicions of the
 * question as a number. A suspected question is denied, so it gets no answer either.
 *
 * With "--letters" a line is a label, and to stdout goes its score in bits (intel/letters.h).
 *
 * With "--speed" the lines are asked and answered over and over, and the median time of a pass is printed as a
 * figure (docs/contract.md): nanoseconds a question with its answer.
 */
#include "intel/heuristics.h"
#include "intel/letters.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define N_PASSES 25

struct line {
	uint64_t us, application;
	unsigned int type, bytes;
	int rcode; /* -1 = none */
	char *name;
};

static size_t read_lines(struct line **ret_lines)
{
	struct line *lines = NULL;
	size_t n = 0, n_max = 0;
	char name[1024], rcode[8];
	unsigned long long us, application;
	unsigned int type, bytes;

	while (scanf("%llu %llu %u %7s %u %1023s", &us, &application, &type, rcode, &bytes, name) ==
	       6) {
		if (n == n_max) {
			n_max = n_max ? 2 * n_max : 1024;
			lines = pr_realloc(lines, n_max, sizeof(*lines));
		}
		lines[n++] =
			(struct line){ .us = us,
				       .application = application,
				       .type = type,
				       .bytes = bytes,
				       .rcode = rcode[0] == '-' ? -1 : (int)strtol(rcode, NULL, 10),
				       .name = pr_strdup(name) };
	}
	*ret_lines = lines;
	return n;
}

static unsigned int replay(struct pr_heuristics *heuristics, const struct line *line,
			   uint64_t shift_us)
{
	unsigned int suspicions =
		pr_heuristics_asked(heuristics, line->us + shift_us, line->application, line->name,
				    (uint16_t)line->type);

	if (!suspicions && line->rcode >= 0)
		pr_heuristics_answered(heuristics, line->us + shift_us, line->application,
				       line->name, (unsigned int)line->rcode, line->bytes);
	return suspicions;
}

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double thread_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void measure(struct pr_heuristics *heuristics, const struct line *lines, size_t n)
{
	double passes[N_PASSES];

	for (unsigned int pass = 0; pass < N_PASSES; pass++) {
		double start = thread_ns();

		for (size_t i = 0; i < n; i++)
			(void)replay(heuristics, &lines[i], pass * (lines[n - 1].us + 1));
		passes[pass] = (thread_ns() - start) / (double)n;
	}
	qsort(passes, N_PASSES, sizeof(passes[0]), by_time);
	printf("{\"name\": \"heuristics_ns\", \"value\": %.0f, \"unit\": \"ns\", \"at_most\": "
	       "1000, "
	       "\"spread\": [%.0f, %.0f]}\n",
	       passes[N_PASSES / 2], passes[0], passes[N_PASSES - 1]);
}

static int score_labels(void)
{
	char label[1024];

	while (scanf("%1023s", label) == 1)
		printf("%.2f\n", (double)pr_letters_score(label, strlen(label)) / PR_LETTERS_BIT);
	return 0;
}

int main(int argc, char **argv)
{
	PR_CLEANUP(pr_heuristics_cleanup) struct pr_heuristics *heuristics = pr_heuristics_new();
	const char *mode = argc > 1 ? argv[1] : "";
	struct line *lines;
	size_t n;

	if (strcmp(mode, "--letters") == 0)
		return score_labels();
	n = read_lines(&lines);
	if (strcmp(mode, "--speed") == 0) {
		if (n)
			measure(heuristics, lines, n);
	} else {
		for (size_t i = 0; i < n; i++)
			printf("%u\n", replay(heuristics, &lines[i], 0));
	}
	for (size_t i = 0; i < n; i++)
		free(lines[i].name);
	free(lines);
	return 0;
}

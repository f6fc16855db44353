/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs one case: a file of lines (README.md). Exit status 0 = as expected, 1 = not, 2 = no such file. */
#include "world.h"

#include <string.h>

#define BLOCK_MAX 16384

/* Words are separated by blanks; "…" is one word without its quotes. A '#' at a word's start ends the line. */
static unsigned int split(char *line, char *words[WORDS_MAX])
{
	unsigned int n = 0;
	char *at = line;

	while (n < WORDS_MAX) {
		at += strspn(at, " \t\r\n");
		if (!*at || *at == '#')
			break;
		if (*at == '"') {
			words[n++] = ++at;
			at += strcspn(at, "\"");
		} else {
			words[n++] = at;
			at += strcspn(at, " \t\r\n");
		}
		if (!*at)
			break;
		*at++ = '\0';
	}
	return n;
}

/* The indented lines that follow; *ret_n of them. */
static void read_block(FILE *file, char block[BLOCK_MAX], unsigned int *ret_n)
{
	char line[4096];
	size_t len = 0;
	long before;

	*ret_n = 0;
	block[0] = '\0';
	for (before = ftell(file); fgets(line, sizeof(line), file); before = ftell(file)) {
		if (line[0] != '\t' || len + strlen(line) >= BLOCK_MAX) {
			fseek(file, before, SEEK_SET);
			return;
		}
		strcpy(block + len, line + 1);
		len += strlen(line + 1);
		++*ret_n;
	}
}

static void run(struct world *world, FILE *file)
{
	char line[4096], block[BLOCK_MAX], *words[WORDS_MAX];
	unsigned int n, n_block;

	while (fgets(line, sizeof(line), file)) {
		world->line++;
		n = split(line, words);
		if (!n)
			continue;
		read_block(file, block, &n_block);
		step_run(world, words, n, block);
		world->line += n_block;
	}
	expect_nothing_left(world);
}

int main(int argc, char **argv)
{
	PR_CLEANUP(pr_cleanup_fclose) FILE *file = NULL;
	struct world *world;
	const char *name;
	bool failed;

	file = argc == 2 ? fopen(argv[1], "re") : NULL;
	if (!file) {
		fprintf(stderr, "usage: scenario CASE.txt\n");
		return 2;
	}
	name = strrchr(argv[1], '/');
	world = pr_calloc(1, sizeof(*world));
	world_init(world, name ? name + 1 : argv[1]);
	run(world, file);
	failed = world->n_failures > 0;
	world_done(world);
	free(world);
	return failed ? 1 : 0;
}

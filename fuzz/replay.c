/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a fuzz target over files, and the files of directories, without libFuzzer. */
#include "base/error.h"
#include "target.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (16u << 20)

static int run_file(const char *path)
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
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 0;
}

static int run(const char *path, unsigned int *n_run)
{
	struct dirent **entries = NULL;
	struct stat status;
	int r = 0, n;

	if (stat(path, &status) < 0)
		return -errno;
	if (!S_ISDIR(status.st_mode)) {
		r = run_file(path);
		*n_run += r == 0;
		return r;
	}
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.' && r == 0) {
			PR_CLEANUP(pr_cleanup_free)
			char *below = pr_asprintf("%s/%s", path, entries[i]->d_name);

			r = run(below, n_run);
		}
		free(entries[i]);
	}
	free(entries);
	return r;
}

int main(int argc, char **argv)
{
	unsigned int n_run = 0;

	for (int i = 1; i < argc; i++) {
		int r = run(argv[i], &n_run);

		if (r < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
			return EXIT_FAILURE;
		}
	}
	printf("%u inputs\n", n_run);
	/* An empty corpus is a mistake in the tree. */
	return n_run ? EXIT_SUCCESS : EXIT_FAILURE;
}

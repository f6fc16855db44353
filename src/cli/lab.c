/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Beside the program where it runs from the build directory, else where it was installed. */
static const char *lab_program(char path[PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (len > 0) {
		self[len] = '\0';
		slash = strrchr(self, '/');
		*slash = '\0';
		if (snprintf(path, PATH_MAX, "%s/../lab/portreeve-lab", self) < PATH_MAX &&
		    access(path, X_OK) == 0)
			return path;
	}
	snprintf(path, PATH_MAX, "%s/portreeve-lab", PR_LIBEXEC_DIR);
	return path;
}

int pr_command_lab(const struct pr_cli *cli, int argc, char **argv)
{
	char path[PATH_MAX];
	char **words = pr_calloc((size_t)argc + 2, sizeof(*words));

	(void)cli;
	words[0] = pr_strdup(lab_program(path));
	for (int i = 0; i < argc; i++)
		words[i + 1] = argv[i];
	execv(words[0], words);
	fprintf(stderr, "portreeve: %s: %s\n", words[0], strerror(errno));
	return PR_EXIT_FAILED;
}

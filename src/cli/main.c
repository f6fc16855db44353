/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define RUN_DIR	   "/run/portreeve"
#define HELP_WIDTH 80 /* columns of a command's help */

static const struct pr_command *find_command(const char *name)
{
	for (unsigned int i = 0; i < pr_n_commands; i++)
		if (strcmp(pr_commands[i].name, name) == 0)
			return &pr_commands[i];
	return NULL;
}

static void print_help(FILE *out)
{
	fprintf(out, "portreeve [--json] [--run DIR] COMMAND\n\n"
		     "An application firewall: what it decided, why, and how to change it.\n\n");
	for (unsigned int i = 0; i < pr_n_commands; i++)
		fprintf(out, "  %-15s %s\n", pr_commands[i].name, pr_commands[i].summary);
	fprintf(out,
		"\n  --json          one JSON object a line (docs/contract.md)\n"
		"  --run DIR       where the daemon's socket is (%s)\n"
		"  --version       the version\n"
		"  --manual        this help as a manual page (roff)\n"
		"  COMMAND --help  more on a command\n\n"
		"Exit status: 0 fine, 1 failed, 2 bad usage, 3 the daemon is not running.\n",
		RUN_DIR);
}

/* Sentences, broken between words. */
static void print_wrapped(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column && column + 1 + len > HELP_WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		column += (size_t)fprintf(out, "%s%.*s", column ? " " : "", (int)len, text);
		text += len + (text[len] == ' ');
	}
	fputc('\n', out);
}

/* A line for each of the forms that " | " separates. */
static void print_command_help(FILE *out, const struct pr_command *command)
{
	const char *form = command->arguments;

	do {
		const char *bar = strstr(form, " | ");
		size_t len = bar ? (size_t)(bar - form) : strlen(form);

		fprintf(out, "portreeve %s%s%.*s\n", command->name, len ? " " : "", (int)len, form);
		form += len + (bar ? 3 : 0);
	} while (*form);
	fputc('\n', out);
	print_wrapped(out, command->help);
}

/* A word for roff: a leading '-' is a minus that can be copied. */
static void print_roff(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '-')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void print_manual(FILE *out)
{
	fprintf(out,
		".TH PORTREEVE 1\n.SH NAME\nportreeve \\- looks at and steers the application "
		"firewall\n"
		".SH SYNOPSIS\n.B portreeve\n[\\-\\-json] [\\-\\-run DIR] COMMAND\n.SH COMMANDS\n");
	for (unsigned int i = 0; i < pr_n_commands; i++) {
		fprintf(out, ".TP\n.B %s ", pr_commands[i].name);
		print_roff(out, pr_commands[i].arguments);
		fputc('\n', out);
		print_roff(out, pr_commands[i].help);
		fputc('\n', out);
	}
	fprintf(out,
		".SH OPTIONS\n.TP\n.B \\-\\-json\nOne JSON object a line.\n.TP\n.B \\-\\-run DIR\n"
		"Where the daemon's socket is (%s).\n"
		".SH EXIT STATUS\n0 fine, 1 failed, 2 bad usage, 3 the daemon is not running.\n"
		".SH SEE ALSO\n.BR portreeved (8)\n",
		RUN_DIR);
}

int pr_cli_usage_error(const char *command, const char *format, ...)
{
	const struct pr_command *info = find_command(command);
	va_list arguments;

	fprintf(stderr, "portreeve %s: ", command);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	if (info)
		fprintf(stderr, "usage: portreeve %s %s\n", info->name, info->arguments);
	return PR_EXIT_USAGE;
}

/* Global options, which may stand before the command or anywhere after it. */
static bool global_option(struct pr_cli *cli, int argc, char **argv, int *i)
{
	if (strcmp(argv[*i], "--json") == 0) {
		cli->json = true;
		return true;
	}
	if (strncmp(argv[*i], "--run=", 6) == 0) {
		cli->run_dir = argv[*i] + 6;
		return true;
	}
	if (strcmp(argv[*i], "--run") == 0 && *i + 1 < argc) {
		cli->run_dir = argv[++*i];
		return true;
	}
	return false;
}

static int run_command(struct pr_cli *cli, int argc, char **argv)
{
	const struct pr_command *command = find_command(argv[0]);
	int status;

	if (!command) {
		fprintf(stderr,
			"portreeve: there is no command \"%s\"; portreeve --help lists them\n",
			argv[0]);
		return PR_EXIT_USAGE;
	}
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0) {
			print_command_help(cli->out, command);
			return PR_EXIT_OK;
		}
	status = command->run(cli, argc - 1, argv + 1);
	if (fflush(cli->out) != 0 && status == PR_EXIT_OK)
		status = PR_EXIT_FAILED;
	return status;
}

/* 0: no terminal. */
static unsigned int terminal_width(void)
{
	struct winsize size = { 0 };

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int pr_cli_main(int argc, char **argv)
{
	struct pr_cli cli = { .run_dir = RUN_DIR, .out = stdout };
	int n = 0, status;
	char **words = pr_calloc((size_t)argc + 1, sizeof(*words));

	cli.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	cli.width = terminal_width();
	for (int i = 1; i < argc; i++) {
		/* What follows `lab` and "--" belongs to others. */
		bool foreign =
			n && (strcmp(words[0], "lab") == 0 || strcmp(words[n - 1], "--") == 0);

		if (foreign || !global_option(&cli, argc, argv, &i))
			words[n++] = argv[i];
	}
	if (n == 0 || strcmp(words[0], "--help") == 0 || strcmp(words[0], "help") == 0) {
		print_help(n ? stdout : stderr);
		status = n ? PR_EXIT_OK : PR_EXIT_USAGE;
	} else if (strcmp(words[0], "--version") == 0) {
		printf("portreeve %s\n", PR_VERSION);
		status = PR_EXIT_OK;
	} else if (strcmp(words[0], "--manual") == 0) {
		print_manual(stdout);
		status = PR_EXIT_OK;
	} else {
		status = run_command(&cli, n, words);
	}
	free(words);
	return status;
}

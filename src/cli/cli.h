/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line. One command a file, one table (commands.c) that is dispatcher, help and man page.
 * A command gets its words without the global options and returns the exit status.
 */
#pragma once

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define PR_EXIT_OK	    0
#define PR_EXIT_FAILED	    1
#define PR_EXIT_USAGE	    2
#define PR_EXIT_NOT_RUNNING 3

struct pr_cli {
	bool json;	    /* one JSON object a line instead of text for people */
	bool colour;	    /* the output is a terminal */
	unsigned int width; /* the terminal's; 0 = lines are as long as they are */
	const char *run_dir;
	FILE *out;
};

struct pr_command {
	const char *name;
	const char *arguments; /* as the usage line shows them */
	const char *summary;   /* one line, for the list of commands */
	const char *help;      /* sentences, for `COMMAND --help` and the man page */
	int (*run)(const struct pr_cli *cli, int argc, char **argv);
};

extern const struct pr_command pr_commands[];
extern const unsigned int pr_n_commands;

/* The program: global options, then the command. */
int pr_cli_main(int argc, char **argv);
/* Says what is wrong with the words, and how the command is used; returns PR_EXIT_USAGE. */
int pr_cli_usage_error(const char *command, const char *format, ...) PR_PRINTF(2, 3);

/* `rule test` with the words behind it (rule_test.c). */
int pr_cli_rule_test(const struct pr_cli *cli, int argc, char **argv);

/* `intel providers` with the words behind it (intel_providers.c). */
int pr_cli_intel_providers(const struct pr_cli *cli, int argc, char **argv);

/* Adds to a change until which process's end it holds: the oldest that executes `app`, else who called us, or who
 * called the sudo that did. False: there is none, said already. (process.c) */
bool pr_cli_until_exit(const char *app, json_t *change);

/* ---- options of a command (options.c) ---- */

/* One option: --name VALUE into *value, or --name into *flag. */
struct pr_cli_option {
	const char *name;
	const char **value;
	bool *flag;
};
/* Takes the options out of argv, wherever they stand; what is left are *ret_n words in argv. Everything
 * after "--" is a word. False: an unknown option or a value missing, said already. */
bool pr_cli_options(const char *command, int argc, char **argv, const struct pr_cli_option *options,
		    unsigned int n_options, int *ret_n);
/* What --verdict may be. */
#define PR_CLI_VERDICTS "accept, block, drop, reroute-nameserver, reroute-tunnel, ask"
bool pr_cli_is_verdict(const char *text);
/* "90", "90s", "5m", "2h", "1d" in seconds. False where it is none of these, or zero. */
bool pr_cli_duration(const char *text, unsigned long *ret_seconds);

/* ---- the daemon (client.c) ---- */

/* A path and its arguments: pr_cli_uri("/v1/links", "app", app, …, NULL); pairs with a NULL value are left
 * out. The caller frees. */
char *pr_cli_uri(const char *path, ...) __attribute__((sentinel));

/* Gets a path; each line of the answer is handed to `row` as an object, borrowed. The exit status: errors are
 * said on stderr. */
int pr_cli_get(const struct pr_cli *cli, const char *uri,
	       void (*row)(const struct pr_cli *cli, const json_t *row, void *context),
	       void *context);
/* The same for live events; runs until the daemon or the user ends it. `row` returns false to end it. */
int pr_cli_events(const struct pr_cli *cli,
		  bool (*row)(const struct pr_cli *cli, const json_t *row, void *context),
		  void *context);
/* Asks for a change; takes `change`. Says the result; returns the exit status. */
int pr_cli_change(const struct pr_cli *cli, json_t *change);
/* The same; the result goes to `row`. */
int pr_cli_change_told(const struct pr_cli *cli, json_t *change,
		       void (*row)(const struct pr_cli *cli, const json_t *row, void *context),
		       void *context);

/* ---- values and texts (text.c) ---- */

/* With --json: the object on one line. */
void pr_cli_json(const struct pr_cli *cli, const json_t *object);
/* A value by its path, "app.path"; NULL where there is none. */
const char *pr_cli_text(const json_t *object, const char *path);
json_int_t pr_cli_number(const json_t *object, const char *path);
/* Text of foreign origin without control characters (a terminal obeys them). */
const char *pr_cli_clean(const char *text, char *buffer, size_t size);
const char *pr_cli_verdict_colour(const struct pr_cli *cli, const char *verdict);
const char *pr_cli_plain(const struct pr_cli *cli); /* ends a colour */

/* ---- lines (format.c, seen.c) ---- */

/* One line for people: time, verdict, who, direction, entity, reason; what is accepted is
 * cut at the terminal's width, not broken. */
void pr_cli_event(const struct pr_cli *cli, const json_t *event);
/* The same for a row of a table, with its number instead of its kind. */
void pr_cli_row(const struct pr_cli *cli, const json_t *event);
/* Name of the application for people: the profile's, with the executable where it says more. */
const char *pr_cli_app(const json_t *event, char *text, size_t size);
/* "tls 1.3, encrypted"; "" where nothing was seen that is worth a word. */
const char *pr_cli_seen(const json_t *event, char *text, size_t size);

/* ---- the commands ---- */
int pr_command_status(const struct pr_cli *cli, int argc, char **argv);
int pr_command_monitor(const struct pr_cli *cli, int argc, char **argv);
int pr_command_apps(const struct pr_cli *cli, int argc, char **argv);
int pr_command_communications(const struct pr_cli *cli, int argc, char **argv);
int pr_command_links(const struct pr_cli *cli, int argc, char **argv);
int pr_command_attacks(const struct pr_cli *cli, int argc, char **argv);
int pr_command_tunnels(const struct pr_cli *cli, int argc, char **argv);
int pr_command_explain(const struct pr_cli *cli, int argc, char **argv);
int pr_command_rule(const struct pr_cli *cli, int argc, char **argv);
int pr_command_profile(const struct pr_cli *cli, int argc, char **argv);
int pr_command_answer(const struct pr_cli *cli, int argc, char **argv);
int pr_command_cut(const struct pr_cli *cli, int argc, char **argv);
int pr_command_reload(const struct pr_cli *cli, int argc, char **argv);
int pr_command_pause(const struct pr_cli *cli, int argc, char **argv);
int pr_command_resume(const struct pr_cli *cli, int argc, char **argv);
int pr_command_dns(const struct pr_cli *cli, int argc, char **argv);
int pr_command_intel(const struct pr_cli *cli, int argc, char **argv);
int pr_command_inspect(const struct pr_cli *cli, int argc, char **argv);
int pr_command_replay(const struct pr_cli *cli, int argc, char **argv);
int pr_command_lab(const struct pr_cli *cli, int argc, char **argv);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line of portreeved (docs/contract.md). */
#pragma once

#include "base/error.h"
#include "ipc/message.h"

#include <stdbool.h>

enum pr_failure_option { PR_FAILURE_AS_CONFIGURED, PR_FAILURE_WANT_OPEN, PR_FAILURE_WANT_CLOSED };

struct pr_options {
	const char *config_dir, *state_dir, *run_dir, *shipped_dir; /* absolute */
	const char *cgroup_dir; /* where BPF programs attach; NULL = the root of cgroup v2 */
	enum pr_failure_option failure;
	bool check;	   /* read the configuration, say what is wrong, touch nothing */
	bool keep_on_stop; /* SIGTERM leaves the rules in force */
	bool verbose;
	enum pr_party role; /* a child's start; SUPERVISOR = the daemon itself */
};

enum pr_options_outcome {
	PR_OPTIONS_SHOWN = 1, /* --help or --version was answered: exit 0 */
	PR_OPTIONS_WRONG = 2, /* a sentence is on stderr: exit 2 */
};
/* Borrows from argv; what it makes of that stays until the process ends. 0 or an outcome. */
PR_MUST_USE int pr_options_parse(int argc, char **argv, struct pr_options *ret_options);

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum option_id {
	OPTION_CONFIG = 256,
	OPTION_STATE,
	OPTION_RUN,
	OPTION_SHARE,
	OPTION_CGROUP,
	OPTION_FAILURE,
	OPTION_ON_STOP,
	OPTION_CHECK,
	OPTION_VERBOSE,
	OPTION_ROLE,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "state", required_argument, NULL, OPTION_STATE },
	{ "run", required_argument, NULL, OPTION_RUN },
	{ "share", required_argument, NULL, OPTION_SHARE },
	{ "cgroup", required_argument, NULL, OPTION_CGROUP },
	{ "failure", required_argument, NULL, OPTION_FAILURE },
	{ "on-stop", required_argument, NULL, OPTION_ON_STOP },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "verbose", no_argument, NULL, OPTION_VERBOSE },
	{ "role", required_argument, NULL, OPTION_ROLE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static const char help[] =
	"usage: portreeved [OPTION]…\n"
	"Guards the network namespace that it is started in.\n"
	"\n"
	"  --config DIR           what the administrator wrote (/etc/portreeve)\n"
	"  --state DIR            what was changed at run time (/var/lib/portreeve)\n"
	"  --run DIR              sockets (/run/portreeve)\n"
	"  --share DIR            the shipped settings, profiles and lists\n"
	"                         (" PR_SHARE_DIR ")\n"
	"  --failure open|closed  when the daemon fails: let everything pass, or nothing new\n"
	"                         (as configured; closed)\n"
	"  --on-stop clear|keep   at SIGTERM: take all traces away, or leave the rules in force "
	"(clear)\n"
	"  --cgroup DIR           attach BPF programs to this cgroup instead of the root\n"
	"  --check                read the configuration, say what is wrong, touch nothing\n"
	"  --verbose              log more\n"
	"  --help, --version\n"
	"\n"
	"SIGHUP reads the configuration anew. Exit status: 0 fine, 1 failed at run time, 2 bad "
	"usage or\n"
	"configuration.\n";

static int PR_PRINTF(1, 2) wrong(const char *format, ...)
{
	va_list arguments;

	fputs("portreeved: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs("; portreeved --help lists the options\n", stderr);
	return PR_OPTIONS_WRONG;
}

static int parse_role(const char *name, struct pr_options *options)
{
	for (enum pr_party party = PR_PARTY_ENGINE; party < PR_N_PARTIES; party++)
		if (strcmp(name, pr_party_name(party)) == 0) {
			options->role = party;
			return 0;
		}
	return wrong("there is no role \"%s\"", name);
}

static int parse_failure(const char *name, struct pr_options *options)
{
	if (strcmp(name, "open") == 0)
		options->failure = PR_FAILURE_WANT_OPEN;
	else if (strcmp(name, "closed") == 0)
		options->failure = PR_FAILURE_WANT_CLOSED;
	else
		return wrong("--failure is open or closed, not \"%s\"", name);
	return 0;
}

static int parse_on_stop(const char *name, struct pr_options *options)
{
	if (strcmp(name, "keep") != 0 && strcmp(name, "clear") != 0)
		return wrong("--on-stop is clear or keep, not \"%s\"", name);
	options->keep_on_stop = strcmp(name, "keep") == 0;
	return 0;
}

/* Files that a configuration names are looked for beside it, by other processes too: where we were started does not
 * count for them. */
static const char *absolute(const char *directory)
{
	PR_CLEANUP(pr_cleanup_free) char *here = *directory == '/' ? NULL : getcwd(NULL, 0);

	return here ? pr_asprintf("%s/%s", here, directory) : directory;
}

static int parse_directory(int id, const char *value, struct pr_options *options)
{
	if (!*value)
		return wrong("an empty directory name");
	/* One that isn't there would be an empty configuration: the default may lack, a misspelt one must not. */
	if (id == OPTION_CONFIG && access(value, F_OK) < 0 && errno == ENOENT)
		return wrong("--config %s: there is no such directory", value);
	value = absolute(value);
	if (id == OPTION_CONFIG)
		options->config_dir = value;
	else if (id == OPTION_STATE)
		options->state_dir = value;
	else if (id == OPTION_RUN)
		options->run_dir = value;
	else if (id == OPTION_SHARE)
		options->shipped_dir = value;
	else
		options->cgroup_dir = value;
	return 0;
}

static int apply(int id, const char *value, struct pr_options *options)
{
	switch (id) {
	case OPTION_CONFIG:
	case OPTION_STATE:
	case OPTION_RUN:
	case OPTION_SHARE:
	case OPTION_CGROUP:
		return parse_directory(id, value, options);
	case OPTION_FAILURE:
		return parse_failure(value, options);
	case OPTION_ON_STOP:
		return parse_on_stop(value, options);
	case OPTION_ROLE:
		return parse_role(value, options);
	case OPTION_CHECK:
		options->check = true;
		return 0;
	case OPTION_VERBOSE:
		options->verbose = true;
		return 0;
	case OPTION_HELP:
		fputs(help, stdout);
		return PR_OPTIONS_SHOWN;
	case OPTION_VERSION:
		puts("portreeved " PR_VERSION);
		return PR_OPTIONS_SHOWN;
	default:
		return PR_OPTIONS_WRONG;
	}
}

int pr_options_parse(int argc, char **argv, struct pr_options *ret_options)
{
	struct pr_options options = {
		.config_dir = "/etc/portreeve",
		.state_dir = "/var/lib/portreeve",
		.run_dir = "/run/portreeve",
		.shipped_dir = PR_SHARE_DIR,
		.role = PR_PARTY_SUPERVISOR,
	};
	int id, r;

	opterr = 0;
	optind = 1;
	while ((id = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		/* getopt has gone past what it does not like. */
		if (id == ':')
			return wrong("%s wants a value", argv[optind - 1]);
		if (id == '?')
			return wrong("there is no option %s", argv[optind - 1]);
		r = apply(id, optarg, &options);
		if (r)
			return r;
	}
	if (optind < argc)
		return wrong("\"%s\" is one word too many", argv[optind]);
	*ret_options = options;
	return 0;
}

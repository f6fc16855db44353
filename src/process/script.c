/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/script.h"

#include "base/error.h"

#include <ctype.h>
#include <string.h>

/* `with_value`: options (one letter each) whose value is the next argument. `code`: options after which
 * the program comes from the command line: no script. `long_with_value`: the same as words. */
struct interpreter {
	const char *name;
	const char *with_value, *code;
	const char *const *long_with_value;
};

static const char *const node_words[] = { "--require", "--import", "--loader", "--conditions",
					  NULL };
static const char *const bash_words[] = { "--rcfile", "--init-file", NULL };
static const char *const java_words[] = { "-cp", "-classpath", "--class-path", NULL };
static const char *const no_words[] = { NULL };

static const struct interpreter interpreters[] = {
	{ "ash", "o", "c", no_words },	       { "bash", "oO", "cs", bash_words },
	{ "dash", "o", "cs", no_words },       { "gjs", "IC", "c", no_words },
	{ "guile", "lL", "c", no_words },      { "java", "", "", java_words },
	{ "ksh", "o", "cs", no_words },	       { "lua", "l", "ei", no_words },
	{ "luajit", "l", "ei", no_words },     { "node", "rC", "epi", node_words },
	{ "nodejs", "rC", "epi", node_words }, { "perl", "", "eE", no_words },
	{ "php", "cdz", "rBRE", no_words },    { "pypy", "WX", "cm", no_words },
	{ "python", "WX", "cm", no_words },    { "ruby", "CEIr", "e", no_words },
	{ "sh", "o", "cs", no_words },	       { "tclsh", "", "", no_words },
	{ "wish", "", "", no_words },	       { "zsh", "o", "cs", no_words },
};

/* "python3.11" is python, "perl5.36.0" is perl, "lua5.4" is lua, "php-fpm8.2" is none. */
static const struct interpreter *find(const char *exe_path)
{
	const char *slash = strrchr(exe_path, '/');
	const char *name = slash ? slash + 1 : exe_path;
	size_t len = strlen(name);

	while (len && (isdigit((unsigned char)name[len - 1]) || name[len - 1] == '.'))
		len--;
	for (size_t i = 0; i < PR_ARRAY_SIZE(interpreters); i++)
		if (strlen(interpreters[i].name) == len &&
		    memcmp(interpreters[i].name, name, len) == 0)
			return &interpreters[i];
	return NULL;
}

bool pr_script_is_interpreter(const char *exe_path)
{
	return find(exe_path) != NULL;
}

static bool is_word(const char *const *words, const char *argument)
{
	for (; *words; words++)
		if (strcmp(*words, argument) == 0)
			return true;
	return false;
}

enum option { OPTION_ALONE, OPTION_WITH_NEXT, OPTION_CODE };

/* A group of one-letter options: "-u", "-Wignore", "-lc", "-uc". */
static enum option read_option(const struct interpreter *interpreter, const char *argument)
{
	if (is_word(interpreter->long_with_value, argument))
		return OPTION_WITH_NEXT;
	if (argument[1] == '-')
		return OPTION_ALONE;
	for (const char *letter = argument + 1; *letter; letter++) {
		if (strchr(interpreter->code, *letter))
			return OPTION_CODE;
		if (strchr(interpreter->with_value, *letter))
			return letter[1] ? OPTION_ALONE : OPTION_WITH_NEXT;
		if (!isalpha((unsigned char)*letter))
			return OPTION_ALONE;
	}
	return OPTION_ALONE;
}

/* The argument after `at`, or NULL. */
static const char *next_argument(const char *at, const char *end)
{
	const char *zero = at < end ? memchr(at, 0, (size_t)(end - at)) : NULL;

	/* One that is not ended by a zero was cut. */
	if (!zero || zero + 1 >= end || !memchr(zero + 1, 0, (size_t)(end - zero - 1)))
		return NULL;
	return zero + 1;
}

const char *pr_script_of(const char *exe_path, const char *arguments, size_t len)
{
	const struct interpreter *interpreter = find(exe_path);
	const char *end = arguments + len;
	const char *at = arguments;
	bool jar = false;

	if (!interpreter)
		return NULL;
	while ((at = next_argument(at, end)) != NULL) {
		bool java = strcmp(interpreter->name, "java") == 0;

		if (java && strcmp(at, "-jar") == 0) {
			jar = true;
			continue;
		}
		if (at[0] != '-' || !at[1])
			/* java without -jar names a class; a lone minus is the standard input. */
			return at[0] == '-' || !at[0] || (java && !jar) ? NULL : at;
		if (strcmp(at, "--") == 0)
			return next_argument(at, end);
		switch (read_option(interpreter, at)) {
		case OPTION_CODE:
			return NULL;
		case OPTION_WITH_NEXT:
			at = next_argument(at, end);
			if (!at)
				return NULL;
			break;
		case OPTION_ALONE:
			break;
		}
	}
	return NULL;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a profile is matched against: the facts about a process that process/ has established. Strings
 * are borrowed; NULL = not known. What a program can forge ranks below what it cannot: `path` is set
 * only where /proc/PID/exe is the very file that the path names in our own mount namespace.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct pr_identity {
	const char *path;      /* executable, proven */
	const char *script;    /* the script that an interpreter runs, absolute */
	const char *cmdline;   /* arguments joined by blanks; forgeable */
	const char *user;      /* name; NULL where there is none for the uid */
	uid_t uid;	       /* (uid_t)-1 = unknown */
	const char *cgroup;    /* path in the cgroup v2 (or systemd) hierarchy */
	const char *unit;      /* systemd unit */
	const char *container; /* id or name of the container */
	const char *package;   /* owner of the executable in the system's package database */
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The script that an interpreter runs, by its arguments. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Is the executable an interpreter whose arguments are known here? By the last part of its (proven)
 * path, version numbers aside: python3.11, perl, bash, node, ruby, … */
bool pr_script_is_interpreter(const char *exe_path);

/* The argument that names the script, or NULL: none, or read from the arguments or the standard input
 * (`-c`, `-e`, `-m`). `arguments` is as in /proc/PID/cmdline: each ended by a zero. Borrowed from it. */
const char *pr_script_of(const char *exe_path, const char *arguments, size_t len);

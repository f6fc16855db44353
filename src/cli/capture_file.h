/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A capture as a command's argument: a file, or "-" for the standard input. What is wrong is said on stderr. */
#pragma once

#include "packet/capture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the standard input, which is kept in memory. Reached: refused. */
#define PR_CAPTURE_STDIN_MAX ((size_t)1 << 30)

struct pr_capture_file {
	const char *name; /* borrowed */
	uint8_t *bytes;
	size_t len;
	bool mapped;
	struct pr_capture capture;
};

/* False: it can't be read or is no capture; said already. */
bool pr_capture_file_open(const char *name, struct pr_capture_file *ret_file);
void pr_capture_file_close(struct pr_capture_file *file);
/* After the last packet: says what of the file couldn't be read. False: it is damaged, or nothing in it is of a link
 * type that is read. */
bool pr_capture_file_complete(const struct pr_capture_file *file, bool damaged);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process as bytes, for the way from the supervisor to the engine. Bounded on both sides: a decoder
 * takes nothing that the encoder could not have written. */
#pragma once

#include "base/error.h"
#include "process/process.h"

#include <stddef.h>
#include <stdint.h>

/* Limits of the strings beside those of process.h; a longer one is cut by the encoder (a path is left
 * out: half a path is another's) and refused by the decoder. */
#define PR_PROCESS_TEXT_MAX 512
#define PR_PROCESS_CODE_MAX                                                                 \
	(128 + PR_PROCESS_CMDLINE_MAX + 3 * PR_PROCESS_PATH_MAX + 4 * PR_PROCESS_TEXT_MAX + \
	 PR_PROCESS_PARENTS_MAX * (8 + PR_PROCESS_TEXT_MAX))

/* The length written; 0 where `size` does not suffice (PR_PROCESS_CODE_MAX always does). */
size_t pr_process_encode(const struct pr_process *process, void *bytes, size_t size);
/* 0 with a new reference, or -EBADMSG. The whole of the bytes is one process. */
PR_MUST_USE int pr_process_decode(const void *bytes, size_t len, struct pr_process **ret_process);

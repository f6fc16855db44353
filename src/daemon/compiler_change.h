/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ipc/body.h"
#include "profile/config.h"

/* Applies the pairs of a PR_MESSAGE_CHANGE (none = no change) to the files of the state directory in `files`,
 * in memory. *ret_edit is the one file that is different now; its name is NULL when there is none. 0, or
 * negative with *ret_error. */
PR_MUST_USE int pr_compiler_apply(struct pr_config_file **files, struct pr_config_input *input,
				  const struct pr_pairs *change, struct pr_config_edit *ret_edit,
				  struct pr_config_error *ret_error);

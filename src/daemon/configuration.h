/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All of the configuration's files in memory, for who reads and compiles in one process (--check, a replay). */
#pragma once

#include "daemon/files.h"
#include "profile/config.h"

struct pr_configuration {
	struct pr_config_file *files;
	size_t n;
};

/* 0 or -errno with *error. What was read by then is to be given back all the same. */
PR_MUST_USE int pr_configuration_read(const struct pr_options *options,
				      struct pr_configuration *configuration,
				      char error[PR_FILES_ERROR_SIZE]);
void pr_configuration_done(struct pr_configuration *configuration);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bodies of the processes. Each returns its exit status. */
#pragma once

#include "daemon/options.h"
#include "daemon/start.h"

int pr_supervisor_main(const struct pr_options *options);
int pr_check_main(const struct pr_options *options); /* --check */
int pr_engine_main(void);
int pr_resolver_main(void);
int pr_compiler_main(void);
int pr_front_main(void);
int pr_tunnel_main(void);

/* Of a child: drops what the role does not need, by the settings of its start. 0 or -errno. */
PR_MUST_USE int pr_role_drop(const struct pr_start *start, enum pr_party party);
/* Where the certificates of those who sign lie (Debian, Fedora, Arch); NULL ends it. */
extern const char *const pr_role_certificate_dirs[];
/* `also_read`: a directory beside those that the role may read anyway; NULL = none. */
PR_MUST_USE int pr_role_close(enum pr_party party, const char *also_read);
/* Tells the supervisor why, and returns the exit status 1. */
int pr_role_failed(struct pr_channel *supervisor, const char *format, ...) PR_PRINTF(2, 3);

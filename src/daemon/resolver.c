/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The resolver process: its rights; its work is resolver/process.h's. */
#include "daemon/roles.h"

#include "resolver/process.h"

#include <string.h>

static int close_sandbox(void *context)
{
	(void)context;
	return pr_role_close(PR_PARTY_RESOLVER, NULL);
}

int pr_resolver_main(void)
{
	struct pr_start start;
	const struct pr_resolver_config config = { .sandbox = close_sandbox };
	int r = pr_start_read(PR_PARTY_RESOLVER, &start), fd = -1;

	if (r < 0)
		return 1;
	r = pr_role_drop(&start, PR_PARTY_RESOLVER);
	if (r == 0)
		r = pr_start_dup_channel(&fd);
	if (r == 0)
		r = pr_resolver_run(fd, &config);
	if (r < 0)
		r = pr_role_failed(start.supervisor, "the resolver failed: %s", strerror(-r));
	pr_start_done(&start);
	return r;
}

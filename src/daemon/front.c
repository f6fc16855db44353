/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The front process: its rights; its work is api/front.h's. */
#include "daemon/roles.h"

#include "api/front.h"

#include <string.h>
#include <sys/resource.h>

#define FRONT_NICE 5 /* who watches never comes before who decides */

static int close_sandbox(void *context)
{
	struct pr_start *start = context;
	int r = pr_role_close(PR_PARTY_FRONT, NULL);

	if (r < 0)
		return r;
	r = pr_channel_send(start->supervisor, PR_MESSAGE_READY, 0, NULL, 0);
	return r > 0 ? -EAGAIN : r;
}

int pr_front_main(void)
{
	struct pr_start start;
	struct pr_front_config config = { 0 };
	int r = pr_start_read(PR_PARTY_FRONT, &start);

	if (r < 0)
		return 1;
	(void)setpriority(PRIO_PROCESS, 0, FRONT_NICE);
	r = pr_role_drop(&start, PR_PARTY_FRONT);
	config.api_listener = pr_start_take_fd(&start, "api");
	config.supervisor = start.supervisor;
	config.group = (gid_t)pr_pairs_number(&start.settings, "group", (gid_t)-1);
	config.sandbox = close_sandbox;
	config.context = &start;
	if (r == 0)
		r = pr_front_run(&config);
	if (r < 0)
		r = pr_role_failed(start.supervisor, "the front failed: %s", strerror(-r));
	pr_start_done(&start);
	return r;
}

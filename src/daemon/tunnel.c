/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tunnel process: its rights; its work is tunnel/process.h's. */
#include "daemon/roles.h"

#include "tunnel/process.h"

#include <string.h>

/* An upstream's own certificates (`ca`) lie where the system's do, or beside the configuration. */
static int close_sandbox(void *context)
{
	const struct pr_start *start = context;
	const char *config_dir = pr_start_text(start, "config_dir");

	return pr_role_close(PR_PARTY_TUNNEL, *config_dir ? config_dir : NULL);
}

int pr_tunnel_main(void)
{
	struct pr_start start;
	struct pr_tunnel_config config = { .sandbox = close_sandbox, .context = &start };
	int r = pr_start_read(PR_PARTY_TUNNEL, &start), fd = -1;

	if (r < 0)
		return 1;
	config.tcp4 = pr_start_take_fd(&start, "tcp4");
	config.tcp6 = pr_start_take_fd(&start, "tcp6");
	config.udp4 = pr_start_take_fd(&start, "udp4");
	config.udp6 = pr_start_take_fd(&start, "udp6");
	r = pr_role_drop(&start, PR_PARTY_TUNNEL);
	if (r == 0)
		r = pr_start_dup_channel(&fd);
	if (r == 0)
		r = pr_tunnel_run(fd, &config);
	if (r < 0)
		r = pr_role_failed(start.supervisor, "the tunnel failed: %s", strerror(-r));
	pr_start_done(&start);
	return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tunnel's part: every way opens at once. What the far end would have said is not in the capture. */
#include "cli/replay.h"

bool pr_replay_tunnel_open(struct pr_replay_tunnel *tunnel, uint64_t link, uint32_t opening)
{
	if (tunnel->n == tunnel->n_room) {
		tunnel->n_room = tunnel->n_room ? tunnel->n_room * 2 : 16;
		tunnel->links = pr_realloc(tunnel->links, tunnel->n_room, sizeof(*tunnel->links));
	}
	tunnel->links[tunnel->n++] = (struct pr_replay_opening){ link, opening };
	return true;
}

void pr_replay_tunnel_settle(struct pr_replay_tunnel *tunnel, struct pr_engine *engine,
			     uint64_t now_us)
{
	/* What is released may want another one. */
	while (tunnel->n) {
		const struct pr_replay_opening last = tunnel->links[--tunnel->n];
		const struct pr_tunnel_opened opened = { PR_TUNNEL_OPEN, "", last.opening };

		pr_engine_tunnel_opened(engine, last.link, &opened, now_us);
	}
}

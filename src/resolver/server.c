/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/server.h"

#define MS_US 1000u

void pr_server_answered(struct pr_server *server, uint64_t took_us)
{
	uint32_t took = took_us < UINT32_MAX / 8 ? (uint32_t)took_us : UINT32_MAX / 8;
	uint32_t off;

	server->n_missed = 0;
	if (server->usual_us == 0) {
		server->usual_us = took ? took : 1;
		server->varies_us = took / 2;
		return;
	}
	off = took > server->usual_us ? took - server->usual_us : server->usual_us - took;
	server->varies_us = (3 * server->varies_us + off) / 4;
	server->usual_us = (7 * server->usual_us + took) / 8;
}

void pr_server_missed(struct pr_server *server, uint64_t now_us)
{
	if (++server->n_missed == PR_SERVER_AWAY_AFTER)
		server->probe_us = now_us + PR_SERVER_PROBE_MS * MS_US;
}

bool pr_server_is_away(const struct pr_server *server)
{
	return server->n_missed >= PR_SERVER_AWAY_AFTER;
}

bool pr_server_probe(struct pr_server *server, uint64_t now_us)
{
	if (!pr_server_is_away(server) || now_us < server->probe_us)
		return false;
	server->probe_us = now_us + PR_SERVER_PROBE_MS * MS_US;
	return true;
}

bool pr_server_speaks_edns(const struct pr_server *server, uint64_t now_us)
{
	return now_us >= server->plain_until_us;
}

uint64_t pr_server_patience_us(const struct pr_server *server)
{
	uint64_t patience = server->usual_us + 4ull * server->varies_us;

	if (server->usual_us == 0)
		return PR_SERVER_PATIENCE_FIRST_MS * MS_US;
	if (patience < PR_SERVER_PATIENCE_MIN_MS * MS_US)
		return PR_SERVER_PATIENCE_MIN_MS * MS_US;
	if (patience > PR_SERVER_PATIENCE_MAX_MS * MS_US)
		return PR_SERVER_PATIENCE_MAX_MS * MS_US;
	return patience;
}

void pr_servers_order(const struct pr_server *servers, unsigned int n, uint8_t *ret_order)
{
	unsigned int n_ordered = 0;

	for (int away = false; away <= true; away++)
		for (unsigned int i = 0; i < n; i++)
			if (pr_server_is_away(&servers[i]) == away)
				ret_order[n_ordered++] = (uint8_t)i;
}

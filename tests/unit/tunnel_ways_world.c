/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel_ways_world.h"

#include "base/clock.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int setup(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct world *world = pr_calloc(1, sizeof(*world));
	socklen_t len = sizeof(at);

	world->base = event_base_new();
	world->dialer = pr_dialer_new(world->base);
	world->carriers = pr_carriers_new(world->base, world->dialer);
	world->ways = pr_ways_new(world->base, world->dialer, world->carriers);
	world->now_us = pr_clock_monotonic_us();
	world->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(world->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(world->listener, (struct sockaddr *)&at, &len), 0);
	world->port = ntohs(at.sin_port);
	*state = world;
	return 0;
}

int teardown(void **state)
{
	struct world *world = *state;

	pr_ways_free(world->ways);
	pr_carriers_free(world->carriers);
	pr_dialer_free(world->dialer);
	event_base_free(world->base);
	close(world->listener);
	free(world);
	return 0;
}

struct pr_tunnel_upstream *add(struct world *world, const char *id, enum pr_tunnel_kind kind)
{
	struct pr_tunnel_upstream *upstream = &world->upstreams[world->n++];

	*upstream = (struct pr_tunnel_upstream){ .id = id,
						 .kind = kind,
						 .renew_s = RENEW_S,
						 .host = "",
						 .user = "",
						 .password = "",
						 .udp = true,
						 .ca = "",
						 .interface = "" };
	if (kind == PR_TUNNEL_INTERFACE)
		upstream->interface = "lo";
	else if (kind < PR_TUNNEL_INTERFACE)
		upstream->host = "127.0.0.1";
	upstream->port = kind < PR_TUNNEL_INTERFACE ? world->port : 0;
	return upstream;
}

struct pr_tunnel_upstream *add_of(struct world *world, const char *id, enum pr_tunnel_kind kind,
				  const char *members)
{
	struct pr_tunnel_upstream *upstream = add(world, id, kind);

	/* one letter a member */
	for (; *members; members++)
		for (unsigned int i = 0; i < world->n; i++)
			if (world->upstreams[i].id[0] == *members && !world->upstreams[i].id[1])
				upstream->members[upstream->n_members++] = world->upstreams[i].id;
	return upstream;
}

void set(struct world *world)
{
	assert_int_equal(pr_ways_set(world->ways, world->upstreams, world->n), 0);
}

enum pr_tunnel_outcome choose_for(struct world *world, const char *upstream,
				  const char *application, const char *domain, uint64_t link)
{
	world->why = NULL;
	return pr_ways_choose(world->ways, upstream, application, domain, link, false,
			      world->now_us, &world->way, &world->why);
}

void choose(struct world *world, const char *upstream, const char *application)
{
	assert_int_equal(choose_for(world, upstream, application, "a.example", 1), PR_TUNNEL_OPEN);
}

/* The hops' ids, one letter each. */
void assert_hops(const struct world *world, const char *ids)
{
	assert_int_equal(world->way.n_hops, strlen(ids));
	for (unsigned int i = 0; i < world->way.n_hops; i++)
		assert_int_equal(world->way.hops[i].upstream->id[0], ids[i]);
}

bool opened(struct world *world, enum pr_tunnel_outcome outcome, unsigned int hop)
{
	return pr_ways_opened(world->ways, &world->way.mark, outcome, hop, 20000, "it failed",
			      world->now_us);
}

struct pr_way_state state_of(const struct world *world, unsigned int n)
{
	struct pr_way_state state;

	assert_true(pr_ways_state(world->ways, n, &state));
	return state;
}

void turn(struct world *world)
{
	const struct timeval soon = { .tv_usec = 10000 };

	event_base_loopexit(world->base, &soon);
	event_base_dispatch(world->base);
}

int accept_one(struct world *world)
{
	int fd = -1;

	for (unsigned int i = 0; i < PATIENCE && fd < 0; i++) {
		turn(world);
		fd = accept(world->listener, NULL, NULL);
	}
	assert_true(fd >= 0);
	return fd;
}

void fail_by(struct world *world, const char *upstream, unsigned int hop, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		choose(world, upstream, "app");
		opened(world, PR_TUNNEL_DOWN, hop);
	}
}

bool unanswered(struct world *world, unsigned int hop)
{
	return pr_ways_unanswered(world->ways, &world->way.mark, hop, "it ended", world->now_us);
}

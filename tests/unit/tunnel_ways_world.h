/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Upstreams and ways through them; looks go to a socket of the test. */
#pragma once

#include "tunnel/ways.h"

#include "unit.h"

#define SECOND	 UINT64_C(1000000)
#define PATIENCE 500 /* turns of 10 ms */
#define RENEW_S	 600

struct world {
	struct event_base *base;
	struct pr_dialer *dialer;
	struct pr_carriers *carriers;
	struct pr_ways *ways;
	struct pr_tunnel_upstream upstreams[PR_TUNNEL_UPSTREAMS_MAX];
	unsigned int n;
	uint64_t now_us;
	int listener;
	uint16_t port;
	struct pr_way way;
	const char *why;
};

int setup(void **state);
int teardown(void **state);
struct pr_tunnel_upstream *add(struct world *world, const char *id, enum pr_tunnel_kind kind);
struct pr_tunnel_upstream *add_of(struct world *world, const char *id, enum pr_tunnel_kind kind,
				  const char *members);
void set(struct world *world);
enum pr_tunnel_outcome choose_for(struct world *world, const char *upstream,
				  const char *application, const char *domain, uint64_t link);
void choose(struct world *world, const char *upstream, const char *application);
/* The hops' ids, one letter each. */
void assert_hops(const struct world *world, const char *ids);
bool opened(struct world *world, enum pr_tunnel_outcome outcome, unsigned int hop);
struct pr_way_state state_of(const struct world *world, unsigned int n);
void turn(struct world *world);
int accept_one(struct world *world);
void fail_by(struct world *world, const char *upstream, unsigned int hop, unsigned int n);
bool unanswered(struct world *world, unsigned int hop);

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

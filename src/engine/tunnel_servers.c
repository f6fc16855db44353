/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A proxy of this host that the tunnel leads to has links of its own. Sent through the tunnel they would come to it
 * again, and open further ones, for ever. It is known by being connected to: whoever's socket receives what the kernel
 * let leave as ours, at the port of an upstream.
 */
#include "engine/tunnelling_private.h"

bool pr_tunnel_has_port(const struct pr_engine *engine, uint16_t port)
{
	if (!engine->policy || !port)
		return false;
	for (uint32_t i = 0; i < pr_policy_n_tunnels(engine->policy); i++)
		if (pr_policy_tunnel(engine->policy, i).port == port)
			return true;
	return false;
}

/* Those that stand for no one application are in nobody's circle. */
static bool is_one(const struct pr_engine *engine, uint32_t application)
{
	return application && application != engine->unknown.application &&
	       application != engine->kernel.application && application != engine->self.application;
}

static struct pr_tunnel_server *find(struct pr_engine *engine, uint32_t application, uint16_t port)
{
	for (unsigned int i = 0; i < PR_ENGINE_TUNNEL_SERVERS_MAX; i++) {
		struct pr_tunnel_server *one = &engine->tunnel_servers[i];

		if (one->application == application && one->port == port)
			return one;
	}
	return NULL;
}

void pr_tunnel_server_note(struct pr_engine *engine, uint32_t application, uint16_t port)
{
	struct pr_tunnel_server *slot;

	if (!is_one(engine, application))
		return;
	slot = find(engine, application, port);
	if (!slot) {
		slot = &engine->tunnel_servers[engine->n_tunnel_servers_ever++ %
					       PR_ENGINE_TUNNEL_SERVERS_MAX];
		if (slot->application)
			pr_applications_release(engine->applications, slot->application);
		pr_applications_hold_again(engine->applications, application);
		slot->application = application;
		slot->port = port;
	}
	slot->asked_us = engine->now_us;
}

static bool leads_to(const struct pr_engine *engine, uint32_t leads_by, uint16_t port)
{
	for (uint32_t i = 0; i < pr_policy_n_tunnels(engine->policy); i++)
		if (leads_by & 1u << i && pr_policy_tunnel(engine->policy, i).port == port)
			return true;
	return false;
}

bool pr_tunnel_server_is(const struct pr_engine *engine, uint32_t application, const char *upstream)
{
	uint32_t number;

	if (!is_one(engine, application) ||
	    !pr_policy_tunnel_find(engine->policy, upstream, &number))
		return false;
	for (unsigned int i = 0; i < PR_ENGINE_TUNNEL_SERVERS_MAX; i++) {
		const struct pr_tunnel_server *one = &engine->tunnel_servers[i];

		if (one->application == application &&
		    engine->now_us < one->asked_us + PR_ENGINE_TUNNEL_SERVER_US &&
		    leads_to(engine, pr_policy_tunnel(engine->policy, number).leads_by, one->port))
			return true;
	}
	return false;
}

void pr_tunnel_servers_done(struct pr_engine *engine)
{
	for (unsigned int i = 0; i < PR_ENGINE_TUNNEL_SERVERS_MAX; i++)
		if (engine->tunnel_servers[i].application)
			pr_applications_release(engine->applications,
						engine->tunnel_servers[i].application);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel is told where links may have to go through the tunnel: local routes to the pool's addresses, so that
 * none of them leaves by the default route, and that other namespaces' links are decided before routing. The routes
 * stay where the rules stay: also when we are killed, until the next start.
 */
#include "daemon/supervisor.h"

#include "base/log.h"
#include "kernel/route.h"

#include <stdio.h>
#include <string.h>

/* The range, or none where it can't be had. */
static struct pr_address take_range(struct pr_supervisor *supervisor, const struct pr_address *base,
				    uint8_t len)
{
	const struct pr_prefix prefix = { *base, len };
	char text[PR_PREFIX_TEXT_SIZE];
	int r;

	if (!base->family)
		return *base;
	r = pr_route_local_add(base, len);
	if (r == 0)
		return pr_address_mask(base, len);
	pr_prefix_format(&prefix, text);
	if (r == -EADDRINUSE)
		snprintf(supervisor->pool_problem, sizeof(supervisor->pool_problem),
			 "tunnel_pool: %s is in use: an address or a route of this machine lies in "
			 "it; "
			 "names that only the tunnel may resolve get no address of it",
			 text);
	else
		snprintf(supervisor->pool_problem, sizeof(supervisor->pool_problem),
			 "tunnel_pool: no route to %s could be made (%s): names that only the "
			 "tunnel "
			 "may resolve get no address of it",
			 text, strerror(-r));
	pr_log(PR_LOG_ERROR, "no-pool", "what=\"%s\"", supervisor->pool_problem);
	return (struct pr_address){ 0 };
}

static bool same(const struct pr_pool_ranges *a, const struct pr_pool_ranges *b)
{
	return pr_address_equal(&a->base4, &b->base4) && pr_address_equal(&a->base6, &b->base6) &&
	       a->len4 == b->len4 && a->len6 == b->len6;
}

void pr_supervisor_pool_clear(void)
{
	int r = pr_route_local_clear();

	if (r < 0)
		pr_log(PR_LOG_WARNING, "routes-not-cleared", "error=%d", r);
}

static void set_ranges(struct pr_supervisor *supervisor, const struct pr_pool_ranges *ranges)
{
	struct pr_ruleset_config *ruleset = &supervisor->ruleset;

	supervisor->pool_wanted = *ranges;
	supervisor->pool = *ranges;
	supervisor->pool_problem[0] = 0;
	pr_supervisor_pool_clear();
	supervisor->pool.base4 = take_range(supervisor, &ranges->base4, ranges->len4);
	supervisor->pool.base6 = take_range(supervisor, &ranges->base6, ranges->len6);
	ruleset->pool4 = supervisor->pool.base4;
	ruleset->pool6 = supervisor->pool.base6;
	ruleset->pool4_len = ranges->len4;
	ruleset->pool6_len = ranges->len6;
}

void pr_supervisor_tunnel_set(struct pr_supervisor *supervisor, bool used,
			      const struct pr_pool_ranges *ranges)
{
	static const struct pr_pool_ranges none;
	struct pr_ruleset_config *ruleset = &supervisor->ruleset;
	const struct pr_pool_ranges *wanted = used && ranges ? ranges : &none;
	int r;

	if (ruleset->forwarded_tunnel == used && same(&supervisor->pool_wanted, wanted) &&
	    !supervisor->pool_problem[0])
		return;
	set_ranges(supervisor, wanted);
	ruleset->forwarded_tunnel = used;
	if (!supervisor->installed)
		return;
	r = pr_nftables_refill(supervisor->nftables, ruleset);
	if (r < 0)
		pr_supervisor_give_up(supervisor, 1, "the rules cannot be changed: %s",
				      strerror(-r));
}

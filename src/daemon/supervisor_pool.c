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

static void say_problem(struct pr_supervisor *supervisor, const struct pr_prefix *range, int r)
{
	size_t len = strlen(supervisor->pool_problem);
	char text[PR_PREFIX_TEXT_SIZE], why[128];

	if (r == -EADDRINUSE)
		snprintf(why, sizeof(why), "an address or a route of this machine lies in it");
	else
		snprintf(why, sizeof(why), "no route to it could be made: %s", strerror(-r));
	snprintf(supervisor->pool_problem + len, sizeof(supervisor->pool_problem) - len,
		 "%stunnel_pool: %s can't be used (%s): no name gets an address of it",
		 len ? "; " : "", pr_prefix_format(range, text), why);
	pr_log(PR_LOG_ERROR, "no-pool", "range=%s what=\"%s\"", text, why);
}

/* The range, or none where it can't be had. */
static struct pr_address take_range(struct pr_supervisor *supervisor, const struct pr_address *base,
				    uint8_t len)
{
	const struct pr_prefix range = { pr_address_mask(base, len), len };
	int r;

	if (!base->family)
		return *base;
	r = pr_route_local_add(base, len);
	if (r == 0)
		return range.address;
	if (r == -EACCES && base->family == 6)
		pr_log(PR_LOG_INFO, "no-pool-ipv6", "what=\"IPv6 is switched off\"");
	else
		say_problem(supervisor, &range, r);
	return (struct pr_address){ 0 };
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

	if (ruleset->forwarded_tunnel == used &&
	    pr_pool_ranges_equal(&supervisor->pool_wanted, wanted) && !supervisor->pool_problem[0])
		return;
	set_ranges(supervisor, wanted);
	ruleset->forwarded_tunnel = used;
	pr_supervisor_table_refill(supervisor);
}

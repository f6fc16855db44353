/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flows that are older than the daemon. Direction and owner come from the sockets. What is denied
 * explicitly is cut; what only a default would deny lives until it ends, marked "grace" (start_grace):
 * the decision itself knows of that. What was still looked into when the one before died has no grace: who could bring
 * that about would get past with what was held.
 */
#include "engine/events.h"
#include "engine/machine.h"
#include "engine/pool.h"
#include "engine/tunnelling.h"

/* What NAT leads to our nameserver is there already: datagrams go on, a connection was reset with the engine before this one. By
 * now somebody may use its ports again. */
static bool goes_on(const struct pr_link *link, const struct pr_link_end *end)
{
	return end->verdict == PR_VERDICT_ACCEPT ||
	       (end->verdict == PR_VERDICT_REROUTE_NAMESERVER && link->rerouted);
}

static void decide(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name name)
{
	const struct pr_link_end *end = &link->ends[name];

	pr_end_decide(engine, link, name);
	engine->counters.links_adopted++;
	if (link->grace)
		engine->counters.links_grace++;
	pr_event_tell_end(engine, link, name);
	if (end->decided && !goes_on(link, end) && !pr_tunnel_awaits(engine, link))
		pr_end_cut(engine, link, name);
}

void pr_engine_adopt(struct pr_engine *engine, const struct pr_engine_adopted *flow,
		     uint64_t now_us)
{
	enum pr_link_end_name name = flow->direction == PR_DIRECTION_IN ? PR_LINK_IN : PR_LINK_OUT;
	struct pr_actor actor;
	struct pr_link *link;
	int r;

	pr_engine_enter(engine, now_us);
	pr_assert(engine->policy);
	actor = pr_actor_of_outcome_take(engine, flow->owner, flow->process);
	r = pr_links_add(engine->links, &flow->tuple, flow->direction, now_us, &link);
	if (r == PR_LINKS_EXISTS) /* the other end of a local link, or seen already */
		link = pr_links_find(engine->links, &flow->tuple, NULL);
	if ((r != 0 && r != PR_LINKS_EXISTS) || link->ends[name].owner_known) {
		if (r == PR_LINKS_FULL)
			engine->counters.dropped_table_full++;
		pr_actor_done(engine, &actor);
	} else {
		const struct pr_tuple reply = pr_tuple_reversed(&flow->tuple);

		pr_pool_link_made(engine, link);
		engine->counters.links_adopted_now += !link->adopted;
		link->adopted = true;
		link->look = PR_LINK_LOOK_OVER;
		pr_links_confirm(engine->links, link, &flow->tuple, &reply, now_us);
		link->graceless |= (uint8_t)((flow->undecided || flow->to_nameserver) << name);
		link->rerouted |= flow->to_nameserver;
		pr_end_set_owner_take(engine, &link->ends[name], actor, true);
		decide(engine, link, name);
	}
	pr_engine_leave(engine);
}

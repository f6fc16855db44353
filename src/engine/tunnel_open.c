/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way of a link that goes through the tunnel is opened before its first packet is let go. */
#include "engine/events.h"
#include "engine/pool.h"
#include "engine/tunnelling_private.h"

#include "base/hash.h"

#include <netinet/in.h>
#include <string.h>

/* The same text for the same application. What is forwarded has none: there the host behind us isolates. */
static void isolation_of(const struct pr_engine *engine, const struct pr_link *link,
			 char text[PR_TUNNEL_APPLICATION_MAX + 1])
{
	const char *key =
		pr_applications_key(engine->applications, link->ends[PR_LINK_OUT].application);
	char address[PR_ADDRESS_TEXT_SIZE] = "";
	size_t len = strlen(key);

	if (link->direction == PR_DIRECTION_FORWARD)
		pr_address_format(&link->tuple.src, address);
	if (len + sizeof(address) + 1 <= PR_TUNNEL_APPLICATION_MAX)
		snprintf(text, PR_TUNNEL_APPLICATION_MAX + 1, "%s%s%s", key, *address ? " " : "",
			 address);
	else
		snprintf(text, PR_TUNNEL_APPLICATION_MAX + 1, "%016llx%016llx %s",
			 (unsigned long long)pr_hash_seeded(key, len, 1),
			 (unsigned long long)pr_hash_seeded(key, len, 2), address);
}

/* The name that its destination stands for, which the far end resolves. */
static const char *name_of(const struct pr_engine *engine, const struct pr_link *link)
{
	const char *name = pr_is_pooled(engine, &link->tuple.dst)
				   ? pr_pool_name(engine->pool, &link->tuple.dst)
				   : NULL;

	return name ? name : "";
}

bool pr_tunnelled_open(struct pr_engine *engine, const struct pr_link *link,
		       struct pr_tunnelled *tunnelled)
{
	char application[PR_TUNNEL_APPLICATION_MAX + 1];
	struct pr_tunnel_link open = {
		.tuple = link->tuple,
		.upstream = pr_tunnelled_upstream(engine, tunnelled),
		.application = application,
		.name = name_of(engine, link),
	};

	isolation_of(engine, link, application);
	if (!engine->ports.tunnel_open)
		return false;
	engine->counters.tunnel_asked++;
	if (++engine->tunnelling->last_opening == 0)
		engine->tunnelling->last_opening = 1;
	open.opening = tunnelled->opening = engine->tunnelling->last_opening;
	return engine->ports.tunnel_open(engine->ports.context, link->id, &open);
}

bool pr_tunnelled_is(const struct pr_engine *engine, const struct pr_link *link,
		     const struct pr_tunnelled *tunnelled, const struct pr_tunnel_link *have)
{
	char application[PR_TUNNEL_APPLICATION_MAX + 1];

	if (strcmp(have->upstream, pr_tunnelled_upstream(engine, tunnelled)) != 0)
		return false;
	/* Who opened an older link of another namespace is not known any more. */
	if (link->direction == PR_DIRECTION_FORWARD)
		return true;
	isolation_of(engine, link, application);
	return strcmp(have->application, application) == 0;
}

void pr_tunnelled_fail(struct pr_engine *engine, struct pr_link *link,
		       struct pr_tunnelled *tunnelled, enum pr_tunnel_outcome outcome,
		       const char *why)
{
	pr_tunnelled_set(engine, tunnelled, PR_TUNNELLED_FAILED);
	tunnelled->outcome = (uint8_t)outcome;
	pr_tunnelled_keep_why(engine, tunnelled, why);
	pr_tunnelled_apply(engine, link, tunnelled);
	if (outcome == PR_TUNNEL_DOWN && !tunnelled->kept_out)
		pr_pool_heard(engine, pr_tunnelled_upstream(engine, tunnelled), outcome);
	engine->counters.tunnel_failed++;
	engine->counters.tunnel_direct += link->ends[PR_LINK_OUT].verdict == PR_VERDICT_ACCEPT;
	if (link->flags & PR_LINK_FLAG_TOLD)
		pr_event_tell_end(engine, link, PR_LINK_OUT);
}

/* A tunnel process that isn't there yet, or not any more, is waited for. */
static void begin(struct pr_engine *engine, struct pr_link *link, struct pr_tunnelled *tunnelled)
{
	bool sent = pr_tunnelled_open(engine, link, tunnelled);

	pr_tunnelled_set(engine, tunnelled, sent ? PR_TUNNELLED_OPENING : PR_TUNNELLED_UNSENT);
	if (sent && pr_parking_n(engine, PR_PARKED_TUNNEL) >= PR_ENGINE_PARKED_TUNNEL_MAX)
		(void)pr_tunnel_at_once(engine, link);
}

static bool is_waiting(const struct pr_tunnelled *tunnelled)
{
	return tunnelled->state == PR_TUNNELLED_UNSENT || tunnelled->state == PR_TUNNELLED_OPENING;
}

/* A failure holds for a moment: then who tries again with the same ports does so indeed. */
static bool is_forgotten(const struct pr_engine *engine, const struct pr_link *link,
			 const struct pr_tunnelled *tunnelled)
{
	return tunnelled->state == PR_TUNNELLED_FAILED && pr_tunnelled_may_begin(link) &&
	       engine->now_us - tunnelled->since_us >= PR_ENGINE_TUNNEL_FAILED_MS * UINT64_C(1000);
}

enum pr_tunnel_way pr_tunnel_look(struct pr_engine *engine, struct pr_link *link,
				  enum pr_link_end_name name, bool reply)
{
	struct pr_tunnelled *tunnelled = pr_tunnelled_of(engine, link);
	struct pr_link_end *end = &link->ends[name];
	struct pr_decision decision;

	if (name != PR_LINK_OUT || reply || !end->decided ||
	    (!tunnelled && end->verdict != PR_VERDICT_REROUTE_TUNNEL))
		return PR_TUNNEL_GOES;
	if (!tunnelled) {
		decision = pr_end_decision(link, name);
		tunnelled = pr_tunnelled_enter(
			engine, link,
			pr_tunnelled_upstream_by(engine, end->profile, decision.rule));
		if (!tunnelled)
			return PR_TUNNEL_GOES;
		begin(engine, link, tunnelled);
	} else if (is_forgotten(engine, link, tunnelled)) {
		begin(engine, link, tunnelled);
		pr_tunnelled_apply(engine, link, tunnelled);
	}
	return is_waiting(tunnelled) ? PR_TUNNEL_WAITS : PR_TUNNEL_GOES;
}

bool pr_tunnel_at_once(struct pr_engine *engine, struct pr_link *link)
{
	struct pr_tunnelled *tunnelled = pr_tunnelled_of(engine, link);

	if (!tunnelled || tunnelled->state != PR_TUNNELLED_OPENING)
		return false;
	pr_tunnelled_set(engine, tunnelled, PR_TUNNELLED_AT_ONCE);
	engine->counters.tunnel_at_once++;
	return true;
}

uint64_t pr_tunnel_wait_until(const struct pr_engine *engine, const struct pr_link *link)
{
	const struct pr_tunnelled *tunnelled = pr_tunnelled_of(engine, link);

	return engine->now_us + UINT64_C(1000) * (tunnelled->state == PR_TUNNELLED_UNSENT
							  ? PR_ENGINE_TUNNEL_START_MS
							  : PR_ENGINE_TUNNEL_WAIT_MS);
}

void pr_tunnel_passes(struct pr_link *link, enum pr_link_end_name end)
{
	link->ends[end].begun = true;
	link->rerouted = link->tunnelled = true;
}

bool pr_tunnel_is_way(const struct pr_engine *engine, const struct pr_link *link)
{
	const struct pr_tunnelled *tunnelled = pr_tunnelled_of(engine, link);

	/* What is over at the far end may have something to say still; a flow of datagrams goes on, and the entry point asks for
	 * it again. */
	return tunnelled &&
	       (tunnelled->state == PR_TUNNELLED_AT_ONCE || tunnelled->state == PR_TUNNELLED_OPEN ||
		tunnelled->state == PR_TUNNELLED_ENDED);
}

/* A connected UDP socket hears of such an error only if it asked for it: it gets that of a block. */
bool pr_tunnel_is_unreachable(const struct pr_engine *engine, const struct pr_link *link,
			      enum pr_link_end_name end)
{
	const struct pr_tunnelled *tunnelled = pr_tunnelled_of(engine, link);

	return tunnelled && end == PR_LINK_OUT && tunnelled->state == PR_TUNNELLED_FAILED &&
	       tunnelled->outcome == PR_TUNNEL_UNREACHABLE && link->tuple.proto == IPPROTO_TCP;
}

bool pr_tunnel_awaits(const struct pr_engine *engine, const struct pr_link *link)
{
	const struct pr_tunnelled *tunnelled = pr_tunnelled_of(engine, link);

	return tunnelled && tunnelled->state == PR_TUNNELLED_ADOPTED;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The query "tunnels": the upstreams of the policy in force, and how it is with each, as the tunnel told it last. It may
 * tell of one before the policy comes that has it. And the pool, which the supervisor tells of. All of it is the control
 * thread's.
 */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "ipc/body.h"
#include "ipc/tunnel_codec.h"

#include <string.h>

static struct {
	uint8_t *body;
	size_t len;
} states[PR_TUNNEL_UPSTREAMS_MAX];

static struct {
	char id[PR_TUNNEL_UPSTREAM_ID_MAX + 1];
	enum pr_tunnel_kind kind;
} upstreams[PR_TUNNEL_UPSTREAMS_MAX];
static unsigned int n_upstreams;

void pr_engine_tunnel_upstreams_policy(const struct pr_policy *policy)
{
	n_upstreams = 0;
	for (uint32_t i = 0; i < pr_policy_n_tunnels(policy); i++) {
		struct pr_policy_tunnel tunnel = pr_policy_tunnel(policy, i);

		snprintf(upstreams[i].id, sizeof(upstreams[i].id), "%s", tunnel.id);
		upstreams[i].kind = tunnel.kind;
		n_upstreams++;
	}
}

static bool is_configured(const char *id)
{
	for (unsigned int i = 0; i < n_upstreams; i++)
		if (strcmp(upstreams[i].id, id) == 0)
			return true;
	return false;
}

/* ---- what the tunnel tells ---- */

/* Whose it is; NULL: nobody's. It borrows. */
static const char *read_state(unsigned int place, struct pr_pairs *ret_pairs)
{
	if (!states[place].body ||
	    pr_pairs_decode(states[place].body, states[place].len, ret_pairs) < 0)
		return NULL;
	return pr_pairs_get(ret_pairs, "upstream");
}

/* That of this upstream; else one that is nobody's, or of one that isn't configured. The limit: there is none. */
static unsigned int place_of(const char *id)
{
	unsigned int place = PR_TUNNEL_UPSTREAMS_MAX;
	struct pr_pairs pairs;

	for (unsigned int i = 0; i < PR_TUNNEL_UPSTREAMS_MAX; i++) {
		const char *of = read_state(i, &pairs);

		if (of && strcmp(of, id) == 0)
			return i;
		if (!of || (place == PR_TUNNEL_UPSTREAMS_MAX && !is_configured(of)))
			place = i;
	}
	return place;
}

void pr_engine_tunnel_upstreams_state(const struct pr_message *message)
{
	struct pr_pairs pairs;
	const char *id;
	unsigned int place;

	if (pr_pairs_decode(message->body, message->len, &pairs) < 0)
		return;
	id = pr_pairs_get(&pairs, "upstream");
	place = id ? place_of(id) : PR_TUNNEL_UPSTREAMS_MAX;
	if (place == PR_TUNNEL_UPSTREAMS_MAX)
		return;
	free(states[place].body);
	states[place].body = pr_calloc(1, message->len);
	memcpy(states[place].body, message->body, message->len);
	states[place].len = message->len;
}

void pr_engine_tunnel_upstreams_forget(void)
{
	for (unsigned int i = 0; i < PR_TUNNEL_UPSTREAMS_MAX; i++) {
		free(states[i].body);
		states[i].body = NULL;
	}
}

/* ---- what is shown ---- */

static bool find_state(const char *id, struct pr_pairs *ret_pairs)
{
	for (unsigned int i = 0; i < PR_TUNNEL_UPSTREAMS_MAX; i++) {
		const char *of = read_state(i, ret_pairs);

		if (of && strcmp(of, id) == 0)
			return true;
	}
	ret_pairs->n = 0;
	return false;
}

static bool is_up(const struct pr_pairs *state)
{
	return pr_pairs_number(state, "up", 0) == 1 && !pr_pairs_number(state, "failing", 0);
}

static const char *state_name(const struct pr_pairs *state)
{
	if (!pr_pairs_get(state, "up"))
		return "unknown";
	if (pr_pairs_number(state, "up", 0) != 1)
		return "down";
	return is_up(state) ? "up" : "failing";
}

/* Since when it isn't up, as a time of day. */
static void add_since(struct pr_pairs *pairs, const char *key, const struct pr_pairs *state,
		      char *text)
{
	uint64_t since_us = pr_pairs_number(state, "since_s", 0) * 1000000;
	uint64_t now_us = pr_clock_monotonic_us();

	if (!since_us || since_us > now_us)
		return;
	(void)pr_pairs_add(pairs, key,
			   pr_clock_format(pr_clock_real_us() - (now_us - since_us), text));
}

void pr_engine_tunnel_upstreams_explain(struct pr_pairs *pairs, const char *upstream,
					bool direct_without, char since[PR_CLOCK_TEXT_SIZE])
{
	static struct pr_pairs state;
	const char *name, *why;

	(void)find_state(upstream, &state);
	name = state_name(&state);
	why = pr_pairs_get(&state, "why");
	(void)pr_pairs_add(pairs, "tunnel_state", name);
	add_since(pairs, "tunnel_since", &state, since);
	if (why && (strcmp(name, "down") == 0 || strcmp(name, "failing") == 0))
		(void)pr_pairs_add(pairs, "tunnel_why", why);
	if (strcmp(name, "down") == 0)
		(void)pr_pairs_add(pairs, "tunnel_then", direct_without ? "direct" : "blocked");
}

unsigned int pr_engine_tunnel_upstreams_count(unsigned int *ret_up, uint64_t *ret_links)
{
	struct pr_pairs state;

	*ret_up = 0;
	*ret_links = 0;
	for (unsigned int i = 0; i < n_upstreams; i++) {
		if (!find_state(upstreams[i].id, &state))
			continue;
		*ret_up += is_up(&state);
		/* A link of a chain or a set is one of its members' too. */
		if (upstreams[i].kind < PR_TUNNEL_CHAIN)
			*ret_links += pr_pairs_number(&state, "links", 0);
	}
	return n_upstreams;
}

static void send_pairs(struct pr_engine_process *process, enum pr_message_kind kind,
		       uint64_t ticket, const struct pr_pairs *pairs)
{
	uint8_t body[2 * PR_TUNNEL_BODY_MAX];

	(void)pr_outbox_send(process->to_front, kind, ticket, body,
			     pr_pairs_encode(pairs, body, sizeof(body)));
}

void pr_engine_tunnel_upstreams_query(struct pr_engine_process *process, uint64_t ticket)
{
	const struct pr_pairs end = { 0 };

	for (unsigned int i = 0; i < n_upstreams; i++) {
		struct pr_pairs state, pairs = { 0 };
		char since[PR_CLOCK_TEXT_SIZE];

		(void)find_state(upstreams[i].id, &state);
		(void)pr_pairs_add(&pairs, "upstream", upstreams[i].id);
		(void)pr_pairs_add(&pairs, "kind", pr_tunnel_kind_name(upstreams[i].kind));
		(void)pr_pairs_add(&pairs, "state", state_name(&state));
		add_since(&pairs, "since", &state, since);
		for (unsigned int j = 0; j < state.n; j++)
			if (strcmp(state.pairs[j].key, "up") != 0 &&
			    strcmp(state.pairs[j].key, "failing") != 0 &&
			    strcmp(state.pairs[j].key, "since_s") != 0 &&
			    !pr_pairs_get(&pairs, state.pairs[j].key))
				(void)pr_pairs_add(&pairs, state.pairs[j].key,
						   state.pairs[j].value);
		send_pairs(process, PR_MESSAGE_PAIRS, ticket, &pairs);
	}
	send_pairs(process, PR_MESSAGE_END, ticket, &end);
}

/* ---- the pool ---- */

void pr_engine_tunnel_upstreams_pool(struct pr_engine_process *process,
				     const struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);
	bool used = pr_read_u8(&reader);
	struct pr_pool_ranges ranges = { .base4 = pr_read_address(&reader) };

	ranges.len4 = pr_read_u8(&reader);
	ranges.base6 = pr_read_address(&reader);
	ranges.len6 = pr_read_u8(&reader);
	if (!pr_read_complete(&reader))
		return;
	pr_engine_pool_set(process->engine, used ? &ranges : NULL, pr_clock_monotonic_us());
	pr_engine_process_after(process);
}

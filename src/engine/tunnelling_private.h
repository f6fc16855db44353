/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is kept of links that go through the tunnel: tunnel.c decides and opens, tunnel_news.c hears what came of it. */
#pragma once

#include "base/slab.h"
#include "engine/tunnelling.h"

enum pr_tunnelled_state {
	PR_TUNNELLED_UNSENT,  /* no tunnel process is there; its packets wait */
	PR_TUNNELLED_OPENING, /* its packets wait */
	PR_TUNNELLED_AT_ONCE, /* the same, but they went already */
	PR_TUNNELLED_OPEN,
	PR_TUNNELLED_ENDED,   /* at the far end, or by us */
	PR_TUNNELLED_FAILED,  /* none of it goes through the tunnel */
	PR_TUNNELLED_ADOPTED, /* older than the engine: the tunnel may say that it has it */
};

struct pr_tunnelled {
	uint64_t since_us; /* of its state */
	char *why;	   /* or NULL */
	uint32_t
		opening; /* what the tunnel says of another is passed over; 0 = the tunnel had it */
	uint16_t upstream; /* its place */
	uint8_t state, outcome;
	bool has_upstream : 1;
	bool kept_out : 1; /* of no failure: it may not go around the tunnel, whatever the settings say */
};

struct pr_tunnelling {
	struct pr_slab links;
	struct {
		char id[PR_TUNNEL_UPSTREAM_ID_MAX + 1];
		uint32_t n; /* entries that name it; 0 = free */
	} upstreams[PR_ENGINE_TUNNEL_UPSTREAMS_MAX];
	size_t why_bytes;
	uint32_t last_opening;
	uint64_t have_until_us; /* then those are cut that the tunnel said nothing of; 0 = none */
};

/* NULL = none. */
struct pr_tunnelled *pr_tunnelled_of(const struct pr_engine *engine, const struct pr_link *link);
const char *pr_tunnelled_upstream(const struct pr_engine *engine,
				  const struct pr_tunnelled *tunnelled);
/* The tunnel process knows of it. */
static inline bool pr_tunnelled_is_with_tunnel(const struct pr_tunnelled *tunnelled)
{
	return tunnelled->state == PR_TUNNELLED_OPENING ||
	       tunnelled->state == PR_TUNNELLED_AT_ONCE || tunnelled->state == PR_TUNNELLED_OPEN;
}
void pr_tunnelled_set(struct pr_engine *engine, struct pr_tunnelled *tunnelled,
		      enum pr_tunnelled_state state);
/* Copies; takes NULL. */
void pr_tunnelled_keep_why(struct pr_engine *engine, struct pr_tunnelled *tunnelled,
			   const char *why);
/* Asks the tunnel process to open it. False: there is none. */
bool pr_tunnelled_open(struct pr_engine *engine, const struct pr_link *link,
		       struct pr_tunnelled *tunnelled);
/* The end's verdict and flag, by what has come of it. */
void pr_tunnelled_apply(struct pr_engine *engine, struct pr_link *link,
			const struct pr_tunnelled *tunnelled);
/* It isn't to be: the end's verdict, and its event. What waits isn't let go yet. */
void pr_tunnelled_fail(struct pr_engine *engine, struct pr_link *link,
		       struct pr_tunnelled *tunnelled, enum pr_tunnel_outcome outcome,
		       const char *why);
/* The same upstream, and the same that isolates. */
bool pr_tunnelled_is(const struct pr_engine *engine, const struct pr_link *link,
		     const struct pr_tunnelled *tunnelled, const struct pr_tunnel_link *have);
/* A new entry, with a way that nobody was asked for; NULL: there is no room. */
struct pr_tunnelled *pr_tunnelled_enter(struct pr_engine *engine, struct pr_link *link,
					const char *upstream);
/* The id of what a rule, or with PR_RULE_NONE the profile, sends its links to; "" = none. */
const char *pr_tunnelled_upstream_by(const struct pr_engine *engine, uint32_t profile,
				     uint32_t rule);
/* Does the application serve a proxy that links of this upstream go by? */
bool pr_tunnel_server_is(const struct pr_engine *engine, uint32_t application,
			 const char *upstream);
/* Why what is to go through the tunnel can't. */
enum pr_tunnel_refusal {
	PR_TUNNEL_REFUSAL_NONE,
	PR_TUNNEL_REFUSAL_NO_UPSTREAM,
	PR_TUNNEL_REFUSAL_INCOMING,
	PR_TUNNEL_REFUSAL_PROTOCOL,
	PR_TUNNEL_REFUSAL_HERE,
	PR_TUNNEL_REFUSAL_MANY,
	PR_TUNNEL_REFUSAL_UNTRACKED,
	PR_TUNNEL_REFUSAL_CIRCLE,
};

enum pr_tunnel_refusal pr_tunnelled_refusal(const struct pr_engine *engine,
					    const struct pr_link *link, enum pr_link_end_name end,
					    const struct pr_subject *subject, uint32_t rule);
/* Has nothing of it gone another way, and does its first packet open it? */
bool pr_tunnelled_may_begin(const struct pr_link *link);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine from within: its state, and what the corridors offer one another. Nothing here locks: the
 * functions of engine.h do, once, and everything below them runs under that one lock
 * (docs/decisions/one-lock.md).
 */
#pragma once

#include "engine/actor.h"
#include "engine/engine.h"
#include "engine/limits.h"
#include "engine/parking.h"
#include "engine/prompts.h"
#include "engine/providers.h"
#include "network/class.h"
#include "network/communication.h"
#include "network/link.h"
#include "network/names.h"
#include "nameserver/question.h"
#include "packet/parse.h"

#include <pthread.h>

struct pr_heuristics;
struct pr_doh_user;
struct pr_inspecting; /* inspecting_private.h */
struct pr_questioner; /* questioner.h */
struct pr_tunnelling; /* tunnelling_private.h */

/* The link that what the nameserver saw belongs to. */
struct pr_asker_slot {
	struct pr_tuple seen;
	uint64_t link, used_us;
};

struct pr_user_query {
	bool used;
	struct pr_actor actor;
};

struct pr_local_upstream {
	uint32_t application; /* held; 0 = free */
	uint64_t asked_us;
};

/* Who serves an upstream of the tunnel on this host. */
struct pr_tunnel_server {
	uint32_t application; /* held; 0 = free */
	uint16_t port;
	uint64_t asked_us;
};

/* A decision of a packet that is still to be told. */
struct pr_owed {
	uint64_t link, us;
	uint8_t end;
};

/* The set's lists as the policy numbers them; of both together. */
struct pr_intel_map {
	uint32_t n_words;   /* of the policy's bitsets */
	uint64_t *rows;	    /* n_words for each list of the set: the ids that it counts for */
	unsigned int wants; /* PR_FACT_… that the policy depends on */
	uint64_t missing[PR_INTEL_WORDS_MAX]; /* ids without data, or not with all of it */
	uint64_t open[PR_INTEL_WORDS_MAX];    /* ids of which a list speaks of addresses */
};

struct pr_engine {
	pthread_mutex_t lock;
	struct pr_engine_ports ports;
	struct pr_engine_counters counters;
	int64_t real_offset_us;
	uint64_t now_us; /* of the call that runs */
	uint64_t due_us; /* what the caller was last told */

	struct pr_policy *policy; /* NULL = none yet */
	uint32_t policy_serial;
	uint16_t nameserver_port4, nameserver_port6, tunnel_port4, tunnel_port6;
	bool senders_checked;
	uint64_t basis; /* grows with whatever may change what decisions on questions rest on */
	struct pr_intel_set *intel; /* NULL = none */
	struct pr_intel_map intel_map;
	struct pr_providers_table providers;
	bool upstreams_public; /* pr_engine_upstreams_public() */
	uint32_t
		decision_serial; /* of all that decides: the policy and what is known of entities */
	uint32_t generation;	 /* 0 = none in force: nothing is permanent */
	bool generation_asked;

	struct pr_own_addresses own;
	uint32_t loopback_ifindex;

	struct pr_applications *applications;
	struct pr_names *names;
	struct pr_pool *pool; /* NULL = there is no tunnel */
	uint8_t *pool_saved;  /* what stood in it, as long as there is none; or NULL */
	size_t pool_saved_len;
	uint64_t pool_down_us[PR_TUNNEL_UPSTREAMS_MAX]; /* by the policy's number: until then */
	bool pool_told;	  /* from outside, which knows what of the policy's ranges can be had */
	bool pool_closed; /* there is no tunnel any more: nothing is given, what was given stands */
	bool pool_lost;	  /* what stood in it before this engine isn't known */
	struct pr_communications *communications;
	struct pr_links *links;
	struct pr_questions *questions;

	struct pr_instance_slot instances[PR_ENGINE_INSTANCE_CACHE];
	struct pr_actor unknown, kernel, self;
	struct pr_parking parking;
	struct pr_inspecting *inspecting;
	struct pr_tunnelling *tunnelling;
	struct pr_prompt *prompts;
	uint32_t n_prompts_max, n_prompts;
	struct pr_standing_answer answers[PR_ENGINE_ANSWERS_MAX];
	uint32_t n_answers;
	uint64_t last_answer;
	struct pr_slab questioners;
	struct pr_questioner *question_waits[PR_ENGINE_QUESTION_WAITS_MAX]; /* NULL = free */
	struct pr_user_query queries[PR_ENGINE_QUERIES_MAX];
	struct pr_asker_slot askers[PR_ENGINE_ASKERS];
	struct pr_local_upstream local_upstreams[PR_ENGINE_LOCAL_UPSTREAMS_MAX];
	uint32_t n_local_upstreams_ever;
	struct pr_tunnel_server tunnel_servers[PR_ENGINE_TUNNEL_SERVERS_MAX];
	uint32_t n_tunnel_servers_ever;

	bool unwatched; /* nobody reads events */
	uint64_t last_ticket, last_prompt;
	uint64_t swept_us, names_swept_us, sync_since_us;
	bool redeciding;       /* links are decided anew: none of them has anything asked */
	bool denied_forgotten; /* the set of denied tuples was emptied in this round */
	struct pr_owed owed[PR_ENGINE_OWED_MAX]; /* oldest first */
	uint32_t n_owed, n_paid;
	bool paying;
	struct pr_heuristics *heuristics;
	struct pr_doh_user *doh;	/* PR_ENGINE_DOH_MAX, by application (doh.c) */
	struct pr_attackers *attackers; /* attackers.h */
	char generated_why[PR_ENGINE_WHY_SIZE], tunnel_why[PR_ENGINE_WHY_SIZE];
	char reason[PR_ENGINE_REASON_SIZE], denial[PR_ENGINE_REASON_SIZE];
	char missing_providers[PR_PROVIDERS_MAX * (PR_PROVIDER_ID_MAX + 1)];
};

/* Bits of pr_link.flags; shifted by the end. */
#define PR_LINK_FLAG_TUNNEL   0x01u /* to go through the tunnel, and can't: denied, or goes without */
#define PR_LINK_FLAG_ANSWERED 0x04u /* a user's direct answer decided */
#define PR_LINK_FLAG_TIMEOUT  0x10u /* nobody answered */
#define PR_LINK_FLAG_TOLD     0x40u /* its event went out */
#define PR_LINK_SPOOF_SHIFT   8	    /* enum pr_spoof from here on */

/* ---- decide.c: the two tiers ---- */

/* Decides one end of a link; fills the end in. Raises or joins a prompt where the outcome is to ask: then
 * the end is `asked` and not `decided`. Sends no events of the link. */
void pr_end_decide(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end);
/* What a packet of a decided end gets. */
struct pr_verdict_order pr_end_order(const struct pr_engine *engine, const struct pr_link *link,
				     enum pr_link_end_name end, enum pr_hook hook, bool reply);
/* The decision as it stands in the end. */
struct pr_decision pr_end_decision(const struct pr_link *link, enum pr_link_end_name end);
void pr_end_set_owner_take(struct pr_engine *engine, struct pr_link_end *end, struct pr_actor actor,
			   bool settled);
void pr_end_clear(struct pr_engine *engine, struct pr_link_end *end);

/* ---- packets.c ---- */

enum pr_engine_packet_outcome pr_packets_handle(struct pr_engine *engine,
						struct pr_interception *interception,
						const struct pr_intercepted *packet,
						struct pr_verdict_order *ret_order);
/* The owner of an end became known, or is given up: decides, and releases what waits. */
void pr_packets_owner(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end,
		      struct pr_actor actor, bool settled);
/* After a decision of an end that waited: events, and what is parked goes. */
void pr_packets_settled(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end);
/* Until when a packet of the end is held for a prompt. */
uint64_t pr_packets_hold_until(const struct pr_engine *engine, const struct pr_link_end *end);
/* Counts an order that leaves. */
void pr_count_order(struct pr_engine *engine, const struct pr_verdict_order *order);

/* ---- askers.c: whose link a question came by ---- */

/* NULL: none of those that are known. *ret_sent: what its client sent, as it was before NAT. */
struct pr_link *pr_askers_find(struct pr_engine *engine, const struct pr_asker *asker,
			       struct pr_tuple *ret_sent);
/* That the question was sent by who opened its link is certain. */
bool pr_asker_is_opener(const struct pr_engine *engine, const struct pr_link *link);

/* ---- local_upstream.c: nameservers of this host that we ask ourselves ---- */

/* The receiver of a link that our own socket opened is known. */
void pr_local_upstream_note(struct pr_engine *engine, uint32_t application);
bool pr_local_upstream_is(const struct pr_engine *engine, uint32_t application);
void pr_local_upstreams_done(struct pr_engine *engine);

/* ---- redecide.c ---- */

/* Every live end anew, after a change of what decides. */
void pr_redecide_all(struct pr_engine *engine);
/* Every live end whose entity has this name or address. */
void pr_redecide_entity(struct pr_engine *engine, const struct pr_inquiry *inquiry);
/* The ends that wait for a prompt. */
void pr_redecide_asked(struct pr_engine *engine);
/* One end, for its packets have shown something: `tell`, though nothing else changes. */
void pr_redecide_seen(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end,
		      bool tell);
void pr_end_cut(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end);

/* ---- links.c: a link's life ---- */

#define PR_ENGINE_PORT_DOMAIN 53 /* RFC 1035, 4.2 */
/* The asking end of questions by datagrams: one flow may have several askers, one after the other. */
bool pr_link_asks_by_datagram(const struct pr_link *link, enum pr_link_end_name end);
void pr_link_end_it(struct pr_engine *engine, struct pr_link *link);
/* Has conntrack an entry of its ends now? Not yet, while its first packet is with us. */
bool pr_link_is_tracked(const struct pr_engine *engine, const struct pr_link *link);
void pr_link_forgotten(void *context, struct pr_link *link);
void pr_link_expired(void *context, struct pr_link *link);

/* ---- questions.c ---- */

void pr_question_owner(struct pr_engine *engine, uint64_t ticket, struct pr_actor actor);
uint64_t pr_question_waits_tick(struct pr_engine *engine);
void pr_questions_init(struct pr_engine *engine);
void pr_questions_done(struct pr_engine *engine);
#define PR_TICKET_QUESTION (UINT64_C(1) << 63) /* tickets of questions have this bit */

/* ---- engine.c ---- */

/* Locks; what decisions rest on may change (`basis`). */
void pr_engine_enter(struct pr_engine *engine, uint64_t now_us);
/* The same for calls that come with the traffic: nothing changes that a decision on a question rests on, but for what
 * such a decision itself calls momentary. */
void pr_engine_enter_traffic(struct pr_engine *engine, uint64_t now_us);
void pr_engine_leave(struct pr_engine *engine);
/* Something has to be done at `at_us`: the caller is woken for it. */
void pr_engine_due(struct pr_engine *engine, uint64_t at_us);

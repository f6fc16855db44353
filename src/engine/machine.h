/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine from within: its state, and what its files offer one another. Nothing here locks: the
 * functions of engine.h do, once, and everything below them runs under that one lock
 * (docs/decisions/one-lock.md).
 */
#pragma once

#include "engine/engine.h"
#include "engine/limits.h"
#include "engine/providers.h"
#include "network/class.h"
#include "network/communication.h"
#include "network/link.h"
#include "network/names.h"
#include "nameserver/question.h"
#include "packet/parse.h"

#include <pthread.h>

/* Who acts: a process, and what decisions know it as. */
struct pr_actor {
	struct pr_process *process; /* a reference, or NULL */
	uint32_t application, profile;
	bool own;
};

struct pr_instance_slot {
	struct pr_process *process; /* a reference; NULL = free */
	uint32_t policy, application, profile;
};

enum pr_parked_for {
	PR_PARKED_FREE,
	PR_PARKED_OWNER,
	PR_PARKED_PROMPT,
	PR_PARKED_GENERATION, /* decided; the kernel's table is being changed */
	PR_PARKED_TUNNEL,     /* decided; its way is being opened */
};

struct pr_parked {
	enum pr_parked_for wait;
	uint8_t end; /* enum pr_link_end_name */
	bool reply;
	uint64_t link, ticket, deadline_us;
	struct pr_interception *interception;
	struct pr_intercepted packet;
	uint8_t *copy; /* of its bytes, which are still to be looked into; or NULL */
};

struct pr_parking {
	struct pr_parked *slots;
	uint32_t n_max, n_used;
};

struct pr_prompt {
	uint64_t id; /* 0 = free */
	enum pr_prompt_state state;
	uint64_t communication; /* held */
	enum pr_stage stage;
	uint64_t raised_us, until_us; /* open: when the default comes; else: when it is forgotten */
	struct pr_actor actor;
	struct pr_address address, local; /* of the link that raised it; family 0: a question did */
	uint16_t port;
	uint8_t proto;
	uint32_t rule; /* that asks, or PR_RULE_NONE */
	bool asked;    /* while the tables are decided anew: something still asks */
};

struct pr_standing_answer {
	uint64_t until_us; /* 0 = free */
	bool permit;
	enum pr_answer_scope scope;
	uint32_t application; /* held */
	enum pr_direction direction;
	char domain[PR_NAME_TEXT_SIZE]; /* "" = none */
	enum pr_scope address_scope;	/* of a communication without a domain */
	struct pr_address address;
	uint64_t number; /* the oldest gives way */
};

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
	uint16_t nameserver_port4, nameserver_port6;
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
	bool pool_told; /* from outside, which knows what of the policy's ranges can be had */
	bool pool_lost; /* what stood in it before this engine isn't known */
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

/* ---- instances.c: process → instance ---- */

/* The actor of a process; takes the reference. NULL: unknown. */
struct pr_actor pr_actor_of_take(struct pr_engine *engine, struct pr_process *process);
/* Of an owner's outcome; takes the reference. */
struct pr_actor pr_actor_of_outcome_take(struct pr_engine *engine, enum pr_owner_outcome outcome,
					 struct pr_process *process);
struct pr_actor pr_actor_copy(struct pr_engine *engine, const struct pr_actor *actor);
void pr_actor_done(struct pr_engine *engine, struct pr_actor *actor);
/* Of the policy of now, by its process. */
void pr_actor_renew(struct pr_engine *engine, struct pr_actor *actor);
/* A profile's name or an executable's path; NULL: an application that no profile matches. */
struct pr_actor pr_actor_named(struct pr_engine *engine, const char *app, uid_t uid);
/* The application that its names are recorded under: PR_APPLICATION_ALL for a shared stub. */
bool pr_actor_is_stub(const struct pr_process *process, const char *key);
void pr_instances_policy_changed(struct pr_engine *engine);
void pr_instances_done(struct pr_engine *engine);
/* "profile:firefox" → "firefox". */
const char *pr_instance_text(const struct pr_engine *engine, uint32_t application);

/* ---- subject.c: what a decision is about ---- */

/* Large: where it is a variable, it is PR_UNINITIALIZED. */
struct pr_subject_of {
	struct pr_subject subject;
	struct pr_name_candidate candidates[PR_SUBJECT_DOMAINS_MAX];
	/* intel.c: what the subject's lists point to */
	uint64_t list_bits[(PR_SUBJECT_DOMAINS_MAX + 1 + PR_SEEN_NAMES_MAX) * PR_INTEL_WORDS_MAX];
	unsigned int n_list_bits; /* bitsets in use */
	bool names_looked_up;
	/* providers.c: the subject's own, where there are providers */
	uint64_t missing[PR_INTEL_WORDS_MAX], open[PR_INTEL_WORDS_MAX];
	bool may_follow; /* what providers have not answered is open, not missing: they will be asked */
	struct pr_seen seen; /* seen.c: the subject's, where it was put together again */
};
/* The subject of one end of a link; borrows from the tables until they change. Its facts of intelligence are
 * open. */
void pr_subject_of_end(const struct pr_engine *engine, const struct pr_link *link,
		       enum pr_link_end_name end, struct pr_subject_of *ret_subject);
/* Facts of the address: class and scope; those of intelligence are open. */
void pr_subject_set_address(const struct pr_engine *engine, const struct pr_address *address,
			    struct pr_subject *subject);
/* The candidates for its name, of an address that is set. */
void pr_subject_set_domains(const struct pr_engine *engine, uint32_t application,
			    struct pr_subject_of *of);
enum pr_direction pr_link_direction_of(const struct pr_link *link, enum pr_link_end_name end);

/* ---- intel.c: what the compiled set says ---- */

/* After a change of the policy or of the set. */
void pr_intel_map_renew(struct pr_engine *engine);
void pr_intel_map_done(struct pr_engine *engine);
/* Of a new subject. What is looked up is kept in it, and borrows from the set. */
void pr_intel_begin(const struct pr_engine *engine, struct pr_subject_of *of);
/* The lists of the domains, as far as the policy wants them. */
void pr_intel_of_names(const struct pr_engine *engine, struct pr_subject_of *of);
/* Of the address that is set, those of `facts` (PR_FACT_…). All facts of intelligence are settled then. */
void pr_intel_of_address(const struct pr_engine *engine, struct pr_subject_of *of,
			 unsigned int facts);
/* Both, for a decision. */
void pr_intel_of_link(const struct pr_engine *engine, struct pr_subject_of *of);

/* ---- providers.c: what providers say ---- */

/* Asks about what is not known (the port `inform` of nameserver/question.h). */
unsigned int pr_providers_inform(struct pr_engine *engine, uint64_t ticket,
				 const struct pr_question_inquiry *about, uint32_t *ret_wait_ms);
/* A link was decided for lack of data: asks about it, and the answers decide it anew. */
void pr_providers_want(struct pr_engine *engine, const struct pr_subject *subject);
/* Called by intel.c, at the places of the same names. */
void pr_providers_begin(const struct pr_engine *engine, struct pr_subject_of *of);
void pr_providers_of_names(const struct pr_engine *engine, struct pr_subject_of *of);
void pr_providers_of_address(const struct pr_engine *engine, struct pr_subject_of *of);
/* Those that have not answered about the subject, as bits by their places; and their ids, with commas, until the next
 * call. NULL = none. */
unsigned int pr_providers_missing(const struct pr_engine *engine, const struct pr_subject *subject);
const char *pr_providers_text(struct pr_engine *engine, unsigned int providers);

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

/* ---- parking.c ---- */

void pr_parking_init(struct pr_parking *parking, uint32_t n_max);
void pr_parking_done(struct pr_parking *parking);
/* Parks a packet; false where there is no room: it has to be dropped. */
bool pr_parking_add(struct pr_engine *engine, const struct pr_parked *parked);
/* Releases what waits at this end with the end's verdict. */
void pr_parking_release(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end);
/* The packet that an owner's ticket stands for; NULL = none any more. */
struct pr_parked *pr_parking_by_ticket(struct pr_engine *engine, uint64_t ticket);
/* True while something of the end is parked for that. */
bool pr_parking_waits(const struct pr_engine *engine, uint64_t link, enum pr_link_end_name end,
		      enum pr_parked_for wait);
/* For whatever, and by the inspection too. */
bool pr_parking_holds(const struct pr_engine *engine, const struct pr_link *link,
		      enum pr_link_end_name end);
/* From now on the end's packets that are parked for a fact wait for that. */
void pr_parking_turn_to(struct pr_engine *engine, const struct pr_link *link,
			enum pr_link_end_name end, enum pr_parked_for wait, uint64_t deadline_us);
/* Of those that wait for the tunnel. */
void pr_parking_set_deadline(struct pr_engine *engine, const struct pr_link *link,
			     enum pr_link_end_name end, uint64_t deadline_us);
uint32_t pr_parking_n(const struct pr_engine *engine, enum pr_parked_for wait);
/* A generation is in force: what waited for it goes. */
void pr_parking_generation_set(struct pr_engine *engine);
/* Handles what is due; the next deadline. */
uint64_t pr_parking_tick(struct pr_engine *engine);
/* A link is forgotten: its parked packets are dropped. */
void pr_parking_forget(struct pr_engine *engine, uint64_t link);

/* ---- prompts.c ---- */

enum pr_prompt_says {
	PR_PROMPT_SAYS_WAIT,
	PR_PROMPT_SAYS_PERMIT,
	PR_PROMPT_SAYS_DENY,
	PR_PROMPT_SAYS_TIMEOUT, /* nobody answered, or there is no room for a prompt: denied for now */
};
/* What a prompt is raised for; borrows. */
struct pr_prompt_for {
	struct pr_communication *communication; /* NULL: the table is full */
	struct pr_actor actor;
	const struct pr_subject *subject;
	enum pr_stage stage;
	uint32_t rule; /* that asks, or PR_RULE_NONE */
};
/* A decision came to "ask": what users said already, or a prompt, old or new. */
enum pr_prompt_says pr_prompt_ask(struct pr_engine *engine, const struct pr_prompt_for *for_);
/* Before and after everything is decided anew: prompts that nothing asks any more are closed. */
void pr_prompts_review_begin(struct pr_engine *engine);
void pr_prompts_review_end(struct pr_engine *engine);
struct pr_prompt *pr_prompt_of(struct pr_engine *engine,
			       const struct pr_communication *communication);
uint64_t pr_prompts_tick(struct pr_engine *engine);
void pr_prompts_done(struct pr_engine *engine);
void pr_prompt_event(struct pr_engine *engine, const struct pr_prompt *prompt,
		     struct pr_event *ret_event);

/* ---- answers.c: what users answered directly ---- */

/* WAIT: nothing was said of this. */
enum pr_prompt_says pr_answer_find(const struct pr_engine *engine, uint32_t application,
				   const struct pr_subject *subject);
/* Ends what time has overtaken, and decides anew what rests on it; the next end. */
uint64_t pr_answers_tick(struct pr_engine *engine);
void pr_answers_done(struct pr_engine *engine);

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
void pr_link_forgotten(void *context, struct pr_link *link);
void pr_link_expired(void *context, struct pr_link *link);

/* ---- questions.c ---- */

void pr_question_owner(struct pr_engine *engine, uint64_t ticket, struct pr_actor actor);
uint64_t pr_question_waits_tick(struct pr_engine *engine);
void pr_questions_init(struct pr_engine *engine);
void pr_questions_done(struct pr_engine *engine);
#define PR_TICKET_QUESTION (UINT64_C(1) << 63) /* tickets of questions have this bit */

/* ---- suspicions.c: what questions look like over time ---- */

void pr_doh_init(struct pr_engine *engine);
void pr_doh_done(struct pr_engine *engine);
/* What a link has shown of its name. */
void pr_doh_note(struct pr_engine *engine, uint32_t application, const struct pr_subject *subject);
/* Does the application seem to have the claimed name from a nameserver of its own? */
void pr_doh_set(struct pr_engine *engine, uint32_t application, struct pr_subject *subject);
void pr_suspicions_init(struct pr_engine *engine);
void pr_suspicions_done(struct pr_engine *engine);
/* The actor asks: what that looks like, as far as its profile cares. */
unsigned int pr_suspicions_asked(struct pr_engine *engine, const struct pr_actor *actor,
				 const char *name, uint16_t type);
void pr_suspicions_answered(struct pr_engine *engine, const struct pr_actor *actor,
			    const struct pr_question *question, const struct pr_dns_facts *facts,
			    size_t len);
/* What it would look like; nothing is noted. */
unsigned int pr_suspicions_look(struct pr_engine *engine, const struct pr_actor *actor,
				const char *name);
/* Puts what the profile cares for into the subject of a name, and why. */
void pr_suspicions_set(struct pr_engine *engine, const struct pr_actor *actor,
		       unsigned int suspicions, struct pr_subject *subject);

/* ---- events.c ---- */

void pr_event_send(struct pr_engine *engine, struct pr_event *event);
/* Fills the fields of an application in; borrows. */
void pr_event_of_actor(const struct pr_engine *engine, uint32_t application,
		       const struct pr_process *process, struct pr_event *event);
/* A row of one end of a link, with its decision if there is one. `ret_subject` keeps what it borrows. */
void pr_event_of_end(struct pr_engine *engine, const struct pr_link *link,
		     enum pr_link_end_name end, struct pr_subject_of *ret_subject,
		     struct pr_event *ret_event);
/* Links that hold it, those that ended a moment ago too. */
uint32_t pr_communication_links(const struct pr_communication *communication);
void pr_event_of_communication(struct pr_engine *engine,
			       const struct pr_communication *communication,
			       struct pr_event *ret_event);
/* With all that is known of it, whatever the policy wants. */
void pr_event_of_subject(const struct pr_engine *engine, const struct pr_subject *subject,
			 struct pr_event *event);
void pr_event_of_decision(struct pr_engine *engine, const struct pr_subject *subject,
			  const struct pr_decision *decision, enum pr_stage stage,
			  struct pr_event *event);
/* Adds to the event's reason, where it is not that already, what it is suspected of. */
void pr_event_add_suspicions(struct pr_engine *engine, const struct pr_subject *subject,
			     const struct pr_decision *decision, struct pr_event *event);
/* Why a question is denied; what a prompt's answer denied is told so. Returns `text`. */
const char *pr_reason_of_denial(const struct pr_engine *engine, const struct pr_subject *subject,
				const struct pr_question_decision *denial, char *text, size_t size);
/* Sends a link's event: the first time LINK, later VERDICT. */
void pr_event_tell_end(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end);
/* The same, but not on the packet's way: within PR_ENGINE_OWED_US, and before anything that could change what it
 * says, or that is told after it. */
void pr_event_owe(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end);
/* Tells what is owed, at most so many (0 = all). */
void pr_event_pay(struct pr_engine *engine, uint32_t n_most);
uint64_t pr_event_real(const struct pr_engine *engine, uint64_t us);

/* ---- engine.c ---- */

/* Locks; what decisions rest on may change (`basis`). */
void pr_engine_enter(struct pr_engine *engine, uint64_t now_us);
/* The same for calls that come with the traffic: nothing changes that a decision on a question rests on, but for what
 * such a decision itself calls momentary. */
void pr_engine_enter_traffic(struct pr_engine *engine, uint64_t now_us);
void pr_engine_leave(struct pr_engine *engine);
/* Something has to be done at `at_us`: the caller is woken for it. */
void pr_engine_due(struct pr_engine *engine, uint64_t at_us);

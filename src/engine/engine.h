/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The two corridors, packets and questions, and the tables between them: links, communications, names,
 * prompts, what is parked. The engine is a deterministic machine: time comes in as an argument (`now_us`,
 * monotonic microseconds), effects go out through its ports, facts that it lacks are asked for through
 * them and come back by a call. The daemon gives it the kernel's ports, a scenario test gives it fake
 * ones.
 *
 * Every call locks the engine, none blocks; any thread may call. Ports are called with the lock held:
 * they queue what they are given, must not block and must not call back. docs/engine.md tells the rest.
 */
#pragma once

#include "engine/counters.h"
#include "firewall/decide.h"
#include "firewall/event.h"
#include "inspection/attacks.h"
#include "intel/set.h"
#include "interception/interception.h"
#include "ipc/intel_codec.h"
#include "ipc/tunnel_codec.h"
#include "nameserver/question.h"
#include "network/pool.h"
#include "packet/claim.h"
#include "packet/tuple.h"
#include "process/process.h"
#include "profile/policy.h"

struct pr_engine;
struct pr_dns_cached;

#define PR_ENGINE_NEVER UINT64_MAX /* a deadline that does not come */

enum pr_owner_outcome {
	PR_OWNER_KNOWN = 0,
	PR_OWNER_WAIT = 1, /* pr_engine_owner_known() follows with the ticket */
	PR_OWNER_NONE = 2, /* no socket owns it: unknown */
	PR_OWNER_SELF = 3, /* a socket of ours */
	PR_OWNER_KERNEL = 4,
	PR_OWNER_BUSY =
		5, /* who it is can't be found out now: nothing is decided, and what comes next asks again */
};

struct pr_engine_ports {
	void *context;

	/* Who owns the local end of the link that `tuple` opened: the source's socket for `out`, the
	 * destination's for `in`. `packet` is NULL for a question's client. With KNOWN a counted
	 * reference is handed over. `ticket` is the engine's name for its request. */
	enum pr_owner_outcome (*owner)(void *context, const struct pr_intercepted *packet,
				       const struct pr_tuple *tuple, enum pr_direction direction,
				       uint64_t ticket, struct pr_process **ret_process);

	/* What a packet that the nameserver received was when its client sent it, before NAT. False: NAT knows nothing
	 * of it, it came as it was sent. NULL: the same. */
	bool (*before_nat)(void *context, const struct pr_tuple *seen, struct pr_tuple *ret_sent);

	/* Has the kernel's table an entry of a link with these ends, either way round, which packets have passed in? NULL: no. */
	bool (*tracked)(void *context, const struct pr_tuple *tuple);

	/* What has become of a link, by the kernel's table: *ret_live where it is completed and not ending. NULL: nobody
	 * knows. */
	enum pr_attack_opened (*opened)(void *context, const struct pr_tuple *tuple,
					bool *ret_live);

	/* The verdict of a packet that pr_engine_packet() held. `packet->bytes` is NULL. */
	void (*release)(void *context, struct pr_interception *interception,
			const struct pr_intercepted *packet, const struct pr_verdict_order *order);

	/* Sends a question upstream: wire format, ready but for the id. pr_engine_answer() follows. */
	void (*resolve)(void *context, uint64_t ticket, const uint8_t *question, size_t len);
	/* Asks providers about an entity: pr_engine_intel_answer() follows for each, or does not. Ticket 0: nobody
	 * waits. */
	void (*inform)(void *context, uint64_t ticket, const struct pr_intel_ask *ask);
	/* The reply to a client of the nameserver. `len` 0: none is coming, forget the client (it will ask
	 * again). */
	void (*reply)(void *context, uint64_t client, const uint8_t *answer, size_t len);

	/* A link is to go through the tunnel: pr_engine_tunnel_opened() with its id follows, or pr_engine_tunnel_lost().
	 * False: there is no tunnel process now. NULL: the same. Borrowed. */
	bool (*tunnel_open)(void *context, uint64_t link, const struct pr_tunnel_link *open);
	/* It is over, or has to be: what the tunnel has of it is cut at once. */
	void (*tunnel_close)(void *context, uint64_t link);

	/* Something permitted became denied or rerouted: the kernel must forget the permanent verdicts of
	 * the generations before. The engine uses the new number once pr_engine_generation_set() says it
	 * is in force, and does not ask again before. */
	void (*raise_generation)(void *context);
	/* Something denied is permitted now: the kernel must forget its set of denied tuples. What it
	 * accepts is not touched. */
	void (*forget_denied)(void *context);
	/* Cuts a live link that is denied now: both ends learn of it. `tuple` as its first packet had it,
	 * `order` as a new packet of it would get. */
	void (*cut)(void *context, const struct pr_tuple *tuple, enum pr_direction direction,
		    const struct pr_verdict_order *order);

	/* pr_engine_tick() is due at `at_us`, earlier than its last call returned. */
	void (*wake)(void *context, uint64_t at_us);

	/* What happened; borrowed for the call. */
	void (*event)(void *context, const struct pr_event *event);
};

/* Bounds; 0 = the default of limits.h. */
struct pr_engine_options {
	uint32_t n_links_max, n_communications_max, n_names_max, n_instances_max;
	uint32_t n_parked_max, n_prompts_max;
	uint32_t inspection_bytes_max;
	int64_t real_offset_us; /* realtime clock minus monotonic clock, for the events' time */
	/* Where the nameserver listens, on any address of this host; 0 = nowhere. What is sent straight to it is a
	 * question like those that are rerouted. */
	uint16_t nameserver_port4, nameserver_port6;
	/* Where the tunnel's entry point listens, on any address; 0 = nowhere. */
	uint16_t tunnel_port4, tunnel_port6;
	/* What another socket than the one that opened it sends into a rerouted link over UDP is handed up, not passed
	 * on by the kernel alone. */
	bool senders_checked;
};

/* Both arguments are copied. Until the first policy every packet and question is refused. */
struct pr_engine *pr_engine_new(const struct pr_engine_ports *ports,
				const struct pr_engine_options *options);
void pr_engine_free(struct pr_engine *engine);

/* ---- policy ---- */

/* Swaps the policy whole. Every live link is decided anew; what is now denied or rerouted is cut, and the
 * generation is asked to be raised if a permanent verdict has to die. Open prompts that the policy
 * answers are closed, what they held is released. */
void pr_engine_policy_set_take(struct pr_engine *engine, struct pr_policy *policy, uint64_t now_us);
/* The kernel accepts permanent verdicts of generation `generation` (1 to 7) from now on. */
void pr_engine_generation_set(struct pr_engine *engine, uint32_t generation, uint64_t now_us);
uint32_t pr_engine_generation(struct pr_engine *engine);

/* ---- intelligence ---- */

/* Swaps the lists, countries and networks whole; NULL: there are none any more. As a change of the policy
 * does, it decides every live link anew. The bytes of the set before are not read again once this returns. */
void pr_engine_intel_take(struct pr_engine *engine, struct pr_intel_set *set, uint64_t now_us);

/* ---- facts from outside ---- */

/* An address of an interface of the guarded namespace, with the length of its on-link prefix. */
struct pr_engine_address {
	struct pr_address address;
	uint8_t prefix_len;
	uint32_t ifindex;
};
/* All of them; replaces what was set before. */
void pr_engine_addresses_set(struct pr_engine *engine, const struct pr_engine_address *addresses,
			     size_t n, uint64_t now_us);

/* The routers that the default routes lead to; replaces what was set before. */
void pr_engine_gateways_set(struct pr_engine *engine, const struct pr_attack_gateway *gateways,
			    unsigned int n, uint64_t now_us);
/* Somebody on that interface's link says that the address is his. */
void pr_engine_claim(struct pr_engine *engine, uint32_t ifindex, const struct pr_claim *claim,
		     uint64_t now_us);

struct pr_engine_hosts_entry {
	struct pr_address address;
	const char *name; /* canonical */
};
/* /etc/hosts, whole; replaces what was set before. */
void pr_engine_hosts_set(struct pr_engine *engine, const struct pr_engine_hosts_entry *entries,
			 size_t n, uint64_t now_us);
void pr_engine_real_offset_set(struct pr_engine *engine, int64_t real_offset_us);

/* The answer to a PR_OWNER_WAIT. Takes the reference (NULL but with PR_OWNER_KNOWN). Too late is no
 * error. */
void pr_engine_owner_known(struct pr_engine *engine, uint64_t ticket, enum pr_owner_outcome outcome,
			   struct pr_process *process, uint64_t now_us);

/* ---- the packet corridor ---- */

enum pr_engine_packet_outcome {
	PR_ENGINE_DECIDED = 0, /* the order is to be carried out by the caller */
	PR_ENGINE_HELD = 1, /* parked: the port `release` gets the verdict, within its deadline */
	/* Another process sends to the nameserver from where somebody else did: what the nameserver has not read yet
	 * may be of the former. All of that is to be handed over (pr_engine_questions()), then the same packet again
	 * with `questions_read`. */
	PR_ENGINE_QUESTIONS_FIRST = 2,
};
/* `packet->time_us` is the time. The event of the decision comes a little later:
 * with the next call of another kind, with pr_engine_settle(), at the latest with the next tick. The interception is borrowed until a held packet is released. */
PR_MUST_USE enum pr_engine_packet_outcome pr_engine_packet(struct pr_engine *engine,
							   struct pr_interception *interception,
							   const struct pr_intercepted *packet,
							   struct pr_verdict_order *ret_order);
void pr_engine_settle(struct pr_engine *engine);

/* What conntrack says of a link. */
enum pr_engine_link_event { PR_LINK_EVENT_NEW, PR_LINK_EVENT_UPDATE, PR_LINK_EVENT_DESTROY };
struct pr_engine_conntrack {
	enum pr_engine_link_event event;
	struct pr_tuple original, reply; /* conntrack's two; `reply` tells of NAT */
	bool counted;			 /* the four counters hold */
	/* All that conntrack said before this time was heard: of a link that has sent since, it may mean the entry before that had
	 * the same ends. 0 = it means what has these ends. */
	uint64_t unsure_since_us;
	uint64_t bytes_original, bytes_reply, packets_original, packets_reply;
};
void pr_engine_conntrack(struct pr_engine *engine, const struct pr_engine_conntrack *event,
			 uint64_t now_us);

/* After a loss of conntrack's events: between the two calls comes one UPDATE for every entry that there is;
 * confirmed links without one have ended. The end looks at PR_ENGINE_ROWS_AT_ONCE links from *cursor (0 = the first) on: true when
 * these were the last. */
void pr_engine_conntrack_sync_begin(struct pr_engine *engine, uint64_t now_us);
PR_MUST_USE bool pr_engine_conntrack_sync_end(struct pr_engine *engine, uint32_t *cursor,
					      uint64_t now_us);

/* A flow that is older than the daemon. */
struct pr_engine_adopted {
	struct pr_tuple tuple; /* opener first, as the sockets say */
	enum pr_direction direction;
	enum pr_owner_outcome owner; /* KNOWN, NONE, SELF or KERNEL */
	struct pr_process *process;  /* taken; NULL but with KNOWN */
	/* It began under guard, and the end of ours wasn't accepted for good before the guard died: no grace. */
	bool undecided;
	bool to_nameserver; /* NAT leads it to ours, whatever the policy says by now */
};
void pr_engine_adopt(struct pr_engine *engine, const struct pr_engine_adopted *flow,
		     uint64_t now_us);

/* ---- the question corridor ---- */

/* Clients of the nameserver ask. The port `reply` follows exactly once for each. Who it is: the owner of the link
 * that was rerouted here from its socket, otherwise whom the port `owner` names. */
void pr_engine_questions(struct pr_engine *engine, const struct pr_asked *asked, unsigned int n,
			 uint64_t now_us);
/* The resolver was restarted: what is not answered yet is asked again. */
void pr_engine_resolver_restarted(struct pr_engine *engine);
/* What upstreams answered so far is not given any more, and what they were asked is not kept. */
void pr_engine_answers_forget(struct pr_engine *engine, uint64_t now_us);
/* Whether answers come from nameservers on the Internet alone, from now on; false until it is said. What is asked now
 * is decided with it. */
void pr_engine_upstreams_public(struct pr_engine *engine, bool public);
/* What came from upstream for `ticket`; NULL = nothing came. */
void pr_engine_answer(struct pr_engine *engine, uint64_t ticket, const uint8_t *answer, size_t len,
		      uint64_t now_us);

/* A provider answered what `inform` asked, in time, late, or not at all. Live links that are decided otherwise by it are
 * decided anew. */
void pr_engine_intel_answer(struct pr_engine *engine, uint64_t ticket,
			    const struct pr_intel_answer *answer, uint64_t now_us);

/* ---- the tunnel ---- */

/* How the opening of a link went; what its first packets wait for. Too late is no error. */
void pr_engine_tunnel_opened(struct pr_engine *engine, uint64_t link,
			     const struct pr_tunnel_opened *opened, uint64_t now_us);
/* A link that was open is over. */
void pr_engine_tunnel_ended(struct pr_engine *engine, uint64_t link,
			    const struct pr_tunnel_opened *ended, uint64_t now_us);
/* The id of the link whose packets arrive at the entry point as `seen`; 0: of none that goes through the tunnel. */
uint64_t pr_engine_tunnel_who(struct pr_engine *engine, const struct pr_tuple *seen,
			      uint64_t now_us);
/* The tunnel has this link open from before this engine. Its id where it goes on; 0: it is to be cut. */
uint64_t pr_engine_tunnel_have(struct pr_engine *engine, const struct pr_tunnel_link *have,
			       uint64_t now_us);
/* The tunnel process is gone, and with it all of its links: they are cut, and what waits is denied, or waits for the
 * next one. */
void pr_engine_tunnel_lost(struct pr_engine *engine, uint64_t now_us);
/* A tunnel process is there: what waits for one is opened. */
void pr_engine_tunnel_found(struct pr_engine *engine, uint64_t now_us);
/* There is a tunnel, with this pool of addresses that stand for names (network/pool.h); NULL: there is none. Without ranges
 * no name gets an address, and none that is left to the far end is resolved. Names keep the addresses that they have, as far
 * as the ranges still have them. From the first call on this counts: which of the policy's ranges can be had. Until
 * then it is the policy. */
void pr_engine_pool_set(struct pr_engine *engine, const struct pr_pool_ranges *ranges,
			uint64_t now_us);

/* What a user asks about: by `explain` and `dns query`. */
struct pr_engine_query {
	const char *app; /* profile's name or executable's path; NULL = any without a profile */
	uid_t uid;	 /* (uid_t)-1 = any */
	bool incoming;
	const char *domain;	   /* canonical; NULL = none given */
	struct pr_address address; /* family 0 = none given */
	uint8_t proto;		   /* 0 = not given */
	uint16_t port;		   /* 0 = not given */
	/* `explain`: what the packets would show, as far as it is given. */
	unsigned int assumed; /* of PR_FACTS_SEEN */
	enum pr_speaks speaks;
	enum pr_encryption encryption;
	const char *name; /* canonical */
};
/* Asks the nameserver as that application would (`dns query`): the whole corridor, but nothing is recorded and no
 * prompt is raised. The port `reply` gets what would be said. Without `may_ask_upstream` the cache alone answers, and
 * providers are not asked: what goes out would leave in the name of an application that did not ask. */
void pr_engine_question_as(struct pr_engine *engine, uint64_t client,
			   const struct pr_engine_query *query, bool may_ask_upstream,
			   const uint8_t *message, size_t len, uint64_t now_us);

/* The upstream's answers that are kept (dns/cache.h): calls `row` for each from *cursor (0 = the first) on, borrowed,
 * with the lock held, PR_ENGINE_ROWS_AT_ONCE at a time. A false return ends the walk before this one. True when there
 * is no further one. */
bool pr_engine_answers(struct pr_engine *engine, uint32_t *cursor,
		       bool (*row)(void *context, const struct pr_dns_cached *cached),
		       void *context, uint64_t now_us);

/* ---- time ---- */

/* Does what is due; returns when it has to be called next at the latest, or PR_ENGINE_NEVER. */
uint64_t pr_engine_tick(struct pr_engine *engine, uint64_t now_us);

/* ---- prompts ---- */

#define PR_ANSWER_APP_SIZE 512 /* a longer name or path is of no rule */

enum pr_answer_scope {
	PR_ANSWER_DOMAIN, /* the communication's entity */
	PR_ANSWER_ZONE,	  /* the domain and all below */
	PR_ANSWER_ADDRESS,
	PR_ANSWER_APP, /* whatever the application asks */
};
/* Answers an open prompt directly: wherever the policy comes to "ask" about the same again, for
 * `duration_us` (PR_ENGINE_NEVER: until the engine ends). A policy that decides by itself speaks first. 0, or -ENOENT: no such prompt is open. */
PR_MUST_USE int pr_engine_prompt_answer(struct pr_engine *engine, uint64_t prompt, bool permit,
					enum pr_answer_scope scope, uint64_t duration_us,
					uint64_t now_us);

/* An answer as a rule, which lasts: for `app`, as --app means it. */
struct pr_answer_rule {
	char app[PR_ANSWER_APP_SIZE], rule[PR_NAME_TEXT_SIZE + 16];
	bool incoming;
};

enum pr_answer_rule_outcome {
	PR_ANSWER_IS_RULE = 0,
	PR_ANSWER_IS_NONE = 1, /* no rule says this: pr_engine_prompt_answer() */
};
/* Changes nothing. No rule can speak of an application without a profile or a proven path, of what has no name
 * among all that has none, or before an enforced rule that asks. PR_ANSWER_…, or -ENOENT as above. */
PR_MUST_USE int pr_engine_prompt_rule(struct pr_engine *engine, uint64_t prompt, bool permit,
				      enum pr_answer_scope scope, struct pr_answer_rule *ret_rule,
				      uint64_t now_us);

/* ---- looking in ---- */

/* Whether anybody reads events. Of questions none is sent while nobody does (`events_unwatched` counts); at first
 * somebody does. */
void pr_engine_watched(struct pr_engine *engine, bool watched);

enum pr_engine_table {
	PR_ENGINE_APPS,
	PR_ENGINE_COMMUNICATIONS,
	PR_ENGINE_LINKS,
	PR_ENGINE_PROMPTS,
	PR_ENGINE_NAMES, /* addresses, and the domains that led there; "deadline" = when that is forgotten */
	PR_ENGINE_ATTACKS, /* events of attacks that are not over */
};
/* Calls `row` for each row from *cursor (0 = the first) on, in the table's own order, with the lock held: for
 * PR_ENGINE_ROWS_AT_ONCE rows at a time (but for PR_ENGINE_APPS), so that a long table stops no packet. A false
 * return ends the walk before this row, and *cursor goes on there. True when there is no further row. A row is an
 * event (event.h) and borrowed for the call. */
bool pr_engine_rows(struct pr_engine *engine, enum pr_engine_table table, uint64_t *cursor,
		    bool (*row)(void *context, const struct pr_event *event), void *context,
		    uint64_t now_us);
void pr_engine_counters(struct pr_engine *engine, struct pr_engine_counters *ret_counters);

/* Cuts a live link by its id: `cut`. Its next packets get the same verdict as before: it may come back.
 * 0 or -ENOENT. */
PR_MUST_USE int pr_engine_cut(struct pr_engine *engine, uint64_t link, uint64_t now_us);

/* One line a call: the summary first, with the stage and the check that decide; then the stages and checks in order,
 * what each said. Behind the stage that decides finally there are no checks any more. */
struct pr_engine_explained {
	bool summary;
	enum pr_stage stage;
	const char
		*check; /* its name in the table of checks; NULL: `text` is about the whole stage */
	/* "permit", "deny", "pass", "undeterminable", "not-reached", …; of the summary the verdict, "ask", or "open": that
	 * depends on what was not given */
	const char *said;
	const char *text;   /* a sentence */
	const char *tunnel; /* of the summary: the upstream that it is to go through; NULL = none */
	bool direct_without; /* where that is down it goes without (without_tunnel) */
	bool decides;
};
/* A provider of the policy, and what it said of an entity. */
struct pr_engine_provider {
	const struct pr_provider *provider;
	bool wanted; /* some rule or setting names one of its lists: it is asked */
	enum pr_provider_status status; /* LISTED, NOT_LISTED; UNAVAILABLE: it has not said */
	uint64_t
		fresh_us; /* for so long it is not asked again; 0: whoever asks for the name asks it */
	const char *categories[PR_PROVIDER_CATEGORIES_MAX];
	unsigned int n_categories;
};
/* One call for each, with the lock held; borrowed. */
void pr_engine_providers(struct pr_engine *engine, const struct pr_inquiry *inquiry,
			 void (*row)(void *context, const struct pr_engine_provider *provider),
			 void *context, uint64_t now_us);

/* Walks the stages that the facts given reach. 0; -ENOENT: no policy yet; -ESRCH: `app` is neither a path nor a
 * profile's name. */
PR_MUST_USE int pr_engine_explain(struct pr_engine *engine, const struct pr_engine_query *query,
				  void (*line)(void *context,
					       const struct pr_engine_explained *explained),
				  void *context, uint64_t now_us);

/* Names (address → domains given to an application), and addresses that stand for names, survive a restart: the caller
 * frees. Loading adds to what is there; -EBADMSG where the bytes are not ours, and nothing is loaded. `len` 0: nothing
 * was kept. The addresses are loaded when a pool is set. */
PR_MUST_USE int pr_engine_names_save(struct pr_engine *engine, uint64_t now_us, uint8_t **ret_bytes,
				     size_t *ret_len);
PR_MUST_USE int pr_engine_names_load(struct pr_engine *engine, const uint8_t *bytes, size_t len,
				     uint64_t now_us);

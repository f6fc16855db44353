/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A question's life: asked → decided before intel → {resolved ∥ intelligence asked} → decided after intel → filtered
 * → replied to.
 * A deterministic machine: time is an argument, effects go through the ports. Not locked: the engine calls
 * it under its own lock. Ports must not call back into the table.
 *
 * Every question that was taken up ends in exactly one call of `concluded`, and its client in exactly one
 * call of `reply` (without bytes where it is left unanswered). An answer goes to an application only after
 * its own decision on it, whoever else asked for the same.
 */
#pragma once

#include "dns/answer.h"
#include "dns/message.h"
#include "dns/reply.h"
#include "firewall/decide.h"

/* Questions at one time, and of one application where no other asks: none has more than is free. More are answered
 * SERVFAIL and counted. */
#define PR_QUESTIONS_MAX		 8192u
#define PR_QUESTIONS_PER_APPLICATION_MAX (PR_QUESTIONS_MAX / 2)
/* A question whose owner, prompt or answer did not come: SERVFAIL. Longer than the resolver's own. */
#define PR_QUESTION_DEADLINE_MS 10000u
/* Bytes of answers that wait for intelligence. Reached: an answer is decided upon without waiting. */
#define PR_QUESTIONS_KEPT_MAX (8u << 20)

/* Answers in the cache that are looked at in one call of pr_questions_expire_answers(). */
#define PR_QUESTIONS_EXPIRE_AT_ONCE 256u

struct pr_dns_cache;

enum pr_transport { PR_TRANSPORT_UDP, PR_TRANSPORT_TCP };

/* Where a question came from, as the socket shows it (behind any NAT). */
struct pr_asker {
	uint64_t client; /* the listener's handle */
	struct pr_address address, local_address;
	uint16_t port, local_port;
	uint32_t ifindex; /* that it came in on; 0 = not known */
	enum pr_transport transport;
	uint64_t tag; /* the caller's own, for its ports; the listener sets 0 */
	/* Answered by the cache or not at all (REFUSED): neither upstreams nor intelligence hear of it. */
	bool from_cache_alone;
};

/* A message of a client. */
struct pr_asked {
	struct pr_asker asker;
	const uint8_t *bytes;
	size_t len;
};

struct pr_question {
	uint64_t ticket; /* never reused */
	struct pr_asker asker;
	uint64_t asked_us;
	const char *name; /* canonical */
	uint16_t type;

	/* The decide port's own: whom it found to be the asker. Released in `concluded`. */
	void *application;
	/* Set by the inform port: it wants to hear of the answer's names and addresses as well. */
	bool inform_of_answer;
	/* Tells applications apart, for coalescing and limits; set by the decide port together with
	 * `application`. 0 = not known. */
	uint64_t application_key;
};

/* What is known at a stage. */
struct pr_question_facts {
	const char *const *names; /* candidates: the name asked for, then its chain; canonical */
	unsigned int n_names;
	const struct pr_address
		*address; /* after intel: the one to decide on; NULL = the names alone */
};

#define PR_QUESTION_INQUIRY_ADDRESSES_MAX 16u /* of an answer; further ones are not asked about */

/* What intelligence is asked about: the name asked for; then, of its answer, the names that it leads to, and the
 * addresses. */
struct pr_question_inquiry {
	const char *const *names; /* canonical */
	unsigned int n_names;
	const struct pr_address *addresses;
	unsigned int n_addresses;
};

/* An address that an application was given. */
struct pr_question_given {
	struct pr_address address;
	uint32_t ttl_s;
};

/* Who asks, where that is known at once. */
struct pr_question_known {
	uint64_t application_key; /* as in struct pr_question */
	/* Grows when anything changes that decisions rest on: as long as it is the same, a decision on the same facts is
	 * the same. */
	uint64_t basis;
	void *application; /* the port's own; until the next call of a port but `repeat` */
};

/* What is answered before intel, and asked of nobody. */
enum pr_question_own {
	PR_QUESTION_OWN_NONE,
	PR_QUESTION_OWN_ADDRESS, /* `own_address`, which stands for the name; recorded like any other */
	PR_QUESTION_OWN_NAME,	 /* `own_name`, which the address in the question stands for */
	PR_QUESTION_OWN_NOTHING, /* no data of this type */
	PR_QUESTION_OWN_UNKNOWN, /* no such name */
	PR_QUESTION_OWN_FAILURE, /* no address is left */
	PR_QUESTION_OWN_REFUSED, /* one would have to be given, and who asks may not cause that */
};

struct pr_question_decision {
	/* PERMIT, OPEN: go on. DENY, REROUTE_TUNNEL: denied; after intel with an address: not this one. REROUTE_TUNNEL before intel
	 * with `own`: answered so.
	 * ASK: not this address; where nothing else is left, or for the names, the question is held until
	 * `hold_ms` after it came, then left unanswered; pr_questions_resume() decides again. MISSING: a fact
	 * (the owner) is being fetched, pr_questions_resume() follows. */
	struct pr_decision decision;
	/* The decision came to "ask", and is a denial: a user's, or time's. */
	bool answered, unanswered;
	enum pr_question_own own;
	struct pr_address own_address;
	const char *own_name; /* canonical; borrowed like the text */
	uint32_t own_ttl_s;
	bool momentary; /* rests on what changes with time alone: to be made anew for each question */
	uint32_t hold_ms;
	enum pr_dns_blocked blocked; /* how a denial is answered */
	bool filtered;		     /* it is a list's that was subscribed to (RFC 8914, 4.18) */
	/* What was decided on: the names, the address; borrowed like the text. No names where the decision was
	 * kept for later. */
	struct pr_question_facts facts;
	const char *
		text; /* for the extended error; borrowed until the next call of a port; may be NULL */
};

enum pr_question_end {
	PR_QUESTION_ANSWERED,
	PR_QUESTION_DENIED,
	PR_QUESTION_UNANSWERED, /* a prompt is open: the retry finds its answer */
	/* SERVFAIL: no answer from upstream, or not one that can be used; REFUSED: it may not be asked there. */
	PR_QUESTION_FAILED,
};

struct pr_question_ports {
	void *context;
	/* Fills the decision. Called once before intel; after intel once for the names, once for each
	 * address and for each SVCB target (as the last of the names). After a resume all over again. May set
	 * `application` and `application_key`, which are kept from then on. */
	void (*decide)(void *context, struct pr_question *question, enum pr_stage stage,
		       const struct pr_question_facts *facts,
		       struct pr_question_decision *ret_decision);
	/* Asks for intelligence: in the same moment as `resolve`, and, where it wants that, when the answer is
	 * there, within what is left of the time. Returns how many answers will follow, each by one
	 * pr_questions_informed() with the ticket; `ret_wait_ms`: how long, from when the question went upstream, its
	 * answer may wait for them. What is not in by then is missing at the decision. NULL: nobody is asked. */
	unsigned int (*inform)(void *context, struct pr_question *question,
			       const struct pr_question_inquiry *inquiry, uint32_t *ret_wait_ms);
	/* Sends upstream; pr_questions_answer() with the ticket follows. */
	void (*resolve)(void *context, uint64_t ticket, const uint8_t *bytes, size_t len);
	/* An answer is here, from upstream or from the cache, and is about to be decided on; after a resume again.
	 * NULL: nobody wants to know. */
	void (*answered)(void *context, const struct pr_question *question,
			 const struct pr_dns_facts *facts, size_t len);
	/* `len` 0: left unanswered. */
	void (*reply)(void *context, uint64_t client, const uint8_t *bytes, size_t len);
	/* The application was given this address for these names (the one asked for first). */
	void (*record)(void *context, const struct pr_question *question,
		       const struct pr_question_facts *facts, uint32_t ttl_s);
	/* Whose question it would be. False: it has to go the whole way. NULL: every question has to. */
	bool (*recognise)(void *context, const struct pr_asker *asker,
			  struct pr_question_known *ret_known);
	/* A question of this application got the reply that it was given before for the same answer, the basis being
	 * the same. Instead of `record` (with these names and addresses, whose times to live are `older_s` less by now) and
	 * of `concluded`. */
	void (*repeat)(void *context, const struct pr_question_known *known,
		       const struct pr_question_facts *facts, const struct pr_question_given *given,
		       unsigned int n_given, uint32_t older_s);
	/* The end; `decision` is the one that decided, NULL for FAILED. */
	void (*concluded)(void *context, struct pr_question *question, enum pr_question_end end,
			  enum pr_stage stage, const struct pr_question_decision *decision);
};

struct pr_questions_counters {
	uint64_t asked, malformed, duplicates, refused_full, coalesced;
	uint64_t given_again; /* of those answered */
	uint64_t answered, denied, unanswered, failed, late_answers;
	/* Answers that waited for intelligence, and those of them that went on without all of it; answers that
	 * could not wait: PR_QUESTIONS_KEPT_MAX. */
	uint64_t waited_for_intel, went_without_intel, kept_full;
};

struct pr_questions;

struct pr_questions *pr_questions_new(const struct pr_question_ports *ports);
/* Ends every question unanswered. */
void pr_questions_free(struct pr_questions *questions);

/* A message from a client; malformed ones are answered here. */
void pr_questions_ask(struct pr_questions *questions, uint64_t now_us, const struct pr_asker *asker,
		      const uint8_t *bytes, size_t len);
/* A fact that was missing is there, or a prompt was answered: decides again. Unknown tickets are ignored. */
void pr_questions_resume(struct pr_questions *questions, uint64_t now_us, uint64_t ticket);
/* The same for all that wait for a prompt or a fact: after a change of policy, after a prompt's answer. */
void pr_questions_resume_all(struct pr_questions *questions, uint64_t now_us);
/* The answer from upstream; borrowed. */
void pr_questions_answer(struct pr_questions *questions, uint64_t now_us, uint64_t ticket,
			 const uint8_t *bytes, size_t len);
/* One of the answers that `inform` announced is in, or will not come. Unknown tickets are ignored. */
void pr_questions_informed(struct pr_questions *questions, uint64_t now_us, uint64_t ticket);
/* What upstreams said so far is not given any more, and what they were asked before is not kept: they are others
 * now, or the user says so. */
void pr_questions_forget_answers(struct pr_questions *questions);
/* Frees answers whose time is over, a few at a time; to be called now and then. */
void pr_questions_expire_answers(struct pr_questions *questions, uint64_t now_us);
/* Answers that are kept; to look at. */
const struct pr_dns_cache *pr_questions_cache(const struct pr_questions *questions);
/* The resolver was restarted: what it was asked is asked again. */
void pr_questions_resolver_restarted(struct pr_questions *questions);
/* Ends what is past its deadline. Returns when to be called next at the latest; UINT64_MAX = no need. */
uint64_t pr_questions_tick(struct pr_questions *questions, uint64_t now_us);
/* The same time, without doing anything: it may have become earlier with any other call. */
uint64_t pr_questions_next_tick(const struct pr_questions *questions);

unsigned int pr_questions_count(const struct pr_questions *questions);
const struct pr_questions_counters *pr_questions_counters(const struct pr_questions *questions);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The two corridors, packets and questions, and the tables between them: links, communications, names,
 * prompts, what is parked. The engine is a deterministic machine: time comes in as an argument, effects
 * go out through its ports, facts that it lacks are asked for through them and come back by a call. The
 * daemon gives it the kernel's ports, a scenario test gives it fake ones.
 *
 * Every call locks the engine, none blocks. Ports are called with the lock held and must not call back.
 */
#pragma once

#include "dns/message.h"
#include "firewall/event.h"
#include "firewall/decide.h"
#include "interception/interception.h"
#include "packet/tuple.h"
#include "process/process.h"
#include "profile/policy.h"

struct pr_engine;

enum pr_owner_outcome {
	PR_OWNER_KNOWN = 0,
	PR_OWNER_WAIT = 1, /* pr_engine_owner_known() follows with the ticket */
	PR_OWNER_NONE = 2, /* no socket owns it: unknown */
	PR_OWNER_SELF = 3, /* a socket of ours */
	PR_OWNER_KERNEL = 4,
};

struct pr_engine_ports {
	void *context;

	/* Who owns the local end of the link that `tuple` opened. With KNOWN a counted reference is handed
	 * over. `ticket` is the engine's name for its request. */
	enum pr_owner_outcome (*owner)(void *context, const struct pr_intercepted *packet,
				       const struct pr_tuple *tuple, enum pr_direction direction,
				       uint64_t ticket, struct pr_process **ret_process);

	/* Sends a question upstream: wire format, ready but for the id. pr_engine_answer() follows. */
	void (*resolve)(void *context, uint64_t ticket, const uint8_t *question, size_t len);
	/* The reply to a client of the nameserver. */
	void (*reply)(void *context, uint64_t client, const uint8_t *answer, size_t len);

	/* Something permitted became denied or rerouted: the kernel must forget the permanent verdicts of
	 * the generations before. The engine uses the new number once pr_engine_generation_set() says it
	 * is in force. */
	void (*raise_generation)(void *context);
	/* Cuts a live link that is denied now: both ends learn of it. */
	void (*cut)(void *context, const struct pr_tuple *tuple, enum pr_direction direction,
		    enum pr_verdict verdict, bool permanent, uint32_t generation);

	/* What happened; borrowed for the call. */
	void (*event)(void *context, const struct pr_event *event);
};

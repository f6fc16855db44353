/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Providers and the network: what the machine (providers.h) wants sent goes out by UDP or HTTP, what comes back is read
 * and handed to it. Runs on the event loop.
 */
#pragma once

#include "ipc/body.h"
#include "ipc/intel_codec.h"
#include "resolver/upstream.h"

#include <event2/event.h>

/* Tickets of our own questions upstream (where a provider's host is) have this bit; the engine's never do. */
#define PR_PROVIDER_TICKET (UINT64_C(1) << 62)

struct pr_provider_edge;

struct pr_provider_edge_ports {
	void *context;
	void (*answer)(void *context, uint64_t ticket, const struct pr_intel_answer *answer);
	/* A question of ours upstream; pr_provider_edge_host() follows with the ticket. */
	void (*resolve)(void *context, uint64_t ticket, const uint8_t *bytes, size_t len);
	/* How it is with a provider, whenever that has changed, once a second at most: "provider" (its place), "id",
	 * "state", "why", and counters. */
	void (*state)(void *context, const struct pr_pairs *pairs);
};

PR_MUST_USE int pr_provider_edge_new(struct event_base *base,
				     const struct pr_provider_edge_ports *ports,
				     struct pr_provider_edge **ret_edge);
void pr_provider_edge_free(struct pr_provider_edge *edge);

/* The providers from now on: pairs of PR_MESSAGE_PROVIDERS. 0 or -EBADMSG. */
PR_MUST_USE int pr_provider_edge_set(struct pr_provider_edge *edge, const struct pr_pairs *pairs);
/* Where lists without a server of their own are asked. */
void pr_provider_edge_set_upstreams(struct pr_provider_edge *edge,
				    const struct pr_upstream *upstreams, unsigned int n);
/* The port `answer` follows once for each provider that is asked, perhaps at once; ids that are not known any more are
 * answered as unavailable. */
void pr_provider_edge_ask(struct pr_provider_edge *edge, uint64_t ticket,
			  const struct pr_intel_ask *ask);
void pr_provider_edge_host(struct pr_provider_edge *edge, uint64_t ticket, const uint8_t *bytes,
			   size_t len);
/* States are told anew, changed or not: there is somebody else to hear them. */
void pr_provider_edge_tell_states(struct pr_provider_edge *edge);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Front's channel: it fetches lists, and asks where their servers are. So a list that names its own server cuts nobody off
 * from it. Of the room itself.
 */
#pragma once

#include "resolver/resolver.h"

#define PR_FRONT_TICKET (UINT64_C(1) << 61) /* in the tickets of its questions */
#define PR_FRONT_QUESTIONS_MAX \
	64 /* on their way; one more is answered at once: nothing. Front is no reason to keep
				   * the engine's questions waiting */

struct pr_front_edge;

struct pr_front_edge *pr_front_edge_new(struct event_base *base, struct pr_resolver *resolver);
void pr_front_edge_free(struct pr_front_edge *edge); /* takes NULL */
/* A new channel in place of the former. */
void pr_front_edge_take(struct pr_front_edge *edge, int fd);
/* An answer to a ticket with PR_FRONT_TICKET. */
void pr_front_edge_answer(struct pr_front_edge *edge, uint64_t ticket, const uint8_t *bytes,
			  size_t len);

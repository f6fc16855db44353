/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bodies of the messages between the engine and the tunnel process. */
#pragma once

#include "base/error.h"
#include "network/tunnel.h"
#include "packet/tuple.h"

#include <stddef.h>

#define PR_TUNNEL_BODY_MAX	  2048
#define PR_TUNNEL_APPLICATION_MAX 512 /* bytes of what isolates */

/* TUNNEL_OPEN, and TUNNEL_HAVE in the other direction. Texts are borrowed. */
struct pr_tunnel_link {
	struct pr_tuple tuple;	 /* as the application sent it; TCP or UDP */
	const char *upstream;	 /* its id */
	const char *application; /* what isolates: the same text for the same application */
	const char *name; /* canonical: the far end resolves it; "" = the tuple's destination */
	/* Tells openings of the same link apart: one may be under way when it is closed and opened anew. HAVE: 0. */
	uint32_t opening;
};

/* TUNNEL_OPENED, TUNNEL_ENDED. */
struct pr_tunnel_opened {
	enum pr_tunnel_outcome outcome;
	const char *why;  /* a sentence that names the upstream and the reason; "" = none */
	uint32_t opening; /* OPEN's; 0: of a link that the engine was told of by HAVE */
};

/* The length written; 0 where it does not fit `size` (PR_TUNNEL_BODY_MAX suffices). */
size_t pr_tunnel_link_encode(const struct pr_tunnel_link *link, void *body, size_t size);
size_t pr_tunnel_opened_encode(const struct pr_tunnel_opened *opened, void *body, size_t size);
/* TUNNEL_WHO: what came to the entry point, as it saw it: from its peer to itself. */
size_t pr_tunnel_who_encode(const struct pr_tuple *seen, void *body, size_t size);
/* 0 or -EBADMSG. What is read borrows from the body; no text is NULL. A link has both ports and an upstream, its name is
 * canonical. */
PR_MUST_USE int pr_tunnel_link_decode(const void *body, size_t len,
				      struct pr_tunnel_link *ret_link);
PR_MUST_USE int pr_tunnel_opened_decode(const void *body, size_t len,
					struct pr_tunnel_opened *ret_opened);
PR_MUST_USE int pr_tunnel_who_decode(const void *body, size_t len, struct pr_tuple *ret_seen);

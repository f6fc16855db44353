/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links that go through the tunnel, as the rest of the engine has them (tunnel.c; docs/engine.md, "The tunnel"). Only
 * the opening end of a link, PR_LINK_OUT, can go there.
 */
#pragma once

#include "engine/machine.h"

void pr_tunnel_init(struct pr_engine *engine);
void pr_tunnel_done(struct pr_engine *engine);

/* Is it the port of an upstream? */
bool pr_tunnel_has_port(const struct pr_engine *engine, uint16_t port);
/* The receiver of a link that the tunnel's own socket opened, at an upstream's port, is known. */
void pr_tunnel_server_note(struct pr_engine *engine, uint32_t application, uint16_t port);
void pr_tunnel_servers_done(struct pr_engine *engine);

/* What a user permits goes through the tunnel. */
bool pr_tunnel_is_required(const struct pr_engine *engine, const struct pr_subject *subject);
/* There is an upstream for what the rule, or with PR_RULE_NONE the profile, sends there. */
bool pr_tunnel_is_set(const struct pr_engine *engine, uint32_t profile, uint32_t rule);

/* An end is decided to go through the tunnel: puts into the decision what its packets get by what has come of that, and
 * PR_LINK_FLAG_TUNNEL into the link where that isn't the tunnel. */
void pr_tunnel_decided(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end,
		       const struct pr_subject *subject, struct pr_decision *decision);
/* It is to go straight: not where NAT leads it to the entry point. */
void pr_tunnel_decided_straight(struct pr_engine *engine, struct pr_link *link,
				const struct pr_subject *subject, struct pr_decision *decision);
/* It is decided otherwise, or over: the tunnel has to forget it. */
void pr_tunnel_leave(struct pr_engine *engine, struct pr_link *link);
/* The link is being cut: nothing more of it leaves. What becomes of it is kept. True where that is all that there is to
 * do: of what is forwarded to the entry point the tunnel has the only socket. */
bool pr_tunnel_cut(struct pr_engine *engine, struct pr_link *link);

enum pr_tunnel_way {
	PR_TUNNEL_GOES, /* the end's verdict is the packet's; so it is where no tunnel is concerned */
	PR_TUNNEL_WAITS, /* until the way is open, or isn't */
};
/* A packet of a decided end: begins to open the way where none has been before. */
enum pr_tunnel_way pr_tunnel_look(struct pr_engine *engine, struct pr_link *link,
				  enum pr_link_end_name end, bool reply);
/* The packet can't wait. True where it goes all the same, into what is being opened. */
bool pr_tunnel_at_once(struct pr_engine *engine, struct pr_link *link);
/* Until when a packet may wait. */
uint64_t pr_tunnel_wait_until(const struct pr_engine *engine, const struct pr_link *link);
/* A packet of the end goes through the tunnel. */
void pr_tunnel_passes(struct pr_link *link, enum pr_link_end_name end);
/* Does it go there, or is it to? */
static inline bool pr_tunnel_is_through(const struct pr_link *link)
{
	return link->tunnel || link->tunnelled || link->inherits;
}
/* The link of a packet that arrives at the entry point, as it does there; NULL: it is nobody's. */
struct pr_link *pr_tunnel_arrived(struct pr_engine *engine, const struct pr_tuple *seen);
/* Is there a way for packets of the link? */
bool pr_tunnel_is_way(const struct pr_engine *engine, const struct pr_link *link);
/* The packet is refused because the far end knows no way to its destination. */
bool pr_tunnel_is_unreachable(const struct pr_engine *engine, const struct pr_link *link,
			      enum pr_link_end_name end);
/* Nothing came in time of what the packet waited for. True: its end is decided by that, and what waits is let go. */
bool pr_tunnel_expired(struct pr_engine *engine, struct pr_link *link);
/* A flow that is older than the engine waits for what the tunnel says of it. */
bool pr_tunnel_awaits(const struct pr_engine *engine, const struct pr_link *link);
uint64_t pr_tunnel_tick(struct pr_engine *engine);

/* The upstream's id; NULL: the end isn't to go through the tunnel. Borrowed. */
const char *pr_tunnel_of(const struct pr_engine *engine, const struct pr_link *link,
			 enum pr_link_end_name end, const struct pr_decision *decision);
/* What has become of it, as the rest of a sentence; "" = it goes its way. */
const char *pr_tunnel_text(const struct pr_engine *engine, const struct pr_link *link,
			   enum pr_link_end_name end, const struct pr_subject *subject,
			   const struct pr_decision *decision, char *text, size_t size);
uint32_t pr_tunnel_n(const struct pr_engine *engine);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the checks share, and those that stand in files of their own. Internal to the room. */
#pragma once

#include "firewall/checks.h"

static inline bool pr_is_known(const struct pr_subject *subject, unsigned int fact)
{
	return subject->known & ~subject->absent & fact;
}

static inline bool pr_is_open(const struct pr_subject *subject, unsigned int fact)
{
	return !(subject->known & fact);
}

static inline void pr_say(struct pr_said_more *ret_said, enum pr_said said)
{
	ret_said->said = said;
}

static inline void pr_say_undeterminable(struct pr_said_more *ret_said, unsigned int could,
					 unsigned int missing)
{
	ret_said->said = PR_SAID_UNDETERMINABLE;
	ret_said->could = could;
	ret_said->missing = missing;
}

/* checks_ground.c */
void pr_check_own(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_infrastructure(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_spoofed(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_attacker(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_invalid(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_rules(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_start_grace(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_incoming_scope(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_scope(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_peer_to_peer(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_foreign_nameserver(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_require_tunnel(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_default_incoming(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_default_outgoing(const struct pr_check_view *view, struct pr_said_more *ret_said);

/* The bit that stands for the scope in settings; 0 for an invalid one. */
unsigned int pr_scope_setting_bit(enum pr_scope scope);

/* decide_tunnel.c */
void pr_check_pooled(const struct pr_check_view *view, struct pr_said_more *ret_said);

/* checks_intel.c */
void pr_check_canary(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_discovery(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_encrypted_dns(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_doh(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_lists(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_rebinding(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_generated(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_dns_tunnel(const struct pr_check_view *view, struct pr_said_more *ret_said);

/* checks_seen.c */
/* Does it offer DNS over TLS or QUIC by its ALPN (RFC 7858, RFC 9250)? */
bool pr_is_dns_by_alpn(const struct pr_check_view *view);
/* What of deny_tls holds of what was seen: PR_TLS_…. */
unsigned int pr_denied_tls(const struct pr_check_view *view);
void pr_check_doh_seen(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_foreign_name(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_deny_tls(const struct pr_check_view *view, struct pr_said_more *ret_said);
void pr_check_require_encryption(const struct pr_check_view *view, struct pr_said_more *ret_said);

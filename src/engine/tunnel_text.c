/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of links that are to go through the tunnel. */
#include "engine/tunnelling_private.h"

#include <string.h>

static bool is_to_go(const struct pr_engine *engine, const struct pr_link *link,
		     enum pr_link_end_name end, const struct pr_decision *decision)
{
	return decision->outcome == PR_OUTCOME_REROUTE_TUNNEL ||
	       link->ends[end].verdict == PR_VERDICT_REROUTE_TUNNEL ||
	       (end == PR_LINK_OUT && pr_tunnelled_of(engine, link)) ||
	       link->flags & PR_LINK_FLAG_TUNNEL << end;
}

const char *pr_tunnel_of(const struct pr_engine *engine, const struct pr_link *link,
			 enum pr_link_end_name end, const struct pr_decision *decision)
{
	const struct pr_tunnelled *tunnelled = pr_tunnelled_of(engine, link);
	const char *upstream;

	if (!is_to_go(engine, link, end, decision))
		return NULL;
	if (tunnelled && end == PR_LINK_OUT)
		return pr_tunnelled_upstream(engine, tunnelled);
	upstream = pr_tunnelled_upstream_by(engine, link->ends[end].profile, decision->rule);
	return *upstream ? upstream : NULL;
}

static const char *text_of_outcome(enum pr_tunnel_outcome outcome)
{
	static const char *const texts[PR_TUNNEL_N_OUTCOMES] = {
		[PR_TUNNEL_OPEN] = "it ended",
		[PR_TUNNEL_REFUSED] = "the destination refused",
		[PR_TUNNEL_UNREACHABLE] = "no way leads to the destination",
		[PR_TUNNEL_TIMED_OUT] = "the destination did not answer",
		[PR_TUNNEL_FORBIDDEN] = "the upstream does not permit it",
		[PR_TUNNEL_UNSUPPORTED] = "the upstream can't do it",
		[PR_TUNNEL_DOWN] = "no upstream works",
	};

	return texts[outcome];
}

const char *pr_tunnel_text(const struct pr_engine *engine, const struct pr_link *link,
			   enum pr_link_end_name end, const struct pr_subject *subject,
			   const struct pr_decision *decision, char *text, size_t size)
{
	static const char *const refusals[] = {
		[PR_TUNNEL_REFUSAL_NO_UPSTREAM] = "no tunnel is set up, so it is denied",
		[PR_TUNNEL_REFUSAL_INCOMING] =
			"what comes in can't go through a tunnel, so it is denied",
		[PR_TUNNEL_REFUSAL_PROTOCOL] = "the tunnel carries TCP and UDP, so it is denied",
		[PR_TUNNEL_REFUSAL_HERE] = "no tunnel leads to this host itself, so it is denied",
		[PR_TUNNEL_REFUSAL_MANY] = "the tunnel leads to single hosts, so it is denied",
		[PR_TUNNEL_REFUSAL_UNTRACKED] =
			"conntrack doesn't follow it, so it can't go there and is denied",
		[PR_TUNNEL_REFUSAL_CIRCLE] =
			"it serves that upstream itself, so it would go in a circle and is denied; "
			"outgoing = [ \"+ Internet\" ] in its profile lets it out",
	};
	const struct pr_tunnelled *tunnelled =
		end == PR_LINK_OUT ? pr_tunnelled_of(engine, link) : NULL;
	bool direct = link->ends[end].verdict == PR_VERDICT_ACCEPT;
	enum pr_tunnel_refusal refusal;

	*text = '\0';
	if (link->led_away && end == PR_LINK_OUT)
		snprintf(text, size,
			 "; another's datagrams from its port went through the tunnel just now, "
			 "so it is denied");
	if (!is_to_go(engine, link, end, decision))
		return text;
	refusal = pr_tunnelled_refusal(engine, link, end, subject, decision->rule);
	if (refusal != PR_TUNNEL_REFUSAL_NONE)
		snprintf(text, size, "; %s", refusals[refusal]);
	else if (tunnelled && tunnelled->why)
		snprintf(text, size, "; %s%s", tunnelled->why,
			 direct ? ", so it goes without (without_tunnel)" : "");
	else if (tunnelled && tunnelled->outcome != PR_TUNNEL_OPEN)
		snprintf(text, size, "; %s%s",
			 text_of_outcome((enum pr_tunnel_outcome)tunnelled->outcome),
			 direct ? ", so it goes without (without_tunnel)" : "");
	else if (!tunnelled && link->flags & PR_LINK_FLAG_TUNNEL << end)
		snprintf(text, size, "; it went another way before, so it is denied");
	return text;
}

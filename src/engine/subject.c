/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a decision is about: the facts that the tables have, put together. */
#include "engine/attackers.h"
#include "engine/inspecting.h"
#include "engine/machine.h"
#include "engine/pool.h"
#include "engine/subject.h"

#include "profile/service.h"

enum pr_direction pr_link_direction_of(const struct pr_link *link, enum pr_link_end_name end)
{
	if (link->direction == PR_DIRECTION_FORWARD && end == PR_LINK_OUT)
		return PR_DIRECTION_FORWARD;
	return end == PR_LINK_OUT ? PR_DIRECTION_OUT : PR_DIRECTION_IN;
}

void pr_subject_set_address(const struct pr_engine *engine, const struct pr_address *address,
			    struct pr_subject *subject)
{
	pr_subject_remote_set(subject, address, &engine->own);
}

void pr_subject_set_domains(const struct pr_engine *engine, uint32_t application,
			    struct pr_subject_of *of)
{
	struct pr_subject *subject = &of->subject;

	if (subject->direction != PR_DIRECTION_IN && pr_is_pooled(engine, &subject->remote)) {
		pr_pool_set_subject(engine, of);
		return;
	}
	subject->known |= PR_FACT_DOMAIN;
	/* An incoming link was led here by a name that somebody else resolved, if by any. */
	if (subject->direction != PR_DIRECTION_IN)
		subject->n_domains = pr_names_find(engine->names, application, &subject->remote,
						   engine->now_us, of->candidates);
	for (unsigned int i = 0; i < subject->n_domains; i++)
		subject->domains[i] = of->candidates[i].domain;
	if (!subject->n_domains)
		subject->absent |= PR_FACT_DOMAIN;
}

/* What is sent straight to where reroutes lead is a question like any other. */
static bool is_to_nameserver(const struct pr_engine *engine, const struct pr_link *link)
{
	uint16_t port =
		link->tuple.dst.family == 4 ? engine->nameserver_port4 : engine->nameserver_port6;

	return port && link->tuple.dst_port == port && link->direction == PR_DIRECTION_OUT &&
	       (link->tuple.proto == IPPROTO_UDP || link->tuple.proto == IPPROTO_TCP) &&
	       pr_class_of(&link->tuple.dst, &engine->own) == PR_CLASS_HOST;
}

void pr_subject_of_end_unseen(const struct pr_engine *engine, const struct pr_link *link,
			      enum pr_link_end_name end_name, struct pr_subject_of *ret_subject)
{
	const struct pr_link_end *end = &link->ends[end_name];
	bool incoming = pr_link_direction_of(link, end_name) == PR_DIRECTION_IN;
	struct pr_subject *subject = &ret_subject->subject;

	*subject = (struct pr_subject){
		.direction = pr_link_direction_of(link, end_name),
		.known = PR_FACT_OWNER | PR_FACT_PROTOCOL | PR_FACT_PORT,
		.profile = end->profile,
		.local = incoming ? link->tuple.dst : link->tuple.src,
		.proto = link->tuple.proto,
		.infrastructure = link->infrastructure,
		.start_grace = link->adopted && !(link->graceless & 1u << end_name) &&
			       engine->policy && pr_policy_global(engine->policy)->start_grace,
		.own = (end->application && end->application == engine->self.application) ||
		       (incoming && (link->from_self || link->from_tunnel)),
		.attacker = pr_attackers_blocks(engine, link, end_name),
		.to_nameserver = !incoming && is_to_nameserver(engine, link),
		.dns_exempt = link->no_question ||
			      (!incoming && pr_local_upstream_is(engine, end->application)),
	};
	pr_intel_begin(engine, ret_subject);
	if (end->profile == PR_PROFILE_UNKNOWN)
		subject->absent |= PR_FACT_OWNER;
	/* The ports of an ICMP tuple are an echo's identifier, not a service. */
	if (pr_protocol_has_ports(link->tuple.proto))
		subject->port = link->tuple.dst_port;
	else
		subject->absent |= PR_FACT_PORT;
	pr_subject_set_address(engine, incoming ? &link->tuple.src : &link->tuple.dst, subject);
	if (incoming && pr_asks_for_address(&link->tuple)) {
		subject->remote_class = PR_CLASS_LINK_LOCAL;
		subject->scope = PR_SCOPE_LAN;
	}
	subject->spoofed = (enum pr_spoof)(link->flags >> PR_LINK_SPOOF_SHIFT);
	pr_subject_set_domains(engine, end->application, ret_subject);
}

void pr_subject_of_end(const struct pr_engine *engine, const struct pr_link *link,
		       enum pr_link_end_name end, struct pr_subject_of *ret_subject)
{
	pr_subject_of_end_unseen(engine, link, end, ret_subject);
	pr_inspecting_facts(engine, link, end, ret_subject);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told: events as things happen, and the same shape for the rows of the tables. */
#include "engine/events.h"
#include "engine/machine.h"
#include "engine/subject.h"
#include "engine/suspicions.h"
#include "engine/tunnelling.h"

#include "firewall/checks.h"

#include <stdio.h>
#include <string.h>

uint64_t pr_event_real(const struct pr_engine *engine, uint64_t us)
{
	return us + (uint64_t)engine->real_offset_us;
}

void pr_event_owe(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end)
{
	if (engine->n_owed == PR_ENGINE_OWED_MAX)
		pr_event_pay(engine, 0);
	engine->owed[engine->n_owed++] =
		(struct pr_owed){ .link = link->id, .us = engine->now_us, .end = (uint8_t)end };
	link->owed = true;
	pr_engine_due(engine, engine->now_us + PR_ENGINE_OWED_US);
}

void pr_event_pay(struct pr_engine *engine, uint32_t n_most)
{
	uint64_t now_us = engine->now_us;

	/* Telling one comes by here as well. */
	if (engine->paying || !engine->n_owed)
		return;
	engine->paying = true;
	for (uint32_t n = 0; engine->n_paid < engine->n_owed && (n < n_most || !n_most); n++) {
		const struct pr_owed *owed = &engine->owed[engine->n_paid++];
		struct pr_link *link = pr_links_by_id(engine->links, owed->link);

		if (!link)
			continue;
		engine->now_us = owed->us;
		link->owed = false;
		pr_event_tell_end(engine, link, (enum pr_link_end_name)owed->end);
	}
	engine->now_us = now_us;
	engine->paying = false;
	if (engine->n_paid == engine->n_owed)
		engine->n_paid = engine->n_owed = 0;
}

void pr_event_send(struct pr_engine *engine, struct pr_event *event)
{
	if (!event->real_us)
		event->real_us = pr_event_real(engine, engine->now_us);
	engine->ports.event(engine->ports.context, event);
}

static void fill_process(const struct pr_process *process, struct pr_event *event)
{
	if (process->path_proven)
		event->path = process->exe_path;
	else
		event->exe_shown = process->exe_path;
	event->cmdline = process->cmdline;
	event->user = process->user;
	event->cgroup = process->cgroup;
	event->unit = process->unit;
	event->container = process->container;
	event->script = process->script;
	event->pid = process->pid;
	event->uid = process->uid;
	for (unsigned int i = 0; i < process->n_parents && i < PR_ARRAY_SIZE(event->parents); i++) {
		event->parents[i].pid = process->parents[i].pid;
		event->parents[i].path = process->parents[i].exe_path;
		event->n_parents = i + 1;
	}
}

void pr_event_of_actor(const struct pr_engine *engine, uint32_t application,
		       const struct pr_process *process, struct pr_event *event)
{
	const char *key = pr_applications_key(engine->applications, application);
	uint32_t profile = PR_PROFILE_GLOBAL;

	event->instance = pr_instance_text(engine, application);
	if (strncmp(key, "path:/", 6) == 0)
		(void)pr_policy_profile_find(engine->policy, key + 5, &profile);
	event->profile = strncmp(key, "profile:", 8) == 0
				 ? key + 8
				 : pr_policy_profile_name(engine->policy, profile);
	event->uid = (uid_t)-1;
	if (process)
		fill_process(process, event);
	else if (strncmp(key, "path:/", 6) == 0)
		event->path = key + 5;
	else if (strncmp(key, "script:", 7) == 0)
		event->script = key + 7;
}

/* Those of `found`, as the set numbers them, that the event doesn't name yet. */
static void add_lists(const struct pr_engine *engine, const uint64_t found[PR_INTEL_WORDS_MAX],
		      struct pr_event *event)
{
	for (uint32_t i = 0; i < pr_intel_set_n_lists(engine->intel); i++) {
		if (!(found[i / 64] >> i % 64 & 1) || event->n_lists == PR_EVENT_LISTS_MAX)
			continue;
		event->lists[event->n_lists++] = pr_intel_set_list(engine->intel, i).id;
	}
}

static void fill_intelligence(const struct pr_engine *engine, const struct pr_subject *subject,
			      struct pr_event *event)
{
	uint64_t found[PR_INTEL_WORDS_MAX] = { 0 };
	unsigned int known = subject->known & ~subject->absent;
	bool any = false;

	if (known & PR_FACT_COUNTRY && *subject->country)
		event->country = subject->country;
	if (known & PR_FACT_ASN)
		event->asn = subject->asn;
	event->organisation = subject->organisation;
	event->suspicions = subject->suspicions;
	if (!engine->intel)
		return;
	for (unsigned int i = 0; i < subject->n_domains; i++)
		any |= pr_intel_set_domain(engine->intel, subject->domains[i], found);
	if (subject->claimed)
		any |= pr_intel_set_domain(engine->intel, subject->claimed, found);
	for (unsigned int i = 0; i < subject->n_also_claimed; i++)
		any |= pr_intel_set_domain(engine->intel, subject->also_claimed[i], found);
	if (known & PR_FACT_ADDRESS)
		any |= pr_intel_set_address(engine->intel, &subject->remote, found);
	if (any)
		add_lists(engine, found, event);
}

void pr_event_of_subject(const struct pr_engine *engine, const struct pr_subject *subject,
			 struct pr_event *event)
{
	event->direction = subject->direction;
	event->n_domains = subject->n_domains;
	for (unsigned int i = 0; i < subject->n_domains; i++)
		event->domains[i] = subject->domains[i];
	if (subject->n_domains)
		event->domain = subject->domains[0];
	if (subject->known & ~subject->absent & PR_FACT_ADDRESS)
		event->remote = subject->remote;
	event->scope = subject->scope;
	event->port = subject->port;
	event->proto = subject->proto;
	fill_intelligence(engine, subject, event);
}

static const char *reason_of(struct pr_engine *engine, const struct pr_subject *subject,
			     const struct pr_decision *decision)
{
	return pr_decision_reason(engine->policy, engine->intel, subject, decision, engine->reason,
				  sizeof(engine->reason));
}

static void add_to_reason(struct pr_engine *engine, const char *text)
{
	size_t len = strlen(engine->reason);

	snprintf(engine->reason + len, sizeof(engine->reason) - len, "%s", text);
}

void pr_event_of_decision(struct pr_engine *engine, const struct pr_subject *subject,
			  const struct pr_decision *decision, enum pr_stage stage,
			  struct pr_event *event)
{
	event->decided = true;
	event->ask = decision->outcome == PR_OUTCOME_ASK;
	event->stage = stage;
	event->verdict = decision->verdict;
	if (decision->outcome == PR_OUTCOME_OPEN || decision->outcome == PR_OUTCOME_MISSING)
		event->verdict = PR_VERDICT_ACCEPT;
	event->permanent = decision->permanent;
	event->missing = decision->missing;
	if (decision->missing & PR_FACT_LISTS)
		event->missing_providers =
			pr_providers_text(engine, pr_providers_missing(engine, subject));
	event->generation = engine->generation;
	event->reason = reason_of(engine, subject, decision);
	if (decision->rule != PR_RULE_NONE) {
		event->rule = pr_policy_rule_text(engine->policy, decision->rule);
		event->rule_place = pr_policy_rule_place(engine->policy, decision->rule);
	}
}

void pr_event_add_suspicions(struct pr_engine *engine, const struct pr_subject *subject,
			     const struct pr_decision *decision, struct pr_event *event)
{
	if (subject->generated_why && decision->check != PR_CHECK_GENERATED) {
		add_to_reason(engine, "; it looks made by a program: ");
		add_to_reason(engine, subject->generated_why);
	}
	if (subject->tunnel_why && decision->check != PR_CHECK_DNS_TUNNEL) {
		add_to_reason(engine, "; it looks like a tunnel: ");
		add_to_reason(engine, subject->tunnel_why);
	}
	event->reason = engine->reason;
}

static const char unanswered[] = "; nobody answered, so it is denied for now";
static const char denied_by_user[] = "; the user answered: deny";

const char *pr_reason_of_denial(const struct pr_engine *engine, const struct pr_subject *subject,
				const struct pr_question_decision *denial, char *text, size_t size)
{
	struct pr_decision decision = denial->decision;
	size_t len;

	/* What a user, or time, has answered is still what the policy asks about. */
	if (denial->answered || denial->unanswered)
		decision.outcome = PR_OUTCOME_ASK;
	pr_decision_reason(engine->policy, engine->intel, subject, &decision, text, size);
	len = strlen(text);
	if (denial->answered || denial->unanswered)
		snprintf(text + len, size - len, "%s",
			 denial->answered ? denied_by_user : unanswered);
	return text;
}

static void tell_why(struct pr_engine *engine, const struct pr_link *link,
		     enum pr_link_end_name name, const struct pr_subject *subject,
		     const struct pr_decision *decision, const struct pr_event *event)
{
	const struct pr_link_end *end = &link->ends[name];
	char why[PR_ENGINE_REASON_SIZE];

	if (link->flags & PR_LINK_FLAG_TIMEOUT << name)
		add_to_reason(engine, unanswered);
	else if (link->flags & PR_LINK_FLAG_ANSWERED << name)
		add_to_reason(engine, end->verdict == PR_VERDICT_ACCEPT || event->tunnel
					      ? "; the user answered: permit"
					      : denied_by_user);
	add_to_reason(engine,
		      pr_tunnel_text(engine, link, name, subject, decision, why, sizeof(why)));
	if (!end->owner_known)
		add_to_reason(engine, "; its owner did not become known in time");
}

static void fill_decision(struct pr_engine *engine, const struct pr_link *link,
			  enum pr_link_end_name name, const struct pr_subject *subject,
			  struct pr_event *event)
{
	const struct pr_link_end *end = &link->ends[name];
	struct pr_decision decision = pr_end_decision(link, name);

	if (!end->decided && !end->asked)
		return;
	/* A row of a link that ended under another policy: its rule's number says nothing now. */
	if (end->policy != engine->policy_serial) {
		event->decided = true;
		event->verdict = (enum pr_verdict)end->verdict;
		event->stage = (enum pr_stage)end->stage;
		return;
	}
	pr_event_of_decision(engine, subject, &decision, (enum pr_stage)end->stage, event);
	event->tunnel = pr_tunnel_of(engine, link, name, &decision);
	tell_why(engine, link, name, subject, &decision, event);
	if (subject->doh_why && decision.check != PR_CHECK_DOH_SEEN) {
		add_to_reason(engine, "; it seems to ask by DNS over HTTPS: ");
		add_to_reason(engine, subject->doh_why);
	}
	event->reason = engine->reason;
	event->ask = end->asked;
	event->permanent = end->decided && end->permanent;
	event->grace = link->grace && end->defaulted;
}

/* Without any that led there, the name is what the packets say. */
static void set_name(const struct pr_subject_of *of, struct pr_event *event)
{
	if (of->subject.n_domains) {
		event->name_grade = of->candidates[0].grade;
	} else if (of->subject.claimed) {
		event->domain = event->domains[0] = of->subject.claimed;
		event->n_domains = 1;
		event->name_grade = PR_NAME_CLAIMED;
	}
}

void pr_event_of_end(struct pr_engine *engine, const struct pr_link *link,
		     enum pr_link_end_name name, struct pr_subject_of *ret_subject,
		     struct pr_event *ret_event)
{
	const struct pr_link_end *end = &link->ends[name];
	struct pr_event event = {
		.kind = PR_EVENT_LINK,
		.real_us = pr_event_real(engine, link->first_us),
		.id = link->id,
		.communication = end->communication ? end->communication->id : 0,
		.tuple = link->tuple,
		.old = link->adopted,
		.ended = link->state == PR_LINK_ENDED,
		.counted = link->counted,
		.last_real_us = pr_event_real(engine, link->last_us),
	};
	bool swap = name == PR_LINK_IN;

	pr_event_of_actor(engine, end->application, end->owner, &event);
	pr_subject_of_end(engine, link, name, ret_subject);
	pr_intel_of_names(engine, ret_subject);
	pr_intel_of_address(engine, ret_subject, PR_FACTS_DATA);
	if (ret_subject->subject.seen)
		pr_doh_set(engine, end->application, &ret_subject->subject);
	pr_event_of_subject(engine, &ret_subject->subject, &event);
	set_name(ret_subject, &event);
	if (ret_subject->subject.seen)
		pr_event_see(&event, ret_subject->subject.seen);
	/* The table counts from the opener's side, an event from its own end's. */
	event.bytes_sent = swap ? link->bytes_received : link->bytes_sent;
	event.bytes_received = swap ? link->bytes_sent : link->bytes_received;
	event.packets_sent = swap ? link->packets_received : link->packets_sent;
	event.packets_received = swap ? link->packets_sent : link->packets_received;
	event.duration_ms = (link->last_us - link->first_us) / 1000;
	fill_decision(engine, link, name, &ret_subject->subject, &event);
	*ret_event = event;
}

void pr_event_tell_end(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name name)
{
	PR_UNINITIALIZED struct pr_subject_of of;
	struct pr_event event;

	pr_event_pay(engine, 0);
	pr_event_of_end(engine, link, name, &of, &event);
	event.kind = link->flags & PR_LINK_FLAG_TOLD << name ? PR_EVENT_VERDICT : PR_EVENT_LINK;
	event.real_us = pr_event_real(engine, engine->now_us);
	link->flags |= (uint16_t)(PR_LINK_FLAG_TOLD << name);
	pr_event_send(engine, &event);
}

uint32_t pr_communication_links(const struct pr_communication *communication)
{
	return communication->n_held - (communication->prompt ? 1 : 0);
}

void pr_event_of_communication(struct pr_engine *engine,
			       const struct pr_communication *communication,
			       struct pr_event *ret_event)
{
	const char *domain = pr_communication_domain(engine->communications, communication);
	struct pr_event event = {
		.kind = PR_EVENT_COMMUNICATION,
		.real_us = pr_event_real(engine, communication->first_us),
		.id = communication->id,
		.communication = communication->id,
		.direction = (enum pr_direction)communication->direction,
		.domain = domain,
		.domains = { domain },
		.n_domains = domain ? 1 : 0,
		.scope = (enum pr_scope)communication->scope,
		.n_links = pr_communication_links(communication),
		.last_real_us = pr_event_real(engine, communication->last_us),
	};

	pr_event_of_actor(engine, communication->application, NULL, &event);
	fill_intelligence(
		engine, &(struct pr_subject){ .domains = { domain }, .n_domains = event.n_domains },
		&event);
	*ret_event = event;
}

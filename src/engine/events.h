/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of links, communications and decisions: filled in from the tables, and sent (events.c). */
#pragma once

#include "engine/subject.h"
#include "firewall/event.h"
#include "network/communication.h"

void pr_event_send(struct pr_engine *engine, struct pr_event *event);
/* Fills the fields of an application in; borrows. */
void pr_event_of_actor(const struct pr_engine *engine, uint32_t application,
		       const struct pr_process *process, struct pr_event *event);
/* A row of one end of a link, with its decision if there is one. `ret_subject` keeps what it borrows. */
void pr_event_of_end(struct pr_engine *engine, const struct pr_link *link,
		     enum pr_link_end_name end, struct pr_subject_of *ret_subject,
		     struct pr_event *ret_event);
/* Links that hold it, those that ended a moment ago too. */
uint32_t pr_communication_links(const struct pr_communication *communication);
void pr_event_of_communication(struct pr_engine *engine,
			       const struct pr_communication *communication,
			       struct pr_event *ret_event);
/* With all that is known of it, whatever the policy wants. */
void pr_event_of_subject(const struct pr_engine *engine, const struct pr_subject *subject,
			 struct pr_event *event);
void pr_event_of_decision(struct pr_engine *engine, const struct pr_subject *subject,
			  const struct pr_decision *decision, enum pr_stage stage,
			  struct pr_event *event);
/* Adds to the event's reason, where it is not that already, what it is suspected of. */
void pr_event_add_suspicions(struct pr_engine *engine, const struct pr_subject *subject,
			     const struct pr_decision *decision, struct pr_event *event);
/* Why a question is denied; what a prompt's answer denied is told so. Returns `text`. */
const char *pr_reason_of_denial(const struct pr_engine *engine, const struct pr_subject *subject,
				const struct pr_question_decision *denial, char *text, size_t size);
/* Sends a link's event: the first time LINK, later VERDICT. */
void pr_event_tell_end(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end);
/* The same, but not on the packet's way: within PR_ENGINE_OWED_US, and before anything that could change what it
 * says, or that is told after it. */
void pr_event_owe(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end);
/* Tells what is owed, at most so many (0 = all). */
void pr_event_pay(struct pr_engine *engine, uint32_t n_most);
uint64_t pr_event_real(const struct pr_engine *engine, uint64_t us);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What questions look like over time: of an application (suspicions.c), and as if it asked elsewhere (doh.c). */
#pragma once

#include "engine/actor.h"
#include "nameserver/question.h"

/* ---- suspicions.c ---- */

void pr_suspicions_init(struct pr_engine *engine);
void pr_suspicions_done(struct pr_engine *engine);
/* The actor asks: what that looks like, as far as its profile cares. */
unsigned int pr_suspicions_asked(struct pr_engine *engine, const struct pr_actor *actor,
				 const char *name, uint16_t type);
void pr_suspicions_answered(struct pr_engine *engine, const struct pr_actor *actor,
			    const struct pr_question *question, const struct pr_dns_facts *facts,
			    size_t len);
/* What it would look like; nothing is noted. */
unsigned int pr_suspicions_look(struct pr_engine *engine, const struct pr_actor *actor,
				const char *name);
/* Puts what the profile cares for into the subject of a name, and why. */
void pr_suspicions_set(struct pr_engine *engine, const struct pr_actor *actor,
		       unsigned int suspicions, struct pr_subject *subject);

/* ---- doh.c ---- */

void pr_doh_init(struct pr_engine *engine);
void pr_doh_done(struct pr_engine *engine);
/* What a link has shown of its name. */
void pr_doh_note(struct pr_engine *engine, uint32_t application, const struct pr_subject *subject);
/* Does the application seem to have the claimed name from a nameserver of its own? */
void pr_doh_set(struct pr_engine *engine, uint32_t application, struct pr_subject *subject);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who acts: a process, the instance of an application that it is, and the profile that holds for it (instances.c). */
#pragma once

#include "engine/engine.h"

struct pr_actor {
	struct pr_process *process; /* a reference, or NULL */
	uint32_t application, profile;
	bool own;
};

struct pr_instance_slot {
	struct pr_process *process; /* a reference; NULL = free */
	uint32_t policy, application, profile;
};

/* The actor of a process; takes the reference. NULL: unknown. */
struct pr_actor pr_actor_of_take(struct pr_engine *engine, struct pr_process *process);
/* Of an owner's outcome; takes the reference. */
struct pr_actor pr_actor_of_outcome_take(struct pr_engine *engine, enum pr_owner_outcome outcome,
					 struct pr_process *process);
struct pr_actor pr_actor_copy(struct pr_engine *engine, const struct pr_actor *actor);
void pr_actor_done(struct pr_engine *engine, struct pr_actor *actor);
/* Of the policy of now, by its process. */
void pr_actor_renew(struct pr_engine *engine, struct pr_actor *actor);
/* A profile's name or an executable's path; NULL: an application that no profile matches. */
struct pr_actor pr_actor_named(struct pr_engine *engine, const char *app, uid_t uid);
/* A nameserver that asks for all applications: what it hears counts for each of them. `key`: its instance. */
bool pr_actor_is_stub(const struct pr_process *process, const char *key);
void pr_instances_policy_changed(struct pr_engine *engine);
void pr_instances_done(struct pr_engine *engine);
/* "profile:firefox" → "firefox". */
const char *pr_instance_text(const struct pr_engine *engine, uint32_t application);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a process to the profile instance that decisions are about: the profile that it matches, or, where
 * none does, an instance of its own by script or executable, under the global settings. A path stands for
 * an application only where it is proven (process/process.h); otherwise what can't be forged does:
 * container, unit, and at last the executable's device and inode.
 */
#include "engine/machine.h"

#include "base/hash.h"

#include <stdio.h>
#include <string.h>

#define KEY_SIZE PR_TEXT_MAX

static const char *const stubs[] = {
	"/usr/lib/systemd/systemd-resolved",
	"/lib/systemd/systemd-resolved",
	"/usr/sbin/nscd",
	"/usr/sbin/unscd",
	"/usr/sbin/dnsmasq",
};
/* Keys: a container may be called so as well, and is none. */
static const char *const stub_profiles[] = { "profile:systemd-resolved", "profile:nscd",
					     "profile:dnsmasq" };

bool pr_actor_is_stub(const struct pr_process *process, const char *key)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(stub_profiles); i++)
		if (strcmp(key, stub_profiles[i]) == 0)
			return true;
	if (!process || !process->path_proven || !process->exe_path)
		return false;
	for (size_t i = 0; i < PR_ARRAY_SIZE(stubs); i++)
		if (strcmp(process->exe_path, stubs[i]) == 0)
			return true;
	return false;
}

static void key_of(const struct pr_engine *engine, const struct pr_process *process,
		   uint32_t profile, char key[KEY_SIZE])
{
	const char *name = pr_policy_profile_name(engine->policy, profile);

	/* A profile that was made for a path is called by it: the same application as before, which keeps the names
	 * that it was given. */
	if (profile != PR_PROFILE_GLOBAL && process->path_proven && process->exe_path &&
	    strcmp(name, process->exe_path) == 0)
		snprintf(key, KEY_SIZE, "path:%s", name);
	else if (profile != PR_PROFILE_GLOBAL)
		snprintf(key, KEY_SIZE, "profile:%s", name);
	else if (process->path_proven && process->script)
		snprintf(key, KEY_SIZE, "script:%s", process->script);
	else if (process->path_proven && process->exe_path)
		snprintf(key, KEY_SIZE, "path:%s", process->exe_path);
	else if (process->container)
		snprintf(key, KEY_SIZE, "container:%s", process->container);
	else if (process->unit)
		snprintf(key, KEY_SIZE, "unit:%s", process->unit);
	else
		snprintf(key, KEY_SIZE, "inode:%llx:%llu", (unsigned long long)process->exe_device,
			 (unsigned long long)process->exe_inode);
}

static void slot_done(struct pr_engine *engine, struct pr_instance_slot *slot)
{
	if (!slot->process)
		return;
	pr_process_release(slot->process);
	pr_applications_release(engine->applications, slot->application);
	*slot = (struct pr_instance_slot){ 0 };
}

static void slot_fill(struct pr_engine *engine, struct pr_instance_slot *slot,
		      struct pr_process *process)
{
	struct pr_identity identity = pr_process_identity(process);
	char key[KEY_SIZE];
	uint32_t profile;

	slot_done(engine, slot);
	profile = process->kernel_thread ? PR_PROFILE_KERNEL
					 : pr_policy_profile_of(engine->policy, &identity);
	key_of(engine, process, profile, key);
	*slot = (struct pr_instance_slot){
		.process = pr_process_reference(process),
		.policy = engine->policy_serial,
		.application = pr_applications_hold(engine->applications, key),
		.profile = profile,
	};
}

struct pr_actor pr_actor_copy(struct pr_engine *engine, const struct pr_actor *actor)
{
	struct pr_actor copy = *actor;

	if (copy.process)
		pr_process_reference(copy.process);
	pr_applications_hold_again(engine->applications, copy.application);
	return copy;
}

void pr_actor_done(struct pr_engine *engine, struct pr_actor *actor)
{
	pr_process_release(actor->process);
	pr_applications_release(engine->applications, actor->application);
	*actor = (struct pr_actor){ 0 };
}

struct pr_actor pr_actor_of_take(struct pr_engine *engine, struct pr_process *process)
{
	struct pr_instance_slot *slot;
	uint64_t hash;

	if (!process)
		return pr_actor_copy(engine, &engine->unknown);
	hash = pr_hash(&process, sizeof(process));
	slot = &engine->instances[hash % PR_ENGINE_INSTANCE_CACHE];
	if (slot->process != process || slot->policy != engine->policy_serial)
		slot_fill(engine, slot, process);
	pr_applications_hold_again(engine->applications, slot->application);
	return (struct pr_actor){ process, slot->application, slot->profile, false };
}

void pr_actor_renew(struct pr_engine *engine, struct pr_actor *actor)
{
	struct pr_actor renewed;

	if (!actor->process) {
		if (actor->profile >= pr_policy_n_profiles(engine->policy))
			actor->profile = PR_PROFILE_GLOBAL;
		return;
	}
	renewed = pr_actor_of_take(engine, pr_process_reference(actor->process));
	pr_actor_done(engine, actor);
	*actor = renewed;
}

struct pr_actor pr_actor_of_outcome_take(struct pr_engine *engine, enum pr_owner_outcome outcome,
					 struct pr_process *process)
{
	switch (outcome) {
	case PR_OWNER_KNOWN:
		if (process) {
			engine->counters.owner_known++;
			return pr_actor_of_take(engine, process);
		}
		break;
	case PR_OWNER_SELF:
		engine->counters.owner_self++;
		return pr_actor_copy(engine, &engine->self);
	case PR_OWNER_KERNEL:
		engine->counters.owner_kernel++;
		return pr_actor_copy(engine, &engine->kernel);
	case PR_OWNER_WAIT:
	case PR_OWNER_NONE:
	case PR_OWNER_BUSY:
		break;
	}
	engine->counters.owner_none++;
	return pr_actor_copy(engine, &engine->unknown);
}

struct pr_actor pr_actor_named(struct pr_engine *engine, const char *app, uid_t uid)
{
	struct pr_process process = { .n_references = 1, .uid = uid, .path_proven = true };
	char path[PR_PROCESS_PATH_MAX], key[KEY_SIZE];
	uint32_t profile = PR_PROFILE_GLOBAL;
	struct pr_identity identity;

	if (app && app[0] != '/' && pr_policy_profile_find(engine->policy, app, &profile)) {
		snprintf(key, sizeof(key), "profile:%s", app);
	} else if (app) {
		snprintf(path, sizeof(path), "%s", app);
		process.exe_path = path;
		identity = pr_process_identity(&process);
		profile = pr_policy_profile_of(engine->policy, &identity);
		key_of(engine, &process, profile, key);
	} else {
		snprintf(key, sizeof(key), "path:*");
	}
	return (struct pr_actor){ NULL, pr_applications_hold(engine->applications, key), profile,
				  false };
}

void pr_instances_policy_changed(struct pr_engine *engine)
{
	static const struct {
		const char *key;
		uint32_t profile;
		bool own;
	} fixed[] = { { "profile:unknown", PR_PROFILE_UNKNOWN, false },
		      { "profile:kernel", PR_PROFILE_KERNEL, false },
		      { "own:portreeve", PR_PROFILE_GLOBAL, true } };
	struct pr_actor *const actors[] = { &engine->unknown, &engine->kernel, &engine->self };

	if (engine->unknown.application)
		return; /* slots of the policy before are told by its serial */
	for (size_t i = 0; i < PR_ARRAY_SIZE(fixed); i++)
		*actors[i] = (struct pr_actor){
			.application = pr_applications_hold(engine->applications, fixed[i].key),
			.profile = fixed[i].profile,
			.own = fixed[i].own,
		};
}

void pr_instances_done(struct pr_engine *engine)
{
	struct pr_actor *const actors[] = { &engine->unknown, &engine->kernel, &engine->self };

	for (size_t i = 0; i < PR_ENGINE_INSTANCE_CACHE; i++)
		slot_done(engine, &engine->instances[i]);
	for (size_t i = 0; i < PR_ARRAY_SIZE(actors); i++)
		if (actors[i]->application)
			pr_actor_done(engine, actors[i]);
}

const char *pr_instance_text(const struct pr_engine *engine, uint32_t application)
{
	const char *key = pr_applications_key(engine->applications, application);
	const char *colon = strchr(key, ':');

	return colon ? colon + 1 : key;
}

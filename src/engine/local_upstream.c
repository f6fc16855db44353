/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A nameserver of this host that our own resolver asks (the system names no other one) may forward: its questions,
 * rerouted to us, would go round for ever. So they go where it sends them. It is known by being asked: whoever's
 * socket receives what the kernel let leave as ours (docs/decisions/local-nameservers.md).
 */
#include "engine/machine.h"

static struct pr_local_upstream *find(struct pr_engine *engine, uint32_t application)
{
	for (unsigned int i = 0; i < PR_ENGINE_LOCAL_UPSTREAMS_MAX; i++)
		if (engine->local_upstreams[i].application == application)
			return &engine->local_upstreams[i];
	return NULL;
}

bool pr_local_upstream_is(const struct pr_engine *engine, uint32_t application)
{
	for (unsigned int i = 0; i < PR_ENGINE_LOCAL_UPSTREAMS_MAX; i++) {
		const struct pr_local_upstream *one = &engine->local_upstreams[i];

		if (application && one->application == application)
			return engine->now_us < one->asked_us + PR_ENGINE_LOCAL_UPSTREAM_US;
	}
	return false;
}

/* One of the three that stand for no one application. */
static bool is_nobody(const struct pr_engine *engine, uint32_t application)
{
	return !application || application == engine->unknown.application ||
	       application == engine->kernel.application || application == engine->self.application;
}

void pr_local_upstream_note(struct pr_engine *engine, uint32_t application)
{
	struct pr_local_upstream *slot;

	if (is_nobody(engine, application))
		return;
	slot = find(engine, application);
	if (!slot) {
		slot = &engine->local_upstreams[engine->n_local_upstreams_ever++ %
						PR_ENGINE_LOCAL_UPSTREAMS_MAX];
		if (slot->application)
			pr_applications_release(engine->applications, slot->application);
		pr_applications_hold_again(engine->applications, application);
		slot->application = application;
	}
	slot->asked_us = engine->now_us;
}

void pr_local_upstreams_done(struct pr_engine *engine)
{
	for (unsigned int i = 0; i < PR_ENGINE_LOCAL_UPSTREAMS_MAX; i++)
		if (engine->local_upstreams[i].application)
			pr_applications_release(engine->applications,
						engine->local_upstreams[i].application);
}

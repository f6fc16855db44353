/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The heuristics at the question corridor. An application is told from others by its instance's key, not by its number:
 * numbers are given again. Where the profile ignores both suspicions nothing is noted. Links have no suspicions: a
 * question that is denied leads to none, and what a name led to before it was suspected was judged then.
 */
#include "engine/machine.h"
#include "engine/suspicions.h"

#include "base/hash.h"
#include "intel/heuristics.h"

#include <string.h>

_Static_assert(PR_ENGINE_WHY_SIZE >= PR_HEURISTICS_TEXT_SIZE, "a reason fits");

void pr_suspicions_init(struct pr_engine *engine)
{
	engine->heuristics = pr_heuristics_new();
}

void pr_suspicions_done(struct pr_engine *engine)
{
	pr_heuristics_free(engine->heuristics);
}

static unsigned int wanted(const struct pr_engine *engine, const struct pr_actor *actor)
{
	const struct pr_settings *settings = pr_policy_settings(engine->policy, actor->profile);
	unsigned int suspicions = 0;

	if (settings->generated_domains != PR_SUSPICION_IGNORE)
		suspicions |= PR_SUSPICION_GENERATED;
	if (settings->dns_tunnels != PR_SUSPICION_IGNORE)
		suspicions |= PR_SUSPICION_TUNNEL;
	return suspicions;
}

static uint64_t key_of(const struct pr_engine *engine, const struct pr_actor *actor)
{
	const char *key = pr_applications_key(engine->applications, actor->application);

	return pr_hash(key, strlen(key));
}

unsigned int pr_suspicions_asked(struct pr_engine *engine, const struct pr_actor *actor,
				 const char *name, uint16_t type)
{
	unsigned int suspicions;

	if (actor->own || !wanted(engine, actor))
		return 0;
	suspicions = pr_heuristics_asked(engine->heuristics, engine->now_us, key_of(engine, actor),
					 name, type);
	/* What was given before it looked so is decided on anew. */
	if (suspicions)
		engine->basis++;
	return suspicions;
}

void pr_suspicions_answered(struct pr_engine *engine, const struct pr_actor *actor,
			    const struct pr_question *question, const struct pr_dns_facts *facts,
			    size_t len)
{
	/* Of a chain the code tells of its end; the name that was asked for exists (RFC 6604, 3). */
	enum pr_dns_rcode rcode = facts->n_names > 1 ? PR_DNS_RCODE_NOERROR : facts->rcode;

	if (!actor->own && wanted(engine, actor))
		pr_heuristics_answered(engine->heuristics, engine->now_us, key_of(engine, actor),
				       question->name, rcode, len);
}

unsigned int pr_suspicions_look(struct pr_engine *engine, const struct pr_actor *actor,
				const char *name)
{
	return pr_heuristics_look(engine->heuristics, engine->now_us, key_of(engine, actor), name);
}

void pr_suspicions_set(struct pr_engine *engine, const struct pr_actor *actor,
		       unsigned int suspicions, struct pr_subject *subject)
{
	const char *name = subject->domains[0];

	subject->suspicions = suspicions ? suspicions & wanted(engine, actor) : 0;
	if (subject->suspicions & PR_SUSPICION_GENERATED)
		subject->generated_why = pr_heuristics_explain(
			engine->heuristics, engine->now_us, key_of(engine, actor), name,
			PR_SUSPICION_GENERATED, engine->generated_why);
	if (subject->suspicions & PR_SUSPICION_TUNNEL)
		subject->tunnel_why = pr_heuristics_explain(
			engine->heuristics, engine->now_us, key_of(engine, actor), name,
			PR_SUSPICION_TUNNEL, engine->tunnel_why);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The question corridor's calls from outside, and what users ask the nameserver through us. */
#include "engine/machine.h"

#include "dns/cache.h"

static void refuse(struct pr_engine *engine, uint64_t client)
{
	engine->ports.reply(engine->ports.context, client, NULL, 0);
}

void pr_engine_questions(struct pr_engine *engine, const struct pr_asked *asked, unsigned int n,
			 uint64_t now_us)
{
	pr_engine_enter_traffic(engine, now_us);
	for (unsigned int i = 0; i < n; i++) {
		struct pr_asker untagged = asked[i].asker;

		untagged.tag = 0;
		untagged.from_cache_alone = false;
		if (engine->policy)
			pr_questions_ask(engine->questions, engine->now_us, &untagged,
					 asked[i].bytes, asked[i].len);
		else
			refuse(engine, untagged.client);
	}
	pr_engine_leave(engine);
}

static struct pr_user_query *room(struct pr_engine *engine)
{
	for (uint32_t i = 0; i < PR_ENGINE_QUERIES_MAX; i++)
		if (!engine->queries[i].used)
			return &engine->queries[i];
	return NULL;
}

/* Questions that ended before they were one. */
static uint64_t n_not_taken_up(const struct pr_engine *engine)
{
	const struct pr_questions_counters *counters = pr_questions_counters(engine->questions);

	return counters->malformed + counters->duplicates + counters->refused_full;
}

void pr_engine_question_as(struct pr_engine *engine, uint64_t client,
			   const struct pr_engine_query *query, bool may_ask_upstream,
			   const uint8_t *message, size_t len, uint64_t now_us)
{
	const uint8_t loopback[4] = { 127, 0, 0, 1 };
	struct pr_asker asker = { .client = client,
				  .address = pr_address_v4(loopback),
				  .local_address = pr_address_v4(loopback),
				  .local_port = 53,
				  .transport = PR_TRANSPORT_TCP,
				  .from_cache_alone = !may_ask_upstream };
	struct pr_dns_question parsed;
	struct pr_user_query *slot;
	uint64_t n_refused;

	pr_engine_enter(engine, now_us);
	slot = engine->policy ? room(engine) : NULL;
	/* Only what becomes a question is concluded, which gives the slot back. */
	if (!slot || pr_dns_parse_question(message, len, &parsed) != 0) {
		refuse(engine, client);
		pr_engine_leave(engine);
		return;
	}
	*slot = (struct pr_user_query){ .used = true,
					.actor = pr_actor_named(engine, query->app, query->uid) };
	asker.tag = (uint64_t)(slot - engine->queries) + 1;
	asker.port = (uint16_t)asker.tag;
	n_refused = n_not_taken_up(engine);
	pr_questions_ask(engine->questions, engine->now_us, &asker, message, len);
	if (n_not_taken_up(engine) != n_refused && slot->used) {
		pr_actor_done(engine, &slot->actor);
		slot->used = false;
	}
	pr_engine_leave(engine);
}

void pr_engine_answer(struct pr_engine *engine, uint64_t ticket, const uint8_t *answer, size_t len,
		      uint64_t now_us)
{
	pr_engine_enter_traffic(engine, now_us);
	if (engine->policy)
		pr_questions_answer(engine->questions, engine->now_us, ticket, answer, len);
	pr_engine_leave(engine);
}

void pr_engine_upstreams_public(struct pr_engine *engine, bool public)
{
	pthread_mutex_lock(&engine->lock);
	engine->upstreams_public = public;
	engine->basis++;
	pthread_mutex_unlock(&engine->lock);
}

void pr_engine_answers_forget(struct pr_engine *engine, uint64_t now_us)
{
	pr_engine_enter(engine, now_us);
	pr_questions_forget_answers(engine->questions);
	pr_engine_leave(engine);
}

/* Some of them; false: there are more. */
static bool some_answers(struct pr_engine *engine, uint32_t *cursor,
			 bool (*row)(void *context, const struct pr_dns_cached *cached),
			 void *context, bool *ret_ended)
{
	const struct pr_dns_cache *cache = pr_questions_cache(engine->questions);

	for (unsigned int i = 0; i < PR_ENGINE_ROWS_AT_ONCE && !*ret_ended; i++) {
		uint32_t next = *cursor;
		const struct pr_dns_cached *cached =
			pr_dns_cache_next(cache, &next, engine->now_us);

		if (!cached)
			return true;
		*ret_ended = !row(context, cached);
		if (!*ret_ended)
			*cursor = next;
	}
	return false;
}

bool pr_engine_answers(struct pr_engine *engine, uint32_t *cursor,
		       bool (*row)(void *context, const struct pr_dns_cached *cached),
		       void *context, uint64_t now_us)
{
	bool complete = false, ended = false;

	while (!complete && !ended) {
		pr_engine_enter_traffic(engine, now_us);
		complete = some_answers(engine, cursor, row, context, &ended);
		pr_engine_leave(engine);
	}
	return complete;
}

void pr_engine_resolver_restarted(struct pr_engine *engine)
{
	pthread_mutex_lock(&engine->lock);
	pr_questions_resolver_restarted(engine->questions);
	pthread_mutex_unlock(&engine->lock);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pool's life: it comes and goes with the tunnel, and what stands in it outlives both, and the engine. What is kept
 * is "PRSAVED1", then the names and the pool, each with its length before it.
 */
#include "engine/events.h"
#include "engine/pool.h"

#include "base/cursor.h"

#include <string.h>

#define MAGIC	  "PRSAVED1"
#define MAGIC_LEN 8

void pr_pool_done(struct pr_engine *engine)
{
	pr_pool_free(engine->pool);
	free(engine->pool_saved);
}

/* Links hold what is theirs in the pool that is now. */
static void hold_again(struct pr_engine *engine)
{
	uint32_t cursor = 0;
	struct pr_link *link;

	while ((link = pr_links_next(engine->links, &cursor)) != NULL) {
		link->pooled = false;
		pr_pool_link_made(engine, link);
	}
}

static uint64_t real_now_us(const struct pr_engine *engine)
{
	return pr_event_real(engine, engine->now_us);
}

/* What stands in the pool outlives it. */
static void put_aside(struct pr_engine *engine)
{
	if (!engine->pool)
		return;
	free(engine->pool_saved);
	engine->pool_saved = NULL;
	if (pr_pool_save(engine->pool, engine->now_us, real_now_us(engine), &engine->pool_saved,
			 &engine->pool_saved_len) < 0)
		engine->pool_saved_len = 0;
	pr_pool_free(engine->pool);
	engine->pool = NULL;
}

/* NULL: there is none. What was given out before is still no real address: applications have it, and would open links to
 * whoever answers there. */
static void set(struct pr_engine *engine, const struct pr_pool_ranges *ranges)
{
	engine->pool_closed = !ranges;
	if (engine->pool && (!ranges || pr_pool_ranges_equal(pr_pool_ranges(engine->pool), ranges)))
		return;
	put_aside(engine);
	if (ranges) {
		engine->pool = pr_pool_new(ranges, 0);
		if (engine->pool_saved &&
		    pr_pool_load(engine->pool, engine->pool_saved, engine->pool_saved_len,
				 engine->now_us, real_now_us(engine)) < 0)
			engine->pool_lost = true;
		if (engine->pool_lost)
			pr_pool_scatter(engine->pool);
		engine->pool_lost = false;
		free(engine->pool_saved);
		engine->pool_saved = NULL;
	}
	hold_again(engine);
}

void pr_pool_policy(struct pr_engine *engine)
{
	struct pr_pool_ranges ranges = pr_policy_pool_ranges(engine->policy);

	memset(engine->pool_down_us, 0, sizeof(engine->pool_down_us));
	if (engine->pool_told)
		return;
	set(engine, pr_policy_n_tunnels(engine->policy) ? &ranges : NULL);
}

void pr_engine_pool_set(struct pr_engine *engine, const struct pr_pool_ranges *ranges,
			uint64_t now_us)
{
	pr_engine_enter(engine, now_us);
	engine->pool_told = true;
	set(engine, ranges);
	pr_redecide_all(engine);
	pr_engine_leave(engine);
}

void pr_pool_count(const struct pr_engine *engine, struct pr_engine_counters *counters)
{
	struct pr_pool_counters of_pool = { 0 };

	if (engine->pool && !engine->pool_closed)
		pr_pool_counters(engine->pool, &of_pool);
	counters->pool_given = of_pool.given;
	counters->pool_full = of_pool.full;
	counters->pool_now = of_pool.n;
}

/* ---- kept with the names ---- */

int pr_engine_names_save(struct pr_engine *engine, uint64_t now_us, uint8_t **ret_bytes,
			 size_t *ret_len)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *made = NULL;
	uint8_t *bytes, *pool;
	struct pr_writer writer;
	size_t names_len, pool_len, len;
	int r = 0;

	pr_engine_enter(engine, now_us);
	pool = engine->pool_saved;
	pool_len = pool ? engine->pool_saved_len : 0;
	if (engine->pool) {
		r = pr_pool_save(engine->pool, engine->now_us, real_now_us(engine), &made,
				 &pool_len);
		pool = made;
	}
	names_len = pr_names_saved_len(engine->names);
	bytes = pr_calloc(1, MAGIC_LEN + 4 + names_len + 4 + pool_len);
	if (r == 0)
		r = pr_names_save(engine->names, engine->now_us, real_now_us(engine),
				  bytes + MAGIC_LEN + 4, names_len, &len);
	if (r == 0) {
		writer = pr_writer(bytes, MAGIC_LEN + 4 + len + 4 + pool_len);
		pr_write_bytes(&writer, MAGIC, MAGIC_LEN);
		pr_write_u32(&writer, (uint32_t)len);
		writer.position += len;
		pr_write_u32(&writer, (uint32_t)pool_len);
		pr_write_bytes(&writer, pool, pool_len);
		pr_assert(!writer.failed);
		*ret_len = writer.position;
	}
	pr_engine_leave(engine);
	if (r != 0) {
		free(bytes);
		return r;
	}
	*ret_bytes = bytes;
	return 0;
}

/* Before there is a pool, it is loaded when one is set. */
static void take_pool(struct pr_engine *engine, const uint8_t *bytes, size_t len)
{
	if (engine->pool) {
		if (!len ||
		    pr_pool_load(engine->pool, bytes, len, engine->now_us, real_now_us(engine)) < 0)
			pr_pool_scatter(engine->pool);
		return;
	}
	engine->pool_lost = true;
	if (!len)
		return;
	engine->pool_lost = false;
	free(engine->pool_saved);
	engine->pool_saved = pr_calloc(1, len);
	memcpy(engine->pool_saved, bytes, len);
	engine->pool_saved_len = len;
}

int pr_engine_names_load(struct pr_engine *engine, const uint8_t *bytes, size_t len,
			 uint64_t now_us)
{
	struct pr_reader reader = pr_reader(bytes, len);
	const uint8_t *magic = pr_read_bytes(&reader, MAGIC_LEN), *names = bytes, *pool = NULL;
	size_t names_len = len, pool_len = 0;
	int r;

	if (magic && memcmp(magic, MAGIC, MAGIC_LEN) == 0) {
		names_len = pr_read_u32(&reader);
		names = pr_read_bytes(&reader, names_len);
		pool_len = pr_read_u32(&reader);
		pool = pr_read_bytes(&reader, pool_len);
	}
	pr_engine_enter(engine, now_us);
	if (reader.failed || (pool && pr_reader_left(&reader))) {
		take_pool(engine, NULL, 0);
		pr_engine_leave(engine);
		return -EBADMSG;
	}
	r = pr_names_load(engine->names, engine->now_us, real_now_us(engine), names, names_len);
	take_pool(engine, pool, pool_len);
	pr_engine_leave(engine);
	return r == PR_NAMES_DAMAGED ? -EBADMSG : r;
}

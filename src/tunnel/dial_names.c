/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A name is busy: it is being asked for, or somebody was woken who has not left yet; or it is kept, for those that come
 * while it is fresh, the longest unused at the head.
 */
#include "tunnel/dial_names.h"

#include "base/chain.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/index.h"

#include <string.h>

/* A channel's place. */
struct place {
	struct pr_dial_channel *channel; /* NULL = free */
	uint64_t used_us;
	unsigned int n_busy; /* names */
};

struct pr_dial_name {
	struct pr_dial_names *names;
	struct place *place;
	char *text;
	uint64_t hash, fresh_until_us;
	struct pr_dial_heard heard[2]; /* A, AAAA */
	LIST_HEAD(, pr_dial_waiter) waiters;
	struct pr_chain_node kept;
	uint32_t number;
	unsigned int n_open; /* questions */
	bool is_kept;
};

struct pr_dial_names {
	struct event_base *base;
	struct place places[PR_DIAL_CHANNELS_MAX];
	struct pr_slab slab;
	struct pr_index index;
	struct pr_chain kept;
};

#define KEPT offsetof(struct pr_dial_name, kept)

struct pr_dial_names *pr_dial_names_new(struct event_base *base)
{
	struct pr_dial_names *names = pr_calloc(1, sizeof(*names));

	names->base = base;
	pr_slab_init(&names->slab, sizeof(struct pr_dial_name), PR_DIAL_ASKED_MAX);
	pr_index_init(&names->index, 64);
	pr_chain_init(&names->kept);
	return names;
}

static struct pr_dial_name *name_at(const struct pr_dial_names *names, uint32_t number)
{
	return pr_slab_at(&names->slab, number);
}

/* ---- kept and dropped ---- */

static void keep(struct pr_dial_name *name)
{
	if (name->is_kept)
		return;
	pr_chain_append(&name->names->kept, &name->names->slab, KEPT, name->number);
	name->is_kept = true;
	name->place->n_busy--;
}

static void unkeep(struct pr_dial_name *name)
{
	if (!name->is_kept)
		return;
	pr_chain_remove(&name->names->kept, &name->names->slab, KEPT, name->number);
	name->is_kept = false;
	name->place->n_busy++;
}

static void drop(struct pr_dial_name *name)
{
	struct pr_dial_names *names = name->names;

	unkeep(name);
	name->place->n_busy--;
	pr_index_remove(&names->index, name->hash, name->number);
	free(name->text);
	pr_slab_give(&names->slab, name->number);
}

/* Its last answer came, or nobody waits any more. */
static void settle(struct pr_dial_name *name)
{
	struct pr_dial_names *names = name->names;

	if (name->n_open || !LIST_EMPTY(&name->waiters))
		return;
	if (name->fresh_until_us == 0) {
		drop(name);
		return;
	}
	keep(name);
	if (names->kept.n > PR_DIAL_NAMES_MAX)
		drop(name_at(names, names->kept.head));
}

static void drop_kept(struct pr_dial_names *names, const struct place *place)
{
	uint32_t next;

	for (uint32_t number = names->kept.head; number != PR_SLAB_NONE; number = next) {
		struct pr_dial_name *name = name_at(names, number);

		next = name->kept.next;
		if (name->place == place)
			drop(name);
	}
}

/* ---- channels ---- */

static struct place *find_place(struct pr_dial_names *names, const struct pr_dial_where *where)
{
	for (unsigned int i = 0; i < PR_DIAL_CHANNELS_MAX; i++)
		if (names->places[i].channel &&
		    pr_dial_channel_is(names->places[i].channel, where->interface,
				       where->nameservers, where->n_nameservers))
			return &names->places[i];
	return NULL;
}

/* A free one, or that of the idle channel whose use is the longest ago. */
static struct place *free_place(struct pr_dial_names *names)
{
	struct place *oldest = NULL;

	for (unsigned int i = 0; i < PR_DIAL_CHANNELS_MAX; i++) {
		struct place *place = &names->places[i];

		if (!place->channel)
			return place;
		if (place->n_busy == 0 && (!oldest || place->used_us < oldest->used_us))
			oldest = place;
	}
	if (oldest) {
		drop_kept(names, oldest);
		pr_dial_channel_free(PR_TAKE_PTR(oldest->channel));
	}
	return oldest;
}

static struct place *use_place(struct pr_dial_names *names, const struct pr_dial_where *where,
			       uint64_t now_us)
{
	struct place *place = find_place(names, where);

	if (!place) {
		place = free_place(names);
		if (!place)
			return NULL;
		place->channel = pr_dial_channel_new(names->base, where->interface,
						     where->nameservers, where->n_nameservers);
		if (!place->channel)
			return NULL;
	}
	place->used_us = now_us;
	return place;
}

void pr_dial_names_free(struct pr_dial_names *names)
{
	if (!names)
		return;
	for (unsigned int i = 0; i < PR_DIAL_CHANNELS_MAX; i++) {
		struct place *place = &names->places[i];

		if (!place->channel)
			continue;
		pr_dial_channel_cancel(place->channel);
		drop_kept(names, place);
		pr_assert(place->n_busy == 0);
		pr_dial_channel_free(place->channel);
	}
	pr_slab_done(&names->slab);
	pr_index_done(&names->index);
	free(names);
}

/* ---- answers ---- */

static bool is_certain(const struct pr_dial_heard *heard)
{
	return heard->answer == PR_DIAL_FOUND || heard->answer == PR_DIAL_NO_ADDRESS ||
	       heard->answer == PR_DIAL_NO_NAME;
}

/* How long both may be believed; 0 = one of them is no answer. */
static uint64_t lasts_us(const struct pr_dial_name *name)
{
	uint32_t ttl_s = PR_DIAL_TTL_MOST_S;

	for (unsigned int i = 0; i < 2; i++) {
		const struct pr_dial_heard *heard = &name->heard[i];

		if (!is_certain(heard))
			return 0;
		if (heard->answer == PR_DIAL_FOUND && heard->ttl_s < ttl_s)
			ttl_s = heard->ttl_s;
	}
	if (ttl_s < PR_DIAL_TTL_LEAST_S)
		ttl_s = PR_DIAL_TTL_LEAST_S;
	if (name->heard[0].n == 0 && name->heard[1].n == 0)
		ttl_s = PR_DIAL_TTL_NONE_S;
	return ttl_s * UINT64_C(1000000);
}

static void on_answered(void *context, bool v6, const struct pr_dial_heard *heard)
{
	struct pr_dial_name *name = context;
	struct pr_dial_waiter *waiter;
	uint64_t lasts;

	name->heard[v6] = *heard;
	if (--name->n_open == 0) {
		lasts = lasts_us(name);
		name->fresh_until_us = lasts ? pr_clock_monotonic_us() + lasts : 0;
	}
	LIST_FOREACH(waiter, &name->waiters, link)
	event_active(waiter->wake, 0, 0);
	settle(name);
}

/* ---- questions ---- */

static struct pr_dial_name *find(const struct pr_dial_names *names, const struct place *place,
				 const char *host, uint64_t hash)
{
	for (struct pr_index_walk walk = pr_index_find(&names->index, hash);
	     pr_index_next(&names->index, &walk);) {
		struct pr_dial_name *name = name_at(names, walk.value);

		if (name->place == place && strcmp(name->text, host) == 0)
			return name;
	}
	return NULL;
}

static struct pr_dial_name *add(struct pr_dial_names *names, struct place *place, const char *host,
				uint64_t hash)
{
	uint32_t number = pr_slab_take(&names->slab);
	struct pr_dial_name *name;

	if (number == PR_SLAB_NONE)
		return NULL;
	name = name_at(names, number);
	name->names = names;
	name->place = place;
	name->text = pr_strdup(host);
	name->hash = hash;
	name->number = number;
	LIST_INIT(&name->waiters);
	pr_index_insert(&names->index, hash, number);
	place->n_busy++;
	return name;
}

int pr_dial_names_ask(struct pr_dial_names *names, const struct pr_dial_where *where,
		      const char *host, struct event *wake, struct pr_dial_waiter *waiter)
{
	uint64_t now_us = pr_clock_monotonic_us(), hash = pr_hash(host, strlen(host));
	struct place *place = use_place(names, where, now_us);
	struct pr_dial_name *name;
	bool is_new;

	if (!place)
		return -ENOBUFS;
	name = find(names, place, host, hash);
	if (name && name->is_kept && now_us >= name->fresh_until_us) {
		drop(name);
		name = NULL;
	}
	is_new = !name;
	if (!name)
		name = add(names, place, host, hash);
	if (!name)
		return -ENOBUFS;
	unkeep(name);
	waiter->name = name;
	waiter->wake = wake;
	LIST_INSERT_HEAD(&name->waiters, waiter, link);
	if (is_new) {
		name->n_open = 2;
		pr_dial_channel_ask(place->channel, host, on_answered, name);
	} else if (name->heard[0].answer || name->heard[1].answer) {
		event_active(wake, 0, 0);
	}
	return 0;
}

const struct pr_dial_heard *pr_dial_names_heard(const struct pr_dial_waiter *waiter, bool v6)
{
	return &waiter->name->heard[v6];
}

void pr_dial_names_leave(struct pr_dial_waiter *waiter)
{
	struct pr_dial_name *name = PR_TAKE_PTR(waiter->name);

	if (!name)
		return;
	LIST_REMOVE(waiter, link);
	settle(name);
}

void pr_dial_names_forget(struct pr_dial_names *names, const struct pr_dial_where *where,
			  const char *host)
{
	struct place *place = find_place(names, where);
	struct pr_dial_name *name;

	if (!place)
		return;
	name = find(names, place, host, pr_hash(host, strlen(host)));
	if (name && name->is_kept)
		drop(name);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/communication.h"

#include "base/hash.h"

#include <stddef.h>
#include <string.h>

#define IDLE offsetof(struct pr_communication, idle)

struct pr_communications {
	struct pr_applications *applications;
	struct pr_texts *texts;
	struct pr_slab slab;
	struct pr_index index;
	struct pr_chain idle; /* used longest ago first */
	void (*forgotten)(void *context, struct pr_communication *communication);
	void *context;
	uint64_t n_made;
	struct pr_communications_counters counters;
};

struct key {
	uint32_t application, domain;
	uint8_t direction, scope;
};

static struct pr_communication *at(const struct pr_communications *communications, uint32_t number)
{
	return pr_slab_at(&communications->slab, number);
}

/* The number stands in the id's lower bits, a serial number above it. */
#define NUMBER_BITS 20
#define NUMBER_MASK ((UINT32_C(1) << NUMBER_BITS) - 1)
_Static_assert(PR_COMMUNICATIONS_MAX <= NUMBER_MASK, "a number fits an id");
/* A free entry is zero behind its first four bytes (base/slab.h). */
_Static_assert(offsetof(struct pr_communication, id) >= 4, "the id of a free entry is 0");

static uint32_t number_of(const struct pr_communication *communication)
{
	return (uint32_t)communication->id & NUMBER_MASK;
}

static struct key key_of(const struct pr_communication *communication)
{
	return (struct key){ communication->application, communication->domain,
			     communication->direction, communication->scope };
}

static uint64_t hash_of(const struct key *key)
{
	uint32_t words[3] = { key->application, key->domain,
			      (uint32_t)key->direction << 8 | key->scope };

	return pr_hash(words, sizeof(words));
}

static bool is_equal(const struct key *a, const struct key *b)
{
	return a->application == b->application && a->domain == b->domain &&
	       a->direction == b->direction && a->scope == b->scope;
}

static uint32_t find(const struct pr_communications *communications, const struct key *key)
{
	for (struct pr_index_walk walk = pr_index_find(&communications->index, hash_of(key));
	     pr_index_next(&communications->index, &walk);) {
		struct key other = key_of(at(communications, walk.value));

		if (is_equal(key, &other))
			return walk.value;
	}
	return PR_SLAB_NONE;
}

struct pr_communications *pr_communications_new(
	struct pr_applications *applications, struct pr_texts *texts, uint32_t n_max,
	void (*forgotten)(void *context, struct pr_communication *communication), void *context)
{
	struct pr_communications *communications = pr_calloc(1, sizeof(*communications));

	pr_assert(n_max <= NUMBER_MASK);
	communications->applications = applications;
	communications->texts = texts;
	communications->forgotten = forgotten;
	communications->context = context;
	pr_slab_init(&communications->slab, sizeof(struct pr_communication),
		     n_max ? n_max : PR_COMMUNICATIONS_MAX);
	pr_index_init(&communications->index, 0);
	pr_chain_init(&communications->idle);
	return communications;
}

static void drop(struct pr_communications *communications, uint32_t number)
{
	struct pr_communication *communication = at(communications, number);
	struct key key = key_of(communication);

	if (communications->forgotten)
		communications->forgotten(communications->context, communication);
	if (communication->n_held == 0)
		pr_chain_remove(&communications->idle, &communications->slab, IDLE, number);
	pr_index_remove(&communications->index, hash_of(&key), number);
	pr_texts_release(communications->texts, communication->domain);
	pr_applications_release(communications->applications, communication->application);
	pr_slab_give(&communications->slab, number);
}

void pr_communications_free(struct pr_communications *communications)
{
	if (!communications)
		return;
	for (uint32_t i = 0; i < communications->slab.n_made; i++)
		if (at(communications, i)->id)
			drop(communications, i);
	pr_slab_done(&communications->slab);
	pr_index_done(&communications->index);
	free(communications);
}

/* Takes the reference to the key's domain. */
static struct pr_communication *make_take(struct pr_communications *communications,
					  const struct key *key, uint64_t now_us)
{
	struct pr_communication *communication;
	uint32_t number;

	if (communications->slab.n_used >= communications->slab.n_max &&
	    communications->idle.head != PR_SLAB_NONE) {
		drop(communications, communications->idle.head);
		communications->counters.evicted++;
	}
	number = pr_slab_take(&communications->slab);
	if (number == PR_SLAB_NONE)
		return NULL;
	communication = at(communications, number);
	communication->id = ++communications->n_made << NUMBER_BITS | number;
	communication->application = key->application;
	communication->domain = key->domain;
	communication->direction = key->direction;
	communication->scope = key->scope;
	communication->first_us = now_us;
	communication->last_us = now_us;
	pr_applications_hold_again(communications->applications, key->application);
	pr_chain_append(&communications->idle, &communications->slab, IDLE, number);
	pr_index_insert(&communications->index, hash_of(key), number);
	communications->counters.made++;
	return communication;
}

struct pr_communication *pr_communications_find(const struct pr_communications *communications,
						uint32_t application, const char *domain,
						enum pr_direction direction, enum pr_scope scope)
{
	struct key key = { application, PR_TEXT_NONE, (uint8_t)direction, (uint8_t)scope };
	uint32_t number;

	if (domain) {
		key.scope = PR_SCOPE_INVALID;
		key.domain = pr_texts_find(communications->texts, domain);
		if (key.domain == PR_TEXT_NONE)
			return NULL;
	}
	number = find(communications, &key);
	return number == PR_SLAB_NONE ? NULL : at(communications, number);
}

struct pr_communication *pr_communications_get(struct pr_communications *communications,
					       uint32_t application, const char *domain,
					       enum pr_direction direction, enum pr_scope scope,
					       uint64_t now_us)
{
	struct key key = { application, PR_TEXT_NONE, (uint8_t)direction, (uint8_t)scope };
	struct pr_communication *communication;

	communication =
		pr_communications_find(communications, application, domain, direction, scope);
	if (communication) {
		communication->last_us = now_us;
		if (communication->n_held == 0) {
			uint32_t number = number_of(communication);

			pr_chain_remove(&communications->idle, &communications->slab, IDLE, number);
			pr_chain_append(&communications->idle, &communications->slab, IDLE, number);
		}
		return communication;
	}
	if (domain) {
		key.scope = PR_SCOPE_INVALID;
		key.domain = pr_texts_hold(communications->texts, domain);
	}
	if (!domain || key.domain != PR_TEXT_NONE)
		communication = make_take(communications, &key, now_us);
	if (!communication) {
		pr_texts_release(communications->texts, key.domain);
		communications->counters.refused++;
	}
	return communication;
}

struct pr_communication *pr_communications_by_id(const struct pr_communications *communications,
						 uint64_t id)
{
	uint32_t number = (uint32_t)id & NUMBER_MASK;

	if (!id || number >= communications->slab.n_made || at(communications, number)->id != id)
		return NULL;
	return at(communications, number);
}

const char *pr_communication_domain(const struct pr_communications *communications,
				    const struct pr_communication *communication)
{
	if (communication->domain == PR_TEXT_NONE)
		return NULL;
	return pr_texts_get(communications->texts, communication->domain);
}

void pr_communication_hold(struct pr_communications *communications,
			   struct pr_communication *communication, uint64_t now_us)
{
	if (communication->n_held++ == 0)
		pr_chain_remove(&communications->idle, &communications->slab, IDLE,
				number_of(communication));
	communication->last_us = now_us;
}

void pr_communication_release(struct pr_communications *communications,
			      struct pr_communication *communication, uint64_t now_us)
{
	pr_assert(communication->n_held > 0);
	if (--communication->n_held == 0)
		pr_chain_append(&communications->idle, &communications->slab, IDLE,
				number_of(communication));
	communication->last_us = now_us;
}

struct pr_communication *pr_communications_next(const struct pr_communications *communications,
						uint32_t *cursor)
{
	while (*cursor < communications->slab.n_made) {
		struct pr_communication *communication = at(communications, (*cursor)++);

		if (communication->id)
			return communication;
	}
	return NULL;
}

void pr_communications_counters(const struct pr_communications *communications,
				struct pr_communications_counters *ret_counters)
{
	*ret_counters = communications->counters;
	ret_counters->n = communications->slab.n_used;
	ret_counters->n_max = communications->slab.n_max;
}

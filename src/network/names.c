/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each name stands in four orders: by (application, address) in an index, where a look-up finds the
 * few candidates and sorts them; by age in its application's list, which the limit per application
 * cuts; by expiry in a heap, which the limit of all cuts; and its domain among the shared texts.
 */
#include "network/names_table.h"

#include "base/hash.h"
#include "base/name.h"

#include <stddef.h>
#include <string.h>

/* With a mean domain of 25 bytes far more than PR_NAMES_MAX need; long ones give way sooner. */
#define DOMAIN_BYTES_MAX       (16u << 20)
#define N_EVICTED_FOR_TEXT_MAX 16
#define BY_AGE		       offsetof(struct pr_name, by_age)

static struct pr_name *name_at(const struct pr_names *names, uint32_t number)
{
	return pr_slab_at(&names->names, number);
}

static struct pr_name_owner *owner_at(const struct pr_names *names, uint32_t number)
{
	return pr_slab_at(&names->owners, number);
}

static uint64_t hash_of_key(uint32_t application, const struct pr_address *address)
{
	uint8_t key[sizeof(application) + sizeof(*address)];

	memcpy(key, &application, sizeof(application));
	memcpy(key + sizeof(application), address, sizeof(*address));
	return pr_hash(key, sizeof(key));
}

static uint64_t hash_of_application(uint32_t application)
{
	return pr_hash(&application, sizeof(application));
}

struct pr_names *pr_names_new(struct pr_applications *applications, uint32_t n_max,
			      uint32_t n_max_per_application)
{
	struct pr_names *names = pr_calloc(1, sizeof(*names));

	if (!n_max)
		n_max = PR_NAMES_MAX;
	names->applications = applications;
	names->n_max_per_application =
		n_max_per_application ? n_max_per_application : PR_NAMES_PER_APPLICATION_MAX;
	/* Communications hold domains too, some of names that are forgotten. */
	pr_texts_init(&names->domains, 2 * n_max, DOMAIN_BYTES_MAX);
	pr_slab_init(&names->names, sizeof(struct pr_name), n_max);
	pr_slab_init(&names->owners, sizeof(struct pr_name_owner), n_max);
	pr_index_init(&names->by_key, 0);
	pr_index_init(&names->by_application, 0);
	pr_heap_init(&names->by_expiry);
	return names;
}

static uint32_t owner_find(const struct pr_names *names, uint32_t application)
{
	for (struct pr_index_walk walk =
		     pr_index_find(&names->by_application, hash_of_application(application));
	     pr_index_next(&names->by_application, &walk);)
		if (owner_at(names, walk.value)->application == application)
			return walk.value;
	return PR_SLAB_NONE;
}

static uint32_t owner_get(struct pr_names *names, uint32_t application)
{
	uint32_t number = owner_find(names, application);
	struct pr_name_owner *owner;

	if (number != PR_SLAB_NONE)
		return number;
	/* As many owners fit as names, and each has one. */
	number = pr_slab_take(&names->owners);
	pr_assert(number != PR_SLAB_NONE);
	owner = owner_at(names, number);
	owner->application = application;
	pr_chain_init(&owner->names);
	pr_applications_hold_again(names->applications, application);
	pr_index_insert(&names->by_application, hash_of_application(application), number);
	return number;
}

static void owner_put(struct pr_names *names, uint32_t number)
{
	struct pr_name_owner *owner = owner_at(names, number);

	if (owner->names.n)
		return;
	pr_index_remove(&names->by_application, hash_of_application(owner->application), number);
	pr_applications_release(names->applications, owner->application);
	pr_slab_give(&names->owners, number);
}

static void drop(struct pr_names *names, uint32_t number)
{
	struct pr_name *name = name_at(names, number);
	uint32_t owner = name->owner;

	pr_index_remove(&names->by_key, hash_of_key(name->application, &name->address), number);
	pr_heap_remove(&names->by_expiry, number);
	pr_chain_remove(&owner_at(names, owner)->names, &names->names, BY_AGE, number);
	pr_texts_release(&names->domains, name->domain);
	pr_slab_give(&names->names, number);
	owner_put(names, owner);
}

static void evict(struct pr_names *names, uint32_t number)
{
	drop(names, number);
	names->counters.evicted++;
}

void pr_names_free(struct pr_names *names)
{
	if (!names)
		return;
	while (pr_heap_first(&names->by_expiry))
		drop(names, pr_heap_first(&names->by_expiry)->number);
	pr_texts_done(&names->domains);
	pr_slab_done(&names->names);
	pr_slab_done(&names->owners);
	pr_index_done(&names->by_key);
	pr_index_done(&names->by_application);
	pr_heap_done(&names->by_expiry);
	free(names);
}

/* The name itself, if it is there; otherwise the key's oldest and how many it has. */
static uint32_t find_exact(const struct pr_names *names, uint32_t application,
			   const struct pr_address *address, const char *domain,
			   enum pr_name_grade grade, uint32_t *ret_oldest, unsigned int *ret_n)
{
	uint32_t oldest = PR_SLAB_NONE;
	unsigned int n = 0;

	for (struct pr_index_walk walk =
		     pr_index_find(&names->by_key, hash_of_key(application, address));
	     pr_index_next(&names->by_key, &walk);) {
		const struct pr_name *name = name_at(names, walk.value);

		if (name->application != application || !pr_address_equal(&name->address, address))
			continue;
		if (name->grade == grade &&
		    strcmp(pr_texts_get(&names->domains, name->domain), domain) == 0)
			return walk.value;
		n++;
		if (oldest == PR_SLAB_NONE || name->learnt < name_at(names, oldest)->learnt)
			oldest = walk.value;
	}
	*ret_oldest = oldest;
	*ret_n = n;
	return PR_SLAB_NONE;
}

static void renew(struct pr_names *names, uint32_t number, uint32_t expiry_s)
{
	struct pr_name *name = name_at(names, number);
	struct pr_chain *chain = &owner_at(names, name->owner)->names;

	if (expiry_s > name->expiry_s) {
		name->expiry_s = expiry_s;
		pr_heap_set(&names->by_expiry, number, expiry_s);
	}
	name->learnt = ++names->n_learnt;
	pr_chain_remove(chain, &names->names, BY_AGE, number);
	pr_chain_append(chain, &names->names, BY_AGE, number);
	names->counters.renewed++;
}

/* Holds the text. What expires first gives way for it, but only so much: where communications hold
 * the texts, forgetting names would free nothing. */
static uint32_t domain_hold(struct pr_names *names, const char *domain)
{
	uint32_t text = PR_TEXT_NONE;

	if (strlen(domain) >= PR_NAME_TEXT_SIZE)
		return PR_TEXT_NONE;
	for (unsigned int i = 0; i <= N_EVICTED_FOR_TEXT_MAX; i++) {
		text = pr_texts_hold(&names->domains, domain);
		if (text != PR_TEXT_NONE || !pr_heap_first(&names->by_expiry))
			break;
		evict(names, pr_heap_first(&names->by_expiry)->number);
	}
	return text;
}

static void make_room(struct pr_names *names, uint32_t application)
{
	uint32_t owner = owner_find(names, application);

	if (owner != PR_SLAB_NONE &&
	    owner_at(names, owner)->names.n >= names->n_max_per_application)
		evict(names, owner_at(names, owner)->names.head);
	if (names->names.n_used >= names->names.n_max)
		evict(names, pr_heap_first(&names->by_expiry)->number);
}

void pr_names_learn_until(struct pr_names *names, uint32_t application,
			  const struct pr_address *address, const char *domain,
			  enum pr_name_grade grade, bool alias, uint32_t expiry_s)
{
	uint32_t number, oldest, text;
	struct pr_name *name;
	unsigned int n;

	number = find_exact(names, application, address, domain, grade, &oldest, &n);
	if (number != PR_SLAB_NONE) {
		name_at(names, number)->alias &= alias;
		renew(names, number, expiry_s);
		return;
	}
	if (n >= (grade == PR_NAME_HOSTS ? PR_SUBJECT_DOMAINS_MAX : PR_NAMES_PER_ADDRESS_MAX))
		evict(names, oldest);
	make_room(names, application);
	text = domain_hold(names, domain);
	if (text == PR_TEXT_NONE) {
		names->counters.refused++;
		return;
	}
	number = pr_slab_take(&names->names);
	pr_assert(number != PR_SLAB_NONE);
	name = name_at(names, number);
	name->application = application;
	name->domain = text;
	name->address = *address;
	name->grade = (uint8_t)grade;
	name->alias = alias;
	name->expiry_s = expiry_s;
	name->owner = owner_get(names, application);
	name->learnt = ++names->n_learnt;
	pr_chain_append(&owner_at(names, name->owner)->names, &names->names, BY_AGE, number);
	pr_index_insert(&names->by_key, hash_of_key(application, address), number);
	pr_heap_set(&names->by_expiry, number, expiry_s);
	names->counters.learnt++;
}

void pr_names_learn(struct pr_names *names, uint32_t application, const struct pr_address *address,
		    const char *domain, enum pr_name_grade grade, bool alias, uint32_t ttl_s,
		    uint64_t now_us)
{
	uint32_t expiry_s = PR_NAMES_FOR_EVER;

	if (ttl_s != PR_NAMES_FOR_EVER) {
		if (ttl_s < PR_NAMES_KEEP_S_LEAST)
			ttl_s = PR_NAMES_KEEP_S_LEAST;
		if (ttl_s > PR_NAMES_KEEP_S_MOST)
			ttl_s = PR_NAMES_KEEP_S_MOST;
		expiry_s = (uint32_t)(now_us / 1000000u) + ttl_s;
	}
	pr_names_learn_until(names, application, address, domain, grade, alias, expiry_s);
}

static bool is_before(const struct pr_name *a, const struct pr_name *b)
{
	return a->grade != b->grade ? a->grade < b->grade : a->learnt > b->learnt;
}

/* Inserts the key's names into the sorted candidates; the last ones fall off the end. */
static unsigned int collect(const struct pr_names *names, uint32_t application,
			    const struct pr_address *address, uint32_t now_s,
			    const struct pr_name **found, unsigned int n)
{
	for (struct pr_index_walk walk =
		     pr_index_find(&names->by_key, hash_of_key(application, address));
	     pr_index_next(&names->by_key, &walk);) {
		const struct pr_name *name = name_at(names, walk.value);
		unsigned int at = n;

		if (name->application != application || name->expiry_s <= now_s ||
		    !pr_address_equal(&name->address, address))
			continue;
		while (at && is_before(name, found[at - 1]))
			at--;
		if (at == PR_SUBJECT_DOMAINS_MAX)
			continue;
		if (n < PR_SUBJECT_DOMAINS_MAX)
			n++;
		memmove(found + at + 1, found + at, (n - 1 - at) * sizeof(*found));
		found[at] = name;
	}
	return n;
}

static struct pr_name_candidate candidate(const struct pr_names *names, const struct pr_name *name)
{
	return (struct pr_name_candidate){
		.domain = pr_texts_get(&names->domains, name->domain),
		.grade = (enum pr_name_grade)name->grade,
		.alias = name->alias,
		.domain_text = name->domain,
	};
}

unsigned int pr_names_find(const struct pr_names *names, uint32_t application,
			   const struct pr_address *address, uint64_t now_us,
			   struct pr_name_candidate ret_candidates[PR_SUBJECT_DOMAINS_MAX])
{
	const struct pr_name *found[PR_SUBJECT_DOMAINS_MAX];
	uint32_t now_s = (uint32_t)(now_us / 1000000u);
	unsigned int n = 0;

	if (application != PR_APPLICATION_ALL)
		n = collect(names, application, address, now_s, found, n);
	n = collect(names, PR_APPLICATION_ALL, address, now_s, found, n);
	for (unsigned int i = 0; i < n; i++)
		ret_candidates[i] = candidate(names, found[i]);
	return n;
}

/* The best of that name; NULL: the instance has none. */
static const struct pr_name *find_one(const struct pr_names *names, uint32_t application,
				      const struct pr_address *address, uint32_t text,
				      uint32_t now_s)
{
	const struct pr_name *best = NULL;

	for (struct pr_index_walk walk =
		     pr_index_find(&names->by_key, hash_of_key(application, address));
	     pr_index_next(&names->by_key, &walk);) {
		const struct pr_name *name = name_at(names, walk.value);

		if (name->application == application && name->domain == text &&
		    name->expiry_s > now_s && pr_address_equal(&name->address, address) &&
		    (!best || is_before(name, best)))
			best = name;
	}
	return best;
}

bool pr_names_find_one(const struct pr_names *names, uint32_t application,
		       const struct pr_address *address, const char *domain, uint64_t now_us,
		       struct pr_name_candidate *ret_candidate)
{
	uint32_t text = pr_texts_find(&names->domains, domain);
	uint32_t now_s = (uint32_t)(now_us / 1000000u);
	const struct pr_name *found;

	if (text == PR_TEXT_NONE)
		return false;
	found = find_one(names, application, address, text, now_s);
	if (!found && application != PR_APPLICATION_ALL)
		found = find_one(names, PR_APPLICATION_ALL, address, text, now_s);
	if (found)
		*ret_candidate = candidate(names, found);
	return found;
}

bool pr_names_has_host(const struct pr_names *names, const char *domain)
{
	uint32_t text = pr_texts_find(&names->domains, domain);
	uint32_t owner = owner_find(names, PR_APPLICATION_ALL), i;

	if (text == PR_TEXT_NONE || owner == PR_SLAB_NONE)
		return false;
	for (i = owner_at(names, owner)->names.head; i != PR_SLAB_NONE;
	     i = name_at(names, i)->by_age.next)
		if (name_at(names, i)->domain == text && name_at(names, i)->grade == PR_NAME_HOSTS)
			return true;
	return false;
}

bool pr_names_next(const struct pr_names *names, uint32_t *cursor, struct pr_name_known *ret_known)
{
	while (*cursor < names->names.n_made) {
		const struct pr_name *name = name_at(names, (*cursor)++);

		if (!name->address.family)
			continue;
		*ret_known = (struct pr_name_known){
			.application = name->application,
			.address = name->address,
			.domain = pr_texts_get(&names->domains, name->domain),
			.grade = (enum pr_name_grade)name->grade,
			.expiry_us = name->expiry_s == PR_NAMES_FOR_EVER
					     ? 0
					     : name->expiry_s * UINT64_C(1000000),
		};
		return true;
	}
	return false;
}

void pr_names_forget(struct pr_names *names, enum pr_name_grade grade)
{
	for (uint32_t i = 0; i < names->names.n_made; i++)
		if (name_at(names, i)->learnt && name_at(names, i)->grade == grade)
			drop(names, i);
}

void pr_names_expire(struct pr_names *names, uint64_t now_us)
{
	const struct pr_heap_entry *first;

	while ((first = pr_heap_first(&names->by_expiry)) && first->key <= now_us / 1000000u) {
		drop(names, first->number);
		names->counters.expired++;
	}
}

struct pr_texts *pr_names_texts(struct pr_names *names)
{
	return &names->domains;
}

void pr_names_counters(const struct pr_names *names, struct pr_names_counters *ret_counters)
{
	*ret_counters = names->counters;
	ret_counters->n = names->names.n_used;
	ret_counters->n_max = names->names.n_max;
}

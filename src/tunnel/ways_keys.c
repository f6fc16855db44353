/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A proxy hears accounts that are drawn: they tell nothing of the application, and one that is renewed or was forgotten
 * has nothing to do with the former. The digest is one that nobody finds collisions of, for domains are a web page's
 * choice, and two that collide would share a circuit.
 */
#include "tunnel/ways_keys.h"

#include "base/hash.h"

#include <nettle/sha2.h>
#include <string.h>
#include <sys/random.h>

#define NODE offsetof(struct pr_way_key, node)

_Static_assert(PR_WAY_SEED_LEN == SHA256_DIGEST_SIZE, "a digest is an id");

static void draw(uint8_t bytes[PR_WAY_SEED_LEN])
{
	pr_assert(getrandom(bytes, PR_WAY_SEED_LEN, 0) == PR_WAY_SEED_LEN);
}

void pr_way_keys_init(struct pr_way_keys *keys)
{
	pr_slab_init(&keys->slab, sizeof(struct pr_way_key), PR_WAYS_KEPT_MAX);
	pr_index_init(&keys->index, 64);
	pr_chain_init(&keys->used);
	draw(keys->secret);
}

void pr_way_keys_done(struct pr_way_keys *keys)
{
	pr_slab_done(&keys->slab);
	pr_index_done(&keys->index);
	explicit_bzero(keys, sizeof(*keys));
}

static void digest_text(struct sha256_ctx *sha, const char *text)
{
	sha256_update(sha, strlen(text) + 1, (const uint8_t *)text);
}

static void digest_isolated(const struct pr_way_keys *keys, const struct pr_way_isolated *isolated,
			    uint8_t ret_id[PR_WAY_SEED_LEN])
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, sizeof(keys->secret), keys->secret);
	sha256_update(&sha, sizeof(isolated->serial), (const uint8_t *)&isolated->serial);
	switch (isolated->isolate) {
	case PR_TUNNEL_PER_DOMAIN:
		digest_text(&sha, isolated->domain);
		__attribute__((fallthrough));
	case PR_TUNNEL_PER_APPLICATION:
		digest_text(&sha, isolated->application);
		break;
	case PR_TUNNEL_PER_LINK:
		sha256_update(&sha, sizeof(isolated->link), (const uint8_t *)&isolated->link);
		break;
	default:
		break;
	}
	sha256_digest(&sha, PR_WAY_SEED_LEN, ret_id);
}

static uint64_t hash_of(const uint8_t *id)
{
	uint64_t hash;

	memcpy(&hash, id, sizeof(hash));
	return hash;
}

static struct pr_way_key *key_at(const struct pr_way_keys *keys, uint32_t number)
{
	return pr_slab_at(&keys->slab, number);
}

static struct pr_way_key *find(const struct pr_way_keys *keys, const uint8_t *id)
{
	for (struct pr_index_walk walk = pr_index_find(&keys->index, hash_of(id));
	     pr_index_next(&keys->index, &walk);) {
		struct pr_way_key *key = key_at(keys, walk.value);

		if (memcmp(key->id, id, sizeof(key->id)) == 0)
			return key;
	}
	return NULL;
}

static void forget_oldest(struct pr_way_keys *keys)
{
	struct pr_way_key *oldest = key_at(keys, keys->used.head);

	pr_chain_remove(&keys->used, &keys->slab, NODE, oldest->number);
	pr_index_remove(&keys->index, hash_of(oldest->id), oldest->number);
	pr_slab_give(&keys->slab, oldest->number);
}

static struct pr_way_key *add(struct pr_way_keys *keys, const uint8_t *id)
{
	uint32_t number = pr_slab_take(&keys->slab);
	struct pr_way_key *key;

	if (number == PR_SLAB_NONE) {
		forget_oldest(keys);
		number = pr_slab_take(&keys->slab);
	}
	key = key_at(keys, number);
	memcpy(key->id, id, sizeof(key->id));
	key->number = number;
	pr_index_insert(&keys->index, hash_of(id), number);
	pr_chain_append(&keys->used, &keys->slab, NODE, number);
	return key;
}

static void renew(struct pr_way_key *key, uint32_t renew_s, uint64_t now_us)
{
	draw(key->seed);
	memset(key->hop_serials, 0, sizeof(key->hop_serials));
	memset(key->span_serials, 0, sizeof(key->span_serials));
	key->until_us = renew_s ? now_us + renew_s * UINT64_C(1000000) : UINT64_MAX;
}

static struct pr_way_key *single(struct pr_way_keys *keys, const uint8_t *id)
{
	struct sha256_ctx sha;

	memset(&keys->single, 0, sizeof(keys->single));
	memcpy(keys->single.id, id, sizeof(keys->single.id));
	sha256_init(&sha);
	sha256_update(&sha, PR_WAY_SEED_LEN, id);
	sha256_update(&sha, sizeof(keys->secret), keys->secret);
	sha256_digest(&sha, PR_WAY_SEED_LEN, keys->single.seed);
	return &keys->single;
}

struct pr_way_key *pr_way_keys_find(struct pr_way_keys *keys,
				    const struct pr_way_isolated *isolated, uint64_t now_us)
{
	uint8_t id[PR_WAY_SEED_LEN];
	struct pr_way_key *key;

	digest_isolated(keys, isolated, id);
	if (isolated->isolate == PR_TUNNEL_PER_LINK)
		return single(keys, id);
	key = find(keys, id);
	if (!key) {
		key = add(keys, id);
		renew(key, isolated->renew_s, now_us);
		return key;
	}
	pr_chain_remove(&keys->used, &keys->slab, NODE, key->number);
	pr_chain_append(&keys->used, &keys->slab, NODE, key->number);
	if (now_us >= key->until_us)
		renew(key, isolated->renew_s, now_us);
	return key;
}

void pr_way_key_text(const struct pr_way_key *key, uint32_t serial, const char *word,
		     char ret_text[PR_WAY_ACCOUNT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, sizeof(key->seed), key->seed);
	sha256_update(&sha, sizeof(serial), (const uint8_t *)&serial);
	digest_text(&sha, word);
	sha256_digest(&sha, sizeof(digest), digest);
	for (unsigned int i = 0; i < PR_WAY_ACCOUNT_SIZE / 2; i++) {
		ret_text[2 * i] = digits[digest[i] >> 4];
		ret_text[2 * i + 1] = digits[digest[i] & 15];
	}
	ret_text[PR_WAY_ACCOUNT_SIZE - 1] = '\0';
}

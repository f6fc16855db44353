/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet/tuple.h"

#include "base/hash.h"

#include <string.h>

bool pr_tuple_equal(const struct pr_tuple *a, const struct pr_tuple *b)
{
	return a->src_port == b->src_port && a->dst_port == b->dst_port && a->proto == b->proto &&
	       pr_address_equal(&a->src, &b->src) && pr_address_equal(&a->dst, &b->dst);
}

uint64_t pr_tuple_hash(const struct pr_tuple *tuple)
{
	uint8_t key[2 * sizeof(struct pr_address) + 5];
	uint8_t *at = key;

	memcpy(at, &tuple->src, sizeof(tuple->src));
	at += sizeof(tuple->src);
	memcpy(at, &tuple->dst, sizeof(tuple->dst));
	at += sizeof(tuple->dst);
	memcpy(at, &tuple->src_port, 2);
	memcpy(at + 2, &tuple->dst_port, 2);
	at[4] = tuple->proto;
	return pr_hash(key, sizeof(key));
}

const char *pr_direction_name(enum pr_direction direction)
{
	static const char *const names[] = { "out", "in", "forward" };

	return names[direction];
}

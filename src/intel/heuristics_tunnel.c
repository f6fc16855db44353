/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNS tunnels: data go out in the labels below a domain whose nameserver is the tunnel's other end. So that the
 * question reaches it, no name is ever asked for twice, and an answer must come that says more than "no such name".
 * What is counted, for each application and registrable domain: labels never seen before whose letters look random,
 * by their length, weighted by what kind of record was asked for (programs seldom look for other than addresses).
 *
 * Others ask for ever new names below one domain too: blocklists for addresses, virus scanners for hashes. Digits are
 * worth less, for addresses are made of them; names of one length count for less than names of many, for hashes have
 * one; and where most names do not exist it is no tunnel.
 */
#include "intel/heuristics_private.h"

#include "base/hash.h"
#include "intel/letters.h"

#include <stdio.h>
#include <string.h>

#define TYPE_A		   1u
#define TYPE_NULL	   10u
#define TYPE_PTR	   12u
#define TYPE_KEY	   25u
#define TYPE_AAAA	   28u
#define TYPE_SVCB	   64u
#define TYPE_HTTPS	   65u
#define TYPE_PRIVATE_FIRST 65280u /* RFC 6895, 3.1 */

#define WEIGHT_ADDRESS	   1u
#define WEIGHT_OTHER	   4u
#define WEIGHT_NEVER	   8u /* types that nothing else asks for */

#define LABEL_MIN	   4u	/* a shorter one is no data … */
#define LABEL_LONG	   40u	/* … and one of so many letters is, however they look */
#define NAME_MAX	   128u /* letters of one name that count */

/* Enough of both is a tunnel; of names that have but one or two lengths, so many times as much. */
#define POINTS	       1600u
#define NAMES	       16u
#define LENGTHS	       3
#define SAME_LENGTH_BY 8u
/* Half of what was counted is forgotten in this time; a tunnel stays one for so long after its last question. */
#define HALF_LIFE_S 600u
#define FLAGGED_S   600u

static unsigned int weight_of(uint16_t type)
{
	switch (type) {
	case TYPE_A:
	case TYPE_AAAA:
	case TYPE_PTR:
	case TYPE_SVCB:
	case TYPE_HTTPS:
		return WEIGHT_ADDRESS;
	case TYPE_NULL:
	case TYPE_KEY:
		return WEIGHT_NEVER;
	default:
		return type >= TYPE_PRIVATE_FIRST ? WEIGHT_NEVER : WEIGHT_OTHER;
	}
}

/* Letters that a label carries as data; 0 = none. */
static unsigned int data_of(const char *label, size_t len)
{
	unsigned int n = 0, digits = 0;
	bool escaped = false;

	for (size_t i = 0; i < len; i++, n++) {
		digits += (label[i] >= '0' && label[i] <= '9') || label[i] == '-';
		if (label[i] == '\\') {
			escaped = true;
			i += 3;
		}
	}
	if (n < LABEL_MIN || digits == n)
		return 0;
	if (!escaped && n < LABEL_LONG && pr_letters_score(label, len) <= 0)
		return 0;
	return digits * 2 >= n ? (n + 3) / 4 : n;
}

/* The label's end, from its beginning. */
static size_t label_len(const char *labels, size_t len)
{
	const char *dot = memchr(labels, '.', len);

	return dot ? (size_t)(dot - labels) : len;
}

unsigned int pr_tunnel_data(const char *labels, size_t len)
{
	unsigned int data = 0;

	for (size_t at = 0, n; at < len; at += n + 1) {
		n = label_len(labels + at, len - at);
		data += data_of(labels + at, n);
	}
	return data;
}

/* True when the label was not in the filter, where it is now. */
static bool is_new(struct pr_heuristic_pair *pair, uint64_t hash)
{
	const uint32_t n_bits = PR_PAIR_BLOOM_WORDS * 64;
	uint32_t a = (uint32_t)hash % n_bits, b = (uint32_t)(hash >> 32) % n_bits;
	uint64_t bit_a = UINT64_C(1) << a % 64, bit_b = UINT64_C(1) << b % 64;
	unsigned int n_set = 0;

	if (pair->labels[a / 64] & bit_a && pair->labels[b / 64] & bit_b)
		return false;
	for (unsigned int i = 0; i < PR_PAIR_BLOOM_WORDS; i++)
		n_set += (unsigned int)__builtin_popcountll(pair->labels[i]);
	if (n_set > n_bits / 2)
		memset(pair->labels, 0, sizeof(pair->labels));
	pair->labels[a / 64] |= bit_a;
	pair->labels[b / 64] |= bit_b;
	return true;
}

static unsigned int new_data(struct pr_heuristic_pair *pair, const char *labels, size_t len)
{
	unsigned int data = 0;

	for (size_t at = 0, n; at < len; at += n + 1) {
		unsigned int carries;

		n = label_len(labels + at, len - at);
		carries = data_of(labels + at, n);
		if (carries && is_new(pair, pr_hash(labels + at, n)))
			data += carries;
	}
	return data;
}

static void halve(struct pr_heuristic_pair *pair, uint32_t now_s)
{
	uint32_t times = (now_s - pair->halved_s) / HALF_LIFE_S;

	if (!times)
		return;
	pair->halved_s += times * HALF_LIFE_S;
	times = times < 16 ? times : 16;
	pair->points >>= times;
	pair->n_data >>= times;
	pair->n_missing >>= times;
	pair->bytes_up >>= times;
	pair->bytes_down >>= times;
	if (!pair->n_data) {
		pair->lengths = 0;
		pair->since_s = now_s;
	}
}

static bool is_enough(const struct pr_heuristic_pair *pair)
{
	unsigned int times = __builtin_popcountll(pair->lengths) < LENGTHS ? SAME_LENGTH_BY : 1;

	return pair->points >= POINTS * times && pair->n_data >= NAMES * times &&
	       pair->n_missing * 2u <= pair->n_data;
}

bool pr_tunnel_asked(struct pr_heuristic_pair *pair, const struct pr_heuristic_name *name,
		     const char *text, uint16_t type, uint32_t now_s)
{
	unsigned int data = 0;

	halve(pair, now_s);
	if (name->data)
		data = new_data(pair, text, name->domain_at - 1u);
	if (data) {
		pair->points += (data < NAME_MAX ? data : NAME_MAX) * weight_of(type);
		pair->bytes_up += data;
		pair->lengths |= UINT64_C(1) << name->domain_at % 64;
		if (pair->n_data < UINT16_MAX)
			pair->n_data++;
		if (is_enough(pair))
			pair->flagged_until_s = now_s + FLAGGED_S;
	}
	return pr_tunnel_is(pair, now_s);
}

void pr_tunnel_answered(struct pr_heuristic_pair *pair, const struct pr_heuristic_name *name,
			unsigned int rcode, size_t bytes)
{
	if (!name->data)
		return;
	pair->bytes_down += (uint32_t)bytes;
	if (rcode && pair->n_missing < UINT16_MAX)
		pair->n_missing++;
}

void pr_tunnel_explain(const struct pr_heuristic_pair *pair, const char *domain, uint32_t now_s,
		       char text[PR_HEURISTICS_TEXT_SIZE])
{
	(void)snprintf(text, PR_HEURISTICS_TEXT_SIZE,
		       "in %u s the application asked for %u new names of random letters below "
		       "%.80s, %u bytes up and %u down: %u points, %u suffice",
		       now_s - pair->since_s, pair->n_data, domain, pair->bytes_up,
		       pair->bytes_down, pair->points, POINTS);
}

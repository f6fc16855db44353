/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking things up in the index of a ruleset; blob.h says how it is made. */
#include "profile/policy_view.h"
#include "profile/rule.h"

#include <endian.h>
#include <string.h>

/* Could a rule with this in its protocol's place match? */
static bool admits_seen(const struct pr_search *search, uint32_t proto)
{
	bool speaks = proto >= PR_PROTO_SPEAKS;
	enum pr_known is = speaks ? search->speaks_is : search->encryption_is;

	if (search->carrier_is == PR_IS_NONE || is == PR_IS_NONE)
		return false;
	if (search->carrier_is == PR_IS_KNOWN &&
	    (!search->has_ports ||
	     (speaks &&
	      !pr_speaks_over((enum pr_speaks)(proto - PR_PROTO_SPEAKS), (uint8_t)search->proto))))
		return false;
	if (is == PR_IS_OPEN)
		return true;
	if (speaks)
		return search->speaks == proto - PR_PROTO_SPEAKS;
	return (search->encryption == PR_ENCRYPTION_YES) == (proto == PR_PROTO_ENCRYPTED);
}

static bool admits(const struct pr_search *search, uint32_t proto)
{
	if (proto == PR_PROTO_ANY)
		return true;
	if (proto > PR_PROTO_ANY)
		return admits_seen(search, proto);
	return search->proto_is == PR_IS_OPEN ||
	       (search->proto_is == PR_IS_KNOWN && search->proto == proto);
}

static bool is_looked_for(const struct pr_policy *policy, const struct pr_blob_rule *rule,
			  const struct pr_search *search)
{
	if (search->others && rule->action == PR_RULE_DENY)
		return false;
	if (!admits(search, rule->proto))
		return false;
	if (!rule->ports.n || search->port_is == PR_IS_OPEN)
		return true;
	if (search->port_is == PR_IS_NONE)
		return false;
	for (uint32_t i = 0; i < rule->ports.n; i++) {
		const struct pr_blob_ports *ports = &policy->ports[rule->ports.first + i];

		if (search->port >= ports->first && search->port <= ports->last)
			return true;
	}
	return false;
}

static uint32_t rule_at_port(const struct pr_policy *policy, struct pr_blob_span points,
			     uint32_t port)
{
	const struct pr_blob_point *at = policy->points + points.first;
	uint32_t low = 0, high = points.n;

	/* the last point at or below the port */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (at[middle].port <= port)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? at[low - 1].rule : PR_BLOB_NONE;
}

static uint32_t group_first(const struct pr_policy *policy, const struct pr_blob_group *group,
			    const struct pr_search *search, uint32_t best)
{
	uint32_t rule = PR_BLOB_NONE;

	if (group->without_ports < best)
		best = group->without_ports;
	if (group->with_ports >= best || search->port_is == PR_IS_NONE)
		return best;
	rule = search->port_is == PR_IS_OPEN ? group->with_ports
					     : rule_at_port(policy, group->points, search->port);
	return rule < best ? rule : best;
}

uint32_t pr_policy_ref_first(const struct pr_policy *policy, uint32_t ref,
			     const struct pr_search *search, uint32_t best)
{
	const struct pr_blob_bucket *bucket;

	if (search->others && ref != PR_BLOB_NONE && ref & PR_REF_BUCKET)
		ref = policy->buckets[ref & ~PR_REF_BUCKET].others;
	if (ref == PR_BLOB_NONE)
		return best;
	if (!(ref & PR_REF_BUCKET))
		return ref < best && is_looked_for(policy, &policy->rules[ref], search) ? ref
											: best;
	bucket = &policy->buckets[ref & ~PR_REF_BUCKET];
	if (bucket->first >= best)
		return best;
	for (uint32_t i = 0; i < bucket->groups.n; i++) {
		const struct pr_blob_group *group = &policy->groups[bucket->groups.first + i];

		if (admits(search, group->proto))
			best = group_first(policy, group, search, best);
	}
	return best;
}

static const struct pr_blob_key *next_key(const struct pr_policy *policy, struct pr_blob_span slots,
					  uint32_t tag, uint32_t *at)
{
	const struct pr_blob_slot *slot = &policy->slots[slots.first + *at];

	while (slot->key != PR_BLOB_NONE) {
		*at = (*at + 1) & (slots.n - 1);
		if (slot->tag == tag)
			return &policy->keys[slot->key];
		slot = &policy->slots[slots.first + *at];
	}
	return NULL;
}

static uint32_t text_first(const struct pr_policy *policy, const struct pr_blob_ruleset *ruleset,
			   uint32_t kind, uint64_t hash, const char *text, uint32_t len,
			   const struct pr_search *search, uint32_t best)
{
	uint32_t tag = pr_blob_hash_finish(hash, kind), at = tag & (ruleset->slots.n - 1);
	const struct pr_blob_key *key;

	while ((key = next_key(policy, ruleset->slots, tag, &at)))
		if (key->kind == kind && key->len == len &&
		    memcmp(policy->strings + key->value, text, len) == 0)
			return pr_policy_ref_first(policy, key->ref, search, best);
	return best;
}

uint32_t pr_policy_value_ref(const struct pr_policy *policy, const struct pr_blob_ruleset *ruleset,
			     uint32_t kind, uint32_t value)
{
	uint32_t tag = pr_blob_hash_value(value, kind), at = tag & (ruleset->slots.n - 1);
	const struct pr_blob_key *key;

	if (!(ruleset->kinds & 1u << kind) || !ruleset->slots.n)
		return PR_BLOB_NONE;
	while ((key = next_key(policy, ruleset->slots, tag, &at)))
		if (key->kind == kind && key->value == value)
			return key->ref;
	return PR_BLOB_NONE;
}

static bool has_length(const uint64_t words[static PR_BLOB_LENGTH_WORDS], size_t len)
{
	return len < 64 * PR_BLOB_LENGTH_WORDS && words[len / 64] >> len % 64 & 1;
}

/* One pass backwards: every suffix of the name has its hash in turn. */
static uint32_t suffixes_first(const struct pr_policy *policy,
			       const struct pr_blob_ruleset *ruleset, const char *name, size_t len,
			       const struct pr_search *search, uint32_t best)
{
	bool zones = ruleset->kinds & 1u << PR_ENTITY_ZONE;
	bool suffixes = ruleset->kinds & 1u << PR_ENTITY_SUFFIX;
	uint64_t hash = pr_blob_hash_start();

	for (size_t i = len; i-- > 0;) {
		const char *text = name + i;
		uint32_t n = (uint32_t)(len - i);

		hash = pr_blob_hash_step(hash, (uint8_t)*text);
		if (zones && (i == 0 || text[-1] == '.'))
			best = text_first(policy, ruleset, PR_ENTITY_ZONE, hash, text, n, search,
					  best);
		if (suffixes && has_length(ruleset->suffix_lengths, n))
			best = text_first(policy, ruleset, PR_ENTITY_SUFFIX, hash, text, n, search,
					  best);
	}
	if (ruleset->kinds & 1u << PR_ENTITY_NAME)
		best = text_first(policy, ruleset, PR_ENTITY_NAME, hash, name, (uint32_t)len,
				  search, best);
	return best;
}

static uint32_t beginnings_first(const struct pr_policy *policy,
				 const struct pr_blob_ruleset *ruleset, const char *name,
				 size_t len, const struct pr_search *search, uint32_t best)
{
	uint64_t hash = pr_blob_hash_start();

	for (size_t i = 0; i < len && i < 64 * PR_BLOB_LENGTH_WORDS; i++) {
		hash = pr_blob_hash_step(hash, (uint8_t)name[i]);
		if (has_length(ruleset->begins_lengths, i + 1))
			best = text_first(policy, ruleset, PR_ENTITY_BEGINS, hash, name,
					  (uint32_t)i + 1, search, best);
	}
	return best;
}

static uint32_t contained_first(const struct pr_policy *policy, struct pr_blob_span span,
				const char *name, const struct pr_search *search, uint32_t best)
{
	const struct pr_blob_state *states = policy->states + span.first;
	uint32_t state = 0;

	for (; *name; name++) {
		uint32_t next = pr_blob_child(states, state, (uint8_t)*name);

		while (!next && state) {
			state = states[state].fail;
			next = pr_blob_child(states, state, (uint8_t)*name);
		}
		state = next;
		for (uint32_t at = state; at && states[at].first < best; at = states[at].suffix)
			best = pr_policy_ref_first(policy, states[at].ref, search, best);
	}
	return best;
}

uint32_t pr_policy_domains_first(const struct pr_policy *policy,
				 const struct pr_blob_ruleset *ruleset,
				 const struct pr_subject *subject, const struct pr_search *search,
				 uint32_t best)
{
	for (unsigned int i = 0; i < subject->n_domains; i++) {
		const char *name = subject->domains[i];
		size_t len = strlen(name);

		if (ruleset->slots.n)
			best = suffixes_first(policy, ruleset, name, len, search, best);
		if (ruleset->slots.n && ruleset->kinds & 1u << PR_ENTITY_BEGINS)
			best = beginnings_first(policy, ruleset, name, len, search, best);
		if (ruleset->states.n)
			best = contained_first(policy, ruleset->states, name, search, best);
	}
	return best;
}

static uint64_t load64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return be64toh(value);
}

uint32_t pr_policy_address_first(const struct pr_policy *policy,
				 const struct pr_blob_ruleset *ruleset,
				 const struct pr_address *address, const struct pr_search *search,
				 uint32_t best)
{
	struct pr_blob_span span = ruleset->starts[address->family == 6];
	const struct pr_blob_start *at = policy->starts + span.first;
	uint64_t high = load64(address->bytes), low = load64(address->bytes + 8);
	uint32_t first = 0, end = span.n, node;

	/* the last start at or below the address */
	while (first < end) {
		uint32_t middle = first + (end - first) / 2;

		if (at[middle].high < high || (at[middle].high == high && at[middle].low <= low))
			first = middle + 1;
		else
			end = middle;
	}
	node = first && address->family ? at[first - 1].node : PR_BLOB_NONE;
	while (node != PR_BLOB_NONE && policy->nodes[node].first < best) {
		best = pr_policy_ref_first(policy, policy->nodes[node].ref, search, best);
		node = policy->nodes[node].parent;
	}
	return best;
}

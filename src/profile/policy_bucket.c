/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Buckets: of the rules for one entity, the first for each protocol and port. A protocol's port ranges are
 * cut into pieces with one first rule each. Few ranges are cut by looking at all of them for each piece;
 * many by painting the ports in the order of the rules, first come first served, where a union-find skips
 * what has its rule already.
 */
#include "profile/policy_builder.h"

#include <stdlib.h>
#include <string.h>

#define FEW_RANGES 64
#define N_PORTS	   65536u

struct range {
	uint32_t first, last, rule;
};

struct ranges {
	struct range *items;
	size_t n, n_allocated;
};

static const struct pr_blob_rule *rule_at(struct pr_policy_builder *builder, uint32_t rule)
{
	return pr_policy_builder_record(builder, PR_SECTION_RULES, rule);
}

static void add_point(struct pr_policy_builder *builder, struct pr_blob_span *points, uint32_t port,
		      uint32_t rule)
{
	struct pr_blob_point point = { port, rule };

	if (points->n) {
		const struct pr_blob_point *last = pr_policy_builder_record(
			builder, PR_SECTION_POINTS, points->first + points->n - 1);

		if (last->rule == rule)
			return;
	}
	pr_policy_builder_append(builder, PR_SECTION_POINTS, &point, 1);
	points->n++;
}

static int compare_u32(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void cut_few(struct pr_policy_builder *builder, const struct ranges *ranges,
		    struct pr_blob_span *points)
{
	uint32_t edges[2 * FEW_RANGES + 1] = { 0 };
	size_t n = 1;

	for (size_t i = 0; i < ranges->n; i++) {
		edges[n++] = ranges->items[i].first;
		edges[n++] = ranges->items[i].last + 1;
	}
	qsort(edges, n, sizeof(*edges), compare_u32);
	for (size_t e = 0; e < n; e++) {
		uint32_t rule = PR_BLOB_NONE;

		if (edges[e] >= N_PORTS || (e && edges[e] == edges[e - 1]))
			continue;
		for (size_t i = 0; i < ranges->n; i++)
			if (ranges->items[i].first <= edges[e] &&
			    edges[e] <= ranges->items[i].last && ranges->items[i].rule < rule)
				rule = ranges->items[i].rule;
		add_point(builder, points, edges[e], rule);
	}
}

/* The next port from `port` on that has no rule yet; shortens the way for the next time. */
static uint32_t next_free(uint32_t *next, uint32_t port)
{
	while (next[port] != port) {
		next[port] = next[next[port]];
		port = next[port];
	}
	return port;
}

static void paint_many(struct pr_policy_builder *builder, const struct ranges *ranges,
		       struct pr_blob_span *points)
{
	PR_CLEANUP(pr_cleanup_free) uint32_t *next = pr_calloc(N_PORTS + 1, sizeof(*next));
	PR_CLEANUP(pr_cleanup_free) uint32_t *rules = pr_calloc(N_PORTS, sizeof(*rules));

	for (uint32_t port = 0; port <= N_PORTS; port++)
		next[port] = port;
	memset(rules, 0xff, N_PORTS * sizeof(*rules));
	for (size_t i = 0; i < ranges->n; i++) {
		const struct range *range = &ranges->items[i];

		for (uint32_t port = next_free(next, range->first); port <= range->last;
		     port = next_free(next, port)) {
			rules[port] = range->rule;
			next[port] = port + 1;
		}
	}
	for (uint32_t port = 0; port < N_PORTS; port++)
		add_point(builder, points, port, rules[port]);
}

static void collect(struct pr_policy_builder *builder, uint32_t rule, struct ranges *ranges)
{
	const struct pr_blob_rule *blob = rule_at(builder, rule);

	for (uint32_t i = 0; i < blob->ports.n; i++) {
		const struct pr_blob_ports *ports =
			pr_policy_builder_record(builder, PR_SECTION_PORTS, blob->ports.first + i);

		if (ranges->n == ranges->n_allocated) {
			ranges->n_allocated = ranges->n ? ranges->n * 2 : 16;
			ranges->items = pr_realloc(ranges->items, ranges->n_allocated,
						   sizeof(*ranges->items));
		}
		ranges->items[ranges->n++] = (struct range){ ports->first, ports->last, rule };
	}
}

/* `rules` are those of one protocol, ascending. */
static void add_group(struct pr_policy_builder *builder, uint32_t proto, const uint32_t *rules,
		      size_t n)
{
	struct pr_blob_group group = { .proto = proto,
				       .without_ports = PR_BLOB_NONE,
				       .with_ports = PR_BLOB_NONE };
	struct ranges ranges = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (!rule_at(builder, rules[i])->ports.n) {
			/* what stands behind a rule for all ports is never the first */
			group.without_ports = rules[i];
			break;
		}
		if (group.with_ports == PR_BLOB_NONE)
			group.with_ports = rules[i];
		collect(builder, rules[i], &ranges);
	}
	group.points.first = pr_policy_builder_count(builder, PR_SECTION_POINTS);
	if (ranges.n > FEW_RANGES)
		paint_many(builder, &ranges, &group.points);
	else if (ranges.n)
		cut_few(builder, &ranges, &group.points);
	free(ranges.items);
	pr_policy_builder_append(builder, PR_SECTION_GROUPS, &group, 1);
}

struct by_proto {
	uint32_t proto, rule;
};

static int compare_by_proto(const void *a, const void *b)
{
	const struct by_proto *x = a, *y = b;

	if (x->proto != y->proto)
		return x->proto < y->proto ? -1 : 1;
	return (x->rule > y->rule) - (x->rule < y->rule);
}

/* The reference for those of the rules of a bucket that don't deny. */
static uint32_t others_ref(struct pr_policy_builder *builder, uint32_t bucket,
			   const uint32_t *rules, size_t n)
{
	PR_CLEANUP(pr_cleanup_free) uint32_t *others = pr_calloc(n, sizeof(*others));
	size_t n_others = 0;

	for (size_t i = 0; i < n; i++)
		if (rule_at(builder, rules[i])->action != PR_RULE_DENY)
			others[n_others++] = rules[i];
	if (n_others == n)
		return bucket | PR_REF_BUCKET;
	return pr_policy_builder_ref(builder, others, n_others);
}

static uint32_t add_bucket(struct pr_policy_builder *builder, const uint32_t *rules, size_t n)
{
	PR_CLEANUP(pr_cleanup_free) struct by_proto *sorted = pr_calloc(n, sizeof(*sorted));
	PR_CLEANUP(pr_cleanup_free) uint32_t *group = pr_calloc(n, sizeof(*group));
	struct pr_blob_bucket bucket = { .first = rules[0] };
	uint32_t number, others;

	bucket.groups.first = pr_policy_builder_count(builder, PR_SECTION_GROUPS);
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct by_proto){ rule_at(builder, rules[i])->proto, rules[i] };
	qsort(sorted, n, sizeof(*sorted), compare_by_proto);
	for (size_t i = 0; i < n;) {
		size_t n_group = 0;
		uint32_t proto = sorted[i].proto;

		while (i < n && sorted[i].proto == proto)
			group[n_group++] = sorted[i++].rule;
		add_group(builder, proto, group, n_group);
		bucket.groups.n++;
	}
	number = pr_policy_builder_append(builder, PR_SECTION_BUCKETS, &bucket, 1);
	others = others_ref(builder, number, rules, n);
	((struct pr_blob_bucket *)pr_policy_builder_record(builder, PR_SECTION_BUCKETS, number))
		->others = others;
	return number;
}

uint32_t pr_policy_builder_ref(struct pr_policy_builder *builder, const uint32_t *rules, size_t n)
{
	if (n == 0)
		return PR_BLOB_NONE;
	return n == 1 ? rules[0] : add_bucket(builder, rules, n) | PR_REF_BUCKET;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the tables cost: memory for each link when 100,000 are added, with their communications and
 * names, and the time of the look-ups that every packet makes. Prints one JSON object a line, as
 * docs/contract.md has them. The figure `bytes_per_link` of the whole daemon is measured elsewhere,
 * by proportional memory; what is printed here is the tables' part of it.
 */
#include "base/clock.h"
#include "network/communication.h"
#include "network/link.h"
#include "network/names.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define N_LINKS	  100000u
#define N_DOMAINS 5000u /* one communication each, twenty links to each */
#define N_ROUNDS  5

static struct pr_tuple tuple_of(uint32_t i)
{
	struct pr_tuple tuple = { .src_port = (uint16_t)(1024 + i / 5000),
				  .dst_port = 443,
				  .proto = 6 };

	tuple.src = pr_address_v4("\xc0\x00\x02\x01");
	tuple.dst = pr_address_v4("\x0a\x00\x00\x00");
	tuple.dst.bytes[2] = (uint8_t)(i % N_DOMAINS >> 8);
	tuple.dst.bytes[3] = (uint8_t)(i % N_DOMAINS);
	return tuple;
}

static size_t in_use(void)
{
	return mallinfo2().uordblks + mallinfo2().hblkhd;
}

struct tables {
	struct pr_applications *applications;
	struct pr_names *names;
	struct pr_communications *communications;
	struct pr_links *links;
	uint32_t application;
};

static void fill(struct tables *tables, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct pr_tuple tuple = tuple_of(i);
		struct pr_link *link;
		char domain[32];

		snprintf(domain, sizeof(domain), "host%u.example.com", i % N_DOMAINS);
		pr_names_learn(tables->names, tables->application, &tuple.dst, domain,
			       PR_NAME_GIVEN, false, 60, i);
		if (pr_links_add(tables->links, &tuple, PR_DIRECTION_OUT, i, &link) !=
		    PR_LINKS_DONE)
			abort();
		link->ends[PR_LINK_OUT].communication = pr_communications_get(
			tables->communications, 2, domain, PR_DIRECTION_OUT, PR_SCOPE_INTERNET, i);
		pr_communication_hold(tables->communications, link->ends[PR_LINK_OUT].communication,
				      i);
		pr_links_confirm(tables->links, link, NULL, NULL, i);
	}
}

static double link_find_ns(const struct tables *tables)
{
	uint64_t start = pr_clock_monotonic_us(), n_found = 0;

	for (unsigned int round = 0; round < N_ROUNDS; round++)
		for (uint32_t i = 0; i < N_LINKS; i++) {
			/* Not in the order of insertion: the caches must not help more than they
			 * would. */
			struct pr_tuple tuple = tuple_of(i * 7919u % N_LINKS);
			struct pr_tuple reversed = pr_tuple_reversed(&tuple);

			n_found += pr_links_find(tables->links, i & 1 ? &tuple : &reversed, NULL) !=
				   NULL;
		}
	if (n_found != (uint64_t)N_ROUNDS * N_LINKS)
		abort();
	return (double)(pr_clock_monotonic_us() - start) * 1000 / (N_ROUNDS * (double)N_LINKS);
}

static double names_find_ns(const struct tables *tables)
{
	struct pr_name_candidate candidates[PR_SUBJECT_DOMAINS_MAX];
	uint64_t start = pr_clock_monotonic_us(), n_found = 0;

	for (uint32_t i = 0; i < N_LINKS; i++) {
		struct pr_tuple tuple = tuple_of(i * 7919u % N_LINKS);

		n_found += pr_names_find(tables->names, tables->application, &tuple.dst, 0,
					 candidates);
	}
	if (n_found < N_LINKS)
		abort();
	return (double)(pr_clock_monotonic_us() - start) * 1000 / N_LINKS;
}

int main(void)
{
	struct tables tables = { .applications = pr_applications_new(0) };
	size_t before = in_use();

	tables.application = pr_applications_hold(tables.applications, "path:/usr/bin/curl");
	tables.names = pr_names_new(tables.applications, 0, 0);
	tables.communications = pr_communications_new(tables.applications,
						      pr_names_texts(tables.names), 0, NULL, NULL);
	tables.links = pr_links_new(0, NULL, NULL);
	/* Warm: what a daemon has anyway is not counted to the links. */
	fill(&tables, 1);
	pr_links_free(tables.links);
	tables.links = pr_links_new(0, NULL, NULL);
	printf("{\"name\": \"tables_empty_kib\", \"value\": %zu, \"unit\": \"KiB\"}\n",
	       (in_use() - before) / 1024);
	before = in_use();
	fill(&tables, N_LINKS);
	printf("{\"name\": \"tables_bytes_per_link\", \"value\": %.0f, \"unit\": \"B\", "
	       "\"at_most\": 400}\n",
	       (double)(in_use() - before) / N_LINKS);
	printf("{\"name\": \"link_find_ns\", \"value\": %.0f, \"unit\": \"ns\"}\n",
	       link_find_ns(&tables));
	printf("{\"name\": \"names_find_ns\", \"value\": %.0f, \"unit\": \"ns\"}\n",
	       names_find_ns(&tables));
	return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/lookup.h"

#include "resolver/query.h"

#include <string.h>

struct lookup {
	struct pr_query query; /* first */
	struct pr_lookups *lookups;
	uint64_t number;
	TAILQ_ENTRY(lookup) link;
};

struct pr_lookups {
	struct event_base *base;
	struct pr_lookups_ports ports;
	struct pr_queries queries;
	struct pr_servers *servers[PR_PROVIDERS_MAX]; /* NULL = none */
	STAILQ_HEAD(, pr_servers) former;	      /* that may still be asked */
	TAILQ_HEAD(, lookup) all;
};

struct pr_lookups *pr_lookups_new(struct event_base *base, const struct pr_lookups_ports *ports)
{
	struct pr_lookups *lookups = pr_calloc(1, sizeof(*lookups));

	lookups->base = base;
	lookups->ports = *ports;
	TAILQ_INIT(&lookups->all);
	STAILQ_INIT(&lookups->former);
	pr_queries_init(&lookups->queries, base);
	return lookups;
}

/* ---- servers ---- */

static void free_former(struct pr_lookups *lookups)
{
	struct pr_servers *servers;

	while ((servers = STAILQ_FIRST(&lookups->former)) && servers->n_users == 0) {
		STAILQ_REMOVE_HEAD(&lookups->former, link);
		pr_servers_free(servers);
	}
}

static bool is_same(const struct pr_servers *servers, const struct pr_upstream *upstreams,
		    unsigned int n)
{
	if (n != (servers ? servers->n : 0))
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (!pr_upstream_equal(&servers->servers[i].upstream, &upstreams[i]))
			return false;
	return true;
}

void pr_lookups_set_servers(struct pr_lookups *lookups, unsigned int place,
			    const struct pr_upstream *servers, unsigned int n)
{
	struct pr_servers **current = &lookups->servers[place];

	free_former(lookups);
	if (is_same(*current, servers, n))
		return;
	if (*current)
		STAILQ_INSERT_TAIL(&lookups->former, *current, link);
	*current = n ? pr_servers_new(lookups->base, servers, n) : NULL;
}

/* ---- questions ---- */

static void lookup_free(struct lookup *lookup)
{
	TAILQ_REMOVE(&lookup->lookups->all, lookup, link);
	pr_query_done(&lookup->query);
	free(lookup);
}

static void on_ended(struct pr_query *query, const uint8_t *bytes, size_t len, int ede,
		     const char *why)
{
	struct lookup *lookup = (struct lookup *)query;
	struct pr_lookups *lookups = lookup->lookups;

	(void)ede;
	lookups->ports.answer(lookups->ports.context, lookup->number, bytes, len, why);
	lookup_free(lookup);
}

bool pr_lookups_ask(struct pr_lookups *lookups, unsigned int place, uint64_t number,
		    const char *name)
{
	struct pr_dns_question question = { .type = PR_DNS_TYPE_A,
					    .class_ = PR_DNS_CLASS_IN,
					    .flags = PR_DNS_FLAG_RD,
					    .has_edns = true,
					    .udp_size = PR_DNS_UDP_MAX };
	struct lookup *lookup;

	free_former(lookups);
	if (!lookups->servers[place] || pr_dns_name_from_text(name, &question.name_as_asked) != 0)
		return false;
	pr_dns_name_text(&question.name_as_asked, question.name);
	lookup = pr_calloc(1, sizeof(*lookup));
	lookup->lookups = lookups;
	lookup->number = number;
	lookup->query.queries = &lookups->queries;
	lookup->query.servers = lookups->servers[place];
	lookup->query.question = question;
	lookup->query.ended = on_ended;
	TAILQ_INSERT_TAIL(&lookups->all, lookup, link);
	pr_query_start(&lookup->query);
	return true;
}

void pr_lookups_cancel(struct pr_lookups *lookups, uint64_t number)
{
	struct lookup *lookup;

	TAILQ_FOREACH(lookup, &lookups->all, link)
	if (lookup->number == number) {
		lookup_free(lookup);
		return;
	}
}

void pr_lookups_free(struct pr_lookups *lookups)
{
	if (!lookups)
		return;
	while (!TAILQ_EMPTY(&lookups->all))
		lookup_free(TAILQ_FIRST(&lookups->all));
	free_former(lookups);
	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++)
		pr_servers_free(lookups->servers[i]);
	pr_queries_done(&lookups->queries);
	free(lookups);
}

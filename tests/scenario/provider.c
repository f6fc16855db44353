/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Providers of intelligence: what they are asked, as lines; what they answer, from words. */
#include "world.h"

#include <string.h>

void provider_asked(struct world *world, uint64_t ticket, const struct pr_intel_ask *ask)
{
	char text[PR_NAME_TEXT_SIZE];

	pr_inquiry_text(&ask->inquiry, text);
	for (unsigned int i = 0; i < ask->n_providers; i++) {
		struct inquired *inquired = &world->inquired[world->n_inquired];

		pr_assert(world->n_inquired < PR_ARRAY_SIZE(world->inquired));
		world->n_inquired++;
		inquired->ticket = ticket;
		snprintf(inquired->provider, sizeof(inquired->provider), "%s", ask->providers[i]);
		snprintf(inquired->entity, sizeof(inquired->entity), "%s", text);
		world_output(world, OUTPUT_INQUIRE, "inquire %s %s%s", ask->providers[i], text,
			     ticket ? "" : " nobody-waits");
	}
}

/* The ticket of the oldest inquiry like this; 0 where nobody waits (any more). */
static uint64_t take_ticket(struct world *world, const char *provider, const char *entity)
{
	uint64_t ticket;

	for (unsigned int i = 0; i < world->n_inquired; i++) {
		struct inquired *inquired = &world->inquired[i];

		if (strcmp(inquired->provider, provider) != 0 ||
		    strcmp(inquired->entity, entity) != 0)
			continue;
		ticket = inquired->ticket;
		memmove(inquired, inquired + 1, (--world->n_inquired - i) * sizeof(*inquired));
		return ticket;
	}
	return 0;
}

/* provider ID ENTITY STATUS [ttl N] [CATEGORY…]; one that comes after it was late has no ticket. */
void step_provider(struct world *world, char **words, unsigned int n)
{
	struct pr_intel_answer answer = { .result.ttl_s = 300 };
	unsigned int status = 0, i = 3;

	while (n >= 3 && status < PR_PROVIDER_N_STATUSES &&
	       strcmp(pr_provider_status_name((enum pr_provider_status)status), words[2]) != 0)
		status++;
	if (n < 3 || status == PR_PROVIDER_N_STATUSES) {
		world_fail(world, "provider ID ENTITY STATUS");
		return;
	}
	answer.provider = words[0];
	if (pr_address_parse(words[1], &answer.inquiry.address) != 0)
		answer.inquiry.domain = words[1];
	answer.result.status = (enum pr_provider_status)status;
	if (n >= 5 && step_is(words[3], "ttl")) {
		answer.result.ttl_s = (uint32_t)step_number(world, words[4]);
		i = 5;
	}
	for (; i < n; i++)
		snprintf(answer.result.categories[answer.result.n_categories++],
			 sizeof(answer.result.categories[0]), "%s", words[i]);
	pr_engine_intel_answer(world->engine, take_ticket(world, words[0], words[1]), &answer,
			       world->now_us);
}

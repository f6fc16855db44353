/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two bytes an operation on a link table of six, whose tuples come from a dozen: so it is full,
 * links meet, and aliases get into the way of tuples. A model remembers which tuples have a link
 * that lives.
 */
#include "network/link.h"

#include "base/hash.h"

#include "../target.h"

#include <string.h>

#define N_LINKS_MAX 6u
#define N_TUPLES    12u
#define STEP_US	    UINT64_C(3000000)

struct model {
	struct pr_links *links;
	uint64_t ids[N_TUPLES]; /* of the link that was made with the tuple; 0 = forgotten */
	uint64_t now_us;
	unsigned int n_forgotten, n_made;
};

/* Few addresses and ports, so that one is often the reverse of another. */
static struct pr_tuple tuple_of(unsigned int i)
{
	struct pr_tuple tuple = { .src_port = (uint16_t)(1 + (i >> 1 & 1)),
				  .dst_port = (uint16_t)(1 + (i & 1)),
				  .proto = 17 };

	tuple.src = pr_address_v4(i % 3 ? "\x0a\0\0\1" : "\x0a\0\0\2");
	tuple.dst = pr_address_v4(i % 4 ? "\x0a\0\0\2" : "\x0a\0\0\3");
	return tuple;
}

static void forgotten(void *context, struct pr_link *link)
{
	struct model *model = context;

	model->n_forgotten++;
	for (unsigned int i = 0; i < N_TUPLES; i++)
		if (model->ids[i] == link->id)
			model->ids[i] = 0;
}

static void add(struct model *model, unsigned int i)
{
	struct pr_tuple tuple = tuple_of(i);
	struct pr_link *link = NULL;
	int r = pr_links_add(model->links, &tuple, PR_DIRECTION_OUT, model->now_us, &link);

	pr_assert((r == PR_LINKS_DONE) == (link != NULL));
	if (r == PR_LINKS_EXISTS)
		pr_assert(pr_links_find_unaliased(model->links, &tuple, NULL));
	if (!link)
		return;
	model->ids[i] = link->id;
	model->n_made++;
	pr_assert(pr_links_find(model->links, &tuple, NULL) == link);
}

static void change(struct model *model, unsigned int operation, unsigned int i, unsigned int other)
{
	struct pr_tuple tuple = tuple_of(i), alias = tuple_of(other);
	struct pr_tuple reply = pr_tuple_reversed(&alias);
	struct pr_link *link = pr_links_find(model->links, &tuple, NULL);

	if (operation == 0)
		add(model, i);
	else if (operation == 6)
		(void)pr_links_expire(model->links, model->now_us, other, NULL, NULL);
	else if (!link)
		return;
	else if (operation == 1)
		pr_links_end(model->links, link, model->now_us);
	else if (operation == 2)
		pr_links_touch(model->links, link, model->now_us);
	else if (operation == 3)
		pr_links_confirm(model->links, link, &tuple, &reply, model->now_us);
	else if (operation == 4)
		link->ends[PR_LINK_OUT].held = !link->ends[PR_LINK_OUT].held;
	else if (pr_links_alias(model->links, link, &alias))
		pr_assert(pr_links_find(model->links, &alias, NULL) == link);
}

static void check(const struct model *model)
{
	struct pr_links_counters counters;
	uint32_t cursor = 0, n = 0;
	struct pr_link *link;

	while ((link = pr_links_next(model->links, &cursor))) {
		struct pr_tuple reversed = pr_tuple_reversed(&link->tuple);
		struct pr_link *found = pr_links_find_unaliased(model->links, &reversed, NULL);

		n++;
		pr_assert(pr_links_by_id(model->links, link->id) == link);
		pr_assert((found == link) == (link->state != PR_LINK_ENDED));
	}
	pr_links_counters(model->links, &counters);
	pr_assert(counters.n == n && n <= N_LINKS_MAX);
	pr_assert(n == model->n_made - model->n_forgotten);
	for (unsigned int i = 0; i < N_TUPLES; i++)
		pr_assert(!model->ids[i] || pr_links_by_id(model->links, model->ids[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct model model = { 0 };

	pr_hash_seed(1);
	model.links = pr_links_new(N_LINKS_MAX, forgotten, &model);
	for (size_t i = 0; i + 1 < len; i += 2) {
		model.now_us += STEP_US;
		change(&model, bytes[i] % 7, bytes[i + 1] / 16 % N_TUPLES,
		       bytes[i + 1] % 16 % N_TUPLES);
		check(&model);
	}
	pr_links_free(model.links);
	pr_assert(model.n_forgotten == model.n_made);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/replay.h"
#include "packet/parse.h"

#define LINKS_AT_FIRST 64

void pr_replay_kernel_init(struct pr_replay_kernel *kernel)
{
	*kernel = (struct pr_replay_kernel){ 0 };
	pr_index_init(&kernel->index, LINKS_AT_FIRST);
}

void pr_replay_kernel_done(struct pr_replay_kernel *kernel)
{
	for (uint32_t i = 0; i < kernel->n; i++)
		json_decref(kernel->links[i].event);
	free(kernel->links);
	pr_index_done(&kernel->index);
}

static uint64_t hash_of(const struct pr_tuple *tuple, bool at_input)
{
	return pr_tuple_hash(tuple) ^ at_input;
}

struct pr_replay_link *pr_replay_kernel_find(struct pr_replay_kernel *kernel,
					     const struct pr_tuple *tuple, bool at_input)
{
	struct pr_index_walk walk = pr_index_find(&kernel->index, hash_of(tuple, at_input));

	while (pr_index_next(&kernel->index, &walk)) {
		struct pr_replay_link *link = &kernel->links[walk.value];

		if (link->at_input == at_input && pr_tuple_equal(&link->tuple, tuple))
			return link;
	}
	return NULL;
}

static struct pr_replay_link *add(struct pr_replay_kernel *kernel, const struct pr_tuple *tuple,
				  bool at_input)
{
	if (kernel->n == kernel->n_room) {
		kernel->n_room = kernel->n_room ? kernel->n_room * 2 : LINKS_AT_FIRST;
		kernel->links = pr_realloc(kernel->links, kernel->n_room, sizeof(*kernel->links));
	}
	kernel->links[kernel->n] = (struct pr_replay_link){ .tuple = *tuple, .at_input = at_input };
	pr_index_insert(&kernel->index, hash_of(tuple, at_input), kernel->n);
	return &kernel->links[kernel->n++];
}

static bool opens(const struct pr_packet *packet)
{
	return packet->tuple.proto == IPPROTO_TCP &&
	       (packet->tcp_flags & (PR_TCP_SYN | PR_TCP_ACK)) == PR_TCP_SYN;
}

uint32_t pr_replay_kernel_link(struct pr_replay_kernel *kernel, const struct pr_packet *packet,
			       bool at_input, bool *ret_reply)
{
	const struct pr_tuple reversed = pr_tuple_reversed(&packet->tuple);
	struct pr_replay_link *link = pr_replay_kernel_find(kernel, &packet->tuple, at_input);
	bool reply = false;

	if (!link) {
		link = pr_replay_kernel_find(kernel, &reversed, at_input);
		reply = link != NULL;
	}
	/* Another connection from the same port: conntrack makes a new entry. */
	if (link && link->closed && opens(packet)) {
		(void)pr_index_remove(&kernel->index, hash_of(&link->tuple, at_input),
				      (uint32_t)(link - kernel->links));
		link = NULL;
		reply = false;
	}
	if (!link)
		link = add(kernel, &packet->tuple, at_input);
	if (packet->tuple.proto == IPPROTO_TCP) {
		link->fin[reply] |= (packet->tcp_flags & PR_TCP_FIN) != 0;
		link->closed =
			(packet->tcp_flags & PR_TCP_RST) != 0 || (link->fin[0] && link->fin[1]);
	}
	*ret_reply = reply;
	return (uint32_t)(link - kernel->links);
}

void pr_replay_kernel_forget(struct pr_replay_kernel *kernel, bool denials_alone)
{
	for (uint32_t i = 0; i < kernel->n; i++)
		if (!denials_alone || kernel->links[i].verdict != PR_VERDICT_ACCEPT)
			kernel->links[i].known = false;
}

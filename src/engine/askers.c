/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose link a question came by. NAT has changed where it goes to by the time that the nameserver sees it, and where
 * one socket asks several servers also whence it comes: another port, that may well be somebody's. So it is not
 * guessed by what is seen; the kernel's table of connections says what was sent, and the link that sent it has an
 * owner. What it said holds for a moment after each question, in which no entry of that table ends by itself, so that
 * of many questions one looks.
 *
 * The owner of a link over UDP is who sent its first packet. Whoever binds the port next speaks into the same link:
 * where the kernel lets only that socket pass (`senders_checked`) and has the rest decided anew, the link's owner is
 * who asks. Elsewhere, and for what is forwarded, who has the socket now is asked for with each question.
 */
#include "engine/machine.h"

#include <string.h>

static struct pr_tuple seen_of(const struct pr_asker *asker)
{
	return (struct pr_tuple){
		.src = asker->address,
		.dst = asker->local_address,
		.src_port = asker->port,
		.dst_port = asker->local_port,
		.proto = asker->transport == PR_TRANSPORT_TCP ? IPPROTO_TCP : IPPROTO_UDP,
	};
}

static struct pr_asker_slot *slot_of(struct pr_engine *engine, const struct pr_tuple *seen)
{
	return &engine->askers[pr_tuple_hash(seen) % PR_ENGINE_ASKERS];
}

static struct pr_link *alive(struct pr_link *link)
{
	return link && link->state != PR_LINK_ENDED ? link : NULL;
}

struct pr_link *pr_askers_find(struct pr_engine *engine, const struct pr_asker *asker,
			       struct pr_tuple *ret_sent)
{
	const struct pr_tuple seen = seen_of(asker);
	struct pr_asker_slot *slot = slot_of(engine, &seen);
	struct pr_tuple sent = seen;
	struct pr_link *link = NULL;
	bool reply = false;

	if (engine->now_us - slot->used_us < PR_ENGINE_ASKER_US &&
	    pr_tuple_equal(&slot->seen, &seen))
		link = alive(pr_links_by_id(engine->links, slot->link));
	if (link) {
		slot->used_us = engine->now_us;
		*ret_sent = link->tuple;
		return link;
	}
	if (engine->ports.before_nat)
		(void)engine->ports.before_nat(engine->ports.context, &seen, &sent);
	*ret_sent = sent;
	link = alive(pr_links_find_unaliased(engine->links, &sent, &reply));
	if (!link || reply)
		return NULL;
	*slot = (struct pr_asker_slot){ seen, link->id, engine->now_us };
	return link;
}

bool pr_asker_is_opener(const struct pr_engine *engine, const struct pr_link *link)
{
	return link->ends[PR_LINK_OUT].owner_known &&
	       (link->tuple.proto == IPPROTO_TCP ||
		(engine->senders_checked && link->direction == PR_DIRECTION_OUT));
}

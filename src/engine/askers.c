/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose socket a rerouted question comes from: NAT has changed where it goes to by the time that the
 * nameserver sees it, its source is what it was. The link that was rerouted knows its owner. A table of
 * fixed size, by the source's hash; a clash costs the earlier one an owner look-up.
 */
#include "engine/machine.h"

#include "base/hash.h"

#include <string.h>

static uint32_t slot_of(const struct pr_address *address, uint16_t port, uint8_t proto)
{
	uint8_t key[sizeof(*address) + 3];

	memcpy(key, address, sizeof(*address));
	memcpy(key + sizeof(*address), &port, sizeof(port));
	key[sizeof(key) - 1] = proto;
	return (uint32_t)(pr_hash(key, sizeof(key)) % PR_ENGINE_ASKERS);
}

void pr_askers_note(struct pr_engine *engine, const struct pr_link *link)
{
	uint32_t slot = slot_of(&link->tuple.src, link->tuple.src_port, link->tuple.proto);

	engine->askers[slot] = link->id;
}

struct pr_link *pr_askers_find(const struct pr_engine *engine, const struct pr_asker *asker)
{
	uint8_t proto = asker->transport == PR_TRANSPORT_TCP ? IPPROTO_TCP : IPPROTO_UDP;
	uint32_t slot = slot_of(&asker->address, asker->port, proto);
	struct pr_link *link;

	if (!engine->askers[slot])
		return NULL;
	link = pr_links_by_id(engine->links, engine->askers[slot]);
	if (!link || link->state == PR_LINK_ENDED || link->tuple.proto != proto ||
	    link->tuple.src_port != asker->port ||
	    !pr_address_equal(&link->tuple.src, &asker->address))
		return NULL;
	return link;
}

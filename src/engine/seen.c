/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was seen of links, as long as they are remembered: for rows and events, and for whatever decides a link anew when
 * nothing of it can be seen any more. Links show the same names and fingerprints again and again, so the texts are kept
 * once.
 */
#include "engine/inspecting_private.h"

#include <stdio.h>
#include <string.h>

void pr_seen_forget(struct pr_engine *engine, struct pr_link *link)
{
	struct pr_inspecting *inspecting = engine->inspecting;
	struct pr_seen_kept *kept;

	if (!link->seen)
		return;
	kept = pr_slab_at(&inspecting->seen, link->seen - 1);
	pr_texts_release(&inspecting->texts, kept->version);
	pr_texts_release(&inspecting->texts, kept->alpn);
	pr_texts_release(&inspecting->texts, kept->alpn_chosen);
	pr_texts_release(&inspecting->texts, kept->ja4);
	pr_texts_release(&inspecting->texts, kept->certificate_name);
	pr_texts_release(&inspecting->texts, kept->issuer);
	for (unsigned int i = 0; i < kept->n_names; i++)
		pr_texts_release(&inspecting->texts, kept->names[i]);
	pr_slab_give(&inspecting->seen, link->seen - 1);
	link->seen = 0;
}

static uint32_t hold(struct pr_inspecting *inspecting, const char *text)
{
	return *text ? pr_texts_hold(&inspecting->texts, text) : PR_TEXT_NONE;
}

/* A name that there is no room for would be missed by whoever decides anew: then none of the facts is kept. */
static bool hold_names(struct pr_inspecting *inspecting, const struct pr_seen *seen,
		       struct pr_seen_kept *kept)
{
	for (unsigned int i = 0; i < seen->n_names; i++) {
		kept->names[i] = hold(inspecting, seen->names[i]);
		if (kept->names[i] == PR_TEXT_NONE)
			return false;
		kept->n_names = (uint8_t)(i + 1);
	}
	return true;
}

void pr_seen_keep(struct pr_engine *engine, struct pr_link *link, const struct pr_seen *seen)
{
	struct pr_inspecting *inspecting = engine->inspecting;
	struct pr_seen_kept *kept;
	uint32_t number;

	pr_seen_forget(engine, link);
	/* As many as there are links: there is room. */
	number = pr_slab_take(&inspecting->seen);
	if (number == PR_SLAB_NONE)
		return;
	link->seen = number + 1;
	kept = pr_slab_at(&inspecting->seen, number);
	kept->settled = (uint16_t)seen->settled;
	kept->flags = seen->flags;
	kept->speaks = seen->speaks;
	kept->encryption = seen->encryption;
	kept->why = seen->why;
	kept->not_before_s = seen->not_before_s;
	kept->not_after_s = seen->not_after_s;
	kept->version = hold(inspecting, seen->version);
	kept->alpn = hold(inspecting, seen->alpn);
	kept->alpn_chosen = hold(inspecting, seen->alpn_chosen);
	kept->ja4 = hold(inspecting, seen->ja4);
	kept->certificate_name = hold(inspecting, seen->certificate_name);
	kept->issuer = hold(inspecting, seen->issuer);
	if (!hold_names(inspecting, seen, kept)) {
		engine->counters.inspection_texts_full++;
		pr_seen_forget(engine, link);
	}
}

static void copy(const struct pr_inspecting *inspecting, uint32_t text, char *ret_text, size_t size)
{
	snprintf(ret_text, size, "%s", pr_texts_get(&inspecting->texts, text));
}

bool pr_seen_of(const struct pr_engine *engine, const struct pr_link *link,
		struct pr_seen *ret_seen)
{
	const struct pr_inspecting *inspecting = engine->inspecting;
	const struct pr_seen_kept *kept;

	if (!link->seen)
		return false;
	kept = pr_slab_at(&inspecting->seen, link->seen - 1);
	*ret_seen = (struct pr_seen){
		.settled = kept->settled,
		.speaks = kept->speaks,
		.encryption = kept->encryption,
		.flags = kept->flags,
		.why = kept->why,
		.n_names = kept->n_names,
		.not_before_s = kept->not_before_s,
		.not_after_s = kept->not_after_s,
	};
	copy(inspecting, kept->version, ret_seen->version, sizeof(ret_seen->version));
	copy(inspecting, kept->alpn, ret_seen->alpn, sizeof(ret_seen->alpn));
	copy(inspecting, kept->alpn_chosen, ret_seen->alpn_chosen, sizeof(ret_seen->alpn_chosen));
	copy(inspecting, kept->ja4, ret_seen->ja4, sizeof(ret_seen->ja4));
	copy(inspecting, kept->certificate_name, ret_seen->certificate_name,
	     sizeof(ret_seen->certificate_name));
	copy(inspecting, kept->issuer, ret_seen->issuer, sizeof(ret_seen->issuer));
	for (unsigned int i = 0; i < kept->n_names; i++)
		copy(inspecting, kept->names[i], ret_seen->names[i], sizeof(ret_seen->names[i]));
	return true;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Providers and decisions: who is asked about what, what their answers mean for a subject, and what is decided anew by
 * one that came late.
 *
 * A question asks in the moment in which it goes upstream. A link never waits: where something about its entity is not
 * known, it is decided without, the providers are asked, and their answer decides it anew. What a name or an address
 * is on goes into the subject as the lists of the compiled set do (intel.c).
 */
#include "engine/machine.h"
#include "engine/subject.h"

#include <string.h>

#define S_US UINT64_C(1000000)

/* ---- who is asked ---- */

/* What nobody outside has to do with is told to nobody, and is on no list of theirs. */
static bool may_be_told(const struct pr_engine *engine, const struct pr_inquiry *inquiry)
{
	return pr_inquiry_is_public(inquiry) &&
	       !(inquiry->domain && pr_policy_excepts_rebinding(engine->policy, inquiry->domain));
}

static bool is_asked(const struct pr_provider_slot *slot, const struct pr_inquiry *inquiry)
{
	return slot->wanted && slot->asks & pr_inquiry_kind(inquiry);
}

/* Sends what is to be asked of several in one message. How many answers follow. */
static unsigned int ask(struct pr_engine *engine, uint64_t ticket, const struct pr_inquiry *inquiry,
			const bool *whom, uint32_t *wait_ms)
{
	struct pr_intel_ask request = { .inquiry = *inquiry };

	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++) {
		const struct pr_provider_slot *slot = &engine->providers.slots[i];

		if (!whom[i])
			continue;
		pr_answered_asked(&engine->providers, i, inquiry, engine->now_us);
		request.providers[request.n_providers++] = slot->id;
		if (slot->deadline_ms > *wait_ms)
			*wait_ms = slot->deadline_ms;
	}
	if (request.n_providers == 0)
		return 0;
	engine->counters.intel_asked += request.n_providers;
	engine->ports.inform(engine->ports.context, ticket, &request);
	return request.n_providers;
}

static bool is_fresh(const struct pr_engine *engine, const struct pr_answered *answered)
{
	return pr_answered_is_known(answered) && engine->now_us < answered->fresh_until_us;
}

static unsigned int ask_for_question(struct pr_engine *engine, uint64_t ticket,
				     const struct pr_inquiry *inquiry, uint32_t *wait_ms)
{
	const struct pr_providers_table *table = &engine->providers;
	bool whom[PR_PROVIDERS_MAX] = { false };

	if (!(table->asks & pr_inquiry_kind(inquiry)) || !may_be_told(engine, inquiry))
		return 0;
	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++)
		whom[i] = is_asked(&table->slots[i], inquiry) &&
			  !is_fresh(engine, pr_answered_find(table, i, inquiry));
	return ask(engine, ticket, inquiry, whom, wait_ms);
}

unsigned int pr_providers_inform(struct pr_engine *engine, uint64_t ticket,
				 const struct pr_question_inquiry *about, uint32_t *ret_wait_ms)
{
	unsigned int n = 0;

	*ret_wait_ms = 0;
	if (engine->providers.n_wanted == 0)
		return 0;
	for (unsigned int i = 0; i < about->n_names; i++) {
		const struct pr_inquiry inquiry = { .domain = about->names[i] };

		n += ask_for_question(engine, ticket, &inquiry, ret_wait_ms);
	}
	for (unsigned int i = 0; i < about->n_addresses; i++) {
		const struct pr_inquiry inquiry = pr_inquiry_of_address(&about->addresses[i]);

		n += ask_for_question(engine, ticket, &inquiry, ret_wait_ms);
	}
	return n;
}

/* Of a link that was decided without: not again and again for every packet. */
static void ask_for_link(struct pr_engine *engine, const struct pr_inquiry *inquiry)
{
	const struct pr_providers_table *table = &engine->providers;
	bool whom[PR_PROVIDERS_MAX] = { false };
	uint32_t wait_ms = 0;

	if (!(table->asks & pr_inquiry_kind(inquiry)) || !may_be_told(engine, inquiry))
		return;
	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++) {
		const struct pr_answered *answered = pr_answered_find(table, i, inquiry);

		whom[i] = is_asked(&table->slots[i], inquiry) && !is_fresh(engine, answered) &&
			  (!answered ||
			   engine->now_us >= answered->asked_us + PR_ANSWERED_AGAIN_S * S_US);
	}
	ask(engine, 0, inquiry, whom, &wait_ms);
}

void pr_providers_want(struct pr_engine *engine, const struct pr_subject *subject)
{
	/* What is left to the far end of the tunnel is told to nobody here. */
	if (engine->providers.n_wanted == 0 || engine->redeciding || subject->pooled)
		return;
	for (unsigned int i = 0; i < subject->n_domains; i++)
		ask_for_link(engine, &(struct pr_inquiry){ .domain = subject->domains[i] });
	if (subject->remote.family) {
		const struct pr_inquiry inquiry = pr_inquiry_of_address(&subject->remote);

		ask_for_link(engine, &inquiry);
	}
}

/* ---- what it means for a subject ---- */

static void add_bits(uint64_t *bits, const uint64_t *more, uint32_t n_words)
{
	for (uint32_t i = 0; i < n_words; i++)
		bits[i] |= more[i];
}

/* The subject's own copies: what is missing, and what is open, depends on the entity. */
void pr_providers_begin(const struct pr_engine *engine, struct pr_subject_of *of)
{
	const struct pr_intel_map *map = &engine->intel_map;

	if (engine->providers.n_wanted == 0)
		return;
	memcpy(of->missing, map->missing, map->n_words * sizeof(*of->missing));
	memcpy(of->open, map->open, map->n_words * sizeof(*of->open));
	of->subject.lists_missing = of->missing;
	of->subject.lists_open = of->open;
	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++) {
		const struct pr_provider_slot *slot = &engine->providers.slots[i];

		if (slot->wanted && slot->asks & PR_PROVIDER_ASKS_ADDRESSES)
			add_bits(of->open, slot->lists, map->n_words);
	}
}

/* The bits of a domain or of the address, to be added to. */
static uint64_t *writable(const struct pr_engine *engine, struct pr_subject_of *of,
			  const uint64_t **lists)
{
	uint32_t n_words = engine->intel_map.n_words;

	if (!*lists) {
		uint64_t *fresh = of->list_bits + (size_t)of->n_list_bits++ * n_words;

		memset(fresh, 0, n_words * sizeof(*fresh));
		*lists = fresh;
	}
	return of->list_bits + (*lists - of->list_bits);
}

/* What a provider said of a name or an address; false where it said nothing. */
static bool apply(const struct pr_engine *engine, struct pr_subject_of *of, unsigned int provider,
		  const struct pr_inquiry *inquiry, const uint64_t **lists)
{
	const struct pr_answered *answered =
		pr_answered_find(&engine->providers, provider, inquiry);

	if (!pr_answered_is_known(answered))
		return !may_be_told(engine, inquiry);
	if (answered->status == PR_PROVIDER_LISTED)
		pr_answered_lists(&engine->providers, engine->policy, answered,
				  writable(engine, of, lists));
	return true;
}

void pr_providers_of_names(const struct pr_engine *engine, struct pr_subject_of *of)
{
	struct pr_subject *subject = &of->subject;

	for (unsigned int i = 0; engine->providers.n_wanted && i < PR_PROVIDERS_MAX; i++) {
		const struct pr_provider_slot *slot = &engine->providers.slots[i];
		bool known = true;

		if (!slot->wanted || !(slot->asks & PR_PROVIDER_ASKS_DOMAINS))
			continue;
		for (unsigned int k = 0; k < subject->n_domains; k++) {
			const struct pr_inquiry inquiry = { .domain = subject->domains[k] };

			known &= apply(engine, of, i, &inquiry, &subject->domain_lists[k]);
		}
		if (!known)
			add_bits(of->may_follow ? of->open : of->missing, slot->lists,
				 engine->intel_map.n_words);
	}
}

void pr_providers_of_address(const struct pr_engine *engine, struct pr_subject_of *of)
{
	struct pr_subject *subject = &of->subject;

	for (unsigned int i = 0; engine->providers.n_wanted && i < PR_PROVIDERS_MAX; i++) {
		const struct pr_provider_slot *slot = &engine->providers.slots[i];
		const struct pr_inquiry inquiry = pr_inquiry_of_address(&subject->remote);

		if (slot->wanted && slot->asks & PR_PROVIDER_ASKS_ADDRESSES &&
		    !apply(engine, of, i, &inquiry, &subject->address_lists))
			add_bits(of->missing, slot->lists, engine->intel_map.n_words);
	}
}

unsigned int pr_providers_missing(const struct pr_engine *engine, const struct pr_subject *subject)
{
	unsigned int providers = 0;

	for (unsigned int i = 0; engine->providers.n_wanted && i < PR_PROVIDERS_MAX; i++) {
		const struct pr_provider_slot *slot = &engine->providers.slots[i];
		uint64_t any = 0;

		for (unsigned int word = 0; slot->wanted && word < subject->n_list_words; word++)
			any |= slot->lists[word] & subject->lists_missing[word];
		providers |= (any != 0) << i;
	}
	return providers;
}

const char *pr_providers_text(struct pr_engine *engine, unsigned int providers)
{
	char *text = engine->missing_providers;
	size_t size = sizeof(engine->missing_providers), len = 0;

	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++)
		if (providers & 1u << i)
			len += (size_t)snprintf(text + len, size - len, "%s%s", len ? "," : "",
						engine->providers.slots[i].id);
	return len ? text : NULL;
}

/* ---- answers ---- */

/* A name that no table knows led nowhere: there is no link by it. */
static bool may_have_links(const struct pr_engine *engine, const struct pr_inquiry *inquiry)
{
	return !inquiry->domain ||
	       pr_texts_find(pr_names_texts(engine->names), inquiry->domain) != PR_TEXT_NONE;
}

void pr_engine_intel_answer(struct pr_engine *engine, uint64_t ticket,
			    const struct pr_intel_answer *answer, uint64_t now_us)
{
	unsigned int provider;
	bool known = answer->result.status == PR_PROVIDER_LISTED ||
		     answer->result.status == PR_PROVIDER_NOT_LISTED;

	pr_engine_enter(engine, now_us);
	provider = pr_providers_table_find(&engine->providers, answer->provider);
	engine->counters.intel_answered += known;
	engine->counters.intel_unanswered += !known;
	if (provider < PR_PROVIDERS_MAX && known &&
	    pr_answered_put(&engine->providers, provider, &answer->inquiry, &answer->result,
			    engine->now_us) &&
	    may_have_links(engine, &answer->inquiry)) {
		engine->decision_serial++;
		pr_redecide_entity(engine, &answer->inquiry);
	}
	if (ticket)
		pr_questions_informed(engine->questions, engine->now_us, ticket);
	pr_engine_leave(engine);
}

/* ---- looking in ---- */

static void show(const struct pr_engine *engine, const struct pr_inquiry *inquiry,
		 struct pr_engine_provider *shown)
{
	const struct pr_providers_table *table = &engine->providers;
	unsigned int provider = pr_providers_table_find(table, shown->provider->id);
	const struct pr_answered *answered;

	if (provider == PR_PROVIDERS_MAX)
		return;
	shown->wanted = table->slots[provider].wanted;
	answered = pr_answered_find(table, provider, inquiry);
	if (!pr_answered_is_known(answered))
		return;
	shown->status = (enum pr_provider_status)answered->status;
	if (answered->fresh_until_us > engine->now_us)
		shown->fresh_us = answered->fresh_until_us - engine->now_us;
	for (unsigned int i = 0; i < answered->n_categories; i++)
		shown->categories[shown->n_categories++] =
			pr_texts_get(&table->texts, answered->categories[i]);
}

void pr_engine_providers(struct pr_engine *engine, const struct pr_inquiry *inquiry,
			 void (*row)(void *context, const struct pr_engine_provider *provider),
			 void *context, uint64_t now_us)
{
	pr_engine_enter_traffic(engine, now_us);
	for (uint32_t i = 0; engine->policy && i < pr_policy_n_providers(engine->policy); i++) {
		const struct pr_provider provider = pr_policy_provider(engine->policy, i);
		struct pr_engine_provider shown = { .provider = &provider,
						    .status = PR_PROVIDER_UNAVAILABLE };

		show(engine, inquiry, &shown);
		row(context, &shown);
	}
	pr_engine_leave(engine);
}

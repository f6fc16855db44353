/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nameserver/question_table.h"

#include "base/hash.h"

#include <string.h>

#define N_EXPECTED 64 /* the indices grow */

/* What of a client's flags changes the answer. */
#define FLAGS_UPSTREAM (PR_DNS_FLAG_CD | PR_DNS_FLAG_AD)

void pr_question_table_init(struct pr_question_table *table)
{
	*table = (struct pr_question_table){ .n_free = PR_QUESTIONS_MAX, .sequence = 1 };
	table->entries = pr_calloc(PR_QUESTIONS_MAX, sizeof(*table->entries));
	table->free_slots = pr_calloc(PR_QUESTIONS_MAX, sizeof(*table->free_slots));
	for (uint32_t i = 0; i < PR_QUESTIONS_MAX; i++)
		table->free_slots[i] = PR_QUESTIONS_MAX - 1 - i;
	pr_index_init(&table->by_asker, N_EXPECTED);
	pr_index_init(&table->by_resolving, N_EXPECTED);
}

void pr_question_table_done(struct pr_question_table *table)
{
	pr_assert(table->n_free == PR_QUESTIONS_MAX);
	pr_index_done(&table->by_asker);
	pr_index_done(&table->by_resolving);
	free(table->entries);
	free(table->free_slots);
}

uint32_t pr_question_table_count(const struct pr_question_table *table)
{
	return PR_QUESTIONS_MAX - table->n_free;
}

static uint32_t slot_of(uint64_t ticket)
{
	return (uint32_t)(ticket % PR_QUESTIONS_MAX);
}

static uint64_t asker_hash(const struct pr_asker *asker, const struct pr_dns_question *question)
{
	return pr_address_hash(&asker->address) ^
	       ((uint64_t)asker->port << 32 | (uint32_t)question->id << 16 | question->type) *
		       UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t upstream_hash(const struct pr_question_entry *entry)
{
	uint64_t words[2] = { entry->public.application_key, entry->question.type };

	return pr_hash(entry->question.name, strlen(entry->question.name)) ^
	       pr_hash(words, sizeof(words));
}

struct pr_question_entry *pr_question_table_add(struct pr_question_table *table,
						const struct pr_asker *asker,
						const struct pr_dns_question *question)
{
	struct pr_question_entry *entry;
	uint32_t slot;

	if (table->n_free == 0)
		return NULL;
	slot = table->free_slots[--table->n_free];
	entry = pr_calloc(1, sizeof(*entry));
	entry->question = *question;
	entry->public.asker = *asker;
	entry->public.ticket = table->sequence++ * PR_QUESTIONS_MAX + slot;
	entry->public.name = entry->question.name;
	entry->public.type = question->type;
	table->entries[slot] = entry;
	pr_index_insert(&table->by_asker, asker_hash(asker, question), slot);
	return entry;
}

static uint32_t share_of(const struct pr_question_entry *entry)
{
	uint64_t key = entry->public.application_key;

	return (uint32_t)(pr_hash(&key, sizeof(key)) % PR_QUESTION_SHARES);
}

void pr_question_table_remove(struct pr_question_table *table, struct pr_question_entry *entry)
{
	uint32_t slot = slot_of(entry->public.ticket);

	pr_question_table_lead_no_more(table, entry);
	pr_index_remove(&table->by_asker, asker_hash(&entry->public.asker, &entry->question), slot);
	if (entry->counted)
		table->shares[entry->share]--;
	table->entries[slot] = NULL;
	table->free_slots[table->n_free++] = slot;
	free(entry);
}

struct pr_question_entry *pr_question_table_get(const struct pr_question_table *table,
						uint64_t ticket)
{
	struct pr_question_entry *entry = table->entries[slot_of(ticket)];

	return entry && entry->public.ticket == ticket ? entry : NULL;
}

struct pr_question_entry *pr_question_table_repeated(const struct pr_question_table *table,
						     const struct pr_asker *asker,
						     const struct pr_dns_question *question)
{
	struct pr_index_walk walk = pr_index_find(&table->by_asker, asker_hash(asker, question));

	if (asker->transport != PR_TRANSPORT_UDP)
		return NULL;
	while (pr_index_next(&table->by_asker, &walk)) {
		struct pr_question_entry *entry = table->entries[walk.value];
		const struct pr_asker *other = &entry->public.asker;

		if (other->transport == PR_TRANSPORT_UDP && other->port == asker->port &&
		    pr_address_equal(&other->address, &asker->address) &&
		    pr_address_equal(&other->local_address, &asker->local_address) &&
		    other->ifindex == asker->ifindex && entry->question.id == question->id &&
		    entry->question.type == question->type &&
		    pr_dns_name_equal(&entry->question.name_as_asked, &question->name_as_asked))
			return entry;
	}
	return NULL;
}

struct pr_question_entry *pr_question_table_leader(const struct pr_question_table *table,
						   const struct pr_question_entry *entry)
{
	struct pr_index_walk walk = pr_index_find(&table->by_resolving, upstream_hash(entry));

	/* whoever is not known is not the same as another one who isn't */
	if (entry->public.application_key == 0)
		return NULL;
	while (pr_index_next(&table->by_resolving, &walk)) {
		struct pr_question_entry *other = table->entries[walk.value];

		if (other->public.application_key == entry->public.application_key &&
		    other->question.type == entry->question.type &&
		    other->question.dnssec_ok == entry->question.dnssec_ok &&
		    !((other->question.flags ^ entry->question.flags) & FLAGS_UPSTREAM) &&
		    pr_dns_name_equal(&other->question.name_as_asked,
				      &entry->question.name_as_asked))
			return other;
	}
	return NULL;
}

void pr_question_table_lead(struct pr_question_table *table, struct pr_question_entry *entry)
{
	pr_assert(!entry->leads);
	entry->leads = true;
	pr_index_insert(&table->by_resolving, upstream_hash(entry), slot_of(entry->public.ticket));
}

void pr_question_table_lead_no_more(struct pr_question_table *table,
				    struct pr_question_entry *entry)
{
	if (!entry->leads)
		return;
	entry->leads = false;
	pr_index_remove(&table->by_resolving, upstream_hash(entry), slot_of(entry->public.ticket));
}

bool pr_question_table_share(struct pr_question_table *table, struct pr_question_entry *entry)
{
	uint32_t share = share_of(entry);

	if (entry->counted || entry->public.application_key == 0)
		return true;
	/* As much as is left for all others: one has half of the table, two a third each, and there is always room for one that
	 * asks little, however many programs ask much. */
	if (table->shares[share] >= table->n_free)
		return false;
	table->shares[share]++;
	entry->share = share;
	entry->counted = true;
	return true;
}

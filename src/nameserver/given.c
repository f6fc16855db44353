/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nameserver/given.h"

#include "base/hash.h"

#include <string.h>

#define FLAGS_AT 2

struct pr_given_table {
	struct pr_given *slots[PR_GIVEN_MAX];
	size_t bytes;
};

static size_t size_of(const struct pr_given *given)
{
	size_t size = sizeof(*given) + given->n_addresses * sizeof(*given->addresses) +
		      given->n_ttls * sizeof(*given->ttls) + given->len;

	for (unsigned int i = 0; i < given->n_names; i++)
		size += strlen(given->names[i]) + 1;
	return size;
}

static uint32_t slot_of(const struct pr_given_key *key)
{
	uint64_t words[2] = { key->answer, key->application_key << 1 | key->has_edns };

	return (uint32_t)(pr_hash(words, sizeof(words)) % PR_GIVEN_MAX);
}

struct pr_given_table *pr_given_table_new(void)
{
	return pr_calloc(1, sizeof(struct pr_given_table));
}

static void drop(struct pr_given_table *table, uint32_t slot)
{
	if (!table->slots[slot])
		return;
	table->bytes -= size_of(table->slots[slot]);
	free(table->slots[slot]);
	table->slots[slot] = NULL;
}

void pr_given_table_free(struct pr_given_table *table)
{
	if (!table)
		return;
	for (uint32_t i = 0; i < PR_GIVEN_MAX; i++)
		drop(table, i);
	free(table);
}

const struct pr_given *pr_given_find(const struct pr_given_table *table,
				     const struct pr_given_key *key)
{
	const struct pr_given *given = table->slots[slot_of(key)];

	if (!given || given->key.answer != key->answer || given->key.basis != key->basis ||
	    given->key.application_key != key->application_key ||
	    given->key.has_edns != key->has_edns)
		return NULL;
	return given;
}

/* Where the times to live stand; false where the reply is not what we write. */
static bool find_ttls(const struct pr_given *given, uint16_t ttls[PR_GIVEN_REPLY_MAX / 11],
		      uint16_t *ret_n)
{
	struct pr_reader reader = pr_reader(given->reply, given->len);
	unsigned int n_records = 0;
	struct pr_dns_name name;
	uint16_t n = 0;

	pr_read_skip(&reader, 6);
	for (unsigned int i = 0; i < 3; i++)
		n_records += pr_read_u16(&reader);
	if (!pr_dns_read_name(&reader, &name))
		return false;
	pr_read_skip(&reader, 4);
	while (n_records--) {
		struct pr_dns_record record;

		if (!pr_dns_read_record(&reader, &record))
			return false;
		if (record.type != PR_DNS_TYPE_OPT)
			ttls[n++] = (uint16_t)(record.data - 6);
	}
	*ret_n = n;
	return true;
}

/* One block: the head, the addresses, the places of the times, the reply, the names. */
static struct pr_given *copy(const struct pr_given *given, const uint16_t *ttls)
{
	uint8_t *at = pr_calloc(1, size_of(given));
	struct pr_given *made = (struct pr_given *)(void *)at;

	*made = *given;
	at += sizeof(*made);
	made->addresses = (const struct pr_question_given *)(void *)at;
	memcpy(at, given->addresses, given->n_addresses * sizeof(*given->addresses));
	at += given->n_addresses * sizeof(*given->addresses);
	made->ttls = (const uint16_t *)(void *)at;
	memcpy(at, ttls, given->n_ttls * sizeof(*ttls));
	at += given->n_ttls * sizeof(*ttls);
	made->reply = at;
	memcpy(at, given->reply, given->len);
	at += given->len;
	for (unsigned int i = 0; i < given->n_names; i++) {
		size_t size = strlen(given->names[i]) + 1;

		memcpy(at, given->names[i], size);
		made->names[i] = (const char *)at;
		at += size;
	}
	return made;
}

bool pr_given_put(struct pr_given_table *table, const struct pr_given *given)
{
	uint16_t ttls[PR_GIVEN_REPLY_MAX / 11];
	struct pr_given whole = *given;
	uint32_t slot = slot_of(&given->key);

	if (given->len > PR_GIVEN_REPLY_MAX || !find_ttls(given, ttls, &whole.n_ttls))
		return false;
	drop(table, slot);
	if (table->bytes + size_of(&whole) > PR_GIVEN_BYTES_MAX)
		return false;
	table->slots[slot] = copy(&whole, ttls);
	table->bytes += size_of(&whole);
	return true;
}

void pr_given_write(const struct pr_given *given, const struct pr_dns_question *question,
		    uint32_t age_s, uint8_t *reply)
{
	const uint16_t clients = PR_DNS_FLAG_RD | PR_DNS_FLAG_CD;
	struct pr_writer writer = pr_writer(reply, given->len);
	uint16_t flags = (uint16_t)(given->reply[FLAGS_AT] << 8 | given->reply[FLAGS_AT + 1]);
	uint32_t older_s = age_s - given->age_s;

	memcpy(reply, given->reply, given->len);
	pr_write_u16(&writer, question->id);
	pr_write_u16(&writer, (uint16_t)((flags & ~clients) | (question->flags & clients)));
	writer.position = PR_DNS_HEADER_LEN;
	/* The same name, in the case in which it was asked for: what points here follows. */
	pr_write_bytes(&writer, question->name_as_asked.wire, question->name_as_asked.len);
	for (unsigned int i = 0; i < given->n_ttls; i++) {
		struct pr_reader reader = pr_reader(given->reply, given->len);

		reader.position = writer.position = given->ttls[i];
		pr_write_u32(&writer, pr_read_u32(&reader) - older_s);
	}
}

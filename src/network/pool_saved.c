/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The saved pool: "PRPOOL01", the ranges (each its family, length and base), the next place, the number of names; and
 * these, used longest ago first: name with its length, place, time of day of the last use. All integers in network order.
 */
#include "network/pool_table.h"

#include "base/cursor.h"
#include "base/name.h"

#include <string.h>

#define MAGIC	   "PRPOOL01"
#define MAGIC_LEN  8
#define HEADER_LEN (MAGIC_LEN + 2 + 4 + 2 + 16 + 4 + 4)
#define ENTRY_LEN  (2 + 4 + 4) /* and the name */
#define S_US	   UINT64_C(1000000)

struct saved {
	struct pr_pool_ranges ranges;
	uint32_t next, n;
};

struct saved_entry {
	char name[PR_NAME_TEXT_SIZE];
	uint32_t place, used_s;
};

static const struct pr_pool_entry *entry_at(const struct pr_pool *pool, uint32_t number)
{
	return pr_slab_at(&pool->entries, number);
}

static void write_range(struct pr_writer *writer, const struct pr_address *base, uint8_t len,
			size_t address_len)
{
	pr_write_u8(writer, base->family);
	pr_write_u8(writer, len);
	pr_write_bytes(writer, base->bytes, address_len);
}

static void write_entry(struct pr_writer *writer, const struct pr_pool *pool,
			const struct pr_pool_entry *entry, uint64_t age_us, uint64_t real_us)
{
	const char *name = pr_texts_get(&pool->texts, entry->name);

	pr_write_u16(writer, (uint16_t)strlen(name));
	pr_write_bytes(writer, name, strlen(name));
	pr_write_u32(writer, entry->place);
	pr_write_u32(writer, (uint32_t)(age_us < real_us ? (real_us - age_us) / S_US : 0));
}

int pr_pool_save(const struct pr_pool *pool, uint64_t now_us, uint64_t real_us, uint8_t **ret_bytes,
		 size_t *ret_len)
{
	size_t size = HEADER_LEN;
	struct pr_writer writer;

	for (uint32_t i = 0; i < pool->entries.n_made; i++)
		if (entry_at(pool, i)->place)
			size += ENTRY_LEN +
				strlen(pr_texts_get(&pool->texts, entry_at(pool, i)->name));
	writer = pr_writer(pr_calloc(1, size), size);
	pr_write_bytes(&writer, MAGIC, MAGIC_LEN);
	write_range(&writer, &pool->ranges.base4, pool->ranges.len4, 4);
	write_range(&writer, &pool->ranges.base6, pool->ranges.len6, 16);
	pr_write_u32(&writer, pool->next);
	pr_write_u32(&writer, pool->entries.n_used);
	for (uint32_t i = pool->idle.head; i != PR_SLAB_NONE; i = entry_at(pool, i)->by_use.next)
		write_entry(&writer, pool, entry_at(pool, i),
			    now_us > entry_at(pool, i)->used_us
				    ? now_us - entry_at(pool, i)->used_us
				    : 0,
			    real_us);
	for (uint32_t i = 0; i < pool->entries.n_made; i++)
		if (entry_at(pool, i)->place && entry_at(pool, i)->n_held)
			write_entry(&writer, pool, entry_at(pool, i), 0, real_us);
	pr_assert(!writer.failed && writer.position == size);
	*ret_bytes = writer.bytes;
	*ret_len = size;
	return 0;
}

static bool read_range(struct pr_reader *reader, uint8_t family, unsigned int len_most,
		       struct pr_address *ret_base, uint8_t *ret_len)
{
	uint8_t is = pr_read_u8(reader), len = pr_read_u8(reader);
	const uint8_t *bytes = pr_read_bytes(reader, family == 4 ? 4 : 16);
	struct pr_address base;

	*ret_base = (struct pr_address){ 0 };
	*ret_len = 0;
	if (!bytes || (is && (is != family || len > len_most)))
		return false;
	if (!is)
		return true;
	base = family == 4 ? pr_address_v4(bytes) : pr_address_v6(bytes);
	if (base.family != family)
		return false;
	*ret_base = pr_address_mask(&base, len);
	*ret_len = len;
	return pr_address_equal(ret_base, &base);
}

static bool read_header(struct pr_reader *reader, struct saved *ret_saved)
{
	const uint8_t *magic = pr_read_bytes(reader, MAGIC_LEN);

	if (!magic || memcmp(magic, MAGIC, MAGIC_LEN) != 0 ||
	    !read_range(reader, 4, PR_POOL_LEN4_MOST, &ret_saved->ranges.base4,
			&ret_saved->ranges.len4) ||
	    !read_range(reader, 6, PR_POOL_LEN6_MOST, &ret_saved->ranges.base6,
			&ret_saved->ranges.len6))
		return false;
	ret_saved->next = pr_read_u32(reader);
	ret_saved->n = pr_read_u32(reader);
	return !reader->failed;
}

/* Canonical: printable, without capitals (base/name.h). */
static bool is_name(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f || (*text >= 'A' && *text <= 'Z'))
			return false;
	return true;
}

/* `n_places` of the saved ranges. */
static bool read_entry(struct pr_reader *reader, uint32_t n_places, struct saved_entry *ret_entry)
{
	size_t len = pr_read_u16(reader);
	const uint8_t *bytes = len && len < PR_NAME_TEXT_SIZE ? pr_read_bytes(reader, len) : NULL;

	if (!bytes || memchr(bytes, '\0', len))
		return false;
	memcpy(ret_entry->name, bytes, len);
	ret_entry->name[len] = '\0';
	ret_entry->place = pr_read_u32(reader);
	ret_entry->used_s = pr_read_u32(reader);
	return !reader->failed && ret_entry->place > 0 && ret_entry->place <= n_places &&
	       is_name(ret_entry->name);
}

/* The place here whose addresses are those of `place` there, in every family that both have; 0: there is none. */
static uint32_t place_here(const struct pr_pool *pool, const struct pr_pool_ranges *there,
			   uint32_t place)
{
	const struct pr_pool_ranges *here = &pool->ranges;
	struct pr_address was4 = pr_pool_address_at(there, 4, place);
	struct pr_address was6 = pr_pool_address_at(there, 6, place);
	uint32_t here4 = pr_pool_place_of(here, pool->n_places, &was4);
	uint32_t here6 = pr_pool_place_of(here, pool->n_places, &was6);
	bool both4 = here->base4.family && there->base4.family;
	bool both6 = here->base6.family && there->base6.family;

	if (both4 && both6 && here4 != here6)
		return 0;
	return both4 ? here4 : here6;
}

static void load_entry(struct pr_pool *pool, const struct saved *saved,
		       const struct saved_entry *entry, uint64_t now_us, uint64_t real_us)
{
	uint32_t place = place_here(pool, &saved->ranges, entry->place);
	uint64_t age_us = real_us > entry->used_s * S_US ? real_us - entry->used_s * S_US : 0;

	if (place && pool->entries.n_used < pool->n_max &&
	    pr_pool_find_place(pool, place) == PR_SLAB_NONE &&
	    pr_pool_find_name(pool, entry->name) == PR_SLAB_NONE)
		(void)pr_pool_add(pool, entry->name, place, now_us > age_us ? now_us - age_us : 0);
}

int pr_pool_load(struct pr_pool *pool, const uint8_t *bytes, size_t len, uint64_t now_us,
		 uint64_t real_us)
{
	struct pr_reader reader = pr_reader(bytes, len), again;
	struct saved_entry entry;
	uint32_t n_places, next, room;
	struct saved saved;

	if (!read_header(&reader, &saved))
		return -EBADMSG;
	n_places = pr_pool_n_places(&saved.ranges);
	again = reader;
	/* Each takes bytes, so a great number ends with them. */
	for (uint32_t i = 0; i < saved.n; i++)
		if (!read_entry(&reader, n_places, &entry))
			return -EBADMSG;
	if (pr_reader_left(&reader) || saved.next == 0 || saved.next > (n_places ? n_places : 1))
		return -EBADMSG;
	room = pool->n_max - pool->entries.n_used;
	for (uint32_t i = 0; i < saved.n; i++) {
		pr_assert(read_entry(&again, n_places, &entry));
		if (saved.n - i <= room) /* those used last, if not all fit */
			load_entry(pool, &saved, &entry, now_us, real_us);
	}
	next = place_here(pool, &saved.ranges, saved.next);
	if (next)
		pool->next =
			(uint32_t)((next - 1 + (uint64_t)pool->n_places / 4) % pool->n_places) + 1;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From sorted parts to the bytes of a set. */
#include "intel/set_builder_parts.h"

#include <string.h>

void pr_intel_append_row(struct pr_intel_rows *rows, pr_intel_key key, uint32_t value)
{
	rows->keys.size = sizeof(key);
	rows->values.size = sizeof(value);
	*(pr_intel_key *)pr_intel_append(&rows->keys) = key;
	*(uint32_t *)pr_intel_append(&rows->values) = value;
}

/* Where a value stands in its span, the lowest first: what is to decide where the closest entry does. */
static unsigned int rank(uint32_t value)
{
	bool name = (value >> PR_INTEL_KIND & 3) == PR_LIST_NAME;

	return (name ? 0 : 2) + (value & PR_INTEL_EXCEPTION ? 0 : 1);
}

/* Adds those of a rank to the spans, each thing that a list says once. Lines rise, so that what a list
 * says stands together. */
static void add_rank(const struct pr_intel_builder *builder, struct pr_intel_array *spans,
		     const uint32_t *values, size_t n, unsigned int added)
{
	const struct pr_intel_array *array = &builder->parts[PR_INTEL_PART_FIRSTS];
	const uint32_t *firsts = (const void *)array->bytes;
	unsigned int said = 0; /* kinds, important or not */
	size_t list = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned int what = 1u << ((values[i] >> PR_INTEL_KIND & 3) * 2 +
					   !(values[i] & PR_INTEL_IMPORTANT));

		for (; list < array->n && firsts[list] <= (values[i] & PR_INTEL_LINE); list++)
			said = 0;
		if (rank(values[i]) != added || said & what)
			continue;
		said |= what;
		*(uint32_t *)pr_intel_append(spans) = values[i];
	}
}

uint32_t pr_intel_builder_value(const struct pr_intel_builder *builder, struct pr_intel_file *file,
				const uint32_t *values, size_t n)
{
	struct pr_intel_array *spans = &file->sections[PR_INTEL_SPANS];
	size_t first = spans->n;
	uint32_t *added;

	if (n == 1)
		return values[0];
	for (unsigned int i = 0; i < 4; i++)
		add_rank(builder, spans, values, n, i);
	added = (uint32_t *)(void *)spans->bytes + first;
	if (spans->n - first == 1) {
		spans->n = first;
		return added[0];
	}
	added[spans->n - first - 1] |= PR_INTEL_LAST;
	return PR_INTEL_SPAN | (uint32_t)first;
}

/* The least width that holds all keys. */
static uint32_t width_of(enum pr_intel_tables table, const struct pr_intel_rows *rows)
{
	const pr_intel_key *keys = (const void *)rows->keys.bytes;

	if (table != PR_INTEL_PREFIX6 && table != PR_INTEL_COUNTRY6 && table != PR_INTEL_ASN6)
		return 4;
	for (size_t i = 0; i < rows->keys.n; i++)
		if ((uint64_t)keys[i])
			return 16;
	return 8;
}

/* Room for `size` bytes at the end of a file that is `len` long so far. Where they begin. */
static uint64_t reserve(uint64_t *len, uint64_t size)
{
	uint64_t offset = (*len + PR_INTEL_ALIGN - 1) / PR_INTEL_ALIGN * PR_INTEL_ALIGN;

	*len = offset + size;
	return offset;
}

static void lay_out(const struct pr_intel_file *file, struct pr_intel_header *header)
{
	header->len = sizeof(*header);
	for (int i = 0; i < PR_INTEL_SECTION_COUNT_; i++) {
		const struct pr_intel_array *section = &file->sections[i];

		header->sections[i].offset = reserve(&header->len, section->n * section->size);
		header->sections[i].n = section->n;
	}
	for (int i = 0; i < PR_INTEL_TABLE_COUNT_; i++) {
		uint32_t n = (uint32_t)file->tables[i].keys.n;
		uint32_t width = width_of((enum pr_intel_tables)i, &file->tables[i]);

		header->tables[i].keys = reserve(&header->len, pr_intel_table_size(n, width));
		header->tables[i].values = reserve(&header->len, (uint64_t)n * 4);
		header->tables[i].n = n;
		header->tables[i].width = width;
	}
}

static uint8_t *write_out(const struct pr_intel_file *file, const struct pr_intel_header *header)
{
	uint8_t *bytes = pr_calloc(1, header->len);

	memcpy(bytes, header, sizeof(*header));
	for (int i = 0; i < PR_INTEL_SECTION_COUNT_; i++)
		if (file->sections[i].n)
			memcpy(bytes + header->sections[i].offset, file->sections[i].bytes,
			       file->sections[i].n * file->sections[i].size);
	for (int i = 0; i < PR_INTEL_TABLE_COUNT_; i++) {
		const struct pr_intel_rows *rows = &file->tables[i];

		if (!rows->keys.n)
			continue;
		pr_intel_table_write(bytes + header->tables[i].keys, (void *)rows->keys.bytes,
				     header->tables[i].n, header->tables[i].width);
		memcpy(bytes + header->tables[i].values, rows->values.bytes, rows->values.n * 4);
	}
	return bytes;
}

static void file_done(struct pr_intel_file *file)
{
	for (int i = 0; i < PR_INTEL_SECTION_COUNT_; i++)
		free(file->sections[i].bytes);
	for (int i = 0; i < PR_INTEL_TABLE_COUNT_; i++) {
		free(file->tables[i].keys.bytes);
		free(file->tables[i].values.bytes);
	}
}

/* What the builder has just as the file wants it. */
static void take_over(struct pr_intel_builder *builder, enum pr_intel_part part,
		      struct pr_intel_array *ret_section)
{
	*ret_section = builder->parts[part];
	builder->parts[part] = (struct pr_intel_array){ .size = ret_section->size };
}

int pr_intel_builder_finish(struct pr_intel_builder *builder, uint8_t **ret_bytes, size_t *ret_len)
{
	struct pr_intel_header header = { .magic = PR_INTEL_MAGIC, .version = PR_INTEL_VERSION };
	struct pr_intel_file file = { 0 };
	int r = 0;

	for (int i = 0; i < PR_INTEL_SECTION_COUNT_; i++)
		file.sections[i].size = pr_intel_record_size((enum pr_intel_section)i);
	pr_intel_builder_domains(builder, &file);
	pr_intel_builder_addresses(builder, &file);
	pr_intel_builder_ranges(builder, &file);
	take_over(builder, PR_INTEL_PART_STRINGS, &file.sections[PR_INTEL_STRINGS]);
	take_over(builder, PR_INTEL_PART_LISTS, &file.sections[PR_INTEL_LISTS]);
	take_over(builder, PR_INTEL_PART_FIRSTS, &file.sections[PR_INTEL_FIRSTS]);
	header.seed = builder->seed;
	header.n_domains = file.n_domains;
	header.n_prefixes = file.n_prefixes;
	memcpy(header.names, builder->known.names, sizeof(header.names));
	memcpy(header.parents, builder->known.parents, sizeof(header.parents));
	memcpy(header.closest, builder->known.closest, sizeof(header.closest));
	lay_out(&file, &header);
	if (header.len > PR_INTEL_BYTES_MAX) {
		r = -EFBIG;
	} else {
		*ret_bytes = write_out(&file, &header);
		*ret_len = header.len;
	}
	file_done(&file);
	return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/compress.h"

#include <string.h>

#define POINTER		0xc000u
#define POSITION_LIMIT	0x4000u /* what a pointer can say */
#define DATA_LEN_OFFSET 2

/* Data that begins with `before` bytes, then `n_strings` character strings, then `n_names` names; the rest has
 * none. Types that are not here hold no compressed names (RFC 3597, 4). */
static const struct layout {
	uint16_t type;
	uint8_t before, n_strings, n_names;
	bool compress; /* when written: the types of RFC 1035 only */
} layouts[] = {
	{ 2, 0, 0, 1, true },	 /* NS */
	{ 3, 0, 0, 1, true },	 /* MD */
	{ 4, 0, 0, 1, true },	 /* MF */
	{ 5, 0, 0, 1, true },	 /* CNAME */
	{ 6, 0, 0, 2, true },	 /* SOA */
	{ 7, 0, 0, 1, true },	 /* MB */
	{ 8, 0, 0, 1, true },	 /* MG */
	{ 9, 0, 0, 1, true },	 /* MR */
	{ 12, 0, 0, 1, true },	 /* PTR */
	{ 14, 0, 0, 2, true },	 /* MINFO */
	{ 15, 2, 0, 1, true },	 /* MX */
	{ 17, 0, 0, 2, false },	 /* RP */
	{ 18, 2, 0, 1, false },	 /* AFSDB */
	{ 21, 2, 0, 1, false },	 /* RT */
	{ 24, 18, 0, 1, false }, /* SIG */
	{ 26, 2, 0, 2, false },	 /* PX */
	{ 30, 0, 0, 1, false },	 /* NXT */
	{ 33, 6, 0, 1, false },	 /* SRV */
	{ 35, 4, 3, 1, false },	 /* NAPTR */
	{ 36, 2, 0, 1, false },	 /* KX */
	{ 39, 0, 0, 1, false },	 /* DNAME */
};

static uint8_t fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

/* True when the name that was written at `position` is `suffix`. What was written is our own: well formed. */
static bool written_equals(const struct pr_writer *writer, size_t position, const uint8_t *suffix)
{
	for (;;) {
		uint8_t label_len = writer->bytes[position];

		if (label_len >= POINTER >> 8) {
			position = (size_t)(label_len & 0x3f) << 8 | writer->bytes[position + 1];
			continue;
		}
		if (label_len != *suffix)
			return false;
		if (label_len == 0)
			return true;
		for (size_t i = 1; i <= label_len; i++)
			if (fold(writer->bytes[position + i]) != fold(suffix[i]))
				return false;
		position += 1u + label_len;
		suffix += 1u + label_len;
	}
}

void pr_dns_write_name(struct pr_writer *writer, struct pr_dns_compressor *compressor,
		       const struct pr_dns_name *name, bool compress)
{
	uint16_t *fresh[PR_DNS_NAME_MAX / 2 + 1];
	uint16_t positions[PR_DNS_NAME_MAX / 2 + 1];
	unsigned int n_fresh = 0;

	for (size_t i = 0; i < name->len; i += 1u + name->wire[i]) {
		uint16_t *known = &compressor->position[name->len - i];

		if (name->wire[i] == 0) {
			pr_write_u8(writer, 0);
			break;
		}
		if (compress && *known && written_equals(writer, *known, name->wire + i)) {
			pr_write_u16(writer, (uint16_t)(POINTER | *known));
			break;
		}
		if (!*known && writer->position < POSITION_LIMIT) {
			fresh[n_fresh] = known;
			positions[n_fresh++] = (uint16_t)writer->position;
		}
		pr_write_bytes(writer, name->wire + i, 1u + name->wire[i]);
	}
	/* only what stands there whole may be pointed at */
	if (writer->failed)
		return;
	while (n_fresh--)
		*fresh[n_fresh] = positions[n_fresh];
}

void pr_dns_write_record_head(struct pr_writer *writer, struct pr_dns_compressor *compressor,
			      const struct pr_dns_record *record)
{
	pr_dns_write_name(writer, compressor, &record->owner, true);
	pr_write_u16(writer, record->type);
	pr_write_u16(writer, record->class_);
	pr_write_u32(writer, record->ttl);
}

/* Copies the data, names rewritten; `reader` stands at its beginning, `end` is behind it. */
static bool write_data(struct pr_writer *writer, struct pr_dns_compressor *compressor,
		       struct pr_reader *reader, size_t end, const struct layout *layout)
{
	pr_write_bytes(writer, pr_read_bytes(reader, layout->before),
		       reader->failed ? 0 : layout->before);
	for (unsigned int i = 0; i < layout->n_strings; i++) {
		uint8_t len = pr_read_u8(reader);
		const uint8_t *string = pr_read_bytes(reader, len);

		if (!string)
			return false;
		pr_write_u8(writer, len);
		pr_write_bytes(writer, string, len);
	}
	for (unsigned int i = 0; i < layout->n_names; i++) {
		struct pr_dns_name name;

		if (!pr_dns_read_name(reader, &name))
			return false;
		pr_dns_write_name(writer, compressor, &name, layout->compress);
	}
	if (reader->failed || reader->position > end)
		return false;
	pr_write_bytes(writer, reader->bytes + reader->position, end - reader->position);
	return true;
}

bool pr_dns_write_record(struct pr_writer *writer, struct pr_dns_compressor *compressor,
			 const struct pr_reader *message, const struct pr_dns_record *record)
{
	struct pr_reader reader = *message;
	size_t data_len_at, data_len;

	pr_dns_write_record_head(writer, compressor, record);
	for (size_t i = 0; i < PR_ARRAY_SIZE(layouts); i++) {
		if (layouts[i].type != record->type)
			continue;
		data_len_at = writer->position;
		pr_write_u16(writer, 0);
		reader.position = record->data;
		if (!write_data(writer, compressor, &reader, record->data + record->data_len,
				&layouts[i]))
			return false;
		if (writer->failed)
			return true;
		data_len = writer->position - data_len_at - DATA_LEN_OFFSET;
		writer->bytes[data_len_at] = (uint8_t)(data_len >> 8);
		writer->bytes[data_len_at + 1] = (uint8_t)data_len;
		return true;
	}
	pr_write_u16(writer, record->data_len);
	pr_write_bytes(writer, message->bytes + record->data, record->data_len);
	return true;
}

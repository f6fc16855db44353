/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/svcb.h"

#define KEY_MANDATORY 0
#define KEY_IPV4HINT  4
#define KEY_IPV6HINT  6

struct parameter {
	uint16_t key, len;
	const uint8_t *value;
};

/* False at the end, and (reader failed) where keys don't ascend (RFC 9460, 2.2). */
static bool next_parameter(struct pr_reader *reader, int *last_key, struct parameter *ret_parameter)
{
	struct parameter parameter;

	if (!pr_reader_left(reader))
		return false;
	parameter.key = pr_read_u16(reader);
	parameter.len = pr_read_u16(reader);
	parameter.value = pr_read_bytes(reader, parameter.len);
	if (!parameter.value || parameter.key <= *last_key) {
		reader->failed = true;
		return false;
	}
	*last_key = parameter.key;
	*ret_parameter = parameter;
	return true;
}

static size_t hint_size(const struct parameter *parameter)
{
	return parameter->key == KEY_IPV4HINT ? 4 : parameter->key == KEY_IPV6HINT ? 16 : 0;
}

static struct pr_address hint_at(const struct parameter *parameter, size_t position)
{
	return hint_size(parameter) == 4 ? pr_address_v4(parameter->value + position)
					 : pr_address_v6(parameter->value + position);
}

/* Writes the hints that may stay, as one parameter; how many these are. */
static size_t write_hints(const struct parameter *parameter, const struct pr_dns_judge *judge,
			  const uint32_t *ttl_s, struct pr_writer *writer)
{
	size_t size = hint_size(parameter), n_kept = 0, start = writer->position;

	pr_write_u16(writer, parameter->key);
	pr_write_u16(writer, 0);
	for (size_t at = 0; at < parameter->len; at += size) {
		struct pr_address address = hint_at(parameter, at);

		if (!judge->address(judge->context, &address))
			continue;
		n_kept++;
		pr_write_bytes(writer, parameter->value + at, size);
		if (ttl_s && judge->given)
			judge->given(judge->context, &address, *ttl_s);
	}
	if (n_kept == 0) {
		if (!writer->failed)
			writer->position = start;
	} else if (!writer->failed) {
		writer->bytes[start + 2] = (uint8_t)(n_kept * size >> 8);
		writer->bytes[start + 3] = (uint8_t)(n_kept * size);
	}
	return n_kept;
}

static bool is_mandatory(const struct parameter *mandatory, uint16_t key)
{
	struct pr_reader reader = pr_reader(mandatory->value, mandatory->len);

	while (pr_reader_left(&reader))
		if (pr_read_u16(&reader) == key && !reader.failed)
			return true;
	return false;
}

/* The priority and the target; false where the data is malformed. */
static bool read_target(struct pr_reader *reader, struct pr_dns_name *ret_target)
{
	size_t start;

	(void)pr_read_u16(reader);
	start = reader->position;
	/* never compressed (RFC 9460, 2.2): a pointer would lead out of the data */
	return pr_dns_read_name(reader, ret_target) && reader->position - start == ret_target->len;
}

static enum pr_dns_svcb_outcome filter_parameters(struct pr_reader *reader,
						  const struct pr_dns_judge *judge,
						  const uint32_t *ttl_s, struct pr_writer *writer)
{
	enum pr_dns_svcb_outcome outcome = PR_DNS_SVCB_SAME;
	struct parameter parameter, mandatory = { 0 };
	int last_key = -1;

	while (next_parameter(reader, &last_key, &parameter)) {
		size_t size = hint_size(&parameter), n_kept;

		if (parameter.key == KEY_MANDATORY)
			mandatory = parameter;
		if (size == 0) {
			pr_write_u16(writer, parameter.key);
			pr_write_u16(writer, parameter.len);
			pr_write_bytes(writer, parameter.value, parameter.len);
			continue;
		}
		if (parameter.len == 0 || parameter.len % size)
			return PR_DNS_SVCB_GONE;
		n_kept = write_hints(&parameter, judge, ttl_s, writer);
		if (n_kept < parameter.len / size)
			outcome = PR_DNS_SVCB_CHANGED;
		if (n_kept == 0 && is_mandatory(&mandatory, parameter.key))
			return PR_DNS_SVCB_GONE;
	}
	return reader->failed ? PR_DNS_SVCB_GONE : outcome;
}

enum pr_dns_svcb_outcome pr_dns_svcb_filter(const uint8_t *data, size_t len,
					    const struct pr_dns_judge *judge, const uint32_t *ttl_s,
					    struct pr_writer *writer)
{
	struct pr_reader reader = pr_reader(data, len);
	struct pr_writer nowhere = { .failed = true };
	struct pr_dns_name target;
	enum pr_dns_svcb_outcome outcome;
	char text[PR_NAME_TEXT_SIZE];
	size_t start, data_len;

	if (!writer)
		writer = &nowhere;
	start = writer->position;
	if (!read_target(&reader, &target))
		return PR_DNS_SVCB_GONE;
	/* "." is the owner itself, or (as an alias) "there is none" */
	if (target.len > 1 && !judge->target(judge->context, pr_dns_name_text(&target, text)))
		return PR_DNS_SVCB_GONE;
	pr_write_u16(writer, 0);
	pr_write_bytes(writer, data, reader.position);
	outcome = filter_parameters(&reader, judge, ttl_s, writer);
	if (!writer->failed) {
		data_len = writer->position - start - 2;
		writer->bytes[start] = (uint8_t)(data_len >> 8);
		writer->bytes[start + 1] = (uint8_t)data_len;
	}
	return outcome;
}

size_t pr_dns_svcb_n_hints(const uint8_t *data, size_t len)
{
	struct pr_reader reader = pr_reader(data, len);
	struct parameter parameter;
	struct pr_dns_name target;
	int last_key = -1;
	size_t n = 0;

	if (!read_target(&reader, &target))
		return 0;
	while (next_parameter(&reader, &last_key, &parameter))
		if (hint_size(&parameter))
			n += parameter.len / hint_size(&parameter);
	return n;
}

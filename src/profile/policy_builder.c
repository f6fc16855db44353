/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/policy_builder.h"

#include <string.h>

static const size_t record_sizes[PR_SECTION_COUNT_] = {
	[PR_SECTION_STRINGS] = 1,
	[PR_SECTION_WORDS] = sizeof(uint64_t),
	[PR_SECTION_NUMBERS] = sizeof(uint32_t),
	[PR_SECTION_GLOBAL] = sizeof(struct pr_blob_global),
	[PR_SECTION_PROFILES] = sizeof(struct pr_blob_profile),
	[PR_SECTION_MATCHES] = sizeof(struct pr_blob_match),
	[PR_SECTION_LISTS] = sizeof(struct pr_blob_source),
	[PR_SECTION_GEO] = sizeof(struct pr_blob_source),
	[PR_SECTION_PROVIDERS] = sizeof(struct pr_blob_provider),
	[PR_SECTION_TUNNELS] = sizeof(struct pr_blob_tunnel),
	[PR_SECTION_RULESETS] = sizeof(struct pr_blob_ruleset),
	[PR_SECTION_RULES] = sizeof(struct pr_blob_rule),
	[PR_SECTION_PORTS] = sizeof(struct pr_blob_ports),
	[PR_SECTION_SLOTS] = sizeof(struct pr_blob_slot),
	[PR_SECTION_KEYS] = sizeof(struct pr_blob_key),
	[PR_SECTION_STARTS] = sizeof(struct pr_blob_start),
	[PR_SECTION_NODES] = sizeof(struct pr_blob_node),
	[PR_SECTION_STATES] = sizeof(struct pr_blob_state),
	[PR_SECTION_BUCKETS] = sizeof(struct pr_blob_bucket),
	[PR_SECTION_GROUPS] = sizeof(struct pr_blob_group),
	[PR_SECTION_POINTS] = sizeof(struct pr_blob_point),
};

size_t pr_blob_record_size(enum pr_blob_section section)
{
	return record_sizes[section];
}

struct pr_policy_builder *pr_policy_builder_new(void)
{
	struct pr_policy_builder *builder = pr_calloc(1, sizeof(*builder));

	for (int i = 0; i < PR_SECTION_COUNT_; i++)
		builder->sections[i].record_size = record_sizes[i];
	pr_policy_builder_append(builder, PR_SECTION_STRINGS, "", 1);
	pr_policy_builder_append(builder, PR_SECTION_GLOBAL, NULL, 1);
	return builder;
}

void pr_policy_builder_free(struct pr_policy_builder *builder)
{
	if (!builder)
		return;
	for (int i = 0; i < PR_SECTION_COUNT_; i++)
		free(builder->sections[i].bytes);
	free(builder);
}

uint32_t pr_policy_builder_append(struct pr_policy_builder *builder, enum pr_blob_section section,
				  const void *records, size_t n)
{
	struct pr_section *s = &builder->sections[section];
	size_t first = s->n;

	/* The limits of config.h keep every section far below this. */
	pr_assert(n < UINT32_MAX / 2 - s->n);
	if (s->n + n > s->n_allocated) {
		s->n_allocated = (s->n + n) * 2;
		s->bytes = pr_realloc(s->bytes, s->n_allocated, s->record_size);
	}
	if (records && n)
		memcpy(s->bytes + s->n * s->record_size, records, n * s->record_size);
	else if (n)
		memset(s->bytes + s->n * s->record_size, 0, n * s->record_size);
	s->n += n;
	return (uint32_t)first;
}

void *pr_policy_builder_record(struct pr_policy_builder *builder, enum pr_blob_section section,
			       uint32_t number)
{
	struct pr_section *s = &builder->sections[section];

	pr_assert(number < s->n);
	return s->bytes + number * s->record_size;
}

uint32_t pr_policy_builder_count(const struct pr_policy_builder *builder,
				 enum pr_blob_section section)
{
	return (uint32_t)builder->sections[section].n;
}

uint32_t pr_policy_builder_string(struct pr_policy_builder *builder, const char *text)
{
	if (!*text)
		return 0;
	return pr_policy_builder_append(builder, PR_SECTION_STRINGS, text, strlen(text) + 1);
}

uint32_t pr_policy_builder_list(struct pr_policy_builder *builder, const char *id)
{
	const char *strings = (const char *)builder->sections[PR_SECTION_STRINGS].bytes;
	uint32_t n = pr_policy_builder_count(builder, PR_SECTION_LISTS);
	struct pr_blob_source list = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		const struct pr_blob_source *known =
			pr_policy_builder_record(builder, PR_SECTION_LISTS, i);

		if (strcmp(strings + known->id, id) == 0)
			return i;
	}
	list.id = pr_policy_builder_string(builder, id);
	return pr_policy_builder_append(builder, PR_SECTION_LISTS, &list, 1);
}

void pr_policy_builder_tunnel(struct pr_policy_builder *builder,
			      const struct pr_policy_tunnel *tunnel)
{
	const struct pr_blob_tunnel blob = { pr_policy_builder_string(builder, tunnel->id),
					     tunnel->kind, tunnel->port, tunnel->leads_by };

	pr_policy_builder_append(builder, PR_SECTION_TUNNELS, &blob, 1);
}

static struct pr_blob_span add_lists(struct pr_policy_builder *builder, const struct pr_rule *rule)
{
	uint32_t numbers[PR_RULE_LISTS_MAX];

	for (unsigned int i = 0; i < rule->n_lists; i++)
		numbers[i] = pr_policy_builder_list(builder, rule->lists[i]);
	return (struct pr_blob_span){ pr_policy_builder_append(builder, PR_SECTION_NUMBERS, numbers,
							       rule->n_lists),
				      rule->n_lists };
}

static struct pr_blob_span add_ports(struct pr_policy_builder *builder, const struct pr_rule *rule)
{
	struct pr_blob_ports ports[PR_RULE_PORTS_MAX];

	for (unsigned int i = 0; i < rule->n_ports; i++)
		ports[i] = (struct pr_blob_ports){ rule->ports[i].first, rule->ports[i].last };
	return (struct pr_blob_span){ pr_policy_builder_append(builder, PR_SECTION_PORTS, ports,
							       rule->n_ports),
				      rule->n_ports };
}

static uint32_t code_value(const char code[static 3])
{
	return (uint32_t)(uint8_t)code[0] << 8 | (uint8_t)code[1];
}

static void set_entity(struct pr_policy_builder *builder, const struct pr_rule *rule,
		       struct pr_blob_rule *blob)
{
	switch (rule->entity) {
	case PR_ENTITY_ANY:
	case PR_ENTITY_LISTS:
		break;
	case PR_ENTITY_PREFIX:
		blob->prefix_family = rule->prefix.address.family;
		blob->prefix_len = rule->prefix.len;
		memcpy(blob->prefix, rule->prefix.address.bytes, sizeof(blob->prefix));
		break;
	case PR_ENTITY_SCOPE:
		blob->value = rule->scopes;
		break;
	case PR_ENTITY_COUNTRY:
	case PR_ENTITY_CONTINENT:
		blob->value = code_value(rule->code);
		break;
	case PR_ENTITY_ASN:
		blob->value = rule->asn;
		break;
	default:
		blob->value = pr_policy_builder_string(builder, rule->domain);
		blob->value_len = (uint32_t)strlen(rule->domain);
	}
}

void pr_policy_builder_rule(struct pr_policy_builder *builder, const struct pr_rule *rule,
			    const char *text, const char *place)
{
	struct pr_blob_rule blob = {
		.action = (uint8_t)rule->action,
		.entity = (uint8_t)rule->entity,
		.proto = rule->proto,
		.lists = add_lists(builder, rule),
		.ports = add_ports(builder, rule),
		.text = pr_policy_builder_string(builder, text),
		.place = pr_policy_builder_string(builder, place),
		.tunnel = pr_policy_builder_string(builder, rule->tunnel),
	};

	set_entity(builder, rule, &blob);
	pr_policy_builder_append(builder, PR_SECTION_RULES, &blob, 1);
}

void pr_policy_builder_rule_end(struct pr_policy_builder *builder, const struct pr_rule_end *end)
{
	struct pr_blob_rule *rule = pr_policy_builder_record(
		builder, PR_SECTION_RULES, pr_policy_builder_count(builder, PR_SECTION_RULES) - 1);

	rule->expires_s = end->expires_s;
	rule->until = end->reboot ? PR_BLOB_UNTIL_REBOOT : (uint32_t)end->pid;
}

void pr_policy_builder_ruleset(struct pr_policy_builder *builder, uint32_t first)
{
	struct pr_blob_ruleset ruleset = {
		.rules = { first, pr_policy_builder_count(builder, PR_SECTION_RULES) - first }
	};

	pr_policy_builder_append(builder, PR_SECTION_RULESETS, &ruleset, 1);
}

int pr_policy_builder_finish(struct pr_policy_builder *builder, uint8_t **ret_bytes,
			     size_t *ret_len)
{
	struct pr_blob_header header = { .magic = PR_BLOB_MAGIC, .version = PR_BLOB_VERSION };
	uint64_t len = sizeof(header);
	uint8_t *bytes;

	for (uint32_t i = 0; i < pr_policy_builder_count(builder, PR_SECTION_RULESETS); i++)
		pr_policy_builder_index(builder, i);
	for (int i = 0; i < PR_SECTION_COUNT_; i++) {
		const struct pr_section *section = &builder->sections[i];

		len = (len + 7) & ~UINT64_C(7);
		if (len + section->n * section->record_size > PR_BLOB_LEN_MAX)
			return -EFBIG;
		header.sections[i].offset = (uint32_t)len;
		header.sections[i].n = (uint32_t)section->n;
		len += section->n * section->record_size;
	}
	header.len = (uint32_t)len;
	bytes = pr_calloc(1, len);
	memcpy(bytes, &header, sizeof(header));
	for (int i = 0; i < PR_SECTION_COUNT_; i++)
		if (builder->sections[i].n)
			memcpy(bytes + header.sections[i].offset, builder->sections[i].bytes,
			       builder->sections[i].n * builder->sections[i].record_size);
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}

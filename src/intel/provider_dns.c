/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists in DNS (RFC 5782): an entity that is listed has an A record of 127.0.0.0/8 under the list's zone, one that
 * isn't has no name there. An address outside of that network is somebody who answers for names that don't exist (a
 * captive portal, a resolver that sells its errors), and of 127.255.255.0/24 a list that turns the asker away (so
 * Spamhaus, and others after it): both say nothing of the entity.
 */
#include "intel/provider.h"

#include "dns/answer.h"

#include <stdio.h>
#include <string.h>

#define LOOPBACK_NET  127 /* the first byte of 127.0.0.0/8 */
#define ADDRESSES_MAX 32  /* of an answer; lists have a handful */

static int print_reversed(const struct pr_address *address, char *text, size_t size)
{
	const uint8_t *b = address->bytes;
	size_t len = 0;

	if (address->family == 4)
		return snprintf(text, size, "%u.%u.%u.%u", b[3], b[2], b[1], b[0]);
	/* RFC 5782, 2.4: a label for each half byte */
	for (unsigned int i = 16; i-- > 0;)
		len += (size_t)snprintf(text + len, size - len, "%x.%x%s", b[i] & 15u, b[i] >> 4,
					i ? "." : "");
	return (int)len;
}

int pr_provider_dns_name(const struct pr_provider *provider, const struct pr_inquiry *inquiry,
			 char ret_name[PR_NAME_TEXT_SIZE])
{
	char reversed[80], name[PR_NAME_TEXT_SIZE];
	const char *head = inquiry->domain;
	struct pr_dns_name wire;

	if (!head) {
		print_reversed(&inquiry->address, reversed, sizeof(reversed));
		head = reversed;
	}
	if (snprintf(name, sizeof(name), "%s.%s", head, provider->zone) >= (int)sizeof(name) ||
	    pr_dns_name_from_text(name, &wire) != 0)
		return PR_PROVIDER_TOO_LONG;
	memcpy(ret_name, name, sizeof(name));
	return 0;
}

static void add_category(struct pr_provider_result *result, const char *category)
{
	for (unsigned int i = 0; i < result->n_categories; i++)
		if (strcmp(result->categories[i], category) == 0)
			return;
	if (result->n_categories < PR_PROVIDER_CATEGORIES_MAX)
		snprintf(result->categories[result->n_categories++], sizeof(result->categories[0]),
			 "%s", category);
}

static void read_address(const struct pr_provider *provider, const struct pr_address *address,
			 struct pr_provider_result *result)
{
	const uint8_t *b = address->bytes;

	if (b[0] != LOOPBACK_NET || (b[1] == 255 && b[2] == 255)) {
		result->status = PR_PROVIDER_FAILED;
		result->n_categories = 0;
		result->ill = true;
		result->why = b[0] == LOOPBACK_NET
				      ? "the list refuses to answer us (127.255.255.0/24)"
				      : "the answer is no address of 127.0.0.0/8: somebody else "
					"answers in the list's place";
		return;
	}
	if (result->status == PR_PROVIDER_FAILED)
		return;
	result->status = PR_PROVIDER_LISTED;
	for (unsigned int i = 0; i < provider->n_codes; i++)
		if (pr_address_equal(&provider->codes[i].address, address))
			add_category(result, provider->codes[i].category);
}

/* The least of the SOA's TTL and its last field (RFC 2308, 5). */
static void read_negative_ttl(const uint8_t *answer, const struct pr_dns_record *record,
			      struct pr_provider_result *result)
{
	struct pr_reader end;
	uint32_t minimum;

	if (record->data_len < 4)
		return;
	end = pr_reader(answer + record->data + record->data_len - 4, 4);
	minimum = pr_read_u32(&end);
	result->ttl_s = record->ttl < minimum ? record->ttl : minimum;
}

/* The time that a denial holds: of the SOA record in the authority section. */
static void read_denial(const uint8_t *answer, size_t len, struct pr_provider_result *result)
{
	struct pr_reader reader = pr_reader(answer, len);
	uint16_t flags, n_answers, n_authority;
	struct pr_dns_record record;
	struct pr_dns_name name;

	pr_read_skip(&reader, 2);
	flags = pr_read_u16(&reader);
	pr_read_skip(&reader, 2);
	n_answers = pr_read_u16(&reader);
	n_authority = pr_read_u16(&reader);
	pr_read_skip(&reader, 2);
	(void)pr_dns_read_name(&reader, &name);
	pr_read_skip(&reader, 4);
	if (flags & PR_DNS_FLAG_TC) {
		/* what is missing may be what counts */
		result->status = PR_PROVIDER_FAILED;
		result->why = "the answer is cut short";
		return;
	}
	while (n_answers-- && pr_dns_read_record(&reader, &record))
		;
	while (n_authority-- && pr_dns_read_record(&reader, &record))
		if (record.type == PR_DNS_TYPE_SOA)
			read_negative_ttl(answer, &record, result);
}

/* Of an answer whose records pr_dns_read_facts() has read. */
static void read_records(const struct pr_provider *provider, const struct pr_dns_facts *facts,
			 const uint8_t *answer, size_t len, struct pr_provider_result *result)
{
	struct pr_address addresses[ADDRESSES_MAX];
	unsigned int n = pr_dns_read_addresses(facts, answer, len, addresses, ADDRESSES_MAX);

	for (unsigned int i = 0; i < n; i++)
		if (addresses[i].family == 4)
			read_address(provider, &addresses[i], result);
	if (result->status == PR_PROVIDER_LISTED)
		result->ttl_s = facts->min_ttl_s;
	else if (result->status == PR_PROVIDER_NOT_LISTED)
		read_denial(answer, len, result);
}

void pr_provider_dns_read(const struct pr_provider *provider, const char *name,
			  const uint8_t *answer, size_t len, struct pr_provider_result *ret_result)
{
	struct pr_dns_question question = { .type = PR_DNS_TYPE_A, .class_ = PR_DNS_CLASS_IN };
	struct pr_provider_result result = { .status = PR_PROVIDER_NOT_LISTED,
					     .ttl_s = PR_PROVIDER_TTL_S };
	PR_UNINITIALIZED struct pr_dns_facts facts;

	if (pr_dns_name_from_text(name, &question.name_as_asked) != 0 ||
	    pr_dns_read_facts(&question, answer, len, &facts) != 0) {
		result.status = PR_PROVIDER_FAILED;
		result.why = "the answer is malformed";
	} else if (facts.rcode != PR_DNS_RCODE_NOERROR && facts.rcode != PR_DNS_RCODE_NXDOMAIN) {
		result.status = PR_PROVIDER_FAILED;
		result.why = facts.rcode == PR_DNS_RCODE_REFUSED
				     ? "the nameserver refuses to answer"
				     : "the nameserver gave no answer";
	} else {
		read_records(provider, &facts, answer, len, &result);
	}
	*ret_result = result;
}

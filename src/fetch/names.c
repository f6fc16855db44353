/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The addresses of a hop's host: A and AAAA, asked for together. */
#include "fetch/fetch_internal.h"

#include "dns/answer.h"

#include <string.h>

static const uint16_t types[] = { PR_DNS_TYPE_A, PR_DNS_TYPE_AAAA };

static size_t write_question(const struct pr_fetch_transfer *transfer, unsigned int i,
			     uint8_t *bytes, size_t size)
{
	return pr_dns_write_question(0, transfer->host, types[i], 0, false, bytes, size);
}

bool pr_fetch_names_ask(struct pr_fetch_transfer *transfer)
{
	struct pr_fetcher *fetcher = transfer->fetcher;
	uint8_t question[PR_DNS_HEADER_LEN + PR_DNS_NAME_MAX + 15];

	transfer->n_addresses = 0;
	if (pr_address_parse(transfer->host, &transfer->addresses[0]) == 0) {
		transfer->n_addresses = 1;
		return true;
	}
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(types); i++) {
		size_t len = write_question(transfer, i, question, sizeof(question));

		transfer->name_tickets[i] = ++fetcher->last_name_ticket;
		if (len && fetcher->ports.ask(fetcher->ports.context, transfer->name_tickets[i],
					      question, len))
			continue;
		pr_fetch_wrong(transfer, "%s cannot be looked up now", transfer->host);
		return false;
	}
	return true;
}

static bool take_all(void *context, const struct pr_address *address)
{
	(void)context;
	(void)address;
	return true;
}

static bool take_no_target(void *context, const char *name)
{
	(void)context;
	(void)name;
	return false;
}

static void add(void *context, const struct pr_address *address, uint32_t ttl_s)
{
	struct pr_fetch_transfer *transfer = context;

	(void)ttl_s;
	if (transfer->n_addresses < PR_FETCH_ADDRESSES_MAX)
		transfer->addresses[transfer->n_addresses++] = *address;
}

/* Of the names that the question leads to, and of no other. */
static void read_addresses(struct pr_fetch_transfer *transfer, unsigned int i,
			   const uint8_t *answer, size_t len)
{
	const struct pr_dns_judge judge = {
		.context = transfer, .address = take_all, .target = take_no_target, .given = add
	};
	PR_CLEANUP(pr_cleanup_free) struct pr_dns_facts *facts = pr_calloc(1, sizeof(*facts));
	PR_CLEANUP(pr_cleanup_free) uint8_t *reply = pr_calloc(1, PR_DNS_MESSAGE_MAX);
	uint8_t bytes[PR_DNS_HEADER_LEN + PR_DNS_NAME_MAX + 15];
	struct pr_dns_question question;
	size_t written = write_question(transfer, i, bytes, sizeof(bytes));

	if (pr_dns_parse_question(bytes, written, &question) ||
	    pr_dns_read_facts(&question, answer, len, facts))
		return;
	(void)!pr_dns_filter(&question, facts, answer, len, &judge, PR_DNS_MESSAGE_MAX, reply,
			     PR_DNS_MESSAGE_MAX, &written);
}

bool pr_fetch_names_take(struct pr_fetch_transfer *transfer, uint64_t ticket, const uint8_t *answer,
			 size_t len)
{
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(types); i++) {
		if (!ticket || transfer->name_tickets[i] != ticket)
			continue;
		transfer->name_tickets[i] = 0;
		if (len)
			read_addresses(transfer, i, answer, len);
		return true;
	}
	return false;
}

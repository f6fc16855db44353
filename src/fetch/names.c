/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The addresses of a hop's host: A and AAAA, asked for together. */
#include "fetch/fetch_private.h"

#include "dns/answer.h"

static const uint16_t types[] = { PR_DNS_TYPE_A, PR_DNS_TYPE_AAAA };

static size_t write_question(const struct pr_fetch_transfer *transfer, unsigned int i,
			     uint8_t *bytes, size_t size)
{
	return pr_dns_write_question(0, transfer->place.host, types[i], 0, false, bytes, size);
}

bool pr_fetch_names_ask(struct pr_fetch_transfer *transfer)
{
	struct pr_fetcher *fetcher = transfer->fetcher;
	uint8_t question[PR_DNS_OWN_QUESTION_MAX];

	transfer->n_addresses = 0;
	if (transfer->place.is_address) {
		transfer->addresses[0] = transfer->place.address;
		transfer->n_addresses = 1;
		return true;
	}
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(types); i++) {
		size_t len = write_question(transfer, i, question, sizeof(question));

		transfer->name_tickets[i] = ++fetcher->last_name_ticket;
		if (len && fetcher->ports.ask(fetcher->ports.context, transfer->name_tickets[i],
					      question, len))
			continue;
		pr_fetch_wrong(transfer, "%s cannot be looked up now", transfer->place.host);
		return false;
	}
	return true;
}

/* Of the names that the question leads to, and of no other. */
static void read_addresses(struct pr_fetch_transfer *transfer, unsigned int i,
			   const uint8_t *answer, size_t len)
{
	PR_UNINITIALIZED struct pr_dns_facts facts;
	uint8_t bytes[PR_DNS_OWN_QUESTION_MAX];
	size_t written = write_question(transfer, i, bytes, sizeof(bytes));
	struct pr_dns_question question;

	if (pr_dns_parse_question(bytes, written, &question) ||
	    pr_dns_read_facts(&question, answer, len, &facts))
		return;
	transfer->n_addresses += pr_dns_read_addresses(
		&facts, answer, len, transfer->addresses + transfer->n_addresses,
		PR_FETCH_ADDRESSES_MAX - transfer->n_addresses);
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

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `dns-answers`: what is kept of the upstream's answers, a row of pairs each. */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "dns/cache.h"
#include "ipc/body.h"
#include "ipc/query.h"

#include <stdio.h>
#include <string.h>

#define DATA_SIZE 1024 /* of the addresses and aliases shown of one answer */

struct listing {
	struct pr_engine_process *process;
	uint64_t ticket, now_us;
	const char *domain;
	unsigned int n_rows;
	uint8_t body[8192];
};

static bool send_pairs(struct listing *listing, enum pr_message_kind kind,
		       const struct pr_pairs *pairs)
{
	size_t len = pr_pairs_encode(pairs, listing->body, sizeof(listing->body));

	return pr_outbox_send(listing->process->to_front, kind, listing->ticket, listing->body,
			      len);
}

/* "192.0.2.1 alias.example", as far as it fits. */
static void write_data(const struct pr_dns_cached *cached, char data[DATA_SIZE])
{
	struct pr_reader reader = pr_reader(cached->bytes, cached->len);
	struct pr_dns_record record;
	struct pr_dns_name name;
	uint16_t n_answers;
	size_t len = 0;

	data[0] = '\0';
	pr_read_skip(&reader, 6);
	n_answers = pr_read_u16(&reader);
	pr_read_skip(&reader, 4);
	if (!pr_dns_read_name(&reader, &name))
		return;
	pr_read_skip(&reader, 4);
	while (n_answers-- && pr_dns_read_record(&reader, &record)) {
		char text[PR_NAME_TEXT_SIZE];
		const char *shown =
			pr_engine_record_text(cached->bytes, cached->len, &record, text);

		if (!shown || len + strlen(shown) + 2 > DATA_SIZE)
			continue;
		len += (size_t)snprintf(data + len, DATA_SIZE - len, "%s%s", len ? " " : "", shown);
	}
}

static void name_text(const struct pr_dns_cached *cached, char text[PR_NAME_TEXT_SIZE])
{
	struct pr_dns_name name = { .len = cached->name_len };

	memcpy(name.wire, cached->name, cached->name_len);
	pr_dns_name_text(&name, text);
}

static bool on_answer(void *context, const struct pr_dns_cached *cached)
{
	char name[PR_NAME_TEXT_SIZE], type[PR_DNS_TYPE_TEXT_SIZE], ttl[24], flags[16],
		data[DATA_SIZE];
	struct listing *listing = context;
	struct pr_pairs pairs = { 0 };

	name_text(cached, name);
	if (listing->domain && !pr_name_within(name, listing->domain))
		return true;
	if (listing->n_rows == PR_QUERY_ROWS_MAX)
		return false;
	snprintf(ttl, sizeof(ttl), "%llu",
		 (unsigned long long)(cached->expiry_us - listing->now_us) / 1000000u);
	snprintf(flags, sizeof(flags), "%s%s%s", cached->dnssec_ok ? "do " : "",
		 cached->flags & PR_DNS_FLAG_CD ? "cd " : "",
		 cached->flags & PR_DNS_FLAG_AD ? "ad " : "");
	write_data(cached, data);
	(void)pr_pairs_add(&pairs, "name", name[0] ? name : ".");
	(void)pr_pairs_add(&pairs, "type", pr_dns_type_text(cached->type, type));
	(void)pr_pairs_add(&pairs, "ttl", ttl);
	if (flags[0]) {
		flags[strlen(flags) - 1] = '\0';
		(void)pr_pairs_add(&pairs, "flags", flags);
	}
	(void)pr_pairs_add(&pairs, "rcode",
			   pr_engine_rcode_name(cached->bytes[3] & PR_DNS_RCODE_MASK));
	if (data[0])
		(void)pr_pairs_add(&pairs, "data", data);
	listing->n_rows++;
	return send_pairs(listing, PR_MESSAGE_PAIRS, &pairs);
}

void pr_engine_answers_query(struct pr_engine_process *process, const struct pr_pairs *pairs,
			     uint64_t ticket)
{
	static struct listing listing;
	uint32_t cursor = (uint32_t)pr_pairs_number(pairs, "after", 0);
	const char *domain = pr_pairs_get(pairs, "domain");
	struct pr_pairs last = { 0 };
	char name[PR_NAME_TEXT_SIZE], next[24];

	listing = (struct listing){ .process = process,
				    .ticket = ticket,
				    .now_us = pr_clock_monotonic_us() };
	if (domain && pr_name_canonical(domain, name) == 0)
		listing.domain = name;
	if (!pr_engine_answers(process->engine, &cursor, on_answer, &listing, listing.now_us)) {
		snprintf(next, sizeof(next), "%u", cursor);
		(void)pr_pairs_add(&last, "next", next);
	}
	(void)send_pairs(&listing, PR_MESSAGE_END, &last);
}

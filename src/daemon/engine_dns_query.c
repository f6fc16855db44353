/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `dns-query`: a question put to the nameserver as an application would, without a socket. The reply is told
 * as pairs: its code, and the records that say an address or a name, as text. It comes by a port, in any
 * thread, so it takes the way of a ring to the control thread.
 *
 * Whoever asks says as which application, so the question would go upstream in the name of one that did not ask it, and
 * its answer come back: a way out for a program that has none. Only root's does.
 */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "dns/answer.h"
#include "ipc/body.h"

#include <stdio.h>
#include <string.h>

#define ASKED_MAX      64	   /* at one time; more are refused */
#define CLIENT_OF_OURS 0x80000000u /* the listener's handles have a slot here, which is small */
#define RECORDS_MAX    32	   /* shown of one answer */

struct pr_engine_asked {
	bool used;
	uint32_t serial;
	uint64_t ticket;
	struct pr_dns_question question;
};

static struct pr_engine_asked waiting[ASKED_MAX]; /* the control thread's */

bool pr_engine_query_replied(struct pr_engine_process *process, uint64_t client,
			     const uint8_t *answer, size_t len)
{
	if (!((uint32_t)client & CLIENT_OF_OURS))
		return false;
	(void)pr_ring_put(process->answers, 0, client, answer, len);
	return true;
}

static void send_pairs(struct pr_engine_process *process, uint64_t ticket,
		       enum pr_message_kind kind, const struct pr_pairs *pairs)
{
	uint8_t body[16384];

	(void)pr_outbox_send(process->to_front, kind, ticket, body,
			     pr_pairs_encode(pairs, body, sizeof(body)));
}

static void end(struct pr_engine_process *process, uint64_t ticket, const char *error,
		const char *status)
{
	struct pr_pairs pairs = { 0 };

	if (error) {
		(void)pr_pairs_add(&pairs, "error", error);
		(void)pr_pairs_add(&pairs, "status", status);
	}
	send_pairs(process, ticket, PR_MESSAGE_END, &pairs);
}

const char *pr_engine_record_text(const uint8_t *answer, size_t len,
				  const struct pr_dns_record *record, char *text)
{
	struct pr_reader reader = pr_reader(answer, len);
	struct pr_address address;
	struct pr_dns_name name;

	if (record->type == PR_DNS_TYPE_A && record->data_len == 4)
		address = pr_address_v4(answer + record->data);
	else if (record->type == PR_DNS_TYPE_AAAA && record->data_len == 16)
		address = pr_address_v6(answer + record->data);
	else if (record->type == PR_DNS_TYPE_CNAME) {
		reader.position = record->data;
		return pr_dns_read_name(&reader, &name) ? pr_dns_name_text(&name, text) : NULL;
	} else
		return NULL;
	return pr_address_format(&address, text);
}

static void tell_records(struct pr_engine_process *process, uint64_t ticket, const uint8_t *answer,
			 size_t len)
{
	struct pr_reader reader = pr_reader(answer, len);
	struct pr_dns_record record;
	struct pr_dns_name asked;
	uint16_t n_questions, n_answers;

	pr_read_skip(&reader, 4);
	n_questions = pr_read_u16(&reader);
	n_answers = pr_read_u16(&reader);
	pr_read_skip(&reader, 4);
	for (unsigned int i = 0; i < n_questions && pr_dns_read_name(&reader, &asked); i++)
		pr_read_skip(&reader, 4);
	for (unsigned int i = 0; i < n_answers && i < RECORDS_MAX; i++) {
		char owner[PR_NAME_TEXT_SIZE], type[PR_DNS_TYPE_TEXT_SIZE], ttl[16],
			text[PR_NAME_TEXT_SIZE];
		struct pr_pairs pairs = { 0 };
		const char *data;

		if (!pr_dns_read_record(&reader, &record))
			return;
		data = pr_engine_record_text(answer, len, &record, text);
		snprintf(ttl, sizeof(ttl), "%u", record.ttl);
		(void)pr_pairs_add(&pairs, "name", pr_dns_name_text(&record.owner, owner));
		(void)pr_pairs_add(&pairs, "type", pr_dns_type_text(record.type, type));
		(void)pr_pairs_add(&pairs, "ttl", ttl);
		if (data)
			(void)pr_pairs_add(&pairs, "data", data);
		send_pairs(process, ticket, PR_MESSAGE_PAIRS, &pairs);
	}
}

const char *pr_engine_rcode_name(unsigned int rcode)
{
	static const char *const names[] = { "NOERROR",	 "FORMERR", "SERVFAIL",
					     "NXDOMAIN", "NOTIMP",  "REFUSED" };

	return rcode < PR_ARRAY_SIZE(names) ? names[rcode] : "other";
}

static void tell(struct pr_engine_process *process, const struct pr_engine_asked *ask,
		 const uint8_t *answer, size_t len)
{
	static struct pr_dns_facts facts;
	struct pr_reader reader = pr_reader(answer, len);
	struct pr_pairs pairs = { 0 };
	unsigned int flags;

	pr_read_skip(&reader, 2);
	flags = pr_read_u16(&reader);
	if (reader.failed) {
		end(process, ask->ticket, "it would be left unanswered: a prompt is open", "409");
		return;
	}
	(void)pr_pairs_add(&pairs, "rcode", pr_engine_rcode_name(flags & PR_DNS_RCODE_MASK));
	if (pr_dns_read_facts(&ask->question, answer, len, &facts) == 0 && facts.ede_text[0])
		(void)pr_pairs_add(&pairs, "why", facts.ede_text);
	send_pairs(process, ask->ticket, PR_MESSAGE_PAIRS, &pairs);
	tell_records(process, ask->ticket, answer, len);
	end(process, ask->ticket, NULL, NULL);
}

void pr_engine_dns_answers(struct pr_engine_process *process)
{
	static uint8_t answer[PR_DNS_MESSAGE_MAX];
	uint64_t client;
	uint32_t kind;
	size_t len;

	while (pr_ring_peek(process->answers, &kind, &client, answer, sizeof(answer), &len)) {
		struct pr_engine_asked *ask = &waiting[(uint32_t)client % ASKED_MAX];

		if (ask->used && ask->serial == client >> 32) {
			tell(process, ask, answer, len);
			ask->used = false;
		}
		pr_ring_consume(process->answers);
	}
}

static struct pr_engine_asked *take_slot(uint64_t *ret_client)
{
	static uint32_t serial;

	for (uint32_t i = 0; i < ASKED_MAX; i++)
		if (!waiting[i].used) {
			waiting[i] = (struct pr_engine_asked){ .used = true, .serial = ++serial };
			*ret_client = (uint64_t)serial << 32 | CLIENT_OF_OURS | i;
			return &waiting[i];
		}
	return NULL;
}

void pr_engine_dns_query(struct pr_engine_process *process, const struct pr_pairs *pairs,
			 uint64_t ticket)
{
	const char *text = pr_pairs_get(pairs, "name"), *type_text = pr_pairs_get(pairs, "type");
	struct pr_engine_query query = { .app = pr_pairs_get(pairs, "app"),
					 .uid = (uid_t)pr_pairs_number(pairs, "uid", (uid_t)-1) };
	uint8_t message[PR_DNS_HEADER_LEN + PR_DNS_NAME_MAX + 32];
	struct pr_engine_asked *ask;
	char name[PR_NAME_TEXT_SIZE];
	uint16_t type = PR_DNS_TYPE_A;
	uint64_t client;
	size_t len = 0;

	if (!text || pr_name_canonical(text, name) < 0)
		return end(process, ticket, "a domain name is needed", "400");
	if (type_text && pr_dns_type_parse(type_text, &type) < 0)
		return end(process, ticket, "there is no such type of record", "400");
	query.domain = name;
	ask = take_slot(&client);
	if (!ask)
		return end(process, ticket, "too many such questions wait", "503");
	ask->ticket = ticket;
	len = pr_dns_write_question(1, name, type, 0, false, message, sizeof(message));
	if (!len || pr_dns_parse_question(message, len, &ask->question)) {
		ask->used = false;
		return end(process, ticket, "this name cannot be asked for", "400");
	}
	pr_engine_question_as(process->engine, client, &query, pr_pairs_number(pairs, "root", 0),
			      message, len, pr_clock_monotonic_us());
	pr_engine_process_after(process);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The nameserver and the resolver of a replay: questions come out of the packets that are rerouted, answers are those
 * that the capture has. */
#include "cli/replay.h"
#include "dns/message.h"
#include "packet/parse.h"

#define DNS_PORT 53
#define LOOPBACK "127.0.0.1"

/* A DNS message in a packet: a datagram's payload, or behind the two bytes of its length in a segment that holds it
 * whole (RFC 1035, 4.2.2). NULL: there is none. */
static const uint8_t *message_of(const struct pr_packet *packet, const uint8_t *bytes,
				 size_t *ret_len)
{
	const uint8_t *payload = bytes + packet->payload_offset;
	size_t len = packet->payload_len;

	if (packet->tuple.proto == IPPROTO_UDP) {
		*ret_len = len;
		return payload;
	}
	if (packet->tuple.proto != IPPROTO_TCP || len < 2 ||
	    len - 2 != (size_t)(payload[0] << 8 | payload[1]))
		return NULL;
	*ret_len = len - 2;
	return payload + 2;
}

/* Of an answer: what was asked. */
static bool read_asked(const uint8_t *message, size_t len, struct pr_replay_pending *ret_asked)
{
	struct pr_reader reader = pr_reader(message, len);
	struct pr_dns_name name;

	pr_read_skip(&reader, 2);
	if (!(pr_read_u16(&reader) & PR_DNS_FLAG_QR) || pr_read_u16(&reader) != 1)
		return false;
	pr_read_skip(&reader, 2 + 2 + 2);
	if (!pr_dns_read_name(&reader, &name))
		return false;
	ret_asked->type = pr_read_u16(&reader);
	pr_dns_name_text(&name, ret_asked->name);
	return !reader.failed;
}

void pr_replay_names_resolve(struct pr_replay_names *names, uint64_t ticket,
			     const uint8_t *question, size_t len)
{
	struct pr_replay_pending *pending = &names->pending[names->n_asked % PR_REPLAY_PENDING_MAX];
	struct pr_dns_question parsed;

	if (pr_dns_parse_question(question, len, &parsed) != 0)
		return;
	names->n_asked++;
	pending->ticket = ticket;
	pending->type = parsed.type;
	memcpy(pending->name, parsed.name, sizeof(pending->name));
}

void pr_replay_names_question(struct pr_replay_names *names, struct pr_engine *engine,
			      const struct pr_packet *packet, const uint8_t *bytes, uint64_t now_us)
{
	struct pr_asked asked = { .asker = { .client = ++names->last_client,
					     .address = packet->tuple.src,
					     .port = packet->tuple.src_port,
					     .local_port = DNS_PORT } };

	asked.bytes = message_of(packet, bytes, &asked.len);
	if (!asked.bytes || !asked.len)
		return;
	asked.asker.transport =
		packet->tuple.proto == IPPROTO_TCP ? PR_TRANSPORT_TCP : PR_TRANSPORT_UDP;
	pr_assert(pr_address_parse(packet->tuple.src.family == 4 ? LOOPBACK : "::1",
				   &asked.asker.local_address) == 0);
	pr_engine_questions(engine, &asked, 1, now_us);
}

void pr_replay_names_answer(struct pr_replay_names *names, struct pr_engine *engine,
			    const struct pr_packet *packet, const uint8_t *bytes, uint64_t now_us)
{
	struct pr_replay_pending asked;
	const uint8_t *message;
	size_t len;

	if (packet->tuple.src_port != DNS_PORT)
		return;
	message = message_of(packet, bytes, &len);
	if (!message || !read_asked(message, len, &asked))
		return;
	for (size_t i = 0; i < PR_REPLAY_PENDING_MAX; i++) {
		struct pr_replay_pending *pending = &names->pending[i];

		if (!pending->ticket || pending->type != asked.type ||
		    strcmp(pending->name, asked.name) != 0)
			continue;
		pr_engine_answer(engine, pending->ticket, message, len, now_us);
		pending->ticket = 0;
	}
}

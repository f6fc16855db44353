/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNS and mDNS by their structure. A question is enough: it is 12 bytes of header with counts that the rest of the
 * message fulfils to its last byte, which nothing else does by chance. To wait for the answer would hold the
 * question that it answers.
 */
#include "dns/message.h"
#include "inspection/inspector_table.h"
#include "inspection/plaintext.h"

#define MDNS_PORT	5353
#define FLAG_Z		0x0040u
#define CLASS_TOP	0x8000u /* mDNS: unicast answer wanted, or cache flush (RFC 6762, 5.4 and 10.2) */
#define TCP_MESSAGE_MAX 4096u /* longer ones are no question */
#define QUESTION_MIN	17u   /* the root, a type, a class */
#define RECORD_MIN	11u

enum opcode { OPCODE_QUERY = 0, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };

struct message {
	uint16_t id, flags;
	uint16_t n_questions, n_answers, n_authority, n_additional;
	uint16_t type;	   /* of the first question */
	bool mdns_classes; /* one has the top bit that mDNS uses */
};

static unsigned int opcode_of(const struct message *message)
{
	return (message->flags & PR_DNS_OPCODE_MASK) >> 11;
}

static void read_header(struct pr_reader *reader, struct message *message)
{
	message->id = pr_read_u16(reader);
	message->flags = pr_read_u16(reader);
	message->n_questions = pr_read_u16(reader);
	message->n_answers = pr_read_u16(reader);
	message->n_authority = pr_read_u16(reader);
	message->n_additional = pr_read_u16(reader);
}

/* What a header alone shows. `len`: of the whole message. */
static bool header_is_sound(const struct message *message, size_t len)
{
	size_t n_records =
		(size_t)message->n_answers + message->n_authority + message->n_additional;
	unsigned int opcode = opcode_of(message);

	if (message->flags & FLAG_Z)
		return false;
	if (opcode != OPCODE_QUERY && opcode != OPCODE_NOTIFY && opcode != OPCODE_UPDATE)
		return false;
	return PR_DNS_HEADER_LEN + 5u * message->n_questions + RECORD_MIN * n_records <= len;
}

/* What a message that opens a link over unicast has to be. */
static bool header_asks(const struct message *message)
{
	if (message->flags & (PR_DNS_FLAG_QR | PR_DNS_RCODE_MASK) || message->n_questions != 1)
		return false;
	/* IXFR has an SOA in the authority section (RFC 1995, 3), a NOTIFY one in the answer (RFC 1996, 3.7) */
	return opcode_of(message) != OPCODE_QUERY ||
	       (message->n_answers == 0 && message->n_authority <= 1 && message->n_additional <= 2);
}

static bool class_is_sound(uint16_t class_)
{
	class_ &= (uint16_t)~CLASS_TOP;
	/* IN, CH, HS; NONE of updates; ANY */
	return class_ == 1 || class_ == 3 || class_ == 4 || class_ == 254 || class_ == 255;
}

static bool records_are_sound(struct pr_reader *reader, unsigned int n, struct message *message)
{
	while (n--) {
		struct pr_dns_record record;

		if (!pr_dns_read_record(reader, &record) || record.type == 0)
			return false;
		if (record.type == PR_DNS_TYPE_OPT)
			continue; /* its class is a size */
		if (!class_is_sound(record.class_))
			return false;
		message->mdns_classes = message->mdns_classes || record.class_ & CLASS_TOP;
	}
	return true;
}

/* The whole message, to its last byte. */
static bool read_message(const uint8_t *bytes, size_t len, struct message *message)
{
	struct pr_reader reader = pr_reader(bytes, len);

	*message = (struct message){ 0 };
	read_header(&reader, message);
	if (reader.failed || !header_is_sound(message, len))
		return false;
	for (unsigned int i = 0; i < message->n_questions; i++) {
		struct pr_dns_name name;
		uint16_t type, class_;

		if (!pr_dns_read_name(&reader, &name))
			return false;
		type = pr_read_u16(&reader);
		class_ = pr_read_u16(&reader);
		if (reader.failed || type == 0 || !class_is_sound(class_))
			return false;
		if (i == 0)
			message->type = type;
		message->mdns_classes = message->mdns_classes || class_ & CLASS_TOP;
	}
	return records_are_sound(&reader, message->n_answers, message) &&
	       records_are_sound(&reader, message->n_authority, message) &&
	       records_are_sound(&reader, message->n_additional, message) &&
	       pr_reader_left(&reader) == 0;
}

static bool has_anything(const struct message *message)
{
	return message->n_questions || message->n_answers || message->n_authority;
}

/* mDNS sends unicast too: questions that want it, and the answers to them (RFC 6762, 5.4 and 11). */
static bool is_unicast_mdns(const struct message *message)
{
	const uint16_t answer = PR_DNS_FLAG_QR | PR_DNS_FLAG_AA;

	if (message->id != 0 || opcode_of(message) != OPCODE_QUERY || !has_anything(message))
		return false;
	if ((message->flags & answer) == answer)
		return message->n_questions == 0 && message->n_answers > 0;
	return !(message->flags & PR_DNS_FLAG_QR) && message->mdns_classes;
}

static enum pr_look look_udp(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	const struct pr_datagram *first = pr_transcript_first(transcript, false);
	struct message message;

	if (!first)
		return transcript->n_datagrams ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
	if (!read_message(first->bytes, first->len, &message))
		return PR_LOOK_NOT_MINE;
	if (transcript->multicast && !has_anything(&message))
		return PR_LOOK_NOT_MINE;
	/* LLMNR is DNS over multicast as well (RFC 4795, 2.1): there the port tells them apart */
	if (transcript->multicast ? transcript->port == MDNS_PORT : is_unicast_mdns(&message))
		return pr_look_plaintext(seen, PR_SPEAKS_MDNS, "multicast DNS is plaintext");
	if (transcript->multicast || (header_asks(&message) && !message.mdns_classes))
		return pr_look_plaintext(seen, PR_SPEAKS_DNS, "DNS is plaintext");
	return PR_LOOK_NOT_MINE;
}

/* RFC 1035, 4.2.2: two bytes of length before each message. */
static enum pr_look look_tcp(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	const struct pr_stream *client = &transcript->client;
	struct pr_reader reader = pr_reader(client->bytes, client->len);
	enum pr_look wait = client->ended || client->full ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
	struct message message;
	size_t len;

	if (client->len == 0)
		return transcript->server.len ? PR_LOOK_NOT_MINE : wait;
	/* what most others begin with is told by one byte */
	if (client->bytes[0] > TCP_MESSAGE_MAX >> 8)
		return PR_LOOK_NOT_MINE;
	len = pr_read_u16(&reader);
	read_header(&reader, &message);
	if (client->len >= 2 && (len < QUESTION_MIN || len > TCP_MESSAGE_MAX))
		return PR_LOOK_NOT_MINE;
	if (!reader.failed && (!header_is_sound(&message, len) || !header_asks(&message)))
		return PR_LOOK_NOT_MINE;
	if (client->len < 2 + len)
		return wait;
	if (!read_message(client->bytes + 2, len, &message) || message.mdns_classes)
		return PR_LOOK_NOT_MINE;
	return pr_look_plaintext(seen, PR_SPEAKS_DNS, "DNS is plaintext");
}

enum pr_look pr_inspect_dns(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	return transcript->proto == IPPROTO_TCP ? look_tcp(transcript, seen)
						: look_udp(transcript, seen);
}

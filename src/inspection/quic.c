/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QUIC (RFC 9000, 9001, 9369). What makes it QUIC is that the client's Initial packets open with the keys that follow
 * from its connection id; what only looks so is not QUIC. The ClientHello stands in their CRYPTO frames. A Retry, a
 * version negotiation or simply a new attempt bring another connection id and other keys: the stream begins anew, and
 * a different name in it contradicts the first one. Encryption is proven when the server's Initial opens and holds a
 * ServerHello of TLS 1.3: from there on both ends have keys that nobody else has.
 */
#include "inspection/inspector_table.h"
#include "inspection/limits.h"
#include "inspection/quic_crypto.h"
#include "inspection/quic_keys.h"
#include "inspection/tls_codes.h"
#include "inspection/tls_server.h"

#include <stdio.h>

#define DCID_MIN     8u /* of a client's first Initial (RFC 9000, 7.2) */
#define DATAGRAM_MIN 1200u
#define PACKETS_MAX  8u /* of a datagram; senders coalesce four */
#define OPENED_MAX \
	24u /* Initials; further ones are left alone. A handshake with a Retry takes ten */
#define FAILURES_MAX	 12u /* packets that don't open; then the rest is left alone */
#define SERVER_HELLO_MAX 2048u
#define GREASE_VERSION	 0x0a0a0a0au /* RFC 9000, 15: versions that make the server negotiate */
#define DRAFT_VERSION	 0xff000000u

/* One end's Initial packets. */
struct end {
	struct pr_quic_protection protection; /* for `version` and the conversation's `keys_of` */
	uint32_t version;		      /* 0 = not set up */
	int64_t largest;		      /* packet number; -1 = none */
	struct pr_quic_crypto crypto;
};

struct conversation {
	struct end client, server;
	struct pr_quic_cid keys_of; /* the connection id that the keys follow from */
	struct pr_quic_cid asker;   /* the client's own id: where the server sends to */
	struct pr_quic_cid asked;   /* the client's last destination */
	uint32_t version;	    /* that was spoken last */
	bool opened, answered, retried, negotiated; /* an Initial of the client, of the server; … */
	bool could_be;	/* nothing opened yet, but something that comes before it was seen */
	bool last_fits; /* the client's last datagram is one of this conversation */
	unsigned int n_tried, n_failures;
	struct pr_seen *seen;
	uint8_t *plain; /* of one packet */
};

/* 0, or as pr_tls_client_hello_parse() says. */
static int show_hello(struct conversation *conversation)
{
	const struct pr_quic_crypto *crypto = &conversation->client.crypto;
	struct pr_tls_client_hello hello;
	int r = pr_tls_client_hello_parse(crypto->bytes, pr_quic_crypto_len(crypto), false, &hello);

	if (crypto->limit)
		conversation->seen->flags |= PR_SEEN_LIMIT;
	if (r != 0)
		return r;
	pr_tls_client_hello_show(&hello, PR_TLS_OVER_QUIC, conversation->seen);
	conversation->seen->settled |= PR_FACT_NAME;
	if (crypto->contradicts)
		conversation->seen->flags |= PR_SEEN_CONTRADICTS | PR_SEEN_INCOMPLETE;
	return 0;
}

static void end_restart(struct end *end)
{
	end->version = 0;
	end->largest = -1;
	pr_quic_crypto_init(&end->crypto, end->crypto.bytes, end->crypto.size);
}

/* The client begins anew: what its first hello said is kept beside what comes. */
static void restart(struct conversation *conversation, const struct pr_quic_cid *keys_of)
{
	if (conversation->opened)
		(void)show_hello(conversation);
	conversation->keys_of = *keys_of;
	conversation->answered = false;
	end_restart(&conversation->client);
	end_restart(&conversation->server);
}

static bool open_with(struct conversation *conversation, struct end *end,
		      const struct pr_quic_packet *packet, struct pr_quic_frames *frames)
{
	struct pr_quic_keys keys;
	uint64_t number;
	size_t len;

	if (packet->len > PR_INSPECTION_DATAGRAM_MAX || conversation->n_tried++ >= OPENED_MAX)
		return false;
	if (end->version != packet->version) {
		pr_quic_initial_keys(packet->version, &conversation->keys_of,
				     end == &conversation->server, &keys);
		pr_quic_protection_init(&end->protection, &keys);
		end->version = packet->version;
	}
	if (!pr_quic_open(&end->protection, packet, end->largest, conversation->plain, &len,
			  &number) ||
	    !pr_quic_read_frames(conversation->plain, len, frames))
		return false;
	if ((int64_t)number > end->largest)
		end->largest = (int64_t)number;
	conversation->version = packet->version;
	return true;
}

static void add_frames(struct end *end, const struct pr_quic_frames *frames)
{
	for (unsigned int i = 0; i < frames->n_crypto; i++)
		pr_quic_crypto_add(&end->crypto, frames->crypto[i].offset, frames->crypto[i].bytes,
				   frames->crypto[i].len);
}

/* Does an Initial that doesn't open belong to a new attempt, with keys of its own? */
static bool is_new_attempt(struct conversation *conversation, const struct pr_quic_packet *packet,
			   struct pr_quic_frames *frames)
{
	PR_UNINITIALIZED struct pr_quic_protection protection;
	struct pr_quic_keys keys;
	uint64_t number;
	size_t len;

	if (packet->dcid.len < DCID_MIN || pr_quic_cid_equal(&packet->dcid, &conversation->keys_of))
		return false;
	pr_quic_initial_keys(packet->version, &packet->dcid, false, &keys);
	pr_quic_protection_init(&protection, &keys);
	return pr_quic_open(&protection, packet, -1, conversation->plain, &len, &number) &&
	       pr_quic_read_frames(conversation->plain, len, frames);
}

static bool take_client_initial(struct conversation *conversation,
				const struct pr_quic_packet *packet)
{
	PR_UNINITIALIZED struct pr_quic_frames frames;
	struct end *client = &conversation->client;

	if (conversation->n_failures == FAILURES_MAX || packet->len > PR_INSPECTION_DATAGRAM_MAX)
		return false;
	if (!conversation->opened && !conversation->retried) {
		if (packet->dcid.len < DCID_MIN)
			return false;
		conversation->keys_of = packet->dcid;
		client->version = 0;
	}
	if (!open_with(conversation, client, packet, &frames)) {
		conversation->n_failures++;
		if (!conversation->opened || !is_new_attempt(conversation, packet, &frames))
			return false;
		restart(conversation, &packet->dcid);
		if (!open_with(conversation, client, packet, &frames))
			return false;
	}
	add_frames(client, &frames);
	conversation->opened = true;
	conversation->asker = packet->scid;
	conversation->asked = packet->dcid;
	return true;
}

/* A version that nobody speaks yet, or drafts had: a server that speaks another one says so. */
static bool is_other_version(const struct pr_quic_packet *packet,
			     const struct pr_datagram *datagram)
{
	bool known = (packet->version & 0x0f0f0f0fu) == GREASE_VERSION ||
		     (packet->version & 0xffffff00u) == DRAFT_VERSION;

	return known && packet->dcid.len >= DCID_MIN && datagram->len >= DATAGRAM_MIN;
}

/* A packet from the client. Is it one of this conversation? */
static bool take_client(struct conversation *conversation, const struct pr_datagram *datagram,
			const struct pr_quic_packet *packet)
{
	switch (packet->kind) {
	case PR_QUIC_INITIAL:
		return take_client_initial(conversation, packet);
	case PR_QUIC_ZERO_RTT:
		if (conversation->opened)
			return pr_quic_cid_equal(&packet->dcid, &conversation->asked);
		conversation->could_be = packet->dcid.len >= DCID_MIN;
		return false;
	case PR_QUIC_HANDSHAKE:
	case PR_QUIC_SHORT:
		return conversation->answered;
	case PR_QUIC_OTHER_VERSION:
		if (conversation->opened || !is_other_version(packet, datagram))
			return false;
		conversation->could_be = true;
		conversation->asker = packet->scid;
		conversation->asked = packet->dcid;
		return false;
	case PR_QUIC_RETRY:
	case PR_QUIC_NEGOTIATION:
		break;
	}
	return false;
}

static void take_server(struct conversation *conversation, const struct pr_quic_packet *packet)
{
	PR_UNINITIALIZED struct pr_quic_frames frames;

	if ((!conversation->opened && !conversation->could_be) ||
	    !pr_quic_cid_equal(&packet->dcid, &conversation->asker))
		return;
	if (packet->kind == PR_QUIC_NEGOTIATION) {
		/* it repeats both ids (RFC 8999, 6) */
		if (!pr_quic_cid_equal(&packet->scid, &conversation->asked) ||
		    conversation->answered)
			return;
		conversation->negotiated = true;
		restart(conversation, &packet->scid);
	} else if (packet->kind == PR_QUIC_RETRY) {
		if (conversation->retried || !conversation->opened ||
		    packet->len > PR_INSPECTION_DATAGRAM_MAX ||
		    !pr_quic_retry_is_sound(packet, &conversation->asked))
			return;
		restart(conversation, &packet->scid);
		conversation->retried = true;
	} else if (packet->kind == PR_QUIC_INITIAL && conversation->opened &&
		   conversation->n_failures < FAILURES_MAX) {
		if (!open_with(conversation, &conversation->server, packet, &frames)) {
			conversation->n_failures++;
			return;
		}
		add_frames(&conversation->server, &frames);
	}
}

/* A ServerHello of TLS 1.3, after a HelloRetryRequest perhaps, with a cipher that encrypts (RFC 8446, B.4; RFC 9150 has some
 * that don't). */
static bool has_server_hello(const struct pr_quic_crypto *crypto)
{
	const uint8_t *message = crypto->bytes;
	size_t len = pr_quic_crypto_len(crypto), first;
	struct pr_tls_server_hello hello;

	if (pr_tls_server_hello_parse(message, len, false, &hello) != 0)
		return false;
	if (hello.retry) {
		first = 4 + ((size_t)message[1] << 16 | (size_t)message[2] << 8 | message[3]);
		if (pr_tls_server_hello_parse(message + first, len - first, false, &hello) != 0)
			return false;
	}
	return !hello.retry && hello.version == PR_TLS_1_3 && hello.cipher >= 0x1301 &&
	       hello.cipher <= 0x1305;
}

static void take_datagram(struct conversation *conversation, const struct pr_datagram *datagram)
{
	struct pr_reader reader = pr_reader(datagram->bytes, datagram->len);
	struct pr_quic_packet packet;

	if (!datagram->from_server)
		conversation->last_fits = false;
	for (unsigned int n = 0; n < PACKETS_MAX && pr_quic_next_packet(&reader, &packet); n++) {
		if (datagram->from_server)
			take_server(conversation, &packet);
		else if (take_client(conversation, datagram, &packet))
			conversation->last_fits = true;
	}
	if (datagram->from_server)
		conversation->answered =
			conversation->opened && has_server_hello(&conversation->server.crypto);
}

static enum pr_look conclude(struct conversation *conversation)
{
	struct pr_seen *seen = conversation->seen;
	int r;

	if (!conversation->opened && !conversation->negotiated)
		return conversation->could_be ? PR_LOOK_MORE : PR_LOOK_NOT_MINE;
	seen->speaks = PR_SPEAKS_QUIC;
	seen->settled |= PR_FACT_SPEAKS | PR_FACT_CERTIFICATE;
	seen->why = "QUIC's handshake has no answer yet";
	if (!conversation->opened)
		return PR_LOOK_MORE; /* a version that both know is still to come */
	snprintf(seen->version, sizeof(seen->version), "v%d",
		 conversation->version == PR_QUIC_V2 ? 2 : 1);
	r = show_hello(conversation);
	if (r == PR_TLS_HELLO_NONE)
		return PR_LOOK_NOT_MINE;
	if (conversation->answered) {
		seen->encryption = PR_ENCRYPTION_YES;
		seen->why = "the server answered QUIC's handshake";
		seen->settled |= PR_FACT_ENCRYPTION;
	}
	if (r != 0 || !conversation->last_fits)
		return PR_LOOK_MORE;
	return conversation->answered ? PR_LOOK_DONE : PR_LOOK_GOES_ON;
}

enum pr_look pr_inspect_quic(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	PR_UNINITIALIZED uint8_t client[PR_INSPECTION_CLIENT_MAX], server[SERVER_HELLO_MAX];
	PR_UNINITIALIZED uint8_t plain[PR_INSPECTION_DATAGRAM_MAX];
	PR_UNINITIALIZED struct conversation conversation;

	if (transcript->n_datagrams == 0)
		return PR_LOOK_MORE;
	/* what most others begin with is told by one byte */
	if (!transcript->datagrams[0].len || !(transcript->datagrams[0].bytes[0] & 0x80))
		return PR_LOOK_NOT_MINE;
	pr_quic_crypto_init(&conversation.client.crypto, client, sizeof(client));
	pr_quic_crypto_init(&conversation.server.crypto, server, sizeof(server));
	end_restart(&conversation.client);
	end_restart(&conversation.server);
	conversation.keys_of = conversation.asker = conversation.asked = (struct pr_quic_cid){ 0 };
	conversation.version = 0;
	conversation.opened = conversation.answered = conversation.retried =
		conversation.negotiated = conversation.could_be = conversation.last_fits = false;
	conversation.n_tried = conversation.n_failures = 0;
	conversation.seen = seen;
	conversation.plain = plain;
	for (unsigned int i = 0; i < transcript->n_datagrams; i++)
		take_datagram(&conversation, &transcript->datagrams[i]);
	return conclude(&conversation);
}

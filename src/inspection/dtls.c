/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * As tls.c, over datagrams: the client's hello, what the server says to it, and what else the client sent. A server may want
 * to see first that the client is where it says (HelloVerifyRequest; of DTLS 1.3, HelloRetryRequest): the hello that
 * answers this has to ask for the same name.
 */
#include "inspection/certificate.h"
#include "inspection/dtls_record.h"
#include "inspection/inspector_table.h"
#include "inspection/tls_codes.h"
#include "inspection/tls_server.h"

#define SERVER_MESSAGES 3	    /* two that ask for another hello, and the hello */
#define STUN_COOKIE	0x2112a442u /* RFC 8489, 5 */

struct reading {
	const struct pr_transcript *transcript;
	struct pr_seen *seen;
	struct pr_tls_client_hello hello; /* the last; it lies in `client` */
	struct pr_tls_server_hello server_hello;
	struct pr_dtls_message client, server;
	uint16_t n_hellos;	/* that the server asked for anew */
	uint16_t server_number; /* of its hello */
};

static enum pr_look settle(struct reading *reading, enum pr_encryption encryption, const char *why)
{
	reading->seen->encryption = (uint8_t)encryption;
	reading->seen->why = why;
	reading->seen->settled |= PR_FACTS_SEEN;
	return PR_LOOK_DONE;
}

/* What shares a socket with DTLS, and is told from it by its first byte (RFC 7983). */
static bool is_stun(const struct pr_datagram *datagram)
{
	struct pr_reader reader = pr_reader(datagram->bytes, datagram->len);
	uint32_t first = pr_read_u32(&reader);

	return pr_read_u32(&reader) == STUN_COOKIE && first >> 30 == 0;
}

/* PR_LOOK_DONE: hello `number` is here. */
static enum pr_look read_hello(struct reading *reading, uint16_t number)
{
	pr_dtls_gather(reading->transcript, false, number, &reading->client);
	if (reading->client.contradicts)
		reading->seen->flags |= PR_SEEN_CONTRADICTS | PR_SEEN_INCOMPLETE;
	if (reading->client.len && reading->client.bytes[0] != PR_TLS_CLIENT_HELLO)
		return PR_LOOK_NOT_MINE;
	if (!reading->client.len || reading->client.prefix < reading->client.len)
		return PR_LOOK_MORE;
	if (reading->client.contradicts ||
	    pr_tls_client_hello_parse(reading->client.bytes, reading->client.len, true,
				      &reading->hello))
		return PR_LOOK_NOT_MINE;
	return PR_LOOK_DONE;
}

/* Are all datagrams of the client records that may stand where nothing is agreed on? */
static enum pr_look check_client(struct reading *reading)
{
	for (unsigned int i = 1; i < reading->transcript->n_datagrams; i++) {
		const struct pr_datagram *datagram = &reading->transcript->datagrams[i];
		struct pr_reader reader = pr_reader(datagram->bytes, datagram->len);
		struct pr_dtls_record record;

		if (datagram->from_server || is_stun(datagram))
			continue;
		if (!pr_dtls_begins(datagram))
			return settle(reading, PR_ENCRYPTION_NO,
				      "what the client sends behind its hello is no DTLS");
		while (pr_dtls_next(&reader, &record)) {
			if (record.content == PR_TLS_APPLICATION_DATA && !record.epoch)
				return settle(
					reading, PR_ENCRYPTION_NO,
					"the client goes on without the handshake that it began");
		}
	}
	return PR_LOOK_GOES_ON;
}

/* Anything of the server that is no record answers in plaintext. */
static bool server_speaks_dtls(const struct reading *reading)
{
	for (unsigned int i = 0; i < reading->transcript->n_datagrams; i++) {
		const struct pr_datagram *datagram = &reading->transcript->datagrams[i];

		if (datagram->from_server && !is_stun(datagram) && !pr_dtls_begins(datagram))
			return false;
	}
	return true;
}

/* The hello that the server asked for. PR_LOOK_DONE: it is here, or all is settled. */
static enum pr_look read_further_hello(struct reading *reading)
{
	enum pr_look look = read_hello(reading, ++reading->n_hellos);

	if (look == PR_LOOK_NOT_MINE)
		return settle(reading, PR_ENCRYPTION_NO,
			      "the client goes on without the handshake that it began");
	if (look == PR_LOOK_MORE)
		return reading->client.len ? PR_LOOK_MORE : check_client(reading);
	if (pr_tls_client_hello_repeats(&reading->hello, reading->seen))
		return PR_LOOK_DONE;
	return settle(reading, PR_ENCRYPTION_UNKNOWN,
		      "the client's second hello asks for another name than its first");
}

/* Up to the server's hello. PR_LOOK_DONE: it is here, or all is settled. */
static enum pr_look read_answers(struct reading *reading)
{
	for (uint16_t number = 0; number < SERVER_MESSAGES; number++) {
		enum pr_look look;
		bool again;

		pr_dtls_gather(reading->transcript, true, number, &reading->server);
		/* Who answered without remembering may count from the client's number. */
		if (!reading->server.len)
			continue;
		again = reading->server.bytes[0] == PR_TLS_HELLO_VERIFY_REQUEST;
		if (reading->server.prefix < reading->server.len)
			return check_client(reading);
		if (!again && (pr_tls_server_hello_parse(reading->server.bytes, reading->server.len,
							 true, &reading->server_hello) ||
			       !pr_tls_server_hello_fits(&reading->server_hello, &reading->hello)))
			return settle(reading, PR_ENCRYPTION_UNKNOWN,
				      "the server's answer is none to the client's hello");
		if (!again && !reading->server_hello.retry) {
			reading->server_number = number;
			return PR_LOOK_DONE;
		}
		look = read_further_hello(reading);
		if (look != PR_LOOK_DONE || reading->seen->settled == PR_FACTS_SEEN)
			return look;
	}
	return check_client(reading);
}

/* Has the server begun to encrypt? Then no certificate follows any more. */
static bool server_encrypts(const struct reading *reading)
{
	for (unsigned int i = 0; i < reading->transcript->n_datagrams; i++) {
		const struct pr_datagram *datagram = &reading->transcript->datagrams[i];
		struct pr_reader reader = pr_reader(datagram->bytes, datagram->len);
		struct pr_dtls_record record;

		while (datagram->from_server && pr_dtls_next(&reader, &record)) {
			if (record.content == PR_TLS_CHANGE_CIPHER_SPEC || record.epoch)
				return true;
		}
	}
	return false;
}

static void read_certificate(struct reading *reading)
{
	struct pr_dtls_message *message = &reading->server;
	enum pr_certificate_outcome outcome = PR_CERTIFICATE_SHORT;

	pr_dtls_gather(reading->transcript, true, (uint16_t)(reading->server_number + 1), message);
	if (message->len && message->bytes[0] != PR_TLS_CERTIFICATE)
		outcome = PR_CERTIFICATE_NONE;
	else if (message->len)
		outcome = message->contradicts
				  ? PR_CERTIFICATE_NONE
				  : pr_certificate_first(message->bytes + PR_TLS_MESSAGE_HEADER,
							 message->prefix - PR_TLS_MESSAGE_HEADER,
							 reading->seen);
	if (outcome != PR_CERTIFICATE_SHORT || (!message->len && server_encrypts(reading)) ||
	    (message->len && message->prefix == message->len))
		reading->seen->settled |= PR_FACT_CERTIFICATE;
}

static enum pr_look look_at(struct reading *reading)
{
	struct pr_seen *seen = reading->seen;
	enum pr_look look = read_hello(reading, 0);

	if (look != PR_LOOK_DONE)
		return look;
	seen->speaks = PR_SPEAKS_DTLS;
	pr_tls_client_hello_show(&reading->hello, PR_TLS_OVER_DTLS, seen);
	seen->settled |= PR_FACT_SPEAKS | PR_FACT_NAME;
	if (!server_speaks_dtls(reading))
		return settle(reading, PR_ENCRYPTION_NO,
			      "the server answers the client's hello in plaintext");
	look = read_answers(reading);
	if (look != PR_LOOK_DONE || seen->settled == PR_FACTS_SEEN)
		return look;
	look = check_client(reading);
	if (look == PR_LOOK_DONE)
		return look;
	pr_tls_server_hello_show(&reading->server_hello, true, seen);
	if (!(seen->settled & PR_FACT_CERTIFICATE))
		read_certificate(reading);
	return pr_tls_until_certificate(seen);
}

enum pr_look pr_inspect_dtls(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	PR_UNINITIALIZED struct reading reading;
	const struct pr_datagram *first = transcript->datagrams;
	struct pr_reader reader;
	struct pr_dtls_record record;

	if (!transcript->n_datagrams)
		return PR_LOOK_MORE;
	reader = pr_reader(first->bytes, first->len);
	if (first->from_server || !pr_dtls_next(&reader, &record) || record.epoch ||
	    record.content != PR_TLS_HANDSHAKE || !record.len ||
	    record.bytes[0] != PR_TLS_CLIENT_HELLO)
		return PR_LOOK_NOT_MINE;
	reading.transcript = transcript;
	reading.seen = seen;
	reading.n_hellos = 0;
	return look_at(&reading);
}

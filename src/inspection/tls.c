/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Three readings, one behind the other: the client's hello, the server's answer to it, and what else the client
 * sent. The hello gives the names; the answer says what is really spoken, and that it is encrypted; the rest must
 * be records, else it is not. A server's refusal leaves the link open: nothing of what is secret can follow it,
 * and the alert is to reach the client.
 */
#include "inspection/tls.h"

#include "inspection/certificate.h"
#include "inspection/inspector_table.h"
#include "inspection/limits.h"
#include "inspection/tls_codes.h"
#include "inspection/tls_record.h"
#include "inspection/tls_server.h"

#define ALERT_LEN	      2
#define ALERT_WARNING	      1
#define ALERT_CLOSE	      0
#define SSL_2_0_HEADER_LEN    11
#define SSL_2_0_LEN_BITS      0x03 /* of the first byte: hellos have no more than 1023 bytes */
#define SSL_2_0_CHALLENGE_MIN 16
#define SSL_2_0_CHALLENGE_MAX 32

/* What the server has said so far. */
enum answer {
	ANSWER_OPEN,
	ANSWER_HELLO,
	ANSWER_REFUSED,
	ANSWER_NO_TLS,
	ANSWER_UNFIT, /* no client goes on with that */
};

struct reading {
	struct pr_seen *seen;
	const struct pr_stream *client, *server;
	struct pr_tls_records client_records, server_records;
	struct pr_tls_client_hello hello;
	struct pr_tls_server_hello server_hello;
	bool retried; /* the server asked for a second hello, and got it */
};

/* A hello of SSL 2.0 (RFC 6101, E.1; RFC 6176), also one that offers TLS. */
static enum pr_look look_at_ssl_2_0(const struct pr_stream *client, struct pr_seen *seen)
{
	struct pr_reader reader = pr_reader(client->bytes, client->len);
	size_t len = pr_read_u16(&reader) & 0x7fff, ciphers_len, session_len, challenge_len;
	uint8_t type = pr_read_u8(&reader);
	uint16_t version = pr_read_u16(&reader);

	if ((client->len > 2 && type != PR_TLS_CLIENT_HELLO) ||
	    (client->len > 4 && version != PR_SSL_2_0 && version >> 8 != 3))
		return PR_LOOK_NOT_MINE;
	if (client->len < SSL_2_0_HEADER_LEN)
		return PR_LOOK_MORE;
	ciphers_len = pr_read_u16(&reader);
	session_len = pr_read_u16(&reader);
	challenge_len = pr_read_u16(&reader);
	if (!ciphers_len || ciphers_len % 3 || (session_len && session_len != 16) ||
	    challenge_len < SSL_2_0_CHALLENGE_MIN || challenge_len > SSL_2_0_CHALLENGE_MAX ||
	    SSL_2_0_HEADER_LEN - 2 + ciphers_len + session_len + challenge_len != len)
		return PR_LOOK_NOT_MINE;
	if (!seen->speaks)
		seen->speaks = PR_SPEAKS_TLS;
	seen->flags |= PR_SEEN_OLD | PR_SEEN_NAMELESS;
	seen->why = "the client's hello is one of SSL 2.0, which nobody may use (RFC 6176)";
	seen->settled |= PR_FACTS_SEEN;
	return PR_LOOK_DONE;
}

/* PR_LOOK_DONE: it is whole. */
static enum pr_look read_client_hello(struct reading *reading)
{
	struct pr_seen *seen = reading->seen;
	struct pr_tls_item item;
	int r = pr_tls_next(&reading->client_records, &item);

	if (r == PR_TLS_RECORD_NONE || (item.len && item.content != PR_TLS_HANDSHAKE) ||
	    (item.len && item.bytes[0] != PR_TLS_CLIENT_HELLO))
		return PR_LOOK_NOT_MINE;
	if (r == PR_TLS_RECORD_SHORT) {
		if (!reading->client->full &&
		    (item.len < PR_TLS_MESSAGE_HEADER ||
		     pr_tls_client_hello_len(item.bytes, item.len) <= PR_INSPECTION_CLIENT_MAX))
			return PR_LOOK_MORE;
		seen->flags |= PR_SEEN_LIMIT;
		if (!seen->speaks)
			seen->speaks = PR_SPEAKS_TLS;
		seen->settled |= PR_FACTS_SEEN;
		return PR_LOOK_GOES_ON;
	}
	if (pr_tls_client_hello_parse(item.bytes, item.len, false, &reading->hello))
		return PR_LOOK_NOT_MINE;
	if (!seen->speaks)
		seen->speaks = PR_SPEAKS_TLS;
	pr_tls_client_hello_show(&reading->hello, PR_TLS_OVER_TCP, seen);
	seen->settled |= PR_FACT_SPEAKS | PR_FACT_NAME;
	return PR_LOOK_DONE;
}

static enum answer read_alert(const struct pr_tls_item *item)
{
	if (item->len != ALERT_LEN)
		return ANSWER_NO_TLS;
	return item->bytes[0] == ALERT_WARNING && item->bytes[1] != ALERT_CLOSE ? ANSWER_OPEN
										: ANSWER_REFUSED;
}

/* The next that the server says: up to its hello, whether that asks for another one or not. */
static enum answer read_answer(struct reading *reading)
{
	struct pr_tls_item item;
	enum answer answer = ANSWER_OPEN;
	int r;

	while ((r = pr_tls_next(&reading->server_records, &item)) == 0) {
		if (item.content == PR_TLS_ALERT) {
			answer = read_alert(&item);
			if (answer != ANSWER_OPEN)
				return answer;
		} else if (item.content == PR_TLS_HANDSHAKE) {
			if (item.bytes[0] == PR_TLS_HELLO_REQUEST)
				continue;
			if (pr_tls_server_hello_parse(item.bytes, item.len, false,
						      &reading->server_hello))
				return ANSWER_UNFIT;
			return pr_tls_server_hello_fits(&reading->server_hello, &reading->hello)
				       ? ANSWER_HELLO
				       : ANSWER_UNFIT;
		} else if (item.content != PR_TLS_CHANGE_CIPHER_SPEC || !reading->retried) {
			return ANSWER_UNFIT;
		}
	}
	if (r == PR_TLS_RECORD_NONE)
		return ANSWER_NO_TLS;
	return item.len && item.bytes[0] != PR_TLS_SERVER_HELLO &&
			       item.bytes[0] != PR_TLS_HELLO_REQUEST
		       ? ANSWER_UNFIT
		       : ANSWER_OPEN;
}

static enum pr_look settle(struct reading *reading, enum pr_encryption encryption, const char *why)
{
	reading->seen->encryption = (uint8_t)encryption;
	reading->seen->why = why;
	reading->seen->settled |= PR_FACTS_SEEN;
	return PR_LOOK_DONE;
}

/* What the client sent behind its hello, while nothing is agreed on. */
static enum pr_look check_rest_of_client(struct reading *reading)
{
	unsigned int allowed =
		PR_TLS_ALLOWS(PR_TLS_CHANGE_CIPHER_SPEC) | PR_TLS_ALLOWS(PR_TLS_ALERT);

	if (reading->hello.early_data)
		allowed |= PR_TLS_ALLOWS(PR_TLS_APPLICATION_DATA);
	switch (pr_tls_skip(&reading->client_records, allowed)) {
	case 0:
		return PR_LOOK_GOES_ON;
	case PR_TLS_RECORD_SHORT:
		return PR_LOOK_MORE;
	default:
		return settle(reading, PR_ENCRYPTION_NO,
			      "the client goes on without the handshake that it began");
	}
}

/* The hello that the server asked for: the same but for what it asked (RFC 8446, 4.1.2). PR_LOOK_DONE: it is here, or all is
 * settled. */
static enum pr_look read_second_hello(struct reading *reading)
{
	struct pr_tls_item item;
	int r;

	/* Early data was on its way already. */
	do {
		r = pr_tls_next(&reading->client_records, &item);
	} while (r == 0 &&
		 (item.content == PR_TLS_CHANGE_CIPHER_SPEC ||
		  (item.content == PR_TLS_APPLICATION_DATA && reading->hello.early_data)));
	if (r == PR_TLS_RECORD_SHORT)
		return PR_LOOK_MORE;
	if (r == 0 && item.content == PR_TLS_ALERT)
		return PR_LOOK_GOES_ON;
	if (r || pr_tls_client_hello_parse(item.bytes, item.len, false, &reading->hello))
		return settle(reading, PR_ENCRYPTION_NO,
			      "the client goes on without the handshake that it began");
	if (pr_tls_client_hello_repeats(&reading->hello, reading->seen))
		return PR_LOOK_DONE;
	return settle(reading, PR_ENCRYPTION_UNKNOWN,
		      "the client's second hello asks for another name than its first");
}

/* Up to TLS 1.2 the certificate follows the server's hello; none where a session is resumed or the server anonymous. */
static void read_certificate(struct reading *reading)
{
	struct pr_seen *seen = reading->seen;
	enum pr_certificate_outcome outcome = PR_CERTIFICATE_NONE;
	struct pr_tls_item item;
	int r;

	do {
		r = pr_tls_next(&reading->server_records, &item);
	} while (r == 0 && item.content == PR_TLS_HANDSHAKE &&
		 item.bytes[0] == PR_TLS_SUPPLEMENTAL_DATA);
	if (r == PR_TLS_RECORD_SHORT && item.len < PR_TLS_MESSAGE_HEADER)
		outcome = PR_CERTIFICATE_SHORT;
	else if (r != PR_TLS_RECORD_NONE && item.content == PR_TLS_HANDSHAKE &&
		 item.bytes[0] == PR_TLS_CERTIFICATE)
		outcome = pr_certificate_first(item.bytes + PR_TLS_MESSAGE_HEADER,
					       item.len - PR_TLS_MESSAGE_HEADER, seen);
	if (outcome != PR_CERTIFICATE_SHORT || r == 0) {
		seen->settled |= PR_FACT_CERTIFICATE;
	} else if (reading->server->full || reading->server->ended) {
		seen->flags |= reading->server->full ? PR_SEEN_LIMIT : 0;
		seen->settled |= PR_FACT_CERTIFICATE;
	}
}

static enum pr_look judge(struct reading *reading, enum answer answer)
{
	struct pr_seen *seen = reading->seen;

	switch (answer) {
	case ANSWER_REFUSED:
		seen->why = "the server refuses the handshake";
		return check_rest_of_client(reading);
	case ANSWER_OPEN:
		return check_rest_of_client(reading);
	case ANSWER_NO_TLS:
		return settle(reading, PR_ENCRYPTION_NO,
			      "the server answers the client's hello in plaintext");
	case ANSWER_UNFIT:
		return settle(reading, PR_ENCRYPTION_UNKNOWN,
			      "the server's answer is none to the client's hello");
	case ANSWER_HELLO:
		break;
	}
	pr_tls_server_hello_show(&reading->server_hello, false, seen);
	if (pr_tls_skip(&reading->client_records, ~0u) == PR_TLS_RECORD_NONE)
		return settle(reading, PR_ENCRYPTION_NO,
			      "what the client sends behind its hello is no TLS");
	if (!(seen->settled & PR_FACT_CERTIFICATE))
		read_certificate(reading);
	return pr_tls_until_certificate(seen);
}

enum pr_look pr_tls_look_at(const struct pr_stream *client, const struct pr_stream *server,
			    struct pr_seen *seen)
{
	PR_UNINITIALIZED uint8_t client_room[PR_INSPECTION_CLIENT_MAX];
	PR_UNINITIALIZED uint8_t server_room[PR_INSPECTION_SERVER_MAX];
	struct reading reading = { .seen = seen, .client = client, .server = server };
	enum answer answer;
	enum pr_look look;

	if (!client->len)
		return server->len ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
	if ((client->bytes[0] & ~SSL_2_0_LEN_BITS) == 0x80)
		return look_at_ssl_2_0(client, seen);
	if (client->bytes[0] != PR_TLS_HANDSHAKE)
		return PR_LOOK_NOT_MINE;
	reading.client_records = pr_tls_records(client, client_room, sizeof(client_room));
	look = read_client_hello(&reading);
	if (look == PR_LOOK_MORE && server->len && server->bytes[0] != PR_TLS_ALERT)
		return PR_LOOK_NOT_MINE;
	if (look != PR_LOOK_DONE)
		return look == PR_LOOK_GOES_ON ? PR_LOOK_DONE : look;
	reading.server_records = pr_tls_records(server, server_room, sizeof(server_room));
	answer = read_answer(&reading);
	if (answer == ANSWER_HELLO && reading.server_hello.retry) {
		pr_tls_server_hello_show(&reading.server_hello, false, seen);
		look = read_second_hello(&reading);
		if (look != PR_LOOK_DONE || seen->settled == PR_FACTS_SEEN)
			return look;
		reading.retried = true;
		answer = read_answer(&reading);
		if (answer == ANSWER_HELLO && reading.server_hello.retry)
			answer = ANSWER_UNFIT;
	}
	return judge(&reading, answer);
}

enum pr_look pr_inspect_tls(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	return pr_tls_look_at(&transcript->client, &transcript->server, seen);
}

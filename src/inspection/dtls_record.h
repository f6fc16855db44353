/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record layer of DTLS (RFC 6347, 4.1 and 4.2; RFC 9147, 4), as far as it is plaintext: handshake messages put
 * together from fragments, in whatever order, and as often, as these came.
 */
#pragma once

#include "base/cursor.h"
#include "inspection/inspector.h"

#define PR_DTLS_ROOM (4 + 16384) /* of a message; longer ones are not put together */

struct pr_dtls_record {
	uint8_t content; /* enum pr_tls_content; 0 = encrypted, DTLS 1.3's header */
	uint16_t epoch;	 /* 0 = plaintext */
	const uint8_t *bytes;
	size_t len;
};

/* The next record of a datagram. False: there is none, or what there is doesn't fit. */
bool pr_dtls_next(struct pr_reader *datagram, struct pr_dtls_record *ret_record);
/* Is what the datagram begins with a record? */
bool pr_dtls_begins(const struct pr_datagram *datagram);

/* A message as TLS has it: type, length, body. */
struct pr_dtls_message {
	uint8_t bytes[PR_DTLS_ROOM];
	uint8_t covered[PR_DTLS_ROOM / 8 + 1]; /* bits */
	size_t len;			       /* header included; 0 = nothing of it is here */
	size_t prefix;			       /* of it, that has no gap; header included */
	bool contradicts;		       /* two fragments say different things */
};

/* Puts the message with this number of one end together. */
void pr_dtls_gather(const struct pr_transcript *transcript, bool from_server, uint16_t number,
		    struct pr_dtls_message *ret_message);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record layer of TLS over a stream (RFC 8446, 5.1; RFC 5246, 6.2): one item after the other, handshake messages put
 * together from as many records as they take. Reads more than a server would accept (empty records, alerts within a
 * message): what is read permits nothing.
 */
#pragma once

#include "base/cursor.h"
#include "base/error.h"
#include "inspection/inspector.h"

enum pr_tls_record_outcome {
	PR_TLS_RECORD_SHORT =
		1, /* the next item isn't whole; of a handshake message *ret_item has what there is */
	PR_TLS_RECORD_NONE, /* what follows is no record of TLS */
};

struct pr_tls_item {
	uint8_t content; /* enum pr_tls_content */
	const uint8_t
		*bytes; /* a handshake message, header included; otherwise what the record holds */
	size_t len;
};

struct pr_tls_records {
	struct pr_reader reader; /* over the stream; between two records */
	const uint8_t *rest;	 /* of the handshake record that was read last */
	size_t rest_len;
	bool cut; /* that record's end is not here yet */
	uint8_t *
		room; /* borrowed; messages of several records are put together here, one behind the other */
	size_t room_size, room_used;
};

/* `room` as long as the stream at most can be; what lies in it is borrowed by the items. */
struct pr_tls_records pr_tls_records(const struct pr_stream *stream, uint8_t *room,
				     size_t room_size);
/* 0 or an outcome. */
PR_MUST_USE int pr_tls_next(struct pr_tls_records *records, struct pr_tls_item *ret_item);
/* Goes over all further records without a look into them: for what may be encrypted. `allowed`: contents,
 * PR_TLS_ALLOWS(…). 0: they end with the stream, or within a record; SHORT: within a record's header; NONE: one does not
 * fit. */
PR_MUST_USE int pr_tls_skip(struct pr_tls_records *records, unsigned int allowed);

#define PR_TLS_ALLOWS(content) (1u << ((content)-PR_TLS_CHANGE_CIPHER_SPEC))

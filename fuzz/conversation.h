/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conversations over a stream as fuzzers' inputs have them: pieces, each with a head of two bytes, the first bit of which
 * says which end it is of, the others how long it is. */
#pragma once

#include "base/cursor.h"
#include "seen.h"

#include <netinet/in.h>

#define PIECES_MAX 32

typedef enum pr_look look_function(const struct pr_transcript *transcript, struct pr_seen *seen);

/* Of exactly their lengths, so that a sanitizer sees every read beyond. */
static inline enum pr_look look_at_copies(look_function *look, const uint8_t *client,
					  size_t client_len, const uint8_t *server,
					  size_t server_len, struct pr_seen *seen)
{
	uint8_t *copies[2] = { pr_calloc(client_len + !client_len, 1),
			       pr_calloc(server_len + !server_len, 1) };
	struct pr_transcript transcript = { .proto = IPPROTO_TCP };
	enum pr_look said;

	if (client_len)
		memcpy(copies[0], client, client_len);
	if (server_len)
		memcpy(copies[1], server, server_len);
	transcript.client = (struct pr_stream){ .bytes = copies[0], .len = (uint32_t)client_len };
	transcript.server = (struct pr_stream){ .bytes = copies[1], .len = (uint32_t)server_len };
	*seen = (struct pr_seen){ 0 };
	said = look(&transcript, seen);
	free(copies[0]);
	free(copies[1]);
	if (said != PR_LOOK_NOT_MINE)
		check_seen(said, seen);
	return said;
}

/* Looks after each piece; a look that has all is the last. */
static inline void look_through(look_function *look, const uint8_t *bytes, size_t len)
{
	struct pr_reader reader = pr_reader(bytes, len);
	uint8_t *said[2] = { pr_calloc(len + 1, 1), pr_calloc(len + 1, 1) };
	size_t lens[2] = { 0, 0 };
	struct pr_seen before = { 0 }, seen;

	for (unsigned int n = 0; n < PIECES_MAX && pr_reader_left(&reader) >= 2; n++) {
		uint16_t head = pr_read_u16(&reader);
		bool server = head & 0x8000;
		size_t piece_len = head & 0x7fff;
		enum pr_look answer;

		if (piece_len > pr_reader_left(&reader))
			piece_len = pr_reader_left(&reader);
		memcpy(said[server] + lens[server], pr_read_bytes(&reader, piece_len), piece_len);
		lens[server] += piece_len;
		answer = look_at_copies(look, said[0], lens[0], said[1], lens[1], &seen);
		if (answer == PR_LOOK_NOT_MINE)
			break;
		check_kept(&before, &seen);
		if (answer == PR_LOOK_DONE)
			break;
		before = seen;
	}
	free(said[0]);
	free(said[1]);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For targets of inspectors of TCP. The input: what ended (1 the client, 2 the server, 4 the client sends more than is
 * kept), the length of what the client sent in two bytes, that, and the rest is the server's.
 */
#pragma once

#include "base/cursor.h"
#include "base/error.h"
#include "inspection/inspector_table.h"

#include <ctype.h>
#include <netinet/in.h>

#define PARTS 24u /* of each input are tried */

typedef enum pr_look look_function(const struct pr_transcript *transcript, struct pr_seen *seen);

static inline void check_look(enum pr_look look, const struct pr_seen *seen)
{
	if (look == PR_LOOK_NOT_MINE)
		return;
	pr_assert(seen->speaks < PR_SPEAKS_COUNT_ && seen->n_names <= PR_SEEN_NAMES_MAX);
	pr_assert(look == PR_LOOK_MORE || seen->speaks != PR_SPEAKS_UNKNOWN);
	pr_assert(look != PR_LOOK_DONE || seen->settled == PR_FACTS_SEEN);
	pr_assert(seen->encryption == PR_ENCRYPTION_UNKNOWN || seen->why);
	for (unsigned int i = 0; i < seen->n_names; i++)
		pr_assert(seen->names[i][0] && memchr(seen->names[i], '\0', PR_SEEN_NAME_SIZE));
	for (unsigned int i = 1; i < seen->n_names; i++)
		pr_assert(strcmp(seen->names[i], seen->names[i - 1]) != 0);
	pr_assert(seen->n_names < 2 || seen->flags & PR_SEEN_CONTRADICTS);
}

/* What was settled holds. */
static inline void check_later(const struct pr_seen *early, const struct pr_seen *late)
{
	pr_assert((early->settled & ~late->settled) == 0);
	if (early->settled & PR_FACT_SPEAKS)
		pr_assert(early->speaks == late->speaks);
	if (early->settled & PR_FACT_ENCRYPTION)
		pr_assert(early->encryption == late->encryption);
	if (!(early->settled & PR_FACT_NAME))
		return;
	pr_assert(early->n_names == late->n_names);
	for (unsigned int i = 0; i < late->n_names; i++)
		pr_assert(strcmp(early->names[i], late->names[i]) == 0);
}

/* A word with lower case that is no method is given up though a request could go on so: who says it may wait for an answer
 * (inspection/http.c). Nothing else is given up that is something once there is more of it. */
static inline bool is_given_up_early(look_function *look, const struct pr_stream *client)
{
	bool lower_case = false;
	uint32_t from = 0;

	while (from < client->len && (client->bytes[from] == '\r' || client->bytes[from] == '\n'))
		from++;
	for (uint32_t i = from; i < client->len; i++) {
		if (client->bytes[i] <= ' ')
			return false;
		lower_case = lower_case || islower(client->bytes[i]);
	}
	return look == pr_inspect_http && lower_case;
}

/* `whole` is not cut by a limit: each part of it says nothing else than it. */
static inline void check_parts(look_function *look, const struct pr_transcript *whole)
{
	struct pr_seen all = { 0 };
	enum pr_look says = look(whole, &all);

	check_look(says, &all);
	for (uint32_t i = 0; i < PARTS; i++) {
		struct pr_transcript part = *whole;
		struct pr_seen seen = { 0 };
		enum pr_look early;

		part.client.len = (uint32_t)((uint64_t)whole->client.len * i / (PARTS - 1));
		part.server.len = i % 3 ? 0 : whole->server.len;
		early = look(&part, &seen);
		check_look(early, &seen);
		if (early == PR_LOOK_NOT_MINE)
			pr_assert(says == PR_LOOK_NOT_MINE ||
				  is_given_up_early(look, &part.client));
		else if (says != PR_LOOK_NOT_MINE)
			check_later(&seen, &all);
		else
			pr_assert(seen.settled == 0);
	}
}

static inline int check_transcript(look_function *look, const uint8_t *bytes, size_t len)
{
	struct pr_reader reader = pr_reader(bytes, len);
	uint8_t ended = pr_read_u8(&reader);
	size_t client_len = pr_read_u16(&reader), left = pr_reader_left(&reader);
	struct pr_transcript whole = { .proto = IPPROTO_TCP, .port = 1 };
	struct pr_seen seen = { 0 };

	client_len = client_len < left ? client_len : left;
	whole.client = (struct pr_stream){ .bytes = pr_read_bytes(&reader, client_len),
					   .len = (uint32_t)client_len };
	left = pr_reader_left(&reader);
	whole.server =
		(struct pr_stream){ .bytes = pr_read_bytes(&reader, left), .len = (uint32_t)left };
	check_parts(look, &whole);
	whole.client.ended = ended & 1;
	whole.server.ended = ended & 2;
	whole.client.full = ended & 4;
	check_look(look(&whole, &seen), &seen);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What inspectors say of bytes that are written down, as a text, and that no cut of these says anything else. */
#pragma once

#include "inspection/inspector.h"

#include "unit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_SIZE 2048

struct talk {
	const void *client, *server;
	size_t client_len, server_len;
	bool client_ended, server_ended, client_full;
};

/* What each end says: string literals, whose zero doesn't count. */
#define CLIENT(text)                                           \
	(struct talk)                                          \
	{                                                      \
		.client = text, .client_len = sizeof(text) - 1 \
	}
#define BOTH(client_text, server_text)                                        \
	(struct talk)                                                         \
	{                                                                     \
		.client = client_text, .client_len = sizeof(client_text) - 1, \
		.server = server_text, .server_len = sizeof(server_text) - 1  \
	}

static inline enum pr_look look_at(const struct talk *talk, struct pr_seen *ret_seen)
{
	const struct pr_transcript transcript = {
		.proto = IPPROTO_TCP,
		.port = 1,
		.client = { talk->client, (uint32_t)talk->client_len, talk->client_ended,
			    talk->client_full },
		.server = { talk->server, (uint32_t)talk->server_len, talk->server_ended, false },
	};

	return pr_inspectors_look(&transcript, false, ret_seen);
}

static inline const char *look_name(enum pr_look look)
{
	static const char *const names[] = { "not mine", "more", "goes on", "done" };

	return names[look];
}

/* "done: http no 1.1 a.example,b.example contradicts"; "-" for what is none. Only what is settled. */
static inline const char *show(enum pr_look look, const struct pr_seen *seen, char *text)
{
	int at = snprintf(text, SHOWN_SIZE, "%s: %s %s %s ", look_name(look),
			  seen->settled & PR_FACT_SPEAKS ? pr_speaks_name(seen->speaks) : "-",
			  seen->settled & PR_FACT_ENCRYPTION ? pr_encryption_name(seen->encryption)
							     : "-",
			  seen->version[0] ? seen->version : "-");

	if (!(seen->settled & PR_FACT_NAME))
		return text;
	for (unsigned int i = 0; i < seen->n_names; i++)
		at += snprintf(text + at, SHOWN_SIZE - (size_t)at, "%s%s", i ? "," : "",
			       seen->names[i]);
	snprintf(text + at, SHOWN_SIZE - (size_t)at, "%s%s", seen->n_names ? "" : "-",
		 seen->flags & PR_SEEN_CONTRADICTS ? " contradicts" : "");
	return text;
}

static inline void check_shown(const struct talk *talk, const char *expected)
{
	char text[SHOWN_SIZE];
	struct pr_seen seen;
	enum pr_look look = look_at(talk, &seen);

	assert_string_equal(show(look, &seen, text), expected);
}

/* What is settled once is so in the end. */
static inline void check_agrees(const struct pr_seen *early, const struct pr_seen *late)
{
	assert_int_equal(early->settled & ~late->settled, 0);
	if (early->settled & PR_FACT_SPEAKS)
		assert_int_equal(early->speaks, late->speaks);
	if (early->settled & PR_FACT_ENCRYPTION)
		assert_int_equal(early->encryption, late->encryption);
	if (early->settled & PR_FACT_NAME) {
		assert_int_equal(early->n_names, late->n_names);
		assert_int_equal(early->flags, late->flags);
		for (unsigned int i = 0; i < late->n_names; i++)
			assert_string_equal(early->names[i], late->names[i]);
	}
}

/* The whole talk is as expected; no part of it says anything else. */
static inline void check_talk(struct talk talk, const char *expected)
{
	struct talk part = talk;
	struct pr_seen seen, early;

	check_shown(&talk, expected);
	(void)look_at(&talk, &seen);
	part.client_ended = part.server_ended = part.client_full = false;
	for (part.client_len = 0; part.client_len <= talk.client_len; part.client_len++) {
		part.server_len = 0;
		(void)look_at(&part, &early);
		check_agrees(&early, &seen);
	}
	part.client_len = talk.client_len;
	for (part.server_len = 0; part.server_len < talk.server_len; part.server_len++) {
		(void)look_at(&part, &early);
		check_agrees(&early, &seen);
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Protocols of lines that begin in plaintext and may go over to TLS: the server greets, the client commands, each
 * command has its reply, and behind the good reply to one command both speak TLS. What differs between them
 * is a struct of functions.
 */
#pragma once

#include "base/cursor.h"
#include "inspection/inspector.h"

#define PR_LINE_MAX \
	512 /* of a command with its end (RFC 5321, 4.5.3.1.4); longer ones are no handshake */

struct pr_line {
	const char *text; /* borrowed, not terminated; without CR LF */
	size_t len;
};

enum pr_command {
	PR_COMMAND_FOREIGN,   /* not of this protocol */
	PR_COMMAND_EITHER,    /* passes, and is of others as well */
	PR_COMMAND_PASSES,    /* tells nothing: greetings, what the server can, farewells */
	PR_COMMAND_UPGRADES,  /* asks for TLS */
	PR_COMMAND_PLAINTEXT, /* all else: it should have been encrypted */
};

enum pr_reply {
	PR_REPLY_SHORT, /* not whole */
	PR_REPLY_GOOD,
	PR_REPLY_BAD,  /* refused */
	PR_REPLY_NONE, /* none of this protocol */
};

struct pr_starttls {
	enum pr_speaks speaks;
	/* Begins to read: SHORT as long as the beginning could be one. BAD: it greets, but won't serve. */
	enum pr_reply (*greeting)(struct pr_reader *server);
	enum pr_command (*command)(const struct pr_line *line);
	/* Could a line that begins so become a command that passes, or upgrades? */
	bool (*begins)(const struct pr_line *beginning);
	/* Reads the next reply, which is that to `command`. */
	enum pr_reply (*reply)(struct pr_reader *server, const struct pr_line *command);
};

enum pr_look pr_starttls_look(const struct pr_starttls *protocol,
			      const struct pr_transcript *transcript, struct pr_seen *seen);
/* Behind the agreement to speak TLS: `client_at` and `server_at` are where it begins. Settles all. */
enum pr_look pr_upgraded_look(const struct pr_transcript *transcript, size_t client_at,
			      size_t server_at, struct pr_seen *seen);
/* Settles all: not encrypted. */
enum pr_look pr_plaintext_look(struct pr_seen *seen, const char *why);

/* The next line that has its end (LF; a CR before it goes too). False: there is none; the reader stays. */
bool pr_line_next(struct pr_reader *reader, struct pr_line *ret_line);
/* Does the line begin with this word, in any case, with a space or nothing behind it? */
bool pr_line_begins(const struct pr_line *line, const char *word);
/* PLAINTEXT where it begins with one of the words, the last of which is NULL; otherwise FOREIGN. */
enum pr_command pr_line_among(const struct pr_line *line, const char *const *words);
bool pr_line_is(const struct pr_line *line, const char *text); /* in any case */
/* Is the line the beginning of one of the words, or one of them its beginning? The last word is NULL. */
bool pr_line_may_be(const struct pr_line *line, const char *const *words);
/* Replies of three digits, on one line or several (RFC 5321, 4.2.1; RFC 959, 4.2). `good`: the code. Preliminary ones (1yz)
 * are skipped. */
enum pr_reply pr_numeric_reply(struct pr_reader *server, const char *good);
/* "220 …", "421 …", "554-…": SMTP's and FTP's. */
enum pr_reply pr_numeric_greeting(struct pr_reader *server);
/* Could what the server sent first become this? */
bool pr_greeting_begins(const struct pr_reader *server, const char *text);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Commands and replies are counted off against each other. Behind the command that asks for TLS the client has to
 * wait for the reply: what it sends before would be taken for a command by the server, and for encrypted by
 * whoever asked for TLS (RFC 3207, 6 and the injections that go by the name of STARTTLS).
 */
#include "inspection/starttls.h"

#include "inspection/tls.h"

#include <strings.h>

#define NUMERIC_CODE_LEN 3

bool pr_line_next(struct pr_reader *reader, struct pr_line *ret_line)
{
	size_t left = pr_reader_left(reader), len;
	const char *text = (const char *)reader->bytes + reader->position;
	const char *end = left ? memchr(text, '\n', left) : NULL;

	if (!end)
		return false;
	len = (size_t)(end - text);
	pr_read_skip(reader, len + 1);
	*ret_line = (struct pr_line){ text, len && text[len - 1] == '\r' ? len - 1 : len };
	return true;
}

bool pr_line_begins(const struct pr_line *line, const char *word)
{
	size_t len;

	/* most lines that are no command are told by their first letter, in either case */
	if (!line->len || (line->text[0] | 0x20) != (word[0] | 0x20))
		return false;
	len = strlen(word);
	return line->len >= len && strncasecmp(line->text, word, len) == 0 &&
	       (line->len == len || line->text[len] == ' ');
}

enum pr_command pr_line_among(const struct pr_line *line, const char *const *words)
{
	for (; *words; words++) {
		if (pr_line_begins(line, *words))
			return PR_COMMAND_PLAINTEXT;
	}
	return PR_COMMAND_FOREIGN;
}

bool pr_line_is(const struct pr_line *line, const char *text)
{
	return line->len == strlen(text) && strncasecmp(line->text, text, line->len) == 0;
}

bool pr_line_may_be(const struct pr_line *line, const char *const *words)
{
	for (; *words; words++) {
		size_t len = strlen(*words);

		if (strncasecmp(line->text, *words, line->len < len ? line->len : len) == 0)
			return true;
	}
	return false;
}

static bool is_code(const struct pr_line *line)
{
	for (unsigned int i = 0; i < NUMERIC_CODE_LEN; i++) {
		if (i >= line->len || line->text[i] < '0' || line->text[i] > '9')
			return false;
	}
	return line->len == NUMERIC_CODE_LEN || line->text[NUMERIC_CODE_LEN] == ' ' ||
	       line->text[NUMERIC_CODE_LEN] == '-';
}

enum pr_reply pr_numeric_reply(struct pr_reader *server, const char *good)
{
	struct pr_line line, first;

	do {
		if (!pr_line_next(server, &first))
			return PR_REPLY_SHORT;
		if (!is_code(&first))
			return PR_REPLY_NONE;
		line = first;
		/* Several lines end with one that has the same code and no hyphen. */
		while (line.len > NUMERIC_CODE_LEN && line.text[NUMERIC_CODE_LEN] == '-') {
			do {
				if (!pr_line_next(server, &line))
					return PR_REPLY_SHORT;
			} while (!is_code(&line) ||
				 memcmp(line.text, first.text, NUMERIC_CODE_LEN) != 0);
		}
	} while (first.text[0] == '1');
	return memcmp(first.text, good, NUMERIC_CODE_LEN) == 0 ? PR_REPLY_GOOD : PR_REPLY_BAD;
}

bool pr_greeting_begins(const struct pr_reader *server, const char *text)
{
	size_t len = strlen(text);

	return memcmp(server->bytes, text, server->len < len ? server->len : len) == 0;
}

enum pr_reply pr_numeric_greeting(struct pr_reader *server)
{
	static const char *const codes[] = { "220", "120", "421", "500", "530", "554" };

	for (unsigned int i = 0; i < PR_ARRAY_SIZE(codes); i++) {
		if (pr_greeting_begins(server, codes[i]))
			return pr_numeric_reply(server, "220");
	}
	return PR_REPLY_NONE;
}

enum pr_look pr_plaintext_look(struct pr_seen *seen, const char *why)
{
	seen->encryption = PR_ENCRYPTION_NO;
	seen->why = why;
	seen->settled |= PR_FACTS_SEEN;
	return PR_LOOK_DONE;
}

static struct pr_stream behind(const struct pr_stream *stream, size_t at)
{
	return (struct pr_stream){ .bytes = stream->bytes + at,
				   .len = stream->len - (uint32_t)at,
				   .ended = stream->ended,
				   .full = stream->full };
}

enum pr_look pr_upgraded_look(const struct pr_transcript *transcript, size_t client_at,
			      size_t server_at, struct pr_seen *seen)
{
	struct pr_stream client = behind(&transcript->client, client_at);
	struct pr_stream server = behind(&transcript->server, server_at);
	enum pr_look look = pr_tls_look_at(&client, &server, seen);

	if (look == PR_LOOK_NOT_MINE)
		return pr_plaintext_look(
			seen,
			client.len ? "what the client sends behind the agreement on TLS is none"
				   : "the server goes on in plaintext behind the agreement on TLS");
	if (look == PR_LOOK_MORE && !client.len)
		return PR_LOOK_GOES_ON;
	if (seen->settled & PR_FACT_NAME)
		seen->flags |= PR_SEEN_UPGRADED;
	return look;
}

struct dialogue {
	const struct pr_starttls *protocol;
	const struct pr_transcript *transcript;
	struct pr_seen *seen;
	struct pr_reader client, server;
	bool unanswered; /* the last command's reply isn't here yet, so that there are none to later ones */
	bool refused; /* the server won't encrypt */
};

static enum pr_reply reply_to(struct dialogue *dialogue, const struct pr_line *command)
{
	enum pr_reply reply = dialogue->unanswered
				      ? PR_REPLY_SHORT
				      : dialogue->protocol->reply(&dialogue->server, command);

	dialogue->unanswered = reply == PR_REPLY_SHORT;
	return reply;
}

/* True: *ret_look is what it comes to. False: and now the next line. */
static bool look_at_upgrade(struct dialogue *dialogue, const struct pr_line *command,
			    enum pr_look *ret_look)
{
	struct pr_seen *seen = dialogue->seen;

	switch (reply_to(dialogue, command)) {
	case PR_REPLY_SHORT:
		*ret_look = PR_LOOK_GOES_ON;
		if (pr_reader_left(&dialogue->client))
			*ret_look = pr_plaintext_look(seen, "the client asks for TLS and sends on "
							    "without waiting for the answer");
		return true;
	case PR_REPLY_GOOD:
		*ret_look = pr_upgraded_look(dialogue->transcript, dialogue->client.position,
					     dialogue->server.position, seen);
		return true;
	case PR_REPLY_BAD:
		dialogue->refused = true;
		seen->why = "the server refuses TLS";
		return false;
	case PR_REPLY_NONE:
		break;
	}
	*ret_look = pr_plaintext_look(seen, "the server's answer is none of the protocol");
	return true;
}

static enum pr_look plaintext(struct dialogue *dialogue)
{
	return pr_plaintext_look(
		dialogue->seen,
		dialogue->refused ? "the server refuses TLS, and the client goes on in plaintext"
				  : "the client goes on in plaintext");
}

/* One command; as above. */
static bool look_at_command(struct dialogue *dialogue, const struct pr_line *line,
			    enum pr_look *ret_look)
{
	struct pr_seen *seen = dialogue->seen;
	enum pr_command command = line->len + 2 > PR_LINE_MAX ? PR_COMMAND_FOREIGN
							      : dialogue->protocol->command(line);

	*ret_look = PR_LOOK_NOT_MINE;
	if (command == PR_COMMAND_FOREIGN && !seen->speaks)
		return true;
	if (command != PR_COMMAND_EITHER) {
		seen->speaks = (uint8_t)dialogue->protocol->speaks;
		seen->settled |= PR_FACT_SPEAKS;
	}
	if (command == PR_COMMAND_UPGRADES)
		return look_at_upgrade(dialogue, line, ret_look);
	if (command == PR_COMMAND_FOREIGN || command == PR_COMMAND_PLAINTEXT) {
		*ret_look = plaintext(dialogue);
		return true;
	}
	if (reply_to(dialogue, line) != PR_REPLY_NONE)
		return false;
	if (seen->speaks)
		*ret_look = pr_plaintext_look(seen, "the server's answer is none of the protocol");
	return true;
}

/* Some clients don't wait for the greeting. What they say then has to be of what passes, and waits for it itself. */
static enum pr_look look_before_greeting(struct dialogue *dialogue)
{
	struct pr_line line;

	while (pr_line_next(&dialogue->client, &line)) {
		enum pr_command command = dialogue->protocol->command(&line);

		if (command == PR_COMMAND_FOREIGN || command == PR_COMMAND_PLAINTEXT)
			return PR_LOOK_NOT_MINE;
	}
	line.len = pr_reader_left(&dialogue->client);
	line.text = (const char *)dialogue->client.bytes + dialogue->client.position;
	return line.len > PR_LINE_MAX || (line.len && !dialogue->protocol->begins(&line))
		       ? PR_LOOK_NOT_MINE
		       : PR_LOOK_MORE;
}

enum pr_look pr_starttls_look(const struct pr_starttls *protocol,
			      const struct pr_transcript *transcript, struct pr_seen *seen)
{
	const struct pr_stream *client = &transcript->client, *server = &transcript->server;
	struct dialogue dialogue = { .protocol = protocol,
				     .transcript = transcript,
				     .seen = seen,
				     .client = pr_reader(client->bytes, client->len),
				     .server = pr_reader(server->bytes, server->len) };
	enum pr_look look;
	struct pr_line line;
	size_t left;

	if (!server->len)
		return look_before_greeting(&dialogue);
	switch (protocol->greeting(&dialogue.server)) {
	case PR_REPLY_NONE:
		return PR_LOOK_NOT_MINE;
	case PR_REPLY_SHORT:
		return server->full ? PR_LOOK_NOT_MINE : look_before_greeting(&dialogue);
	case PR_REPLY_GOOD:
	case PR_REPLY_BAD:
		break;
	}
	while (pr_line_next(&dialogue.client, &line)) {
		if (look_at_command(&dialogue, &line, &look))
			return look;
	}
	left = pr_reader_left(&dialogue.client);
	if (left >= PR_LINE_MAX)
		return seen->speaks ? plaintext(&dialogue) : PR_LOOK_NOT_MINE;
	return left || !seen->speaks ? PR_LOOK_MORE : PR_LOOK_GOES_ON;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POP3 (RFC 1939), CAPA (RFC 2449) and STLS (RFC 2595). */
#include "inspection/inspector_table.h"
#include "inspection/starttls.h"

/* "+OK …", "-ERR …" */
static enum pr_reply status(struct pr_reader *server)
{
	struct pr_line line;

	if (!pr_line_next(server, &line))
		return PR_REPLY_SHORT;
	if (pr_line_begins(&line, "+OK"))
		return PR_REPLY_GOOD;
	return pr_line_begins(&line, "-ERR") ? PR_REPLY_BAD : PR_REPLY_NONE;
}

static enum pr_reply greeting(struct pr_reader *server)
{
	return pr_greeting_begins(server, "+OK") || pr_greeting_begins(server, "-ERR")
		       ? status(server)
		       : PR_REPLY_NONE;
}

static enum pr_command command(const struct pr_line *line)
{
	static const char *const others[] = { "USER", "PASS", "APOP", "AUTH", "STAT",
					      "LIST", "RETR", "DELE", "UIDL", "TOP",
					      "RSET", "UTF8", "LANG", "XTND", NULL };

	if (pr_line_is(line, "STLS"))
		return PR_COMMAND_UPGRADES;
	if (pr_line_is(line, "CAPA") || pr_line_is(line, "NOOP") || pr_line_is(line, "QUIT"))
		return PR_COMMAND_PASSES;
	return pr_line_among(line, others);
}

static bool begins(const struct pr_line *beginning)
{
	static const char *const words[] = { "CAPA", "STLS", "NOOP", "QUIT", NULL };

	return pr_line_may_be(beginning, words);
}

/* What CAPA gets, if it gets it, ends with a line that is a dot. */
static enum pr_reply reply(struct pr_reader *server, const struct pr_line *line)
{
	enum pr_reply reply = status(server);
	struct pr_line further;

	if (reply != PR_REPLY_GOOD || !pr_line_is(line, "CAPA"))
		return reply;
	do {
		if (!pr_line_next(server, &further))
			return PR_REPLY_SHORT;
	} while (!pr_line_is(&further, "."));
	return reply;
}

enum pr_look pr_inspect_pop3(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	static const struct pr_starttls pop3 = { PR_SPEAKS_POP3, greeting, command, begins, reply };

	return pr_starttls_look(&pop3, transcript, seen);
}

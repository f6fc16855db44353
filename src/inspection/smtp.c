/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMTP (RFC 5321) and its STARTTLS (RFC 3207). It greets as FTP does: which it is, the client's first command says. */
#include "inspection/inspector_table.h"
#include "inspection/starttls.h"

/* "EHLO mail.example.com", "EHLO [192.0.2.1]"; the name is all that they tell. */
static bool is_hello(const struct pr_line *line)
{
	if (!pr_line_begins(line, "EHLO") && !pr_line_begins(line, "HELO"))
		return false;
	for (size_t i = sizeof("EHLO"); i < line->len; i++) {
		if (line->text[i] <= ' ' || line->text[i] > '~')
			return false;
	}
	return line->len <= sizeof("EHLO") + 255;
}

static enum pr_command command(const struct pr_line *line)
{
	static const char *const others[] = {
		"EHLO", "HELO", "MAIL", "RCPT", "VRFY", "EXPN", NULL
	};

	if (is_hello(line))
		return PR_COMMAND_PASSES;
	if (pr_line_is(line, "STARTTLS"))
		return PR_COMMAND_UPGRADES;
	if (pr_line_is(line, "NOOP") || pr_line_is(line, "QUIT"))
		return PR_COMMAND_EITHER;
	return pr_line_among(line, others);
}

static bool begins(const struct pr_line *beginning)
{
	static const char *const words[] = { "EHLO ", "HELO ", "STARTTLS", "NOOP", "QUIT", NULL };

	return pr_line_may_be(beginning, words);
}

static enum pr_reply reply(struct pr_reader *server, const struct pr_line *line)
{
	(void)line;
	return pr_numeric_reply(server, "220");
}

enum pr_look pr_inspect_smtp(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	static const struct pr_starttls smtp = { PR_SPEAKS_SMTP, pr_numeric_greeting, command,
						 begins, reply };

	return pr_starttls_look(&smtp, transcript, seen);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FTP (RFC 959), features (RFC 2389), and AUTH TLS (RFC 4217). Of the connections for data it says nothing. */
#include "inspection/inspector_table.h"
#include "inspection/starttls.h"

static enum pr_command command(const struct pr_line *line)
{
	static const char *const others[] = { "USER", "PASS", "ACCT", "SYST", "OPTS", "HOST",
					      "CLNT", "LANG", "PBSZ", "PROT", "CSID", NULL };

	if (pr_line_is(line, "AUTH TLS") || pr_line_is(line, "AUTH SSL") ||
	    pr_line_is(line, "AUTH TLS-C"))
		return PR_COMMAND_UPGRADES;
	if (pr_line_is(line, "FEAT"))
		return PR_COMMAND_PASSES;
	if (pr_line_is(line, "NOOP") || pr_line_is(line, "QUIT"))
		return PR_COMMAND_EITHER;
	return pr_line_among(line, others);
}

static bool begins(const struct pr_line *beginning)
{
	static const char *const words[] = { "AUTH TLS", "AUTH SSL", "FEAT", "NOOP", "QUIT", NULL };

	return pr_line_may_be(beginning, words);
}

static enum pr_reply reply(struct pr_reader *server, const struct pr_line *line)
{
	(void)line;
	return pr_numeric_reply(server, "234");
}

enum pr_look pr_inspect_ftp(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	static const struct pr_starttls ftp = { PR_SPEAKS_FTP, pr_numeric_greeting, command, begins,
						reply };

	return pr_starttls_look(&ftp, transcript, seen);
}

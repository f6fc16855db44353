/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IMAP (RFC 9051) and its STARTTLS. */
#include "inspection/inspector_table.h"
#include "inspection/starttls.h"

#define TAG_MAX 32

/* How many characters that a tag may have it begins with. */
static size_t tag_characters(const struct pr_line *line)
{
	static const char never[] = { '(', ')', '{', '%', '*', '"', '\\', '+', ']' };
	size_t len = 0;

	while (len < line->len && line->text[len] > ' ' && line->text[len] <= '~' &&
	       !memchr(never, line->text[len], sizeof(never)))
		len++;
	return len;
}

/* "a001 CAPABILITY": the length of the tag; 0 = it is no tag. */
static size_t tag_len(const struct pr_line *line)
{
	size_t len = tag_characters(line);

	return len <= TAG_MAX && len < line->len && line->text[len] == ' ' ? len : 0;
}

static struct pr_line behind_tag(const struct pr_line *line, size_t tag)
{
	return (struct pr_line){ line->text + tag + 1, line->len - tag - 1 };
}

static enum pr_reply greeting(struct pr_reader *server)
{
	struct pr_line line, rest;

	if (!pr_greeting_begins(server, "* OK") && !pr_greeting_begins(server, "* PREAUTH") &&
	    !pr_greeting_begins(server, "* BYE"))
		return PR_REPLY_NONE;
	if (!pr_line_next(server, &line))
		return PR_REPLY_SHORT;
	rest = behind_tag(&line, 1);
	if (pr_line_begins(&rest, "OK") || pr_line_begins(&rest, "PREAUTH"))
		return PR_REPLY_GOOD;
	return pr_line_begins(&rest, "BYE") ? PR_REPLY_BAD : PR_REPLY_NONE;
}

static enum pr_command command(const struct pr_line *line)
{
	size_t tag = tag_len(line);
	struct pr_line rest;

	if (!tag)
		return PR_COMMAND_FOREIGN;
	rest = behind_tag(line, tag);
	if (pr_line_is(&rest, "STARTTLS"))
		return PR_COMMAND_UPGRADES;
	if (pr_line_is(&rest, "CAPABILITY") || pr_line_is(&rest, "NOOP") ||
	    pr_line_is(&rest, "LOGOUT"))
		return PR_COMMAND_PASSES;
	/* "a1 LOGIN …", "a1 AUTHENTICATE …": a word. */
	return rest.len && ((rest.text[0] | 0x20) >= 'a' && (rest.text[0] | 0x20) <= 'z')
		       ? PR_COMMAND_PLAINTEXT
		       : PR_COMMAND_FOREIGN;
}

static bool begins(const struct pr_line *beginning)
{
	static const char *const words[] = { "CAPABILITY", "STARTTLS", "NOOP", "LOGOUT", NULL };
	size_t tag = tag_len(beginning);
	struct pr_line rest;

	if (!tag)
		return beginning->len <= TAG_MAX && tag_characters(beginning) == beginning->len;
	rest = behind_tag(beginning, tag);
	return pr_line_may_be(&rest, words);
}

/* Lines of other tags, and "* …", belong to no command or to another. */
static enum pr_reply reply(struct pr_reader *server, const struct pr_line *line)
{
	size_t tag = tag_len(line);
	struct pr_line answer, rest;

	do {
		if (!pr_line_next(server, &answer))
			return PR_REPLY_SHORT;
	} while (answer.len <= tag || memcmp(answer.text, line->text, tag) != 0 ||
		 answer.text[tag] != ' ');
	rest = behind_tag(&answer, tag);
	return pr_line_begins(&rest, "OK") ? PR_REPLY_GOOD : PR_REPLY_BAD;
}

enum pr_look pr_inspect_imap(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	static const struct pr_starttls imap = { PR_SPEAKS_IMAP, greeting, command, begins, reply };

	return pr_starttls_look(&imap, transcript, seen);
}

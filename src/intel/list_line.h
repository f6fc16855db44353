/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The inside of the list parsers: a line at a time, in a reader that lives as long as the list. A format's function
 * gives entries, calls the line a comment, or refuses it. Nothing is allocated on the way.
 */
#pragma once

#include "intel/list.h"

/* Borrowed bytes, not terminated. */
struct pr_list_text {
	const char *bytes;
	size_t len;
};

/* What became of a line. Refused outweighs the others: a line may give entries and be refused for the rest. Taken
 * without an entry: what only organises the file. */
#define PR_LIST_TAKEN	(1u << 0)
#define PR_LIST_COMMENT (1u << 1)
#define PR_LIST_REFUSED (1u << 2)

/* What RPZ carries from line to line: see list_rpz.c. */
struct pr_list_zone {
	char origin[PR_NAME_TEXT_SIZE], apex[PR_NAME_TEXT_SIZE], owner[PR_NAME_TEXT_SIZE];
	bool has_apex;
	bool absolute;	    /* the last owner's name is known to be whole */
	unsigned int whose; /* what the last owner is */
	bool below;	    /* it began with "*." */
	bool open;	    /* within parentheses */
};

struct pr_list_badfilters;

struct pr_list_reader {
	const struct pr_list_ports *ports;
	struct pr_list_counts counts;
	uint32_t line;		  /* the number of the one at hand */
	struct pr_list_text text; /* and what stands in it, without blanks around */
	bool indented;		  /* a blank stood before it */
	unsigned int outcome;
	bool exception, important; /* of the entries that the line gives */
	char domain[PR_NAME_TEXT_SIZE];
	unsigned int n_conditions;		     /* Adblock: how many "!#if" are open */
	const struct pr_list_badfilters *badfilters; /* Adblock; NULL = there are none */
	struct pr_list_zone zone;		     /* RPZ */
};

/* The formats: each gets the line without blanks around, which is not empty. */
void pr_list_line_hosts(struct pr_list_reader *reader, struct pr_list_text line);
void pr_list_line_domains(struct pr_list_reader *reader, struct pr_list_text line);
void pr_list_line_wildcards(struct pr_list_reader *reader, struct pr_list_text line);
void pr_list_line_adblock(struct pr_list_reader *reader, struct pr_list_text line);
void pr_list_line_rpz(struct pr_list_reader *reader, struct pr_list_text line);
void pr_list_line_dnsmasq(struct pr_list_reader *reader, struct pr_list_text line);
void pr_list_line_unbound(struct pr_list_reader *reader, struct pr_list_text line);
void pr_list_line_addresses(struct pr_list_reader *reader, struct pr_list_text line);
void pr_list_line_asns(struct pr_list_reader *reader, struct pr_list_text line);
void pr_list_line_countries(struct pr_list_reader *reader, struct pr_list_text line);

/* Reads one line with a format's function and counts what became of it. */
void pr_list_read_line(struct pr_list_reader *reader, enum pr_list_format format,
		       struct pr_list_text line);
/* The format that takes most of a sample of the lines; PR_LIST_AUTO where none takes any. */
enum pr_list_format pr_list_guess(struct pr_list_text list);
/* No other format has a line like this. */
bool pr_list_is_adblock(struct pr_list_text line);
/* The next line of `rest`, without its end; moves `rest` behind it. False at the end. */
bool pr_list_next_line(struct pr_list_text *rest, struct pr_list_text *ret_line);

/* The line says nothing. */
void pr_list_comment(struct pr_list_reader *reader);
/* A sentence, once a line: the first counts. */
void pr_list_refuse(struct pr_list_reader *reader, const char *format, ...) PR_PRINTF(2, 3);

/* Entries. The name is made canonical; one that is none refuses the line (false). */
bool pr_list_give_name(struct pr_list_reader *reader, enum pr_list_entry_kind kind,
		       struct pr_list_text name);
/* The same, but an address in place of the name becomes an entry of its own. */
bool pr_list_give_name_or_address(struct pr_list_reader *reader, enum pr_list_entry_kind kind,
				  struct pr_list_text name);
void pr_list_give_prefix(struct pr_list_reader *reader, const struct pr_prefix *prefix);
void pr_list_give_asn(struct pr_list_reader *reader, uint32_t asn);
void pr_list_give_country(struct pr_list_reader *reader, const char country[2]);

/* Does a comment begin with this text? "#", "!", ";", "//". */
bool pr_list_is_comment(struct pr_list_text text);
/* The next word of `rest`, which ends before a blank, ";" or a comment's "#"; moves `rest` behind it. False where there
 * is none, or a comment follows. */
bool pr_list_next_word(struct pr_list_text *rest, struct pr_list_text *ret_word);
struct pr_list_text pr_list_trim(struct pr_list_text text);
/* Without the first `n` bytes. */
static inline struct pr_list_text pr_list_skip(struct pr_list_text text, size_t n)
{
	return (struct pr_list_text){ text.bytes + n, text.len - n };
}
bool pr_list_text_is(struct pr_list_text text, const char *word); /* in any case */
bool pr_list_text_is_one_of(struct pr_list_text text, const char *const *words, size_t n);
bool pr_list_starts(struct pr_list_text text, const char *head);
/* The value of a key in a line that is one JSON object of plain values: text without its quotes, or a number. */
bool pr_list_json(struct pr_list_text line, const char *key, struct pr_list_text *ret_value);
/* The object that says of such a list when and under which licence it was made: then the line is taken. */
bool pr_list_metadata(struct pr_list_reader *reader, struct pr_list_text line);
bool pr_list_number(struct pr_list_text text, uint32_t max, uint32_t *ret_number);
/* As pr_address_parse(), pr_prefix_parse(). */
bool pr_list_address(struct pr_list_text text, struct pr_address *ret_address);
bool pr_list_prefix(struct pr_list_text text, struct pr_prefix *ret_prefix);
/* 0.0.0.0/8, 127.0.0.0/8, ::, ::1. */
bool pr_list_leads_nowhere(const struct pr_address *address);

/*
 * The canonical form of a name as lists write it: any case, a final dot, U-labels. Letters, digits, '-' and '_' only;
 * the last label is not all digits. 0; -EINVAL with the reason, a sentence, in `ret_why`. `ret_name` is scratch until
 * then.
 */
#define PR_LIST_WHY_SIZE 192
PR_MUST_USE int pr_list_name(struct pr_list_text text, char ret_name[PR_NAME_TEXT_SIZE],
			     char ret_why[PR_LIST_WHY_SIZE]);

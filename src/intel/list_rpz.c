/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A response policy zone as text (draft-vixie-dnsop-dns-rpz-00; master files: RFC 1035, 5). The owner of a record,
 * without the zone's own name, is the trigger; its data is the action:
 *
 *   CNAME .  CNAME *.  CNAME rpz-drop.       denied
 *   A, AAAA, other data, other CNAMEs        denied: the answer would have been replaced
 *   CNAME rpz-passthru.                      an exception; so is a CNAME to the trigger itself, the older form
 *   CNAME rpz-tcp-only.                      refused: it denies nothing
 *
 * "*.name" is what is below the name; lists carry both. The zone's name comes from the SOA's owner or from the first
 * $ORIGIN; where neither tells it, owners are taken as they stand. Records are read line by line: of one that goes on
 * within parentheses (an SOA) the first line speaks.
 */
#include "intel/list_rpz.h"

#include <string.h>

enum whose {
	NOBODY,	 /* no record so far */
	TRIGGER, /* zone.owner is one */
	APEX,	 /* the zone itself */
	OUTSIDE, /* not in the zone, or no name: refused with its line */
};

/* Types of records that organise the zone, wherever they stand. */
static const char *const organising[] = { "SOA",   "NS",	 "RRSIG",  "DNSKEY", "NSEC",
					  "NSEC3", "NSEC3PARAM", "ZONEMD", "CDS",    "CDNSKEY" };
static const char *const others[] = { "TXT", "MX",    "PTR",   "SRV",  "HINFO",
				      "CAA", "NAPTR", "HTTPS", "SVCB", "SPF",
				      "LOC", "SSHFP", "TLSA",  "RP",   "URI" };

/* Cuts a comment off, outside of quotes, and follows parentheses. */
static struct pr_list_text without_comment(struct pr_list_zone *zone, struct pr_list_text line)
{
	bool quoted = false;

	for (size_t i = 0; i < line.len; i++) {
		char c = line.bytes[i];

		if (c == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		if (c == ';') {
			line.len = i;
			break;
		}
		if (c == '(' || c == ')')
			zone->open = c == '(';
	}
	return pr_list_trim(line);
}

static bool next_word(struct pr_list_text *rest, struct pr_list_text *ret_word)
{
	size_t n = 0;

	while (rest->len && strchr(" \t()", rest->bytes[0]) && rest->bytes[0])
		*rest = pr_list_skip(*rest, 1);
	while (n < rest->len && rest->bytes[n] != ' ' && rest->bytes[n] != '\t' &&
	       rest->bytes[n] != '(' && rest->bytes[n] != ')')
		n++;
	*ret_word = (struct pr_list_text){ rest->bytes, n };
	*rest = pr_list_skip(*rest, n);
	return n;
}

/* Makes a name as it stands in the file absolute, where the origin is known. */
static bool absolute(struct pr_list_reader *reader, struct pr_list_text text,
		     char ret_name[PR_NAME_TEXT_SIZE])
{
	const struct pr_list_zone *zone = &reader->zone;
	char why[PR_LIST_WHY_SIZE];
	size_t len;

	if (pr_list_text_is(text, "@")) {
		memcpy(ret_name, zone->origin, sizeof(zone->origin));
		return true;
	}
	if (pr_list_name(text, ret_name, why) < 0) {
		pr_list_refuse(reader, "%s", why);
		return false;
	}
	if (text.bytes[text.len - 1] == '.' || !zone->origin[0])
		return true;
	len = strlen(ret_name);
	if (len + 1 + strlen(zone->origin) > PR_NAME_MAX) {
		pr_list_refuse(reader, "with the zone's name this is longer than 253 characters");
		return false;
	}
	ret_name[len] = '.';
	memcpy(ret_name + len + 1, zone->origin, strlen(zone->origin) + 1);
	return true;
}

/* Whose record it is: the owner without the zone's name. False where it was refused. */
static bool read_owner(struct pr_list_reader *reader, struct pr_list_text text)
{
	struct pr_list_zone *zone = &reader->zone;
	bool at = pr_list_text_is(text, "@");
	size_t len;

	zone->whose = OUTSIDE;
	zone->below = pr_list_starts(text, "*.");
	if (zone->below)
		text = pr_list_skip(text, 2);
	if (!absolute(reader, text, zone->owner))
		return false;
	zone->absolute = zone->origin[0] || text.bytes[text.len - 1] == '.';
	len = strlen(zone->owner);
	if (at && !zone->has_apex) {
		zone->whose = APEX;
	} else if (!zone->has_apex) {
		zone->whose = TRIGGER;
	} else if (strcmp(zone->owner, zone->apex) == 0) {
		zone->whose = zone->below ? OUTSIDE : APEX;
	} else if (pr_name_within(zone->owner, zone->apex)) {
		if (zone->apex[0])
			zone->owner[len - strlen(zone->apex) - 1] = '\0';
		zone->whose = TRIGGER;
	}
	return true;
}

/* "300", "1h30m", "IN" in front of the type. */
static bool is_ttl_or_class(struct pr_list_text word)
{
	static const char *const classes[] = { "IN", "CH", "HS" };

	if (word.bytes[0] < '0' || word.bytes[0] > '9')
		return pr_list_text_is_one_of(word, classes, PR_ARRAY_SIZE(classes));
	for (size_t i = 0; i < word.len; i++)
		if (!memchr("0123456789sSmMhHdDwW", word.bytes[i], 20))
			return false;
	return true;
}

static void give_trigger(struct pr_list_reader *reader)
{
	const struct pr_list_zone *zone = &reader->zone;
	const char *dot = strrchr(zone->owner, '.'), *last = dot ? dot + 1 : zone->owner;
	struct pr_list_text name = { zone->owner, strlen(zone->owner) };
	struct pr_prefix prefix;

	if (strncmp(last, "rpz-", 4) != 0) {
		(void)pr_list_give_name(reader, zone->below ? PR_LIST_BELOW : PR_LIST_NAME, name);
		return;
	}
	if (strcmp(last, "rpz-ip") != 0) {
		pr_list_refuse(reader, "the trigger %s asks for what is not known here",
			       strlen(last) <= 20 ? last : "rpz-");
		return;
	}
	name.len -= strlen(".rpz-ip");
	if (!dot || zone->below || !pr_list_trigger_prefix(name, &prefix))
		pr_list_refuse(reader, "no prefix stands before rpz-ip");
	else
		pr_list_give_prefix(reader, &prefix);
}

/* The action of a CNAME. False where it was refused. */
static bool read_target(struct pr_list_reader *reader, struct pr_list_text target)
{
	const char *owner = reader->zone.owner;
	char name[PR_NAME_TEXT_SIZE];

	if (pr_list_text_is(target, ".") || pr_list_text_is(target, "*.") ||
	    pr_list_text_is(target, "rpz-drop."))
		return true;
	if (pr_list_text_is(target, "rpz-tcp-only.")) {
		pr_list_refuse(reader, "rpz-tcp-only makes clients ask again; it denies nothing");
		return false;
	}
	if (pr_list_text_is(target, "rpz-passthru.")) {
		reader->exception = true;
		return true;
	}
	if (target.len > 4 && strncasecmp(target.bytes, "rpz-", 4) == 0) {
		pr_list_refuse(reader, "this action is not known; all end in a dot");
		return false;
	}
	if (pr_list_starts(target, "*."))
		target = pr_list_skip(target, 2); /* a garden with the name in front */
	if (!absolute(reader, target, name))
		return false;
	reader->exception = strcmp(name, owner) == 0;
	return true;
}

/* The zone's own name, where nothing said it before. */
static void take_apex(struct pr_list_zone *zone, const char *name)
{
	memcpy(zone->apex, name, strlen(name) + 1);
	zone->has_apex = true;
	if (!zone->origin[0])
		memcpy(zone->origin, name, strlen(name) + 1);
}

static void read_data(struct pr_list_reader *reader, struct pr_list_text type,
		      struct pr_list_text rest)
{
	struct pr_list_zone *zone = &reader->zone;
	struct pr_list_text data;

	if (pr_list_text_is(type, "SOA") && zone->whose == TRIGGER && !zone->has_apex) {
		if (zone->absolute)
			take_apex(zone, zone->owner);
		zone->whose = APEX;
	}
	if (zone->whose == NOBODY) {
		pr_list_refuse(reader, "the first record has no owner");
	} else if (zone->whose == OUTSIDE) {
		pr_list_refuse(reader, "the name is not within the zone");
	} else if (zone->whose == APEX ||
		   pr_list_text_is_one_of(type, organising, PR_ARRAY_SIZE(organising))) {
		reader->outcome |= PR_LIST_TAKEN;
	} else if (!next_word(&rest, &data)) {
		pr_list_refuse(reader, "the record has no data on its line");
	} else if (pr_list_text_is(type, "CNAME")) {
		if (read_target(reader, data))
			give_trigger(reader);
	} else if (pr_list_text_is(type, "A") || pr_list_text_is(type, "AAAA") ||
		   pr_list_text_is_one_of(type, others, PR_ARRAY_SIZE(others))) {
		give_trigger(reader);
	} else {
		pr_list_refuse(reader, "no type of record that a policy zone holds");
	}
}

static void read_record(struct pr_list_reader *reader, struct pr_list_text rest)
{
	struct pr_list_text word;

	if (!reader->indented && next_word(&rest, &word) && !read_owner(reader, word))
		return;
	while (next_word(&rest, &word))
		if (!is_ttl_or_class(word)) {
			read_data(reader, word, rest);
			return;
		}
	pr_list_refuse(reader, "the record has no type");
}

static void read_control(struct pr_list_reader *reader, struct pr_list_text rest)
{
	struct pr_list_zone *zone = &reader->zone;
	char origin[PR_NAME_TEXT_SIZE] = "";
	struct pr_list_text control, word;

	(void)next_word(&rest, &control);
	if (pr_list_text_is(control, "$TTL")) {
		reader->outcome |= PR_LIST_TAKEN;
	} else if (!pr_list_text_is(control, "$ORIGIN")) {
		pr_list_refuse(reader,
			       "of what begins with $ only $TTL and $ORIGIN are understood");
	} else if (!next_word(&rest, &word)) {
		pr_list_refuse(reader, "$ORIGIN has no name");
	} else if (pr_list_text_is(word, ".") || absolute(reader, word, origin)) {
		memcpy(zone->origin, origin, sizeof(origin));
		if (!zone->has_apex && origin[0])
			take_apex(zone, origin);
		reader->outcome |= PR_LIST_TAKEN;
	}
}

void pr_list_line_rpz(struct pr_list_reader *reader, struct pr_list_text line)
{
	bool open = reader->zone.open;
	struct pr_list_text text = without_comment(&reader->zone, line);

	if (!text.len || pr_list_starts(text, "#") || pr_list_starts(text, "//"))
		pr_list_comment(reader);
	else if (open)
		reader->outcome |= PR_LIST_TAKEN; /* goes on from the line before */
	else if (text.bytes[0] == '$')
		read_control(reader, text);
	else
		read_record(reader, text);
}

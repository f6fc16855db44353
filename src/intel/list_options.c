/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Options of Adblock rules: Adblock Plus', uBlock Origin's, AdGuard's and those of AdGuard's DNS filters. The firewall
 * denies a domain to an application; it sees no page, no path and no type of request. So a rule is understood where it
 * means the whole domain: with no option, for third parties (a page's own site apart, everybody), for the document
 * itself, for pop-ups (which such a domain lives of). An option that narrows the rule to less refuses it, as denying the
 * domain would go further than the list says; an exception that is narrower would take out too much. One row an option.
 */
#include "intel/list_adblock.h"

#include <string.h>

enum meaning {
	NOTHING, /* says nothing about a domain */
	IMPORTANT,
	BADFILTER,
	THIRD_PARTY, /* the whole domain; negated, the site itself only */
	FIRST_PARTY, /* the other way round */
	WHOLE,	     /* the document: without it there is nothing; outweighs narrow types */
	POP_UP,	     /* whole for a denial, narrow for an exception */
	TYPE,	     /* some types of request */
	OTHER,	     /* `why` says it */
};

#define PAGES	   "limits the rule to some pages or names"
#define LOOKS	   "changes how a page looks or what it holds; it denies no name"
#define SUBSTITUTE "puts something in the place of what is asked for"
#define CLIENTS	   "limits the rule to some clients"
#define BY_ANSWER  "decides by an answer's type or address"
#define PAGE_WIDE  "switches off filters on a page; it concerns no name"

static const struct option {
	const char *name;
	enum meaning meaning;
	const char *why; /* goes on from: the option "…" */
} options_known[] = {
	{ "third-party", THIRD_PARTY, NULL },
	{ "popup", POP_UP, NULL },
	{ "doc", WHOLE, NULL },
	{ "document", WHOLE, NULL },
	{ "all", WHOLE, NULL },
	{ "3p", THIRD_PARTY, NULL },
	{ "important", IMPORTANT, NULL },
	{ "badfilter", BADFILTER, NULL },
	{ "domain", OTHER, PAGES },
	{ "script", TYPE, NULL },
	{ "image", TYPE, NULL },
	{ "xmlhttprequest", TYPE, NULL },
	{ "xhr", TYPE, NULL },
	{ "subdocument", TYPE, NULL },
	{ "frame", TYPE, NULL },
	{ "stylesheet", TYPE, NULL },
	{ "css", TYPE, NULL },
	{ "media", TYPE, NULL },
	{ "font", TYPE, NULL },
	{ "object", TYPE, NULL },
	{ "object-subrequest", TYPE, NULL },
	{ "ping", TYPE, NULL },
	{ "beacon", TYPE, NULL },
	{ "websocket", TYPE, NULL },
	{ "webrtc", TYPE, NULL },
	{ "other", TYPE, NULL },
	{ "csp_report", TYPE, NULL },
	{ "webbundle", TYPE, NULL },
	{ "1p", FIRST_PARTY, NULL },
	{ "first-party", FIRST_PARTY, NULL },
	{ "strict3p", THIRD_PARTY, NULL },
	{ "strict1p", FIRST_PARTY, NULL },
	{ "strict-third-party", THIRD_PARTY, NULL },
	{ "strict-first-party", FIRST_PARTY, NULL },
	{ "popunder", POP_UP, NULL },
	{ "match-case", NOTHING, NULL },
	{ "reason", NOTHING, NULL },
	{ "from", OTHER, PAGES },
	{ "to", OTHER, PAGES },
	{ "denyallow", OTHER, PAGES },
	{ "sitekey", OTHER, PAGES },
	{ "method", OTHER, "limits the rule to some methods of HTTP" },
	{ "header", OTHER, "decides by a header of HTTP" },
	{ "responseheader", OTHER, "decides by a header of HTTP" },
	{ "redirect", OTHER, SUBSTITUTE },
	{ "redirect-rule", OTHER, SUBSTITUTE },
	{ "rewrite", OTHER, SUBSTITUTE },
	{ "empty", OTHER, SUBSTITUTE },
	{ "mp4", OTHER, SUBSTITUTE },
	{ "replace", OTHER, LOOKS },
	{ "removeparam", OTHER, LOOKS },
	{ "queryprune", OTHER, LOOKS },
	{ "removeheader", OTHER, LOOKS },
	{ "csp", OTHER, LOOKS },
	{ "permissions", OTHER, LOOKS },
	{ "inline-script", OTHER, LOOKS },
	{ "inline-font", OTHER, LOOKS },
	{ "urlskip", OTHER, LOOKS },
	{ "uritransform", OTHER, LOOKS },
	{ "urltransform", OTHER, LOOKS },
	{ "hls", OTHER, LOOKS },
	{ "jsonprune", OTHER, LOOKS },
	{ "xmlprune", OTHER, LOOKS },
	{ "cookie", OTHER, LOOKS },
	{ "referrerpolicy", OTHER, LOOKS },
	{ "generichide", OTHER, PAGE_WIDE },
	{ "ghide", OTHER, PAGE_WIDE },
	{ "specifichide", OTHER, PAGE_WIDE },
	{ "shide", OTHER, PAGE_WIDE },
	{ "elemhide", OTHER, PAGE_WIDE },
	{ "ehide", OTHER, PAGE_WIDE },
	{ "genericblock", OTHER, PAGE_WIDE },
	{ "urlblock", OTHER, PAGE_WIDE },
	{ "content", OTHER, PAGE_WIDE },
	{ "jsinject", OTHER, PAGE_WIDE },
	{ "extension", OTHER, PAGE_WIDE },
	{ "stealth", OTHER, PAGE_WIDE },
	{ "cname", OTHER, "takes out names that are reached by an alias only" },
	{ "ipaddress", OTHER, BY_ANSWER },
	{ "dnstype", OTHER, BY_ANSWER },
	{ "dnsrewrite", OTHER, "gives another answer" },
	{ "client", OTHER, CLIENTS },
	{ "ctag", OTHER, CLIENTS },
	{ "app", OTHER, CLIENTS },
	{ "network", OTHER, "is of a kind of rule that was given up" },
};

/* What the options say together. */
struct sum {
	const struct option *narrow; /* a type that the rule is limited to */
	bool whole;
};

static const struct option *find(struct pr_list_text name)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(options_known); i++)
		if (pr_list_text_is(name, options_known[i].name))
			return &options_known[i];
	return NULL;
}

/* "_", "___": there to separate others. */
static bool is_filler(struct pr_list_text name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.bytes[i] != '_')
			return false;
	return name.len;
}

/* A name that may be printed. */
static bool is_word(struct pr_list_text name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.bytes[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
		    c != '-' && c != '_')
			return false;
	}
	return name.len && name.len <= 32;
}

static bool refuse(struct pr_list_reader *reader, const struct option *option, bool negated,
		   const char *why)
{
	pr_list_refuse(reader, "the option \"%s%s\" %s", negated ? "~" : "", option->name, why);
	return false;
}

/* One option that is known. */
static bool apply(struct pr_list_reader *reader, const struct option *option, bool negated,
		  struct pr_list_options *options, struct sum *sum)
{
	switch (option->meaning) {
	case NOTHING:
		return true;
	case IMPORTANT:
		options->important = true;
		break;
	case BADFILTER:
		options->badfilter = true;
		break;
	case THIRD_PARTY:
	case FIRST_PARTY:
		if (negated == (option->meaning == THIRD_PARTY))
			return refuse(reader, option, negated,
				      "limits the rule to the site's own pages");
		return true;
	case WHOLE:
		sum->whole = sum->whole || !negated;
		return true;
	case POP_UP:
		if (reader->exception && !negated)
			sum->narrow = option;
		return true;
	case TYPE:
		if (negated)
			return refuse(reader, option, true,
				      "takes some types of request out of the rule");
		sum->narrow = option;
		return true;
	case OTHER:
		return refuse(reader, option, negated, option->why);
	}
	return !negated || refuse(reader, option, true, "can't be negated");
}

static bool read_option(struct pr_list_reader *reader, struct pr_list_text option,
			struct pr_list_options *options, struct sum *sum)
{
	const char *equals = memchr(option.bytes, '=', option.len);
	const struct option *known;
	bool negated;

	if (equals)
		option.len = (size_t)(equals - option.bytes);
	option = pr_list_trim(option);
	negated = pr_list_starts(option, "~");
	if (negated)
		option = pr_list_skip(option, 1);
	if (is_filler(option))
		return true;
	known = find(option);
	if (known)
		return apply(reader, known, negated, options, sum);
	if (is_word(option))
		pr_list_refuse(reader, "the option \"%.*s\" is not known", (int)option.len,
			       option.bytes);
	else
		pr_list_refuse(reader, "an option is no word");
	return false;
}

bool pr_list_read_options(struct pr_list_reader *reader, struct pr_list_text options,
			  struct pr_list_options *ret_options)
{
	struct pr_list_options result = { 0 };
	struct sum sum = { 0 };
	const char *comma;

	do {
		struct pr_list_text option = options;

		comma = memchr(options.bytes, ',', options.len);
		if (comma) {
			option.len = (size_t)(comma - options.bytes);
			options = pr_list_skip(options, option.len + 1);
		}
		if (!read_option(reader, option, &result, &sum))
			return false;
	} while (comma);
	if (sum.narrow && !sum.whole)
		return refuse(reader, sum.narrow, false,
			      "limits the rule to some types of request");
	*ret_options = result;
	return true;
}

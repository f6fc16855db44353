/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which format is it? A sample of the lines, the first ones and some from all over, is given to every format's parser;
 * the one that takes most has it. A format whose lines could be any text counts only those that are typical of it: an
 * error page in place of a list ("404 page not found", "No such file") must not become an AS or a country.
 */
#include "intel/list_line.h"

#include <string.h>

#define N_FIRST	   256u
#define N_ALL_OVER 256u

/* Where two take the same number of lines, the earlier has it. */
static const enum pr_list_format order[] = {
	PR_LIST_ASNS,	 PR_LIST_COUNTRIES, PR_LIST_HOSTS,   PR_LIST_RPZ,	PR_LIST_DNSMASQ,
	PR_LIST_UNBOUND, PR_LIST_ADDRESSES, PR_LIST_DOMAINS, PR_LIST_WILDCARDS, PR_LIST_ADBLOCK,
};

struct sample {
	struct pr_list_text lines[N_FIRST + N_ALL_OVER];
	unsigned int n;
};

static void take(struct sample *sample, struct pr_list_text line)
{
	line = pr_list_trim(line);
	if (line.len && line.len <= PR_LIST_LINE_MAX && !pr_list_is_comment(line))
		sample->lines[sample->n++] = line;
}

static void take_sample(struct pr_list_text list, struct sample *sample)
{
	struct pr_list_text rest = list, line;

	sample->n = 0;
	while (sample->n < N_FIRST && pr_list_next_line(&rest, &line))
		take(sample, line);
	/* from here on a line each so many bytes, none twice */
	list = rest;
	for (size_t i = 0; i < N_ALL_OVER; i++) {
		size_t at = list.len / N_ALL_OVER * i;

		if (at > list.len - rest.len) {
			rest = pr_list_skip(list, at);
			(void)pr_list_next_line(&rest, &line); /* the rest of one */
		}
		if (!pr_list_next_line(&rest, &line))
			break;
		take(sample, line);
	}
}

static bool is_wildcard(struct pr_list_text line)
{
	return pr_list_starts(line, ".") || pr_list_starts(line, "*.");
}

/* A line counts for a format that took it, unless it could as well be of another. */
static bool counts(enum pr_list_format format, struct pr_list_text line, bool taken)
{
	struct pr_list_text word = { 0 }, rest = line;

	switch (format) {
	case PR_LIST_ADBLOCK:
		return taken || pr_list_is_adblock(line);
	case PR_LIST_WILDCARDS:
		return taken && is_wildcard(line);
	case PR_LIST_DOMAINS:
		return taken && !is_wildcard(line) && memchr(line.bytes, '.', line.len);
	case PR_LIST_ASNS:
	case PR_LIST_COUNTRIES:
		return taken && (pr_list_starts(line, "{") || (pr_list_next_word(&rest, &word) &&
							       !pr_list_next_word(&rest, &word)));
	default:
		return taken;
	}
}

static unsigned int count(enum pr_list_format format, const struct sample *sample)
{
	const struct pr_list_ports ports = { 0 };
	struct pr_list_reader reader = { .ports = &ports };
	unsigned int n = 0;

	for (unsigned int i = 0; i < sample->n; i++) {
		uint64_t before = reader.counts.taken;

		pr_list_read_line(&reader, format, sample->lines[i]);
		n += counts(format, sample->lines[i], reader.counts.taken > before);
	}
	return n;
}

enum pr_list_format pr_list_guess(struct pr_list_text list)
{
	enum pr_list_format best = PR_LIST_AUTO;
	unsigned int n, n_best = 0;
	struct sample sample;

	if (pr_list_starts(list, "[Adblock"))
		return PR_LIST_ADBLOCK;
	take_sample(list, &sample);
	if (!sample.n)
		return PR_LIST_DOMAINS; /* nothing but comments: any will do */
	for (size_t i = 0; i < PR_ARRAY_SIZE(order); i++) {
		n = count(order[i], &sample);
		if (n > n_best) {
			best = order[i];
			n_best = n;
		}
	}
	return best;
}

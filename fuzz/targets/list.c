/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists of every format; the first byte chooses it. Every line is accounted for, once; what is refused lies within the
 * list and has a reason that can be printed; entries are canonical; and whether somebody listens changes nothing.
 */
#include "intel/list.h"

#include "../target.h"

#include <string.h>

struct seen {
	const char *bytes;
	size_t len;
	uint64_t n_entries, n_exceptions, n_refused;
	uint32_t line; /* of the last refusal */
};

static void check_domain(const char *domain)
{
	char again[PR_NAME_TEXT_SIZE];

	pr_assert(domain[0]);
	pr_assert(pr_name_canonical(domain, again) == 0 && strcmp(domain, again) == 0);
	pr_assert(strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(domain));
}

static void check_prefix(const struct pr_prefix *prefix)
{
	struct pr_address masked = pr_address_mask(&prefix->address, prefix->len);

	pr_assert(prefix->address.family == 4 || prefix->address.family == 6);
	pr_assert(prefix->len >= 1 && prefix->len <= (prefix->address.family == 4 ? 32 : 128));
	pr_assert(pr_address_equal(&masked, &prefix->address));
}

static void take_entry(void *context, const struct pr_list_entry *entry)
{
	struct seen *seen = context;

	seen->n_entries++;
	seen->n_exceptions += entry->exception;
	pr_assert(entry->line >= seen->line); /* the rest of a line that was refused in part */
	switch (entry->kind) {
	case PR_LIST_NAME:
	case PR_LIST_ZONE:
	case PR_LIST_BELOW:
		check_domain(entry->domain);
		break;
	case PR_LIST_PREFIX:
		check_prefix(&entry->prefix);
		break;
	case PR_LIST_ASN:
		pr_assert(entry->asn);
		break;
	case PR_LIST_COUNTRY:
		pr_assert(strlen(entry->country) == 2);
		pr_assert(strspn(entry->country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2);
		break;
	}
}

static void take_refused(void *context, uint32_t line, const char *text, size_t len,
			 const char *why)
{
	struct seen *seen = context;

	pr_assert(line > seen->line);
	seen->line = line;
	seen->n_refused++;
	pr_assert(len && len <= PR_LIST_LINE_MAX);
	pr_assert(text >= seen->bytes && text + len <= seen->bytes + seen->len);
	pr_assert(!memchr(text, '\n', len));
	pr_assert(why[0]);
	for (; *why; why++)
		pr_assert(*why >= ' ' && *why < 0x7f);
}

static uint64_t count_lines(const char *bytes, size_t len)
{
	uint64_t n = 0;

	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
		bytes += 3;
		len -= 3;
	}
	for (size_t i = 0; i < len; i++)
		n += bytes[i] == '\n';
	return n + (len && bytes[len - 1] != '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct seen seen = { 0 };
	const struct pr_list_ports ports = { &seen, take_entry, take_refused }, deaf = { 0 };
	struct pr_list_counts counts, again;
	enum pr_list_format format;

	if (!len)
		return 0;
	format = (enum pr_list_format)(bytes[0] % PR_LIST_FORMAT_COUNT_);
	seen.bytes = (const char *)bytes + 1;
	seen.len = len - 1;
	if (pr_list_parse(format, seen.bytes, seen.len, &ports, &counts) < 0) {
		pr_assert(format == PR_LIST_AUTO && !seen.n_entries && !seen.n_refused);
		return 0;
	}
	pr_assert(counts.format != PR_LIST_AUTO);
	pr_assert(counts.lines == count_lines(seen.bytes, seen.len));
	pr_assert(counts.lines == counts.taken + counts.comments + counts.refused);
	pr_assert(counts.entries == seen.n_entries && counts.exceptions == seen.n_exceptions);
	pr_assert(counts.refused == seen.n_refused);
	pr_assert(pr_list_parse(counts.format, seen.bytes, seen.len, &deaf, &again) == 0);
	pr_assert(again.entries == counts.entries && again.refused == counts.refused);
	pr_assert(again.taken == counts.taken && again.comments == counts.comments);
	return 0;
}

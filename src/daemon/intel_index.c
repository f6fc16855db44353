/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text: a line "portreeve-intel VERSION", then "key value" a line. `source ID` begins a source; what follows is
 * about it. A fixed table of keys both reads and writes. A key that is not known is an error: the version says which
 * there are.
 */
#include "daemon/intel_index.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEAD "portreeve-intel 1"

enum type { TEXT, NUMBER, DIGEST, FLAG };

struct key {
	const char *name;
	enum type type;
	size_t offset, size; /* within its struct; size of a text */
};

#define OF_FACTS(name, type, member)                                 \
	{                                                            \
		name, type, offsetof(struct pr_intel_facts, member), \
			sizeof(((struct pr_intel_facts *)0)->member) \
	}
#define OF_SET(name, member)                                                            \
	{                                                                               \
		name, NUMBER, offsetof(struct pr_intel_index, member), sizeof(uint64_t) \
	}

static const struct key set_keys[] = {
	OF_SET("set-bytes", set_bytes),
	OF_SET("set-hash", set_hash),
	OF_SET("set-recipe", set_recipe),
	OF_SET("set-built", set_built_s),
};

static const struct key source_keys[] = {
	OF_FACTS("origin", TEXT, origin),
	OF_FACTS("checked", NUMBER, checked_s),
	OF_FACTS("etag", TEXT, etag),
	OF_FACTS("modified", TEXT, modified),
	OF_FACTS("file-inode", NUMBER, file.inode),
	OF_FACTS("file-size", NUMBER, file.size),
	OF_FACTS("file-changed", NUMBER, file.changed_ns),
	OF_FACTS("format", TEXT, format),
	OF_FACTS("kept", FLAG, is_kept),
	OF_FACTS("sha256", DIGEST, kept.sha256),
	OF_FACTS("bytes", NUMBER, kept.bytes),
	OF_FACTS("entries", NUMBER, kept.entries),
	OF_FACTS("exceptions", NUMBER, kept.exceptions),
	OF_FACTS("refused", NUMBER, kept.refused),
	OF_FACTS("updated", NUMBER, kept.updated_s),
	OF_FACTS("in-set", FLAG, in_set),
	OF_FACTS("set-sha256", DIGEST, set_sha256),
	OF_FACTS("held", FLAG, is_held),
	OF_FACTS("held-sha256", DIGEST, held.sha256),
	OF_FACTS("held-bytes", NUMBER, held.bytes),
	OF_FACTS("held-entries", NUMBER, held.entries),
	OF_FACTS("held-exceptions", NUMBER, held.exceptions),
	OF_FACTS("held-refused", NUMBER, held.refused),
	OF_FACTS("held-updated", NUMBER, held.updated_s),
	OF_FACTS("held-etag", TEXT, held_etag),
	OF_FACTS("held-modified", TEXT, held_modified),
};

bool pr_intel_is_id(const char *id)
{
	if (!*id || *id == '.' || strlen(id) > PR_LIST_ID_MAX)
		return false;
	for (; *id; id++)
		if (!pr_list_id_character(*id))
			return false;
	return true;
}

void pr_intel_index_done(struct pr_intel_index *index)
{
	free(index->facts);
	*index = (struct pr_intel_index){ 0 };
}

struct pr_intel_facts *pr_intel_index_find(const struct pr_intel_index *index, const char *id)
{
	for (size_t i = 0; i < index->n; i++)
		if (strcmp(index->facts[i].id, id) == 0)
			return &index->facts[i];
	return NULL;
}

struct pr_intel_facts *pr_intel_index_get(struct pr_intel_index *index, const char *id)
{
	struct pr_intel_facts *facts = pr_intel_index_find(index, id);

	if (facts || index->n == PR_INTEL_SOURCES_MAX)
		return facts;
	if (index->n == index->n_allocated) {
		index->n_allocated = index->n ? index->n * 2 : 8;
		index->facts = pr_realloc(index->facts, index->n_allocated, sizeof(*index->facts));
	}
	facts = &index->facts[index->n++];
	*facts = (struct pr_intel_facts){ 0 };
	snprintf(facts->id, sizeof(facts->id), "%s", id);
	return facts;
}

/* ---- digests ---- */

const char *pr_intel_digest_text(const uint8_t digest[PR_INTEL_DIGEST_BYTES],
				 char text[PR_INTEL_DIGEST_TEXT_SIZE])
{
	for (unsigned int i = 0; i < PR_INTEL_DIGEST_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return text;
}

bool pr_intel_digest_read(const char *text, uint8_t ret_digest[PR_INTEL_DIGEST_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[PR_INTEL_DIGEST_BYTES];

	if (strlen(text) != 2 * PR_INTEL_DIGEST_BYTES)
		return false;
	for (unsigned int i = 0; i < PR_INTEL_DIGEST_BYTES; i++) {
		const char *high = strchr(digits, text[2 * i]);
		const char *low = strchr(digits, text[2 * i + 1]);

		if (!high || !low)
			return false;
		digest[i] = (uint8_t)((high - digits) << 4 | (low - digits));
	}
	memcpy(ret_digest, digest, sizeof(digest));
	return true;
}

/* ---- reading ---- */

static bool read_number(const char *text, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned int digit = (unsigned int)(*text - '0');

		if (digit > 9 || number > (UINT64_MAX - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return true;
}

static bool read_text(const char *text, char *ret_text, size_t size)
{
	size_t len = strlen(text);

	if (len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	memcpy(ret_text, text, len + 1);
	return true;
}

static bool read_value(const struct key *key, void *object, const char *value)
{
	void *member = (char *)object + key->offset;

	switch (key->type) {
	case TEXT:
		return read_text(value, member, key->size);
	case NUMBER:
		return read_number(value, member);
	case DIGEST:
		return pr_intel_digest_read(value, member);
	default:
		*(bool *)member = strcmp(value, "yes") == 0;
		return *(bool *)member;
	}
}

static bool read_pair(const struct key *keys, size_t n_keys, void *object, const char *name,
		      const char *value)
{
	for (size_t i = 0; i < n_keys; i++)
		if (strcmp(keys[i].name, name) == 0)
			return read_value(&keys[i], object, value);
	return false;
}

static bool read_line(struct pr_intel_index *index, char *line, bool *in_source)
{
	char *value = strchr(line, ' ');

	if (!value)
		return false;
	*value++ = '\0';
	if (strcmp(line, "source") == 0) {
		*in_source = true;
		return pr_intel_is_id(value) && !pr_intel_index_find(index, value) &&
		       pr_intel_index_get(index, value);
	}
	if (!*in_source)
		return read_pair(set_keys, PR_ARRAY_SIZE(set_keys), index, line, value);
	return read_pair(source_keys, PR_ARRAY_SIZE(source_keys), &index->facts[index->n - 1], line,
			 value);
}

int pr_intel_index_read(const char *text, size_t len, struct pr_intel_index *ret_index)
{
	PR_CLEANUP(pr_cleanup_free) char *copy = NULL;
	struct pr_intel_index index = { 0 };
	bool in_source = false, fine;
	char *next;

	if (len > PR_INTEL_INDEX_MAX || memchr(text, '\0', len))
		return -EBADMSG;
	copy = pr_strndup(text, len);
	next = copy;
	fine = strcmp(strsep(&next, "\n"), HEAD) == 0 && next;
	while (fine && *next) {
		char *line = strsep(&next, "\n");

		/* A text that was cut short ends in the middle of a line. */
		fine = next && read_line(&index, line, &in_source);
	}
	if (!fine) {
		pr_intel_index_done(&index);
		return -EBADMSG;
	}
	*ret_index = index;
	return 0;
}

/* ---- writing ---- */

static void write_value(FILE *out, const struct key *key, const void *object)
{
	const void *member = (const char *)object + key->offset;
	char digest[PR_INTEL_DIGEST_TEXT_SIZE];

	if (key->type == TEXT && *(const char *)member)
		fprintf(out, "%s %s\n", key->name, (const char *)member);
	else if (key->type == NUMBER && *(const uint64_t *)member)
		fprintf(out, "%s %" PRIu64 "\n", key->name, *(const uint64_t *)member);
	else if (key->type == DIGEST)
		fprintf(out, "%s %s\n", key->name, pr_intel_digest_text(member, digest));
	else if (key->type == FLAG && *(const bool *)member)
		fprintf(out, "%s yes\n", key->name);
}

char *pr_intel_index_write(const struct pr_intel_index *index)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	pr_assert(out);
	fputs(HEAD "\n", out);
	for (size_t k = 0; k < PR_ARRAY_SIZE(set_keys); k++)
		write_value(out, &set_keys[k], index);
	for (size_t i = 0; i < index->n; i++) {
		fprintf(out, "source %s\n", index->facts[i].id);
		for (size_t k = 0; k < PR_ARRAY_SIZE(source_keys); k++)
			write_value(out, &source_keys[k], &index->facts[i]);
	}
	pr_assert(fclose(out) == 0);
	return text;
}

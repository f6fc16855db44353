/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What inspection has seen of a link, in a few words for its line. --json has it whole. */
#include "cli/cli.h"

#include <string.h>

struct words {
	char *text;
	size_t size, used;
};

static void add(struct words *words, const char *separator, const char *text)
{
	size_t left = words->size - words->used;
	int len = snprintf(words->text + words->used, left, "%s%s", words->used ? separator : "",
			   text);

	words->used += (size_t)len < left ? (size_t)len : left - 1;
}

static bool is_so(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static void add_encryption(struct words *words, const char *encrypted, bool speaks)
{
	if (!encrypted || strcmp(encrypted, "unknown") == 0) {
		if (speaks)
			add(words, ", ", "encrypted or not is unknown");
		return;
	}
	add(words, ", ", strcmp(encrypted, "yes") == 0 ? "encrypted" : "not encrypted");
}

/* The name is told where the entity does not show it already. */
static void add_name(struct words *words, const json_t *event, const json_t *seen)
{
	const char *name = json_string_value(json_array_get(json_object_get(seen, "names"), 0));
	const char *domain = pr_cli_text(event, "entity.domain");
	const char *grade = pr_cli_text(event, "entity.name_grade");

	if (name && (!domain || strcmp(name, domain) != 0)) {
		add(words, ", ", "asks for");
		add(words, " ", name);
	} else if (name && grade && strcmp(grade, "claimed") == 0) {
		add(words, ", ", "a name that it was never given");
	}
}

const char *pr_cli_seen(const json_t *event, char *text, size_t size)
{
	static const struct {
		const char *key, *said;
	} flags[] = { { "upgraded", "upgraded" },
		      { "ech", "the name is the outer one" },
		      { "nameless", "without a name" },
		      { "old", "an old version" },
		      { "contradicts", "contradicts itself" },
		      { "incomplete", "may ask for other names" } };
	const json_t *seen = json_object_get(event, "seen");
	const json_t *certificate = json_object_get(seen, "certificate");
	const char *protocol = pr_cli_text(seen, "protocol"),
		   *version = pr_cli_text(seen, "version");
	bool speaks = protocol && strcmp(protocol, "unknown") != 0;
	struct words words = { text, size, 0 };

	*text = '\0';
	if (speaks)
		add(&words, "", protocol);
	if (speaks && version)
		add(&words, " ", version);
	add_encryption(&words, pr_cli_text(seen, "encrypted"), speaks);
	for (size_t i = 0; i < PR_ARRAY_SIZE(flags); i++)
		if (is_so(seen, flags[i].key))
			add(&words, ", ", flags[i].said);
	add_name(&words, event, seen);
	if (is_so(certificate, "expired"))
		add(&words, ", ", "its certificate has expired");
	if (is_so(certificate, "self_issued"))
		add(&words, ", ", "its certificate is self-issued");
	return text;
}

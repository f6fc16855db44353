/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/seen_json.h"

#include "api/text_json.h"
#include "base/error.h"

#include <string.h>
#include <time.h>

#define TIME_SIZE 40

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text && *text)
		json_object_set_new(object, key, pr_text_json(text));
}

/* A certificate may say any time, of any century. */
static void set_time(json_t *object, const char *key, int64_t time_s)
{
	char text[TIME_SIZE];
	time_t seconds = (time_t)time_s;
	struct tm tm;

	if (gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		set_text(object, key, text);
}

/* Of a text with commas. */
static void set_words(json_t *object, const char *key, const char *words)
{
	json_t *array;

	if (!words || !*words)
		return;
	array = json_array();
	for (;;) {
		size_t len = strcspn(words, ",");
		PR_CLEANUP(pr_cleanup_free)
		char *word = pr_asprintf("%.*s", (int)len, words);

		json_array_append_new(array, pr_text_json(word));
		if (!words[len])
			break;
		words += len + 1;
	}
	json_object_set_new(object, key, array);
}

static void set_flags(json_t *object, unsigned int flags)
{
	static const struct {
		unsigned int flag;
		const char *key;
	} known[] = {
		{ PR_SEEN_ECH, "ech" },
		{ PR_SEEN_UPGRADED, "upgraded" },
		{ PR_SEEN_NAMELESS, "nameless" },
		{ PR_SEEN_OLD, "old" },
		{ PR_SEEN_CONTRADICTS, "contradicts" },
		{ PR_SEEN_LATE, "late" },
		{ PR_SEEN_LIMIT, "limit" },
		{ PR_SEEN_INCOMPLETE, "incomplete" },
	};

	for (size_t i = 0; i < PR_ARRAY_SIZE(known); i++)
		if (flags & known[i].flag)
			json_object_set_new(object, known[i].key, json_true());
}

static void set_certificate(json_t *object, const struct pr_event_seen *seen)
{
	json_t *certificate;

	if (!(seen->flags & PR_SEEN_CERTIFICATE))
		return;
	certificate = json_object();
	set_text(certificate, "name", seen->certificate_name);
	set_text(certificate, "issuer", seen->issuer);
	set_time(certificate, "not_before", seen->not_before_s);
	set_time(certificate, "not_after", seen->not_after_s);
	json_object_set_new(certificate, "self_issued",
			    json_boolean(seen->flags & PR_SEEN_SELF_ISSUED));
	json_object_set_new(certificate, "expired", json_boolean(seen->expired));
	json_object_set_new(object, "certificate", certificate);
}

void pr_seen_set_json(json_t *object, const struct pr_event_seen *seen)
{
	set_text(object, "protocol", pr_speaks_name(seen->speaks));
	set_text(object, "encrypted", pr_encryption_name(seen->encryption));
	set_text(object, "encrypted_why", seen->why);
	set_text(object, "version", seen->version);
	if (seen->n_names) {
		json_t *names = json_array();

		for (unsigned int i = 0; i < seen->n_names; i++)
			if (seen->names[i])
				json_array_append_new(names, pr_text_json(seen->names[i]));
		json_object_set_new(object, "names", names);
	}
	set_words(object, "alpn", seen->alpn);
	set_text(object, "alpn_chosen", seen->alpn_chosen);
	set_text(object, "ja4", seen->ja4);
	set_flags(object, seen->flags);
	set_certificate(object, seen);
}

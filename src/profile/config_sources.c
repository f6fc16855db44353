/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists, and data on addresses, of all layers. */
#include "profile/config_compile.h"

#include "base/url.h"

#include <string.h>

static const struct pr_document *global_of(const struct pr_compile *compile, int layer)
{
	return compile->profiles[PR_PROFILE_GLOBAL].layers[layer];
}

static bool is_called(const struct pr_document_source *source, const char *id)
{
	const char *category = source->texts[PR_SOURCE_CATEGORY];

	return strcmp(source->texts[PR_SOURCE_ID], id) == 0 ||
	       (category && strcmp(category, id) == 0);
}

bool pr_compile_has_list(const struct pr_compile *compile, const char *id)
{
	for (int layer = 0; layer < PR_LAYER_COUNT_; layer++) {
		const struct pr_document *document = global_of(compile, layer);

		for (size_t i = 0; document && i < document->lists.n; i++)
			if (is_called(&document->lists.items[i], id))
				return true;
	}
	return false;
}

bool pr_compile_knows_list(const struct pr_compile *compile, const char *id)
{
	return pr_compile_has_list(compile, id) || pr_compile_knows_provider(compile, id);
}

bool pr_compile_has_geo(const struct pr_compile *compile)
{
	for (int layer = 0; layer < PR_LAYER_COUNT_; layer++)
		if (global_of(compile, layer) && global_of(compile, layer)->geo.n)
			return true;
	return false;
}

static int check_number(struct pr_compile *compile, const struct pr_document *document)
{
	if (pr_policy_builder_count(compile->builder, PR_SECTION_LISTS) <= PR_CONFIG_LISTS_MAX)
		return 0;
	return pr_config_fail(compile->error, document->file, 0, "there are more than %u list ids",
			      PR_CONFIG_LISTS_MAX);
}

static void add_named(struct pr_compile *compile, const struct pr_document *document,
		      enum pr_setting_id id)
{
	const struct pr_document_texts *texts = &document->texts[id];

	for (size_t i = 0; i < texts->n; i++) {
		const struct pr_document_text *item = &texts->items[i];

		pr_policy_builder_list(compile->builder, item->text);
		if (!pr_compile_knows_list(compile, item->text))
			pr_compile_warn(compile, "%s:%u: %s: no list has the id or category \"%s\"",
					document->file->name, item->line, pr_setting(id)->name,
					item->text);
	}
}

static void warn_plain(struct pr_compile *compile, const struct pr_document *document,
		       const struct pr_document_source *source)
{
	const char *url = source->texts[PR_SOURCE_URL];

	if (url && !pr_url_is_encrypted(url))
		pr_compile_warn(
			compile,
			"%s:%u: \"%s\" is fetched without encryption: who is on the way can "
			"change it",
			document->file->name, source->line, source->texts[PR_SOURCE_ID]);
}

/* A path of what is shipped begins where that lies. */
static uint32_t add_path(struct pr_policy_builder *builder, const struct pr_document *document,
			 const char *path)
{
	const char *directory = document->file->directory;
	PR_CLEANUP(pr_cleanup_free) char *whole = NULL;

	if (*path != '/' && directory)
		whole = pr_asprintf("%s/%s", directory, path);
	return pr_policy_builder_string(builder, whole ? whole : path);
}

static void fill(struct pr_policy_builder *builder, const struct pr_document *document,
		 const struct pr_document_source *source, struct pr_blob_source *blob)
{
	uint32_t *const texts[PR_SOURCE_KEY_COUNT_] = {
		[PR_SOURCE_URL] = &blob->url,
		[PR_SOURCE_FORMAT] = &blob->format,
		[PR_SOURCE_CATEGORY] = &blob->category,
	};

	for (int key = 0; key < PR_SOURCE_KEY_COUNT_; key++)
		if (texts[key] && source->texts[key])
			*texts[key] = pr_policy_builder_string(builder, source->texts[key]);
	if (source->texts[PR_SOURCE_FILE])
		blob->file = add_path(builder, document, source->texts[PR_SOURCE_FILE]);
	blob->interval_s = (uint32_t)source->numbers[PR_SOURCE_INTERVAL];
	blob->max_bytes = (uint32_t)source->numbers[PR_SOURCE_MAX_BYTES];
}

static void add_list(struct pr_compile *compile, const struct pr_document *document,
		     const struct pr_document_source *source)
{
	struct pr_policy_builder *builder = compile->builder;
	uint32_t at = pr_policy_builder_list(builder, source->texts[PR_SOURCE_ID]);
	struct pr_blob_source blob =
		*(struct pr_blob_source *)pr_policy_builder_record(builder, PR_SECTION_LISTS, at);

	if (blob.url || blob.file) /* of a stronger layer */
		return;
	fill(builder, document, source, &blob);
	*(struct pr_blob_source *)pr_policy_builder_record(builder, PR_SECTION_LISTS, at) = blob;
	warn_plain(compile, document, source);
}

static int add_geo(struct pr_compile *compile, const struct pr_document *document,
		   const struct pr_document_source *source)
{
	struct pr_policy_builder *builder = compile->builder;
	const char *id = source->texts[PR_SOURCE_ID];
	const char *strings = (const char *)builder->sections[PR_SECTION_STRINGS].bytes;
	struct pr_blob_source blob = { 0 };

	for (int layer = 0; layer < PR_LAYER_COUNT_; layer++) {
		const struct pr_document *other = global_of(compile, layer);

		for (size_t i = 0; other && i < other->lists.n; i++)
			if (strcmp(other->lists.items[i].texts[PR_SOURCE_ID], id) == 0)
				return pr_config_fail(compile->error, document->file, source->line,
						      "\"%.80s\" is a list's id already", id);
	}
	for (uint32_t i = 0; i < pr_policy_builder_count(builder, PR_SECTION_GEO); i++) {
		const struct pr_blob_source *known =
			pr_policy_builder_record(builder, PR_SECTION_GEO, i);

		if (strcmp(strings + known->id, id) == 0) /* of a stronger layer */
			return 0;
	}
	blob.id = pr_policy_builder_string(builder, id);
	fill(builder, document, source, &blob);
	pr_policy_builder_append(builder, PR_SECTION_GEO, &blob, 1);
	warn_plain(compile, document, source);
	return 0;
}

/* The strongest layer first: its group with an id replaces those of the others. */
static int add_layers(struct pr_compile *compile)
{
	int r = 0;

	for (int layer = PR_LAYER_COUNT_ - 1; layer >= 0 && r == 0; layer--) {
		const struct pr_document *document = global_of(compile, layer);

		if (!document)
			continue;
		for (size_t i = 0; i < document->lists.n; i++)
			add_list(compile, document, &document->lists.items[i]);
		for (size_t i = 0; i < document->geo.n && r == 0; i++)
			r = add_geo(compile, document, &document->geo.items[i]);
		if (r == 0)
			r = check_number(compile, document);
	}
	return r;
}

/* Bypass prevention names a list as well. */
static void add_doh(struct pr_compile *compile, const struct pr_document *document)
{
	if (!document->set[PR_SETTING_BYPASS_PREVENTION] ||
	    !(document->numbers[PR_SETTING_BYPASS_PREVENTION] & PR_BYPASS_DOH))
		return;
	pr_policy_builder_list(compile->builder, PR_POLICY_DOH_LIST);
	if (!pr_compile_knows_list(compile, PR_POLICY_DOH_LIST))
		pr_compile_warn(compile, "%s: bypass_prevention: no list has the id \"%s\"",
				document->file->name, PR_POLICY_DOH_LIST);
}

int pr_compile_sources(struct pr_compile *compile)
{
	int r = add_layers(compile);

	for (size_t i = 0; i < compile->n_documents && r == 0; i++) {
		add_doh(compile, compile->documents[i]);
		add_named(compile, compile->documents[i], PR_SETTING_LISTS);
		add_named(compile, compile->documents[i], PR_SETTING_EXCEPTIONS);
		r = check_number(compile, compile->documents[i]);
	}
	return r;
}

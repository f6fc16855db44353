/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Providers of all layers: what the engine has to know of them goes into the policy, the whole of them, with keys, into a
 * text for the resolver alone.
 */
#include "profile/config_compile.h"

#include "base/url.h"

#include <string.h>

static const struct pr_document *global_of(const struct pr_compile *compile, int layer)
{
	return compile->profiles[PR_PROFILE_GLOBAL].layers[layer];
}

/* The one with this id in the strongest layer; NULL = none. `id_len`: of `id` so much. */
static const struct pr_document_provider *find(const struct pr_compile *compile, const char *id,
					       size_t id_len)
{
	for (int layer = PR_LAYER_COUNT_ - 1; layer >= 0; layer--) {
		const struct pr_document *document = global_of(compile, layer);

		for (size_t i = 0; document && i < document->n_providers; i++) {
			const char *own = document->providers[i].texts[PR_PROVIDER_ID];

			if (strlen(own) == id_len && memcmp(own, id, id_len) == 0)
				return &document->providers[i];
		}
	}
	return NULL;
}

bool pr_compile_knows_provider(const struct pr_compile *compile, const char *list)
{
	return find(compile, list, strcspn(list, ".")) != NULL;
}

static const char *text_of(const struct pr_document_provider *document, enum pr_provider_key key)
{
	return document->texts[key] ? document->texts[key] : "";
}

static struct pr_provider provider_of(const struct pr_document_provider *document)
{
	const char *asks = text_of(document, PR_PROVIDER_ASKS);
	struct pr_provider provider = {
		.id = text_of(document, PR_PROVIDER_ID),
		.type = strcmp(text_of(document, PR_PROVIDER_TYPE), "http") == 0 ? PR_PROVIDER_HTTP
										 : PR_PROVIDER_DNS,
		.asks = strcmp(asks, "addresses") == 0 ? PR_PROVIDER_ASKS_ADDRESSES
			: strcmp(asks, "both") == 0
				? PR_PROVIDER_ASKS_DOMAINS | PR_PROVIDER_ASKS_ADDRESSES
				: PR_PROVIDER_ASKS_DOMAINS,
		.deadline_ms = (uint32_t)document->numbers[PR_PROVIDER_DEADLINE],
		.cache_least_s = (uint32_t)document->numbers[PR_PROVIDER_CACHE_LEAST],
		.cache_most_s = (uint32_t)document->numbers[PR_PROVIDER_CACHE_MOST],
		.zone = text_of(document, PR_PROVIDER_ZONE),
		.server = text_of(document, PR_PROVIDER_SERVER),
		.test_points = document->numbers[PR_PROVIDER_TEST_POINTS],
		.url = text_of(document, PR_PROVIDER_URL),
		.header = text_of(document, PR_PROVIDER_HEADER),
		.ca = text_of(document, PR_PROVIDER_CA),
		.n_codes = document->n_codes,
	};

	for (unsigned int i = 0; i < document->n_codes; i++)
		provider.codes[i] = (struct pr_provider_code){ document->codes[i].address,
							       document->codes[i].category };
	return provider;
}

/* A header's name alone: a policy is read by those who have no use for keys. */
static void add(struct pr_compile *compile, const struct pr_provider *provider)
{
	struct pr_policy_builder *builder = compile->builder;
	PR_CLEANUP(pr_cleanup_free)
	char *header = pr_strndup(provider->header, strcspn(provider->header, ":"));
	const struct pr_blob_provider blob = {
		.id = pr_policy_builder_string(builder, provider->id),
		.type = provider->type,
		.asks = provider->asks,
		.deadline_ms = provider->deadline_ms,
		.cache_least_s = provider->cache_least_s,
		.cache_most_s = provider->cache_most_s,
		.zone = pr_policy_builder_string(builder, provider->zone),
		.server = pr_policy_builder_string(builder, provider->server),
		.url = pr_policy_builder_string(builder, provider->url),
		.header = pr_policy_builder_string(builder, header),
	};

	pr_policy_builder_append(builder, PR_SECTION_PROVIDERS, &blob, 1);
	compile->blob.providers = pr_realloc(compile->blob.providers, compile->blob.n_providers + 1,
					     sizeof(*compile->blob.providers));
	compile->blob.providers[compile->blob.n_providers++] = pr_provider_write(provider);
}

/* Some rule or setting has given one of its lists a number. */
static bool is_named(const struct pr_compile *compile, const char *id)
{
	const struct pr_policy_builder *builder = compile->builder;
	const char *strings = (const char *)builder->sections[PR_SECTION_STRINGS].bytes;
	size_t len = strlen(id);

	for (uint32_t i = 0; i < pr_policy_builder_count(builder, PR_SECTION_LISTS); i++) {
		const struct pr_blob_source *list =
			pr_policy_builder_record(compile->builder, PR_SECTION_LISTS, i);
		const char *named = strings + list->id;

		if (strncmp(named, id, len) == 0 && (named[len] == '\0' || named[len] == '.'))
			return true;
	}
	return false;
}

static int check(struct pr_compile *compile, const struct pr_document *document,
		 const struct pr_document_provider *provider)
{
	const char *id = provider->texts[PR_PROVIDER_ID], *url = provider->texts[PR_PROVIDER_URL];

	if (pr_compile_has_list(compile, id))
		return pr_config_fail(compile->error, document->file, provider->line,
				      "\"%.80s\" is a list's id or category already", id);
	if (compile->blob.n_providers == PR_PROVIDERS_MAX)
		return pr_config_fail(compile->error, document->file, provider->line,
				      "there are more than %u providers", PR_PROVIDERS_MAX);
	if (!is_named(compile, id))
		pr_compile_warn(
			compile,
			"%s:%u: no rule or setting names a list of \"%s\": it is never asked",
			document->file->name, provider->line, id);
	if (url && !pr_url_is_encrypted(url))
		pr_compile_warn(
			compile,
			"%s:%u: \"%s\" is asked without encryption: who is on the way learns "
			"where this host goes, and can answer in its place",
			document->file->name, provider->line, id);
	return 0;
}

/* In the order in which they are written, the weakest layer first. */
int pr_compile_providers(struct pr_compile *compile)
{
	for (int layer = 0; layer < PR_LAYER_COUNT_; layer++) {
		const struct pr_document *document = global_of(compile, layer);

		for (size_t i = 0; document && i < document->n_providers; i++) {
			const struct pr_document_provider *one = &document->providers[i];
			const char *id = one->texts[PR_PROVIDER_ID];
			struct pr_provider provider;
			int r;

			if (find(compile, id, strlen(id)) != one)
				continue; /* a stronger layer has its own */
			r = check(compile, document, one);
			if (r < 0)
				return r;
			provider = provider_of(one);
			add(compile, &provider);
		}
	}
	return 0;
}

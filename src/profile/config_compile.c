/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From files to a policy. Each file is read by itself; those with the same profile's name are then one
 * profile with up to three layers. Everything is checked before anything is in force: the first error ends
 * it all.
 */
#include "profile/config_compile.h"

#include <stdarg.h>
#include <string.h>

void pr_policy_blob_done(struct pr_policy_blob *blob)
{
	for (size_t i = 0; i < blob->n_warnings; i++)
		free(blob->warnings[i]);
	free(blob->warnings);
	for (size_t i = 0; i < blob->n_providers; i++)
		free(blob->providers[i]);
	free(blob->providers);
	for (size_t i = 0; i < blob->n_tunnels; i++)
		free(blob->tunnels[i]);
	for (size_t i = 0; i < blob->n_tunnels; i++)
		free(blob->tunnel_places[i]);
	free(blob->tunnels);
	free(blob->tunnel_places);
	free(blob->bytes);
	*blob = (struct pr_policy_blob){ 0 };
}

#define WARNINGS_MAX 100 /* more are left out: the first hundred are work enough */

void pr_compile_warn(struct pr_compile *compile, const char *format, ...)
{
	struct pr_policy_blob *blob = &compile->blob;
	char text[PR_CONFIG_ERROR_SIZE];
	va_list arguments;

	if (blob->n_warnings == WARNINGS_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	blob->warnings = pr_realloc(blob->warnings, blob->n_warnings + 1, sizeof(*blob->warnings));
	blob->warnings[blob->n_warnings++] = pr_strdup(text);
}

static int rank_of(const struct pr_document *document)
{
	const char *name = pr_document_name(document);

	if (!document->profile)
		return PR_PROFILE_GLOBAL;
	return strcmp(name, "unknown") == 0  ? (int)PR_PROFILE_UNKNOWN
	       : strcmp(name, "kernel") == 0 ? (int)PR_PROFILE_KERNEL
					     : (int)PR_PROFILE_KERNEL + 1;
}

/* The profiles that always exist, then by name; the layers of one together. */
static int compare_documents(const void *a, const void *b)
{
	const struct pr_document *x = *(struct pr_document *const *)a;
	const struct pr_document *y = *(struct pr_document *const *)b;
	int r = rank_of(x) - rank_of(y);

	if (!r)
		r = strcmp(pr_document_name(x), pr_document_name(y));
	return r ? r : (int)y->file->layer - (int)x->file->layer;
}

static int read_documents(struct pr_compile *compile)
{
	const struct pr_config_input *input = compile->input;
	int r;

	compile->documents = pr_calloc(input->n_files, sizeof(struct pr_document *));
	for (size_t i = 0; i < input->n_files; i++) {
		r = pr_document_parse(&input->files[i], &compile->documents[compile->n_documents],
				      compile->error);
		if (r < 0)
			return r;
		compile->n_documents++;
	}
	qsort(compile->documents, compile->n_documents, sizeof(struct pr_document *),
	      compare_documents);
	return 0;
}

static struct pr_compile_profile *add_profile(struct pr_compile *compile, const char *name)
{
	struct pr_compile_profile *profile;

	compile->profiles =
		pr_realloc(compile->profiles, compile->n_profiles + 1, sizeof(*compile->profiles));
	profile = &compile->profiles[compile->n_profiles++];
	*profile = (struct pr_compile_profile){ .name = name };
	return profile;
}

static int group_documents(struct pr_compile *compile)
{
	static const char *const always[] = { "global", "unknown", "kernel" };

	for (size_t i = 0; i < PR_ARRAY_SIZE(always); i++)
		add_profile(compile, always[i]);
	for (size_t i = 0; i < compile->n_documents; i++) {
		struct pr_document *document = compile->documents[i], **place;
		size_t number = (size_t)rank_of(document);
		const char *name = pr_document_name(document);

		if (number > PR_PROFILE_KERNEL)
			number = compile->n_profiles - 1;
		if (strcmp(compile->profiles[number].name, name) != 0) {
			if (compile->n_profiles == PR_CONFIG_PROFILES_MAX)
				return pr_config_fail(compile->error, document->file, 0,
						      "there are more than %u profiles",
						      PR_CONFIG_PROFILES_MAX);
			add_profile(compile, name);
			number = compile->n_profiles - 1;
		}
		place = &compile->profiles[number].layers[document->file->layer];
		if (*place)
			return pr_config_fail(compile->error, document->file, 0,
					      "the profile \"%.80s\" stands in %s already", name,
					      (*place)->file->name);
		*place = document;
	}
	return 0;
}

static const struct pr_document *find_setting(const struct pr_compile_profile *profile,
					      enum pr_setting_id id)
{
	for (int layer = PR_LAYER_COUNT_ - 1; layer >= 0; layer--)
		if (profile->layers[layer] && profile->layers[layer]->set[id])
			return profile->layers[layer];
	return NULL;
}

const struct pr_document *pr_compile_setting(const struct pr_compile *compile, uint32_t profile,
					     enum pr_setting_id id)
{
	const struct pr_document *document = find_setting(&compile->profiles[profile], id);

	return document || !(pr_setting(id)->where & PR_IN_GLOBAL)
		       ? document
		       : find_setting(&compile->profiles[PR_PROFILE_GLOBAL], id);
}

static uint32_t number(const struct pr_compile *compile, uint32_t profile, enum pr_setting_id id)
{
	const struct pr_document *document = pr_compile_setting(compile, profile, id);

	return (uint32_t)(document ? document->numbers[id] : pr_setting(id)->default_value);
}

/* The bitset of a setting's list ids; returns its first word. */
static uint32_t add_bitset(struct pr_compile *compile, uint32_t profile, enum pr_setting_id id,
			   uint32_t n_words)
{
	const struct pr_document *document = pr_compile_setting(compile, profile, id);
	uint32_t first =
		pr_policy_builder_append(compile->builder, PR_SECTION_WORDS, NULL, n_words);

	for (size_t i = 0; document && i < document->texts[id].n; i++) {
		uint32_t list =
			pr_policy_builder_list(compile->builder, document->texts[id].items[i].text);
		uint64_t *word = pr_policy_builder_record(compile->builder, PR_SECTION_WORDS,
							  first + list / 64);

		*word |= UINT64_C(1) << list % 64;
	}
	return first;
}

static void add_profile_record(struct pr_compile *compile, uint32_t profile, uint32_t n_words)
{
	const struct pr_document *tunnel = pr_compile_setting(compile, profile, PR_SETTING_TUNNEL);
	struct pr_blob_profile blob = {
		.name = pr_policy_builder_string(compile->builder, compile->profiles[profile].name),
		.tunnel = tunnel ? pr_policy_builder_string(
					   compile->builder,
					   tunnel->texts[PR_SETTING_TUNNEL].items[0].text)
				 : 0,
		.lists = add_bitset(compile, profile, PR_SETTING_LISTS, n_words),
		.exceptions = add_bitset(compile, profile, PR_SETTING_EXCEPTIONS, n_words),
		.default_action = number(compile, profile, PR_SETTING_DEFAULT_ACTION),
		.default_incoming = number(compile, profile, PR_SETTING_DEFAULT_INCOMING),
		.deny_outgoing = number(compile, profile, PR_SETTING_DENY_OUTGOING),
		.deny_incoming = number(compile, profile, PR_SETTING_DENY_INCOMING),
		.on_missing_data = number(compile, profile, PR_SETTING_ON_MISSING_DATA),
		.dns_blocked = number(compile, profile, PR_SETTING_DNS_BLOCKED),
		.scopes = number(compile, profile, PR_SETTING_SCOPES),
		.incoming_scopes = number(compile, profile, PR_SETTING_INCOMING_SCOPES),
		.ask_hold_ms = number(compile, profile, PR_SETTING_ASK_HOLD_MS),
		.ask_question_hold_ms = number(compile, profile, PR_SETTING_ASK_QUESTION_HOLD_MS),
		.ask_timeout_s = number(compile, profile, PR_SETTING_ASK_TIMEOUT_S),
		.ask_again_s = number(compile, profile, PR_SETTING_ASK_AGAIN_S),
		.permanent_verdicts = number(compile, profile, PR_SETTING_PERMANENT_VERDICTS),
		.require_encryption = number(compile, profile, PR_SETTING_REQUIRE_ENCRYPTION),
		.require_tunnel = number(compile, profile, PR_SETTING_REQUIRE_TUNNEL),
		.without_tunnel = number(compile, profile, PR_SETTING_WITHOUT_TUNNEL),
		.own_dns = number(compile, profile, PR_SETTING_OWN_DNS),
		.bypass_prevention = number(compile, profile, PR_SETTING_BYPASS_PREVENTION),
		.generated_domains = number(compile, profile, PR_SETTING_GENERATED_DOMAINS),
		.dns_tunnels = number(compile, profile, PR_SETTING_DNS_TUNNELS),
		.foreign_names = number(compile, profile, PR_SETTING_FOREIGN_NAMES),
		.encryption_scopes = number(compile, profile, PR_SETTING_ENCRYPTION_SCOPES),
		.deny_tls = number(compile, profile, PR_SETTING_DENY_TLS),
		.inspect = number(compile, profile, PR_SETTING_INSPECT),
	};

	pr_policy_builder_append(compile->builder, PR_SECTION_PROFILES, &blob, 1);
}

/* The texts of a global setting. */
static struct pr_blob_span add_texts(struct pr_compile *compile, enum pr_setting_id id)
{
	const struct pr_document *document = pr_compile_setting(compile, PR_PROFILE_GLOBAL, id);
	struct pr_blob_span span = { pr_policy_builder_count(compile->builder, PR_SECTION_NUMBERS),
				     0 };

	for (size_t i = 0; document && i < document->texts[id].n; i++) {
		uint32_t text = pr_policy_builder_string(compile->builder,
							 document->texts[id].items[i].text);

		pr_policy_builder_append(compile->builder, PR_SECTION_NUMBERS, &text, 1);
		span.n++;
	}
	return span;
}

static int compile_all(struct pr_compile *compile)
{
	struct pr_blob_global global = { 0 };
	int r = read_documents(compile);

	if (r == 0)
		r = group_documents(compile);
	if (r == 0)
		r = pr_compile_tunnels(compile);
	if (r == 0)
		r = pr_compile_rules(compile);
	if (r == 0)
		r = pr_compile_sources(compile);
	if (r == 0)
		r = pr_compile_providers(compile);
	if (r < 0)
		return r;
	pr_compile_warn_required_tunnels(compile);
	pr_compile_matches(compile);
	global.n_list_words =
		(pr_policy_builder_count(compile->builder, PR_SECTION_LISTS) + 63) / 64;
	for (uint32_t i = 0; i < compile->n_profiles; i++)
		add_profile_record(compile, i, global.n_list_words);
	global.mark_mask = number(compile, PR_PROFILE_GLOBAL, PR_SETTING_MARK_MASK);
	global.n_workers = number(compile, PR_PROFILE_GLOBAL, PR_SETTING_WORKERS);
	global.failure = number(compile, PR_PROFILE_GLOBAL, PR_SETTING_FAILURE);
	global.start_grace = number(compile, PR_PROFILE_GLOBAL, PR_SETTING_START_GRACE);
	global.next_expiry_s = compile->next_expiry_s;
	global.rebinding_protection =
		number(compile, PR_PROFILE_GLOBAL, PR_SETTING_REBINDING_PROTECTION);
	global.attacks = number(compile, PR_PROFILE_GLOBAL, PR_SETTING_ATTACKS);
	global.block_attackers_s = number(compile, PR_PROFILE_GLOBAL, PR_SETTING_BLOCK_ATTACKERS_S);
	global.upstreams = add_texts(compile, PR_SETTING_UPSTREAMS);
	global.rebinding_exceptions = add_texts(compile, PR_SETTING_REBINDING_EXCEPTIONS);
	pr_compile_pool(compile, &global);
	*(struct pr_blob_global *)pr_policy_builder_record(compile->builder, PR_SECTION_GLOBAL, 0) =
		global;
	r = pr_policy_builder_finish(compile->builder, &compile->blob.bytes, &compile->blob.len);
	return r < 0 ? pr_config_fail(compile->error, NULL, 0, "the policy is too large") : 0;
}

int pr_settings_compile(const struct pr_config_input *input, struct pr_policy_blob *ret_blob,
			struct pr_config_error *ret_error)
{
	struct pr_compile compile = { .input = input,
				      .error = ret_error,
				      .builder = pr_policy_builder_new() };
	int r = compile_all(&compile);

	if (r == 0)
		*ret_blob = compile.blob;
	else
		pr_policy_blob_done(&compile.blob);
	for (size_t i = 0; i < compile.n_documents; i++)
		pr_document_free(compile.documents[i]);
	free(compile.documents);
	free(compile.profiles);
	pr_policy_builder_free(compile.builder);
	return r;
}

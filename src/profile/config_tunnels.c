/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tunnel's upstreams of all layers, in one order: what they name stands before them, so that no walk from one to
 * those that it is made of comes back to it. Their names go into the policy, the whole of them, with accounts, into a
 * text for the tunnel process alone.
 */
#include "profile/config_compile.h"

#include <string.h>

static const struct pr_document *global_of(const struct pr_compile *compile, int layer)
{
	return compile->profiles[PR_PROFILE_GLOBAL].layers[layer];
}

static const struct pr_document_tunnel *find(const struct pr_compile *compile, const char *name)
{
	for (unsigned int i = 0; i < compile->n_tunnels; i++)
		if (strcmp(compile->tunnels[i]->upstream.id, name) == 0)
			return compile->tunnels[i];
	return NULL;
}

bool pr_compile_knows_tunnel(const struct pr_compile *compile, const char *name)
{
	return find(compile, name) != NULL;
}

/* Is there one of this name in a layer above? It replaces the other. */
static bool is_replaced(const struct pr_compile *compile, int layer, const char *name)
{
	for (int above = layer + 1; above < PR_LAYER_COUNT_; above++) {
		const struct pr_document *document = global_of(compile, above);

		for (size_t i = 0; document && i < document->n_tunnels; i++)
			if (strcmp(document->tunnels[i].upstream.id, name) == 0)
				return true;
	}
	return false;
}

/* "a, b"; of those that have their place already. */
static void list_known(const struct pr_compile *compile, char *text, size_t size)
{
	size_t len = 0;

	snprintf(text, size, "none");
	for (unsigned int i = 0; i < compile->n_tunnels && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", i ? ", " : "",
					compile->tunnels[i]->upstream.id);
}

int pr_compile_unknown_tunnel(struct pr_compile *compile, const struct pr_document *document,
			      unsigned int line, const char *what, const char *name)
{
	char known[160];

	list_known(compile, known, sizeof(known));
	if (document->file->layer == PR_LAYER_STATE) {
		pr_compile_warn(
			compile,
			"run-time: %s names a tunnel_upstream that is gone, \"%.63s\": what it "
			"matches is denied; there are: %s",
			what, name, known);
		return 0;
	}
	return pr_config_fail(
		compile->error, document->file, line,
		"%s names \"%.63s\", and there is no such tunnel_upstream; there are: "
		"%s",
		what, name, known);
}

void pr_compile_warn_no_tunnel(struct pr_compile *compile, uint32_t profile, const char *place,
			       const char *what)
{
	const struct pr_document *document =
		pr_compile_setting(compile, profile, PR_SETTING_TUNNEL);

	if (document && document->texts[PR_SETTING_TUNNEL].items[0].text[0])
		return;
	if (!compile->n_tunnels)
		pr_compile_warn(compile, "%s: no tunnel is set up: what %s matches is denied",
				place, what);
	else
		pr_compile_warn(
			compile,
			"%s: %s names no upstream, and the setting tunnel doesn't either: what "
			"it matches is denied",
			place, what);
}

void pr_compile_warn_required_tunnels(struct pr_compile *compile)
{
	for (uint32_t i = 0; i < compile->n_profiles; i++) {
		const struct pr_document *document =
			pr_compile_setting(compile, i, PR_SETTING_REQUIRE_TUNNEL);

		/* Once, for whose setting it is. */
		if (document && document->numbers[PR_SETTING_REQUIRE_TUNNEL] &&
		    compile->profiles[i].layers[document->file->layer] == document)
			pr_compile_warn_no_tunnel(compile, i, document->file->name,
						  "require_tunnel");
	}
}

void pr_compile_pool(const struct pr_compile *compile, struct pr_blob_global *global)
{
	const struct pr_document *document =
		pr_compile_setting(compile, PR_PROFILE_GLOBAL, PR_SETTING_TUNNEL_POOL);
	struct pr_pool_ranges pool = document ? document->pool : pr_pool_ranges_default();

	memcpy(global->pool4, pool.base4.bytes, sizeof(global->pool4));
	memcpy(global->pool6, pool.base6.bytes, sizeof(global->pool6));
	global->pool_len4 = pool.len4;
	global->pool_len6 = pool.len6;
}

/* ---- what they are made of ---- */

/* Is it one of this kind, or may become one: a set that has one. Those that it names stand before it. */
static bool has_kind(const struct pr_compile *compile, const struct pr_document_tunnel *tunnel,
		     enum pr_tunnel_kind kind)
{
	if (tunnel->upstream.kind == kind)
		return true;
	if (tunnel->upstream.kind != PR_TUNNEL_SET)
		return false;
	for (unsigned int i = 0; i < tunnel->upstream.n_members; i++) {
		const struct pr_document_tunnel *member =
			find(compile, tunnel->upstream.members[i]);

		if (member && has_kind(compile, member, kind))
			return true;
	}
	return false;
}

static bool stands_behind(const struct pr_compile *compile, const char *name)
{
	for (int layer = 0; layer < PR_LAYER_COUNT_; layer++) {
		const struct pr_document *document = global_of(compile, layer);

		for (size_t i = 0; document && i < document->n_tunnels; i++)
			if (strcmp(document->tunnels[i].upstream.id, name) == 0)
				return true;
	}
	return false;
}

/* What is wrong with the n-th that it names; NULL = nothing. */
static const char *wrong_member(const struct pr_compile *compile,
				const struct pr_document_tunnel *tunnel, unsigned int n)
{
	const char *name = tunnel->upstream.members[n];
	const struct pr_document_tunnel *member = find(compile, name);

	if (strcmp(name, tunnel->upstream.id) == 0)
		return "which it is itself";
	if (!member)
		return stands_behind(compile, name) ? "which stands behind it: write that before it"
						    : "and there is no such tunnel_upstream";
	if (tunnel->upstream.kind != PR_TUNNEL_CHAIN)
		return NULL;
	if (has_kind(compile, member, PR_TUNNEL_CHAIN))
		return "which is a chain or may be one: write its hops";
	if (n && has_kind(compile, member, PR_TUNNEL_INTERFACE))
		return "which is an interface or may be one: that can only be the first hop";
	return NULL;
}

static int check_members(struct pr_compile *compile, const struct pr_document *document,
			 const struct pr_document_tunnel *tunnel)
{
	for (unsigned int i = 0; i < tunnel->upstream.n_members; i++) {
		const char *wrong = wrong_member(compile, tunnel, i);

		if (wrong)
			return pr_config_fail(compile->error, document->file, tunnel->line,
					      "tunnel_upstream \"%.63s\": it names \"%.63s\", %s",
					      tunnel->upstream.id, tunnel->upstream.members[i],
					      wrong);
	}
	return 0;
}

/* ---- adding ---- */

static bool is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

static void warn_plain(struct pr_compile *compile, const struct pr_document *document,
		       const struct pr_document_tunnel *tunnel)
{
	const struct pr_tunnel_upstream *upstream = &tunnel->upstream;

	if (upstream->kind <= PR_TUNNEL_HTTP && upstream->kind != PR_TUNNEL_CONNECT &&
	    upstream->user[0] && !is_loopback(upstream->host))
		pr_compile_warn(compile,
				"%s:%u: tunnel_upstream \"%s\" is told its password without "
				"encryption: who is on the way to it can read that",
				document->file->name, tunnel->line, upstream->id);
}

static uint32_t leads_by(struct pr_compile *compile, const struct pr_tunnel_upstream *upstream)
{
	unsigned int number = compile->n_tunnels - 1;
	uint32_t bits = 1u << number;

	for (unsigned int i = 0; i < upstream->n_members; i++)
		for (unsigned int k = 0; k < number; k++)
			if (strcmp(compile->tunnels[k]->upstream.id, upstream->members[i]) == 0)
				bits |= compile->leads_by[k];
	compile->leads_by[number] = bits;
	return bits;
}

static int add(struct pr_compile *compile, const struct pr_document *document,
	       const struct pr_document_tunnel *tunnel)
{
	struct pr_policy_blob *blob = &compile->blob;
	struct pr_tunnel_upstream upstream = tunnel->upstream;
	PR_CLEANUP(pr_cleanup_free) char *ca = NULL;
	int r;

	if (compile->n_tunnels == PR_TUNNEL_UPSTREAMS_MAX)
		return pr_config_fail(compile->error, document->file, tunnel->line,
				      "there are more than %u upstreams of the tunnel",
				      PR_TUNNEL_UPSTREAMS_MAX);
	r = check_members(compile, document, tunnel);
	if (r < 0)
		return r;
	compile->tunnels[compile->n_tunnels++] = tunnel;
	pr_policy_builder_tunnel(
		compile->builder,
		&(struct pr_policy_tunnel){ .id = upstream.id,
					    .kind = upstream.kind,
					    .port = upstream.port,
					    .leads_by = leads_by(compile, &upstream) });
	blob->tunnels = pr_realloc(blob->tunnels, blob->n_tunnels + 1, sizeof(*blob->tunnels));
	/* What is shipped names files beside it. */
	if (upstream.ca[0] && upstream.ca[0] != '/' && document->file->directory)
		upstream.ca = ca = pr_asprintf("%s/%s", document->file->directory, upstream.ca);
	blob->tunnel_places =
		pr_realloc(blob->tunnel_places, blob->n_tunnels + 1, sizeof(*blob->tunnel_places));
	blob->tunnel_places[blob->n_tunnels] =
		upstream.ca[0] ? pr_asprintf("%s:%u: tunnel_upstream \"%s\"", document->file->name,
					     tunnel->line, upstream.id)
			       : NULL;
	blob->tunnels[blob->n_tunnels++] = pr_tunnel_upstream_write(&upstream);
	warn_plain(compile, document, tunnel);
	return 0;
}

/* The setting `tunnel`, wherever it stands. */
static int check_setting(struct pr_compile *compile, const struct pr_document *document)
{
	const struct pr_document_text *text;
	char what[PR_CONFIG_FILE_NAME_MAX + 64];

	if (!document->set[PR_SETTING_TUNNEL])
		return 0;
	text = &document->texts[PR_SETTING_TUNNEL].items[0];
	if (!text->text[0] || pr_compile_knows_tunnel(compile, text->text))
		return 0;
	snprintf(what, sizeof(what), "the setting tunnel%s%s", document->profile ? " of " : "",
		 document->profile ? pr_document_name(document) : "");
	return pr_compile_unknown_tunnel(compile, document, text->line, what, text->text);
}

int pr_compile_tunnels(struct pr_compile *compile)
{
	int r = 0;

	for (int layer = 0; layer < PR_LAYER_COUNT_ && r == 0; layer++) {
		const struct pr_document *document = global_of(compile, layer);

		for (size_t i = 0; document && i < document->n_tunnels && r == 0; i++)
			if (!is_replaced(compile, layer, document->tunnels[i].upstream.id))
				r = add(compile, document, &document->tunnels[i]);
	}
	for (size_t i = 0; i < compile->n_documents && r == 0; i++)
		r = check_setting(compile, compile->documents[i]);
	return r;
}

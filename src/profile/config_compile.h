/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of pr_settings_compile(). */
#pragma once

#include "profile/document.h"
#include "profile/policy_builder.h"

struct pr_compile_profile {
	const char *name;
	struct pr_document *layers[PR_LAYER_COUNT_]; /* NULL = no file there */
};

struct pr_compile {
	const struct pr_config_input *input;
	struct pr_config_error *error;
	struct pr_policy_builder *builder;
	struct pr_document **documents; /* owned */
	size_t n_documents;
	struct pr_compile_profile *profiles; /* by the numbers of the policy */
	uint32_t n_profiles;
	uint64_t next_expiry_s;
	/* Of the tunnel, in their order; borrowed from the documents. */
	const struct pr_document_tunnel *tunnels[PR_TUNNEL_UPSTREAMS_MAX];
	uint32_t leads_by[PR_TUNNEL_UPSTREAMS_MAX]; /* struct pr_policy_tunnel */
	unsigned int n_tunnels;
	uint32_t profile; /* whose rules are being added */
	struct pr_policy_blob blob;
};

void pr_compile_warn(struct pr_compile *compile, const char *format, ...) PR_PRINTF(2, 3);
/* The document that a setting's value comes from: the profile's, else the global; NULL = the default. */
const struct pr_document *pr_compile_setting(const struct pr_compile *compile, uint32_t profile,
					     enum pr_setting_id id);
/* Every list that is configured, or that a setting names, gets its number, beside those that rules have given one;
 * and the data on addresses. Before bitsets of lists are made: their length depends on it. */
PR_MUST_USE int pr_compile_sources(struct pr_compile *compile);
/* A list that is configured has this id or category. */
bool pr_compile_has_list(const struct pr_compile *compile, const char *id);
/* The same, or it is one that a provider answers. */
bool pr_compile_knows_list(const struct pr_compile *compile, const char *id);
/* The id of a provider, or of one of its categories. */
bool pr_compile_knows_provider(const struct pr_compile *compile, const char *list);
/* All of them, into the policy and beside it. */
PR_MUST_USE int pr_compile_providers(struct pr_compile *compile);
/* The tunnel's upstreams, into the policy and beside it; before the rules, which name them. */
PR_MUST_USE int pr_compile_tunnels(struct pr_compile *compile);
bool pr_compile_knows_tunnel(const struct pr_compile *compile, const char *name);
/* An upstream that isn't there, named by a rule or a setting: `what`. An error; what was written at run time is told of
 * only, for it was right when it was written: what it matches is denied. */
PR_MUST_USE int pr_compile_unknown_tunnel(struct pr_compile *compile,
					  const struct pr_document *document, unsigned int line,
					  const char *what, const char *name);
/* Something of this profile needs the upstream that its setting `tunnel` names: tells where there is none. */
void pr_compile_warn_no_tunnel(struct pr_compile *compile, uint32_t profile, const char *place,
			       const char *what);
/* The same of all that require the tunnel. */
void pr_compile_warn_required_tunnels(struct pr_compile *compile);
/* Into the policy. */
void pr_compile_pool(const struct pr_compile *compile, struct pr_blob_global *global);
/* Data on addresses is configured. */
bool pr_compile_has_geo(const struct pr_compile *compile);
/* All rulesets, in order. */
PR_MUST_USE int pr_compile_rules(struct pr_compile *compile);
/* The entries of all profiles by falling score; ties become warnings. */
void pr_compile_matches(struct pr_compile *compile);
/* Whether a run-time rule still holds. */
bool pr_runtime_holds(const struct pr_config_input *input,
		      const struct pr_document_runtime *runtime);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where providers are asked: lists in DNS at their server or the upstreams, services over HTTP at their host. Of the room
 * itself. */
#pragma once

#include "resolver/host.h"
#include "resolver/lookup.h"
#include "resolver/providers.h"

struct pr_provider_places {
	struct pr_upstream upstreams[PR_UPSTREAMS_MAX];
	unsigned int n_upstreams;
	struct pr_host hosts[PR_PROVIDERS_MAX]; /* name NULL: an address, or not over HTTP */
};

/* After a change of the providers, or of the upstreams. What has not changed keeps what is known of it. */
void pr_provider_places_set(struct pr_provider_places *places, const struct pr_providers *providers,
			    struct pr_lookups *lookups);
void pr_provider_places_done(struct pr_provider_places *places);

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/provider_places.h"

#include "resolver/http.h"

#include <string.h>

/* False where the host is not to be looked up. */
static bool host_of(const struct pr_provider *provider, char ret_name[PR_NAME_TEXT_SIZE])
{
	const struct pr_inquiry any = { .domain = "x" };
	char url[PR_PROVIDER_URL_SIZE];

	return provider && provider->type == PR_PROVIDER_HTTP &&
	       pr_provider_http_url(provider, &any, url) == 0 && pr_http_host(url, ret_name);
}

static void set_host(struct pr_host *host, const struct pr_provider *provider)
{
	char name[PR_NAME_TEXT_SIZE];
	bool named = host_of(provider, name);

	if (named && host->name && strcmp(host->name, name) == 0)
		return;
	free(host->name);
	*host = (struct pr_host){ .name = named ? pr_strdup(name) : NULL };
}

static void set_servers(const struct pr_provider_places *places, struct pr_lookups *lookups,
			unsigned int place, const struct pr_provider *provider)
{
	struct pr_upstream own;

	if (!provider || provider->type != PR_PROVIDER_DNS)
		pr_lookups_set_servers(lookups, place, NULL, 0);
	else if (!provider->server[0])
		pr_lookups_set_servers(lookups, place, places->upstreams, places->n_upstreams);
	else
		pr_lookups_set_servers(lookups, place, &own,
				       pr_upstream_parse(provider->server, &own) == 0);
}

void pr_provider_places_set(struct pr_provider_places *places, const struct pr_providers *providers,
			    struct pr_lookups *lookups)
{
	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++) {
		const struct pr_provider *provider =
			i < pr_providers_n(providers) ? pr_providers_config(providers, i) : NULL;

		set_host(&places->hosts[i], provider);
		set_servers(places, lookups, i, provider);
	}
}

void pr_provider_places_done(struct pr_provider_places *places)
{
	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++)
		free(places->hosts[i].name);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Providers of intelligence: what the compiler made of them goes to the resolver, keys among it, and to nobody else. */
#include "daemon/supervisor_change.h"

#include "ipc/body.h"

#include <string.h>

void pr_supervisor_providers_tell(struct pr_supervisor *supervisor)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	struct pr_pairs pairs = { .n = 0 };
	size_t len;

	for (unsigned int i = 0; i < supervisor->n_providers; i++)
		(void)pr_pairs_add(&pairs, "provider", supervisor->providers[i]);
	len = pr_pairs_encode(&pairs, body, PR_MESSAGE_BODY_MAX);
	if (len) /* they came in a message, and fit one */
		pr_child_send(&supervisor->resolver, PR_MESSAGE_PROVIDERS, 0, body, len, -1);
}

void pr_supervisor_providers_free(struct pr_supervisor *supervisor)
{
	while (supervisor->n_providers)
		free(supervisor->providers[--supervisor->n_providers]);
}

void pr_supervisor_providers_take(struct pr_supervisor *supervisor, struct pr_compiled *compiled)
{
	bool same = compiled->n_providers == supervisor->n_providers;

	for (unsigned int i = 0; same && i < compiled->n_providers; i++)
		same = strcmp(compiled->providers[i], supervisor->providers[i]) == 0;
	if (same)
		return;
	pr_supervisor_providers_free(supervisor);
	memcpy(supervisor->providers, compiled->providers, sizeof(supervisor->providers));
	supervisor->n_providers = compiled->n_providers;
	compiled->n_providers = 0;
	if (!supervisor->changes->first)
		pr_supervisor_providers_tell(supervisor);
}

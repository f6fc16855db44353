/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resolv.conf and hosts: what is found is written and read back the same; a stub is no upstream beside another. */
#include "base/name.h"
#include "dns/hosts.h"
#include "resolver/upstream.h"

#include "../target.h"

#include <string.h>

static void pair(void *context, const struct pr_address *address, const char *name)
{
	char again[PR_NAME_TEXT_SIZE];

	(void)context;
	pr_assert(address->family == 4 || address->family == 6);
	pr_assert(pr_name_canonical(name, again) == 0 && strcmp(name, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = len ? (const char *)bytes : "";
	struct pr_upstream_file file = { "/etc/resolv.conf", text, len };
	struct pr_upstream upstreams[PR_UPSTREAMS_MAX], again;
	struct pr_hosts_counters counters;
	char formatted[PR_UPSTREAM_TEXT_SIZE];
	unsigned int n = pr_resolv_conf_parse(text, len, upstreams, PR_UPSTREAMS_MAX);

	pr_assert(n <= PR_UPSTREAMS_MAX);
	for (unsigned int i = 0; i < n; i++) {
		pr_assert(pr_upstream_parse(pr_upstream_format(&upstreams[i], formatted), &again) ==
			  0);
		pr_assert(pr_upstream_equal(&upstreams[i], &again));
	}
	n = pr_upstreams_of_system(&file, 1, NULL, 0, upstreams);
	/* this host is none beside another, or all are */
	for (unsigned int i = 1; i < n; i++)
		pr_assert(pr_upstream_is_own(&upstreams[i], NULL, 0) ==
			  pr_upstream_is_own(&upstreams[0], NULL, 0));
	pr_hosts_parse(text, len, pair, NULL, &counters);
	return 0;
}

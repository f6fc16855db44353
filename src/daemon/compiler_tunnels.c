/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/compiler_tunnels.h"

#include "daemon/compiler_intel.h"
#include "ipc/body.h"

static int tell(struct pr_channel *supervisor, const struct pr_pairs *pairs)
{
	uint8_t body[8192];
	size_t len = pr_pairs_encode(pairs, body, sizeof(body));

	return len ? pr_compiler_tell(supervisor, PR_MESSAGE_TUNNEL_COMPILED, body, len, -1)
		   : -EMSGSIZE;
}

static int tell_pool(struct pr_channel *supervisor, const struct pr_policy *policy)
{
	const struct pr_pool_ranges pool = pr_policy_pool_ranges(policy);
	const struct pr_prefix range4 = { pool.base4, pool.len4 };
	const struct pr_prefix range6 = { pool.base6, pool.len6 };
	char text4[PR_PREFIX_TEXT_SIZE], text6[PR_PREFIX_TEXT_SIZE];
	struct pr_pairs pairs = { .n = 0 };

	if (pool.base4.family)
		(void)pr_pairs_add(&pairs, "pool4", pr_prefix_format(&range4, text4));
	if (pool.base6.family)
		(void)pr_pairs_add(&pairs, "pool6", pr_prefix_format(&range6, text6));
	return pairs.n ? tell(supervisor, &pairs) : 0;
}

int pr_compiler_tell_tunnels(struct pr_channel *supervisor, const struct pr_policy *policy,
			     const struct pr_policy_blob *blob)
{
	int r = tell_pool(supervisor, policy);

	for (size_t i = 0; i < blob->n_tunnels && r == 0; i++) {
		struct pr_pairs pairs = { .n = 0 };

		(void)pr_pairs_add(&pairs, "upstream", blob->tunnels[i]);
		if (blob->tunnel_places[i])
			(void)pr_pairs_add(&pairs, "place", blob->tunnel_places[i]);
		r = tell(supervisor, &pairs);
	}
	return r;
}

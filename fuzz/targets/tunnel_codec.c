/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the engine and the tunnel process say to one another: what decodes must encode to the same bytes again. The first
 * byte chooses the message. */
#include "ipc/tunnel_codec.h"

#include "../target.h"

#include <string.h>

static size_t once_more(unsigned int kind, const uint8_t *bytes, size_t len, uint8_t *again)
{
	struct pr_tunnel_link link;
	struct pr_tunnel_opened opened;
	struct pr_tuple seen;

	if (kind == 0 && pr_tunnel_link_decode(bytes, len, &link) == 0)
		return pr_tunnel_link_encode(&link, again, PR_TUNNEL_BODY_MAX);
	if (kind == 1 && pr_tunnel_opened_decode(bytes, len, &opened) == 0)
		return pr_tunnel_opened_encode(&opened, again, PR_TUNNEL_BODY_MAX);
	if (kind == 2 && pr_tunnel_who_decode(bytes, len, &seen) == 0)
		return pr_tunnel_who_encode(&seen, again, PR_TUNNEL_BODY_MAX);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t once[PR_TUNNEL_BODY_MAX], twice[PR_TUNNEL_BODY_MAX];
	size_t once_len, twice_len;

	if (len == 0)
		return 0;
	once_len = once_more(bytes[0] % 3, bytes + 1, len - 1, once);
	if (once_len == 0)
		return 0;
	pr_assert(once_len == len - 1); /* what is read fits, always */
	/* A mapped address is normalised: from then on nothing changes. */
	twice_len = once_more(bytes[0] % 3, once, once_len, twice);
	pr_assert(once_len == twice_len && memcmp(once, twice, once_len) == 0);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/used.h"

#include "ipc/body.h"
#include "resolver/upstream.h"

#define PORT_DOMAIN 53

void pr_upstreams_used_tell(struct pr_channel *supervisor, const struct pr_upstream *upstreams,
			    unsigned int n)
{
	char texts[PR_UPSTREAMS_MAX][PR_ADDRESS_TEXT_SIZE];
	struct pr_pairs pairs = { .n = 0 };
	uint8_t body[2048];
	size_t len;

	for (unsigned int i = 0; i < n && i < PR_UPSTREAMS_MAX; i++)
		if (upstreams[i].port == PORT_DOMAIN && !upstreams[i].zone[0])
			(void)pr_pairs_add(&pairs, "nameserver",
					   pr_address_format(&upstreams[i].address, texts[i]));
	len = pr_pairs_encode(&pairs, body, sizeof(body));
	/* It is told again when they change; a supervisor that does not read has other sorrows than this one. */
	if (len)
		(void)!pr_channel_send(supervisor, PR_MESSAGE_UPSTREAMS_USED, 0, body, len);
}

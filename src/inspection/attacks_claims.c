/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Claims of a gateway's address. The hardware address that the kernel has for a gateway, or the one seen first, is
 * taken for the gateway's own; another that claims the same is told of at once, for there is no honest reason but
 * one: the gateway was replaced. So when the former has been silent for long, the latter becomes the known one.
 */
#include "inspection/attacks_private.h"

#include <string.h>

void pr_attacks_gateways_set(struct pr_attacks *attacks, const struct pr_attack_gateway *gateways,
			     unsigned int n)
{
	struct pr_attacks_gateway all[PR_ATTACKS_GATEWAYS_MAX] = { 0 };

	if (n > PR_ATTACKS_GATEWAYS_MAX)
		n = PR_ATTACKS_GATEWAYS_MAX;
	for (unsigned int i = 0; i < n; i++) {
		all[i].gateway = gateways[i];
		for (unsigned int k = 0; k < attacks->n_gateways; k++) {
			const struct pr_attacks_gateway *before = &attacks->gateways[k];

			/* What is known of it stays, whatever the kernel believes by now. */
			if (before->gateway.ifindex == gateways[i].ifindex &&
			    pr_address_equal(&before->gateway.address, &gateways[i].address) &&
			    before->gateway.known)
				all[i] = *before;
		}
	}
	memcpy(attacks->gateways, all, sizeof(all));
	attacks->n_gateways = n;
}

static struct pr_attacks_gateway *find(struct pr_attacks *attacks, uint32_t ifindex,
				       const struct pr_address *address)
{
	for (unsigned int i = 0; i < attacks->n_gateways; i++)
		if (attacks->gateways[i].gateway.ifindex == ifindex &&
		    pr_address_equal(&attacks->gateways[i].gateway.address, address))
			return &attacks->gateways[i];
	return NULL;
}

static bool same(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, PR_ATTACK_HARDWARE_SIZE) == 0;
}

/* Another than the gateway's own. True: it is to be told. */
static bool rival(struct pr_attacks_gateway *at, const uint8_t *hardware, uint64_t now_us)
{
	if (!same(at->rival, hardware) || !at->n_claims ||
	    now_us - at->last_us > PR_ATTACKS_RATE_QUIET_US) {
		memcpy(at->rival, hardware, PR_ATTACK_HARDWARE_SIZE);
		at->first_us = now_us;
		at->n_claims = 0;
	}
	at->last_us = now_us;
	return ++at->n_claims == 1;
}

const struct pr_attack *pr_attacks_claim(struct pr_attacks *attacks, uint64_t now_us,
					 uint32_t ifindex, const struct pr_address *address,
					 const uint8_t hardware[PR_ATTACK_HARDWARE_SIZE])
{
	struct pr_attacks_gateway *at = find(attacks, ifindex, address);
	struct pr_attack attack = { .kind = PR_ATTACK_GATEWAY,
				    .target = *address,
				    .ifindex = ifindex,
				    .n_hosts = 1,
				    .n_sources = 1 };
	struct pr_attack *known;
	bool is_new;

	if (!at)
		return NULL;
	now_us = pr_attacks_time(attacks, now_us);
	if (!at->gateway.known) {
		memcpy(at->gateway.hardware, hardware, PR_ATTACK_HARDWARE_SIZE);
		at->gateway.known = true;
	}
	if (same(at->gateway.hardware, hardware)) {
		at->seen_us = now_us;
		return NULL;
	}
	is_new = rival(at, hardware, now_us);
	if (!is_new) {
		known = pr_attacks_at(attacks, at->found, PR_ATTACK_GATEWAY);
		if (known) {
			known->last_us = now_us;
			known->n_packets = at->n_claims;
		}
		if (now_us - at->first_us > PR_ATTACKS_RATE_QUIET_US &&
		    now_us - at->seen_us > PR_ATTACKS_RATE_QUIET_US) {
			memcpy(at->gateway.hardware, hardware, PR_ATTACK_HARDWARE_SIZE);
			at->seen_us = now_us;
			at->n_claims = 0;
		}
		return NULL;
	}
	attack.first_us = attack.last_us = now_us;
	attack.n_packets = 1;
	memcpy(attack.known_hardware, at->gateway.hardware, PR_ATTACK_HARDWARE_SIZE);
	memcpy(attack.claimed_hardware, hardware, PR_ATTACK_HARDWARE_SIZE);
	return pr_attacks_find(attacks, &attack, &at->found);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ARP and neighbour discovery: whatever arrives, and what a claim is by its own definition. */
#include "base/error.h"
#include "packet/claim.h"

#include "../target.h"

static void check(const struct pr_claim *claim, uint8_t family)
{
	uint8_t any = 0;

	pr_assert(claim->address.family == family);
	for (unsigned int i = 0; i < PR_HARDWARE_LEN; i++)
		any |= claim->hardware[i];
	pr_assert(any && !(claim->hardware[0] & 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_claim claim;

	if (pr_claim_of_arp(bytes, len, &claim) == PR_CLAIM_READ)
		check(&claim, 4);
	if (pr_claim_of_ipv6(bytes, len, &claim) == PR_CLAIM_READ)
		check(&claim, 6);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet/claim.h"

#include "unit.h"

#include <string.h>

static const uint8_t arp[28] = { 0,   1, 8, 0, 6, 4, 0, 2, 2, 0, 0,   0, 0, 9,
				 192, 0, 2, 1, 2, 0, 0, 0, 0, 1, 192, 0, 2, 7 };
static const uint8_t gateway[16] = { 0xfe, 0x80, [15] = 1 };

static int read_arp(const uint8_t *bytes, size_t len, struct pr_claim *claim)
{
	return pr_claim_of_arp(bytes, len, claim);
}

static void arp_of_both_kinds(void **state)
{
	struct pr_claim claim;
	uint8_t bytes[28];
	char text[PR_ADDRESS_TEXT_SIZE];

	(void)state;
	assert_int_equal(read_arp(arp, sizeof(arp), &claim), PR_CLAIM_READ);
	assert_string_equal(pr_address_format(&claim.address, text), "192.0.2.1");
	assert_memory_equal(claim.hardware, arp + 8, 6);
	memcpy(bytes, arp, sizeof(arp));
	bytes[7] = 1;
	assert_int_equal(read_arp(bytes, sizeof(bytes), &claim), PR_CLAIM_READ);
}

static void arp_that_claims_nothing(void **state)
{
	/* a byte, and what it is */
	static const uint8_t changes[][2] = { { 1, 6 }, { 2, 9 }, { 4, 8 },   { 5, 16 },
					      { 7, 3 }, { 8, 1 }, { 8, 0xff } };
	struct pr_claim claim;
	uint8_t bytes[28];

	(void)state;
	for (size_t len = 0; len < sizeof(arp); len++)
		assert_int_equal(read_arp(arp, len, &claim), PR_CLAIM_NONE);
	for (size_t i = 0; i < PR_ARRAY_SIZE(changes); i++) {
		memcpy(bytes, arp, sizeof(arp));
		bytes[changes[i][0]] = changes[i][1];
		assert_int_equal(read_arp(bytes, sizeof(bytes), &claim), PR_CLAIM_NONE);
	}
	memcpy(bytes, arp, sizeof(arp));
	memset(bytes + 14, 0, 4);
	assert_int_equal(read_arp(bytes, sizeof(bytes), &claim), PR_CLAIM_NONE);
}

/* A message of a type with its option, behind an extension header or not; its length. */
static size_t icmp6(uint8_t type, uint8_t option, bool extended, const uint8_t *source,
		    uint8_t bytes[128])
{
	size_t icmp = 40 + (extended ? 8 : 0), at = icmp + (type == 133	  ? 8
							    : type == 134 ? 16
									  : 24);

	memset(bytes, 0, 128);
	bytes[0] = 0x60;
	bytes[5] = (uint8_t)(at + 16 - 40);
	bytes[6] = extended ? 60 : 58;
	bytes[7] = 255;
	memcpy(bytes + 8, source, 16);
	memcpy(bytes + 24, gateway, 16);
	bytes[40] = 58; /* of the extension header */
	bytes[42] = 1;	/* PadN */
	bytes[43] = 4;
	bytes[icmp] = type;
	bytes[icmp + 1] = 0;
	if (!extended)
		bytes[42] = bytes[43] = 0;
	if (type == 136)
		memcpy(bytes + icmp + 8, gateway, 16);
	/* One that is passed over comes first. */
	bytes[at] = 5;
	bytes[at + 1] = 1;
	bytes[at + 8] = option;
	bytes[at + 9] = 1;
	bytes[at + 10] = 2;
	bytes[at + 15] = 9;
	return at + 16;
}

static void neighbour_discovery(void **state)
{
	static const uint8_t options[][2] = { { 133, 1 }, { 134, 1 }, { 135, 1 }, { 136, 2 } };
	static const uint8_t other[16] = { 0xfe, 0x80, [15] = 2 }, nobody[16];
	const struct pr_address claimed = pr_address_v6(gateway);
	struct pr_claim claim;
	uint8_t bytes[128];

	(void)state;
	for (size_t i = 0; i < 2 * PR_ARRAY_SIZE(options); i++) {
		const uint8_t type = options[i / 2][0], option = options[i / 2][1];
		const uint8_t *from = type == 136 ? other : gateway;
		size_t len = icmp6(type, option, i % 2, from, bytes);

		assert_int_equal(pr_claim_of_ipv6(bytes, len, &claim), PR_CLAIM_READ);
		assert_true(pr_address_equal(&claim.address, &claimed));
		assert_int_equal(claim.hardware[5], 9);
		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(pr_claim_of_ipv6(bytes, cut, &claim), PR_CLAIM_NONE);
		bytes[7] = 64;
		assert_int_equal(pr_claim_of_ipv6(bytes, len, &claim), PR_CLAIM_NONE);
		len = icmp6(type, 3 - option, i % 2, from, bytes);
		assert_int_equal(pr_claim_of_ipv6(bytes, len, &claim), PR_CLAIM_NONE);
	}
	assert_int_equal(pr_claim_of_ipv6(bytes, icmp6(128, 1, false, gateway, bytes), &claim),
			 PR_CLAIM_NONE);
	/* An option of no length ends it. */
	(void)icmp6(136, 2, false, other, bytes);
	bytes[65] = 0;
	assert_int_equal(pr_claim_of_ipv6(bytes, 80, &claim), PR_CLAIM_NONE);
	/* Who looks whether an address is free sends from none. */
	assert_int_equal(pr_claim_of_ipv6(bytes, icmp6(135, 1, false, nobody, bytes), &claim),
			 PR_CLAIM_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_of_both_kinds),
		cmocka_unit_test(arp_that_claims_nothing),
		cmocka_unit_test(neighbour_discovery),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}

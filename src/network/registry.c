/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The address classes that hold everywhere. IANA's two special-purpose registries (RFC 6890, as amended
 * by RFC 8190; read in 2025) say of each block whether an address of it may be a packet's source, its
 * destination, be forwarded, and be reached globally. The class follows from these four:
 *
 *     neither source nor destination, or only a source   invalid: no entity has such an address
 *     both, not forwardable                              link-local
 *     both, forwardable, not globally reachable          site-local
 *     globally reachable, or "not applicable"            global
 *
 * One departure: the documentation blocks (RFC 5737, 3849, 9637) are global, though the registries call
 * them no destination. Nobody announces them to the Internet, so nothing is won by refusing them; but
 * laboratories and private networks route them, and what works there must go on to work
 * (docs/decisions/documentation-addresses.md).
 *
 * Deprecated blocks without these columns (192.88.99.0/24) are global. Everything that has no row is
 * global too: RFC 4291, 2.4 wants unassigned IPv6 unicast treated so, the former site-local fec0::/10
 * included (2.5.7). Rows are ordered so that the first that contains an address is the longest.
 */
#include "network/class.h"

#include <endian.h>
#include <string.h>

struct row4 {
	uint32_t prefix;
	uint8_t len;
	enum pr_class class_;
	const char *source;
};

struct row6 {
	uint64_t high, low;
	uint8_t len;
	enum pr_class class_;
	const char *source;
};

static const struct row4 rows4[] = {
	{ 0x00000000, 8, PR_CLASS_INVALID, "RFC 791" }, /* and 0.0.0.0/32, RFC 1122 */
	{ 0x0a000000, 8, PR_CLASS_SITE_LOCAL, "RFC 1918" },
	{ 0x64400000, 10, PR_CLASS_SITE_LOCAL, "RFC 6598" },
	{ 0x7f000000, 8, PR_CLASS_HOST, "RFC 1122" },
	{ 0xa9fe0000, 16, PR_CLASS_LINK_LOCAL, "RFC 3927" },
	{ 0xac100000, 12, PR_CLASS_SITE_LOCAL, "RFC 1918" },
	{ 0xc0000009, 32, PR_CLASS_GLOBAL, "RFC 7723" },  /* Port Control Protocol anycast */
	{ 0xc000000a, 32, PR_CLASS_GLOBAL, "RFC 8155" },  /* TURN anycast */
	{ 0xc0000008, 32, PR_CLASS_INVALID, "RFC 7600" }, /* dummy: a source only */
	{ 0xc0000000, 29, PR_CLASS_SITE_LOCAL, "RFC 7335" },
	{ 0xc00000aa, 31, PR_CLASS_INVALID, "RFC 7050" }, /* .170 and .171 */
	{ 0xc0000000, 24, PR_CLASS_INVALID, "RFC 6890" },
	{ 0xc0000200, 24, PR_CLASS_GLOBAL, "RFC 5737" },
	{ 0xc01fc400, 24, PR_CLASS_GLOBAL, "RFC 7535" }, /* AS112 */
	{ 0xc034c100, 24, PR_CLASS_GLOBAL, "RFC 7450" }, /* AMT */
	{ 0xc0586300, 24, PR_CLASS_GLOBAL, "RFC 7526" }, /* 6to4 relays, deprecated */
	{ 0xc0a80000, 16, PR_CLASS_SITE_LOCAL, "RFC 1918" },
	{ 0xc0af3000, 24, PR_CLASS_GLOBAL, "RFC 7534" }, /* AS112 */
	{ 0xc6120000, 15, PR_CLASS_SITE_LOCAL, "RFC 2544" },
	{ 0xc6336400, 24, PR_CLASS_GLOBAL, "RFC 5737" },
	{ 0xcb007100, 24, PR_CLASS_GLOBAL, "RFC 5737" },
	{ 0xe0000000, 24, PR_CLASS_MULTICAST_LOCAL, "RFC 5771" }, /* local network control */
	{ 0xef000000, 8, PR_CLASS_MULTICAST_LOCAL, "RFC 2365" },  /* administratively scoped */
	{ 0xe0000000, 4, PR_CLASS_MULTICAST_GLOBAL, "RFC 5771" },
	{ 0xffffffff, 32, PR_CLASS_MULTICAST_LOCAL, "RFC 919" }, /* limited broadcast */
	{ 0xf0000000, 4, PR_CLASS_INVALID, "RFC 1112" },
};

#define WORDS(a, b, c, d) ((uint64_t)(a) << 48 | (uint64_t)(b) << 32 | (uint64_t)(c) << 16 | (d))

static const struct row6 rows6[] = {
	{ 0, 1, 128, PR_CLASS_HOST, "RFC 4291" },
	{ 0, 0, 128, PR_CLASS_INVALID, "RFC 4291" },
	{ 0, WORDS(0, 0xffff, 0, 0), 96, PR_CLASS_INVALID, "RFC 4291" }, /* never on a wire */
	{ 0, 0, 96, PR_CLASS_INVALID, "RFC 4291" }, /* IPv4-compatible, 2.5.5.1; not registered */
	{ WORDS(0x64, 0xff9b, 0, 0), WORDS(0, 0, 0xc000, 0xaa), 127, PR_CLASS_GLOBAL,
	  "RFC 7050" }, /* answers to the question for the NAT64 prefix */
	{ WORDS(0x64, 0xff9b, 0, 0), 0, 96, PR_CLASS_GLOBAL, "RFC 6052" },
	{ WORDS(0x64, 0xff9b, 1, 0), 0, 48, PR_CLASS_SITE_LOCAL, "RFC 8215" },
	{ WORDS(0x100, 0, 0, 0), 0, 64, PR_CLASS_SITE_LOCAL, "RFC 6666" },
	{ WORDS(0x100, 0, 0, 1), 0, 64, PR_CLASS_INVALID, "RFC 9780" }, /* a source only */
	{ WORDS(0x2001, 0, 0, 0), 0, 32, PR_CLASS_GLOBAL, "RFC 4380" }, /* Teredo */
	{ WORDS(0x2001, 1, 0, 0), 1, 128, PR_CLASS_GLOBAL, "RFC 7723" },
	{ WORDS(0x2001, 1, 0, 0), 2, 128, PR_CLASS_GLOBAL, "RFC 8155" },
	{ WORDS(0x2001, 1, 0, 0), 3, 128, PR_CLASS_GLOBAL, "RFC 9665" },
	{ WORDS(0x2001, 2, 0, 0), 0, 48, PR_CLASS_SITE_LOCAL, "RFC 5180" },
	{ WORDS(0x2001, 3, 0, 0), 0, 32, PR_CLASS_GLOBAL, "RFC 7450" },
	{ WORDS(0x2001, 4, 0x112, 0), 0, 48, PR_CLASS_GLOBAL, "RFC 7535" },
	{ WORDS(0x2001, 0x10, 0, 0), 0, 28, PR_CLASS_INVALID, "RFC 4843" }, /* ORCHID, over */
	{ WORDS(0x2001, 0x20, 0, 0), 0, 28, PR_CLASS_GLOBAL, "RFC 7343" },
	{ WORDS(0x2001, 0x30, 0, 0), 0, 28, PR_CLASS_GLOBAL, "RFC 9374" },
	{ WORDS(0x2001, 0, 0, 0), 0, 23, PR_CLASS_INVALID, "RFC 2928" },
	{ WORDS(0x2001, 0xdb8, 0, 0), 0, 32, PR_CLASS_GLOBAL, "RFC 3849" },
	{ WORDS(0x2002, 0, 0, 0), 0, 16, PR_CLASS_GLOBAL, "RFC 3056" },
	{ WORDS(0x2620, 0x4f, 0x8000, 0), 0, 48, PR_CLASS_GLOBAL, "RFC 7534" },
	{ WORDS(0x3fff, 0, 0, 0), 0, 20, PR_CLASS_GLOBAL, "RFC 9637" },
	{ WORDS(0x5f00, 0, 0, 0), 0, 16, PR_CLASS_SITE_LOCAL, "RFC 9602" },
	{ WORDS(0xfc00, 0, 0, 0), 0, 7, PR_CLASS_SITE_LOCAL, "RFC 4193" },
	{ WORDS(0xfe80, 0, 0, 0), 0, 10, PR_CLASS_LINK_LOCAL, "RFC 4291" },
};

static enum pr_class classify4(uint32_t address, const char **ret_source)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(rows4); i++) {
		const struct row4 *row = &rows4[i];

		if ((address ^ row->prefix) >> (32 - row->len) == 0) {
			*ret_source = row->source;
			return row->class_;
		}
	}
	return PR_CLASS_GLOBAL;
}

static bool row6_contains(const struct row6 *row, uint64_t high, uint64_t low)
{
	if (row->len <= 64)
		return (high ^ row->high) >> (64 - row->len) == 0;
	return high == row->high && (low ^ row->low) >> (128 - row->len) == 0;
}

/* The second byte's low half is the scope: RFC 4291, 2.7 and RFC 7346, 2. Zero must not be used, what
 * comes with it is to be dropped; from 0xe on it is global; all between is bounded by somebody. */
static enum pr_class classify_multicast6(uint64_t high, const char **ret_source)
{
	unsigned int scope = (high >> 48) & 0xf;

	*ret_source = "RFC 7346";
	if (scope == 0)
		return PR_CLASS_INVALID;
	return scope < 0xe ? PR_CLASS_MULTICAST_LOCAL : PR_CLASS_MULTICAST_GLOBAL;
}

/*
 * An IPv4 address in an IPv6 one, which a translator or relay sends on to: it must be global (RFC 6052,
 * 3.1; RFC 3964, 5.3.1), or 64:ff9b::7f00:1 would be a way around every rule on addresses.
 */
static enum pr_class classify_embedded(uint32_t inner)
{
	const char *ignored;

	return classify4(inner, &ignored) == PR_CLASS_GLOBAL ? PR_CLASS_GLOBAL : PR_CLASS_INVALID;
}

static enum pr_class classify6(uint64_t high, uint64_t low, const char **ret_source)
{
	if (high >> 56 == 0xff)
		return classify_multicast6(high, ret_source);
	for (size_t i = 0; i < PR_ARRAY_SIZE(rows6); i++) {
		const struct row6 *row = &rows6[i];

		if (!row6_contains(row, high, low))
			continue;
		*ret_source = row->source;
		if (row->len == 96 && row->high)
			return classify_embedded((uint32_t)low);
		if (row->len == 16 && high >> 48 == 0x2002)
			return classify_embedded((uint32_t)(high >> 16));
		return row->class_;
	}
	return PR_CLASS_GLOBAL;
}

enum pr_class pr_class_registered(const struct pr_address *address, const char **ret_source)
{
	uint64_t words[2];
	uint32_t word;

	*ret_source = "";
	if (address->family == 4) {
		memcpy(&word, address->bytes, sizeof(word));
		return classify4(be32toh(word), ret_source);
	}
	if (address->family == 6) {
		memcpy(words, address->bytes, sizeof(words));
		return classify6(be64toh(words[0]), be64toh(words[1]), ret_source);
	}
	return PR_CLASS_INVALID;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The registries (registry.c) say what an address is everywhere; here comes what the host knows of
 * itself: its own addresses are the host, and what is on its links is there, whatever is registered.
 */
#include "network/class.h"

#include <string.h>

static int prefix_compare(const struct pr_prefix *a, const struct pr_prefix *b)
{
	if (a->address.family != b->address.family)
		return a->address.family - b->address.family;
	if (a->len != b->len)
		return b->len - a->len;
	return memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes));
}

/* The position of the first that is not before `prefix`. */
static unsigned int prefix_position(const struct pr_prefix *prefixes, unsigned int n,
				    const struct pr_prefix *prefix)
{
	unsigned int low = 0, high = n;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (prefix_compare(&prefixes[middle], prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int prefix_add(struct pr_prefix *prefixes, unsigned int *n, const struct pr_prefix *prefix)
{
	unsigned int at = prefix_position(prefixes, *n, prefix);

	if (at < *n && prefix_compare(&prefixes[at], prefix) == 0)
		return 0;
	if (*n == PR_OWN_ADDRESSES_MAX)
		return PR_OWN_FULL;
	memmove(&prefixes[at + 1], &prefixes[at], (*n - at) * sizeof(*prefixes));
	prefixes[at] = *prefix;
	(*n)++;
	return 0;
}

/* Same family and length stand together, longest first: one binary search for each length there is. */
static const struct pr_prefix *prefix_find(const struct pr_prefix *prefixes, unsigned int n,
					   const struct pr_address *address)
{
	struct pr_prefix key = { .address = { .family = address->family }, .len = 128 };
	unsigned int at = prefix_position(prefixes, n, &key);

	while (at < n && prefixes[at].address.family == address->family) {
		key.len = prefixes[at].len;
		key.address = pr_address_mask(address, key.len);
		at = prefix_position(prefixes, n, &key);
		if (at < n && prefix_compare(&prefixes[at], &key) == 0)
			return &prefixes[at];
		if (key.len == 0)
			break;
		key.len--;
		key.address = (struct pr_address){ .family = address->family };
		at = prefix_position(prefixes, n, &key);
	}
	return NULL;
}

int pr_own_addresses_add(struct pr_own_addresses *own, const struct pr_prefix *prefix)
{
	return prefix_add(own->own, &own->n_own, prefix);
}

int pr_own_addresses_add_on_link(struct pr_own_addresses *own, const struct pr_prefix *prefix)
{
	return prefix_add(own->on_link, &own->n_on_link, prefix);
}

/* RFC 919, 7: the last address of a subnet; links with two addresses or one have none (RFC 3021). */
static bool is_directed_broadcast(const struct pr_prefix *link, const struct pr_address *address)
{
	struct pr_address last = link->address;

	if (address->family != 4 || link->len > 30)
		return false;
	for (unsigned int bit = link->len; bit < 32; bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	return pr_address_equal(&last, address);
}

static bool is_unspecified(const struct pr_address *address)
{
	static const uint8_t zero[16];

	return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

static bool is_multicast(enum pr_class class_)
{
	return class_ == PR_CLASS_MULTICAST_LOCAL || class_ == PR_CLASS_MULTICAST_GLOBAL;
}

enum pr_class pr_class_of(const struct pr_address *address, const struct pr_own_addresses *own)
{
	const struct pr_prefix *link;
	const char *source;
	enum pr_class class_ = pr_class_registered(address, &source);

	if (!own || address->family == 0 || is_unspecified(address) || is_multicast(class_))
		return class_;
	if (prefix_find(own->own, own->n_own, address))
		return PR_CLASS_HOST;
	if (class_ == PR_CLASS_HOST)
		return class_;
	link = prefix_find(own->on_link, own->n_on_link, address);
	if (link && is_directed_broadcast(link, address))
		return PR_CLASS_MULTICAST_LOCAL;
	return link && class_ == PR_CLASS_INVALID ? PR_CLASS_SITE_LOCAL : class_;
}

enum pr_scope pr_class_scope(enum pr_class class_)
{
	switch (class_) {
	case PR_CLASS_HOST:
		return PR_SCOPE_LOCALHOST;
	case PR_CLASS_LINK_LOCAL:
	case PR_CLASS_SITE_LOCAL:
	case PR_CLASS_MULTICAST_LOCAL:
		return PR_SCOPE_LAN;
	case PR_CLASS_MULTICAST_GLOBAL:
	case PR_CLASS_GLOBAL:
		return PR_SCOPE_INTERNET;
	case PR_CLASS_INVALID:
		break;
	}
	return PR_SCOPE_INVALID;
}

void pr_subject_remote_set(struct pr_subject *subject, const struct pr_address *remote,
			   const struct pr_own_addresses *own)
{
	const unsigned int intel = PR_FACT_COUNTRY | PR_FACT_ASN | PR_FACT_LISTS;

	subject->remote = *remote;
	subject->remote_class = pr_class_of(remote, own);
	subject->scope = pr_class_scope(subject->remote_class);
	subject->known = (subject->known & ~intel) | PR_FACT_ADDRESS | PR_FACT_SCOPE;
	subject->absent &= ~(intel | PR_FACT_ADDRESS | PR_FACT_SCOPE);
	subject->country[0] = subject->continent[0] = '\0';
	subject->asn = 0;
	subject->organisation = NULL;
	subject->address_lists = NULL;
	if (subject->remote_class != PR_CLASS_GLOBAL)
		subject->known |= PR_FACT_COUNTRY | PR_FACT_ASN;
}

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68

bool pr_asks_for_address(const struct pr_tuple *tuple)
{
	return tuple->proto == IPPROTO_UDP && tuple->src_port == DHCP_CLIENT_PORT &&
	       tuple->dst_port == DHCP_SERVER_PORT && tuple->src.family == 4 &&
	       is_unspecified(&tuple->src);
}

/*
 * What goes out may have a source that isn't ours (transparent proxies, IP_FREEBIND): a program needs
 * rights of its own for that, and nothing that works may break. What is ours and comes from outside is a
 * lie, except for multicast and broadcast: the kernel loops its own back to us with the device that it
 * went out by (net/ipv4/ip_output.c, ip_mc_finish_output), having refused forged ones before.
 */
enum pr_spoof pr_spoofed(const struct pr_tuple *tuple, enum pr_direction direction, bool loopback,
			 const struct pr_own_addresses *own)
{
	enum pr_class source = pr_class_of(&tuple->src, own);
	const char *row;

	if (direction == PR_DIRECTION_IN && pr_asks_for_address(tuple))
		return PR_SPOOF_NO;
	if (is_multicast(source))
		return PR_SPOOF_MULTICAST;
	if (source == PR_CLASS_INVALID)
		return PR_SPOOF_INVALID;
	if (loopback || source != PR_CLASS_HOST)
		return PR_SPOOF_NO;
	if (pr_class_registered(&tuple->src, &row) == PR_CLASS_HOST)
		return PR_SPOOF_LOOPBACK;
	if (direction == PR_DIRECTION_OUT || is_multicast(pr_class_of(&tuple->dst, own)))
		return PR_SPOOF_NO;
	return PR_SPOOF_OWN;
}

const char *pr_spoof_text(enum pr_spoof spoof)
{
	static const char *const texts[] = {
		[PR_SPOOF_NO] = "its addresses can be real",
		[PR_SPOOF_LOOPBACK] = "its source is a loopback address, but not its interface",
		[PR_SPOOF_MULTICAST] = "its source is a multicast or broadcast address",
		[PR_SPOOF_OWN] = "it comes from outside with an address of this host as its source",
		[PR_SPOOF_INVALID] = "its source is an address that no host can have",
	};

	return texts[spoof];
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * IP addresses and prefixes as values. An IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) is the IPv4
 * address: every constructor here normalises it, so that equal addresses compare equal byte by byte.
 */
#pragma once

#include "base/error.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define PR_ADDRESS_TEXT_SIZE 46 /* INET6_ADDRSTRLEN */
#define PR_PREFIX_TEXT_SIZE  (PR_ADDRESS_TEXT_SIZE + 4)

struct pr_address {
	uint8_t family;	   /* 4, 6, or 0 for "none" */
	uint8_t bytes[16]; /* network order; IPv4 in the first four, the rest zero */
};

struct pr_prefix {
	struct pr_address address; /* host bits are zero */
	uint8_t len;		   /* bits, 0 to 32 or 128 */
};

struct pr_address pr_address_v4(const void *bytes4);
struct pr_address pr_address_v6(const void *bytes16); /* IPv4-mapped becomes IPv4 */
/* From AF_INET or AF_INET6; the port in host order to *ret_port unless NULL. Other families: family 0. */
struct pr_address pr_address_from_sockaddr(const struct sockaddr *sockaddr, uint16_t *ret_port);
/* The length of the socket address written. */
socklen_t pr_address_to_sockaddr(const struct pr_address *address, uint16_t port,
				 struct sockaddr_storage *ret_sockaddr);

/* 0 or -EINVAL. Exactly one address in text form, nothing before or after it. */
PR_MUST_USE int pr_address_parse(const char *text, struct pr_address *ret_address);
/* Returns `text`, which holds PR_ADDRESS_TEXT_SIZE bytes; "none" for family 0. */
const char *pr_address_format(const struct pr_address *address, char *text);
/* The IPv4 address that an IPv6 address stands for, where a translator or a relay leads on to it: 64:ff9b::/96 of NAT64
 * (RFC 6052, 2.1), 2002::/16 of 6to4 (RFC 3056, 2). False: it stands for none. Translators of a network's own prefix are
 * not known. */
bool pr_address_embedded(const struct pr_address *address, struct pr_address *ret_inner);
bool pr_address_equal(const struct pr_address *a, const struct pr_address *b);
uint64_t pr_address_hash(const struct pr_address *address);

/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32"; host bits are masked away. 0 or -EINVAL. */
PR_MUST_USE int pr_prefix_parse(const char *text, struct pr_prefix *ret_prefix);
const char *pr_prefix_format(const struct pr_prefix *prefix, char *text);
bool pr_prefix_contains(const struct pr_prefix *prefix, const struct pr_address *address);
/* The address with all but the first `len` bits cleared. */
struct pr_address pr_address_mask(const struct pr_address *address, unsigned int len);

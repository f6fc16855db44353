/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/reverse.h"

#include <string.h>

#define ZONE4 "in-addr.arpa"
#define ZONE6 "ip6.arpa"

/* "4.3.2.1." before the zone: no octet has a leading zero, or two names would stand for one address. */
static bool read_octet(const char **at, uint8_t *ret_octet)
{
	unsigned int value = 0, n = 0;

	while (**at >= '0' && **at <= '9' && n < 3) {
		value = value * 10 + (unsigned int)(*(*at)++ - '0');
		n++;
	}
	if (n == 0 || value > 255 || **at != '.' || (n > 1 && value < (n == 2 ? 10u : 100u)))
		return false;
	(*at)++;
	*ret_octet = (uint8_t)value;
	return true;
}

static bool read_nibble(const char **at, uint8_t *ret_nibble)
{
	char c = **at;

	if (c >= '0' && c <= '9')
		*ret_nibble = (uint8_t)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*ret_nibble = (uint8_t)(c - 'a' + 10);
	else
		return false;
	if ((*at)[1] != '.')
		return false;
	*at += 2;
	return true;
}

static bool read4(const char *name, uint8_t bytes[4])
{
	for (unsigned int i = 4; i-- > 0;)
		if (!read_octet(&name, &bytes[i]))
			return false;
	return strcmp(name, ZONE4) == 0;
}

static bool read6(const char *name, uint8_t bytes[16])
{
	for (unsigned int i = 16; i-- > 0;) {
		uint8_t low, high;

		if (!read_nibble(&name, &low) || !read_nibble(&name, &high))
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return strcmp(name, ZONE6) == 0;
}

bool pr_dns_reverse_address(const char *name, struct pr_address *ret_address)
{
	struct pr_address address;
	uint8_t bytes[16];

	if (read4(name, bytes)) {
		*ret_address = pr_address_v4(bytes);
		return true;
	}
	if (!read6(name, bytes))
		return false;
	address = pr_address_v6(bytes);
	if (address.family != 6)
		return false;
	*ret_address = address;
	return true;
}

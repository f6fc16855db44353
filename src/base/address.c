/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/address.h"

#include "base/hash.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct pr_address pr_address_v4(const void *bytes4)
{
	struct pr_address address = { .family = 4 };

	memcpy(address.bytes, bytes4, 4);
	return address;
}

struct pr_address pr_address_v6(const void *bytes16)
{
	struct pr_address address = { .family = 6 };

	if (memcmp(bytes16, mapped, sizeof(mapped)) == 0)
		return pr_address_v4((const uint8_t *)bytes16 + sizeof(mapped));
	memcpy(address.bytes, bytes16, 16);
	return address;
}

struct pr_address pr_address_from_sockaddr(const struct sockaddr *sockaddr, uint16_t *ret_port)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (sockaddr->sa_family == AF_INET) {
		memcpy(&in, sockaddr, sizeof(in));
		if (ret_port)
			*ret_port = ntohs(in.sin_port);
		return pr_address_v4(&in.sin_addr);
	}
	if (sockaddr->sa_family == AF_INET6) {
		memcpy(&in6, sockaddr, sizeof(in6));
		if (ret_port)
			*ret_port = ntohs(in6.sin6_port);
		return pr_address_v6(&in6.sin6_addr);
	}
	return (struct pr_address){ 0 };
}

socklen_t pr_address_to_sockaddr(const struct pr_address *address, uint16_t port,
				 struct sockaddr_storage *ret_sockaddr)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	memset(ret_sockaddr, 0, sizeof(*ret_sockaddr));
	if (address->family == 4) {
		memcpy(&in.sin_addr, address->bytes, 4);
		memcpy(ret_sockaddr, &in, sizeof(in));
		return sizeof(in);
	}
	memcpy(&in6.sin6_addr, address->bytes, 16);
	memcpy(ret_sockaddr, &in6, sizeof(in6));
	return sizeof(in6);
}

int pr_address_parse(const char *text, struct pr_address *ret_address)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		*ret_address = pr_address_v4(bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*ret_address = pr_address_v6(bytes);
	else
		return -EINVAL;
	return 0;
}

const char *pr_address_format(const struct pr_address *address, char *text)
{
	if (address->family == 0)
		return memcpy(text, "none", sizeof("none"));
	return inet_ntop(address->family == 4 ? AF_INET : AF_INET6, address->bytes, text,
			 PR_ADDRESS_TEXT_SIZE);
}

bool pr_address_embedded(const struct pr_address *address, struct pr_address *ret_inner)
{
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b }, sixtofour[2] = { 0x20, 0x02 };
	size_t at;

	if (address->family != 6)
		return false;
	if (memcmp(address->bytes, nat64, sizeof(nat64)) == 0)
		at = sizeof(nat64);
	else if (memcmp(address->bytes, sixtofour, sizeof(sixtofour)) == 0)
		at = sizeof(sixtofour);
	else
		return false;
	*ret_inner = pr_address_v4(address->bytes + at);
	return true;
}

bool pr_address_equal(const struct pr_address *a, const struct pr_address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, 16) == 0;
}

uint64_t pr_address_hash(const struct pr_address *address)
{
	return pr_hash(address, sizeof(*address));
}

static int prefix_len_parse(const char *text, unsigned int max, uint8_t *ret_len)
{
	unsigned int len = 0;

	if (!*text || strlen(text) > 3)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		len = len * 10 + (unsigned int)(*text - '0');
	}
	if (len > max)
		return -EINVAL;
	*ret_len = (uint8_t)len;
	return 0;
}

int pr_prefix_parse(const char *text, struct pr_prefix *ret_prefix)
{
	const char *slash = strchr(text, '/');
	char head[PR_ADDRESS_TEXT_SIZE];
	struct pr_address address;
	uint8_t len;
	int r;

	if (!slash) {
		r = pr_address_parse(text, &address);
		if (r < 0)
			return r;
		*ret_prefix = (struct pr_prefix){ address, address.family == 4 ? 32 : 128 };
		return 0;
	}
	if ((size_t)(slash - text) >= sizeof(head))
		return -EINVAL;
	memcpy(head, text, (size_t)(slash - text));
	head[slash - text] = '\0';
	r = pr_address_parse(head, &address);
	if (r < 0)
		return r;
	/* ::ffff:192.0.2.0/120 is 192.0.2.0/24 */
	if (address.family == 4 && strchr(head, ':')) {
		r = prefix_len_parse(slash + 1, 128, &len);
		if (r < 0 || len < 96)
			return -EINVAL;
		len -= 96;
	} else {
		r = prefix_len_parse(slash + 1, address.family == 4 ? 32 : 128, &len);
		if (r < 0)
			return r;
	}
	*ret_prefix = (struct pr_prefix){ pr_address_mask(&address, len), len };
	return 0;
}

const char *pr_prefix_format(const struct pr_prefix *prefix, char *text)
{
	char address[PR_ADDRESS_TEXT_SIZE];

	snprintf(text, PR_PREFIX_TEXT_SIZE, "%s/%u", pr_address_format(&prefix->address, address),
		 prefix->len);
	return text;
}

struct pr_address pr_address_mask(const struct pr_address *address, unsigned int len)
{
	struct pr_address masked = { .family = address->family };

	if (len > 128)
		len = 128;
	memcpy(masked.bytes, address->bytes, len / 8);
	if (len % 8)
		masked.bytes[len / 8] = address->bytes[len / 8] & (uint8_t)(0xff00 >> (len % 8));
	return masked;
}

bool pr_prefix_contains(const struct pr_prefix *prefix, const struct pr_address *address)
{
	struct pr_address masked = pr_address_mask(address, prefix->len);

	return pr_address_equal(&masked, &prefix->address);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes DNS messages for tests, record by record. */
#pragma once

#include "base/cursor.h"
#include "dns/message.h"

#include <arpa/inet.h>
#include <string.h>

struct built {
	uint8_t bytes[PR_DNS_MESSAGE_MAX];
	struct pr_writer writer;
};

static inline void built_name(struct built *built, const char *text)
{
	struct pr_dns_name name;

	pr_assert(pr_dns_name_from_text(text, &name) == 0);
	pr_write_bytes(&built->writer, name.wire, name.len);
}

/* Header and question; counts are kept by what is added: section 0 to 2. */
static inline void built_begin(struct built *built, uint16_t flags, const char *name, uint16_t type)
{
	built->writer = pr_writer(built->bytes, sizeof(built->bytes));
	pr_write_u16(&built->writer, 0x1234);
	pr_write_u16(&built->writer, flags);
	pr_write_u16(&built->writer, 1);
	pr_write_u32(&built->writer, 0);
	pr_write_u16(&built->writer, 0);
	built_name(built, name);
	pr_write_u16(&built->writer, type);
	pr_write_u16(&built->writer, PR_DNS_CLASS_IN);
}

static inline void built_record(struct built *built, unsigned int section, const char *owner,
				uint16_t type, uint32_t ttl, const void *data, size_t len)
{
	uint8_t *n = built->bytes + 6 + 2 * section;

	n[1]++;
	n[0] += n[1] == 0;
	built_name(built, owner);
	pr_write_u16(&built->writer, type);
	pr_write_u16(&built->writer, PR_DNS_CLASS_IN);
	pr_write_u32(&built->writer, ttl);
	pr_write_u16(&built->writer, (uint16_t)len);
	pr_write_bytes(&built->writer, data, len);
}

static inline void built_address(struct built *built, unsigned int section, const char *owner,
				 const char *address)
{
	uint8_t bytes[16];
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;

	pr_assert(inet_pton(family, address, bytes) == 1);
	built_record(built, section, owner, family == AF_INET ? PR_DNS_TYPE_A : PR_DNS_TYPE_AAAA,
		     300, bytes, family == AF_INET ? 4 : 16);
}

static inline void built_cname(struct built *built, const char *owner, const char *target)
{
	struct pr_dns_name name;

	pr_assert(pr_dns_name_from_text(target, &name) == 0);
	built_record(built, 0, owner, PR_DNS_TYPE_CNAME, 60, name.wire, name.len);
}

/* A question with EDNS as a client sends it. */
static inline void built_question(struct built *built, uint16_t flags, const char *name,
				  uint16_t type, uint16_t udp_size, bool dnssec_ok)
{
	built_begin(built, flags, name, type);
	if (!udp_size)
		return;
	built->bytes[11] = 1;
	pr_write_u8(&built->writer, 0);
	pr_write_u16(&built->writer, PR_DNS_TYPE_OPT);
	pr_write_u16(&built->writer, udp_size);
	pr_write_u32(&built->writer, dnssec_ok ? 0x8000 : 0);
	pr_write_u16(&built->writer, 0);
}

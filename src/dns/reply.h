/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies of our own making: denials, failures, and what is known here of addresses that stand for names. Pure. */
#pragma once

#include "base/address.h"
#include "dns/message.h"

/* Extended DNS errors (RFC 8914) that we give. */
enum pr_dns_ede {
	PR_DNS_EDE_NONE = -1,
	PR_DNS_EDE_OTHER = 0,
	PR_DNS_EDE_NOT_READY = 14,
	PR_DNS_EDE_BLOCKED = 15,
	PR_DNS_EDE_FILTERED = 17,
	PR_DNS_EDE_PROHIBITED = 18,
	PR_DNS_EDE_NOT_SUPPORTED = 21,
	PR_DNS_EDE_NO_REACHABLE_AUTHORITY = 22,
	PR_DNS_EDE_NETWORK_ERROR = 23,
	PR_DNS_EDE_SYNTHESIZED = 29, /* IANA: the answer was made by who gives it */
};

#define PR_DNS_EDE_TEXT_MAX  180 /* bytes; a longer one is cut: the whole fits 512 */
#define PR_DNS_BLOCKED_TTL_S 10	 /* how long a client may keep a denial: rules change */
/* Largest reply of this header. */
#define PR_DNS_REPLY_MAX 1024

enum pr_dns_denial {
	PR_DNS_DENIAL_NXDOMAIN, /* with an SOA that says for how long (RFC 2308, 5) */
	PR_DNS_DENIAL_ZERO,	/* 0.0.0.0 and ::, other types: no data */
	PR_DNS_DENIAL_REFUSED,
	PR_DNS_DENIAL_NODATA, /* with the same SOA */
};

/* `ede` says why: PR_DNS_EDE_BLOCKED or _FILTERED. The bytes written; `size` is at least PR_DNS_REPLY_MAX. `text` may be NULL. The extended error goes to
 * clients with EDNS only. */
size_t pr_dns_write_denial(const struct pr_dns_question *question, enum pr_dns_denial denial,
			   int ede, const char *text, uint8_t *reply, size_t size);
size_t pr_dns_write_failure(const struct pr_dns_question *question, enum pr_dns_rcode rcode,
			    int ede, const char *text, uint8_t *reply, size_t size);
/* One record of the name asked for: A or AAAA with an address, PTR with a name. As above. */
size_t pr_dns_write_address(const struct pr_dns_question *question,
			    const struct pr_address *address, uint32_t ttl_s, int ede,
			    const char *text, uint8_t *reply, size_t size);
size_t pr_dns_write_pointer(const struct pr_dns_question *question, const struct pr_dns_name *name,
			    uint32_t ttl_s, int ede, const char *text, uint8_t *reply, size_t size);
/* A record of the name asked for, which stands first in the message. */
void pr_dns_write_answer_record(struct pr_writer *writer, uint16_t type, uint32_t ttl_s,
				const void *data, uint16_t len);
/* OPT of a reply, with an extended error (`ede` also of codes not named above) unless NONE; nothing for a client without EDNS. The number of records
 * written (0 or 1). `rcode` is the full one. */
unsigned int pr_dns_write_opt(struct pr_writer *writer, const struct pr_dns_question *question,
			      unsigned int rcode, int ede, const char *text);

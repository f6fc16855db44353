/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an answer says, and what of it an application may have. An answer comes from upstream, in wire
 * format; nothing in it is believed beyond its bounds. Pure.
 */
#pragma once

#include "base/address.h"
#include "dns/message.h"
#include "dns/reply.h"

/* Names of a chain, with the one asked for; as many as a subject has candidates, for every one is decided on. A longer
 * chain is refused (resolvers follow 8 to 20 aliases). */
#define PR_DNS_CHAIN_MAX 32
/* CNAME records of an answer, those included that belong to no chain: each step of a chain looks through them. More are
 * refused. */
#define PR_DNS_ALIASES_MAX 64
/* A, AAAA and address hints of an answer, each of which is decided on; those beyond are left out. */
#define PR_DNS_ADDRESSES_MAX   512
#define PR_DNS_CHAIN_TEXT_SIZE 8192 /* of all names of a chain together */

/* Large: where it is a variable, it is PR_UNINITIALIZED. */
struct pr_dns_facts {
	enum pr_dns_rcode rcode;
	bool has_addresses; /* an A, an AAAA or an address hint in the answer section */
	uint32_t min_ttl_s; /* over the answer section; without records 0 */
	/* The extended error that came with it (RFC 8914; the first), which the reply repeats. */
	int ede;				/* PR_DNS_EDE_NONE where there is none */
	char ede_text[PR_DNS_EDE_TEXT_MAX + 1]; /* what is not printable stands as "?" */
	/* The name asked for, then the targets of CNAME in order (a DNAME comes with the CNAME that it makes:
	 * RFC 6672, 3.1); canonical. */
	const char *names[PR_DNS_CHAIN_MAX];
	unsigned int n_names;
	char text[PR_DNS_CHAIN_TEXT_SIZE]; /* what `names` points into */
};

enum pr_dns_answer_outcome {
	PR_DNS_ANSWER_MALFORMED = 1, /* not a response to this question, or lying lengths */
	PR_DNS_ANSWER_CHAIN,	     /* longer than the limits above, or a loop */
	PR_DNS_ANSWER_DENIED,	     /* filter: of what was asked for nothing is left */
	PR_DNS_ANSWER_TOO_LONG,	     /* filter: does not fit 65535 bytes */
};

/* 0, MALFORMED or CHAIN. `ret_facts` points into itself: not to be copied. */
PR_MUST_USE int pr_dns_read_facts(const struct pr_dns_question *question, const uint8_t *answer,
				  size_t len, struct pr_dns_facts *ret_facts);

/* The addresses of A and AAAA records of the chain's names, up to `n_max`; how many. Of an answer whose facts were
 * read. */
unsigned int pr_dns_read_addresses(const struct pr_dns_facts *facts, const uint8_t *answer,
				   size_t len, struct pr_address *ret_addresses,
				   unsigned int n_max);

/* Is it one of the chain's names? */
bool pr_dns_is_of_chain(const struct pr_dns_facts *facts, const struct pr_dns_name *name);

/* What the filter asks about an answer. The same question may come twice; the answer has to be the same. */
struct pr_dns_judge {
	void *context;
	/* May the application have this address? Asked for every A, AAAA and address hint of SVCB and HTTPS
	 * (RFC 9460, 7.3) in the answer section. */
	bool (*address)(void *context, const struct pr_address *address);
	/* May it have this name as the target of an SVCB or HTTPS record? Canonical. */
	bool (*target)(void *context, const char *name);
	/* An address of the answer section that stays; NULL where nobody wants to know. */
	void (*given)(void *context, const struct pr_address *address, uint32_t ttl_s);
};

/*
 * Writes the reply to `question` from an upstream's answer without what the judge denies. All else passes,
 * whatever its type; id, case of the question, RD and CD are the question's, OPT is ours. Left out:
 *   - of the answer section what belongs to names that are not of the chain, and addresses and SVCB outside of it: the
 *     client asks for these itself, and is decided upon;
 *   - signatures of changed sets, and all of DNSSEC where the client did not ask for it (RFC 4035, 3.2.1).
 * What does not fit `limit` is truncated (TC; RFC 2181, 9), after the additional records, without TC.
 * An answer that loses all of the type asked for is DENIED. 0 or an outcome; with an outcome `reply` holds
 * nothing of use. `size` is at least `limit`, `limit` at least 512.
 */
PR_MUST_USE int pr_dns_filter(const struct pr_dns_question *question,
			      const struct pr_dns_facts *facts, const uint8_t *answer, size_t len,
			      const struct pr_dns_judge *judge, size_t limit, uint8_t *reply,
			      size_t size, size_t *ret_len);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A question as it is sent to an upstream, and whether bytes that come back are the answer to it. Who can't see the
 * question has to guess what no two questions share: the port (the socket's), the id, and which letters of the name are
 * capital (draft-vixie-dnsext-dns0x20). Pure: what is drawn is drawn by the caller.
 */
#pragma once

#include "dns/message.h"

struct pr_dns_asked {
	uint16_t id;
	struct pr_dns_name name; /* as it is sent */
	uint16_t type, class_;
	uint16_t flags; /* of PR_DNS_FLAG_AD and PR_DNS_FLAG_CD */
	bool edns, dnssec_ok;
};

/* One bit for each byte of a name. */
#define PR_DNS_CASE_LEN ((PR_DNS_NAME_MAX + 7) / 8)

/* `random`: drawn anew for each question; NULL = the name in lower case. */
struct pr_dns_asked pr_dns_asked(const struct pr_dns_question *question, uint16_t id,
				 const uint8_t random[PR_DNS_CASE_LEN]);

/* Header, question and OPT: at most PR_DNS_ASKED_MAX bytes. The bytes written. */
#define PR_DNS_ASKED_MAX (PR_DNS_HEADER_LEN + PR_DNS_NAME_MAX + 4 + 11)
size_t pr_dns_asked_write(const struct pr_dns_asked *asked, uint8_t *bytes, size_t size);

enum pr_dns_heard {
	PR_DNS_HEARD_ANSWER,
	PR_DNS_HEARD_CUT, /* TC: all of it is to be had over TCP */
	PR_DNS_HEARD_CASE, /* all but the case of the name: an upstream that doesn't keep it, or half a guess */
	PR_DNS_HEARD_BARE, /* a failure that doesn't repeat the question (RFC 1035, 4.1.1: FORMERR) */
	PR_DNS_HEARD_NOT_OURS, /* not a response to this question */
};

/* Looks at header and question; whether the records are whole is found by who reads them. */
enum pr_dns_heard pr_dns_asked_heard(const struct pr_dns_asked *asked, const uint8_t *bytes,
				     size_t len);

/* Makes of an ANSWER one to `question`: its id and the case of its name, which pointers in the records
 * lead to. */
void pr_dns_asked_restore(const struct pr_dns_question *question, uint8_t *bytes, size_t len);

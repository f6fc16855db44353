/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the packets of a link have shown of it (docs/inspection.md). Filled by the inspectors, looked at by
 * checks and by those who display. A plain value; it borrows nothing but `why`.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What both ends speak, proven by what they sent and by no port. */
enum pr_speaks {
	PR_SPEAKS_UNKNOWN, /* not seen yet, or nothing that an inspector knows */
	PR_SPEAKS_TLS,
	PR_SPEAKS_DTLS,
	PR_SPEAKS_QUIC,
	PR_SPEAKS_HTTP, /* 1.x, and 2 with prior knowledge */
	PR_SPEAKS_SSH,
	PR_SPEAKS_DNS,
	PR_SPEAKS_SMTP,
	PR_SPEAKS_IMAP,
	PR_SPEAKS_POP3,
	PR_SPEAKS_FTP,
	PR_SPEAKS_POSTGRESQL,
	PR_SPEAKS_WIREGUARD,
	PR_SPEAKS_STUN,
	PR_SPEAKS_NTP,
	PR_SPEAKS_MDNS,
	PR_SPEAKS_SSDP,
	PR_SPEAKS_DHCP,
	PR_SPEAKS_COUNT_,
};

enum pr_encryption {
	PR_ENCRYPTION_UNKNOWN, /* not proven either way */
	PR_ENCRYPTION_NO,
	PR_ENCRYPTION_YES,
};

/* Of `flags`. */
#define PR_SEEN_ECH 0x001u /* the names are the outer ones (encrypted ClientHello) */
#define PR_SEEN_UPGRADED \
	0x002u /* began in plaintext and went over to TLS (STARTTLS, AUTH TLS, …) */
#define PR_SEEN_NAMELESS 0x004u /* TLS, DTLS or QUIC without a server name */
#define PR_SEEN_OLD \
	0x008u /* a version that RFC 8996 or RFC 7568 forbids: below TLS 1.2, DTLS 1.0 */
#define PR_SEEN_CERTIFICATE 0x010u /* the server's certificate was visible; its fields hold */
#define PR_SEEN_SELF_ISSUED 0x020u /* its issuer is its subject */
#define PR_SEEN_CONTRADICTS \
	0x040u /* the same bytes of the stream came twice and differed, or different names were
		  asked for where there is one: none of them is proven then */
#define PR_SEEN_LATE  0x080u /* the link's beginning was not seen */
#define PR_SEEN_LIMIT 0x100u /* a limit ended the inspection (inspection/limits.h) */

#define PR_SEEN_INCOMPLETE \
	0x200u /* it may ask for names that aren't among these: there were more than are kept, bytes that came twice and
		  differed, or the server never said that it has those that named it */

#define PR_SEEN_NAMES_MAX 4 /* further ones are not kept: PR_SEEN_INCOMPLETE */
#define PR_SEEN_NAME_SIZE 256
#define PR_SEEN_ALPN_SIZE 64
#define PR_SEEN_TEXT_SIZE 128

struct pr_seen {
	/* PR_FACT_SPEAKS, …_ENCRYPTION, …_NAME, …_CERTIFICATE: those that nothing further changes. One that is
	 * settled without a value (no name, no certificate, unknown) is settled all the same. */
	unsigned int settled;
	uint8_t speaks;	    /* enum pr_speaks */
	uint8_t encryption; /* enum pr_encryption */
	uint16_t flags;	    /* PR_SEEN_… */
	const char *why; /* what `encryption` rests on: a sentence's end, static; NULL = not said */
	char version[16]; /* "1.3", "v1", "2.0", …; "" = none */

	unsigned int n_names; /* that the client asked for, in its order; canonical */
	char names[PR_SEEN_NAMES_MAX][PR_SEEN_NAME_SIZE];
	char alpn[PR_SEEN_ALPN_SIZE]; /* as offered, with commas; longer lists end at a comma */
	char alpn_chosen[PR_SEEN_ALPN_SIZE]; /* by the server, where it is visible */
	char ja4[40];			     /* "" = none */

	/* With PR_SEEN_CERTIFICATE. */
	char certificate_name
		[PR_SEEN_NAME_SIZE];	   /* the first DNS name, else the subject's common name */
	char issuer[PR_SEEN_TEXT_SIZE];	   /* its common name, else its organisation */
	int64_t not_before_s, not_after_s; /* since 1970 */
};

/* Can it be spoken over TCP (6), UDP (17)? Over nothing else. */
bool pr_speaks_over(enum pr_speaks speaks, uint8_t proto);
/* Is the protocol (ALPN) among those offered, or the one that was chosen? */
bool pr_seen_offers(const struct pr_seen *seen, const char *alpn);
const char *pr_speaks_name(enum pr_speaks speaks);	       /* "unknown", "tls", "quic", … */
const char *pr_encryption_name(enum pr_encryption encryption); /* "unknown", "no", "yes" */
/* Of such a name, of what is spoken in any case; false when it is none. */
bool pr_speaks_find(const char *name, enum pr_speaks *ret_speaks);
bool pr_encryption_find(const char *name, enum pr_encryption *ret_encryption);

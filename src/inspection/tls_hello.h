/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ClientHello messages (RFC 8446, 4.1.2, and its forerunners), as TLS, DTLS and QUIC carry them: bytes in, facts
 * out. Pure, no allocation.
 */
#pragma once

#include "base/error.h"
#include "network/seen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first letter of a JA4. */
enum pr_tls_over {
	PR_TLS_OVER_TCP = 't',
	PR_TLS_OVER_QUIC = 'q',
	PR_TLS_OVER_DTLS = 'd',
};

enum pr_tls_hello_outcome {
	PR_TLS_HELLO_SHORT = 1, /* a whole one may come of it */
	PR_TLS_HELLO_NONE,	/* no ClientHello, whatever follows */
};

struct pr_tls_slice {
	const uint8_t *bytes; /* borrowed; NULL = not there */
	size_t len;
};

/* Without the lengths in front. */
struct pr_tls_client_hello {
	uint16_t version; /* legacy_version */
	struct pr_tls_slice session_id, cookie /* DTLS alone */, ciphers, compressions;
	struct pr_tls_slice extensions; /* all of them, with types and lengths */
	struct pr_tls_slice server_name, second_server_name /* forbidden; read all the same */;
	struct pr_tls_slice alpn, versions, signatures;
	bool ech;	 /* an encrypted ClientHello stands in it, or what is made to look so */
	bool early_data; /* the client may send data at once */
};

/* The length of the message, its header of four bytes included, from its first four; 0: `len` is less, or it is no
 * ClientHello. */
size_t pr_tls_client_hello_len(const uint8_t *message, size_t len);
/* `message` begins with the message's header: type and length. `datagram`: DTLS, with a cookie; the header is TLS's all the
 * same. What stands behind the message is not looked at. 0 or an outcome. */
PR_MUST_USE int pr_tls_client_hello_parse(const uint8_t *message, size_t len, bool datagram,
					  struct pr_tls_client_hello *ret_hello);
/* Writes names, ALPN, JA4 and flags of the hello into *seen: PR_SEEN_ECH, …_NAMELESS, …_CONTRADICTS (more than one name;
 * none of them is proven then), …_OLD (it offers nothing that isn't). Settles nothing. */
void pr_tls_client_hello_show(const struct pr_tls_client_hello *hello, enum pr_tls_over over,
			      struct pr_seen *seen);
/* Does a further hello, which the server asked for, ask for the names that *seen has of the first (RFC 8446, 4.1.2)? Otherwise
 * its names are added: the two contradict each other. */
bool pr_tls_client_hello_repeats(const struct pr_tls_client_hello *hello, struct pr_seen *seen);
/* Is `version` among what the hello offers? */
bool pr_tls_client_hello_offers(const struct pr_tls_client_hello *hello, uint16_t version);

/* Values that stand for nothing, so that servers learn to skip what they don't know (RFC 8701). */
static inline bool pr_tls_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* The host name of `len` bytes as names stand here: lower case, without the final dot. False: it is none (an address,
 * characters that no host name has, too long). `ret_name` is untouched then. */
bool pr_tls_host_name(const uint8_t *bytes, size_t len, char ret_name[PR_SEEN_NAME_SIZE]);
/* Adds a name to those of *seen unless it is there. Two different ones contradict each other. */
void pr_tls_add_name(struct pr_seen *seen, const char *name);
/* A list of protocol names (RFC 7301, 3.1), each with its length in front, as a text with commas. */
void pr_tls_alpn_text(const uint8_t *list, size_t len, char ret_text[PR_SEEN_ALPN_SIZE]);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server answers to a ClientHello; TLS and DTLS alike. */
#pragma once

#include "inspection/inspector.h"
#include "inspection/tls_hello.h"

struct pr_tls_server_hello {
	uint16_t version; /* what it chose; supported_versions counts, where it is there */
	uint16_t cipher;
	uint8_t compression;
	bool retry;	 /* a HelloRetryRequest (RFC 8446, 4.1.4) */
	bool downgraded; /* it could do more than what the hello that reached it offered (4.1.3) */
	struct pr_tls_slice session_id, alpn;
};

/* `message` with its header. 0, PR_TLS_HELLO_SHORT or PR_TLS_HELLO_NONE. */
PR_MUST_USE int pr_tls_server_hello_parse(const uint8_t *message, size_t len, bool datagram,
					  struct pr_tls_server_hello *ret_hello);
/* Could the client go on with it: version, cipher, compression and session ID as it offered them. */
bool pr_tls_server_hello_fits(const struct pr_tls_server_hello *server,
			      const struct pr_tls_client_hello *client);
/* Writes version, flags and the chosen ALPN into *seen, and what the cipher is worth: encryption, `why`, settled.
 * PR_FACT_CERTIFICATE is settled where it will not be visible. */
void pr_tls_server_hello_show(const struct pr_tls_server_hello *hello, bool datagram,
			      struct pr_seen *seen);
/* Once that is shown and the certificate was looked for: DONE, or GOES_ON, with encryption open again until it has come. */
enum pr_look pr_tls_until_certificate(struct pr_seen *seen);

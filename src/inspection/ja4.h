/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JA4, the fingerprint of a TLS client by what its ClientHello offers (FoxIO's published description, BSD licence). */
#pragma once

#include "inspection/tls_hello.h"

#define PR_JA4_SIZE 37 /* "t13d1516h2_8daaf6152771_e5627efa2ab1" */

/* "" where the hello offers more than PR_JA4_CODES_MAX ciphers or extensions. */
void pr_ja4(const struct pr_tls_client_hello *hello, enum pr_tls_over over,
	    char ret_ja4[PR_JA4_SIZE]);

/* Ciphers, extensions and signature algorithms that are hashed at most. Clients that offer all that OpenSSL has come to
 * 200. */
#define PR_JA4_CODES_MAX 512

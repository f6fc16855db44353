/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a cipher suite is worth as encryption. */
#pragma once

#include <stdint.h>

enum pr_tls_cipher_kind {
	PR_TLS_CIPHER_ENCRYPTS,
	PR_TLS_CIPHER_NULL,	 /* keeps nothing secret */
	PR_TLS_CIPHER_EXPORT,	 /* keys of 40 or 56 bits, as the law once wanted */
	PR_TLS_CIPHER_ANONYMOUS, /* to whom isn't known */
};

enum pr_tls_cipher_kind pr_tls_cipher_kind(uint16_t cipher);

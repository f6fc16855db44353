/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * X.509 certificates (RFC 5280), as far as they are shown and compared: names, issuer, validity. Nothing of them is
 * verified: who wants that has the application do it.
 */
#pragma once

#include "network/seen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads one certificate in DER into *seen: its fields and PR_SEEN_CERTIFICATE, …_SELF_ISSUED. False: it is none that can be
 * read; *seen is untouched then. */
bool pr_certificate_read(const uint8_t *der, size_t len, struct pr_seen *seen);

/* The first certificate of a Certificate message of TLS or DTLS up to 1.2 (RFC 5246, 7.4.2), whose header is not part of
 * `body`. */
enum pr_certificate_outcome {
	PR_CERTIFICATE_READ,
	PR_CERTIFICATE_SHORT, /* it isn't whole */
	PR_CERTIFICATE_NONE,
};
enum pr_certificate_outcome pr_certificate_first(const uint8_t *body, size_t len,
						 struct pr_seen *seen);

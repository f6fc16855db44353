/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stream that the CRYPTO frames of one end make, in whatever order and overlap they come (RFC 9000, 19.6). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pieces with a gap between them; more at a time are not kept. Chromium sends its ClientHello in up to 30. */
#define PR_QUIC_PIECES_MAX 64

struct pr_quic_crypto {
	uint8_t *bytes; /* the caller's; need not be initialized */
	uint32_t size;
	struct {
		uint32_t begin, end;
	} pieces[PR_QUIC_PIECES_MAX]; /* in order; none touches the next */
	unsigned int n_pieces;
	bool contradicts; /* the same bytes came twice and differed; the first ones stand */
	bool limit;	  /* something was left out */
};

void pr_quic_crypto_init(struct pr_quic_crypto *crypto, uint8_t *bytes, uint32_t size);
void pr_quic_crypto_add(struct pr_quic_crypto *crypto, uint64_t offset, const uint8_t *bytes,
			size_t len);
/* What is there from the first byte on, without gaps. */
uint32_t pr_quic_crypto_len(const struct pr_quic_crypto *crypto);

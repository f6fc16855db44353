/* SPDX-License-Identifier: GPL-3.0-or-later */
/* QUIC packets and frames, made by hand and protected. */
#pragma once

#include "inspection/quic_keys.h"

struct quic_build {
	uint32_t version;
	struct pr_quic_cid keys_of, dcid, scid;
	bool server;
	const uint8_t *token;
	size_t token_len;
};

struct pr_quic_cid quic_build_cid(const char *hex);
void quic_build_varint(struct pr_writer *writer, uint64_t value);
/* A CRYPTO frame. */
void quic_build_crypto(struct pr_writer *frames, uint64_t offset, const uint8_t *bytes, size_t len);
/* PADDING up to `len` bytes of frames. */
void quic_build_pad(struct pr_writer *frames, size_t len);
/* An Initial with these frames (at least 4 bytes), its number in `number_len` bytes. */
void quic_build_initial(struct pr_writer *datagram, const struct quic_build *build, uint64_t number,
			unsigned int number_len, const uint8_t *frames, size_t len);
/* A long header of another kind with what looks like a protected payload. */
void quic_build_long(struct pr_writer *datagram, const struct quic_build *build,
		     enum pr_quic_kind kind, size_t len);
/* The Retry to an Initial that went to `asked`. */
void quic_build_retry(struct pr_writer *datagram, const struct quic_build *build,
		      const struct pr_quic_cid *asked);

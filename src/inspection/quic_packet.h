/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QUIC packets as they stand in a datagram: long and short headers (RFC 8999, RFC 9000 17, RFC 9369 3), and the
 * frames of an Initial packet once its protection is off. Pure.
 */
#pragma once

#include "base/cursor.h"

#define PR_QUIC_V1	   0x00000001u
#define PR_QUIC_V2	   0x6b3343cfu /* RFC 9369, 3.1 */

#define PR_QUIC_CID_MAX	   20 /* RFC 9000, 17.2; of versions that we know */
#define PR_QUIC_FRAMES_MAX 64 /* CRYPTO frames of one packet; one with more is left out */

enum pr_quic_kind {
	PR_QUIC_INITIAL,
	PR_QUIC_ZERO_RTT,
	PR_QUIC_HANDSHAKE,
	PR_QUIC_RETRY,
	PR_QUIC_NEGOTIATION, /* version negotiation */
	PR_QUIC_SHORT,	     /* no length: the rest of the datagram */
	PR_QUIC_OTHER_VERSION, /* long header of a version that we don't know; the rest of the datagram */
};

struct pr_quic_cid {
	uint8_t len;
	uint8_t bytes[PR_QUIC_CID_MAX];
};

struct pr_quic_packet {
	enum pr_quic_kind kind;
	uint32_t version;	       /* of long headers */
	struct pr_quic_cid dcid, scid; /* of long headers */
	const uint8_t *bytes;	       /* the packet's first byte; borrowed from the datagram */
	size_t len;		       /* of the whole packet */
	size_t number_at; /* Initial, 0-RTT, Handshake: where the packet number begins */
};

/* The next of a datagram's coalesced packets; false where there is none, or what stands there is no packet. */
bool pr_quic_next_packet(struct pr_reader *datagram, struct pr_quic_packet *ret_packet);
bool pr_quic_cid_equal(const struct pr_quic_cid *a, const struct pr_quic_cid *b);
/* The number that is nearest to the one expected next (RFC 9000, A.3). `largest`: so far; -1 = none. */
uint64_t pr_quic_packet_number(int64_t largest, uint32_t truncated, unsigned int n_bytes);

struct pr_quic_crypto_frame {
	uint64_t offset;
	const uint8_t *bytes;
	size_t len;
};

struct pr_quic_frames {
	struct pr_quic_crypto_frame crypto[PR_QUIC_FRAMES_MAX];
	unsigned int n_crypto;
};

/* The frames of an Initial packet; false where one stands there that may not (RFC 9000, 12.4), or none at all. */
bool pr_quic_read_frames(const uint8_t *plain, size_t len, struct pr_quic_frames *ret_frames);

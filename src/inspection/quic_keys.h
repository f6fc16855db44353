/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Initial packets' protection (RFC 9001, 5; RFC 9369, 3.3). Its keys follow from the connection id that the client
 * chose, so that whoever sees the packet can read it. It proves that both ends speak QUIC, and hides nothing.
 */
#pragma once

#include "inspection/quic_packet.h"

#include <nettle/gcm.h>

struct pr_quic_keys {
	uint8_t key[16], iv[12], hp[16];
};

/* Those of one end's Initial packets. */
struct pr_quic_protection {
	uint8_t iv[12];
	struct aes128_ctx header;
	struct gcm_aes128_ctx payload;
};

/* `version`: PR_QUIC_V1 or PR_QUIC_V2. `cid`: the destination of the client's first Initial, or the source of the Retry. */
void pr_quic_initial_keys(uint32_t version, const struct pr_quic_cid *cid, bool server,
			  struct pr_quic_keys *ret_keys);
void pr_quic_protection_init(struct pr_quic_protection *protection,
			     const struct pr_quic_keys *keys);
/* Takes the protection off an Initial packet. `largest`: the end's largest packet number so far, -1 = none. `plain` holds
 * packet->len bytes. False where the tag isn't right, or the reserved bits aren't zero. */
bool pr_quic_open(struct pr_quic_protection *protection, const struct pr_quic_packet *packet,
		  int64_t largest, uint8_t *plain, size_t *ret_len, uint64_t *ret_number);
/* Is it the answer to an Initial with this destination (RFC 9001, 5.8)? */
bool pr_quic_retry_is_sound(const struct pr_quic_packet *retry, const struct pr_quic_cid *dcid);

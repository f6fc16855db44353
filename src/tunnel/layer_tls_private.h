/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What layer_tls.c and layer_tls_handshake.c share. */
#pragma once

#include "tunnel/tls.h"

struct pr_tls_layer {
	struct pr_layer layer;
	struct pr_layer *below;
	struct pr_tls *tls;
	struct pr_tls_peer *peer;
	SSL *ssl;
	uint8_t *out; /* NULL: nothing is kept */
	uint32_t out_len, out_sent;
	int error; /* of the layer below, -errno; 0 = none */
	bool below_ended;
	bool wants_write, wants_read; /* who stands above waits until what is kept is sent */
	bool shut;
	bool failed; /* as far as TLS is concerned */
	bool *gone;  /* told when it is freed meanwhile */
	/* lingering: */
	struct event *linger;
	LIST_ENTRY(pr_tls_layer) link;
};

/* Whose certificate it must be, a name or an address. */
void pr_layer_tls_expect(SSL *ssl, const char *host);

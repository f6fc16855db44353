/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes instead of a server's records, before and within the handshake of TLS. */
#include "network/tunnel.h"
#include "tunnel/tls.h"

#include "../memory_layer.h"
#include "../target.h"

#define ROUNDS 64

static void on_told(void *context)
{
	(void)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct pr_layer_events events = { .readable = on_told, .writable = on_told };
	static struct event_base *base;
	static struct pr_tls tls;
	struct memory_layer *memory = memory_layer(bytes, len);
	char why[PR_TUNNEL_WHY_MAX + 1] = "";
	struct pr_tls_peer *peer;
	struct pr_layer *layer;
	uint8_t read[1000];
	const char *reason;
	int r = -EAGAIN;

	if (!base) {
		base = event_base_new();
		pr_tls_init(&tls, base);
	}
	peer = pr_tls_peer(&tls, "key");
	layer = pr_layer_tls(&tls, &memory->layer, "far.example", "", peer, &reason);
	if (!layer) {
		free(memory);
		pr_tls_peer_release(peer);
		return 0;
	}
	pr_layer_listen(layer, &events, NULL);
	for (unsigned int i = 0; i < ROUNDS && r == -EAGAIN; i++) {
		r = pr_layer_tls_handshake(layer, "far.example", why);
		memory_tell(memory);
	}
	pr_assert(r != -EPROTO || why[0]);
	(void)pr_layer_read(layer, read, sizeof(read));
	(void)pr_layer_write(layer, read, sizeof(read));
	pr_layer_free(layer, len & 1);
	pr_tls_cut_lingering(&tls);
	pr_tls_peer_release(peer);
	return 0;
}

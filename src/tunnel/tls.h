/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS to proxies: whom certificates must be by, what is remembered of a peer, and the layer itself. Of the room itself.
 */
#pragma once

#include "tunnel/layer.h"

#include <openssl/ssl.h>
#include <sys/queue.h>

#define PR_TLS_PEERS_MAX     256 /* remembered; who was not asked for longest is forgotten */
#define PR_TLS_LINGERING_MAX 256 /* layers that still send; more are cut off */
#define PR_TLS_LINGER_S	     10
#define PR_TLS_OUT_MAX	     65536 /* bytes waiting for the layer below, before nothing more is read */

/* A server with an account, as the key of trunks has it. */
struct pr_tls_peer {
	TAILQ_ENTRY(pr_tls_peer) link;
	unsigned int n_refs;
	SSL_SESSION *session; /* to be resumed; NULL = none */
	bool speaks_http1;    /* chosen the last time */
	char key[];
};

struct pr_tls_authorities;
struct pr_tls_layer;

struct pr_tls {
	struct event_base *base;
	TAILQ_HEAD(pr_tls_peers, pr_tls_peer) peers; /* the last one used first */
	unsigned int n_peers;
	LIST_HEAD(, pr_tls_authorities) authorities;
	LIST_HEAD(, pr_tls_layer) lingering;
	unsigned int n_lingering;
};

/* The system's certificates are read here. */
void pr_tls_init(struct pr_tls *tls, struct event_base *base);
void pr_tls_done(struct pr_tls *tls);
/* What was read and remembered is forgotten, but for the system's certificates. */
void pr_tls_renew(struct pr_tls *tls);
/* Layers that were freed and still send; whoever frees what they lie over calls it before. */
void pr_tls_cut_lingering(struct pr_tls *tls);

/* Counted. */
struct pr_tls_peer *pr_tls_peer(struct pr_tls *tls, const char *key);
void pr_tls_peer_release(struct pr_tls_peer *peer); /* takes NULL */

/* Of those whose certificates stand in `ca`: a path; "" = the system's. Borrowed;
 * NULL with a sentence. */
SSL_CTX *pr_tls_context(struct pr_tls *tls, const char *ca, const char **ret_why);

/* To `host`, a name or an address. Takes `below` and counts the peer; NULL, with a sentence, and nothing is taken. */
struct pr_layer *pr_layer_tls(struct pr_tls *tls, struct pr_layer *below, const char *host,
			      const char *ca, struct pr_tls_peer *peer, const char **ret_why);
/* 0 when it is over, -EAGAIN, or -EPROTO with a sentence in `why`, of PR_TUNNEL_WHY_MAX + 1 bytes; `host` as above. */
PR_MUST_USE int pr_layer_tls_handshake(struct pr_layer *layer, const char *host, char *why);
/* Then: whether HTTP/2 was agreed on. */
bool pr_layer_tls_is_http2(const struct pr_layer *layer);

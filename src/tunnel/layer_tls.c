/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * OpenSSL writes to the layer below by a BIO that takes everything: what the layer below has no room for is kept, and
 * until that is gone nothing more is written. So no record is ever half written as far as OpenSSL knows, and its rules
 * on how a write is repeated don't concern who stands above.
 *
 * A layer that is freed while something is kept lingers until that is sent.
 */
#include "tunnel/layer_tls_private.h"

#include <openssl/err.h>
#include <string.h>

#define RECORD_MAX 16384 /* bytes of a TLS record (RFC 8446, 5.1) */

static struct pr_tls_layer *tls_of(struct pr_layer *layer)
{
	return (struct pr_tls_layer *)layer;
}

/* ---- what OpenSSL reads and writes ---- */

static int bio_read(BIO *bio, char *bytes, int size)
{
	struct pr_tls_layer *tls = BIO_get_data(bio);
	ssize_t n = pr_layer_read(tls->below, bytes, (size_t)size);

	BIO_clear_retry_flags(bio);
	if (n >= 0) {
		tls->below_ended = n == 0;
		return (int)n;
	}
	if (n == -EAGAIN)
		BIO_set_retry_read(bio);
	else
		tls->error = (int)n;
	return -1;
}

static void keep(struct pr_tls_layer *tls, const void *bytes, size_t len)
{
	tls->out = pr_realloc(tls->out, tls->out_len + len, 1);
	memcpy(tls->out + tls->out_len, bytes, len);
	tls->out_len += (uint32_t)len;
}

static int bio_write(BIO *bio, const char *bytes, int len)
{
	struct pr_tls_layer *tls = BIO_get_data(bio);
	ssize_t n = 0;

	BIO_clear_retry_flags(bio);
	if (!tls->out) {
		n = pr_layer_write(tls->below, bytes, (size_t)len);
		if (n == -EAGAIN)
			n = 0;
	}
	if (n < 0) {
		tls->error = (int)n;
		return -1;
	}
	if (n < len)
		keep(tls, bytes + n, (size_t)(len - n));
	return len;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
	const struct pr_tls_layer *tls = BIO_get_data(bio);

	(void)number;
	(void)pointer;
	if (command == BIO_CTRL_EOF)
		return tls->below_ended;
	return command == BIO_CTRL_FLUSH;
}

static BIO *new_bio(struct pr_tls_layer *tls)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (!method) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "layer");
		pr_assert(method && BIO_meth_set_read(method, bio_read) &&
			  BIO_meth_set_write(method, bio_write) &&
			  BIO_meth_set_ctrl(method, bio_control));
	}
	bio = BIO_new(method);
	pr_assert(bio);
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	return bio;
}

/* Sends what is kept: 0, -EAGAIN, or what broke. */
static int flush(struct pr_tls_layer *tls)
{
	while (tls->out_sent < tls->out_len && !tls->error) {
		ssize_t n = pr_layer_write(tls->below, tls->out + tls->out_sent,
					   tls->out_len - tls->out_sent);

		if (n == -EAGAIN)
			return -EAGAIN;
		if (n < 0)
			tls->error = (int)n;
		else
			tls->out_sent += (uint32_t)n;
	}
	if (tls->error)
		return tls->error;
	tls->out_len = tls->out_sent = 0;
	free(PR_TAKE_PTR(tls->out));
	return 0;
}

/* ---- the layer ---- */

static ssize_t tls_read(struct pr_layer *layer, void *bytes, size_t size, bool peek)
{
	struct pr_tls_layer *tls = tls_of(layer);
	size_t n;
	int r;

	if (tls->out_len - tls->out_sent > PR_TLS_OUT_MAX && flush(tls) == -EAGAIN) {
		tls->wants_read = true;
		return -EAGAIN;
	}
	ERR_clear_error();
	r = peek ? SSL_peek_ex(tls->ssl, bytes, size, &n) : SSL_read_ex(tls->ssl, bytes, size, &n);
	if (r == 1)
		return (ssize_t)n;
	switch (SSL_get_error(tls->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		tls->failed = true;
		/* an end that TLS does not vouch for is none of the link's (RFC 8446, 6.1) */
		return tls->error && !tls->below_ended ? tls->error : -ECONNRESET;
	}
}

static ssize_t tls_write(struct pr_layer *layer, const void *bytes, size_t len)
{
	struct pr_tls_layer *tls = tls_of(layer);
	size_t written = 0;
	int r;

	if (tls->shut)
		return -EPIPE;
	r = flush(tls);
	while (r == 0 && written < len && !tls->out) {
		size_t n = len - written < RECORD_MAX ? len - written : RECORD_MAX;

		ERR_clear_error();
		if (SSL_write_ex(tls->ssl, (const uint8_t *)bytes + written, n, &n) != 1)
			r = tls->error ? tls->error : -ECONNRESET;
		else
			written += n;
	}
	if (r < 0 && r != -EAGAIN)
		return r;
	tls->wants_write = written < len;
	return written ? (ssize_t)written : -EAGAIN;
}

/* The connection's own half is over too: some servers look at nothing else. */
static void tls_shutdown(struct pr_layer *layer)
{
	struct pr_tls_layer *tls = tls_of(layer);

	if (tls->shut || tls->error)
		return;
	tls->shut = true;
	ERR_clear_error();
	if (SSL_is_init_finished(tls->ssl))
		(void)SSL_shutdown(tls->ssl);
	if (flush(tls) == 0)
		tls->below->kind->shutdown(tls->below);
}

static void release(struct pr_tls_layer *tls, bool reset)
{
	if (tls->gone)
		*tls->gone = true;
	if (tls->linger) {
		LIST_REMOVE(tls, link);
		tls->tls->n_lingering--;
		event_free(tls->linger);
	}
	/* otherwise OpenSSL takes the session for one that is not to be resumed */
	if (!tls->failed && SSL_is_init_finished(tls->ssl))
		SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(tls->ssl);
	pr_tls_peer_release(tls->peer);
	pr_layer_free(tls->below, reset);
	free(tls->out);
	free(tls);
}

static void on_linger(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	release(context, true);
}

static void linger(struct pr_tls_layer *tls)
{
	static const struct timeval limit = { .tv_sec = PR_TLS_LINGER_S };

	pr_layer_listen(&tls->layer, NULL, NULL);
	tls->linger = evtimer_new(tls->tls->base, on_linger, tls);
	pr_assert(tls->linger);
	event_add(tls->linger, &limit);
	LIST_INSERT_HEAD(&tls->tls->lingering, tls, link);
	tls->tls->n_lingering++;
}

static void tls_free(struct pr_layer *layer, bool reset)
{
	struct pr_tls_layer *tls = tls_of(layer);

	if (!reset)
		tls_shutdown(layer);
	if (!reset && tls->out && !tls->error && tls->tls->n_lingering < PR_TLS_LINGERING_MAX)
		linger(tls);
	else
		release(tls, reset);
}

/* ---- what the layer below tells ---- */

static void on_below_readable(void *context)
{
	struct pr_tls_layer *tls = context;

	if (tls->layer.events)
		tls->layer.events->readable(tls->layer.context);
}

static void on_below_writable(void *context)
{
	struct pr_tls_layer *tls = context;
	bool gone = false, readable;
	int r = flush(tls);

	if (r == -EAGAIN)
		return;
	if (r == 0 && tls->shut)
		tls->below->kind->shutdown(tls->below);
	if (tls->linger) {
		release(tls, r < 0);
		return;
	}
	/* what broke is told by the next read */
	readable = tls->wants_read || r < 0;
	tls->wants_read = false;
	tls->gone = &gone;
	if (tls->wants_write && tls->layer.events) {
		tls->wants_write = false;
		tls->layer.events->writable(tls->layer.context);
	}
	if (gone)
		return;
	tls->gone = NULL;
	if (readable)
		on_below_readable(tls);
}

/* ---- life ---- */

struct pr_layer *pr_layer_tls(struct pr_tls *tls, struct pr_layer *below, const char *host,
			      const char *ca, struct pr_tls_peer *peer, const char **ret_why)
{
	static const struct pr_layer_kind kind = {
		.read = tls_read, .write = tls_write, .shutdown = tls_shutdown, .free = tls_free
	};
	static const struct pr_layer_events below_events = { .readable = on_below_readable,
							     .writable = on_below_writable };
	SSL_CTX *context = pr_tls_context(tls, ca, ret_why);
	struct pr_tls_layer *layer;
	BIO *bio;

	if (!context)
		return NULL;
	layer = pr_calloc(1, sizeof(*layer));
	layer->layer.kind = &kind;
	layer->below = below;
	layer->tls = tls;
	layer->peer = peer;
	peer->n_refs++;
	layer->ssl = SSL_new(context);
	pr_assert(layer->ssl);
	bio = new_bio(layer);
	SSL_set_bio(layer->ssl, bio, bio);
	SSL_set_app_data(layer->ssl, peer);
	SSL_set_connect_state(layer->ssl);
	pr_layer_tls_expect(layer->ssl, host);
	if (peer->session)
		(void)SSL_set_session(layer->ssl, peer->session);
	pr_layer_listen(below, &below_events, layer);
	return &layer->layer;
}

void pr_tls_cut_lingering(struct pr_tls *tls)
{
	struct pr_tls_layer *layer;

	while ((layer = LIST_FIRST(&tls->lingering)))
		release(layer, true);
}

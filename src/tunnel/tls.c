/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A context for each set of authorities. The system's are read at the start, for later no file can be. Sessions are
 * remembered by the key of a trunk: links that must not be told together by an account aren't by a session either.
 */
#include "tunnel/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

struct pr_tls_authorities {
	LIST_ENTRY(pr_tls_authorities) link;
	SSL_CTX *context;
	const char *why; /* NULL: they could be read */
	char ca[];
};

/* ---- peers ---- */

struct pr_tls_peer *pr_tls_peer(struct pr_tls *tls, const char *key)
{
	struct pr_tls_peer *peer, *last;

	TAILQ_FOREACH(peer, &tls->peers, link)
	if (strcmp(peer->key, key) == 0)
		break;
	if (peer) {
		TAILQ_REMOVE(&tls->peers, peer, link);
	} else {
		if (tls->n_peers == PR_TLS_PEERS_MAX) {
			last = TAILQ_LAST(&tls->peers, pr_tls_peers);
			TAILQ_REMOVE(&tls->peers, last, link);
			pr_tls_peer_release(last);
			tls->n_peers--;
		}
		peer = pr_calloc(1, sizeof(*peer) + strlen(key) + 1);
		memcpy(peer->key, key, strlen(key) + 1);
		peer->n_refs = 1;
		tls->n_peers++;
	}
	TAILQ_INSERT_HEAD(&tls->peers, peer, link);
	peer->n_refs++;
	return peer;
}

void pr_tls_peer_release(struct pr_tls_peer *peer)
{
	if (!peer || --peer->n_refs)
		return;
	SSL_SESSION_free(peer->session);
	explicit_bzero(peer->key, strlen(peer->key));
	free(peer);
}

static void forget_peers(struct pr_tls *tls)
{
	struct pr_tls_peer *peer;

	while ((peer = TAILQ_FIRST(&tls->peers))) {
		TAILQ_REMOVE(&tls->peers, peer, link);
		pr_tls_peer_release(peer);
	}
	tls->n_peers = 0;
}

/* ---- authorities ---- */

/* How many, or why the file can't be read. */
static int add_file(X509_STORE *store, const char *path)
{
	X509 *certificate;
	BIO *bio;
	int n = 0;

	errno = 0;
	bio = BIO_new_file(path, "r");
	if (!bio)
		n = errno ? -errno : -EIO;
	while (bio && (certificate = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL))) {
		n += X509_STORE_add_cert(store, certificate) == 1;
		X509_free(certificate);
	}
	BIO_free(bio);
	ERR_clear_error(); /* the end of the text is one */
	return n;
}

/* Of the distributions, in one file each. */
static int add_system(X509_STORE *store)
{
	static const char *const paths[] = {
		"/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch, Alpine */
		"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
		"/etc/ssl/ca-bundle.pem",	      /* SUSE */
		"/etc/ssl/cert.pem",
	};
	int n = 0;

	for (size_t i = 0; n <= 0 && i < PR_ARRAY_SIZE(paths); i++)
		n = add_file(store, paths[i]);
	return n;
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct pr_tls_peer *peer = SSL_get_app_data(ssl);

	SSL_SESSION_free(peer->session);
	peer->session = session;
	return 1; /* it is ours now */
}

static SSL_CTX *new_context(X509_STORE *store)
{
	static const uint8_t alpn[] = "\x02h2\x08http/1.1";
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	pr_assert(context);
	SSL_CTX_set1_cert_store(context, store);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	pr_assert(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
	pr_assert(SSL_CTX_set_alpn_protos(context, alpn, sizeof(alpn) - 1) == 0);
	SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, on_session);
	return context;
}

static const char *say_unread(const char *ca, int n)
{
	if (ca[0] == '\0')
		return "the system's certificates cannot be read";
	switch (-n) {
	case 0:
		return "the file of the certificates (ca) has none in it";
	case ENOENT:
		return "the file of the certificates (ca) is not there";
	case EACCES:
		return "the certificates (ca) may not be read: the user portreeve-tunnel needs the "
		       "right to, and they lie where tunnel.md says";
	default:
		return "the certificates (ca) cannot be read";
	}
}

static struct pr_tls_authorities *read_authorities(struct pr_tls *tls, const char *ca)
{
	struct pr_tls_authorities *authorities =
		pr_calloc(1, sizeof(*authorities) + strlen(ca) + 1);
	X509_STORE *store = X509_STORE_new();
	int n;

	pr_assert(store);
	memcpy(authorities->ca, ca, strlen(ca) + 1);
	n = ca[0] ? add_file(store, ca) : add_system(store);
	/* whoever names a certificate trusts it, whether or not it is an authority's */
	if (ca[0])
		X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	if (n <= 0)
		authorities->why = say_unread(ca, n);
	authorities->context = new_context(store);
	X509_STORE_free(store);
	LIST_INSERT_HEAD(&tls->authorities, authorities, link);
	return authorities;
}

SSL_CTX *pr_tls_context(struct pr_tls *tls, const char *ca, const char **ret_why)
{
	struct pr_tls_authorities *authorities;

	LIST_FOREACH(authorities, &tls->authorities, link)
	if (strcmp(authorities->ca, ca) == 0)
		break;
	if (!authorities)
		authorities = read_authorities(tls, ca);
	if (!authorities->why)
		return authorities->context;
	*ret_why = authorities->why;
	return NULL;
}

static void forget_authorities(struct pr_tls *tls, bool all)
{
	struct pr_tls_authorities *authorities = LIST_FIRST(&tls->authorities), *next;

	for (; authorities; authorities = next) {
		next = LIST_NEXT(authorities, link);
		if (!all && authorities->ca[0] == '\0')
			continue;
		LIST_REMOVE(authorities, link);
		SSL_CTX_free(authorities->context);
		free(authorities);
	}
}

void pr_tls_init(struct pr_tls *tls, struct event_base *base)
{
	*tls = (struct pr_tls){ .base = base };
	TAILQ_INIT(&tls->peers);
	LIST_INIT(&tls->authorities);
	LIST_INIT(&tls->lingering);
	(void)read_authorities(tls, "");
}

void pr_tls_renew(struct pr_tls *tls)
{
	forget_peers(tls);
	forget_authorities(tls, false);
}

void pr_tls_done(struct pr_tls *tls)
{
	pr_tls_cut_lingering(tls);
	forget_peers(tls);
	forget_authorities(tls, true);
}

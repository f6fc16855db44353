/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handshakes over datagrams that OpenSSL has with itself, in memory; in their order, and in others. */
#include "inspection/inspector.h"

#include "unit.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <string.h>

#define DATAGRAMS_MAX 48
#define MTU	      400

/* What both ends send, in its order; each reads on where it is. */
struct wire {
	struct pr_datagram datagrams[DATAGRAMS_MAX];
	unsigned int n, next[2];
};

struct end {
	struct wire *wire;
	bool is_server;
};

static int wire_write(BIO *bio, const char *bytes, int len)
{
	struct end *end = BIO_get_data(bio);
	struct wire *wire = end->wire;
	uint8_t *copy = pr_calloc((size_t)len, 1);

	assert_true(wire->n < DATAGRAMS_MAX);
	memcpy(copy, bytes, (size_t)len);
	wire->datagrams[wire->n++] = (struct pr_datagram){ .bytes = copy,
							   .len = (uint32_t)len,
							   .from_server = end->is_server };
	return len;
}

static int wire_read(BIO *bio, char *bytes, int size)
{
	struct end *end = BIO_get_data(bio);
	struct wire *wire = end->wire;

	BIO_clear_retry_flags(bio);
	for (unsigned int *at = &wire->next[end->is_server]; *at < wire->n; (*at)++) {
		const struct pr_datagram *datagram = &wire->datagrams[*at];

		if (datagram->from_server == end->is_server || (int)datagram->len > size)
			continue;
		memcpy(bytes, datagram->bytes, datagram->len);
		(*at)++;
		return (int)datagram->len;
	}
	BIO_set_retry_read(bio);
	return -1;
}

static long wire_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static SSL *make_end(SSL_CTX *context, struct end *end)
{
	static BIO_METHOD *method;
	SSL *ssl = SSL_new(context);
	BIO *bio;

	if (!method) {
		method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | 77, "wire");
		BIO_meth_set_write(method, wire_write);
		BIO_meth_set_read(method, wire_read);
		BIO_meth_set_ctrl(method, wire_control);
	}
	bio = BIO_new(method);
	BIO_set_data(bio, end);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
	assert_true(DTLS_set_link_mtu(ssl, MTU));
	return ssl;
}

static int make_cookie(SSL *ssl, uint8_t *cookie, unsigned int *ret_len)
{
	(void)ssl;
	memcpy(cookie, "a cookie", 8);
	*ret_len = 8;
	return 1;
}

static int check_cookie(SSL *ssl, const uint8_t *cookie, unsigned int len)
{
	(void)ssl;
	return len == 8 && memcmp(cookie, "a cookie", 8) == 0;
}

static void use_certificate(SSL_CTX *context)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *certificate = X509_new();
	X509_EXTENSION *names =
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:datagram.example");
	X509_NAME *name = X509_get_subject_name(certificate);

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)"Datagrams", -1, -1,
				   0);
	X509_set_issuer_name(certificate, name);
	X509_add_ext(certificate, names, -1);
	assert_true(X509_sign(certificate, key, EVP_sha256()));
	assert_true(SSL_CTX_use_certificate(context, certificate));
	assert_true(SSL_CTX_use_PrivateKey(context, key));
	X509_EXTENSION_free(names);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void handshake(struct wire *wire, int version, bool cookie)
{
	struct end ends[2] = { { wire, false }, { wire, true } };
	SSL_CTX *contexts[2] = { SSL_CTX_new(DTLS_client_method()),
				 SSL_CTX_new(DTLS_server_method()) };
	SSL *client, *server;

	*wire = (struct wire){ .n = 0 };
	for (int i = 0; i < 2; i++) {
		SSL_CTX_set_security_level(contexts[i], 0);
		SSL_CTX_set_min_proto_version(contexts[i], DTLS1_VERSION);
		SSL_CTX_set_max_proto_version(contexts[i], version);
	}
	use_certificate(contexts[1]);
	SSL_CTX_set_cookie_generate_cb(contexts[1], make_cookie);
	SSL_CTX_set_cookie_verify_cb(contexts[1], check_cookie);
	client = make_end(contexts[0], &ends[0]);
	server = make_end(contexts[1], &ends[1]);
	if (cookie)
		SSL_set_options(server, SSL_OP_COOKIE_EXCHANGE);
	SSL_set_tlsext_host_name(client, "Datagram.Example");
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	for (unsigned int turn = 0; turn < 10; turn++) {
		(void)SSL_do_handshake(client);
		(void)SSL_do_handshake(server);
	}
	assert_true(SSL_is_init_finished(client) && SSL_is_init_finished(server));
	SSL_free(client);
	SSL_free(server);
	SSL_CTX_free(contexts[0]);
	SSL_CTX_free(contexts[1]);
}

static void free_wire(struct wire *wire)
{
	for (unsigned int i = 0; i < wire->n; i++)
		free((void *)(uintptr_t)wire->datagrams[i].bytes);
}

static enum pr_look look_at_first(const struct wire *wire, unsigned int n, struct pr_seen *seen)
{
	struct pr_transcript transcript = { .proto = IPPROTO_UDP,
					    .datagrams = wire->datagrams,
					    .n_datagrams = n };

	return pr_inspectors_look(&transcript, false, seen);
}

static void check_all(const struct wire *wire, const char *version, bool old)
{
	struct pr_seen seen, before = { 0 };
	enum pr_look look = PR_LOOK_MORE;

	for (unsigned int n = 1; n <= wire->n; n++) {
		look = look_at_first(wire, n, &seen);
		assert_true(look != PR_LOOK_NOT_MINE);
		assert_int_equal(before.settled & ~seen.settled, 0);
		/* The client waits: nothing of it may be held. */
		if (n < wire->n && !wire->datagrams[n - 1].from_server &&
		    wire->datagrams[n].from_server)
			assert_int_not_equal(look, PR_LOOK_MORE);
		before = seen;
		if (look == PR_LOOK_DONE)
			break;
	}
	assert_int_equal(look, PR_LOOK_DONE);
	assert_int_equal(seen.speaks, PR_SPEAKS_DTLS);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
	assert_string_equal(seen.version, version);
	assert_int_equal(seen.n_names, 1);
	assert_string_equal(seen.names[0], "datagram.example");
	assert_string_equal(seen.certificate_name, "datagram.example");
	assert_string_equal(seen.issuer, "Datagrams");
	assert_int_equal(seen.flags,
			 PR_SEEN_CERTIFICATE | PR_SEEN_SELF_ISSUED | (old ? PR_SEEN_OLD : 0));
	assert_int_equal(seen.ja4[0], 'd');
}

static void every_version(void **state)
{
	static const struct {
		int version;
		const char *text;
	} cases[] = { { DTLS1_VERSION, "1.0" }, { DTLS1_2_VERSION, "1.2" } };

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		for (int cookie = 0; cookie < 2; cookie++) {
			struct wire wire;

			handshake(&wire, cases[i].version, cookie);
			check_all(&wire, cases[i].text, cases[i].version == DTLS1_VERSION);
			free_wire(&wire);
		}
	}
}

/* The server's datagrams backwards, each twice: whoever waits for all gets the same. */
static void any_order(void **state)
{
	struct wire wire, other = { .n = 0 };
	struct pr_seen seen, straight;
	unsigned int begin = 0, end;

	(void)state;
	handshake(&wire, DTLS1_2_VERSION, true);
	look_at_first(&wire, wire.n, &straight);
	while (begin < wire.n) {
		for (end = begin; end < wire.n; end++) {
			if (wire.datagrams[end].from_server != wire.datagrams[begin].from_server)
				break;
		}
		for (unsigned int i = end; i-- > begin && begin;) {
			assert_true(other.n + 2 <= DATAGRAMS_MAX);
			other.datagrams[other.n++] = wire.datagrams[i];
			other.datagrams[other.n++] = wire.datagrams[i];
		}
		if (!begin)
			for (unsigned int i = 0; i < end; i++)
				other.datagrams[other.n++] = wire.datagrams[i];
		begin = end;
	}
	assert_int_equal(look_at_first(&other, other.n, &seen), PR_LOOK_DONE);
	assert_memory_equal(&seen, &straight, sizeof(seen));
	free_wire(&wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version),
		cmocka_unit_test(any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

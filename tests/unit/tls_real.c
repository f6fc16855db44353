/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handshakes that OpenSSL has with itself, in memory: each byte of them, in its order. */
#include "tls_shared.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define NOT_AFTER_DAYS 90
#define NOT_AFTER_S    (NOT_AFTER_DAYS * 86400L)

struct peers {
	SSL_CTX *client_context, *server_context;
	SSL *client, *server;
	EVP_PKEY *key;
	X509 *certificate;
	time_t made_s;
};

static void add_name_entry(X509_NAME *name, const char *field, const char *value)
{
	assert_true(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const uint8_t *)value,
					       -1, -1, 0));
}

/* Signed by its own key; by itself, or as if by `issuer`. `names`: as OpenSSL writes subjectAltName; NULL = none. */
static void make_certificate(struct peers *peers, const char *common, const char *issuer,
			     const char *names)
{
	X509_NAME *name;

	peers->key = EVP_EC_gen("P-256");
	peers->certificate = X509_new();
	assert_true(peers->key && peers->certificate);
	X509_set_version(peers->certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(peers->certificate), 7);
	X509_gmtime_adj(X509_getm_notBefore(peers->certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(peers->certificate), NOT_AFTER_S);
	peers->made_s = time(NULL);
	X509_set_pubkey(peers->certificate, peers->key);
	name = X509_get_subject_name(peers->certificate);
	add_name_entry(name, "O", "Subject's");
	add_name_entry(name, "CN", common);
	if (issuer) {
		X509_NAME *by = X509_NAME_new();

		add_name_entry(by, "O", "Some Organisation");
		if (*issuer)
			add_name_entry(by, "CN", issuer);
		X509_set_issuer_name(peers->certificate, by);
		X509_NAME_free(by);
	} else {
		X509_set_issuer_name(peers->certificate, name);
	}
	if (names) {
		X509_EXTENSION *extension =
			X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

		X509_add_ext(peers->certificate, extension, -1);
		X509_EXTENSION_free(extension);
	}
	assert_true(X509_sign(peers->certificate, peers->key, EVP_sha256()));
}

static int choose_h2(SSL *ssl, const uint8_t **ret_out, uint8_t *ret_len, const uint8_t *in,
		     unsigned int len, void *arg)
{
	static const uint8_t h2[] = "h2";

	(void)ssl;
	(void)in;
	(void)len;
	(void)arg;
	*ret_out = h2;
	*ret_len = 2;
	return SSL_TLSEXT_ERR_OK;
}

static void make_contexts(struct peers *peers, int version, const char *ciphers)
{
	SSL_CTX *contexts[2];

	peers->client_context = contexts[0] = SSL_CTX_new(TLS_client_method());
	peers->server_context = contexts[1] = SSL_CTX_new(TLS_server_method());
	for (int i = 0; i < 2; i++) {
		SSL_CTX_set_security_level(contexts[i], 0);
		SSL_CTX_set_min_proto_version(contexts[i], TLS1_VERSION);
		SSL_CTX_set_max_proto_version(contexts[i], version);
		assert_true(SSL_CTX_set_cipher_list(contexts[i], ciphers));
	}
	if (peers->certificate) {
		assert_true(SSL_CTX_use_certificate(contexts[1], peers->certificate));
		assert_true(SSL_CTX_use_PrivateKey(contexts[1], peers->key));
	}
	SSL_CTX_set_alpn_select_cb(contexts[1], choose_h2, NULL);
	SSL_CTX_set_session_id_context(contexts[1], (const uint8_t *)"t", 1);
}

static void make_peers(struct peers *peers, const char *name)
{
	static const uint8_t alpn[] = "\x02h2\x08http/1.1";

	peers->client = SSL_new(peers->client_context);
	peers->server = SSL_new(peers->server_context);
	SSL_set_bio(peers->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_bio(peers->server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(peers->client);
	SSL_set_accept_state(peers->server);
	if (name)
		assert_true(SSL_set_tlsext_host_name(peers->client, name));
	assert_int_equal(SSL_set_alpn_protos(peers->client, alpn, sizeof(alpn) - 1), 0);
}

/* Carries over what one wrote; false: nothing. */
static bool carry(SSL *from, SSL *to, bool from_server, struct conversation *talk)
{
	uint8_t bytes[16384];
	int len = BIO_read(SSL_get_wbio(from), bytes, sizeof(bytes));

	if (len <= 0)
		return false;
	say(talk, from_server, bytes, (size_t)len);
	assert_int_equal(BIO_write(SSL_get_rbio(to), bytes, len), len);
	return true;
}

static void talk_to_the_end(struct peers *peers, struct conversation *talk)
{
	char bytes[64];
	bool going = true;

	while (going) {
		if (!SSL_is_init_finished(peers->client))
			(void)SSL_do_handshake(peers->client);
		else
			(void)SSL_read(peers->client, bytes, sizeof(bytes));
		going = carry(peers->client, peers->server, false, talk);
		if (!SSL_is_init_finished(peers->server))
			(void)SSL_do_handshake(peers->server);
		else
			(void)SSL_read(peers->server, bytes, sizeof(bytes));
		going |= carry(peers->server, peers->client, true, talk);
	}
	if (SSL_is_init_finished(peers->client)) {
		SSL_write(peers->client, "request", 7);
		carry(peers->client, peers->server, false, talk);
	}
}

static void free_peers(struct peers *peers)
{
	SSL_free(peers->client);
	SSL_free(peers->server);
}

static void free_all(struct peers *peers)
{
	free_peers(peers);
	SSL_CTX_free(peers->client_context);
	SSL_CTX_free(peers->server_context);
	X509_free(peers->certificate);
	EVP_PKEY_free(peers->key);
}

/* One handshake between new peers. */
static struct pr_seen handshake(int version, const char *ciphers, const char *name)
{
	static struct conversation talk;
	struct peers peers = { 0 };
	struct pr_seen seen;

	talk = (struct conversation){ .n = 0 };
	make_certificate(&peers, "real.example", NULL, "DNS:real.example");
	make_contexts(&peers, version, ciphers);
	make_peers(&peers, name);
	talk_to_the_end(&peers, &talk);
	assert_true(SSL_is_init_finished(peers.client));
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
	free_all(&peers);
	return seen;
}

static void every_version(void **state)
{
	static const struct {
		int version;
		const char *text, *ja4;
		unsigned int flags;
	} cases[] = {
		{ TLS1_VERSION, "1.0", "t10d",
		  PR_SEEN_OLD | PR_SEEN_CERTIFICATE | PR_SEEN_SELF_ISSUED },
		{ TLS1_1_VERSION, "1.1", "t11d",
		  PR_SEEN_OLD | PR_SEEN_CERTIFICATE | PR_SEEN_SELF_ISSUED },
		{ TLS1_2_VERSION, "1.2", "t12d", PR_SEEN_CERTIFICATE | PR_SEEN_SELF_ISSUED },
		{ TLS1_3_VERSION, "1.3", "t13d", 0 },
	};

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		struct pr_seen seen = handshake(cases[i].version, "DEFAULT", "Real.Example");

		assert_int_equal(seen.speaks, PR_SPEAKS_TLS);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
		assert_int_equal(seen.settled, PR_FACTS_SEEN);
		assert_string_equal(seen.version, cases[i].text);
		assert_int_equal(seen.n_names, 1);
		assert_string_equal(seen.names[0], "real.example");
		assert_string_equal(seen.alpn, "h2,http/1.1");
		assert_string_equal(seen.alpn_chosen,
				    cases[i].version == TLS1_3_VERSION ? "" : "h2");
		assert_memory_equal(seen.ja4, cases[i].ja4, 4);
		assert_int_equal(seen.flags, cases[i].flags);
		assert_non_null(seen.why);
	}
}

static void nameless(void **state)
{
	struct pr_seen seen;

	(void)state;
	seen = handshake(TLS1_3_VERSION, "DEFAULT", NULL);
	assert_int_equal(seen.flags, PR_SEEN_NAMELESS);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
	/* OpenSSL sends addresses if it is told to. */
	seen = handshake(TLS1_2_VERSION, "DEFAULT", "192.0.2.1");
	assert_int_equal(seen.n_names, 0);
	assert_true(seen.flags & PR_SEEN_NAMELESS);
}

static void ciphers_that_are_none(void **state)
{
	struct pr_seen seen;

	(void)state;
	seen = handshake(TLS1_2_VERSION, "eNULL", "real.example");
	assert_int_equal(seen.encryption, PR_ENCRYPTION_NO);
	assert_non_null(strstr(seen.why, "NULL"));
	seen = handshake(TLS1_2_VERSION, "ADH:AECDH:-eNULL", "real.example");
	assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
	assert_non_null(strstr(seen.why, "anonymous"));
	assert_false(seen.flags & PR_SEEN_CERTIFICATE);
}

static void certificates(void **state)
{
	static const struct {
		const char *common, *issuer, *names;
		const char *shown, *shown_issuer;
		bool self_issued;
	} cases[] = {
		{ "cn.example", "Some CA", "IP:192.0.2.1,DNS:First.Example,DNS:second.example",
		  "first.example", "Some CA", false },
		{ "cn.example", "", "DNS:*.Star.Example", "*.star.example", "Some Organisation",
		  false },
		{ "Common N\xc3\xa4me", NULL, NULL, "Common N\xc3\xa4me", "Common N\xc3\xa4me",
		  true },
		{ "cn.example", "CA", "email:a@b.example", "cn.example", "CA", false },
		{ "cn.example", "CA", "DNS:not a name", "cn.example", "CA", false },
	};

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		static struct conversation talk;
		struct peers peers = { 0 };
		struct pr_seen seen;

		talk = (struct conversation){ .n = 0 };
		make_certificate(&peers, cases[i].common, cases[i].issuer, cases[i].names);
		make_contexts(&peers, TLS1_2_VERSION, "DEFAULT");
		make_peers(&peers, "real.example");
		talk_to_the_end(&peers, &talk);
		assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
		assert_true(seen.flags & PR_SEEN_CERTIFICATE);
		assert_string_equal(seen.certificate_name, cases[i].shown);
		assert_string_equal(seen.issuer, cases[i].shown_issuer);
		assert_int_equal((seen.flags & PR_SEEN_SELF_ISSUED) != 0, cases[i].self_issued);
		assert_int_equal(seen.not_after_s - seen.not_before_s, NOT_AFTER_S);
		assert_in_range(seen.not_before_s, peers.made_s - 5, peers.made_s);
		free_all(&peers);
	}
}

/* The server wants another group than the one that the client guessed: HelloRetryRequest. */
static void retry(void **state)
{
	static struct conversation talk;
	struct peers peers = { 0 };
	struct pr_seen seen;

	(void)state;
	talk = (struct conversation){ .n = 0 };
	make_certificate(&peers, "real.example", NULL, NULL);
	make_contexts(&peers, TLS1_3_VERSION, "DEFAULT");
	SSL_CTX_set1_groups_list(peers.client_context, "X25519:P-384");
	SSL_CTX_set1_groups_list(peers.server_context, "P-384");
	make_peers(&peers, "real.example");
	talk_to_the_end(&peers, &talk);
	assert_true(SSL_is_init_finished(peers.client));
	assert_true(talk.n >= 4 && talk.pieces[2].end > 2 * 200);
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
	assert_string_equal(seen.version, "1.3");
	assert_int_equal(seen.flags, 0);
	free_all(&peers);
}

/* The same client again: a ticket of TLS 1.2 shows no certificate; TLS 1.3 with data at once. */
static void resumed(int version, bool early, struct pr_seen *ret_seen)
{
	static struct conversation talk;
	struct peers peers = { 0 };
	SSL_SESSION *session;
	size_t written;

	talk = (struct conversation){ .n = 0 };
	make_certificate(&peers, "real.example", NULL, NULL);
	make_contexts(&peers, version, "DEFAULT");
	SSL_CTX_set_max_early_data(peers.server_context, 4096);
	make_peers(&peers, "real.example");
	talk_to_the_end(&peers, &talk);
	session = SSL_get1_session(peers.client);
	/* Else they take it for broken, and forget the session. */
	SSL_set_shutdown(peers.client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_set_shutdown(peers.server, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	free_peers(&peers);
	make_peers(&peers, "real.example");
	SSL_set_session(peers.client, session);
	SSL_SESSION_free(session);
	talk = (struct conversation){ .n = 0 };
	if (early) {
		assert_true(SSL_write_early_data(peers.client, "early", 5, &written));
		carry(peers.client, peers.server, false, &talk);
	}
	talk_to_the_end(&peers, &talk);
	assert_true(SSL_session_reused(peers.client));
	if (early)
		assert_int_equal(SSL_get_early_data_status(peers.client), SSL_EARLY_DATA_REJECTED);
	assert_int_equal(look_through(&talk, ret_seen), PR_LOOK_DONE);
	free_all(&peers);
}

static void resumption(void **state)
{
	struct pr_seen seen;

	(void)state;
	resumed(TLS1_2_VERSION, false, &seen);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
	assert_int_equal(seen.flags & PR_SEEN_CERTIFICATE, 0);
	resumed(TLS1_3_VERSION, false, &seen);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
	resumed(TLS1_3_VERSION, true, &seen);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
	assert_string_equal(seen.names[0], "real.example");
}

/* Nothing in common: an alert. It may reach the client, so the link stays open; what else the client sends is no TLS. */
static void refused(void **state)
{
	static struct conversation talk;
	struct peers peers = { 0 };
	struct pr_seen seen;

	(void)state;
	talk = (struct conversation){ .n = 0 };
	make_certificate(&peers, "real.example", NULL, NULL);
	make_contexts(&peers, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256");
	SSL_CTX_set_cipher_list(peers.server_context, "ECDHE-ECDSA-AES256-GCM-SHA384");
	make_peers(&peers, "real.example");
	talk_to_the_end(&peers, &talk);
	assert_false(SSL_is_init_finished(peers.client));
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_GOES_ON);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
	assert_int_equal(seen.settled, PR_FACT_SPEAKS | PR_FACT_NAME);
	assert_non_null(strstr(seen.why, "refuses"));
	say_text(&talk, false, "GET / HTTP/1.1\r\n");
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_NO);
	free_all(&peers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version),
		cmocka_unit_test(nameless),
		cmocka_unit_test(ciphers_that_are_none),
		cmocka_unit_test(certificates),
		cmocka_unit_test(retry),
		cmocka_unit_test(resumption),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

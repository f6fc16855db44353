/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel_far.h"

#include "base/io.h"
#include "tunnel/dial.h"
#include "unit.h"

#include <event2/event_struct.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AUTHORITY_FILE "/tmp/portreeve-test-XXXXXX"

#define ROUNDS	       60 /* more than any exchange of a test takes */

struct far *fars[FARS_MAX];
unsigned int n_fars;
enum pr_tunnel_outcome dials_come_to;
unsigned int http2_status = 200, n_resumed;
uint32_t http2_reset;
bool tls_server, http2_server;
int32_t http2_window = 65535;

static struct {
	struct event_base *base;
	SSL_CTX *context;
	EVP_PKEY *authority_key;
	X509 *authority;
	char authority_file[sizeof(AUTHORITY_FILE)];
} all;

/* ---- the dials, instead of the real ones ---- */

struct pr_dial {
	struct event done;
	pr_dial_done tell;
	void *context;
	int fd;
};

static void on_dialled(evutil_socket_t fd, short what, void *context)
{
	struct pr_dial *dial = context;
	struct pr_dial copy = *dial;

	(void)fd;
	(void)what;
	free(dial);
	copy.tell(copy.context, copy.fd < 0 ? dials_come_to : PR_TUNNEL_OPEN, copy.fd,
		  copy.fd < 0 ? "nobody is there" : "");
}

static void speak_tls(struct far *far)
{
	far->ssl = SSL_new(all.context);
	SSL_set_fd(far->ssl, far->fd);
	SSL_set_accept_state(far->ssl);
}

struct pr_dial *pr_dial_start(struct pr_dialer *dialer, const struct pr_dial_to *to,
			      pr_dial_done done, void *context)
{
	struct pr_dial *dial = pr_calloc(1, sizeof(*dial));
	struct far *far = pr_calloc(1, sizeof(*far));
	int fds[2] = { -1, -1 };

	(void)dialer;
	assert_true(n_fars < FARS_MAX);
	if (dials_come_to == PR_TUNNEL_OPEN)
		assert_int_equal(socketpair(AF_UNIX,
					    (to->datagrams ? SOCK_DGRAM : SOCK_STREAM) |
						    SOCK_NONBLOCK | SOCK_CLOEXEC,
					    0, fds),
				 0);
	far->fd = fds[1];
	if (tls_server && far->fd >= 0)
		speak_tls(far);
	snprintf(far->host, sizeof(far->host), "%s", to->host);
	snprintf(far->interface, sizeof(far->interface), "%s", to->interface);
	far->port = to->port;
	fars[n_fars++] = far;
	dial->fd = fds[0];
	dial->tell = done;
	dial->context = context;
	event_assign(&dial->done, all.base, -1, 0, on_dialled, dial);
	event_active(&dial->done, 0, 0);
	return dial;
}

void pr_dial_cancel(struct pr_dial *dial)
{
	if (!dial)
		return;
	event_del(&dial->done);
	if (dial->fd >= 0)
		close(dial->fd);
	free(dial);
}

/* ---- certificates ---- */

static X509 *sign(EVP_PKEY *key, const char *name, const char *alternatives, bool expired, bool ca)
{
	X509 *certificate = X509_new();
	X509_EXTENSION *extension;
	X509_NAME *subject;

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), ca ? 1 : 2);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
	X509_gmtime_adj(X509_getm_notAfter(certificate), expired ? -60 : 86400);
	X509_set_pubkey(certificate, key);
	subject = X509_get_subject_name(certificate);
	assert_true(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const uint8_t *)name,
					       -1, -1, 0));
	X509_set_issuer_name(certificate, ca ? subject : X509_get_subject_name(all.authority));
	extension =
		X509V3_EXT_conf_nid(NULL, NULL, ca ? NID_basic_constraints : NID_subject_alt_name,
				    ca ? "critical,CA:TRUE" : alternatives);
	assert_non_null(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	assert_true(X509_sign(certificate, all.authority_key, EVP_sha256()));
	return certificate;
}

const char *far_authority(void)
{
	return all.authority_file;
}

void far_certificate(const char *names, bool expired)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = sign(key, "proxy", names, expired, false);

	assert_true(SSL_CTX_use_certificate(all.context, certificate));
	assert_true(SSL_CTX_use_PrivateKey(all.context, key));
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static int choose(SSL *ssl, const uint8_t **ret_out, uint8_t *ret_len, const uint8_t *in,
		  unsigned int len, void *context)
{
	(void)ssl;
	(void)in;
	(void)len;
	(void)context;
	if (!http2_server)
		return SSL_TLSEXT_ERR_NOACK;
	*ret_out = (const uint8_t *)"h2";
	*ret_len = 2;
	return SSL_TLSEXT_ERR_OK;
}

struct event_base *far_setup(void)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *bytes;
	long len;
	int fd;

	signal(SIGPIPE, SIG_IGN); /* OpenSSL's far ends write to whoever is gone */
	all.base = event_base_new();
	all.authority_key = EVP_EC_gen("P-256");
	all.authority = sign(all.authority_key, "authority", NULL, false, true);
	assert_true(PEM_write_bio_X509(text, all.authority));
	len = BIO_get_mem_data(text, &bytes);
	memcpy(all.authority_file, AUTHORITY_FILE, sizeof(AUTHORITY_FILE));
	fd = mkstemp(all.authority_file);
	assert_int_equal(pr_write_all(fd, bytes, (size_t)len), 0);
	close(fd);
	BIO_free(text);
	all.context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_alpn_select_cb(all.context, choose, NULL);
	SSL_CTX_set_session_id_context(all.context, (const uint8_t *)"t", 1);
	far_certificate("DNS:proxy.example,IP:192.0.2.1", false);
	http2_status = 200;
	http2_reset = 0;
	http2_window = 65535;
	tls_server = http2_server = false;
	n_resumed = 0;
	dials_come_to = PR_TUNNEL_OPEN;
	return all.base;
}

void far_teardown(void)
{
	while (n_fars) {
		struct far *far = fars[--n_fars];

		far_break(far, false);
		free(far);
	}
	SSL_CTX_free(all.context);
	X509_free(all.authority);
	EVP_PKEY_free(all.authority_key);
	unlink(all.authority_file);
	event_base_free(all.base);
}

/* ---- HTTP/2 ---- */

static struct far_stream *stream_of(struct far *far, int32_t id)
{
	for (unsigned int i = 0; i < far->n_streams; i++)
		if (far->streams[i].id == id)
			return &far->streams[i];
	assert_true(far->n_streams < FAR_STREAMS);
	far->streams[far->n_streams].id = id;
	return &far->streams[far->n_streams++];
}

static ssize_t on_asked(nghttp2_session *session, int32_t id, uint8_t *bytes, size_t size,
			uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct far_stream *stream = stream_of(context, id);
	size_t n = stream->n_out < size ? stream->n_out : size;

	(void)session;
	(void)source;
	memset(bytes, 'f', n);
	stream->n_out -= n;
	if (stream->n_out == 0 && stream->out_ended)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	else if (n == 0)
		stream->deferred = true;
	return stream->deferred ? NGHTTP2_ERR_DEFERRED : (ssize_t)n;
}

static int on_field(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		    size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		    void *context)
{
	struct far_stream *stream = stream_of(context, frame->hd.stream_id);

	(void)session;
	(void)name_len;
	(void)value_len;
	(void)flags;
	if (strcmp((const char *)name, ":authority") == 0)
		snprintf(stream->authority, sizeof(stream->authority), "%s", (const char *)value);
	if (strcmp((const char *)name, "proxy-authorization") == 0)
		snprintf(stream->credentials, sizeof(stream->credentials), "%s",
			 (const char *)value);
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	nghttp2_data_provider provider = { .read_callback = on_asked };
	char status[8];
	nghttp2_nv field = { (uint8_t *)(uintptr_t) ":status", (uint8_t *)status, 7, 3, 0 };

	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM &&
	    (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS))
		stream_of(context, frame->hd.stream_id)->ended = true;
	if (frame->hd.type != NGHTTP2_HEADERS)
		return 0;
	snprintf(status, sizeof(status), "%u", http2_status);
	if (http2_reset)
		nghttp2_submit_rst_stream(session, 0, frame->hd.stream_id, http2_reset);
	else if (http2_status)
		nghttp2_submit_response(session, frame->hd.stream_id, &field, 1, &provider);
	return 0;
}

static int on_bytes(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
		    size_t len, void *context)
{
	struct far_stream *stream = stream_of(context, id);

	(void)session;
	(void)flags;
	for (size_t i = 0; i < len && stream->n_in + i < sizeof(stream->in); i++)
		stream->in[stream->n_in + i] = (char)bytes[i];
	stream->n_in += len;
	return 0;
}

static int on_closed(nghttp2_session *session, int32_t id, uint32_t error_code, void *context)
{
	struct far_stream *stream = stream_of(context, id);

	(void)session;
	stream->closed = true;
	stream->error_code = error_code;
	return 0;
}

static void start_http2(struct far *far)
{
	nghttp2_settings_entry settings[] = { { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
						(uint32_t)http2_window } };
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;

	nghttp2_option_new(&option);
	/* a small window stays one: a test gives it back itself */
	nghttp2_option_set_no_auto_window_update(option, http2_window < 65535);
	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_field);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_bytes);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_closed);
	assert_int_equal(nghttp2_session_server_new2(&far->http2, callbacks, far, option), 0);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	nghttp2_submit_settings(far->http2, 0, settings, 1);
}

void far_stream_send(struct far *far, unsigned int number, size_t len, bool end)
{
	struct far_stream *stream = &far->streams[number];

	stream->n_out += len;
	stream->out_ended |= end;
	if (stream->deferred) {
		stream->deferred = false;
		nghttp2_session_resume_data(far->http2, stream->id);
	}
}

/* ---- bytes ---- */

/* Blocks where the client doesn't read: tests send little by this. */
void far_send(struct far *far, const void *bytes, size_t len)
{
	if (far->ssl)
		assert_int_equal(SSL_write(far->ssl, bytes, (int)len), len);
	else
		assert_int_equal(send(far->fd, bytes, len, MSG_NOSIGNAL), len);
}

static ssize_t take(struct far *far, void *bytes, size_t size)
{
	int n;

	if (!far->ssl)
		return recv(far->fd, bytes, size, 0);
	n = SSL_read(far->ssl, bytes, (int)size);
	if (n > 0)
		return n;
	return SSL_get_error(far->ssl, n) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static void shake_hands(struct far *far)
{
	const uint8_t *chosen;
	unsigned int len;

	if (SSL_do_handshake(far->ssl) != 1)
		return;
	n_resumed += SSL_session_reused(far->ssl) == 1;
	SSL_get0_alpn_selected(far->ssl, &chosen, &len);
	if (len == 2)
		start_http2(far);
}

static void send_http2(struct far *far)
{
	for (;;) {
		const uint8_t *bytes;
		int n;

		if (far->out_len == 0) {
			ssize_t len = nghttp2_session_mem_send(far->http2, &bytes);

			if (len <= 0)
				return;
			assert_true((size_t)len <= sizeof(far->out));
			memcpy(far->out, bytes, (size_t)len);
			far->out_len = (size_t)len;
		}
		n = SSL_write(far->ssl, far->out, (int)far->out_len);
		if (n <= 0)
			return;
		far->out_len = 0;
	}
}

static void pump(struct far *far)
{
	static char bytes[65536];
	ssize_t n;

	if (far->fd < 0 || far->reads_not)
		return;
	if (far->ssl && !SSL_is_init_finished(far->ssl)) {
		shake_hands(far);
		if (!SSL_is_init_finished(far->ssl))
			return;
	}
	while ((n = take(far, bytes, sizeof(bytes))) > 0) {
		if (far->http2) {
			if (nghttp2_session_mem_recv(far->http2, (uint8_t *)bytes, (size_t)n) < 0)
				far->broken = true;
			continue;
		}
		for (ssize_t i = 0; i < n && far->n_in < sizeof(far->in); i++)
			far->in[far->n_in++] = bytes[i];
	}
	far->ended |= n == 0;
	far->broken |= n < 0 && !far->ssl && errno != EAGAIN;
	if (far->http2)
		send_http2(far);
}

void far_end(struct far *far)
{
	if (far->ssl)
		SSL_shutdown(far->ssl);
	shutdown(far->fd, SHUT_WR);
}

void far_break(struct far *far, bool reset)
{
	if (far->http2)
		nghttp2_session_del(PR_TAKE_PTR(far->http2));
	if (far->ssl)
		SSL_free(PR_TAKE_PTR(far->ssl));
	(void)reset;
	if (far->fd >= 0)
		close(PR_TAKE_FD(far->fd));
}

void run(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		for (unsigned int j = 0; j < n_fars; j++)
			pump(fars[j]);
		event_base_loop(all.base, EVLOOP_NONBLOCK);
	}
}

/* ---- a link ---- */

void link_read(struct link *link)
{
	char bytes[16384];
	ssize_t n;

	while ((n = pr_carrier_read(link->carrier, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++, link->n_in++)
			if (link->n_in < sizeof(link->in))
				link->in[link->n_in] = bytes[i];
	link->last = n;
}

static void on_readable(void *context)
{
	struct link *link = context;

	link->n_readable++;
	if (link->free_when_readable)
		pr_carrier_free(PR_TAKE_PTR(link->carrier), true);
	else if (!link->reads_not)
		link_read(link);
}

static void on_writable(void *context)
{
	struct link *link = context;

	link->n_writable++;
}

static void on_opened(void *context, enum pr_tunnel_outcome outcome, unsigned int hop,
		      const char *why)
{
	struct link *link = context;

	assert_false(link->opened);
	link->opened = true;
	link->outcome = outcome;
	link->hop = hop;
	snprintf(link->why, sizeof(link->why), "%s", why);
	if (link->free_when_opened)
		pr_carrier_free(PR_TAKE_PTR(link->carrier), true);
}

void link_open(struct link *link, struct pr_carriers *carriers, const struct pr_carrier_to *to)
{
	const struct pr_carrier_events events = { .context = link,
						  .opened = on_opened,
						  .readable = on_readable,
						  .writable = on_writable };

	link->carrier = pr_carrier_open(carriers, to, &events);
	link->last = -EAGAIN;
	assert_false(link->opened);
}

ssize_t link_write(struct link *link, size_t len)
{
	static char bytes[FAR_BYTES];
	size_t written = 0;
	ssize_t n = 0;

	memset(bytes, 'l', sizeof(bytes));
	while (written < len && n >= 0) {
		n = pr_carrier_write(link->carrier, bytes,
				     len - written < sizeof(bytes) ? len - written : sizeof(bytes));
		written += n > 0 ? (size_t)n : 0;
	}
	return written ? (ssize_t)written : n;
}

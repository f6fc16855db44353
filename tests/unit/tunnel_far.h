/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Far ends for carriers, in memory: what is dialled is one end of a pair of sockets, of which a test holds the other. It
 * speaks plainly, or TLS by OpenSSL, or HTTP/2 by nghttp2 within that.
 */
#pragma once

#include "tunnel/carrier.h"

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#define FARS_MAX    8
#define FAR_STREAMS 32
#define FAR_BYTES   (1 << 20)

struct far_stream {
	int32_t id;
	char authority[128], credentials[64];
	size_t n_in, n_out; /* bytes that came, and that are still to be sent */
	bool ended, closed; /* the client's half; the stream */
	bool out_ended, deferred;
	uint32_t error_code;
	char in[64]; /* the first of them */
};

struct far {
	int fd;
	char host[128], interface[16];
	uint16_t port;
	SSL *ssl; /* NULL: plainly */
	nghttp2_session *http2;
	struct far_stream streams[FAR_STREAMS];
	unsigned int n_streams;
	uint8_t out[20000]; /* a frame that is still to be sent */
	size_t n_in, out_len;
	bool ended, broken, reads_not;
	char in[FAR_BYTES]; /* what came, of what isn't HTTP/2 */
};

/* The dials so far, in order. */
extern struct far *fars[FARS_MAX];
extern unsigned int n_fars;
/* What the next dials come to; OPEN unless set. */
extern enum pr_tunnel_outcome dials_come_to;
/* Answers to CONNECT over HTTP/2: a status, or 0 = none; `reset`: instead of one. */
extern unsigned int http2_status;
extern uint32_t http2_reset;
extern bool tls_server;	  /* those that are dialled next speak TLS */
extern bool http2_server; /* and agree on HTTP/2 */
extern int32_t http2_window;
extern unsigned int n_resumed; /* handshakes that resumed a session */

struct event_base *far_setup(void);
void far_teardown(void);
/* The certificates of far ends, by an authority whose own stands in the file that is returned. For "proxy.example" and 192.0.2.1; expired
 * ones on request. */
const char *far_authority(void);
void far_certificate(const char *names, bool expired);

void far_send(struct far *far, const void *bytes, size_t len);
void far_stream_send(struct far *far, unsigned int stream, size_t len, bool end);
void far_end(struct far *far); /* its half: FIN, or close_notify */
void far_break(struct far *far, bool reset);
/* Everything goes on as far as it can. */
void run(void);

/* ---- a link ---- */

struct link {
	struct pr_carrier *carrier;
	bool opened;
	enum pr_tunnel_outcome outcome;
	unsigned int hop, n_readable, n_writable;
	char why[PR_TUNNEL_WHY_MAX + 1];
	bool free_when_opened, free_when_readable, reads_not;
	size_t n_in;
	ssize_t last; /* what the last read said, unless there were bytes */
	char in[64];
};

void link_open(struct link *link, struct pr_carriers *carriers, const struct pr_carrier_to *to);
/* As much as goes. */
ssize_t link_write(struct link *link, size_t len);
void link_read(struct link *link);

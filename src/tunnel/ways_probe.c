/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A proxy that hangs still gets its connections accepted by its kernel; so it has to say something: to SOCKS5's greeting, to
 * OPTIONS (RFC 9110, 9.3.7: of "*" it is "a 'ping' or 'no-op'"), or all of a TLS handshake, its certificate with it. An
 * interface is looked at without a packet.
 */
#include "tunnel/carrier_private.h"
#include "tunnel/dial_socket.h"
#include "tunnel/ways_private.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SILENT "it accepts connections and says nothing"
#define ENDS   "it ends connections at once"

struct pr_way_probe {
	struct pr_ways *ways;
	struct pr_way_upstream *hop;
	pr_way_probed done;
	struct pr_dial *dial;
	struct pr_layer *layer; /* TLS */
	struct event *event;	/* the answer's, the time's; of an interface: now */
	int fd;
};

void pr_way_probe_cancel(struct pr_way_probe *probe)
{
	if (!probe)
		return;
	pr_dial_cancel(probe->dial);
	pr_layer_free(probe->layer, true);
	if (probe->event)
		event_free(probe->event);
	if (probe->fd >= 0)
		close(probe->fd);
	free(probe);
}

static void finish(struct pr_way_probe *probe, bool works, const char *why)
{
	struct pr_way_upstream *hop = probe->hop;
	struct pr_ways *ways = probe->ways;
	pr_way_probed done = probe->done;

	hop->probe = NULL;
	pr_way_probe_cancel(probe);
	done(ways, hop, works, why);
}

static void wait_for(struct pr_way_probe *probe, short what, event_callback_fn on_event)
{
	static const struct timeval wait = { PR_WAY_PROBE_MS / 1000, 0 };

	probe->event = event_new(probe->ways->base, probe->fd, what, on_event, probe);
	pr_assert(probe->event);
	event_add(probe->event, &wait);
}

/* ---- without TLS ---- */

static bool is_socks5(const struct pr_way_probe *probe)
{
	return probe->hop->upstream.kind == PR_TUNNEL_SOCKS5;
}

static void on_answered(evutil_socket_t fd, short what, void *context)
{
	struct pr_way_probe *probe = context;
	const char *right = is_socks5(probe) ? "\5" : "HTTP/";
	char answer[512];
	ssize_t n;

	if (what & EV_TIMEOUT) {
		finish(probe, false, SILENT);
		return;
	}
	/* all that is there: what is left unread would end the connection by a reset */
	n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		finish(probe, false, ENDS);
	else if (strncmp(answer, right, (size_t)n < strlen(right) ? (size_t)n : strlen(right)) != 0)
		finish(probe, false,
		       is_socks5(probe) ? "it does not speak SOCKS5" : "it does not speak HTTP");
	else
		finish(probe, true, "");
}

static void greet(struct pr_way_probe *probe)
{
	char text[PR_TUNNEL_URL_MAX + 80];
	int len;

	/* without a method that it would take it goes no further, and has to say so (RFC 1928, 3) */
	if (is_socks5(probe))
		len = snprintf(text, sizeof(text), "\5\2%c\2", '\0');
	else
		len = snprintf(text, sizeof(text),
			       "OPTIONS * HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
			       probe->hop->upstream.host);
	if (send(probe->fd, text, (size_t)len, MSG_NOSIGNAL) != len)
		finish(probe, false, ENDS);
	else
		wait_for(probe, EV_READ | EV_PERSIST, on_answered);
}

/* ---- with TLS ---- */

static void on_time(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	finish(context, false, SILENT);
}

static void on_layer(void *context)
{
	struct pr_way_probe *probe = context;
	char why[PR_TUNNEL_WHY_MAX + 1];
	int r = pr_layer_tls_handshake(probe->layer, probe->hop->upstream.host, why);

	if (r != -EAGAIN)
		finish(probe, r == 0, r == 0 ? "" : why);
}

static void shake_hands(struct pr_way_probe *probe, int fd)
{
	static const struct pr_layer_events events = { .readable = on_layer, .writable = on_layer };
	const struct pr_tunnel_upstream *upstream = &probe->hop->upstream;
	struct pr_tls *tls = &probe->ways->carriers->tls;
	struct pr_layer *below = pr_layer_socket(probe->ways->base, fd);
	struct pr_tls_peer *peer = pr_tls_peer(tls, probe->hop->text);
	const char *why;

	probe->layer = pr_layer_tls(tls, below, upstream->host, upstream->ca, peer, &why);
	pr_tls_peer_release(peer);
	if (!probe->layer) {
		pr_layer_free(below, true);
		finish(probe, false, why);
		return;
	}
	pr_layer_listen(probe->layer, &events, probe);
	wait_for(probe, 0, on_time);
	on_layer(probe);
}

/* ---- the start ---- */

static void on_dialled(void *context, enum pr_tunnel_outcome outcome, int fd, const char *why)
{
	struct pr_way_probe *probe = context;

	probe->dial = NULL;
	if (outcome == PR_TUNNEL_UNSUPPORTED) {
		/* a limit of ours tells nothing of it: it stays what it was */
		finish(probe, !probe->hop->first.down, why);
	} else if (outcome != PR_TUNNEL_OPEN) {
		finish(probe, false, why);
	} else if (probe->hop->upstream.kind == PR_TUNNEL_CONNECT) {
		shake_hands(probe, fd);
	} else {
		probe->fd = fd;
		greet(probe);
	}
}

static void on_interface(evutil_socket_t fd, short what, void *context)
{
	struct pr_way_probe *probe = context;
	char why[64];
	int r = pr_dial_socket_interface(probe->hop->upstream.interface);

	(void)fd;
	(void)what;
	pr_dial_socket_interface_why(r, probe->hop->upstream.interface, why, sizeof(why));
	finish(probe, r == 0, why);
}

struct pr_way_probe *pr_way_probe_start(struct pr_ways *ways, struct pr_way_upstream *hop,
					pr_way_probed done)
{
	struct pr_way_probe *probe = pr_calloc(1, sizeof(*probe));

	*probe = (struct pr_way_probe){ .ways = ways, .hop = hop, .done = done, .fd = -1 };
	if (hop->upstream.kind == PR_TUNNEL_INTERFACE) {
		probe->event = event_new(ways->base, -1, 0, on_interface, probe);
		pr_assert(probe->event);
		event_active(probe->event, 0, 0);
	} else {
		const struct pr_dial_to to = { .host = hop->upstream.host,
					       .port = hop->upstream.port,
					       .interface = "" };

		probe->dial = pr_dial_start(ways->dialer, &to, on_dialled, probe);
	}
	return probe;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A proxy that hangs still gets its connections accepted by its kernel; so it has to say something: to SOCKS5's greeting, to
 * OPTIONS (RFC 9110, 9.3.7: of "*" it is "a 'ping' or 'no-op'"), or all of a TLS handshake, its certificate with it. An
 * interface is looked at without a packet.
 *
 * SOCKS5 hears of an account before any destination; so a look goes on until that is taken. HTTP hears both together, and
 * some take OPTIONS from everybody. Where a link's account was refused it is asked for a name that can't be anywhere (RFC
 * 6761, 6.4): one that refuses the account for that too does so always; whatever else it says is good.
 */
#include "tunnel/carrier_private.h"
#include "tunnel/dial_socket.h"
#include "tunnel/socks5.h"
#include "tunnel/ways_private.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SILENT "it accepts connections and says nothing"
#define ENDS   "it ends connections at once"
#define NOBODY "account.invalid"

struct pr_way_probe {
	struct pr_ways *ways;
	struct pr_way_upstream *hop;
	pr_way_probed done;
	struct pr_dial *dial;
	struct pr_layer *layer;	    /* TLS */
	struct pr_carrier *carrier; /* the account's */
	struct pr_socks5 socks5;
	struct event *event; /* the answer's, the time's; of an interface: now */
	int fd;
};

void pr_way_probe_cancel(struct pr_way_probe *probe)
{
	if (!probe)
		return;
	pr_dial_cancel(probe->dial);
	pr_layer_free(probe->layer, true);
	pr_carrier_free(probe->carrier, true);
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

static void on_answered(evutil_socket_t fd, short what, void *context);

static bool is_socks5(const struct pr_way_probe *probe)
{
	return probe->hop->upstream.kind == PR_TUNNEL_SOCKS5;
}

static void say(struct pr_way_probe *probe, const void *bytes, size_t len)
{
	if (send(probe->fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		finish(probe, false, ENDS);
	else if (!probe->event)
		wait_for(probe, EV_READ | EV_PERSIST, on_answered);
}

static void say_socks5(struct pr_way_probe *probe)
{
	uint8_t bytes[PR_TALK_SAY_MAX];
	size_t len = pr_socks5_say(&probe->socks5, bytes);

	say(probe, bytes, len);
	explicit_bzero(bytes, len);
}

static void hear_socks5(struct pr_way_probe *probe, const uint8_t *bytes, size_t len)
{
	enum pr_talk_heard heard = PR_TALK_MORE;
	struct pr_talk_failure failure;
	size_t used;

	heard = pr_socks5_hear(&probe->socks5, bytes, len, &used, &failure);
	if (heard == PR_TALK_FAILED)
		finish(probe, false, failure.why);
	else if (probe->socks5.state == PR_SOCKS5_REQUEST)
		finish(probe, true, "");
	else if (probe->socks5.state == PR_SOCKS5_ACCOUNT)
		say_socks5(probe);
}

static void on_answered(evutil_socket_t fd, short what, void *context)
{
	static const char right[] = "HTTP/";
	struct pr_way_probe *probe = context;
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
	else if (is_socks5(probe))
		hear_socks5(probe, (const uint8_t *)answer, (size_t)n);
	else if (strncmp(answer, right, (size_t)n < strlen(right) ? (size_t)n : strlen(right)) != 0)
		finish(probe, false, "it does not speak HTTP");
	else
		finish(probe, true, "");
}

static void greet(struct pr_way_probe *probe)
{
	const struct pr_tunnel_upstream *upstream = &probe->hop->upstream;
	char text[PR_TUNNEL_URL_MAX + 80];
	int len;

	if (is_socks5(probe)) {
		/* as links do it: a made-up account is none that it could know */
		bool made_up = !upstream->user[0] && probe->hop->made_up;
		const struct pr_talk_ask ask = {
			.host = NOBODY,
			.user = made_up ? "look" : upstream->user,
			.password = made_up ? "look" : upstream->password,
			.made_up = made_up,
		};

		pr_assert(pr_socks5_start(&probe->socks5, &ask) == 0);
		say_socks5(probe);
		return;
	}
	len = snprintf(text, sizeof(text),
		       "OPTIONS * HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
		       upstream->host);
	say(probe, text, (size_t)len);
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

/* ---- whether the account is refused ---- */

static void on_asked(void *context, enum pr_tunnel_outcome outcome, unsigned int n_hop,
		     const char *why)
{
	struct pr_way_probe *probe = context;
	const char *id = probe->hop->upstream.id;
	bool refused = pr_carrier_account_refused(probe->carrier);

	(void)n_hop;
	/* it is said of the upstream itself */
	if (strncmp(why, id, strlen(id)) == 0 && strncmp(why + strlen(id), ": ", 2) == 0)
		why += strlen(id) + 2;
	if (outcome == PR_TUNNEL_UNSUPPORTED)
		finish(probe, !probe->hop->first.down, why);
	else
		finish(probe, outcome != PR_TUNNEL_DOWN && !refused, why);
}

static void on_nothing(void *context)
{
	(void)context;
}

static void ask_for_nobody(struct pr_way_probe *probe)
{
	const struct pr_carrier_events events = { probe, on_asked, on_nothing, on_nothing };
	const struct pr_tunnel_upstream *upstream = &probe->hop->upstream;
	const struct pr_carrier_hop hop = { .upstream = upstream,
					    .user = upstream->user,
					    .password = upstream->password,
					    .shared = "" };
	const struct pr_carrier_to to = { .hops = &hop, .n_hops = 1, .host = NOBODY, .port = 443 };

	probe->carrier = pr_carrier_open(probe->ways->carriers, &to, &events);
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
	} else if (hop->account_refused && hop->upstream.kind != PR_TUNNEL_SOCKS5) {
		ask_for_nobody(probe);
	} else {
		const struct pr_dial_to to = { .host = hop->upstream.host,
					       .port = hop->upstream.port,
					       .interface = "" };

		probe->dial = pr_dial_start(ways->dialer, &to, on_dialled, probe);
	}
	return probe;
}

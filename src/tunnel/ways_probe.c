/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A proxy that hangs still gets its connections accepted by its kernel; so one of SOCKS5 has to answer its greeting. An
 * interface is looked at without a packet.
 */
#include "tunnel/dial_socket.h"
#include "tunnel/ways_private.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKS_VERSION 5

struct pr_way_probe {
	struct pr_ways *ways;
	struct pr_way_upstream *hop;
	pr_way_probed done;
	struct pr_dial *dial;
	struct event *event; /* of an interface: the answer is here; of SOCKS5: the socket */
	int fd;
};

void pr_way_probe_cancel(struct pr_way_probe *probe)
{
	if (!probe)
		return;
	pr_dial_cancel(probe->dial);
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

/* ---- SOCKS5 ---- */

static void on_greeted(evutil_socket_t fd, short what, void *context)
{
	struct pr_way_probe *probe = context;
	uint8_t answer[2];
	ssize_t n;

	if (what & EV_TIMEOUT) {
		finish(probe, false, "it accepts connections and says nothing");
		return;
	}
	n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n >= 1 && answer[0] == SOCKS_VERSION)
		finish(probe, true, "");
	else
		finish(probe, false,
		       n > 0 ? "it does not speak SOCKS5" : "it ends connections at once");
}

/* Without a method that would be taken, it goes no further: it has to say so. */
static void greet(struct pr_way_probe *probe, int fd)
{
	static const uint8_t greeting[] = { SOCKS_VERSION, 2, 0, 2 }; /* RFC 1928, 3 */
	static const struct timeval wait = { PR_WAY_PROBE_MS / 1000, 0 };

	probe->fd = fd;
	if (send(fd, greeting, sizeof(greeting), MSG_NOSIGNAL) != sizeof(greeting)) {
		finish(probe, false, "it ends connections at once");
		return;
	}
	probe->event = event_new(probe->ways->base, fd, EV_READ | EV_PERSIST, on_greeted, probe);
	pr_assert(probe->event);
	event_add(probe->event, &wait);
}

/* ---- the start ---- */

static void on_dialled(void *context, enum pr_tunnel_outcome outcome, int fd, const char *why)
{
	struct pr_way_probe *probe = context;

	probe->dial = NULL;
	if (outcome == PR_TUNNEL_OPEN && probe->hop->upstream.kind == PR_TUNNEL_SOCKS5) {
		greet(probe, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	finish(probe, outcome == PR_TUNNEL_OPEN, why);
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

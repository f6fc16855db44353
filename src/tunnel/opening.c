/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hop number `hop` is talked to over `layer`, and asked for the next hop, the last one for the destination: no other
 * learns it. Nothing is read beyond an answer, so what the far end sends at once stays in the layer. The whole has one
 * limit of time, whatever the hops do with it.
 */
#include "tunnel/opening.h"

#include "tunnel/associate.h"
#include "tunnel/connect.h"
#include "tunnel/hops.h"
#include "tunnel/socks5.h"

#include <string.h>
#include <sys/socket.h>

#define PR_OPENING_HOST_MAX 255 /* what SOCKS5 has room for, and DNS knows */

struct pr_opening {
	struct pr_carriers *carriers;
	pr_opening_done done;
	void *context;
	struct pr_carrier_hop *hops;
	unsigned int n_hops, hop;
	char *host;
	uint16_t port;
	bool datagrams;
	struct pr_dial *dial;
	struct pr_layer *layer;
	struct pr_address proxy; /* what the first dial reached */
	struct event timer;
	/* said when the timer comes; NULL = that it took too long */
	const char *failure;
	enum pr_tunnel_outcome failure_outcome;
	union {
		struct pr_socks5 socks5;
		struct pr_connect connect;
	} talk;
	uint16_t out_len, out_sent;
	uint8_t out[PR_TALK_SAY_MAX];
};

static void go_on(struct pr_opening *opening);

/* ---- the end ---- */

static void free_opening(struct pr_opening *opening, bool reset)
{
	pr_dial_cancel(opening->dial);
	event_del(&opening->timer);
	pr_layer_free(opening->layer, reset);
	explicit_bzero(&opening->talk, sizeof(opening->talk));
	explicit_bzero(opening->out, sizeof(opening->out));
	free(opening->hops);
	free(opening->host);
	free(opening);
}

/* The last thing that is done with an opening. */
static void end(struct pr_opening *opening, const struct pr_opened *opened)
{
	pr_opening_done done = opening->done;
	void *context = opening->context;

	free_opening(opening, true);
	done(context, opened);
}

static void fail(struct pr_opening *opening, enum pr_tunnel_outcome outcome, unsigned int hop,
		 const char *why)
{
	struct pr_opened opened = { .outcome = outcome, .hop = hop };
	char sentence[PR_TUNNEL_WHY_MAX + 1];

	snprintf(sentence, sizeof(sentence), "%s: %s", opening->hops[hop].upstream->id, why);
	opened.why = sentence;
	end(opening, &opened);
}

static bool is_last(const struct pr_opening *opening)
{
	return opening->hop + 1 == opening->n_hops;
}

/* What the hop that is talked to said of what it was asked for. */
static void fail_by_word(struct pr_opening *opening, const struct pr_talk_failure *failure)
{
	char why[PR_TUNNEL_WHY_MAX + 1];
	unsigned int hop = opening->hop;

	if (failure->own) {
		fail(opening, PR_TUNNEL_DOWN, hop, failure->why);
	} else if (is_last(opening)) {
		fail(opening, failure->outcome, hop, failure->why);
	} else {
		snprintf(why, sizeof(why), "not reached through %s: %s",
			 opening->hops[hop].upstream->id, failure->why);
		fail(opening, PR_TUNNEL_DOWN, hop + 1, why);
	}
}

static void fail_by_end(struct pr_opening *opening, ssize_t r)
{
	char why[PR_TUNNEL_WHY_MAX + 1];

	if (r == 0)
		snprintf(why, sizeof(why), "it ended the connection before it answered");
	else
		snprintf(why, sizeof(why), "the connection broke: %s", strerror((int)-r));
	fail(opening, PR_TUNNEL_DOWN, opening->hop, why);
}

static bool waits_for_destination(const struct pr_opening *opening)
{
	const struct pr_carrier_hop *hop = &opening->hops[opening->hop];

	return opening->layer && is_last(opening) &&
	       (hop->upstream->kind != PR_TUNNEL_SOCKS5 || pr_socks5_asked(&opening->talk.socks5));
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct pr_opening *opening = context;

	(void)fd;
	(void)what;
	if (opening->failure)
		fail(opening, opening->failure_outcome, opening->hop, opening->failure);
	else if (waits_for_destination(opening))
		fail(opening, PR_TUNNEL_TIMED_OUT, opening->hop,
		     "it did not say in time whether it connected");
	else
		fail(opening, PR_TUNNEL_DOWN, opening->hop, "it did not answer in time");
}

/* From the loop, for what is clear from the start. */
static void fail_later(struct pr_opening *opening, enum pr_tunnel_outcome outcome, const char *why)
{
	opening->failure = why;
	opening->failure_outcome = outcome;
	event_active(&opening->timer, EV_TIMEOUT, 0);
}

/* ---- what is said and heard ---- */

static struct pr_talk_ask ask_of(const struct pr_opening *opening)
{
	const struct pr_carrier_hop *hop = &opening->hops[opening->hop];
	const struct pr_tunnel_upstream *next = is_last(opening) ? NULL : hop[1].upstream;

	return (struct pr_talk_ask){
		.host = next ? next->host : opening->host,
		.port = next ? next->port : opening->port,
		.user = hop->user,
		.password = hop->password,
		.associate = opening->datagrams,
	};
}

/* The layer leads to hop number `hop`. */
static int start_talk(struct pr_opening *opening)
{
	struct pr_talk_ask ask = ask_of(opening);

	opening->out_len = opening->out_sent = 0;
	return opening->hops[opening->hop].upstream->kind == PR_TUNNEL_SOCKS5
		       ? pr_socks5_start(&opening->talk.socks5, &ask)
		       : pr_connect_start(&opening->talk.connect, &ask);
}

static size_t say(struct pr_opening *opening)
{
	return opening->hops[opening->hop].upstream->kind == PR_TUNNEL_SOCKS5
		       ? pr_socks5_say(&opening->talk.socks5, opening->out)
		       : pr_connect_say(&opening->talk.connect, opening->out);
}

static enum pr_talk_heard hear(struct pr_opening *opening, const uint8_t *bytes, size_t len,
			       size_t *ret_used, struct pr_talk_failure *ret_failure)
{
	return opening->hops[opening->hop].upstream->kind == PR_TUNNEL_SOCKS5
		       ? pr_socks5_hear(&opening->talk.socks5, bytes, len, ret_used, ret_failure)
		       : pr_connect_hear(&opening->talk.connect, bytes, len, ret_used, ret_failure);
}

/* 0: all that is to be said now is said; -EAGAIN, or what broke. */
static int send_out(struct pr_opening *opening)
{
	if (opening->out_sent == opening->out_len) {
		opening->out_sent = 0;
		opening->out_len = (uint16_t)say(opening);
	}
	while (opening->out_sent < opening->out_len) {
		ssize_t n = pr_layer_write(opening->layer, opening->out + opening->out_sent,
					   (size_t)(opening->out_len - opening->out_sent));

		if (n < 0)
			return (int)n;
		opening->out_sent = (uint16_t)(opening->out_sent + n);
	}
	return 0;
}

/* Looks at what came, and takes of it what the talk used. */
static ssize_t hear_some(struct pr_opening *opening, enum pr_talk_heard *ret_heard,
			 struct pr_talk_failure *ret_failure)
{
	uint8_t bytes[1024];
	ssize_t n = pr_layer_peek(opening->layer, bytes, sizeof(bytes));
	size_t used, taken = 0;

	if (n <= 0)
		return n;
	*ret_heard = hear(opening, bytes, (size_t)n, &used, ret_failure);
	while (taken < used) {
		n = pr_layer_read(opening->layer, bytes, used - taken);
		if (n <= 0)
			return n;
		taken += (size_t)n;
	}
	return (ssize_t)taken;
}

/* ---- the way ---- */

static const struct pr_layer_events talk_events;

static void finish(struct pr_opening *opening)
{
	const struct pr_opened opened = { .outcome = PR_TUNNEL_OPEN,
					  .hop = opening->n_hops - 1,
					  .why = "",
					  .layer = PR_TAKE_PTR(opening->layer) };

	pr_layer_listen(opened.layer, NULL, NULL);
	end(opening, &opened);
}

/* The layer leads to hop number `hop`; beyond the last one: to the destination. */
static void begin_hop(struct pr_opening *opening)
{
	if (opening->hop == opening->n_hops) {
		finish(opening);
		return;
	}
	pr_layer_listen(opening->layer, &talk_events, opening);
	if (start_talk(opening) < 0)
		fail(opening, PR_TUNNEL_UNSUPPORTED, opening->hop,
		     "its protocol can't name the destination");
	else
		go_on(opening);
}

static void on_relay_dialled(void *context, enum pr_tunnel_outcome outcome, int fd, const char *why)
{
	struct pr_opening *opening = context;

	opening->dial = NULL;
	if (outcome != PR_TUNNEL_OPEN) {
		fail(opening, PR_TUNNEL_DOWN, opening->hop, why);
		return;
	}
	opening->layer = pr_layer_associate(opening->carriers->base, PR_TAKE_PTR(opening->layer),
					    fd, opening->host, opening->port);
	finish(opening);
}

/* An association's datagrams go to the relay that the proxy named. */
static void dial_relay(struct pr_opening *opening)
{
	char text[sizeof(opening->talk.socks5.relay_host)];
	const struct pr_dial_to to = {
		.host = pr_associate_relay(opening->talk.socks5.relay_host, &opening->proxy, text),
		.port = opening->talk.socks5.relay_port,
		.datagrams = true,
		.interface = "",
	};

	if (!to.host)
		fail(opening, PR_TUNNEL_DOWN, opening->hop,
		     "it names a relay that is no place for datagrams");
	else
		opening->dial =
			pr_dial_start(opening->carriers->dialer, &to, on_relay_dialled, opening);
}

static void go_on(struct pr_opening *opening)
{
	enum pr_talk_heard heard = PR_TALK_MORE;
	struct pr_talk_failure failure;
	ssize_t r;

	while (heard == PR_TALK_MORE) {
		r = send_out(opening);
		if (r == 0) {
			r = hear_some(opening, &heard, &failure);
			if (r == 0)
				r = -EPIPE;
		}
		if (r == -EAGAIN)
			return;
		if (r < 0) {
			fail_by_end(opening, r == -EPIPE ? 0 : r);
			return;
		}
	}
	if (heard == PR_TALK_FAILED) {
		fail_by_word(opening, &failure);
	} else if (opening->datagrams) {
		pr_layer_listen(opening->layer, NULL, NULL);
		dial_relay(opening);
	} else {
		opening->hop++;
		begin_hop(opening);
	}
}

static void on_talk(void *context)
{
	go_on(context);
}

static const struct pr_layer_events talk_events = { .readable = on_talk, .writable = on_talk };

static void on_dialled(void *context, enum pr_tunnel_outcome outcome, int fd, const char *why)
{
	struct pr_opening *opening = context;
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);

	opening->dial = NULL;
	if (outcome != PR_TUNNEL_OPEN) {
		/* the interface itself; its word on the destination; otherwise it is the proxy that is not there */
		if (outcome == PR_TUNNEL_DOWN)
			fail(opening, outcome, 0, why);
		else if (opening->hop == opening->n_hops)
			fail(opening, outcome, opening->hop - 1, why);
		else
			fail(opening, PR_TUNNEL_DOWN, opening->hop, why);
		return;
	}
	if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0)
		opening->proxy = pr_address_from_sockaddr((struct sockaddr *)&peer, NULL);
	opening->layer = pr_layer_socket(opening->carriers->base, fd);
	begin_hop(opening);
}

/* An interface is no host: what stands behind it is dialled by it. */
static void dial_first(struct pr_opening *opening)
{
	const struct pr_tunnel_upstream *first = opening->hops[0].upstream, *next;
	struct pr_dial_to to = { .interface = "" };

	if (first->kind == PR_TUNNEL_INTERFACE) {
		to.interface = first->interface;
		to.nameservers = first->nameservers;
		to.n_nameservers = first->n_nameservers;
		opening->hop = 1;
	}
	next = opening->hop < opening->n_hops ? opening->hops[opening->hop].upstream : NULL;
	to.host = next ? next->host : opening->host;
	to.port = next ? next->port : opening->port;
	to.datagrams = opening->datagrams && !next;
	opening->dial = pr_dial_start(opening->carriers->dialer, &to, on_dialled, opening);
}

/* A sentence about the hops that can't be, or NULL. */
static const char *impossible(struct pr_opening *opening)
{
	const struct pr_tunnel_upstream *first = opening->hops[0].upstream;
	size_t host_len = strlen(opening->host);

	if (host_len == 0 || host_len > PR_OPENING_HOST_MAX)
		return "the destination is no host";
	if (opening->datagrams && first->kind == PR_TUNNEL_SOCKS5 && !first->udp)
		return "its configuration says that it takes no datagrams";
	if (opening->datagrams && (opening->n_hops > 1 || (first->kind != PR_TUNNEL_SOCKS5 &&
							   first->kind != PR_TUNNEL_INTERFACE)))
		return "datagrams don't go this way";
	for (opening->hop = 1; opening->hop < opening->n_hops; opening->hop++)
		if (opening->hops[opening->hop].upstream->kind == PR_TUNNEL_INTERFACE)
			return "an interface can only be the first hop";
	for (opening->hop = 0; opening->hop < opening->n_hops; opening->hop++)
		if (opening->hops[opening->hop].upstream->kind == PR_TUNNEL_CONNECT)
			return "TLS is not spoken yet";
	opening->hop = 0;
	return NULL;
}

struct pr_opening *pr_opening_start(struct pr_carriers *carriers, const struct pr_carrier_to *to,
				    pr_opening_done done, void *context)
{
	static const struct timeval timeout = { .tv_sec = PR_CARRIER_OPEN_TIMEOUT_MS / 1000 };
	struct pr_opening *opening = pr_calloc(1, sizeof(*opening));
	const char *why;

	pr_assert(to->n_hops >= 1 && to->n_hops <= PR_TUNNEL_HOPS_MAX);
	*opening = (struct pr_opening){
		.carriers = carriers,
		.done = done,
		.context = context,
		.hops = pr_hops_copy(to->hops, to->n_hops),
		.n_hops = to->n_hops,
		.host = pr_strdup(to->host),
		.port = to->port,
		.datagrams = to->datagrams,
	};
	pr_assert(evtimer_assign(&opening->timer, carriers->base, on_timer, opening) == 0);
	event_add(&opening->timer, &timeout);
	why = impossible(opening);
	if (why)
		fail_later(opening, PR_TUNNEL_UNSUPPORTED, why);
	else
		dial_first(opening);
	return opening;
}

void pr_opening_cancel(struct pr_opening *opening)
{
	if (opening)
		free_opening(opening, true);
}

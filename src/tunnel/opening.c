/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hop number `hop` is talked to over `layer`, and asked for the next hop, the last one for the destination: no other
 * learns it. Nothing is read beyond an answer, so what the far end sends at once stays in the layer. The whole has one
 * limit of time, whatever the hops do with it.
 */
#include "tunnel/opening.h"

#include "base/clock.h"
#include "tunnel/associate.h"
#include "tunnel/hops.h"
#include "tunnel/http2.h"
#include "tunnel/talking.h"
#include "tunnel/trunk.h"

#include <string.h>
#include <sys/socket.h>

#define PR_OPENING_HOST_MAX 255 /* what SOCKS5 has room for, and DNS knows */

static const char unnameable[] = "its protocol can't name the destination";

struct pr_opening {
	struct pr_carriers *carriers;
	pr_opening_done done;
	void *context;
	struct pr_carrier_hop *hops;
	unsigned int n_hops, hop;
	unsigned int n_talks; /* so many hops are asked for something */
	char *host;
	uint16_t port;
	bool datagrams;
	struct pr_dial *dial;
	struct pr_layer *layer;
	struct pr_address proxy; /* what the first dial reached */
	struct event timer;
	uint64_t ends_us; /* then the timer comes, at the latest */
	bool asked;	  /* the hop was, and may take its time */
	/* said when the timer comes; NULL = that it took too long */
	const char *failure;
	enum pr_tunnel_outcome failure_outcome;
	struct pr_trunk_wait wait;
	bool is_stream; /* the layer is one of HTTP/2, which is to be answered */
	bool again;	/* that was tried once more */
	struct pr_talking talking;
};

/* ---- the end ---- */

static void free_opening(struct pr_opening *opening, bool reset)
{
	pr_dial_cancel(opening->dial);
	event_del(&opening->timer);
	pr_layer_free(opening->layer, reset);
	pr_trunk_leave(&opening->wait);
	pr_talking_done(&opening->talking);
	explicit_bzero(&opening->talking, sizeof(opening->talking));
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
	struct pr_opened opened = { .outcome = outcome };
	char sentence[PR_TUNNEL_WHY_MAX + 1];

	/* what stands behind an interface is dialled by it, as if it were the next one */
	if (hop == opening->n_hops)
		hop--;
	opened.hop = hop;
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

static void fail_by_end(struct pr_opening *opening, int r)
{
	char why[PR_TUNNEL_WHY_MAX + 1];

	if (r == -EPIPE)
		snprintf(why, sizeof(why), "it ended the connection before it answered");
	else
		snprintf(why, sizeof(why), "the connection broke: %s", strerror(-r));
	fail(opening, PR_TUNNEL_DOWN, opening->hop, why);
}

static bool waits_for_destination(const struct pr_opening *opening)
{
	return opening->layer && is_last(opening) &&
	       (opening->is_stream || pr_talking_asked(&opening->talking));
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

/* So long from now on, and not beyond the end. */
static void wait_for(struct pr_opening *opening, uint64_t wait_us)
{
	uint64_t now_us = pr_clock_monotonic_us();
	struct timeval wait;

	if (now_us + wait_us > opening->ends_us)
		wait_us = opening->ends_us > now_us ? opening->ends_us - now_us : 0;
	wait = (struct timeval){ (time_t)(wait_us / 1000000), (suseconds_t)(wait_us % 1000000) };
	event_add(&opening->timer, &wait);
}

/* From the loop, for what is clear from the start. */
static void fail_later(struct pr_opening *opening, enum pr_tunnel_outcome outcome, const char *why)
{
	opening->failure = why;
	opening->failure_outcome = outcome;
	event_active(&opening->timer, EV_TIMEOUT, 0);
}

/* ---- the way ---- */

static void begin_hop(struct pr_opening *opening);
static void join_trunk(struct pr_opening *opening);

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

static void finish(struct pr_opening *opening)
{
	const struct pr_opened opened = { .outcome = PR_TUNNEL_OPEN,
					  .hop = opening->n_hops - 1,
					  .why = "",
					  .layer = PR_TAKE_PTR(opening->layer) };

	pr_layer_listen(opened.layer, NULL, NULL);
	end(opening, &opened);
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
	const struct pr_socks5 *socks = &opening->talking.socks5;
	const struct pr_address relay = pr_associate_relay(&socks->relay, &opening->proxy);
	char text[PR_ADDRESS_TEXT_SIZE];
	const struct pr_dial_to to = {
		.host = pr_address_format(&relay, text),
		.port = socks->relay_port,
		.datagrams = true,
		.interface = "",
	};

	if (!relay.family)
		fail(opening, PR_TUNNEL_DOWN, opening->hop,
		     "it names a relay that is no place for datagrams");
	else
		opening->dial =
			pr_dial_start(opening->carriers->dialer, &to, on_relay_dialled, opening);
}

static void go_on(struct pr_opening *opening)
{
	enum pr_talk_heard heard;
	struct pr_talk_failure failure;
	bool again = false;
	int r = 0;

	if (opening->is_stream)
		heard = pr_http2_heard(opening->layer, &failure, &again);
	else
		r = pr_talking_go_on(&opening->talking, opening->layer, &heard, &failure);
	if (r == -EAGAIN || (r == 0 && heard == PR_TALK_MORE)) {
		if (!opening->asked &&
		    (opening->is_stream || pr_talking_asked(&opening->talking))) {
			opening->asked = true;
			wait_for(opening, PR_CARRIER_OPEN_TIMEOUT_MS * UINT64_C(1000));
		}
		return;
	}
	if (r < 0) {
		fail_by_end(opening, r);
	} else if (again && !opening->again) {
		opening->again = true;
		pr_layer_free(PR_TAKE_PTR(opening->layer), true);
		join_trunk(opening);
	} else if (heard == PR_TALK_FAILED) {
		fail_by_word(opening, &failure);
	} else if (opening->datagrams) {
		pr_layer_listen(opening->layer, NULL, NULL);
		dial_relay(opening);
	} else {
		opening->is_stream = false;
		opening->hop++;
		begin_hop(opening);
	}
}

static void on_talk(void *context)
{
	go_on(context);
}

static void watch_layer(struct pr_opening *opening)
{
	static const struct pr_layer_events talk_events = { .readable = on_talk,
							    .writable = on_talk };

	pr_layer_listen(opening->layer, &talk_events, opening);
}

/* The layer leads to hop number `hop`; beyond the last that is asked: to where the opening leads. */
static void begin_hop(struct pr_opening *opening)
{
	struct pr_talk_ask ask;

	if (opening->hop == opening->n_talks) {
		finish(opening);
		return;
	}
	watch_layer(opening);
	opening->asked = false;
	wait_for(opening, PR_CARRIER_ANSWER_TIMEOUT_MS * UINT64_C(1000));
	ask = ask_of(opening);
	if (pr_talking_start(&opening->talking,
			     opening->hops[opening->hop].upstream->kind == PR_TUNNEL_SOCKS5,
			     &ask) < 0)
		fail(opening, PR_TUNNEL_UNSUPPORTED, opening->hop, unnameable);
	else
		go_on(opening);
}

/* ---- by a trunk ---- */

static void begin_stream(struct pr_opening *opening, struct pr_http2 *http2)
{
	const struct pr_talk_ask ask = ask_of(opening);

	opening->layer = pr_http2_open(http2, &ask);
	if (!opening->layer) {
		fail_later(opening, PR_TUNNEL_UNSUPPORTED, unnameable);
		return;
	}
	opening->is_stream = opening->asked = true;
	watch_layer(opening);
}

static void on_trunk(struct pr_trunk_wait *wait, struct pr_http2 *http2, struct pr_layer *layer)
{
	struct pr_opening *opening =
		(struct pr_opening *)((char *)wait - offsetof(struct pr_opening, wait));

	if (http2) {
		begin_stream(opening, http2);
	} else if (layer) {
		opening->layer = layer;
		begin_hop(opening);
	} else {
		join_trunk(opening);
	}
}

static void on_no_trunk(struct pr_trunk_wait *wait, const struct pr_opened *opened)
{
	end((struct pr_opening *)((char *)wait - offsetof(struct pr_opening, wait)), opened);
}

/* To hop number `hop`, which speaks TLS. */
static void join_trunk(struct pr_opening *opening)
{
	struct pr_http2 *http2 =
		pr_trunk_join(opening->carriers, opening->hops, opening->hop + 1, &opening->wait);

	if (http2)
		begin_stream(opening, http2);
	else if (!opening->wait.trunk)
		fail_later(opening, PR_TUNNEL_DOWN, "too many connections are open");
}

/* ---- by a dial ---- */

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
			fail(opening, outcome, opening->hop, why);
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
	opening->hop = 0;
	return NULL;
}

/* From the last hop on that speaks TLS, where there is one: its connection may be there already. */
static void begin(struct pr_opening *opening)
{
	const char *why = impossible(opening);

	if (why) {
		fail_later(opening, PR_TUNNEL_UNSUPPORTED, why);
		return;
	}
	for (unsigned int i = opening->n_talks; i-- > 0;)
		if (opening->hops[i].upstream->kind == PR_TUNNEL_CONNECT) {
			opening->hop = i;
			join_trunk(opening);
			return;
		}
	dial_first(opening);
}

static struct pr_opening *start(struct pr_carriers *carriers, const struct pr_carrier_to *to,
				unsigned int n_talks, pr_opening_done done, void *context)
{
	struct pr_opening *opening = pr_calloc(1, sizeof(*opening));

	pr_assert(to->n_hops >= 1 && to->n_hops <= PR_TUNNEL_HOPS_MAX);
	*opening = (struct pr_opening){
		.carriers = carriers,
		.done = done,
		.context = context,
		.hops = pr_hops_copy(to->hops, to->n_hops),
		.n_hops = to->n_hops,
		.n_talks = n_talks,
		.host = pr_strdup(to->host),
		.port = to->port,
		.datagrams = to->datagrams,
		.wait = { .ready = on_trunk, .failed = on_no_trunk },
	};
	pr_assert(evtimer_assign(&opening->timer, carriers->base, on_timer, opening) == 0);
	opening->ends_us = pr_clock_monotonic_us() + PR_CARRIER_OPEN_TIMEOUT_MS * UINT64_C(1000);
	wait_for(opening, PR_CARRIER_OPEN_TIMEOUT_MS * UINT64_C(1000));
	begin(opening);
	return opening;
}

struct pr_opening *pr_opening_start(struct pr_carriers *carriers, const struct pr_carrier_to *to,
				    pr_opening_done done, void *context)
{
	return start(carriers, to, to->n_hops, done, context);
}

struct pr_opening *pr_opening_start_to_last_hop(struct pr_carriers *carriers,
						const struct pr_carrier_hop *hops,
						unsigned int n_hops, pr_opening_done done,
						void *context)
{
	const struct pr_carrier_to to = { .hops = hops,
					  .n_hops = n_hops,
					  .host = hops[n_hops - 1].upstream->host,
					  .port = hops[n_hops - 1].upstream->port };

	return start(carriers, &to, n_hops - 1, done, context);
}

void pr_opening_cancel(struct pr_opening *opening)
{
	if (opening)
		free_opening(opening, true);
}

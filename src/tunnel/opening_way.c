/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hop number `hop` is talked to over `layer`, and asked for the next hop, the last one for the destination: no other
 * learns it. Nothing is read beyond an answer, so what the far end sends at once stays in the layer.
 */
#include "tunnel/opening_private.h"

#include "tunnel/associate.h"
#include "tunnel/http2.h"

#include <string.h>
#include <sys/socket.h>

static const char unnameable[] = "its protocol can't name the destination";

/* ---- what failed ---- */

/* What the hop that is talked to said of what it was asked for. */
static void fail_by_word(struct pr_opening *opening, const struct pr_talk_failure *failure)
{
	char why[PR_TUNNEL_WHY_MAX + 1];
	unsigned int hop = opening->hop;

	opening->account = failure->own && failure->account;
	if (failure->own) {
		pr_opening_fail(opening, PR_TUNNEL_DOWN, hop, failure->why);
	} else if (pr_opening_is_last(opening)) {
		pr_opening_fail(opening, failure->outcome, hop, failure->why);
	} else {
		snprintf(why, sizeof(why), "not reached through %s: %s",
			 opening->hops[hop].upstream->id, failure->why);
		pr_opening_fail(opening, PR_TUNNEL_DOWN, hop + 1, why);
	}
}

static void fail_by_end(struct pr_opening *opening, int r)
{
	char why[PR_TUNNEL_WHY_MAX + 1];

	if (r == -EPIPE && opening->named)
		snprintf(why, sizeof(why), "it ended the connection when it was asked to connect");
	else if (r == -EPIPE)
		snprintf(why, sizeof(why), "it ended the connection before it answered");
	else
		snprintf(why, sizeof(why), "the connection broke: %s", strerror(-r));
	pr_opening_fail(opening, PR_TUNNEL_DOWN, opening->hop, why);
}

/* ---- the way ---- */

static void begin_hop(struct pr_opening *opening);
static void join_trunk(struct pr_opening *opening);

static struct pr_talk_ask ask_of(const struct pr_opening *opening)
{
	const struct pr_carrier_hop *hop = &opening->hops[opening->hop];
	const struct pr_tunnel_upstream *next =
		pr_opening_is_last(opening) ? NULL : hop[1].upstream;

	return (struct pr_talk_ask){
		.host = next ? next->host : opening->host,
		.port = next ? next->port : opening->port,
		.user = hop->user,
		.password = hop->password,
		.made_up = hop->made_up,
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
	pr_opening_end(opening, &opened);
}

static void on_relay_dialled(void *context, enum pr_tunnel_outcome outcome, int fd, const char *why)
{
	struct pr_opening *opening = context;

	opening->dial = NULL;
	if (outcome != PR_TUNNEL_OPEN) {
		pr_opening_fail(opening,
				outcome == PR_TUNNEL_UNSUPPORTED ? outcome : PR_TUNNEL_DOWN,
				opening->hop, why);
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
		pr_opening_fail(opening, PR_TUNNEL_DOWN, opening->hop,
				"it names a relay that is no place for datagrams");
	else
		opening->dial =
			pr_dial_start(opening->carriers->dialer, &to, on_relay_dialled, opening);
}

/* An association is asked for before any destination. */
static void note_asked(struct pr_opening *opening)
{
	if (opening->asked || !(opening->is_stream || pr_proxy_talk_asked(&opening->talking)))
		return;
	opening->asked = true;
	opening->named |= pr_opening_is_last(opening) && !opening->datagrams;
	pr_opening_wait(opening, PR_CARRIER_OPEN_TIMEOUT_MS * UINT64_C(1000));
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
		r = pr_proxy_talk_go_on(&opening->talking, opening->layer, &heard, &failure);
	note_asked(opening);
	if (r == -EAGAIN || (r == 0 && heard == PR_TALK_MORE))
		return;
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
	pr_opening_wait(opening, PR_CARRIER_ANSWER_TIMEOUT_MS * UINT64_C(1000));
	ask = ask_of(opening);
	if (pr_proxy_talk_start(&opening->talking,
				opening->hops[opening->hop].upstream->kind == PR_TUNNEL_SOCKS5,
				&ask) < 0)
		pr_opening_fail(opening, PR_TUNNEL_UNSUPPORTED, opening->hop, unnameable);
	else
		go_on(opening);
}

/* ---- by a trunk ---- */

static void begin_stream(struct pr_opening *opening, struct pr_http2 *http2)
{
	const struct pr_talk_ask ask = ask_of(opening);

	opening->layer = pr_http2_open(http2, &ask);
	if (!opening->layer) {
		pr_opening_fail_later(opening, PR_TUNNEL_UNSUPPORTED, unnameable);
		return;
	}
	opening->is_stream = true;
	note_asked(opening);
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
	pr_opening_end((struct pr_opening *)((char *)wait - offsetof(struct pr_opening, wait)),
		       opened);
}

/* To hop number `hop`, which speaks TLS. */
static void join_trunk(struct pr_opening *opening)
{
	struct pr_http2 *http2 =
		pr_trunk_join(opening->carriers, opening->hops, opening->hop + 1, &opening->wait);

	if (http2)
		begin_stream(opening, http2);
	else if (!opening->wait.trunk)
		pr_opening_fail_later(opening, PR_TUNNEL_UNSUPPORTED,
				      "too many connections are open");
}

/* ---- by a dial ---- */

static void on_dialled(void *context, enum pr_tunnel_outcome outcome, int fd, const char *why)
{
	struct pr_opening *opening = context;
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);

	opening->dial = NULL;
	if (outcome != PR_TUNNEL_OPEN) {
		/* the interface itself; we can't, or its word on the destination; otherwise it is the proxy that is not
		 * there */
		if (outcome == PR_TUNNEL_DOWN)
			pr_opening_fail(opening, outcome, 0, why);
		else if (outcome == PR_TUNNEL_UNSUPPORTED || opening->hop == opening->n_hops)
			pr_opening_fail(opening, outcome, opening->hop, why);
		else
			pr_opening_fail(opening, PR_TUNNEL_DOWN, opening->hop, why);
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

/* ---- which way ---- */

void pr_opening_set_out(struct pr_opening *opening)
{
	opening->wait.ready = on_trunk;
	opening->wait.failed = on_no_trunk;
	for (unsigned int i = opening->n_talks; i-- > 0;)
		if (opening->hops[i].upstream->kind == PR_TUNNEL_CONNECT) {
			opening->hop = i;
			join_trunk(opening);
			return;
		}
	dial_first(opening);
}

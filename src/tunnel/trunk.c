/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A trunk is its opening, then a handshake of TLS, then a connection of HTTP/2, or nothing any more: a connection of
 * HTTP/1.1 is handed to the first who waits for it. The others open their own, and so does who comes later: that the
 * server speaks HTTP/1.1 is remembered.
 */
#include "tunnel/trunk.h"

#include "tunnel/hops.h"
#include "tunnel/http2.h"

#include <event2/event_struct.h>
#include <string.h>

struct pr_trunk {
	LIST_ENTRY(pr_trunk) link;
	struct pr_carriers *carriers;
	struct pr_carrier_hop *hops;
	unsigned int n_hops;
	struct pr_tls_peer *peer; /* its key is the trunk's */
	struct pr_opening *opening;
	struct pr_layer *layer; /* TLS, while hands are shaken */
	struct pr_http2 *http2;
	TAILQ_HEAD(, pr_trunk_wait) waits;
	struct event timer;
	bool retired; /* nobody joins */
	bool ending;  /* it is freed by who set this */
};

static const struct pr_tunnel_upstream *proxy_of(const struct pr_trunk *trunk)
{
	return trunk->hops[trunk->n_hops - 1].upstream;
}

static void free_trunk(struct pr_trunk *trunk)
{
	LIST_REMOVE(trunk, link);
	trunk->carriers->n_trunks--;
	pr_opening_cancel(trunk->opening);
	pr_layer_free(trunk->layer, true);
	if (trunk->http2)
		pr_http2_free(trunk->http2);
	pr_tls_peer_release(trunk->peer);
	event_del(&trunk->timer);
	free(trunk->hops);
	free(trunk);
}

/* ---- how it ends ---- */

/* Who is told may free others who wait, and open new links. */
static void fail(struct pr_trunk *trunk, const struct pr_opened *opened)
{
	struct pr_trunk_wait *wait;

	trunk->retired = trunk->ending = true;
	while ((wait = TAILQ_FIRST(&trunk->waits))) {
		pr_trunk_leave(wait);
		wait->failed(wait, opened);
	}
	free_trunk(trunk);
}

static void fail_why(struct pr_trunk *trunk, const char *why)
{
	char sentence[PR_TUNNEL_WHY_MAX + 1];
	const struct pr_opened opened = { .outcome = PR_TUNNEL_DOWN,
					  .hop = trunk->n_hops - 1,
					  .why = sentence };

	snprintf(sentence, sizeof(sentence), "%s: %s", proxy_of(trunk)->id, why);
	fail(trunk, &opened);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	fail_why(context, "it did not answer in time");
}

static void on_http2_ended(void *context)
{
	struct pr_trunk *trunk = context;

	pr_assert(TAILQ_EMPTY(&trunk->waits));
	free_trunk(trunk);
}

/* ---- how it begins ---- */

/* Those for whom there is no room open another one. */
static void hand_out_http2(struct pr_trunk *trunk)
{
	struct pr_trunk_wait *wait;

	trunk->ending = true;
	while ((wait = TAILQ_FIRST(&trunk->waits))) {
		pr_trunk_leave(wait);
		wait->ready(wait, pr_http2_has_room(trunk->http2) ? trunk->http2 : NULL, NULL);
	}
	trunk->ending = false;
}

static void hand_out_http1(struct pr_trunk *trunk)
{
	struct pr_layer *layer = PR_TAKE_PTR(trunk->layer);
	struct pr_trunk_wait *wait;

	pr_layer_listen(layer, NULL, NULL);
	trunk->peer->speaks_http1 = true;
	trunk->retired = trunk->ending = true;
	while ((wait = TAILQ_FIRST(&trunk->waits))) {
		pr_trunk_leave(wait);
		wait->ready(wait, NULL, PR_TAKE_PTR(layer));
	}
	pr_layer_free(layer, false);
	free_trunk(trunk);
}

static void on_layer(void *context)
{
	struct pr_trunk *trunk = context;
	char why[PR_TUNNEL_WHY_MAX + 1];
	int r = pr_layer_tls_handshake(trunk->layer, proxy_of(trunk)->host, why);

	if (r == -EAGAIN)
		return;
	event_del(&trunk->timer);
	if (r < 0) {
		fail_why(trunk, why);
	} else if (!pr_layer_tls_is_http2(trunk->layer)) {
		hand_out_http1(trunk);
	} else {
		trunk->peer->speaks_http1 = false;
		trunk->http2 = pr_http2_new(trunk->carriers->base, PR_TAKE_PTR(trunk->layer),
					    &trunk->carriers->held, on_http2_ended, trunk);
		if (trunk->retired)
			pr_http2_retire(trunk->http2);
		hand_out_http2(trunk);
	}
}

static const struct pr_layer_events layer_events = { .readable = on_layer, .writable = on_layer };

static void on_opened(void *context, const struct pr_opened *opened)
{
	static const struct timeval answer = { .tv_sec = PR_CARRIER_ANSWER_TIMEOUT_MS / 1000 };
	struct pr_trunk *trunk = context;
	const char *why;

	trunk->opening = NULL;
	if (opened->outcome != PR_TUNNEL_OPEN) {
		fail(trunk, opened);
		return;
	}
	trunk->layer = pr_layer_tls(&trunk->carriers->tls, opened->layer, proxy_of(trunk)->host,
				    proxy_of(trunk)->ca, trunk->peer, &why);
	if (!trunk->layer) {
		pr_layer_free(opened->layer, true);
		fail_why(trunk, why);
		return;
	}
	event_add(&trunk->timer, &answer);
	pr_layer_listen(trunk->layer, &layer_events, trunk);
	on_layer(trunk);
}

static struct pr_trunk *new_trunk(struct pr_carriers *carriers, const struct pr_carrier_hop *hops,
				  unsigned int n_hops, struct pr_tls_peer *peer)
{
	static const struct timeval timeout = { .tv_sec = PR_CARRIER_OPEN_TIMEOUT_MS / 1000 };
	struct pr_trunk *trunk = pr_calloc(1, sizeof(*trunk));

	trunk->carriers = carriers;
	trunk->hops = pr_hops_copy(hops, n_hops);
	trunk->n_hops = n_hops;
	trunk->peer = peer;
	peer->n_refs++;
	TAILQ_INIT(&trunk->waits);
	LIST_INSERT_HEAD(&carriers->trunks, trunk, link);
	carriers->n_trunks++;
	pr_assert(evtimer_assign(&trunk->timer, carriers->base, on_timer, trunk) == 0);
	event_add(&trunk->timer, &timeout);
	trunk->opening =
		pr_opening_start_to_last_hop(carriers, trunk->hops, n_hops, on_opened, trunk);
	return trunk;
}

/* ---- who wants one ---- */

static bool may_join(const struct pr_trunk *trunk, const struct pr_tls_peer *peer)
{
	/* a peer that was forgotten meanwhile is another one */
	if (trunk->retired || strcmp(trunk->peer->key, peer->key) != 0)
		return false;
	return trunk->http2 ? pr_http2_has_room(trunk->http2) : !peer->speaks_http1;
}

struct pr_http2 *pr_trunk_join(struct pr_carriers *carriers, const struct pr_carrier_hop *hops,
			       unsigned int n_hops, struct pr_trunk_wait *wait)
{
	char *key = pr_hops_key(hops, n_hops);
	struct pr_tls_peer *peer = pr_tls_peer(&carriers->tls, key);
	struct pr_trunk *trunk;

	explicit_bzero(key, strlen(key));
	free(key);
	wait->trunk = NULL;
	LIST_FOREACH(trunk, &carriers->trunks, link)
	if (may_join(trunk, peer))
		break;
	if (!trunk && carriers->n_trunks < PR_TRUNKS_MAX)
		trunk = new_trunk(carriers, hops, n_hops, peer);
	pr_tls_peer_release(peer);
	if (!trunk || trunk->http2)
		return trunk ? trunk->http2 : NULL;
	wait->trunk = trunk;
	TAILQ_INSERT_TAIL(&trunk->waits, wait, link);
	return NULL;
}

void pr_trunk_leave(struct pr_trunk_wait *wait)
{
	struct pr_trunk *trunk = wait->trunk;

	if (!trunk)
		return;
	wait->trunk = NULL;
	TAILQ_REMOVE(&trunk->waits, wait, link);
	/* nobody wants it any more */
	if (TAILQ_EMPTY(&trunk->waits) && !trunk->http2 && !trunk->ending)
		free_trunk(trunk);
}

void pr_trunks_retire(struct pr_carriers *carriers)
{
	struct pr_trunk *trunk;

	LIST_FOREACH(trunk, &carriers->trunks, link)
	{
		trunk->retired = true;
		if (trunk->http2)
			pr_http2_retire(trunk->http2);
	}
}

void pr_trunks_free(struct pr_carriers *carriers)
{
	struct pr_trunk *trunk, *longest;

	/* one may lie in another, and what lingers in either */
	while (!LIST_EMPTY(&carriers->trunks)) {
		pr_tls_cut_lingering(&carriers->tls);
		longest = LIST_FIRST(&carriers->trunks);
		LIST_FOREACH(trunk, &carriers->trunks, link)
		if (trunk->n_hops > longest->n_hops)
			longest = trunk;
		free_trunk(longest);
	}
}

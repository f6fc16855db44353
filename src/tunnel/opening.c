/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How an opening starts and ends, of itself and by its limits of time. */
#include "tunnel/opening_private.h"

#include "base/clock.h"
#include "tunnel/hops.h"

#include <string.h>

#define PR_OPENING_HOST_MAX 255 /* what SOCKS5 has room for, and DNS knows */

static void free_opening(struct pr_opening *opening, bool reset)
{
	pr_dial_cancel(opening->dial);
	event_del(&opening->timer);
	pr_layer_free(opening->layer, reset);
	pr_trunk_leave(&opening->wait);
	pr_proxy_talk_done(&opening->talking);
	explicit_bzero(&opening->talking, sizeof(opening->talking));
	free(opening->hops);
	free(opening->host);
	free(opening);
}

void pr_opening_end(struct pr_opening *opening, const struct pr_opened *opened)
{
	struct pr_opened told = *opened;
	pr_opening_done done = opening->done;
	void *context = opening->context;

	told.account = opening->account;
	/* It may do that of this destination alone. */
	if (opening->named && told.outcome == PR_TUNNEL_DOWN) {
		told.outcome = PR_TUNNEL_UNREACHABLE;
		told.unanswered = true;
	}
	free_opening(opening, true);
	done(context, &told);
}

void pr_opening_fail(struct pr_opening *opening, enum pr_tunnel_outcome outcome, unsigned int hop,
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
	pr_opening_end(opening, &opened);
}

bool pr_opening_has_named(const struct pr_opening *opening)
{
	return opening->named;
}

bool pr_opening_is_last(const struct pr_opening *opening)
{
	return opening->hop + 1 == opening->n_hops;
}

static bool waits_for_destination(const struct pr_opening *opening)
{
	return opening->layer && pr_opening_is_last(opening) &&
	       (opening->is_stream || pr_proxy_talk_asked(&opening->talking));
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct pr_opening *opening = context;

	(void)fd;
	(void)what;
	if (opening->failure)
		pr_opening_fail(opening, opening->failure_outcome, opening->hop, opening->failure);
	else if (waits_for_destination(opening))
		pr_opening_fail(opening, PR_TUNNEL_TIMED_OUT, opening->hop,
				"it did not say in time whether it connected");
	else
		pr_opening_fail(opening, PR_TUNNEL_DOWN, opening->hop, "it did not answer in time");
}

void pr_opening_wait(struct pr_opening *opening, uint64_t wait_us)
{
	uint64_t now_us = pr_clock_monotonic_us();
	struct timeval wait;

	if (now_us + wait_us > opening->ends_us)
		wait_us = opening->ends_us > now_us ? opening->ends_us - now_us : 0;
	wait = (struct timeval){ (time_t)(wait_us / 1000000), (suseconds_t)(wait_us % 1000000) };
	event_add(&opening->timer, &wait);
}

void pr_opening_fail_later(struct pr_opening *opening, enum pr_tunnel_outcome outcome,
			   const char *why)
{
	opening->failure = why;
	opening->failure_outcome = outcome;
	event_active(&opening->timer, EV_TIMEOUT, 0);
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

static struct pr_opening *start(struct pr_carriers *carriers, const struct pr_carrier_to *to,
				unsigned int n_talks, pr_opening_done done, void *context)
{
	struct pr_opening *opening = pr_calloc(1, sizeof(*opening));
	const char *why;

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
	};
	pr_assert(evtimer_assign(&opening->timer, carriers->base, on_timer, opening) == 0);
	opening->ends_us = pr_clock_monotonic_us() + PR_CARRIER_OPEN_TIMEOUT_MS * UINT64_C(1000);
	pr_opening_wait(opening, PR_CARRIER_OPEN_TIMEOUT_MS * UINT64_C(1000));
	why = impossible(opening);
	if (why)
		pr_opening_fail_later(opening, PR_TUNNEL_UNSUPPORTED, why);
	else
		pr_opening_set_out(opening);
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

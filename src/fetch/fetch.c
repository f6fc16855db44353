/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transfers, from the first hop to the last. */
#include "fetch/fetch_private.h"

#include "base/clock.h"

#include <string.h>
#include <unistd.h>

static void transfer_free(struct pr_fetch_transfer *transfer)
{
	if (transfer->running)
		curl_multi_remove_handle(transfer->fetcher->loop.multi, transfer->easy);
	if (transfer->easy)
		curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->pinned);
	if (transfer->on_time)
		event_free(transfer->on_time);
	if (transfer->fd >= 0)
		close(PR_TAKE_FD(transfer->fd));
	free(transfer->etag);
	free(transfer->modified);
	free(transfer);
}

static void take_out(struct pr_fetch_transfer *transfer)
{
	struct pr_fetch_transfer **at = &transfer->fetcher->transfers;

	while (*at != transfer)
		at = &(*at)->next;
	*at = transfer->next;
	transfer->fetcher->n_transfers--;
}

static void finish(struct pr_fetch_transfer *transfer, enum pr_fetch_outcome outcome)
{
	const struct pr_fetch_ports *ports = &transfer->fetcher->ports;
	const struct pr_fetched fetched = {
		.ticket = transfer->ticket,
		.outcome = outcome,
		.error = outcome == PR_FETCH_FAILED ? transfer->error : "",
		.etag = transfer->new_etag,
		.modified = transfer->new_modified,
		.bytes = transfer->bytes,
	};

	take_out(transfer);
	close(PR_TAKE_FD(transfer->fd));
	ports->done(ports->context, &fetched);
	transfer_free(transfer);
}

/* Once the addresses are there. */
static void run_hop(struct pr_fetch_transfer *transfer)
{
	evtimer_del(transfer->on_time);
	if (!pr_fetch_hop_prepare(transfer))
		return finish(transfer, PR_FETCH_FAILED);
	if (curl_multi_add_handle(transfer->fetcher->loop.multi, transfer->easy) != CURLM_OK) {
		pr_fetch_wrong(transfer, "it cannot be fetched now");
		return finish(transfer, PR_FETCH_FAILED);
	}
	transfer->running = true;
}

static void wait_for_names(struct pr_fetch_transfer *transfer)
{
	const struct timeval most = { .tv_sec = PR_FETCH_NAME_S };

	if (pr_fetch_names_are_there(transfer))
		run_hop(transfer);
	else
		evtimer_add(transfer->on_time, &most);
}

/* It begins, or failed before it did; or a name is late: what is there of it has to do. */
static void time_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_fetch_transfer *transfer = context;

	(void)fd;
	(void)what;
	if (!pr_fetch_names_are_there(transfer) && !transfer->n_addresses)
		pr_fetch_wrong(transfer, "nobody answers where %s is", transfer->place.host);
	transfer->name_tickets[0] = transfer->name_tickets[1] = 0;
	if (transfer->error[0])
		finish(transfer, PR_FETCH_FAILED);
	else
		run_hop(transfer);
}

static void hop_over(struct pr_fetch_transfer *transfer, CURLcode code)
{
	enum pr_fetch_outcome outcome;

	curl_multi_remove_handle(transfer->fetcher->loop.multi, transfer->easy);
	transfer->running = false;
	if (pr_fetch_hop_over(transfer, code, &outcome))
		finish(transfer, outcome);
	else
		wait_for_names(transfer);
}

static void transfer_over(void *context, void *private, CURLcode code)
{
	(void)context;
	hop_over(private, code);
}

struct pr_fetcher *pr_fetcher_new(struct event_base *base, const struct pr_fetch_ports *ports)
{
	struct pr_fetcher *fetcher = pr_calloc(1, sizeof(*fetcher));

	fetcher->base = base;
	fetcher->ports = *ports;
	if (pr_curl_loop_init(&fetcher->loop, base, transfer_over, fetcher) == 0)
		return fetcher;
	free(fetcher);
	return NULL;
}

void pr_fetcher_free(struct pr_fetcher *fetcher)
{
	if (!fetcher)
		return;
	while (fetcher->transfers) {
		struct pr_fetch_transfer *transfer = fetcher->transfers;

		fetcher->transfers = transfer->next;
		transfer_free(transfer);
	}
	pr_curl_loop_done(&fetcher->loop);
	free(fetcher);
}

void pr_fetcher_own_addresses(struct pr_fetcher *fetcher, const struct pr_own_addresses *own)
{
	fetcher->own = *own;
}

void pr_fetcher_start(struct pr_fetcher *fetcher, const struct pr_fetch_request *request)
{
	struct pr_fetch_transfer *transfer = pr_calloc(1, sizeof(*transfer));
	const struct timeval now = { 0 }, most = { .tv_sec = PR_FETCH_NAME_S };
	bool waits = false;

	*transfer = (struct pr_fetch_transfer){
		.next = fetcher->transfers,
		.fetcher = fetcher,
		.ticket = request->ticket,
		.fd = request->fd,
		.bytes_max = request->bytes_max,
		.until_us = pr_clock_monotonic_us() + PR_FETCH_TOTAL_S * UINT64_C(1000000),
		.etag = pr_strdup(request->etag),
		.modified = pr_strdup(request->modified),
		.on_time = evtimer_new(fetcher->base, time_event, transfer),
		.easy = curl_easy_init(),
	};
	pr_assert(transfer->on_time && transfer->easy);
	fetcher->transfers = transfer;
	if (fetcher->n_transfers++ >= PR_FETCH_TRANSFERS_MAX)
		pr_fetch_wrong(transfer, "too many lists are fetched at a time");
	else
		waits = pr_fetch_hop(transfer, request->url) && !pr_fetch_names_are_there(transfer);
	evtimer_add(transfer->on_time, waits ? &most : &now);
}

void pr_fetcher_name_answer(struct pr_fetcher *fetcher, uint64_t ticket, const uint8_t *answer,
			    size_t len)
{
	for (struct pr_fetch_transfer *one = fetcher->transfers; one; one = one->next) {
		if (!pr_fetch_names_take(one, ticket, answer, len))
			continue;
		if (pr_fetch_names_are_there(one) && !one->error[0])
			run_hop(one);
		return;
	}
}

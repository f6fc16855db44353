/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transfers in an event loop: curl's multi interface tells which sockets and which time it waits for. */
#include "fetch/fetch_internal.h"

#include "base/clock.h"

#include <string.h>
#include <unistd.h>

static void transfer_free(struct pr_fetch_transfer *transfer)
{
	if (transfer->running)
		curl_multi_remove_handle(transfer->fetcher->multi, transfer->easy);
	if (transfer->easy)
		curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->resolve);
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
	if (curl_multi_add_handle(transfer->fetcher->multi, transfer->easy) != CURLM_OK) {
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
		pr_fetch_wrong(transfer, "nobody answers where %s is", transfer->host);
	transfer->name_tickets[0] = transfer->name_tickets[1] = 0;
	if (transfer->error[0])
		finish(transfer, PR_FETCH_FAILED);
	else
		run_hop(transfer);
}

static void hop_over(struct pr_fetch_transfer *transfer, CURLcode code)
{
	enum pr_fetch_outcome outcome;

	curl_multi_remove_handle(transfer->fetcher->multi, transfer->easy);
	transfer->running = false;
	if (pr_fetch_hop_over(transfer, code, &outcome))
		finish(transfer, outcome);
	else
		wait_for_names(transfer);
}

static void look(struct pr_fetcher *fetcher)
{
	const CURLMsg *message;
	int n;

	while ((message = curl_multi_info_read(fetcher->multi, &n))) {
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;
		void *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
		hop_over(transfer, code);
	}
}

/* ---- curl in the event loop ---- */

static void socket_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_fetcher *fetcher = context;
	int n, mask = (what & EV_READ ? CURL_CSELECT_IN : 0) |
		      (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	curl_multi_socket_action(fetcher->multi, fd, mask, &n);
	look(fetcher);
}

static void timer_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_fetcher *fetcher = context;
	int n;

	(void)fd;
	(void)what;
	curl_multi_socket_action(fetcher->multi, CURL_SOCKET_TIMEOUT, 0, &n);
	look(fetcher);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *event)
{
	struct pr_fetcher *fetcher = context;
	short wants = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
			      (what & CURL_POLL_OUT ? EV_WRITE : 0));

	(void)easy;
	if (event)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		event = event_new(fetcher->base, fd, (short)(wants | EV_PERSIST), socket_event,
				  fetcher);
		pr_assert(event);
		event_add(event, NULL);
	}
	curl_multi_assign(fetcher->multi, fd, event);
	return 0;
}

static int on_timeout(CURLM *multi, long ms, void *context)
{
	struct pr_fetcher *fetcher = context;
	const struct timeval in = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		evtimer_del(fetcher->on_timer);
	else
		evtimer_add(fetcher->on_timer, &in);
	return 0;
}

/* ---- */

struct pr_fetcher *pr_fetcher_new(struct event_base *base, const struct pr_fetch_ports *ports)
{
	struct pr_fetcher *fetcher;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return NULL;
	fetcher = pr_calloc(1, sizeof(*fetcher));
	fetcher->base = base;
	fetcher->ports = *ports;
	fetcher->multi = curl_multi_init();
	fetcher->on_timer = evtimer_new(base, timer_event, fetcher);
	if (!fetcher->multi || !fetcher->on_timer) {
		pr_fetcher_free(fetcher);
		return NULL;
	}
	curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
	curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
	return fetcher;
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
	if (fetcher->multi)
		curl_multi_cleanup(fetcher->multi);
	if (fetcher->on_timer)
		event_free(fetcher->on_timer);
	free(fetcher);
	curl_global_cleanup();
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

void pr_fetcher_cancel(struct pr_fetcher *fetcher, uint64_t ticket)
{
	for (struct pr_fetch_transfer *one = fetcher->transfers; one; one = one->next)
		if (one->ticket == ticket) {
			take_out(one);
			return transfer_free(one);
		}
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

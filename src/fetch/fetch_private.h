/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of the room: one transfer, and what its parts do. */
#pragma once

#include "base/url.h"
#include "dns/message.h"
#include "fetch/curl_loop.h"
#include "fetch/curl_place.h"
#include "fetch/fetch.h"

#include <curl/curl.h>

struct pr_fetch_transfer {
	struct pr_fetch_transfer *next;
	struct pr_fetcher *fetcher;
	uint64_t ticket;
	int fd;
	uint64_t bytes_max, until_us; /* of CLOCK_MONOTONIC */
	char *etag, *modified;	      /* of what is there already */
	struct event *on_time;	      /* a name is late, or it fails already */
	CURL *easy;
	bool running; /* the handle is with curl */
	struct curl_slist *headers, *pinned;

	/* This hop. */
	char url[PR_URL_MAX + 1];
	unsigned int n_redirects;
	bool began_encrypted, began_near; /* near: the first host had no address of the Internet */
	struct pr_curl_place place;
	uint64_t name_tickets[2]; /* IPv4, IPv6; 0 = answered */
	struct pr_address addresses[PR_FETCH_ADDRESSES_MAX];
	unsigned int n_addresses;

	/* What came. */
	uint64_t bytes, bytes_passed_over;
	char new_etag[PR_FETCH_ETAG_SIZE], new_modified[PR_FETCH_MODIFIED_SIZE];
	char error[PR_FETCH_ERROR_SIZE]; /* "" = nothing is wrong yet */
};

struct pr_fetcher {
	struct event_base *base;
	struct pr_fetch_ports ports;
	struct pr_curl_loop loop;
	struct pr_own_addresses own;
	struct pr_fetch_transfer *transfers;
	unsigned int n_transfers;
	uint64_t last_name_ticket;
};

/* Notes what is wrong; the first word counts. */
void pr_fetch_wrong(struct pr_fetch_transfer *transfer, const char *format, ...) PR_PRINTF(2, 3);

/* ---- names (names.c) ---- */
/* Asks for the addresses of the hop's host, or has them already. False: something is wrong. */
bool pr_fetch_names_ask(struct pr_fetch_transfer *transfer);
/* True when the answer was this transfer's. */
bool pr_fetch_names_take(struct pr_fetch_transfer *transfer, uint64_t ticket, const uint8_t *answer,
			 size_t len);
static inline bool pr_fetch_names_are_there(const struct pr_fetch_transfer *transfer)
{
	return !transfer->name_tickets[0] && !transfer->name_tickets[1];
}

/* ---- hops (hop.c) ---- */
/* The next URL, the first or where a redirection leads. False: something is wrong. */
bool pr_fetch_hop(struct pr_fetch_transfer *transfer, const char *url);
/* Sets up the handle for the hop, whose addresses are there: of a host that has some on the Internet, those alone stay.
 * False: something is wrong. */
bool pr_fetch_hop_prepare(struct pr_fetch_transfer *transfer);
/* The hop is over. True when the transfer is: `*ret_outcome`; else the next hop has begun. */
bool pr_fetch_hop_over(struct pr_fetch_transfer *transfer, CURLcode code,
		       enum pr_fetch_outcome *ret_outcome);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was learnt of one upstream, and what follows: how long it is waited for, whether it is asked first. Time is an
 * argument. Of the room itself. */
#pragma once

#include "resolver/upstream.h"

#include <stdbool.h>
#include <stdint.h>

/* How long an upstream is waited for before the next is asked: what it usually takes and four times as much as that
 * varies (RFC 6298, 2), within these bounds; at first, when nothing is known, FIRST. */
#define PR_SERVER_PATIENCE_FIRST_MS 500u
#define PR_SERVER_PATIENCE_MIN_MS   300u
#define PR_SERVER_PATIENCE_MAX_MS   2000u
/* Without an answer so often in a row it is away: the others are asked before it, and it is tried beside them
 * once in PROBE_MS, which costs nobody time. */
#define PR_SERVER_AWAY_AFTER 2u
#define PR_SERVER_PROBE_MS   5000u
/* What it turned out not to understand is tried again after this. */
#define PR_SERVER_FORGET_S 900u

struct pr_server {
	struct pr_upstream upstream;
	uint32_t usual_us, varies_us; /* 0 = not known */
	unsigned int n_missed;	      /* in a row */
	uint64_t probe_us;	      /* when it is tried again while it is away */
	uint64_t plain_until_us;      /* it does not understand EDNS */
	uint64_t one_case_until_us;   /* it does not keep the case of a name: seen over TCP */
};

void pr_server_answered(struct pr_server *server, uint64_t took_us);
void pr_server_missed(struct pr_server *server, uint64_t now_us);
bool pr_server_is_away(const struct pr_server *server);
/* True where it is away and due for a try; the next one is due later then. */
bool pr_server_probe(struct pr_server *server, uint64_t now_us);
bool pr_server_speaks_edns(const struct pr_server *server, uint64_t now_us);
uint64_t pr_server_patience_us(const struct pr_server *server);

/* The indices of `n` servers in the order in which they are asked: as configured, those that are away last. */
void pr_servers_order(const struct pr_server *servers, unsigned int n, uint8_t *ret_order);

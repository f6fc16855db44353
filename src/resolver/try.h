/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a query's two files share: its tries over UDP (try.c), and what follows from what they hear (query.c). Of the
 * room itself. */
#pragma once

#include "resolver/query.h"

/* Asks the server over UDP; the oldest try may give way. 0; -errno where it could not be sent. */
PR_MUST_USE int pr_try_send(struct pr_query *query, unsigned int server, uint64_t now_us);
void pr_try_close(struct pr_try *try);
void pr_tries_close(struct pr_query *query);
/* How many may still be answered. */
unsigned int pr_tries_open(const struct pr_query *query);
/* False: there is none to be had; pr_query_ask_next() follows when there is. */
bool pr_query_has_socket(struct pr_query *query);

/* A datagram came to a try; `cut`: it was longer than that. */
void pr_query_heard(struct pr_try *try, uint8_t *bytes, size_t len, bool cut);
/* Nobody is there, says somebody on the way. */
void pr_query_unreachable(struct pr_try *try);
void pr_query_ask_next(struct pr_query *query);

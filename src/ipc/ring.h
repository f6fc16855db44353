/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bounded ring of messages between threads of one process: any number of producers, one consumer. A
 * full ring drops what comes and counts it: nobody who decides ever waits for who watches.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pr_ring;

/* `size` bytes for messages. -errno where there is no eventfd left. */
PR_MUST_USE int pr_ring_new(size_t size, struct pr_ring **ret_ring);
void pr_ring_free(struct pr_ring *ring); /* takes NULL */
/* An eventfd, readable when a message came to an empty ring; pr_ring_peek() clears it. */
int pr_ring_fd(const struct pr_ring *ring);
/* False: no room, dropped and counted. `kind` is the caller's. */
bool pr_ring_put(struct pr_ring *ring, uint32_t kind, uint64_t ticket, const void *bytes,
		 size_t len);
/* The oldest message, which stays until pr_ring_consume(); false when there is none. `buffer` is as large
 * as the longest message that is put. */
bool pr_ring_peek(struct pr_ring *ring, uint32_t *ret_kind, uint64_t *ret_ticket, void *buffer,
		  size_t size, size_t *ret_len);
void pr_ring_consume(struct pr_ring *ring);
uint64_t pr_ring_n_dropped(struct pr_ring *ring);

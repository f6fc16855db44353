/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The front's limits, and what happens when each is reached. */
#pragma once

#define PR_API_BODY_MAX	      65536   /* bytes of a request's body: 413 */
#define PR_API_HEADERS_MAX    16384   /* bytes of a request's headers: 400 */
#define PR_API_IDLE_S	      60      /* a connection that asks nothing for so long is closed */
#define PR_API_FULL_PAUSE_MS  100     /* no descriptor is left for a new connection: it waits */
#define PR_API_PENDING_MAX    256     /* requests waiting for an answer: 503 */
#define PR_API_READERS_MAX    256     /* live streams: 503 */
#define PR_API_READER_BYTES   1048576 /* output that a reader has not taken: its events are skipped */
#define PR_API_READER_INPUT   1024    /* bytes that a reader sends: not read beyond */
#define PR_API_WATCH_S	      60      /* so long after the last reader left, questions are told */
#define PR_API_BACKLOG_EVENTS 4096    /* kept for Last-Event-ID: older ones are forgotten … */
#define PR_API_BACKLOG_BYTES  1048576 /* … or when they take more than this */

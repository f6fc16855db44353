/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether anybody watches. Of questions the engine tells only then: they are many, and each would be told twice. Who
 * comes back with the number of the last event finds what was missed if that was not long ago.
 */
#include "api/front_private.h"

#include "api/limits.h"
#include "ipc/channel.h"

#define AGAIN_MS 100 /* the engine took no message: tried again */

static void tell(struct pr_front *front, bool watched)
{
	const struct timeval again = { .tv_usec = AGAIN_MS * 1000 };
	uint8_t body[4];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	if (!front->engine || front->watch_told == watched)
		return;
	pr_write_u32(&writer, watched);
	if (pr_channel_send(front->engine, PR_MESSAGE_WATCH, 0, body, sizeof(body)) == 0)
		front->watch_told = watched;
	else
		event_add(front->watch_due, &again);
}

static void due(evutil_socket_t fd, short what, void *context)
{
	struct pr_front *front = context;

	(void)fd;
	(void)what;
	tell(front, pr_stream_n_readers(front->stream) > 0);
}

int pr_watch_init(struct pr_front *front)
{
	front->watch_due = evtimer_new(front->base, due, front);
	return front->watch_due ? 0 : -ENOMEM;
}

void pr_watch_done(struct pr_front *front)
{
	if (front->watch_due)
		event_free(front->watch_due);
}

void pr_watch_engine(struct pr_front *front)
{
	front->watch_told = false; /* a new one begins so */
	tell(front, pr_stream_n_readers(front->stream) > 0);
}

void pr_watch_readers(void *context, unsigned int n_readers)
{
	const struct timeval later = { .tv_sec = PR_API_WATCH_S };
	struct pr_front *front = context;

	if (n_readers) {
		event_del(front->watch_due);
		tell(front, true);
	} else {
		event_add(front->watch_due, &later);
	}
}

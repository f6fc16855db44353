/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sender of small pieces, by the megabyte: each of them would wake us, and be sent on as small as it came. So the kernel
 * is told to wake us for LOW_BYTES at a time (SO_RCVLOWAT). An end, or what breaks, wakes us in any case; when the sender
 * pauses, what came before is taken at the next tick of one timer, which runs only while some flow gathers. After
 * IDLE_TICKS of a pause a flow gathers no more, so that no link that says little waits for a timer.
 */
#include "tunnel/tunnel_private.h"

#include "base/clock.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MUCH_BYTES  (1u << 20) /* within MUCH_MS: many come */
#define MUCH_MS	    100u
#define SMALL	    32768u /* read at a time */
#define LOW_BYTES   65536  /* where the window is smaller, the kernel wakes us when that is full */
#define TICK_NS	    250000 /* what a pause makes the last bytes wait: two at most */
#define GROWS_BYTES 2048u  /* in a tick: less is a pause. So 64 KiB are there within 32 ticks */
#define IDLE_TICKS  16u

static void start_timer(struct pr_gather *gather)
{
	const struct itimerspec tick = { .it_value = { .tv_nsec = TICK_NS } };

	(void)timerfd_settime(gather->timer, 0, &tick, NULL);
}

static int source_of(const struct pr_carried *carried, enum pr_flow_direction direction)
{
	return direction == PR_FLOW_OUT ? carried->stream.app_fd : carried->far_fd;
}

static bool set_low(int fd, int bytes)
{
	return setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes)) == 0;
}

static void start(struct pr_tunnel *tunnel, struct pr_carried *carried,
		  enum pr_flow_direction direction)
{
	struct pr_flow *flow = &carried->stream.flows[direction];
	struct pr_gather *gather = &tunnel->gather;
	int fd = source_of(carried, direction);

	if (fd < 0 || flow->gathers || gather->n == PR_GATHER_MAX || !set_low(fd, LOW_BYTES))
		return;
	flow->gathers = true;
	flow->idle_ticks = 0;
	flow->seen = 0;
	if (gather->n == 0)
		start_timer(gather);
	gather->flows[gather->n++] = (struct pr_gathering){ .serial = carried->serial,
							    .number = carried->number,
							    .direction = direction };
}

void pr_gather_moved(struct pr_tunnel *tunnel, struct pr_carried *carried,
		     enum pr_flow_direction direction, size_t n)
{
	struct pr_flow *flow = &carried->stream.flows[direction];
	uint32_t now_ms, took_ms;

	flow->moved = true;
	flow->since += (uint32_t)n;
	if (flow->since < MUCH_BYTES)
		return;
	now_ms = (uint32_t)(pr_clock_monotonic_us() / 1000);
	took_ms = now_ms - flow->since_ms;
	flow->since = 0;
	flow->since_ms = now_ms;
	if (took_ms <= MUCH_MS && n < SMALL)
		start(tunnel, carried, direction);
}

/* False: it gathers no more. */
static bool tick(struct pr_tunnel *tunnel, const struct pr_gathering *gathering)
{
	struct pr_carried *carried = pr_carried_at(tunnel, gathering->number, gathering->serial);
	enum pr_flow_direction direction = gathering->direction;
	struct pr_flow *flow;
	int fd, there = 0;

	if (!carried || carried->state != PR_CARRIED_CARRYING)
		return false;
	flow = &carried->stream.flows[direction];
	fd = source_of(carried, direction);
	if (!flow->moved && ioctl(fd, FIONREAD, &there) == 0 &&
	    (uint32_t)there >= flow->seen + GROWS_BYTES) {
		flow->seen = (uint32_t)there;
		flow->idle_ticks = 0;
		return true;
	}
	flow->seen = 0;
	flow->idle_ticks = flow->moved ? 0 : flow->idle_ticks + 1;
	if (!flow->moved && !pr_relay_flow(tunnel, carried, direction))
		return false;
	flow->moved = false;
	if (flow->idle_ticks < IDLE_TICKS)
		return true;
	flow->gathers = false;
	flow->since = 0;
	(void)set_low(fd, 1);
	(void)pr_relay_flow(tunnel, carried, direction); /* what came just now */
	return false;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct pr_tunnel *tunnel = context;
	struct pr_gather *gather = &tunnel->gather;
	unsigned int n = gather->n;

	(void)fd;
	(void)what;
	gather->n = 0; /* what starts within a tick takes the place of the one that ends there */
	for (unsigned int i = 0; i < n; i++) {
		struct pr_gathering gathering = gather->flows[i];

		if (tick(tunnel, &gathering))
			gather->flows[gather->n++] = gathering;
	}
	if (gather->n)
		start_timer(gather);
}

int pr_gather_set_up(struct pr_tunnel *tunnel)
{
	struct pr_gather *gather = &tunnel->gather;

	gather->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (gather->timer < 0)
		return -errno;
	/* By edges: it is never read, setting it anew is enough. */
	gather->due = event_new(tunnel->base, gather->timer, EV_READ | EV_PERSIST | EV_ET, on_tick,
				tunnel);
	if (!gather->due)
		close(gather->timer);
	return gather->due && event_add(gather->due, NULL) == 0 ? 0 : -ENOMEM;
}

void pr_gather_undo(struct pr_tunnel *tunnel)
{
	if (!tunnel->gather.due)
		return;
	event_free(tunnel->gather.due);
	close(tunnel->gather.timer);
}

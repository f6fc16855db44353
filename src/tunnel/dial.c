/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RFC 8305. Everything that may go on happens in one place, on_step(), which an event brings on: an answer came, a
 * socket failed, a time is over. So nothing is called from within what starts it.
 */
#include "tunnel/dial.h"

#include "base/clock.h"
#include "base/name.h"
#include "tunnel/dial_private.h"
#include "tunnel/dial_socket.h"

#include <ares.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RESOLUTION_DELAY_MS 50 /* RFC 8305, 3: A is here, AAAA may be about to come */
#define LOCALHOST	    "localhost"
#define ONION		    "onion"

struct pr_dialer *pr_dialer_new(struct event_base *base)
{
	struct pr_dialer *dialer = pr_calloc(1, sizeof(*dialer));

	pr_assert(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
	dialer->base = base;
	dialer->names = pr_dial_names_new(base);
	LIST_INIT(&dialer->dials);
	return dialer;
}

void pr_dialer_free(struct pr_dialer *dialer)
{
	if (!dialer)
		return;
	while (!LIST_EMPTY(&dialer->dials))
		pr_dial_cancel(LIST_FIRST(&dialer->dials));
	pr_dial_names_free(dialer->names);
	ares_library_cleanup();
	free(dialer);
}

void pr_dialer_nameservers(struct pr_dialer *dialer, const struct pr_address *nameservers,
			   unsigned int n)
{
	dialer->n_nameservers = n < PR_TUNNEL_NAMESERVERS_MAX ? n : PR_TUNNEL_NAMESERVERS_MAX;
	for (unsigned int i = 0; i < dialer->n_nameservers; i++)
		dialer->nameservers[i] = nameservers[i];
}

/* ---- the end ---- */

static void end_attempt(struct pr_dial_attempt *attempt)
{
	if (!attempt->writable)
		return;
	event_free(PR_TAKE_PTR(attempt->writable));
	if (attempt->fd >= 0)
		close(PR_TAKE_FD(attempt->fd));
	attempt->dial->n_running--;
}

void pr_dial_cancel(struct pr_dial *dial)
{
	if (!dial)
		return;
	for (unsigned int i = 0; i < dial->n_attempts; i++)
		end_attempt(&dial->attempts[i]);
	pr_dial_names_leave(&dial->waiter);
	LIST_REMOVE(dial, link);
	event_free(dial->step);
	free(dial->host);
	free(dial);
}

static struct pr_dial_where where_of(const struct pr_dial *dial)
{
	return (struct pr_dial_where){ dial->interface, dial->nameservers, dial->n_nameservers };
}

static void finish(struct pr_dial *dial, enum pr_tunnel_outcome outcome, int fd)
{
	struct pr_dial_names *names = dial->dialer->names;
	const struct pr_dial_where where = where_of(dial);
	pr_dial_done done = dial->done;
	void *context = dial->context;
	char why[PR_TUNNEL_WHY_MAX + 1];

	memcpy(why, dial->why, sizeof(why));
	pr_dial_names_leave(&dial->waiter);
	if (outcome != PR_TUNNEL_OPEN && dial->is_name && dial->n_attempts)
		pr_dial_names_forget(names, &where, dial->host);
	pr_dial_cancel(dial);
	done(context, outcome, fd, outcome == PR_TUNNEL_OPEN ? "" : why);
}

/* ---- attempts ---- */

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct pr_dial_attempt *attempt = context;
	struct pr_dial *dial = attempt->dial;
	socklen_t len = sizeof(int);
	int error = 0;

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error == 0) {
		finish(dial, PR_TUNNEL_OPEN, PR_TAKE_FD(attempt->fd));
		return;
	}
	pr_dial_note_error(dial, &attempt->address, error);
	end_attempt(attempt);
	dial->next_us = 0;
	event_active(dial->step, 0, 0);
}

/* The families take turns, IPv6 has the first (RFC 8305, 4). */
static bool next_address(struct pr_dial *dial, struct pr_address *ret_address)
{
	bool v4 = dial->v4.n_tried < dial->v4.n, v6 = dial->v6.n_tried < dial->v6.n;
	struct pr_dial_family *family;

	if (!v4 && !v6)
		return false;
	if (v4 && v6)
		v6 = !dial->last_was_v6;
	dial->last_was_v6 = v6;
	family = v6 ? &dial->v6 : &dial->v4;
	*ret_address = family->addresses[family->n_tried++];
	return true;
}

/* True where it ended the dial. */
static bool start_attempt(struct pr_dial *dial, const struct pr_address *address)
{
	struct pr_dial_attempt *attempt = &dial->attempts[dial->n_attempts++];
	int fd = pr_dial_socket(address, dial->port, dial->datagrams, dial->interface);

	if (fd < 0) {
		pr_dial_note_error(dial, address, -fd);
		return false;
	}
	if (dial->datagrams) {
		finish(dial, PR_TUNNEL_OPEN, fd);
		return true;
	}
	*attempt = (struct pr_dial_attempt){ .dial = dial, .fd = fd, .address = *address };
	attempt->writable = event_new(dial->dialer->base, fd, EV_WRITE, on_writable, attempt);
	pr_assert(attempt->writable);
	event_add(attempt->writable, NULL);
	dial->n_running++;
	return false;
}

/* ---- steps ---- */

static void gather(struct pr_dial *dial, struct pr_dial_family *family, bool v6, uint64_t now_us)
{
	const struct pr_dial_heard *heard;

	if (family->answered_us || !dial->waiter.name)
		return;
	heard = pr_dial_names_heard(&dial->waiter, v6);
	if (heard->answer == PR_DIAL_WAITING)
		return;
	family->answered_us = now_us;
	memcpy(family->addresses, heard->addresses, sizeof(family->addresses));
	family->n = heard->n;
	family->answer = heard->answer;
}

/* 0 = now; UINT64_MAX = not before more is known. */
static uint64_t starts_us(const struct pr_dial *dial)
{
	if (dial->v6.n || (dial->v6.answered_us && dial->v4.answered_us))
		return 0;
	if (dial->v4.n == 0)
		return UINT64_MAX;
	return dial->v6.answered_us ? 0 : dial->v4.answered_us + RESOLUTION_DELAY_MS * 1000u;
}

static void wait_until(struct pr_dial *dial, uint64_t until_us, uint64_t now_us)
{
	uint64_t wait_us = until_us < dial->deadline_us ? until_us : dial->deadline_us;
	struct timeval wait;

	wait_us = wait_us > now_us ? wait_us - now_us : 0;
	wait = (struct timeval){ (time_t)(wait_us / 1000000), (suseconds_t)(wait_us % 1000000) };
	event_add(dial->step, &wait);
}

static void on_deadline(struct pr_dial *dial)
{
	/* what is still on its way is what it waited for */
	dial->why[0] = '\0';
	if (dial->n_running)
		pr_dial_note(dial, PR_TUNNEL_TIMED_OUT, "%.150s port %u%s%s does not answer",
			     dial->host, dial->port, dial->interface[0] ? " by " : "",
			     dial->interface);
	else
		pr_dial_note_answer(dial, PR_DIAL_SILENT);
	finish(dial, PR_TUNNEL_TIMED_OUT, -1);
}

static void fail(struct pr_dial *dial)
{
	if (dial->n_attempts == 0) {
		pr_dial_note_answer(dial, dial->v6.answer);
		pr_dial_note_answer(dial, dial->v4.answer);
	}
	pr_dial_note(dial, PR_TUNNEL_UNREACHABLE, "the name %.150s has no address", dial->host);
	finish(dial, dial->outcome, -1);
}

static void on_step(evutil_socket_t fd, short what, void *context)
{
	struct pr_dial *dial = context;
	uint64_t now_us = pr_clock_monotonic_us(), start_us;
	struct pr_address address;
	bool answered;

	(void)fd;
	(void)what;
	if (now_us >= dial->deadline_us) {
		on_deadline(dial);
		return;
	}
	gather(dial, &dial->v6, true, now_us);
	gather(dial, &dial->v4, false, now_us);
	answered = dial->v4.answered_us && dial->v6.answered_us;
	if (!dial->started) {
		start_us = starts_us(dial);
		if (start_us > now_us) {
			wait_until(dial, start_us, now_us);
			return;
		}
		dial->started = true;
	}
	while ((dial->n_running == 0 || now_us >= dial->next_us) && next_address(dial, &address)) {
		dial->next_us = now_us + PR_DIAL_ATTEMPT_MS * 1000u;
		if (start_attempt(dial, &address))
			return;
	}
	if (answered && dial->n_running == 0)
		fail(dial);
	else
		wait_until(dial,
			   dial->v4.n_tried < dial->v4.n || dial->v6.n_tried < dial->v6.n
				   ? dial->next_us
				   : UINT64_MAX,
			   now_us);
}

/* ---- the start ---- */

/* Addresses that no nameserver is asked for. True where `host` is such a one. */
static bool is_known(struct pr_dial *dial)
{
	static const uint8_t v4[] = { 127, 0, 0, 1 }, v6[16] = { [15] = 1 };
	struct pr_address address;

	if (pr_address_parse(dial->host, &address) == 0) {
		struct pr_dial_family *family = address.family == 4 ? &dial->v4 : &dial->v6;

		family->addresses[family->n++] = address;
		return true;
	}
	if (!pr_name_within(dial->host, LOCALHOST)) /* RFC 6761, 6.3 */
		return false;
	dial->v4.addresses[dial->v4.n++] = pr_address_v4(v4);
	dial->v6.addresses[dial->v6.n++] = pr_address_v6(v6);
	return true;
}

/* c-ares reads a backslash otherwise than a canonical name means it; no host's name has one. */
static bool can_be_asked(struct pr_dial *dial)
{
	if (pr_name_within(dial->host, ONION)) { /* RFC 7686, 2 */
		pr_dial_note(dial, PR_TUNNEL_UNREACHABLE, "%.150s is reached through Tor alone",
			     dial->host);
		return false;
	}
	if (dial->host[0] && !strchr(dial->host, '\\') && strlen(dial->host) <= PR_NAME_MAX)
		return true;
	pr_dial_note(dial, PR_TUNNEL_UNREACHABLE, "%.150s is no name of a host", dial->host);
	return false;
}

static void ask(struct pr_dial *dial)
{
	const struct pr_dial_where where = where_of(dial);

	if (!can_be_asked(dial))
		return;
	dial->is_name = true;
	if (pr_dial_names_ask(dial->dialer->names, &where, dial->host, dial->step, &dial->waiter) <
	    0)
		pr_dial_note(dial, PR_TUNNEL_UNSUPPORTED, "too many names are asked for at once");
}

struct pr_dial *pr_dial_start(struct pr_dialer *dialer, const struct pr_dial_to *to,
			      pr_dial_done done, void *context)
{
	const struct pr_address *nameservers =
		to->n_nameservers ? to->nameservers : dialer->nameservers;
	struct pr_dial *dial = pr_calloc(1, sizeof(*dial));
	uint64_t now_us = pr_clock_monotonic_us();

	dial->n_nameservers = to->n_nameservers ? to->n_nameservers : dialer->n_nameservers;
	pr_assert(dial->n_nameservers <= PR_TUNNEL_NAMESERVERS_MAX);
	for (unsigned int i = 0; i < dial->n_nameservers; i++)
		dial->nameservers[i] = nameservers[i];
	dial->dialer = dialer;
	dial->done = done;
	dial->context = context;
	dial->host = pr_strdup(to->host);
	snprintf(dial->interface, sizeof(dial->interface), "%s", to->interface);
	dial->port = to->port;
	dial->datagrams = to->datagrams;
	dial->deadline_us = now_us + PR_DIAL_TIMEOUT_MS * UINT64_C(1000);
	LIST_INSERT_HEAD(&dialer->dials, dial, link);
	dial->step = event_new(dialer->base, -1, 0, on_step, dial);
	pr_assert(dial->step);
	if (strlen(to->interface) >= IFNAMSIZ) {
		pr_dial_note(dial, PR_TUNNEL_DOWN, "the interface %.60s is not there",
			     to->interface);
	} else if (!is_known(dial)) {
		ask(dial);
	}
	if (dial->waiter.name) {
		wait_until(dial, UINT64_MAX, now_us);
	} else {
		dial->v4.answered_us = dial->v6.answered_us = now_us;
		event_active(dial->step, 0, 0);
	}
	return dial;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/lookup.h"

#include "dns/message.h"
#include "resolver/socket.h"

#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUESTION_SIZE (PR_DNS_HEADER_LEN + PR_DNS_NAME_MAX + 15)

struct lookup;

struct
try {
	struct lookup *lookup;
	struct event *readable; /* NULL = not made, or over */
	int fd;
	uint16_t id;
};

struct lookup {
	struct pr_lookups *lookups;
	uint64_t number;
	char *name;
	struct pr_upstream servers[PR_LOOKUP_TRIES];
	struct try tries[PR_LOOKUP_TRIES];
	unsigned int n_tries, n_open;
	struct event *again;
	TAILQ_ENTRY(lookup) link;
};

struct pr_lookups {
	struct event_base *base;
	struct pr_lookups_ports ports;
	TAILQ_HEAD(, lookup) all;
};

static void try_close(struct try *try)
{
	if (!try->readable)
		return;
	event_free(PR_TAKE_PTR(try->readable));
	close(PR_TAKE_FD(try->fd));
	try->lookup->n_open--;
}

static void lookup_free(struct lookup *lookup)
{
	for (unsigned int i = 0; i < lookup->n_tries; i++)
		try_close(&lookup->tries[i]);
	event_free(lookup->again);
	TAILQ_REMOVE(&lookup->lookups->all, lookup, link);
	free(lookup->name);
	free(lookup);
}

static void end(struct lookup *lookup, const uint8_t *bytes, size_t len)
{
	struct pr_lookups *lookups = lookup->lookups;
	uint64_t number = lookup->number;

	lookup_free(lookup);
	lookups->ports.answer(lookups->ports.context, number, bytes, len);
}

/* A server that is not there says so by an ICMP error; then the next one is asked at once. */
static void failed(struct try *try)
{
	struct lookup *lookup = try->lookup;
	const struct timeval now = { 0 };

	try_close(try);
	if (lookup->n_open == 0)
		event_add(lookup->again, &now);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct try *try = context;
	uint8_t bytes[PR_DNS_MESSAGE_MAX];
	ssize_t len = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)what;
	if (len < 0 && errno != EAGAIN && errno != EINTR)
		failed(try);
	/* what is not to this question may be somebody's try to be first: the answer may still come */
	else if (len >= PR_DNS_HEADER_LEN && (bytes[0] << 8 | bytes[1]) == try->id)
		end(try->lookup, bytes, (size_t)len);
}

/* False where it could not be sent. */
static bool send_try(struct lookup *lookup)
{
	struct try *try = &lookup->tries[lookup->n_tries];
	uint8_t bytes[QUESTION_SIZE];
	size_t len;

	*try = (struct try){ .lookup = lookup, .fd = -1 };
	if (getrandom(&try->id, sizeof(try->id), 0) != sizeof(try->id))
		return false;
	len = pr_dns_write_question(try->id, lookup->name, PR_DNS_TYPE_A, 0, false, bytes,
				    sizeof(bytes));
	try->fd = pr_upstream_connect(&lookup->servers[lookup->n_tries++], SOCK_DGRAM);
	if (len == 0 || try->fd < 0)
		return false;
	try->readable =
		event_new(lookup->lookups->base, try->fd, EV_READ | EV_PERSIST, on_readable, try);
	pr_assert(try->readable);
	event_add(try->readable, NULL);
	lookup->n_open++;
	if (send(try->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len)
		return true;
	try_close(try);
	return false;
}

static void on_again(evutil_socket_t fd, short what, void *context)
{
	struct lookup *lookup = context;

	(void)fd;
	(void)what;
	while (lookup->n_tries < PR_LOOKUP_TRIES)
		if (send_try(lookup))
			return;
	if (lookup->n_open == 0)
		end(lookup, NULL, 0);
}

void pr_lookups_ask(struct pr_lookups *lookups, const struct pr_lookup_question *question)
{
	struct lookup *lookup = pr_calloc(1, sizeof(*lookup));
	struct timeval again = { .tv_usec = (suseconds_t)question->again_ms * 1000 };

	again.tv_sec = again.tv_usec / 1000000;
	again.tv_usec %= 1000000;
	lookup->lookups = lookups;
	lookup->number = question->number;
	lookup->name = pr_strdup(question->name);
	for (unsigned int i = 0; i < PR_LOOKUP_TRIES; i++)
		lookup->servers[i] = question->servers[i % question->n_servers];
	lookup->again = evtimer_new(lookups->base, on_again, lookup);
	pr_assert(lookup->again);
	TAILQ_INSERT_TAIL(&lookups->all, lookup, link);
	if (!send_try(lookup))
		again = (struct timeval){ 0 };
	event_add(lookup->again, &again);
}

void pr_lookups_cancel(struct pr_lookups *lookups, uint64_t number)
{
	struct lookup *lookup;

	TAILQ_FOREACH(lookup, &lookups->all, link)
	if (lookup->number == number) {
		lookup_free(lookup);
		return;
	}
}

struct pr_lookups *pr_lookups_new(struct event_base *base, const struct pr_lookups_ports *ports)
{
	struct pr_lookups *lookups = pr_calloc(1, sizeof(*lookups));

	lookups->base = base;
	lookups->ports = *ports;
	TAILQ_INIT(&lookups->all);
	return lookups;
}

void pr_lookups_free(struct pr_lookups *lookups)
{
	if (!lookups)
		return;
	while (!TAILQ_EMPTY(&lookups->all))
		lookup_free(TAILQ_FIRST(&lookups->all));
	free(lookups);
}

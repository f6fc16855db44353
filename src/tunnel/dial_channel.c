/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sandbox is closed when a channel is made: c-ares is given everything that it would look for in files. The one file
 * that it still tries is /dev/urandom, for the key that its query ids come from; where it can't be opened the key comes
 * from rand(), which says the same in every process unless it was seeded.
 *
 * ares_set_local_dev() passes over what SO_BINDTODEVICE says ("not fatal"), and the question would leave by any device;
 * so each socket is bound here, before it is connected.
 */
#include "tunnel/dial_channel.h"

#include "base/port.h"
#include "tunnel/dial_socket.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <net/if.h>
#include <string.h>
#include <sys/random.h>

#define SOCKETS_MAX   (2 * PR_TUNNEL_NAMESERVERS_MAX) /* UDP and TCP of each */
#define TIMEOUT_MS    1500 /* of the first round, twice that of the second */
#define ROUNDS	      2
#define DATAGRAM_SIZE 1232 /* what a fragment is not needed for (DNS flag day 2020) */
#define CLASS_IN      1

struct question {
	struct pr_dial_channel *channel;
	bool v6;
	pr_dial_answered answered;
	void *context;
};

struct pr_dial_channel {
	struct event_base *base;
	ares_channel ares;
	struct event *timer;
	struct {
		evutil_socket_t fd;
		struct event *event;
	} sockets[SOCKETS_MAX];
	char interface[IFNAMSIZ];
	struct pr_address nameservers[PR_TUNNEL_NAMESERVERS_MAX];
	unsigned int n_nameservers, n_open;
	bool no_interface; /* at the last socket */
};

/* ---- on the event loop ---- */

static void arm(struct pr_dial_channel *channel)
{
	struct timeval wait;

	if (ares_timeout(channel->ares, NULL, &wait))
		event_add(channel->timer, &wait);
	else
		event_del(channel->timer);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct pr_dial_channel *channel = context;

	(void)fd;
	(void)what;
	ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm(channel);
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
	struct pr_dial_channel *channel = context;

	ares_process_fd(channel->ares, what & EV_READ ? fd : ARES_SOCKET_BAD,
			what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	arm(channel);
}

static void on_socket_state(void *context, ares_socket_t fd, int readable, int writable)
{
	short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
	struct pr_dial_channel *channel = context;
	unsigned int free_place = SOCKETS_MAX, i;

	for (i = 0; i < SOCKETS_MAX; i++) {
		if (channel->sockets[i].event && channel->sockets[i].fd == fd)
			break;
		if (!channel->sockets[i].event)
			free_place = i;
	}
	if (i < SOCKETS_MAX)
		event_free(PR_TAKE_PTR(channel->sockets[i].event));
	else
		i = free_place;
	if (!what)
		return;
	pr_assert(i < SOCKETS_MAX);
	channel->sockets[i].fd = fd;
	channel->sockets[i].event =
		event_new(channel->base, fd, (short)(what | EV_PERSIST), on_socket, channel);
	pr_assert(channel->sockets[i].event);
	event_add(channel->sockets[i].event, NULL);
}

/* Of c-ares: after socket(), before connect(). Not 0: the socket is closed unused. */
static int on_new_socket(ares_socket_t fd, int type, void *context)
{
	struct pr_dial_channel *channel = context;
	socklen_t len = sizeof(int);
	int family = AF_INET;

	channel->no_interface = pr_dial_socket_bind(fd, channel->interface) != 0;
	if (channel->no_interface)
		return -1;
	if (type == SOCK_DGRAM && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) == 0)
		pr_port_bind(fd, (sa_family_t)family);
	return 0;
}

/* ---- a channel ---- */

static int set_servers(struct pr_dial_channel *channel)
{
	struct ares_addr_node nodes[PR_TUNNEL_NAMESERVERS_MAX] = { 0 };

	for (unsigned int i = 0; i < channel->n_nameservers; i++) {
		const struct pr_address *address = &channel->nameservers[i];

		nodes[i].family = address->family == 4 ? AF_INET : AF_INET6;
		memcpy(&nodes[i].addr, address->bytes, address->family == 4 ? 4 : 16);
		if (i + 1 < channel->n_nameservers)
			nodes[i].next = &nodes[i + 1];
	}
	return ares_set_servers(channel->ares, channel->n_nameservers ? nodes : NULL);
}

static int start(struct pr_dial_channel *channel)
{
	char lookups[] = "b";
	/* counts of 0 mean "there is none"; without them it reads resolv.conf */
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
		.timeout = TIMEOUT_MS,
		.tries = ROUNDS,
		.ndots = 1,
		.lookups = lookups,
		.ednspsz = DATAGRAM_SIZE,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = channel,
	};
	unsigned int seed;

	pr_assert(getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
	srand(seed);
	if (ares_init_options(&channel->ares, &options,
			      ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
				      ARES_OPT_NDOTS | ARES_OPT_SERVERS | ARES_OPT_DOMAINS |
				      ARES_OPT_SORTLIST | ARES_OPT_LOOKUPS | ARES_OPT_EDNSPSZ |
				      ARES_OPT_NOROTATE | ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS)
		return -ENOMEM;
	ares_set_socket_configure_callback(channel->ares, on_new_socket, channel);
	if (set_servers(channel) == ARES_SUCCESS)
		return 0;
	ares_destroy(channel->ares);
	return -ENOMEM;
}

struct pr_dial_channel *pr_dial_channel_new(struct event_base *base, const char *interface,
					    const struct pr_address *nameservers, unsigned int n)
{
	struct pr_dial_channel *channel = pr_calloc(1, sizeof(*channel));

	pr_assert(n <= PR_TUNNEL_NAMESERVERS_MAX);
	channel->base = base;
	snprintf(channel->interface, sizeof(channel->interface), "%s", interface);
	if (n)
		memcpy(channel->nameservers, nameservers, n * sizeof(*nameservers));
	channel->n_nameservers = n;
	if (start(channel) < 0) {
		free(channel);
		return NULL;
	}
	channel->timer = event_new(base, -1, 0, on_timer, channel);
	pr_assert(channel->timer);
	return channel;
}

void pr_dial_channel_free(struct pr_dial_channel *channel)
{
	if (!channel)
		return;
	pr_assert(channel->n_open == 0);
	ares_destroy(channel->ares);
	event_free(channel->timer);
	free(channel);
}

bool pr_dial_channel_is(const struct pr_dial_channel *channel, const char *interface,
			const struct pr_address *nameservers, unsigned int n)
{
	if (strcmp(channel->interface, interface) != 0 || channel->n_nameservers != n)
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (!pr_address_equal(&channel->nameservers[i], &nameservers[i]))
			return false;
	return true;
}

void pr_dial_channel_cancel(struct pr_dial_channel *channel)
{
	ares_cancel(channel->ares);
	arm(channel);
}

/* ---- questions ---- */

static enum pr_dial_answer answer_of(const struct pr_dial_channel *channel, int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return PR_DIAL_FOUND;
	case ARES_ENODATA:
		return PR_DIAL_NO_ADDRESS;
	case ARES_ENOTFOUND:
	case ARES_EBADNAME:
		return PR_DIAL_NO_NAME;
	case ARES_ETIMEOUT:
		return PR_DIAL_SILENT;
	default:
		return channel->no_interface ? PR_DIAL_NO_INTERFACE : PR_DIAL_FAILED;
	}
}

static void gather(struct pr_dial_heard *heard, struct pr_address address, int ttl)
{
	heard->addresses[heard->n++] = address;
	if (heard->n == 1 || (uint32_t)ttl < heard->ttl_s)
		heard->ttl_s = ttl > 0 ? (uint32_t)ttl : 0;
}

static int read_v4(const unsigned char *bytes, int len, struct pr_dial_heard *heard)
{
	struct ares_addrttl found[PR_DIAL_HEARD_MAX];
	int n = PR_DIAL_HEARD_MAX, status;

	status = ares_parse_a_reply(bytes, len, NULL, found, &n);
	for (int i = 0; status == ARES_SUCCESS && i < n; i++)
		gather(heard, pr_address_v4(&found[i].ipaddr), found[i].ttl);
	return status;
}

static int read_v6(const unsigned char *bytes, int len, struct pr_dial_heard *heard)
{
	struct ares_addr6ttl found[PR_DIAL_HEARD_MAX];
	int n = PR_DIAL_HEARD_MAX, status;

	status = ares_parse_aaaa_reply(bytes, len, NULL, found, &n);
	for (int i = 0; status == ARES_SUCCESS && i < n; i++)
		gather(heard, pr_address_v6(&found[i].ip6addr), found[i].ttl);
	return status;
}

static void on_answer(void *context, int status, int n_timeouts, unsigned char *bytes, int len)
{
	struct question *question = context;
	struct pr_dial_heard heard = { 0 };

	(void)n_timeouts;
	if (status == ARES_SUCCESS)
		status = question->v6 ? read_v6(bytes, len, &heard) : read_v4(bytes, len, &heard);
	heard.answer = answer_of(question->channel, status);
	if (heard.answer == PR_DIAL_FOUND && heard.n == 0)
		heard.answer = PR_DIAL_NO_ADDRESS;
	question->channel->n_open--;
	question->answered(question->context, question->v6, &heard);
	free(question);
}

static void ask(struct pr_dial_channel *channel, const char *name, bool v6,
		pr_dial_answered answered, void *context)
{
	struct question *question = pr_calloc(1, sizeof(*question));

	*question = (struct question){ channel, v6, answered, context };
	channel->n_open++;
	ares_query(channel->ares, name, CLASS_IN, v6 ? ns_t_aaaa : ns_t_a, on_answer, question);
}

void pr_dial_channel_ask(struct pr_dial_channel *channel, const char *name,
			 pr_dial_answered answered, void *context)
{
	const struct pr_dial_heard nobody = { .answer = PR_DIAL_NOBODY };

	if (channel->n_nameservers == 0) {
		answered(context, true, &nobody);
		answered(context, false, &nobody);
		return;
	}
	ask(channel, name, true, answered, context);
	ask(channel, name, false, answered, context);
	arm(channel);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The relay's socket is connected: the kernel passes over what others send. Of what the relay sends only that counts
 * which came from the destination, as far as its address is known; fragments are refused (RFC 1928, 7, lets us).
 */
#include "tunnel/associate.h"

#include "network/class.h"
#include "tunnel/carrier.h"
#include "tunnel/socks5.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define STRANGERS_MAX 64 /* datagrams passed over at once */

struct associate_layer {
	struct pr_layer layer;
	struct pr_layer *control;
	int fd;
	bool ended; /* the control connection did */
	struct event readable, writable;
	struct pr_address to; /* family 0: a name */
	uint16_t port;
	uint16_t header_len;
	uint8_t header[];
};

static enum pr_class class_of(const struct pr_address *address)
{
	const char *source;

	return pr_class_registered(address, &source);
}

struct pr_address pr_associate_relay(const struct pr_address *named, const struct pr_address *proxy)
{
	static const struct pr_address none4 = { .family = 4 }, none6 = { .family = 6 };
	enum pr_class class = class_of(named);

	if (pr_address_equal(named, &none4) || pr_address_equal(named, &none6))
		return *proxy;
	if (pr_address_equal(named, proxy) || class == PR_CLASS_GLOBAL || class == class_of(proxy))
		return *named;
	/* behind a translator it may not know how it is called from here */
	return class == PR_CLASS_HOST || class == PR_CLASS_LINK_LOCAL ||
			       class == PR_CLASS_SITE_LOCAL
		       ? *proxy
		       : (struct pr_address){ 0 };
}

/* ---- datagrams ---- */

static bool is_from_destination(const struct associate_layer *associate,
				const struct pr_address *from, uint16_t port)
{
	if (port != associate->port)
		return false;
	return from->family == 0 || associate->to.family == 0 ||
	       pr_address_equal(from, &associate->to);
}

/* Headers of datagrams differ in length, so each goes through here. */
static uint8_t scratch[PR_SOCKS5_DATAGRAM_HEADER_MAX + PR_CARRIER_DATAGRAM_MAX];

static ssize_t associate_read(struct pr_layer *layer, void *bytes, size_t size, bool peek)
{
	struct associate_layer *associate = (struct associate_layer *)layer;

	pr_assert(!peek);
	for (unsigned int i = 0; i < STRANGERS_MAX; i++) {
		struct pr_address from;
		ssize_t n, header_len;
		uint16_t port;

		if (associate->ended)
			return -ECONNRESET;
		n = recv(associate->fd, scratch, sizeof(scratch), 0);
		if (n < 0)
			return -errno;
		header_len = pr_socks5_datagram_parse(scratch, (size_t)n, &from, &port);
		if (header_len < 0 || !is_from_destination(associate, &from, port))
			continue;
		n -= header_len;
		n = (size_t)n < size ? n : (ssize_t)size;
		if (n > 0)
			memcpy(bytes, scratch + header_len, (size_t)n);
		return n;
	}
	event_active(&associate->readable, EV_READ, 0);
	return -EAGAIN;
}

static ssize_t associate_write(struct pr_layer *layer, const void *bytes, size_t len)
{
	struct associate_layer *associate = (struct associate_layer *)layer;
	struct iovec parts[2] = { { associate->header, associate->header_len },
				  { (void *)(uintptr_t)bytes, len } };
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n;

	if (associate->ended)
		return -ECONNRESET;
	n = sendmsg(associate->fd, &message, MSG_NOSIGNAL);
	if (n >= 0)
		return (ssize_t)len;
	if (errno == EAGAIN)
		event_add(&associate->writable, NULL);
	return -errno;
}

static void associate_shutdown(struct pr_layer *layer)
{
	(void)layer; /* datagrams have no end */
}

static void associate_free(struct pr_layer *layer, bool reset)
{
	struct associate_layer *associate = (struct associate_layer *)layer;

	event_del(&associate->readable);
	event_del(&associate->writable);
	close(associate->fd);
	pr_layer_free(associate->control, reset);
	free(associate);
}

/* ---- events ---- */

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct associate_layer *associate = context;

	(void)fd;
	(void)what;
	if (associate->layer.events)
		associate->layer.events->readable(associate->layer.context);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct associate_layer *associate = context;

	(void)fd;
	(void)what;
	if (associate->layer.events)
		associate->layer.events->writable(associate->layer.context);
}

/* Nothing is to come by it but its end; what comes nevertheless is passed over, and ends it where it is much. */
static void on_control(void *context)
{
	struct associate_layer *associate = context;
	uint8_t bytes[256];
	ssize_t n;

	n = pr_layer_read(associate->control, bytes, sizeof(bytes));
	if (n > 0 && (size_t)n < sizeof(bytes))
		n = pr_layer_read(associate->control, bytes, sizeof(bytes));
	if (n == -EAGAIN)
		return;
	associate->ended = true;
	on_readable(associate->fd, EV_READ, associate);
}

static void on_control_writable(void *context)
{
	(void)context;
}

struct pr_layer *pr_layer_associate(struct event_base *base, struct pr_layer *control, int fd,
				    const char *host, uint16_t port)
{
	static const struct pr_layer_kind kind = { .read = associate_read,
						   .write = associate_write,
						   .shutdown = associate_shutdown,
						   .free = associate_free };
	static const struct pr_layer_events control_events = { .readable = on_control,
							       .writable = on_control_writable };
	uint8_t header[PR_SOCKS5_DATAGRAM_HEADER_MAX];
	ssize_t header_len = pr_socks5_datagram_header(host, port, header);
	struct associate_layer *associate;

	pr_assert(header_len > 0);
	associate = pr_calloc(1, sizeof(*associate) + (size_t)header_len);
	associate->layer.kind = &kind;
	associate->control = control;
	associate->fd = fd;
	associate->port = port;
	if (pr_address_parse(host, &associate->to) < 0)
		associate->to.family = 0;
	associate->header_len = (uint16_t)header_len;
	memcpy(associate->header, header, (size_t)header_len);
	pr_assert(event_assign(&associate->readable, base, fd, EV_READ | EV_PERSIST | EV_ET,
			       on_readable, associate) == 0);
	pr_assert(event_assign(&associate->writable, base, fd, EV_WRITE | EV_ET, on_writable,
			       associate) == 0);
	event_add(&associate->readable, NULL);
	pr_layer_listen(control, &control_events, associate);
	return &associate->layer;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Datagrams by the relay of a SOCKS5 proxy (RFC 1928, 7): an association for one link. Of the room itself. */
#pragma once

#include "base/address.h"
#include "tunnel/layer.h"

/* The host to which datagrams go, by what the proxy named: itself where it names none, or one of its own network that
 * we may not be in; NULL where that is no place for them. May be written into `text`. */
const char *pr_associate_relay(const char *named, const struct pr_address *proxy,
			       char text[PR_ADDRESS_TEXT_SIZE]);

/* Takes both: the control connection, whose end ends the association, and the socket, connected to the relay. */
struct pr_layer *pr_layer_associate(struct event_base *base, struct pr_layer *control, int fd,
				    const char *host, uint16_t port);

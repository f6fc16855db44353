/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Datagrams by the relay of a SOCKS5 proxy (RFC 1928, 7): an association for one link. Of the room itself. */
#pragma once

#include "base/address.h"
#include "tunnel/layer.h"

/* The address to which datagrams go, by what the proxy named: its own where it names none, or one of its own network that
 * we may not be in; family 0 where that is no place for them. */
struct pr_address pr_associate_relay(const struct pr_address *named,
				     const struct pr_address *proxy);

/* Takes both: the control connection, whose end ends the association, and the socket, connected to the relay. */
struct pr_layer *pr_layer_associate(struct event_base *base, struct pr_layer *control, int fd,
				    const char *host, uint16_t port);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets that are bound to a device, and what their errors mean. Of the room itself. */
#pragma once

#include "base/address.h"
#include "network/tunnel.h"

/* What it sends leaves by this interface or not at all; what it hears came by it. An unbound socket needs no capability
 * for it since Linux 5.7 (net/core/sock.c, sock_bindtoindex()). "" = nothing to do. 0; -ENODEV: it is not there. */
PR_MUST_USE int pr_dial_socket_bind(int fd, const char *interface);
/* A socket that is connected, or connecting, non-blocking and CLOEXEC; -errno. By an interface that isn't loopback's none
 * leads to this host: -EHOSTUNREACH. */
PR_MUST_USE int pr_dial_socket(const struct pr_address *address, uint16_t port, bool datagrams,
			       const char *interface);
/* What an error of connect() says of the destination. */
enum pr_tunnel_outcome pr_dial_outcome_of(int error);
/* Could anything leave by this interface? No packet does. 0, -ENODEV: it is not there; -ENETDOWN: it is down. */
PR_MUST_USE int pr_dial_socket_interface(const char *interface);
/* The sentence for such an error; "" for 0. */
void pr_dial_socket_interface_why(int error, const char *interface, char *why, size_t size);

/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/socket.h>

/* Binds a socket of UDP to a port that was drawn, at any address. The ports are none that the kernel draws for others
 * (ip_local_port_range, 32768 to 60999 as it is shipped): conntrack remembers a link of datagrams for half a minute
 * and more, and whoever got its port meanwhile would send into a link that is ours, which the table refuses. Where all
 * that were drawn are taken, the socket stays unbound and the kernel draws. */
void pr_port_bind(int fd, sa_family_t family);

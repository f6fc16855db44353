/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tunnel process as it is, with its supervisor, its engine, applications and servers played by the test. Links leave
 * by loopback's own interface, or by a proxy that is a socket of the test. */
#pragma once

#include "ipc/channel.h"
#include "network/tunnel.h"

#include "unit.h"

struct world {
	struct pr_channel *supervisor, *engine;
	pid_t pid;
	int server, udp_server, proxy; /* proxy: listens */
	uint16_t entry_port, udp_port; /* the entry point's */
	uint16_t entry_port6, udp_port6;
	bool is_another_engine;
};

/* ---- sockets; what does not come within seconds is a failure ---- */

uint16_t port_of(int fd);
int bound(int type);
/* Nobody is at the port of the former any more. */
int replaced(int former, int type);
int connected6(int type, uint16_t port);
int connected(int type, uint16_t port);
void wait_for(int fd);
int accepted(int listener);
void say(int fd, const char *text);
void hear(int fd, const char *text);
void hear_end(int fd);
void hear_reset(int fd);
void reset(int fd);

/* ---- the process ---- */

struct pr_message receive(struct pr_channel *channel, enum pr_message_kind kind);
void new_engine(struct world *world);
int set_up(void **state);
int tear_down(void **state);

/* ---- the engine's part ---- */

void open_link(struct world *world, uint64_t id, const char *upstream, uint8_t proto,
	       uint16_t port);
void expect(struct world *world, enum pr_message_kind kind, uint64_t id,
	    enum pr_tunnel_outcome outcome);
void answer(struct world *world, uint64_t ticket, uint64_t id);
/* What came to the entry point from `port` is asked about, and is link `id`. */
void who(struct world *world, uint16_t from, uint16_t to, uint64_t id);
/* A link to the server, as both ends have it. */
void link_up(struct world *world, uint64_t id, int *ret_app, int *ret_far);

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

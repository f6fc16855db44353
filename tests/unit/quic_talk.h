/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A conversation over UDP that an inspector looks at, and the hellos of RFC 9001's and RFC 9369's examples. */
#pragma once

#include "inspection/inspector_table.h"
#include "quic_build.h"

#define TALK_DATAGRAMS 24

struct talk {
	uint8_t bytes[TALK_DATAGRAMS][4096];
	struct pr_datagram datagrams[TALK_DATAGRAMS];
	unsigned int n;
};

#define CLIENT_HELLO_LEN 241
extern const uint8_t client_hello[CLIENT_HELLO_LEN]; /* for example.com; RFC 9001, A.2 */
#define SERVER_HELLO_LEN 90
extern const uint8_t server_hello[SERVER_HELLO_LEN]; /* RFC 9001, A.3 */

size_t hex_bytes(const char *hex, uint8_t *bytes, size_t size);
/* Begins an empty datagram and gives a writer for it; talk_end() says how long it became. */
struct pr_writer talk_begin(struct talk *talk, bool from_server);
void talk_end(struct talk *talk, const struct pr_writer *writer);
void talk_bytes(struct talk *talk, bool from_server, const void *bytes, size_t len);
void talk_hex(struct talk *talk, bool from_server, const char *hex);
/* A client's Initial of 1,200 bytes with a piece of `hello`. */
void talk_hello(struct talk *talk, const struct quic_build *build, uint64_t number,
		const uint8_t *hello, size_t begin, size_t end);
enum pr_look talk_look(const struct talk *talk, struct pr_seen *ret_seen);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of inspectors. An inspector is a pure function of what both ends have sent so far, from the
 * link's first byte on: it has no state, and is called again with the longer transcript when more has come. So
 * how the bytes were cut into packets can't matter to it. A further inspector is one file and one row of
 * inspector_table.c.
 */
#pragma once

#include "network/seen.h"
#include "network/subject.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one end of a TCP link has sent, without gaps. */
struct pr_stream {
	const uint8_t *bytes;
	uint32_t len;
	bool ended; /* its last byte is here */
	bool full;  /* more came than is kept: nothing will be added */
};

/* One datagram of a UDP link. */
struct pr_datagram {
	const uint8_t *bytes;
	uint32_t len;
	bool from_server;
	bool cut; /* the end of it is not here */
};

/* The client is who opened the link. Borrows all. */
struct pr_transcript {
	uint8_t proto; /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t
		port; /* of the server; for what two protocols would take for theirs, never a proof */
	struct pr_stream client, server;     /* TCP */
	const struct pr_datagram *datagrams; /* UDP, in the order of arrival */
	unsigned int n_datagrams;
	bool multicast; /* the server's address is a multicast one */
};

enum pr_look {
	PR_LOOK_NOT_MINE, /* whatever follows */
	PR_LOOK_MORE, /* could be, or is; what the client sent last may still turn out to be anything: it is
			   * held where that matters */
	PR_LOOK_GOES_ON, /* is; all that the client sent so far is handshake and may pass; facts are open */
	PR_LOOK_DONE, /* is; all facts of this inspector are settled */
};

struct pr_inspector {
	const char *name;
	unsigned int transports; /* PR_INSPECTS_… */
	/* Bytes of each end that it wants to see at most (TCP), and datagrams (UDP); further ones are not collected for
	 * its sake. Never above the limits of inspection/limits.h. */
	uint32_t client_bytes, server_bytes, datagrams;
	/* It finds a name in what the client says first. In TLS that a dialogue goes over to, one is found as well, but
	 * nobody's first words are held for it. */
	bool names;
	/* Fills in *seen, which comes zeroed, and its `settled`. What it returns NOT_MINE for is not looked at. */
	enum pr_look (*look)(const struct pr_transcript *transcript, struct pr_seen *seen);
};

#define PR_INSPECTS_TCP 1u
#define PR_INSPECTS_UDP 2u

extern const struct pr_inspector pr_inspectors[];
extern const unsigned int pr_n_inspectors;

/* All of them: the first in the table's order that says it is its own. MORE while none does and one could;
 * NOT_MINE when none can be any more: then SPEAKS and all others are settled as unknown. `give_up`: nothing
 * further comes: MORE becomes NOT_MINE, and what is open is settled as unknown. */
enum pr_look pr_inspectors_look(const struct pr_transcript *transcript, bool give_up,
				struct pr_seen *ret_seen);

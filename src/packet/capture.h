/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets out of a capture that is in memory: pcap (micro- and nanoseconds) and pcapng, in either
 * byte order. Link types: Ethernet with VLAN tags and PPPoE, raw IP, PPP, Linux cooked 1 and 2, NFLOG, BSD
 * loopback.
 * Pure; copies nothing.
 */
#pragma once

#include "base/cursor.h"
#include "base/error.h"

/* Interfaces of one section of a pcapng file. Reached: packets of further ones are passed over. */
#define PR_CAPTURE_INTERFACES_MAX 256
/* Bytes of one record, tcpdump's limit. A record that claims more is damage. */
#define PR_CAPTURE_RECORD_MAX 262144u
/* VLAN tags in front of a packet. More: passed over. */
#define PR_CAPTURE_VLAN_TAGS_MAX 4

enum pr_capture_outcome {
	PR_CAPTURE_DONE = 0,
	PR_CAPTURE_END = 1,
	PR_CAPTURE_DAMAGED = 2, /* nothing behind can be read */
	PR_CAPTURE_UNKNOWN = 3, /* not a capture of a known format */
};

enum pr_capture_way { PR_CAPTURE_WAY_UNKNOWN, PR_CAPTURE_WAY_IN, PR_CAPTURE_WAY_OUT };

struct pr_captured {
	const uint8_t *bytes; /* from the IP header on, borrowed from the capture */
	size_t len, wire_len;
	uint64_t real_us;	 /* since 1970; 0 where the record has no time */
	uint32_t number;	 /* of the record, from 1, as other tools count */
	enum pr_capture_way way; /* as seen by the host that captured, where it is said */
};

struct pr_capture_interface {
	uint16_t link_type;
	uint64_t units_per_second;
	int64_t offset_s;
};

struct pr_capture {
	struct pr_reader reader; /* the rest */
	bool pcapng, little;
	struct pr_capture_interface interfaces[PR_CAPTURE_INTERFACES_MAX];
	uint32_t n_interfaces; /* of the section; may exceed those that are kept */
	uint32_t n_records;
	uint32_t n_not_ip;	  /* frames of other protocols */
	uint32_t n_unknown_links; /* records of link types that are not read */
};

/* Borrows `bytes` for as long as packets are read. Fills *ret_capture only when 0 is returned. */
PR_MUST_USE int pr_capture_open(const void *bytes, size_t len, struct pr_capture *ret_capture);
/* The next IP packet; DONE, END or DAMAGED. */
PR_MUST_USE int pr_capture_next(struct pr_capture *capture, struct pr_captured *ret_captured);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An attack that was found, and what that rests on (docs/attacks.md). A plain value. Its times are the
 * detector's clock; who tells it makes them real ones.
 */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stdint.h>

enum pr_attack_kind {
	PR_ATTACK_VERTICAL,    /* many closed ports of one host */
	PR_ATTACK_HORIZONTAL,  /* one port of many hosts */
	PR_ATTACK_SLOW,	       /* either, over hours */
	PR_ATTACK_DISTRIBUTED, /* from many sources */
	PR_ATTACK_FLAGS,       /* TCP flags that open no connection */
	PR_ATTACK_UDP,
	PR_ATTACK_SCTP,
	PR_ATTACK_PROTOCOLS, /* of IP */
	PR_ATTACK_HALF_OPEN, /* a flood of connections that are never completed */
	PR_ATTACK_SPOOFED,
	PR_ATTACK_MALFORMED,
	PR_ATTACK_GATEWAY, /* the gateway's address, claimed by another hardware address */
	PR_ATTACK_N_KINDS,
};

/* How a scan asks. */
enum pr_attack_technique {
	PR_TECHNIQUE_NONE, /* an answer, or nothing that a scan is made of */
	PR_TECHNIQUE_SYN,
	PR_TECHNIQUE_NULL,
	PR_TECHNIQUE_FIN,
	PR_TECHNIQUE_XMAS,
	PR_TECHNIQUE_ODD, /* other flags that no implementation of TCP sends */
	PR_TECHNIQUE_ACK, /* a window scan looks the same */
	PR_TECHNIQUE_MAIMON,
	PR_TECHNIQUE_UDP,
	PR_TECHNIQUE_SCTP,
	PR_TECHNIQUE_ICMP,
	PR_TECHNIQUE_PROTOCOL,
	PR_TECHNIQUE_N,
};

#define PR_ATTACK_PORTS_MAX	32 /* further ones are counted, not named */
#define PR_ATTACK_HARDWARE_SIZE 6

struct pr_attack {
	enum pr_attack_kind kind;
	enum pr_attack_technique technique;
	/* Whole addresses, or the network that they come from; family 0 = many, or forged. */
	struct pr_prefix source;
	struct pr_address target; /* the last one; of a claim the gateway's address */
	uint32_t ifindex;	  /* where it came in; 0 = not known */
	uint64_t first_us, last_us;
	uint32_t n_packets; /* that count as evidence */
	uint32_t n_targets; /* different pairs of host and port, as far as they are kept */
	uint32_t n_hosts, n_sources;
	uint16_t ports[PR_ATTACK_PORTS_MAX]; /* or protocols, ascending */
	unsigned int n_ports;
	uint64_t blocked_until_us; /* 0 = its source is not blocked */
	bool spared;		   /* it would be, but for what the source is */
	bool told;		   /* false: too many were found at once, it is listed alone */
	uint8_t known_hardware[PR_ATTACK_HARDWARE_SIZE],
		claimed_hardware[PR_ATTACK_HARDWARE_SIZE]; /* of a claim */
};

const char *pr_attack_kind_name(
	enum pr_attack_kind kind); /* "vertical-scan", "half-open-flood", … */
const char *pr_attack_technique_name(enum pr_attack_technique technique); /* "syn", …; NONE: "" */
/* A sentence for people: who does what, with numbers. Returns `text`. */
#define PR_ATTACK_TEXT_SIZE 320
const char *pr_attack_text(const struct pr_attack *attack, char text[PR_ATTACK_TEXT_SIZE]);

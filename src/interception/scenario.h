/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Interception by text: packets are written as lines, verdicts go to a function. For scenario tests, and
 * for whoever wants to see what the rest does with a packet without a kernel.
 *
 *     HOOK PROTO SOURCE > DESTINATION [OPTION…]
 *
 *   HOOK      out, in, forward, prerouting
 *   PROTO     tcp, udp, icmp, icmp6, sctp, or a number
 *   SOURCE    192.0.2.1:443, [2001:db8::1]:443, or without a port
 *   OPTION    syn synack ack rst fin fin-alone no-flags (tcp; syn if none is given) · len N (payload) · untracked · dev N (the
 *             interface; 1, the loopback one, for an address with itself, otherwise 2) · id N (icmp echo) · type N · code N ·
 *             later-fragment · dns-opcode N (udp: the header of a DNS
 *             message) · captured N (bytes that are there of it) · mark N · socket-uid N (of the sending
 *             socket; none if not given) ·
 *             what it carries, which makes it an ack: text T (one word: \s is a blank, \r, \n, \\, \xHH) ·
 *             hex H · hello NAME, server-hello (TLS; "-" = without a name) · noise (no protocol's) · part A B (only these bytes of it, at their place
 *             in the stream) · at N (so far behind the stream's beginning) · acks N (bytes of the other end's; all that it sent by now) ·
 *             isn N (the stream's first number; 1000) ·
 *             about PROTO SOURCE > DESTINATION (an ICMP error: the packet that it reports on; last)
 */
#pragma once

#include "interception/interception.h"

#define PR_SCENARIO_ISN	       1000 /* of both ends */
#define PR_SCENARIO_PACKET_MAX 2048
#define PR_SCENARIO_QUEUE_MAX  64 /* packets that wait to be read; more are refused with -ENOBUFS */

struct pr_scenario_interception;

typedef void (*pr_scenario_verdict)(void *context, const struct pr_intercepted *packet,
				    const struct pr_verdict_order *order);

struct pr_scenario_interception *pr_scenario_interception_new(pr_scenario_verdict verdict,
							      void *context);
/* What the rest of the program sees of it; closing it frees it. */
struct pr_interception *pr_scenario_interception(struct pr_scenario_interception *scenario);

/* Adds the packet that `line` describes. 0, -EINVAL with *ret_error set to what is wrong (a literal), or
 * -ENOBUFS. */
PR_MUST_USE int pr_scenario_packet(struct pr_scenario_interception *scenario, const char *line,
				   uint64_t time_us, const char **ret_error);

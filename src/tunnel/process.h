/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tunnel process: the entry point that rerouted links come to, and the ways by which they go on. Rights of its own
 * user, no capability. It decides nothing: which link goes by which upstream comes from the engine.
 *
 * A TCP link is opened at the far end before its first packet is let go (TUNNEL_OPEN, TUNNEL_OPENED), so that what the far end
 * says is what the application's connect() sees. What arrives at the entry point is then known by the engine's table
 * alone (TUNNEL_WHO): what came there otherwise is reset.
 *
 * From the supervisor (ipc/message.h):
 *   PING             answered with PONG
 *   CHANNEL          the channel to the engine; a new one replaces the former, TUNNEL_HAVE follows for each link
 *   DESCRIPTOR       before START: "tcp4", "tcp6", "udp4", "udp6": the entry point's sockets, as far as there are
 *   TUNNEL_UPSTREAMS pairs, in any order; the last such message counts, whole:
 *                      "upstream"    pr_tunnel_upstream_write()
 *                      "nameserver"  an address: of the system's
 * To the engine, beside its answers:
 *   TUNNEL_STATE     once a second for each upstream of which something changed, pairs:
 *                      "upstream"    its id, first
 *                      "up"          1, 0; without it: not known, it was neither used nor looked at
 *                      "failing"     1: up, but the last that is known is a failure
 *                      "since_s"     since when it fails or is down, of the monotonic clock; without it: it isn't so
 *                      "latency_us"  of opening a link by it; 0: none yet
 *                      "links"       that it carries now
 *                      "opened", "failed"  links, since it is configured
 *                      "sent", "received"  bytes of its links
 *                      "why"         the last failure; without it: none
 */
#pragma once

#include "base/error.h"

#define PR_TUNNEL_LINKS_MAX	   16384u /* at once; beyond: UNSUPPORTED, and it says so */
#define PR_TUNNEL_IDLE_DATAGRAMS_S 180u	  /* RFC 4787, REQ-5: at least 120 */
#define PR_TUNNEL_IDLE_STREAM_S	   86400u /* without a byte; keep-alive finds dead ends before */
#define PR_TUNNEL_UNCLAIMED_S	   75u	  /* open, and its packet never arrived */
#define PR_TUNNEL_HELD_DATAGRAMS   8u	  /* of a link, while it opens */
#define PR_TUNNEL_ALONE_S	   60u /* without an engine, which may want them cut: all links are reset */

struct pr_tunnel_config {
	int tcp4, tcp6, udp4, udp6; /* taken; -1 = none */
	/* Called once everything is set up and nothing was read yet: the sandbox closes here. May be NULL. */
	int (*sandbox)(void *context);
	void *context;
};

/* Runs until the supervisor's channel ends. `ipc_fd` is taken. 0, or -errno where it could not start. */
PR_MUST_USE int pr_tunnel_run(int ipc_fd, const struct pr_tunnel_config *config);

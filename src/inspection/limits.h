/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bounds of inspection. Where one is reached, what is open is settled as unknown (PR_SEEN_LIMIT), and the
 * link is decided with that: who requires encryption has it cut, everybody else goes on uninspected. */
#pragma once

/* Of a stream; further bytes are not kept. Browsers' ClientHellos take 2 KiB, the longest seen 16; certificates up
 * to 12. */
#define PR_INSPECTION_CLIENT_MAX 16384u
#define PR_INSPECTION_SERVER_MAX 20480u
/* Pieces of a stream that came before what stands in front of them. Further ones are dropped, and sent again. */
#define PR_INSPECTION_PIECES_MAX 16u
/* Datagrams of a link that are kept, bytes of one and of all. What a sender gives to the kernel in one go, to be cut on
 * the way out (UDP_SEGMENT), comes as one: QUIC's first flight in two or three of 1,200 bytes. */
#define PR_INSPECTION_DATAGRAMS_MAX  16u
#define PR_INSPECTION_DATAGRAM_MAX   8192u
#define PR_INSPECTION_DATAGRAM_BYTES 32768u
/* Packets with payload that are looked at: what work a link can cause. */
#define PR_INSPECTION_PACKETS_MAX 96u
/* How long the client's payload is held until it is classified. Nagle's algorithm keeps the rest of a held segment back until
 * the retransmission, 0.2 s (docs/inspection.md). */
#define PR_INSPECTION_HOLD_MS 800u
/* How long a link is inspected after its first payload. */
#define PR_INSPECTION_TIME_MS 30000u
/* Memory of all links together. Reached: the link that waits longest is given up. */
#define PR_INSPECTION_BYTES_MAX (32u << 20)
/* Links under inspection at a time, most of which may never say anything. Reached: as with memory, those first that have said
 * nothing. */
#define PR_INSPECTION_LINKS_MAX 57344u
/* Packets of one link that are held, and of all. Reached: dropped, and sent again by their sender. */
#define PR_INSPECTION_HELD_PER_LINK_MAX 16u
#define PR_INSPECTION_HELD_MAX		4096u
#define PR_INSPECTION_HELD_BYTES_MAX	(16u << 20)

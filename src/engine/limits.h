/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's own bounds; those of its tables stand in network/, those of questions in nameserver/. */
#pragma once

/* So long an upstream that was found to work no more is taken for that, where profiles may do without it: their names are
 * resolved here. */
#define PR_ENGINE_POOL_DOWN_US UINT64_C(30000000)

/* Packets that wait, engine-wide: older kernels search the queue's list for every verdict
 * (net/netfilter/nfnetlink_queue.c, before 2026), so it stays short. Reached: the packet is dropped,
 * never accepted; its retransmit tries again. What a prompt holds gives way to what waits for its owner. */
#define PR_ENGINE_PARKED_MAX 256u
/* Packets of one end of a link that wait. Reached: dropped, like packets that a full socket drops. */
#define PR_ENGINE_PARKED_PER_LINK_MAX 4u
/* How long a packet or a question waits for its owner. Then it is decided as unknown for now; the
 * verdict is not permanent, and the link's next packet asks again. */
#define PR_ENGINE_OWNER_WAIT_MS		 1000u
#define PR_ENGINE_QUESTION_OWNER_WAIT_MS 4000u /* clients ask again after 5 s */
/* Of those that wait: for their way through the tunnel. Reached: a link is let into the entry point at once, and if
 * nothing comes of it, its application sees a reset. */
#define PR_ENGINE_PARKED_TUNNEL_MAX 128u
/* So long a packet waits for its way; and for a tunnel process, where none is there. */
#define PR_ENGINE_TUNNEL_WAIT_MS  30000u
#define PR_ENGINE_TUNNEL_START_MS 5000u
/* So long a failure stands for the same link: then its next packet tries again. */
#define PR_ENGINE_TUNNEL_FAILED_MS 2000u
/* So long after the start the tunnel may say which flows it has. Then those are cut that have to be there and aren't. */
#define PR_ENGINE_TUNNEL_HAVE_MS 3000u
/* Upstreams that links go by: those of the policy, and of the one before. Bytes of what went wrong with links; reached:
 * the general word for it. */
#define PR_ENGINE_TUNNEL_UPSTREAMS_MAX 256u
#define PR_ENGINE_TUNNEL_WHY_BYTES     (1u << 20)
/* How long a permitted packet waits for the generation that is being raised. Then it goes with an order of
 * the one before, which the kernel sends back if it has another by then. */
#define PR_ENGINE_GENERATION_WAIT_MS 200u
/* Questions that wait for their owner. Reached: decided as unknown at once. */
#define PR_ENGINE_QUESTION_WAITS_MAX 256u
/* Prompts, open ones and those whose default is remembered. Reached: denied without a prompt. */
#define PR_ENGINE_PROMPTS_MAX 1024u
/* The same of one application, so that one that asks for everything leaves others room. */
#define PR_ENGINE_PROMPTS_PER_APPLICATION_MAX 256u
/* Direct answers that hold. Reached: the oldest ends. */
#define PR_ENGINE_ANSWERS_MAX 256u
/* Processes whose instance is remembered. Reached: found anew, a few microseconds. */
#define PR_ENGINE_INSTANCE_CACHE 512u
/* Clients of the nameserver whose link is remembered, and for how long without a question: the kernel forgets no flow
 * that soon (nf_conntrack_udp_timeout). Reached: the kernel is asked anew. */
#define PR_ENGINE_ASKERS   4096u
#define PR_ENGINE_ASKER_US 1000000u
/* Nameservers of this host that our resolver asks. Reached: the one noted first gives way, until it is asked
 * again. */
#define PR_ENGINE_LOCAL_UPSTREAMS_MAX 4u
/* So long after our last question to it, it is none any more. The resolver asks more often than that
 * (resolver/greeting.h). */
#define PR_ENGINE_LOCAL_UPSTREAM_US 120000000u
/* Servers of this host that the tunnel leads to, by application and port. Reached: the one noted first gives way, until
 * the tunnel comes to it again; after so long without that it is none any more. */
#define PR_ENGINE_TUNNEL_SERVERS_MAX 8u
#define PR_ENGINE_TUNNEL_SERVER_US   120000000u
/* Packets of a TCP link that is being cut which are dropped, not refused: once what was held is let go the kernel sends it again
 * at once, and a reset in answer would take the socket away that is about to be destroyed. At most 3. */
#define PR_ENGINE_CUT_SPARES 3u
/* Links under inspection, and those that hold a packet for it. Reached: the link is decided as if nothing could be
 * seen of it. Memory is bounded more narrowly (inspection/limits.h). */
#define PR_ENGINE_INSPECTED_MAX 65536u
/* After an inspection began somebody looks whether another had to be given up for it. */
#define PR_ENGINE_INSPECTION_TICK_US 50000u
/* Texts of what was seen: names, ALPN, fingerprints, each once. Reached: of links with names nothing is kept when their
 * inspection is over, of others the text is left out (`inspection_texts_full`). */
#define PR_ENGINE_SEEN_TEXTS_MAX 131072u
#define PR_ENGINE_SEEN_BYTES_MAX (16u << 20)
/* `dns query` of users that are under way. Reached: refused. */
#define PR_ENGINE_QUERIES_MAX 16u

/* Entries of a table that are looked at before the lock is free for others: well below a millisecond. */
#define PR_ENGINE_ROWS_AT_ONCE 128u

/* Decisions of packets that are told a little later, off the packets' way. Reached: all are told at once. */
#define PR_ENGINE_OWED_MAX 4096u
#define PR_ENGINE_OWED_US  50000u
#define PR_ENGINE_PAY_MAX  16u /* of them while the lock is held once */

/* Attackers that are blocked. Reached: of those that share a place the one that ends soonest. */
#define PR_ENGINE_BLOCKED_MAX 1024u
/* Nameservers that this host asked last: these never are. Reached: the one asked longest ago. */
#define PR_ENGINE_NAMESERVERS_MAX 16u
/* Before a source is blocked all links are looked through, so many times a second at most; links of the source's that
 * the kernel is asked about. Reached: it is spared; it is blocked. */
#define PR_ENGINE_SPARE_LOOKS 4u
#define PR_ENGINE_SPARE_ASKS  64u
/* Links of which it is asked what became of them, after so long, so many at a time. Reached: not asked
 * (`attacks_unwatched`). */
#define PR_ENGINE_WATCHED_MAX	1024u
#define PR_ENGINE_WATCH_US	3000000u
#define PR_ENGINE_WATCH_AT_ONCE 16u
#define PR_ENGINE_WATCH_GAP_US	1000u

/* Applications of which it is remembered what names their links show (doh.c). Reached: one of them begins anew. */
#define PR_ENGINE_DOH_MAX     256u
#define PR_ENGINE_DOH_US      600000000u /* so long */
#define PR_ENGINE_DOH_NAMES   3u	 /* so many that were never given are a habit */

#define PR_ENGINE_WHY_SIZE    256u /* what a suspicion rests on */
#define PR_ENGINE_REASON_SIZE 320u /* bytes of an event's reason; longer ones are cut */

/* Housekeeping: names and links that expire. */
#define PR_ENGINE_SWEEP_US	 1000000u
#define PR_ENGINE_SWEEP_LINKS	 4096u /* at most so many a sweep */
#define PR_ENGINE_NAMES_SWEEP_US 60000000u

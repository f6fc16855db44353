/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the table holds. Internal to the nftables_*.c and nft_*.c files. */
#pragma once

#include "kernel/nft_batch.h"
#include "kernel/nftables.h"

/* Changes whenever base chains, sets or their shape change: an older table is then replaced, not refilled. */
#define PR_RULESET_LAYOUT 9

/* The table whole, from nothing; refill empties the regular chains and the sets first. */
void pr_ruleset_create(struct pr_nft_batch *batch, const struct pr_ruleset_config *config,
		       uint32_t table_flags);
void pr_ruleset_refill(struct pr_nft_batch *batch, const struct pr_ruleset_config *config);
void pr_ruleset_flush_denied(struct pr_nft_batch *batch);
/* What the table's user data say: layout and what can't be changed by a refill. */
char *pr_ruleset_identity(const struct pr_ruleset_config *config);
extern const char *const pr_ruleset_denied_sets[4];

/* ---- for the files that write the chains ---- */

struct pr_ruleset_writer {
	struct pr_nft_batch *batch;
	const struct pr_ruleset_config *config;
	struct pr_nft_set blocked4, blocked6, dropped4, dropped6, accepted, empty;
};

enum pr_ruleset_side { PR_SIDE_OUT, PR_SIDE_IN };

/* Chains that several files write or call. */
#define PR_CHAIN_REJECT		 "reject"
#define PR_CHAIN_QUEUE		 "queue"
#define PR_CHAIN_QUEUE_UNTRACKED "queue-untracked"
#define PR_CHAIN_QUEUE_INSPECTED "queue-inspected"
#define PR_CHAIN_INSPECTED	 "inspected" /* its packets end there: accepted or queued */

/* Of the set of segments without payload: eleven lengths of TCP's header, three combinations of flags, two of IP. */
#define PR_RULESET_EMPTY_KEY_LEN 12
#define PR_RULESET_EMPTY_MAX	 66

void pr_ruleset_write_base(struct pr_ruleset_writer *w, const char *chain); /* nft_base.c */
void pr_ruleset_write_verdicts(struct pr_ruleset_writer *w);		    /* nft_verdicts.c */
void pr_ruleset_write_orders(struct pr_ruleset_writer *w);		    /* nft_orders.c */
/* nft_inspected.c; before the queue's own rules */
void pr_ruleset_write_inspected(struct pr_ruleset_writer *w);
void pr_ruleset_write_empty(struct pr_ruleset_writer *w); /* the set, once */
/* A TCP segment that carries nothing (nft_inspected.c). */
void pr_match_empty(struct pr_ruleset_writer *w, uint8_t family);
void pr_ruleset_write_direct(struct pr_ruleset_writer *w); /* nft_direct.c */
void pr_ruleset_write_tunnel(struct pr_ruleset_writer *w); /* nft_tunnel.c */

/* ---- nft_tunnel.c: the tunnel's part in the chains of the others ---- */

/* The order to reroute to the tunnel, of a link that lives and does not go there. */
void pr_ruleset_refuse_living(struct pr_ruleset_writer *w, const char *chain);
/* The order of a datagram, at output: from now on its socket alone passes by the mark. */
void pr_ruleset_note_sender(struct pr_ruleset_writer *w, const char *chain);
/* The order carried out: of TCP and UDP, as far as there is an entry point. */
void pr_ruleset_reroute_tunnel(struct pr_ruleset_writer *w, const char *chain);
/* What other namespaces open, to the queue. */
void pr_ruleset_tunnel_before_routing(struct pr_ruleset_writer *w, const char *chain);
/* What arrives for the entry point and for the pool: in, or refused. */
void pr_ruleset_tunnel_arriving(struct pr_ruleset_writer *w, const char *chain, bool tracked);
/* What this host sends into the tunnel: returns where it has to be asked about. */
void pr_ruleset_tunnel_leaving(struct pr_ruleset_writer *w, const char *chain);
/* What the entry point sends, where it does, and where this host's sockets get it. */
void pr_ruleset_tunnel_answers(struct pr_ruleset_writer *w, const char *chain);
void pr_ruleset_tunnel_answered(struct pr_ruleset_writer *w, const char *chain);
/* Orders for packets of the entry point's end of a link, in that direction. */
void pr_ruleset_order_at_entry(struct pr_ruleset_writer *w, const char *chain,
			       enum pr_ruleset_side direction);
/* The order to reroute that couldn't be carried out. */
void pr_ruleset_refuse_tunnel(struct pr_ruleset_writer *w, const char *chain);

/* A rule of `chain`: pr_rule(w, chain); matches…; one of the ends. */
void pr_rule(struct pr_ruleset_writer *w, const char *chain);
void pr_end(struct pr_ruleset_writer *w); /* without a verdict */
void pr_end_verdict(struct pr_ruleset_writer *w, int verdict);
void pr_end_goto(struct pr_ruleset_writer *w, const char *chain);
void pr_end_jump(struct pr_ruleset_writer *w, const char *chain);

void pr_match_ct_mark(struct pr_ruleset_writer *w, uint32_t bits, uint32_t value);
void pr_match_ct_mark_not(struct pr_ruleset_writer *w, uint32_t bits, uint32_t value);
void pr_match_mark(struct pr_ruleset_writer *w, uint32_t bits, uint32_t value);
void pr_match_mark_not(struct pr_ruleset_writer *w, uint32_t bits, uint32_t value);
void pr_match_direction(struct pr_ruleset_writer *w, enum pr_ruleset_side side);
void pr_match_related(struct pr_ruleset_writer *w);
void pr_match_status(struct pr_ruleset_writer *w, uint32_t bits, uint32_t value);
void pr_match_socket_of(struct pr_ruleset_writer *w, uid_t uid);
/* It has a socket, and that is none of ours. */
void pr_match_socket_of_others(struct pr_ruleset_writer *w);
void pr_match_any_socket(struct pr_ruleset_writer *w);
void pr_match_proto(struct pr_ruleset_writer *w, uint8_t proto);
void pr_match_family(struct pr_ruleset_writer *w, uint8_t nfproto);
void pr_match_bytes(struct pr_ruleset_writer *w, uint32_t base, uint32_t offset, const void *bytes,
		    uint32_t len);
void pr_match_byte(struct pr_ruleset_writer *w, uint32_t base, uint32_t offset, uint8_t value);
void pr_match_byte_range(struct pr_ruleset_writer *w, uint32_t base, uint32_t offset, uint8_t from,
			 uint8_t to);
void pr_match_bits(struct pr_ruleset_writer *w, uint32_t base, uint32_t offset, uint8_t bits);
/* TCP's flags: a SYN that answers none; or not one, of whatever protocol, as far as the packet is long enough to tell. */
void pr_match_syn(struct pr_ruleset_writer *w, bool is);
void pr_set_ct_mark(struct pr_ruleset_writer *w, uint32_t bits, uint32_t value);
void pr_clear_mark(struct pr_ruleset_writer *w);
/* The link's original tuple and the side; registers 0 up. */
void pr_load_tuple(struct pr_ruleset_writer *w, uint8_t nfproto, enum pr_ruleset_side side);
/* The conntrack entry's id and the side. */
void pr_load_id(struct pr_ruleset_writer *w, enum pr_ruleset_side side);

/* A value of the conntrack mark in the current generation. */
uint32_t pr_link_bits(const struct pr_ruleset_writer *w, enum pr_mark_out out, enum pr_mark_in in);
uint32_t pr_out_bits(const struct pr_ruleset_writer *w); /* generation and out fields, as a mask */
uint32_t pr_in_bits(const struct pr_ruleset_writer *w);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One atomic batch of changes to our table, and the expressions of its rules. Internal to the nftables_*.c
 * files. A rule is built between rule() and end(); expressions are evaluated in the order of the calls, the
 * rule ends where one does not match.
 */
#pragma once

#include "base/error.h"

#include <arpa/inet.h> /* before linux/netfilter.h, which brings its own */
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pr_nft_batch {
	uint8_t *bytes;
	size_t len, size;
	uint32_t first_seq, seq;
	bool native_queue, set_delete; /* abilities of the kernel */
	struct nftnl_rule *rule;
	const char *needs; /* what the rule that is built needs of the kernel beyond the common */
	/* Of the messages, by seq - first_seq; NULL = nothing special. */
	const char **hints;
	size_t n_hints;
};

void pr_nft_batch_init(struct pr_nft_batch *batch, uint32_t seq, bool native_queue);
void pr_nft_batch_done(struct pr_nft_batch *batch);

/* Sends it all and reads the answers. 0 or the first error; *ret_hint (may be NULL) then tells what the refused
 * message needs, or is NULL. */
PR_MUST_USE int pr_nft_batch_send(struct pr_nft_batch *batch, int fd, const char **ret_hint);

/* ---- the table and what is in it ---- */

struct pr_nft_chain {
	const char *name;
	const char *type; /* NULL = a regular chain */
	int hook, priority;
	bool drops; /* its policy */
};

struct pr_nft_set {
	const char *name;
	uint32_t id, key_len, size;
	uint64_t timeout_ms;
};

void pr_nft_table(struct pr_nft_batch *batch, const char *name, uint32_t flags,
		  const char *userdata);
void pr_nft_table_delete(struct pr_nft_batch *batch, const char *name);
void pr_nft_chain(struct pr_nft_batch *batch, const char *table, const struct pr_nft_chain *chain);
void pr_nft_chain_flush(struct pr_nft_batch *batch, const char *table, const char *chain);
void pr_nft_set(struct pr_nft_batch *batch, const char *table, const struct pr_nft_set *set);
/* `n` keys of set->key_len, one behind the other; nothing is ever added to it. */
void pr_nft_set_constant(struct pr_nft_batch *batch, const char *table,
			 const struct pr_nft_set *set, const void *keys, unsigned int n);
void pr_nft_set_flush(struct pr_nft_batch *batch, const char *table, const char *set);

void pr_nft_rule(struct pr_nft_batch *batch, const char *table, const char *chain);
void pr_nft_end(struct pr_nft_batch *batch);

/* ---- expressions; registers count from 0, four bytes each ---- */

void pr_nft_meta(struct pr_nft_batch *batch, uint32_t key, unsigned int reg);
void pr_nft_ct(struct pr_nft_batch *batch, uint32_t key, int direction, unsigned int reg);
void pr_nft_payload(struct pr_nft_batch *batch, uint32_t base, uint32_t offset, uint32_t len,
		    unsigned int reg);
/* Into the packet; `checksum` is the offset of the header's own (-1 = it has none), those behind it that cover the
 * addresses follow. */
void pr_nft_payload_set(struct pr_nft_batch *batch, uint32_t base, uint32_t offset, uint32_t len,
			int checksum, unsigned int reg);
void pr_nft_cmp(struct pr_nft_batch *batch, uint32_t operation, const void *data, uint32_t len,
		unsigned int reg);
void pr_nft_mask(struct pr_nft_batch *batch, const void *mask, const void *xor_, uint32_t len,
		 unsigned int reg);
void pr_nft_immediate(struct pr_nft_batch *batch, const void *data, uint32_t len, unsigned int reg);
void pr_nft_meta_set(struct pr_nft_batch *batch, uint32_t key, unsigned int reg);
void pr_nft_ct_set(struct pr_nft_batch *batch, uint32_t key, unsigned int reg);
void pr_nft_lookup(struct pr_nft_batch *batch, const struct pr_nft_set *set, unsigned int reg);
void pr_nft_update(struct pr_nft_batch *batch, const struct pr_nft_set *set, unsigned int reg);
void pr_nft_take_out(struct pr_nft_batch *batch, const struct pr_nft_set *set, unsigned int reg);
void pr_nft_fib_address_type(struct pr_nft_batch *batch, unsigned int reg);
void pr_nft_verdict(struct pr_nft_batch *batch, int verdict, const char *chain);
void pr_nft_reject(struct pr_nft_batch *batch, uint32_t type, uint8_t code);
void pr_nft_dnat(struct pr_nft_batch *batch, uint32_t family, unsigned int address,
		 unsigned int port);
void pr_nft_redirect(struct pr_nft_batch *batch, unsigned int port);
/* `bypass`: accepted while nobody reads the queue. */
void pr_nft_queue(struct pr_nft_batch *batch, uint16_t queue, bool bypass);
void pr_nft_bpf(struct pr_nft_batch *batch, int program_fd);

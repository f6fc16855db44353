/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the nftables_*.c files. */
#pragma once

#include "kernel/nft_ruleset.h"

#define PR_TABLE_F_OWNER   0x2u
#define PR_TABLE_F_PERSIST 0x4u /* Linux 6.9; newer than the headers we build with */

struct pr_nftables {
	int fd;	      /* makes all changes; owns the table */
	int watch_fd; /* hears of everybody's */
	uint32_t portid;
	uint32_t seq;
	struct pr_nftables_abilities abilities;
	char *lacking;
	bool installed;
	struct pr_ruleset_config config;
	struct pr_nftables_state state;
};

/* A table as the kernel tells of it. */
struct pr_nftables_found {
	bool exists;
	uint32_t flags, owner; /* owner: a portid, 0 = none */
	char identity[128];
};

/* nftables_socket.c */
PR_MUST_USE int pr_nftables_socket(int *ret_fd, uint32_t *ret_portid);
PR_MUST_USE int pr_nftables_find(struct pr_nftables *nftables, struct pr_nftables_found *ret_found);
PR_MUST_USE int pr_nftables_count(struct pr_nftables *nftables, const char *set, uint32_t *ret_n);

/* nftables.c */
struct pr_nft_batch pr_nftables_begin(struct pr_nftables *nftables);
/* Sends the batch and ends it. */
PR_MUST_USE int pr_nftables_send(struct pr_nftables *nftables, struct pr_nft_batch *batch);
uint32_t pr_nftables_flags(enum pr_ruleset_keep keep);

/* nftables_watch.c */
PR_MUST_USE int pr_nftables_watch_open(int *ret_fd);

/* nftables_probe.c */
void pr_nftables_probe(struct pr_nftables *nftables);

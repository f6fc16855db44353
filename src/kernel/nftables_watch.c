/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the kernel can't protect the table from others, its events tell that somebody touched it, and it is put
 * back whole. What passed meanwhile has no mark: its next packet is queued.
 */
#include "base/clock.h"
#include "kernel/nftables_private.h"

#include <libmnl/libmnl.h>
#include <string.h>
#include <sys/socket.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif
#define WATCH_BUFFER 16384

int pr_nftables_watch_open(int *ret_fd)
{
	int fd PR_CLEANUP(pr_cleanup_close) = -1, group = NFNLGRP_NFTABLES;
	uint32_t portid;
	int r;

	r = pr_nftables_socket(&fd, &portid);
	if (r < 0)
		return r;
	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	*ret_fd = PR_TAKE_FD(fd);
	return 0;
}

static bool is_of_our_table(const struct nlmsghdr *message)
{
	const struct nlattr *attribute;

	if (message->nlmsg_len < mnl_nlmsg_size(sizeof(struct nfgenmsg)))
		return false;
	/* Attribute 1 is the table's name in messages of tables, chains, rules, sets and elements. */
	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME)
			return mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0 &&
			       strcmp(mnl_attr_get_str(attribute), PR_RULESET_TABLE) == 0;
	}
	return false;
}

/* Whether somebody else changed our table, by all that waits in the socket. */
static int read_events(struct pr_nftables *nftables, bool *ret_touched)
{
	uint8_t *buffer PR_CLEANUP(pr_cleanup_free) = pr_calloc(1, WATCH_BUFFER);
	bool touched = false;

	for (;;) {
		ssize_t n = recv(nftables->watch_fd, buffer, WATCH_BUFFER, MSG_DONTWAIT);
		const struct nlmsghdr *message = (const void *)buffer;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS) {
			nftables->state.n_events_lost++;
			touched = true;
			continue;
		}
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n < 0)
			break;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
			if (message->nlmsg_pid != nftables->portid &&
			    NFNL_SUBSYS_ID(message->nlmsg_type) == NFNL_SUBSYS_NFTABLES &&
			    NFNL_MSG_TYPE(message->nlmsg_type) != NFT_MSG_NEWGEN &&
			    is_of_our_table(message))
				touched = true;
	}
	*ret_touched = touched;
	return 0;
}

/* Whole: the old one, if there still is one, is replaced in the same batch. */
static int restore(struct pr_nftables *nftables, bool exists)
{
	struct pr_nft_batch batch = pr_nftables_begin(nftables);

	if (exists)
		pr_nft_table_delete(&batch, PR_RULESET_TABLE);
	pr_ruleset_create(&batch, &nftables->config, pr_nftables_flags(nftables->state.keep));
	return pr_nftables_send(nftables, &batch);
}

int pr_nftables_watch_dispatch(struct pr_nftables *nftables,
			       void (*gone)(void *context, uint64_t away_us), void *context)
{
	uint64_t start_us = pr_clock_monotonic_us(), away_us;
	struct pr_nftables_found found;
	bool touched = false;
	int r;

	r = read_events(nftables, &touched);
	if (r < 0 || !touched || !nftables->installed)
		return r;
	r = pr_nftables_find(nftables, &found);
	if (r < 0)
		return r;
	/* What is left of it may be anything: a chain without rules, a base chain less. */
	nftables->state.in_force = false;
	r = restore(nftables, found.exists);
	if (r < 0)
		return r;
	nftables->state.in_force = true;
	if (found.exists)
		return 0;
	away_us = pr_clock_monotonic_us() - start_us;
	nftables->state.n_gone++;
	nftables->state.gone_us = away_us;
	nftables->state.gone_total_us += away_us;
	if (gone)
		gone(context, away_us);
	return 0;
}

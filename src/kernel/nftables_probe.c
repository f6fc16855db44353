/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel has is tried in a table that is deleted within the batch that makes it: nothing is left, no
 * hook is registered, so no queue of anybody's is emptied. Connection tracking alone is not tried here, for its
 * hooks come and go with the first rule that uses it: install() says when it is missing.
 */
#include "kernel/nftables_private.h"

#include <linux/netfilter.h>
#include <sys/socket.h>

#define PROBE_TABLE "portreeve-probe"
#define PROBE_CHAIN "c"

static struct pr_nft_batch probe_begin(struct pr_nftables *nftables, uint32_t flags, bool native)
{
	struct pr_nft_chain chain = { .name = PROBE_CHAIN };
	struct pr_nft_batch batch;

	pr_nft_batch_init(&batch, nftables->seq, native);
	pr_nft_table(&batch, PROBE_TABLE, flags, NULL);
	pr_nft_chain(&batch, PROBE_TABLE, &chain);
	return batch;
}

static int probe_end(struct pr_nftables *nftables, struct pr_nft_batch *batch,
		     const char **ret_hint)
{
	int r;

	pr_nft_table_delete(batch, PROBE_TABLE);
	r = pr_nft_batch_send(batch, nftables->fd, ret_hint);
	nftables->seq = batch->seq;
	pr_nft_batch_done(batch);
	return r;
}

static int probe_table(struct pr_nftables *nftables, uint32_t flags)
{
	struct pr_nft_batch batch = probe_begin(nftables, flags, false);

	return probe_end(nftables, &batch, NULL);
}

static int probe_queue(struct pr_nftables *nftables, bool native)
{
	struct pr_nft_batch batch = probe_begin(nftables, 0, native);

	pr_nft_rule(&batch, PROBE_TABLE, PROBE_CHAIN);
	pr_nft_queue(&batch, 0, false);
	pr_nft_end(&batch);
	return probe_end(nftables, &batch, NULL);
}

static int probe_rest(struct pr_nftables *nftables, const char **ret_hint)
{
	struct pr_nft_set set = { "s", 1, 4, 16, 1000 };
	struct pr_nft_batch batch = probe_begin(nftables, 0, false);

	batch.needs = "sets with time-outs in nftables";
	pr_nft_set(&batch, PROBE_TABLE, &set);
	pr_nft_rule(&batch, PROBE_TABLE, PROBE_CHAIN);
	pr_nft_meta(&batch, NFT_META_MARK, 0);
	pr_nft_update(&batch, &set, 0);
	pr_nft_lookup(&batch, &set, 0);
	batch.needs = "dynamic sets in nftables";
	pr_nft_end(&batch);
	pr_nft_rule(&batch, PROBE_TABLE, PROBE_CHAIN);
	pr_nft_reject(&batch, NFT_REJECT_TCP_RST, 0);
	pr_nft_end(&batch);
	return probe_end(nftables, &batch, ret_hint);
}

static int probe_set_delete(struct pr_nftables *nftables)
{
	struct pr_nft_set set = { "s", 1, 4, 16, 1000 };
	struct pr_nft_batch batch = probe_begin(nftables, 0, false);

	pr_nft_set(&batch, PROBE_TABLE, &set);
	pr_nft_rule(&batch, PROBE_TABLE, PROBE_CHAIN);
	pr_nft_meta(&batch, NFT_META_MARK, 0);
	pr_nft_take_out(&batch, &set, 0);
	pr_nft_end(&batch);
	return probe_end(nftables, &batch, NULL);
}

static bool has_ipv6(void)
{
	int fd PR_CLEANUP(pr_cleanup_close) = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0;
}

static void lacking(struct pr_nftables *nftables, int error, const char *what)
{
	free(nftables->lacking);
	if (error == -EPERM)
		nftables->lacking =
			pr_strdup("CAP_NET_ADMIN is missing in the user namespace that owns "
				  "this network namespace");
	else
		nftables->lacking = pr_asprintf("the kernel lacks %s", what);
}

void pr_nftables_probe(struct pr_nftables *nftables)
{
	const char *hint = NULL;
	int r;

	nftables->abilities.ipv6 = has_ipv6();
	r = probe_table(nftables, 0);
	if (r < 0) {
		lacking(nftables, r, "nftables with the family inet (CONFIG_NF_TABLES_INET)");
		return;
	}
	nftables->abilities.owner = probe_table(nftables, PR_TABLE_F_OWNER) == 0;
	nftables->abilities.persist =
		nftables->abilities.owner &&
		probe_table(nftables, PR_TABLE_F_OWNER | PR_TABLE_F_PERSIST) == 0;
	nftables->abilities.native_queue = probe_queue(nftables, true) == 0;
	if (!nftables->abilities.native_queue) {
		r = probe_queue(nftables, false);
		if (r < 0) {
			lacking(nftables, r,
				"a queue to user space (CONFIG_NFT_QUEUE, or "
				"CONFIG_NETFILTER_XT_TARGET_NFQUEUE and CONFIG_NFT_COMPAT)");
			return;
		}
	}
	nftables->abilities.set_delete = probe_set_delete(nftables) == 0;
	r = probe_rest(nftables, &hint);
	if (r < 0)
		lacking(nftables, r, hint ? hint : "a part of nftables");
}

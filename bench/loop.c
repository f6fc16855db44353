/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bare loop that everything is measured against: the first packet of each outgoing link goes through one
 * queue, is looked at by nobody and accepted, one read and one write a packet. `loop all`: every packet that leaves or
 * arrives. `loop conntrack`: the rule alone, accepting, no queue. The table lives as long as the program.
 */
#include "interception/interception.h"
#include "kernel/nft_batch.h"
#include "kernel/nfqueue.h"
#include "kernel/nftables_private.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <string.h>

#define TABLE	    "bare-loop"
#define QUEUE	    0
#define HEADERS_LEN 2048 /* nobody looks further */

/* What the kernel hands out in `ct state new`: NF_CT_STATE_BIT(IP_CT_NEW). */
#define STATE_NEW (1u << (IP_CT_NEW + 1))

enum what { FIRST, ALL, NOTHING };

static void rule(struct pr_nft_batch *batch, const struct pr_nft_chain *chain, enum what what)
{
	const uint32_t bits = STATE_NEW, zero = 0;

	pr_nft_chain(batch, TABLE, chain);
	pr_nft_rule(batch, TABLE, chain->name);
	if (what != ALL) {
		pr_nft_ct(batch, NFT_CT_STATE, -1, 0);
		pr_nft_mask(batch, &bits, &zero, sizeof(bits), 0);
		pr_nft_cmp(batch, NFT_CMP_NEQ, &zero, sizeof(zero), 0);
	}
	if (what == NOTHING)
		pr_nft_verdict(batch, NF_ACCEPT, NULL);
	else
		pr_nft_queue(batch, QUEUE, false);
	pr_nft_end(batch);
}

static int install(struct pr_nftables *nftables, int fd, enum what what)
{
	static const struct pr_nft_chain output = { "output", "filter", NF_INET_LOCAL_OUT, 0,
						    false },
					 input = { "input", "filter", NF_INET_LOCAL_IN, 0, false };
	struct pr_nft_batch batch;
	int r;

	pr_nft_batch_init(&batch, 1, pr_nftables_abilities(nftables)->native_queue);
	pr_nft_table(&batch, TABLE, PR_TABLE_F_OWNER, NULL);
	rule(&batch, &output, what);
	if (what == ALL)
		rule(&batch, &input, what);
	r = pr_nft_batch_send(&batch, fd, NULL);
	pr_nft_batch_done(&batch);
	return r;
}

static int run(struct pr_interception *interception)
{
	const struct pr_verdict_order accept = { .verdict = PR_VERDICT_ACCEPT };
	struct pr_intercepted packet;

	for (;;) {
		int n = interception->operations->next(interception, &packet, 1, -1);

		if (n < 0)
			return 1;
		if (n == 0)
			continue;
		interception->operations->verdict(interception, &packet, &accept);
		interception->operations->flush(interception);
	}
}

int main(int argc, char **argv)
{
	struct pr_nfqueue_config config = { .mark_mask = PR_MARK_MASK_DEFAULT,
					    .queue = QUEUE,
					    .copy_len = HEADERS_LEN,
					    .unbatched = true };
	enum what what = argc < 2			     ? FIRST
			 : strcmp(argv[1], "conntrack") == 0 ? NOTHING
			 : strcmp(argv[1], "all") == 0	     ? ALL
							     : FIRST;
	struct pr_interception *interception = NULL;
	struct pr_nftables *nftables = NULL;
	uint32_t portid;
	int fd, r;

	r = pr_nftables_open(&nftables);
	if (r == 0)
		r = pr_nftables_socket(&fd, &portid);
	if (r == 0 && what != NOTHING)
		r = pr_nfqueue_open(&config, &interception);
	if (r == 0)
		r = install(nftables, fd, what);
	printf(r == 0 ? "ready\n" : "failed %d\n", r);
	fflush(stdout);
	if (r != 0)
		return 1;
	if (what != NOTHING)
		return run(interception);
	while (getchar() != EOF)
		;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel carries out all messages between BATCH_BEGIN and BATCH_END or none (nfnetlink_rcv_batch), within
 * the send call: once that returns, every answer waits in the socket. The last message asks for an
 * acknowledgement, errors come unasked.
 */
#include "kernel/nft_batch.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH_SIZE    (512u << 10) /* a whole ruleset takes about 60 KiB */
#define BATCH_HINTS   4096
#define MESSAGE_SPARE 8192 /* no message of ours comes near */
#define ANSWER_SIZE   16384

static struct nlmsghdr *begin(struct pr_nft_batch *batch, uint16_t type, uint16_t flags)
{
	uint32_t at = batch->seq - batch->first_seq;

	pr_assert(batch->size - batch->len >= MESSAGE_SPARE && at < batch->n_hints);
	batch->hints[at] = batch->needs;
	return nftnl_nlmsg_build_hdr((char *)batch->bytes + batch->len, type, NFPROTO_INET, flags,
				     batch->seq++);
}

static void end(struct pr_nft_batch *batch, const struct nlmsghdr *message)
{
	batch->len += MNL_ALIGN(message->nlmsg_len);
}

static void mark_border(struct pr_nft_batch *batch, uint16_t type)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header((char *)batch->bytes + batch->len);
	struct nfgenmsg *header;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST;
	message->nlmsg_seq = batch->seq++;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = AF_UNSPEC;
	header->version = NFNETLINK_V0;
	header->res_id = htons(NFNL_SUBSYS_NFTABLES);
	end(batch, message);
}

void pr_nft_batch_init(struct pr_nft_batch *batch, uint32_t seq, bool native_queue)
{
	*batch = (struct pr_nft_batch){
		.bytes = pr_calloc(1, BATCH_SIZE),
		.size = BATCH_SIZE,
		.first_seq = seq,
		.seq = seq,
		.native_queue = native_queue,
		.hints = pr_calloc(BATCH_HINTS, sizeof(const char *)),
		.n_hints = BATCH_HINTS,
	};
	mark_border(batch, NFNL_MSG_BATCH_BEGIN);
}

void pr_nft_batch_done(struct pr_nft_batch *batch)
{
	if (batch->rule)
		nftnl_rule_free(batch->rule);
	free(batch->hints);
	free(batch->bytes);
	*batch = (struct pr_nft_batch){ 0 };
}

/* The last message before the end is the one to be acknowledged. */
static void ask_for_answer(struct pr_nft_batch *batch)
{
	size_t offset = 0, last = 0;

	while (offset < batch->len) {
		const struct nlmsghdr *message = (const void *)(batch->bytes + offset);

		last = offset;
		offset += MNL_ALIGN(message->nlmsg_len);
	}
	((struct nlmsghdr *)(void *)(batch->bytes + last))->nlmsg_flags |= NLM_F_ACK;
}

static int read_answers(struct pr_nft_batch *batch, int fd, const char **ret_hint)
{
	uint8_t *answer PR_CLEANUP(pr_cleanup_free) = pr_calloc(1, ANSWER_SIZE);
	bool answered = false;
	int result = 0;

	for (;;) {
		ssize_t n = recv(fd, answer, ANSWER_SIZE, MSG_DONTWAIT);
		const struct nlmsghdr *message = (const void *)answer;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return result ? result : errno != EAGAIN ? -errno : answered ? 0 : -EPROTO;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
			const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
			uint32_t at = message->nlmsg_seq - batch->first_seq;

			if (message->nlmsg_type != NLMSG_ERROR || message->nlmsg_seq >= batch->seq)
				continue;
			answered = true;
			if (error->error && !result) {
				result = error->error;
				if (ret_hint)
					*ret_hint = at < batch->n_hints ? batch->hints[at] : NULL;
			}
		}
	}
}

int pr_nft_batch_send(struct pr_nft_batch *batch, int fd, const char **ret_hint)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	ask_for_answer(batch);
	mark_border(batch, NFNL_MSG_BATCH_END);
	if (sendto(fd, batch->bytes, batch->len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return read_answers(batch, fd, ret_hint);
}

void pr_nft_table(struct pr_nft_batch *batch, const char *name, uint32_t flags,
		  const char *userdata)
{
	struct nlmsghdr *message = begin(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	struct nftnl_table *table = nftnl_table_alloc();

	pr_assert(table);
	nftnl_table_set_str(table, NFTNL_TABLE_NAME, name);
	nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, flags);
	if (userdata)
		nftnl_table_set_data(table, NFTNL_TABLE_USERDATA, userdata,
				     (uint32_t)strlen(userdata) + 1);
	nftnl_table_nlmsg_build_payload(message, table);
	nftnl_table_free(table);
	end(batch, message);
}

void pr_nft_table_delete(struct pr_nft_batch *batch, const char *name)
{
	struct nlmsghdr *message = begin(batch, NFT_MSG_DELTABLE, 0);

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, name);
	end(batch, message);
}

void pr_nft_chain(struct pr_nft_batch *batch, const char *table, const struct pr_nft_chain *chain)
{
	struct nlmsghdr *message = begin(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nftnl_chain *made = nftnl_chain_alloc();

	pr_assert(made);
	nftnl_chain_set_str(made, NFTNL_CHAIN_TABLE, table);
	nftnl_chain_set_str(made, NFTNL_CHAIN_NAME, chain->name);
	if (chain->type) {
		nftnl_chain_set_str(made, NFTNL_CHAIN_TYPE, chain->type);
		nftnl_chain_set_u32(made, NFTNL_CHAIN_HOOKNUM, (uint32_t)chain->hook);
		nftnl_chain_set_s32(made, NFTNL_CHAIN_PRIO, chain->priority);
		nftnl_chain_set_u32(made, NFTNL_CHAIN_POLICY, chain->drops ? NF_DROP : NF_ACCEPT);
	}
	nftnl_chain_nlmsg_build_payload(message, made);
	nftnl_chain_free(made);
	end(batch, message);
}

void pr_nft_chain_flush(struct pr_nft_batch *batch, const char *table, const char *chain)
{
	struct nlmsghdr *message = begin(batch, NFT_MSG_DELRULE, 0);

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
	end(batch, message);
}

static struct nftnl_set *set_of(const char *table, const struct pr_nft_set *set, uint32_t flags)
{
	struct nftnl_set *made = nftnl_set_alloc();

	pr_assert(made);
	nftnl_set_set_str(made, NFTNL_SET_TABLE, table);
	nftnl_set_set_str(made, NFTNL_SET_NAME, set->name);
	nftnl_set_set_u32(made, NFTNL_SET_ID, set->id);
	nftnl_set_set_u32(made, NFTNL_SET_FLAGS, flags);
	nftnl_set_set_u32(made, NFTNL_SET_KEY_TYPE, 0); /* user space's business; nft shows none */
	nftnl_set_set_u32(made, NFTNL_SET_KEY_LEN, set->key_len);
	nftnl_set_set_u32(made, NFTNL_SET_DESC_SIZE, set->size);
	return made;
}

void pr_nft_set(struct pr_nft_batch *batch, const char *table, const struct pr_nft_set *set)
{
	struct nlmsghdr *message = begin(batch, NFT_MSG_NEWSET, NLM_F_CREATE);
	struct nftnl_set *made = set_of(table, set, NFT_SET_EVAL | NFT_SET_TIMEOUT);

	nftnl_set_set_u64(made, NFTNL_SET_TIMEOUT, set->timeout_ms);
	nftnl_set_nlmsg_build_payload(message, made);
	nftnl_set_free(made);
	end(batch, message);
}

void pr_nft_set_constant(struct pr_nft_batch *batch, const char *table,
			 const struct pr_nft_set *set, const void *keys, unsigned int n)
{
	struct nlmsghdr *message = begin(batch, NFT_MSG_NEWSET, NLM_F_CREATE);
	struct nftnl_set *made = set_of(table, set, NFT_SET_CONSTANT);

	nftnl_set_nlmsg_build_payload(message, made);
	end(batch, message);
	for (unsigned int i = 0; i < n; i++) {
		struct nftnl_set_elem *element = nftnl_set_elem_alloc();

		pr_assert(element);
		nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY,
				   (const uint8_t *)keys + i * set->key_len, set->key_len);
		nftnl_set_elem_add(made, element);
	}
	message = begin(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	nftnl_set_elems_nlmsg_build_payload(message, made);
	pr_assert(message->nlmsg_len < MESSAGE_SPARE);
	nftnl_set_free(made);
	end(batch, message);
}

void pr_nft_set_flush(struct pr_nft_batch *batch, const char *table, const char *set)
{
	struct nlmsghdr *message = begin(batch, NFT_MSG_DELSETELEM, 0);

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set);
	end(batch, message);
}

void pr_nft_rule(struct pr_nft_batch *batch, const char *table, const char *chain)
{
	pr_assert(!batch->rule);
	batch->rule = nftnl_rule_alloc();
	pr_assert(batch->rule);
	nftnl_rule_set_str(batch->rule, NFTNL_RULE_TABLE, table);
	nftnl_rule_set_str(batch->rule, NFTNL_RULE_CHAIN, chain);
	batch->needs = NULL;
}

void pr_nft_end(struct pr_nft_batch *batch)
{
	struct nlmsghdr *message = begin(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	nftnl_rule_nlmsg_build_payload(message, batch->rule);
	nftnl_rule_free(PR_TAKE_PTR(batch->rule));
	batch->needs = NULL;
	end(batch, message);
}

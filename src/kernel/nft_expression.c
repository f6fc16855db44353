/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/nft_batch.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/netfilter/xt_bpf.h>
#include <string.h>

static struct nftnl_expr *expression(const char *name)
{
	struct nftnl_expr *made = nftnl_expr_alloc(name);

	pr_assert(made);
	return made;
}

static void add(struct pr_nft_batch *batch, struct nftnl_expr *made)
{
	nftnl_rule_add_expr(batch->rule, made);
}

static uint32_t number(unsigned int reg)
{
	pr_assert(reg < 16);
	return NFT_REG32_00 + reg;
}

void pr_nft_meta(struct pr_nft_batch *batch, uint32_t key, unsigned int reg)
{
	struct nftnl_expr *made = expression("meta");

	nftnl_expr_set_u32(made, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(made, NFTNL_EXPR_META_DREG, number(reg));
	add(batch, made);
}

void pr_nft_meta_set(struct pr_nft_batch *batch, uint32_t key, unsigned int reg)
{
	struct nftnl_expr *made = expression("meta");

	nftnl_expr_set_u32(made, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(made, NFTNL_EXPR_META_SREG, number(reg));
	add(batch, made);
}

void pr_nft_ct(struct pr_nft_batch *batch, uint32_t key, int direction, unsigned int reg)
{
	struct nftnl_expr *made = expression("ct");

	batch->needs = "connection tracking in nftables (CONFIG_NFT_CT, CONFIG_NF_CONNTRACK_MARK)";
	nftnl_expr_set_u32(made, NFTNL_EXPR_CT_KEY, key);
	if (direction >= 0)
		nftnl_expr_set_u8(made, NFTNL_EXPR_CT_DIR, (uint8_t)direction);
	nftnl_expr_set_u32(made, NFTNL_EXPR_CT_DREG, number(reg));
	add(batch, made);
}

void pr_nft_ct_set(struct pr_nft_batch *batch, uint32_t key, unsigned int reg)
{
	struct nftnl_expr *made = expression("ct");

	nftnl_expr_set_u32(made, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(made, NFTNL_EXPR_CT_SREG, number(reg));
	add(batch, made);
}

void pr_nft_payload(struct pr_nft_batch *batch, uint32_t base, uint32_t offset, uint32_t len,
		    unsigned int reg)
{
	struct nftnl_expr *made = expression("payload");

	nftnl_expr_set_u32(made, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(made, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(made, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(made, NFTNL_EXPR_PAYLOAD_DREG, number(reg));
	add(batch, made);
}

void pr_nft_payload_set(struct pr_nft_batch *batch, uint32_t base, uint32_t offset, uint32_t len,
			int checksum, unsigned int reg)
{
	struct nftnl_expr *made = expression("payload");

	nftnl_expr_set_u32(made, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(made, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(made, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(made, NFTNL_EXPR_PAYLOAD_SREG, number(reg));
	if (checksum >= 0) {
		nftnl_expr_set_u32(made, NFTNL_EXPR_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
		nftnl_expr_set_u32(made, NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, (uint32_t)checksum);
	}
	nftnl_expr_set_u32(made, NFTNL_EXPR_PAYLOAD_FLAGS, NFT_PAYLOAD_L4CSUM_PSEUDOHDR);
	add(batch, made);
}

void pr_nft_cmp(struct pr_nft_batch *batch, uint32_t operation, const void *data, uint32_t len,
		unsigned int reg)
{
	struct nftnl_expr *made = expression("cmp");

	nftnl_expr_set_u32(made, NFTNL_EXPR_CMP_SREG, number(reg));
	nftnl_expr_set_u32(made, NFTNL_EXPR_CMP_OP, operation);
	nftnl_expr_set(made, NFTNL_EXPR_CMP_DATA, data, len);
	add(batch, made);
}

void pr_nft_mask(struct pr_nft_batch *batch, const void *mask, const void *xor_, uint32_t len,
		 unsigned int reg)
{
	struct nftnl_expr *made = expression("bitwise");

	nftnl_expr_set_u32(made, NFTNL_EXPR_BITWISE_SREG, number(reg));
	nftnl_expr_set_u32(made, NFTNL_EXPR_BITWISE_DREG, number(reg));
	nftnl_expr_set_u32(made, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(made, NFTNL_EXPR_BITWISE_MASK, mask, len);
	nftnl_expr_set(made, NFTNL_EXPR_BITWISE_XOR, xor_, len);
	add(batch, made);
}

void pr_nft_immediate(struct pr_nft_batch *batch, const void *data, uint32_t len, unsigned int reg)
{
	struct nftnl_expr *made = expression("immediate");

	nftnl_expr_set_u32(made, NFTNL_EXPR_IMM_DREG, number(reg));
	nftnl_expr_set(made, NFTNL_EXPR_IMM_DATA, data, len);
	add(batch, made);
}

void pr_nft_lookup(struct pr_nft_batch *batch, const struct pr_nft_set *set, unsigned int reg)
{
	struct nftnl_expr *made = expression("lookup");

	nftnl_expr_set_u32(made, NFTNL_EXPR_LOOKUP_SREG, number(reg));
	nftnl_expr_set_str(made, NFTNL_EXPR_LOOKUP_SET, set->name);
	nftnl_expr_set_u32(made, NFTNL_EXPR_LOOKUP_SET_ID, set->id);
	add(batch, made);
}

static void change_set(struct pr_nft_batch *batch, const struct pr_nft_set *set, uint32_t operation,
		       unsigned int reg)
{
	struct nftnl_expr *made = expression("dynset");

	nftnl_expr_set_u32(made, NFTNL_EXPR_DYNSET_OP, operation);
	nftnl_expr_set_u32(made, NFTNL_EXPR_DYNSET_SREG_KEY, number(reg));
	nftnl_expr_set_str(made, NFTNL_EXPR_DYNSET_SET_NAME, set->name);
	nftnl_expr_set_u32(made, NFTNL_EXPR_DYNSET_SET_ID, set->id);
	add(batch, made);
}

void pr_nft_update(struct pr_nft_batch *batch, const struct pr_nft_set *set, unsigned int reg)
{
	change_set(batch, set, NFT_DYNSET_OP_UPDATE, reg);
}

void pr_nft_take_out(struct pr_nft_batch *batch, const struct pr_nft_set *set, unsigned int reg)
{
	change_set(batch, set, NFT_DYNSET_OP_DELETE, reg);
}

void pr_nft_fib_address_type(struct pr_nft_batch *batch, unsigned int reg)
{
	struct nftnl_expr *made = expression("fib");

	batch->needs = "the fib expression of nftables (CONFIG_NFT_FIB_INET), for questions of "
		       "other namespaces";
	nftnl_expr_set_u32(made, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
	nftnl_expr_set_u32(made, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(made, NFTNL_EXPR_FIB_DREG, number(reg));
	add(batch, made);
}

void pr_nft_verdict(struct pr_nft_batch *batch, int verdict, const char *chain)
{
	struct nftnl_expr *made = expression("immediate");

	nftnl_expr_set_u32(made, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(made, NFTNL_EXPR_IMM_VERDICT, (uint32_t)verdict);
	if (chain)
		nftnl_expr_set_str(made, NFTNL_EXPR_IMM_CHAIN, chain);
	add(batch, made);
}

void pr_nft_reject(struct pr_nft_batch *batch, uint32_t type, uint8_t code)
{
	struct nftnl_expr *made = expression("reject");

	batch->needs =
		"the reject expression of nftables (CONFIG_NFT_REJECT_INET), for the verdict block";
	nftnl_expr_set_u32(made, NFTNL_EXPR_REJECT_TYPE, type);
	nftnl_expr_set_u8(made, NFTNL_EXPR_REJECT_CODE, code);
	add(batch, made);
}

void pr_nft_dnat(struct pr_nft_batch *batch, uint32_t family, unsigned int address,
		 unsigned int port)
{
	struct nftnl_expr *made = expression("nat");

	batch->needs = "NAT in nftables (CONFIG_NFT_NAT), for the reroute to the nameserver";
	nftnl_expr_set_u32(made, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(made, NFTNL_EXPR_NAT_FAMILY, family);
	nftnl_expr_set_u32(made, NFTNL_EXPR_NAT_REG_ADDR_MIN, number(address));
	nftnl_expr_set_u32(made, NFTNL_EXPR_NAT_REG_PROTO_MIN, number(port));
	add(batch, made);
}

void pr_nft_redirect(struct pr_nft_batch *batch, unsigned int port)
{
	struct nftnl_expr *made = expression("redir");

	batch->needs = "the redirect expression of nftables (CONFIG_NFT_REDIR), for questions of "
		       "other namespaces";
	nftnl_expr_set_u32(made, NFTNL_EXPR_REDIR_REG_PROTO_MIN, number(port));
	add(batch, made);
}

/* An xt structure inside an nftables rule (net/netfilter/nft_compat.c); libnftnl frees `info`. */
static void set_compat(struct nftnl_expr *made, uint16_t name_attribute, const char *name,
		       uint32_t revision, const void *info, size_t len)
{
	size_t size = XT_ALIGN(len);
	uint8_t *copy = pr_calloc(1, size);

	memcpy(copy, info, len);
	nftnl_expr_set_str(made, name_attribute, name);
	nftnl_expr_set_u32(made, name_attribute + 1, revision);
	nftnl_expr_set(made, name_attribute + 2, copy, (uint32_t)size);
}

void pr_nft_queue(struct pr_nft_batch *batch, uint16_t queue, bool bypass)
{
	struct xt_NFQ_info_v3 info = { .queuenum = queue,
				       .queues_total = 1,
				       .flags = bypass ? NFQ_FLAG_BYPASS : 0 };
	struct nftnl_expr *made;

	if (batch->native_queue) {
		batch->needs = "the queue expression of nftables (CONFIG_NFT_QUEUE)";
		made = expression("queue");
		nftnl_expr_set_u16(made, NFTNL_EXPR_QUEUE_NUM, queue);
		nftnl_expr_set_u16(made, NFTNL_EXPR_QUEUE_TOTAL, 1);
		nftnl_expr_set_u16(made, NFTNL_EXPR_QUEUE_FLAGS,
				   bypass ? NFT_QUEUE_FLAG_BYPASS : 0);
	} else {
		batch->needs = "a queue to user space: neither nftables' queue expression "
			       "(CONFIG_NFT_QUEUE) "
			       "nor the target NFQUEUE (CONFIG_NETFILTER_XT_TARGET_NFQUEUE, "
			       "CONFIG_NFT_COMPAT)";
		made = expression("target");
		set_compat(made, NFTNL_EXPR_TG_NAME, "NFQUEUE", 3, &info, sizeof(info));
	}
	add(batch, made);
}

void pr_nft_bpf(struct pr_nft_batch *batch, int program_fd)
{
	struct xt_bpf_info_v1 info = { .mode = XT_BPF_MODE_FD_ELF, .fd = program_fd };
	struct nftnl_expr *made = expression("match");

	batch->needs = "the match bpf (CONFIG_NETFILTER_XT_MATCH_BPF), to note a packet's socket";
	set_compat(made, NFTNL_EXPR_MT_NAME, "bpf", 1, &info, sizeof(info));
	add(batch, made);
}

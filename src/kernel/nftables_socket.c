/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The netlink socket of the table, and questions to it. */
#include "kernel/nftables_private.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <string.h>
#include <sys/socket.h>

#define BUFFER_LEN   (1 << 20) /* a batch is one message; so are its answers, together */
#define QUESTION_LEN 512
#define ANSWER_LEN   16384

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

int pr_nftables_socket(int *ret_fd, uint32_t *ret_portid)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	int fd PR_CLEANUP(pr_cleanup_close) = -1;
	socklen_t len = sizeof(own);
	int size = BUFFER_LEN, on = 1;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&own, &len) < 0)
		return -errno;
	/* In a user namespace of our own the limit can't be passed; the default holds a ruleset as well. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	*ret_portid = own.nl_pid;
	*ret_fd = PR_TAKE_FD(fd);
	return 0;
}

/* Asks, and calls `each` for every message of the answer. */
static int ask(struct pr_nftables *nftables, struct nlmsghdr *question, mnl_cb_t each,
	       void *context)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	uint8_t *answer PR_CLEANUP(pr_cleanup_free) = pr_calloc(1, ANSWER_LEN);
	int result = MNL_CB_OK;

	if (sendto(nftables->fd, question, question->nlmsg_len, 0, (struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	while (result > MNL_CB_STOP) {
		ssize_t n = recv(nftables->fd, answer, ANSWER_LEN, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		result = mnl_cb_run(answer, (size_t)n, question->nlmsg_seq, nftables->portid, each,
				    context);
	}
	return result < 0 ? -errno : 0;
}

static int read_table(const struct nlmsghdr *message, void *context)
{
	struct pr_nftables_found *found = context;
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		uint16_t len = mnl_attr_get_payload_len(attribute);

		switch (mnl_attr_get_type(attribute)) {
		case NFTA_TABLE_FLAGS:
			found->flags = len == 4 ? ntohl(mnl_attr_get_u32(attribute)) : 0;
			break;
		case NFTA_TABLE_OWNER:
			found->owner = len == 4 ? ntohl(mnl_attr_get_u32(attribute)) : 0;
			break;
		case NFTA_TABLE_USERDATA:
			if (len < sizeof(found->identity))
				memcpy(found->identity, mnl_attr_get_payload(attribute), len);
			break;
		}
	}
	found->exists = true;
	return MNL_CB_OK;
}

int pr_nftables_find(struct pr_nftables *nftables, struct pr_nftables_found *ret_found)
{
	char question[QUESTION_LEN] __attribute__((aligned(8))) = { 0 };
	struct pr_nftables_found found = { 0 };
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(question, NFT_MSG_GETTABLE, NFPROTO_INET,
							 NLM_F_ACK, ++nftables->seq);
	int r;

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, PR_RULESET_TABLE);
	r = ask(nftables, message, read_table, &found);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret_found = found;
	return 0;
}

static int count_elements(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *attribute, *element;
	uint32_t *n = context;

	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(element, attribute)(*n)++;
	}
	return MNL_CB_OK;
}

int pr_nftables_count(struct pr_nftables *nftables, const char *set, uint32_t *ret_n)
{
	char question[QUESTION_LEN] __attribute__((aligned(8))) = { 0 };
	uint32_t n = 0;
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(question, NFT_MSG_GETSETELEM, NFPROTO_INET,
							 NLM_F_DUMP, ++nftables->seq);
	int r;

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, PR_RULESET_TABLE);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set);
	r = ask(nftables, message, count_elements, &n);
	if (r < 0)
		return r;
	*ret_n = n;
	return 0;
}

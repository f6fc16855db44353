/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/route.h"
#include "kernel/rtnetlink_private.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOL_NETLINK_ 270 /* SOL_NETLINK of linux/socket.h */
#define READ_LEN     (32 << 10)

struct pr_rtnetlink {
	int ask_fd, event_fd;
	uint32_t seq;
};

static int open_socket(uint32_t groups, int *ret_fd)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd PR_CLEANUP(pr_cleanup_close) =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		return -errno;
	/* The kernel then filters dumps by what is asked for (Linux 4.20); before, it sends more. */
	(void)setsockopt(fd, SOL_NETLINK_, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	*ret_fd = PR_TAKE_FD(fd);
	return 0;
}

int pr_rtnetlink_open(struct pr_rtnetlink **ret_rtnetlink)
{
	return pr_rtnetlink_open_groups(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
						RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
					ret_rtnetlink);
}

int pr_rtnetlink_open_groups(uint32_t groups, struct pr_rtnetlink **ret_rtnetlink)
{
	struct pr_rtnetlink *rtnetlink = pr_calloc(1, sizeof(*rtnetlink));
	int r;

	rtnetlink->ask_fd = rtnetlink->event_fd = -1;
	r = open_socket(0, &rtnetlink->ask_fd);
	if (r == 0)
		r = open_socket(groups, &rtnetlink->event_fd);
	if (r < 0) {
		pr_rtnetlink_free(rtnetlink);
		return r;
	}
	*ret_rtnetlink = rtnetlink;
	return 0;
}

void pr_rtnetlink_free(struct pr_rtnetlink *rtnetlink)
{
	if (!rtnetlink)
		return;
	if (rtnetlink->ask_fd >= 0)
		close(rtnetlink->ask_fd);
	if (rtnetlink->event_fd >= 0)
		close(rtnetlink->event_fd);
	free(rtnetlink);
}

int pr_rtnetlink_fd(const struct pr_rtnetlink *rtnetlink)
{
	return rtnetlink->event_fd;
}

bool pr_rtnetlink_changed(struct pr_rtnetlink *rtnetlink)
{
	uint8_t buffer[4096];
	bool changed = false;

	for (;;) {
		ssize_t n =
			recv(rtnetlink->event_fd, buffer, sizeof(buffer), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ENOBUFS)
			return changed;
		changed = true;
	}
}

int pr_rtnetlink_dump(struct pr_rtnetlink *rtnetlink, uint16_t type, size_t header_len,
		      mnl_cb_t each, void *context)
{
	uint8_t *buffer PR_CLEANUP(pr_cleanup_free) = pr_calloc(1, READ_LEN);
	char bytes[128] __attribute__((aligned(8))) = { 0 };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	int result = MNL_CB_OK;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = ++rtnetlink->seq;
	(void)mnl_nlmsg_put_extra_header(message, header_len);
	if (sendto(rtnetlink->ask_fd, message, message->nlmsg_len, 0, (struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	while (result > MNL_CB_STOP) {
		ssize_t n = recv(rtnetlink->ask_fd, buffer, READ_LEN, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		result = mnl_cb_run(buffer, (size_t)n, rtnetlink->seq, 0, each, context);
	}
	return result < 0 ? -errno : 0;
}

int pr_rtnetlink_change(struct pr_rtnetlink *rtnetlink, struct nlmsghdr *message)
{
	uint8_t buffer[4096] __attribute__((aligned(8)));
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	message->nlmsg_seq = ++rtnetlink->seq;
	if (sendto(rtnetlink->ask_fd, message, message->nlmsg_len, 0, (struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	do
		n = recv(rtnetlink->ask_fd, buffer, sizeof(buffer), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return mnl_cb_run(buffer, (size_t)n, rtnetlink->seq, 0, NULL, NULL) < 0 ? -errno : 0;
}

bool pr_rtnetlink_address_of(const struct nlattr *attribute, uint8_t family,
			     struct pr_address *address)
{
	uint16_t len = mnl_attr_get_payload_len(attribute);

	if (family == AF_INET && len == 4)
		*address = pr_address_v4(mnl_attr_get_payload(attribute));
	else if (family == AF_INET6 && len == 16)
		*address = pr_address_v6(mnl_attr_get_payload(attribute));
	else
		return false;
	return true;
}

/* ---- addresses ---- */

struct address_list {
	struct pr_rtnetlink_address *items;
	size_t n, size;
};

/* IFA_LOCAL is ours; IFA_ADDRESS is the same, or on a point-to-point link the peer, whose prefix it is. */
static int read_address(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	struct pr_address local = { 0 }, address = { 0 };
	struct address_list *list = context;
	const struct nlattr *attribute;

	if (message->nlmsg_type != RTM_NEWADDR)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, message, sizeof(*header))
	{
		if (mnl_attr_get_type(attribute) == IFA_LOCAL)
			(void)pr_rtnetlink_address_of(attribute, header->ifa_family, &local);
		else if (mnl_attr_get_type(attribute) == IFA_ADDRESS)
			(void)pr_rtnetlink_address_of(attribute, header->ifa_family, &address);
	}
	if (!local.family)
		local = address;
	if (!local.family)
		return MNL_CB_OK;
	if (list->n == list->size) {
		list->size = list->size ? 2 * list->size : 16;
		list->items = pr_realloc(list->items, list->size, sizeof(*list->items));
	}
	list->items[list->n++] = (struct pr_rtnetlink_address){
		.address = local,
		.prefix_len = header->ifa_prefixlen,
		.ifindex = header->ifa_index,
	};
	return MNL_CB_OK;
}

int pr_rtnetlink_addresses(struct pr_rtnetlink *rtnetlink,
			   struct pr_rtnetlink_address **ret_addresses, size_t *ret_n)
{
	struct address_list list = { 0 };
	int r = pr_rtnetlink_dump(rtnetlink, RTM_GETADDR, sizeof(struct ifaddrmsg), read_address,
				  &list);

	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret_addresses = list.items;
	*ret_n = list.n;
	return 0;
}

/* ---- what is ours, what is on a link ---- */

struct own {
	struct pr_own_addresses *addresses;
	size_t n_left_out;
};

static void add_own(struct own *own, const struct pr_address *address, uint8_t len)
{
	struct pr_prefix prefix = { pr_address_mask(address, len), len };

	own->n_left_out += pr_own_addresses_add(own->addresses, &prefix) == PR_OWN_FULL;
}

/* The routes of type local: one for every address, and whole prefixes that somebody declared local. Ours lead to what
 * stands for foreign names. */
static int read_route(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute;
	struct pr_address destination;

	if (message->nlmsg_type != RTM_NEWROUTE || header->rtm_type != RTN_LOCAL ||
	    header->rtm_protocol == PR_ROUTE_PROTOCOL)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, message, sizeof(*header))
	{
		if (mnl_attr_get_type(attribute) == RTA_DST &&
		    pr_rtnetlink_address_of(attribute, header->rtm_family, &destination))
			add_own(context, &destination, header->rtm_dst_len);
	}
	return MNL_CB_OK;
}

int pr_rtnetlink_own_addresses(struct pr_rtnetlink *rtnetlink, struct pr_own_addresses *ret_own,
			       size_t *ret_n_left_out)
{
	struct pr_own_addresses *addresses PR_CLEANUP(pr_cleanup_free) =
		pr_calloc(1, sizeof(*addresses));
	struct pr_rtnetlink_address *list PR_CLEANUP(pr_cleanup_free) = NULL;
	struct own own = { addresses, 0 };
	size_t n = 0;
	int r;

	r = pr_rtnetlink_addresses(rtnetlink, &list, &n);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct pr_prefix prefix = { pr_address_mask(&list[i].address, list[i].prefix_len),
					    list[i].prefix_len };

		add_own(&own, &list[i].address, list[i].address.family == 4 ? 32 : 128);
		if (prefix.len)
			own.n_left_out +=
				pr_own_addresses_add_on_link(addresses, &prefix) == PR_OWN_FULL;
	}
	r = pr_rtnetlink_dump(rtnetlink, RTM_GETROUTE, sizeof(struct rtmsg), read_route, &own);
	if (r < 0)
		return r;
	*ret_own = *addresses;
	if (ret_n_left_out)
		*ret_n_left_out = own.n_left_out;
	return 0;
}

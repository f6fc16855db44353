/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The routers that the default routes lead to, and what hardware addresses the kernel has for them. */
#include "kernel/rtnetlink_private.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

struct list {
	struct pr_rtnetlink_gateway *items;
	size_t n, n_max;
};

static void add(struct list *list, const struct pr_address *address, uint32_t ifindex)
{
	if (!address->family || !ifindex || list->n == list->n_max)
		return;
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].ifindex == ifindex &&
		    pr_address_equal(&list->items[i].address, address))
			return;
	list->items[list->n++] =
		(struct pr_rtnetlink_gateway){ .address = *address, .ifindex = ifindex };
}

/* RTA_VIA: of another family than the route's. */
static struct pr_address via(const struct nlattr *attribute)
{
	const uint8_t *bytes = mnl_attr_get_payload(attribute);
	uint16_t len = mnl_attr_get_payload_len(attribute), family = 0;

	if (len >= sizeof(family))
		memcpy(&family, bytes, sizeof(family));
	if (family == AF_INET && len == 2 + 4)
		return pr_address_v4(bytes + 2);
	if (family == AF_INET6 && len == 2 + 16)
		return pr_address_v6(bytes + 2);
	return (struct pr_address){ 0 };
}

static void read_way(const struct nlattr *attribute, uint8_t family, struct pr_address *address)
{
	if (mnl_attr_get_type(attribute) == RTA_GATEWAY)
		(void)pr_rtnetlink_address_of(attribute, family, address);
	else if (mnl_attr_get_type(attribute) == RTA_VIA)
		*address = via(attribute);
}

/* One of several ways: struct rtnexthop, each with attributes of its own. */
static void read_ways(const struct nlattr *nested, uint8_t family, struct list *list)
{
	const uint8_t *at = mnl_attr_get_payload(nested);
	size_t left = mnl_attr_get_payload_len(nested);
	struct rtnexthop way;

	while (left >= sizeof(way)) {
		struct pr_address address = { 0 };
		const struct nlattr *attr;

		memcpy(&way, at, sizeof(way));
		if (way.rtnh_len < sizeof(way) || way.rtnh_len > left)
			return;
		mnl_attr_for_each_payload((const void *)(at + sizeof(way)),
					  way.rtnh_len - sizeof(way))
		{
			read_way(attr, family, &address);
		}
		add(list, &address, (uint32_t)way.rtnh_ifindex);
		if ((size_t)RTNH_ALIGN(way.rtnh_len) >= left)
			return;
		at += RTNH_ALIGN(way.rtnh_len);
		left -= (size_t)RTNH_ALIGN(way.rtnh_len);
	}
}

static int read_route(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct pr_address address = { 0 };
	const struct nlattr *attribute;
	uint32_t ifindex = 0;

	if (message->nlmsg_type != RTM_NEWROUTE || header->rtm_type != RTN_UNICAST ||
	    header->rtm_dst_len)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, message, sizeof(*header))
	{
		if (mnl_attr_get_type(attribute) == RTA_OIF &&
		    mnl_attr_get_payload_len(attribute) == sizeof(ifindex))
			ifindex = mnl_attr_get_u32(attribute);
		else if (mnl_attr_get_type(attribute) == RTA_MULTIPATH)
			read_ways(attribute, header->rtm_family, context);
		else
			read_way(attribute, header->rtm_family, &address);
	}
	add(context, &address, ifindex);
	return MNL_CB_OK;
}

static int read_neighbour(const struct nlmsghdr *message, void *context)
{
	const uint16_t known =
		NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP;
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute, *hardware = NULL;
	struct pr_address address = { 0 };
	struct list *list = context;

	if (message->nlmsg_type != RTM_NEWNEIGH || !(header->ndm_state & known))
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, message, sizeof(*header))
	{
		if (mnl_attr_get_type(attribute) == NDA_DST)
			(void)pr_rtnetlink_address_of(attribute, header->ndm_family, &address);
		else if (mnl_attr_get_type(attribute) == NDA_LLADDR)
			hardware = attribute;
	}
	for (size_t i = 0; hardware && i < list->n; i++) {
		struct pr_rtnetlink_gateway *gateway = &list->items[i];

		if (gateway->ifindex != (uint32_t)header->ndm_ifindex ||
		    !pr_address_equal(&gateway->address, &address) ||
		    mnl_attr_get_payload_len(hardware) != sizeof(gateway->hardware))
			continue;
		memcpy(gateway->hardware, mnl_attr_get_payload(hardware),
		       sizeof(gateway->hardware));
		gateway->known = true;
	}
	return MNL_CB_OK;
}

int pr_rtnetlink_gateways(struct pr_rtnetlink *rtnetlink, struct pr_rtnetlink_gateway *gateways,
			  size_t n_max, size_t *ret_n)
{
	struct list list = { .items = gateways, .n_max = n_max };
	int r = pr_rtnetlink_dump(rtnetlink, RTM_GETROUTE, sizeof(struct rtmsg), read_route, &list);

	if (r == 0 && list.n)
		r = pr_rtnetlink_dump(rtnetlink, RTM_GETNEIGH, sizeof(struct ndmsg), read_neighbour,
				      &list);
	if (r < 0)
		return r;
	*ret_n = list.n;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/route.h"

#include "kernel/rtnetlink_private.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define LOOPBACK 1 /* its index in every namespace */

struct route {
	struct pr_prefix prefix;
	uint32_t table, priority;
	uint8_t type, protocol;
};

static void close_rtnetlink(struct pr_rtnetlink **rtnetlink)
{
	pr_rtnetlink_free(*rtnetlink);
}

/* False: it is none, or the default route. */
static bool read_route(const struct nlmsghdr *message, struct route *ret_route)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct route route = { .table = header->rtm_table,
			       .type = header->rtm_type,
			       .protocol = header->rtm_protocol };
	const struct nlattr *attribute;

	if (message->nlmsg_type != RTM_NEWROUTE || header->rtm_flags & RTM_F_CLONED)
		return false;
	mnl_attr_for_each(attribute, message, sizeof(*header))
	{
		uint16_t type = mnl_attr_get_type(attribute);

		if (type == RTA_DST)
			(void)pr_rtnetlink_address_of(attribute, header->rtm_family,
						      &route.prefix.address);
		else if (type == RTA_TABLE && mnl_attr_get_payload_len(attribute) == 4)
			route.table = mnl_attr_get_u32(attribute);
		else if (type == RTA_PRIORITY && mnl_attr_get_payload_len(attribute) == 4)
			route.priority = mnl_attr_get_u32(attribute);
	}
	route.prefix.len = header->rtm_dst_len;
	*ret_route = route;
	return route.prefix.address.family != 0;
}

/* ---- what is there ---- */

struct check {
	struct pr_prefix prefix;
	bool taken;
};

/* A route that leads nowhere (a filter of bogons) needs nobody's addresses, and a wider one than ours is not meant for
 * what lies in it: VPNs cut the whole Internet into a few. */
static int check_route(const struct nlmsghdr *message, void *context)
{
	struct check *check = context;
	struct route route;

	if (!read_route(message, &route) || route.protocol == PR_ROUTE_PROTOCOL)
		return MNL_CB_OK;
	if (route.type == RTN_BLACKHOLE || route.type == RTN_UNREACHABLE ||
	    route.type == RTN_PROHIBIT || route.type == RTN_THROW)
		return MNL_CB_OK;
	check->taken = check->taken || (route.prefix.len >= check->prefix.len &&
					pr_prefix_contains(&check->prefix, &route.prefix.address));
	return MNL_CB_OK;
}

/* The network of an address, wider or narrower, must not meet ours. */
static int check_addresses(struct pr_rtnetlink *rtnetlink, struct check *check)
{
	struct pr_rtnetlink_address *list PR_CLEANUP(pr_cleanup_free) = NULL;
	size_t n = 0;
	int r = pr_rtnetlink_addresses(rtnetlink, &list, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct pr_prefix network = {
			pr_address_mask(&list[i].address, list[i].prefix_len), list[i].prefix_len
		};

		if (pr_prefix_contains(&check->prefix, &list[i].address) ||
		    (network.len && pr_prefix_contains(&network, &check->prefix.address)))
			check->taken = true;
	}
	return r;
}

/* ---- ours ---- */

static struct nlmsghdr *begin(char *bytes, uint16_t type, uint16_t flags,
			      const struct pr_prefix *prefix)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	bool v4 = prefix->address.family == 4;
	struct rtmsg *header;

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->rtm_family = v4 ? AF_INET : AF_INET6;
	header->rtm_dst_len = prefix->len;
	header->rtm_table = RT_TABLE_LOCAL;
	header->rtm_protocol = PR_ROUTE_PROTOCOL;
	header->rtm_scope = RT_SCOPE_HOST;
	header->rtm_type = RTN_LOCAL;
	mnl_attr_put(message, RTA_DST, v4 ? 4 : 16, prefix->address.bytes);
	return message;
}

static int add(struct pr_rtnetlink *rtnetlink, const struct pr_prefix *prefix)
{
	static const uint8_t loopback4[] = { 127, 0, 0, 1 }, loopback6[16] = { [15] = 1 };
	char bytes[256] __attribute__((aligned(8))) = { 0 };
	bool v4 = prefix->address.family == 4;
	struct nlmsghdr *message = begin(bytes, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, prefix);
	int r;

	mnl_attr_put(message, RTA_PREFSRC, v4 ? 4 : 16, v4 ? loopback4 : loopback6);
	mnl_attr_put_u32(message, RTA_OIF, LOOPBACK);
	r = pr_rtnetlink_change(rtnetlink, message);
	return r == -EEXIST ? 0 : r;
}

int pr_route_local_add(const struct pr_address *base, uint8_t prefix_len)
{
	PR_CLEANUP(close_rtnetlink) struct pr_rtnetlink *rtnetlink = NULL;
	struct check check = { { pr_address_mask(base, prefix_len), prefix_len }, false };
	int r = pr_rtnetlink_open(&rtnetlink);

	if (r == 0)
		r = pr_rtnetlink_dump(rtnetlink, RTM_GETROUTE, sizeof(struct rtmsg), check_route,
				      &check);
	if (r == 0)
		r = check_addresses(rtnetlink, &check);
	if (r == 0 && check.taken)
		r = -EADDRINUSE;
	if (r == 0)
		r = add(rtnetlink, &check.prefix);
	return r;
}

struct found {
	struct route *items;
	size_t n, size;
};

static int find_ours(const struct nlmsghdr *message, void *context)
{
	struct found *found = context;
	struct route route;

	if (!read_route(message, &route) || route.protocol != PR_ROUTE_PROTOCOL)
		return MNL_CB_OK;
	if (found->n == found->size) {
		found->size = found->size ? 2 * found->size : 8;
		found->items = pr_realloc(found->items, found->size, sizeof(*found->items));
	}
	found->items[found->n++] = route;
	return MNL_CB_OK;
}

static int take_away(struct pr_rtnetlink *rtnetlink, const struct route *route)
{
	char bytes[256] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = begin(bytes, RTM_DELROUTE, 0, &route->prefix);
	struct rtmsg *header = mnl_nlmsg_get_payload(message);
	int r;

	header->rtm_table = RT_TABLE_UNSPEC; /* RTA_TABLE tells */
	header->rtm_type = route->type;
	header->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	mnl_attr_put_u32(message, RTA_TABLE, route->table);
	if (route->priority)
		mnl_attr_put_u32(message, RTA_PRIORITY, route->priority);
	r = pr_rtnetlink_change(rtnetlink, message);
	return r == -ESRCH ? 0 : r; /* somebody was faster */
}

int pr_route_local_clear(void)
{
	PR_CLEANUP(close_rtnetlink) struct pr_rtnetlink *rtnetlink = NULL;
	struct found found = { 0 };
	int r = pr_rtnetlink_open(&rtnetlink);

	if (r == 0)
		r = pr_rtnetlink_dump(rtnetlink, RTM_GETROUTE, sizeof(struct rtmsg), find_ours,
				      &found);
	for (size_t i = 0; i < found.n; i++) {
		int s = take_away(rtnetlink, &found.items[i]);

		r = r ? r : s;
	}
	free(found.items);
	return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/forwarding.h"

#include "kernel/rtnetlink_private.h"

#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct pr_forwarding {
	struct pr_rtnetlink *rtnetlink;
};

int pr_forwarding_open(struct pr_forwarding **ret_forwarding)
{
	const uint32_t groups =
		RTMGRP_LINK | 1u << (RTNLGRP_IPV4_NETCONF - 1) | 1u << (RTNLGRP_IPV6_NETCONF - 1);
	struct pr_forwarding *forwarding = pr_calloc(1, sizeof(*forwarding));
	int r = pr_rtnetlink_open_groups(groups, &forwarding->rtnetlink);

	if (r < 0) {
		free(forwarding);
		return r;
	}
	*ret_forwarding = forwarding;
	return 0;
}

void pr_forwarding_free(struct pr_forwarding *forwarding)
{
	if (!forwarding)
		return;
	pr_rtnetlink_free(forwarding->rtnetlink);
	free(forwarding);
}

int pr_forwarding_fd(const struct pr_forwarding *forwarding)
{
	return pr_rtnetlink_fd(forwarding->rtnetlink);
}

/* `default` is of devices to come, and says so in a message of its own when one does. */
static int read_netconf(const struct nlmsghdr *message, void *context)
{
	bool forwards = false, is_default = false, *found = context;
	const struct nlattr *attribute;

	if (message->nlmsg_type != RTM_NEWNETCONF)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, message, sizeof(struct netconfmsg))
	{
		uint16_t type = mnl_attr_get_type(attribute);

		if (mnl_attr_get_payload_len(attribute) < sizeof(uint32_t))
			continue;
		if (type == NETCONFA_FORWARDING || type == NETCONFA_MC_FORWARDING)
			forwards = forwards || mnl_attr_get_u32(attribute);
		else if (type == NETCONFA_IFINDEX)
			is_default =
				(int32_t)mnl_attr_get_u32(attribute) == NETCONFA_IFINDEX_DEFAULT;
	}
	*found = *found || (forwards && !is_default);
	return MNL_CB_OK;
}

static bool is_kind_bridge(const struct nlattr *info)
{
	static const char bridge[] = "bridge";
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, info)
	{
		if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND &&
		    mnl_attr_get_payload_len(attribute) >= sizeof(bridge) - 1 &&
		    memcmp(mnl_attr_get_payload(attribute), bridge, sizeof(bridge) - 1) == 0)
			return true;
	}
	return false;
}

static int read_link(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *attribute;
	bool *found = context;

	if (message->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, message, sizeof(struct ifinfomsg))
	{
		if (mnl_attr_get_type(attribute) == IFLA_LINKINFO && is_kind_bridge(attribute))
			*found = true;
	}
	return MNL_CB_OK;
}

bool pr_forwarding_read(struct pr_forwarding *forwarding)
{
	bool found = false;

	(void)pr_rtnetlink_changed(forwarding->rtnetlink);
	if (pr_rtnetlink_dump(forwarding->rtnetlink, RTM_GETNETCONF, sizeof(struct netconfmsg),
			      read_netconf, &found) < 0)
		return true;
	if (!found && pr_rtnetlink_dump(forwarding->rtnetlink, RTM_GETLINK,
					sizeof(struct ifinfomsg), read_link, &found) < 0)
		return true;
	return found;
}

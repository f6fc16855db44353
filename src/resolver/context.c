/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What libunbound is told. No validation: the upstream validates (without a trust anchor of ours libunbound leaves
 * CD off towards forwarders), DO is always set upstream, so that a client that asks for signatures gets them.
 *
 * Its built-in local zones answer for names that a network may well serve (test., home.arpa., the reverse zones of
 * private addresses, RFC 6303): those go upstream. What must not leave the host stays: localhost, its
 * reverse, invalid. (RFC 6761, 6.4) and onion. (RFC 7686).
 */
#include "resolver/context.h"

#include "resolver/resolver.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unbound-event.h>

static const struct {
	const char *option, *value;
} options[] = {
	{ "module-config:", "iterator" },
	{ "outgoing-range:", PR_RESOLVER_PORTS },
	{ "outgoing-num-tcp:", PR_RESOLVER_TCP },
	{ "msg-cache-size:", PR_RESOLVER_MSG_CACHE },
	{ "rrset-cache-size:", PR_RESOLVER_SET_CACHE },
	{ "edns-buffer-size:", "1232" },
	{ "do-not-query-localhost:", "no" }, /* a configured upstream may be local */
	{ "minimal-responses:", "no" },
	/* an upstream that was away is tried again soon, not after 15 minutes */
	{ "infra-host-ttl:", "30" },
	{ "infra-keep-probing:", "yes" },
	{ "unblock-lan-zones:", "yes" },
	{ "insecure-lan-zones:", "yes" },
};

static const char *const not_ours[] = {
	"test.",
	"home.arpa.",
	"254.169.in-addr.arpa.",
	"2.0.192.in-addr.arpa.",
	"100.51.198.in-addr.arpa.",
	"113.0.203.in-addr.arpa.",
	"8.e.f.ip6.arpa.",
	"9.e.f.ip6.arpa.",
	"a.e.f.ip6.arpa.",
	"b.e.f.ip6.arpa.",
	"d.f.ip6.arpa.",
	"8.b.d.0.1.0.0.2.ip6.arpa.",
};

static int set_options(struct ub_ctx *context)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(options); i++)
		if (ub_ctx_set_option(context, options[i].option, options[i].value) != 0)
			return -EINVAL;
	return 0;
}

/* Not by the option "local-zone: … nodefault": libunbound 1.17 keeps the word as part of the zone's name
 * (util/config_file.c, cfg_parse_local_zone) and nothing changes. This finalises the context: options come
 * before. */
static int remove_zones(struct ub_ctx *context)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(not_ours); i++)
		if (ub_ctx_zone_remove(context, not_ours[i]) != 0)
			return -EINVAL;
	return 0;
}

/* By a socket that the sandbox allows: libunbound's if_nametoindex()
 * would take one that it does not, fails with a number, and takes it as such (util/net_help.c). */
unsigned int pr_unbound_zone_index(const char *zone)
{
	PR_CLEANUP(pr_cleanup_close) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", zone);
	if (fd < 0 || ioctl(fd, SIOCGIFINDEX, &request) < 0)
		return 0;
	return (unsigned int)request.ifr_ifindex;
}

/* 0 = added; 1 = its interface is not there (now), it is left out. */
static int add_upstream(struct ub_ctx *context, const struct pr_upstream *upstream)
{
	struct pr_upstream numbered = *upstream;
	char text[PR_UPSTREAM_TEXT_SIZE];

	if (upstream->zone[0]) {
		unsigned int index = pr_unbound_zone_index(upstream->zone);

		if (index == 0)
			return 1;
		snprintf(numbered.zone, sizeof(numbered.zone), "%u", index);
	}
	return ub_ctx_set_fwd(context, pr_upstream_format(&numbered, text)) == 0 ? 0 : -EINVAL;
}

int pr_unbound_context(struct event_base *base, const struct pr_upstream *upstreams, unsigned int n,
		       struct ub_ctx **ret_context)
{
	struct ub_ctx *context = ub_ctx_create_event(base);
	unsigned int n_added = 0;
	int r;

	if (!context)
		return -ENOMEM;
	r = set_options(context);
	for (unsigned int i = 0; i < n && r >= 0; i++) {
		r = add_upstream(context, &upstreams[i]);
		n_added += r == 0;
	}
	/* without any libunbound would ask the root servers */
	if (r >= 0)
		r = n_added ? 0 : -ENETUNREACH;
	if (r == 0)
		r = remove_zones(context);
	if (r < 0) {
		ub_ctx_delete(context);
		return r;
	}
	*ret_context = context;
	return 0;
}

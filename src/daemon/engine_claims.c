/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who claims which address on our links, by the two sockets that the supervisor opened. */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>

#define AT_ONCE 64 /* messages, before others' events have their turn */

void pr_engine_claims_gateways(struct pr_engine_process *process)
{
	struct pr_rtnetlink_gateway found[PR_ATTACKS_GATEWAYS_MAX];
	struct pr_attack_gateway gateways[PR_ATTACKS_GATEWAYS_MAX];
	size_t n = 0;
	int r = pr_rtnetlink_gateways(process->rtnetlink, found, PR_ARRAY_SIZE(found), &n);

	if (r < 0) {
		pr_log(PR_LOG_WARNING, "no-gateways", "error=%s", strerror(-r));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		gateways[i] = (struct pr_attack_gateway){ .address = found[i].address,
							  .ifindex = found[i].ifindex,
							  .known = found[i].known };
		memcpy(gateways[i].hardware, found[i].hardware, sizeof(gateways[i].hardware));
	}
	pr_engine_gateways_set(process->engine, gateways, (unsigned int)n, pr_clock_monotonic_us());
}

static void take(struct pr_engine_process *process, int fd, bool ipv6)
{
	struct pr_claim claim;
	uint32_t ifindex;
	bool is_claim;

	for (unsigned int i = 0; i < AT_ONCE; i++) {
		if (!pr_claims_read(fd, ipv6, &is_claim, &claim, &ifindex))
			break;
		if (is_claim)
			pr_engine_claim(process->engine, ifindex, &claim, pr_clock_monotonic_us());
	}
	pr_engine_process_after(process);
}

static void arp_event(evutil_socket_t fd, short what, void *context)
{
	(void)what;
	take(context, fd, false);
}

static void ipv6_event(evutil_socket_t fd, short what, void *context)
{
	(void)what;
	take(context, fd, true);
}

static struct event *watch(struct pr_engine_process *process, int fd,
			   void (*callback)(evutil_socket_t fd, short what, void *context))
{
	struct event *event;

	if (fd < 0)
		return NULL;
	event = event_new(process->base, fd, EV_READ | EV_PERSIST, callback, process);
	pr_assert(event);
	event_add(event, NULL);
	return event;
}

void pr_engine_claims_watch(struct pr_engine_process *process)
{
	process->arp_fd = pr_start_take_fd(&process->start, "claims-arp");
	process->ipv6_fd = pr_start_take_fd(&process->start, "claims-ipv6");
	process->on_arp = watch(process, process->arp_fd, arp_event);
	process->on_ipv6 = watch(process, process->ipv6_fd, ipv6_event);
}

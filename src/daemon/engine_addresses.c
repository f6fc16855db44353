/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The addresses of the guarded namespace, for the engine's classes, read anew whenever they change. */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>

static void read_addresses(struct pr_engine_process *process)
{
	struct pr_rtnetlink_address *found = NULL;
	struct pr_engine_address *addresses;
	size_t n = 0, n_left_out = 0;
	int r = pr_rtnetlink_addresses(process->rtnetlink, &found, &n);

	if (r < 0) {
		pr_log(PR_LOG_ERROR, "no-addresses", "error=%s", strerror(-r));
		return;
	}
	addresses = pr_calloc(n + 1, sizeof(*addresses));
	for (size_t i = 0; i < n; i++)
		addresses[i] = (struct pr_engine_address){ .address = found[i].address,
							   .prefix_len = found[i].prefix_len,
							   .ifindex = found[i].ifindex };
	pr_engine_addresses_set(process->engine, addresses, n, pr_clock_monotonic_us());
	free(addresses);
	free(found);
	if (pr_rtnetlink_own_addresses(process->rtnetlink, &process->own, &n_left_out) < 0 ||
	    n_left_out)
		pr_log(PR_LOG_WARNING, "addresses-left-out", "n=%zu", n_left_out);
	pr_engine_claims_gateways(process);
}

static void changed_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_process *process = context;

	(void)fd;
	(void)what;
	if (!pr_rtnetlink_changed(process->rtnetlink))
		return;
	read_addresses(process);
	pr_engine_process_after(process);
}

int pr_engine_addresses_open(struct pr_engine_process *process)
{
	int r = pr_rtnetlink_open(&process->rtnetlink);

	if (r < 0)
		return r;
	read_addresses(process);
	return 0;
}

void pr_engine_addresses_watch(struct pr_engine_process *process)
{
	process->on_addresses = event_new(process->base, pr_rtnetlink_fd(process->rtnetlink),
					  EV_READ | EV_PERSIST, changed_event, process);
	pr_assert(process->on_addresses);
	event_add(process->on_addresses, NULL);
}

bool pr_engine_is_own(const struct pr_engine_process *process, const struct pr_address *address)
{
	return pr_class_of(address, &process->own) == PR_CLASS_HOST;
}

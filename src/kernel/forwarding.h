/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the network namespace hands on packets that are not its own, and that this may have changed. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

struct pr_forwarding;

/* In the calling thread's network namespace; subscribes to changes of the sysctls and of devices. */
PR_MUST_USE int pr_forwarding_open(struct pr_forwarding **ret_forwarding);
void pr_forwarding_free(struct pr_forwarding *forwarding); /* takes NULL */

/* Readable when something changed: read it anew. */
int pr_forwarding_fd(const struct pr_forwarding *forwarding);

/* Reads the pending events away. True where a device forwards IPv4 or IPv6, multicast too (netconf of rtnetlink(7),
 * net/ipv4/devinet.c), or is a bridge, whose packets br_netfilter may show to the same hooks; and where the kernel
 * doesn't say. */
bool pr_forwarding_read(struct pr_forwarding *forwarding);

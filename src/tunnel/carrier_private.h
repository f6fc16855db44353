/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all carriers have in common. Of the room itself. */
#pragma once

#include "tunnel/carrier.h"
#include "tunnel/tls.h"

struct pr_trunk;

struct pr_carriers {
	struct event_base *base;
	struct pr_dialer *dialer;
	struct pr_tls tls;
	LIST_HEAD(, pr_trunk) trunks;
	unsigned int n_trunks;
	size_t held; /* bytes of all streams of HTTP/2 that wait to be read */
};

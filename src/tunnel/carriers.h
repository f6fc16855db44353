/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all carriers have in common. Of the room itself. */
#pragma once

#include "tunnel/carrier.h"

struct pr_carriers {
	struct event_base *base;
	struct pr_dialer *dialer;
};

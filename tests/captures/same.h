/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether two inspections saw the same. */
#pragma once

#include "network/seen.h"

enum same {
	SAME,
	LESS,  /* something that `base` has is missing in `got`; what is there is the same */
	OTHER, /* something is there that `base` has not */
};

/* But for PR_SEEN_CONTRADICTS, which says that what is seen can't be relied on: of a flow that ends early it may. */
enum same same_as(const struct pr_seen *base, const struct pr_seen *got);

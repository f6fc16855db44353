/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A packet of a scenario, from a line of text. Of the room itself. */
#pragma once

#include "interception/interception.h"

/* As pr_scenario_packet() has the line. Fills in *packet, which has its defaults already, and whose bytes are `bytes` then;
 * `ack` is what it acknowledges, unless the line says it. 0, or -EINVAL and *ret_error, a literal. */
PR_MUST_USE int pr_scenario_describe(const char *line, struct pr_intercepted *packet, uint32_t ack,
				     uint8_t *bytes, size_t size, const char **ret_error);

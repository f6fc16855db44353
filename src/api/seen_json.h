/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What inspection has seen, as JSON: in events and rows, and of a capture. */
#pragma once

#include "firewall/event.h"

#include <jansson.h>

/* Its fields into `object`; what isn't known is left out, but for `protocol` and `encrypted`. */
void pr_seen_set_json(json_t *object, const struct pr_event_seen *seen);

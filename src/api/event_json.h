/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events and table rows as the JSON of docs/contract.md. What is not known is left out. */
#pragma once

#include "firewall/event.h"

#include <jansson.h>

/* A new reference. Strings that are no UTF-8 have their foreign bytes replaced by U+FFFD. */
json_t *pr_event_json(const struct pr_event *event);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An attack that was found, as JSON. */
#pragma once

#include "network/attack.h"

#include <jansson.h>

/* A new object; what is not known is left out. Its times are real ones. */
json_t *pr_attack_json(const struct pr_attack *attack);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of the RPZ parser. */
#pragma once

#include "intel/list_line.h"

/* What stands before ".rpz-ip". False where it is no prefix. */
bool pr_list_trigger_prefix(struct pr_list_text trigger, struct pr_prefix *ret_prefix);

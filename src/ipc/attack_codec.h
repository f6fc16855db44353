/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An attack as a part of an event's body. The reader trusts nothing: enums and counts are checked. */
#pragma once

#include "base/cursor.h"
#include "network/attack.h"

void pr_attack_write(struct pr_writer *writer, const struct pr_attack *attack);
void pr_attack_read(struct pr_reader *reader, struct pr_attack *ret_attack);

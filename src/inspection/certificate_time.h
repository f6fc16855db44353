/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times of certificates. */
#pragma once

#include "base/cursor.h"

/* The next value, a UTCTime or a GeneralizedTime as RFC 5280, 4.1.2.5 wants them, in seconds since 1970. */
bool pr_certificate_time(struct pr_reader *reader, int64_t *ret_s);

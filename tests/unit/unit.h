/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What cmocka wants included before itself. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

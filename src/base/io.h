/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptors that block. */
#pragma once

#include "base/error.h"

#include <stddef.h>

/* All of it, from the descriptor's position on; 0 or -errno, and then some of it may be written. */
PR_MUST_USE int pr_write_all(int fd, const void *bytes, size_t len);

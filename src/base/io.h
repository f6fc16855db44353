/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptors that block. */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <sys/types.h>

/* All of it, from the descriptor's position on; 0 or -errno, and then some of it may be written. */
PR_MUST_USE int pr_write_all(int fd, const void *bytes, size_t len);
/* From the beginning, wherever the descriptor stands, to the end or until `size` bytes are there. Their number or -errno. */
PR_MUST_USE ssize_t pr_read_from_start(int fd, void *bytes, size_t size);

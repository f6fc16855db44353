/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One daemon a network namespace. */
#pragma once

#include "base/error.h"

/* A descriptor that holds the lock while it is open. Abstract Unix socket names belong to a network
 * namespace, and the kernel frees them with their last descriptor, SIGKILL or not. 0, -EADDRINUSE where
 * another daemon guards this namespace, -errno. */
PR_MUST_USE int pr_instance_lock(int *ret_fd);
/* To be called whenever the descriptor is readable: takes the connections by which others find out who
 * holds the lock. */
void pr_instance_lock_answer(int fd);

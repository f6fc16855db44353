/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"
#include "ipc/message.h"

/* The process may call what its role needs and nothing else; anything else kills it, and the kernel logs
 * the call. Holds for all threads. 0 or -errno. */
PR_MUST_USE int pr_seccomp_close(enum pr_party party);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is at the other end of a connection to the API, by its peer credentials (unix(7), SO_PEERCRED). */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct pr_api_peer {
	uid_t uid;
	bool reads_all; /* root and the group's members; others see what is their own */
};

/* 0 or -errno. */
PR_MUST_USE int pr_api_peer_of(int fd, gid_t group, struct pr_api_peer *ret_peer);

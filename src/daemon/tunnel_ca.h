/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of certificates that upstreams of the tunnel name (ca), looked at when the configuration is read. */
#pragma once

#include "daemon/users.h"

#include <stddef.h>

/* A line for each that can't be used, with its place; "" = all can. `tunnels` and `places` as of struct pr_policy_blob;
 * `user` is who has to read them, below `config_dir` or where certificates lie. Whether what they hold is a certificate is
 * seen when it is needed: nothing is parsed here. The caller frees. */
char *pr_tunnel_ca_warnings(char *const *tunnels, char *const *places, size_t n,
			    const struct pr_user *user, const char *config_dir);

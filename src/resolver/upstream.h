/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which nameservers are asked: those of the configuration, otherwise those of the system, of which a local
 * stub (systemd-resolved, dnsmasq, NetworkManager's) is none where the servers behind it are known; where nothing is,
 * it is the system's nameserver itself (docs/decisions/local-nameservers.md). Pure: files are read by the supervisor
 * and come as bytes.
 */
#pragma once

#include "network/upstream.h"

#include <stddef.h>

#define PR_UPSTREAMS_MAX	  16	/* further ones are passed over */
#define PR_RESOLV_CONF_MAX	  65536 /* bytes that are looked at */
#define PR_UPSTREAM_OWN_ADDRESSES 64

/* A file that may name nameservers, as resolv.conf(5) has it. */
struct pr_upstream_file {
	const char *path;  /* of pr_upstream_paths */
	const char *bytes; /* NULL: it is not there */
	size_t len;
};

/* Where a system keeps them, in the order in which they are looked at: /etc/resolv.conf first, then what lies
 * behind the stubs. The supervisor reads what there is of these. */
extern const char *const pr_upstream_paths[];
extern const unsigned int pr_n_upstream_paths;

/* The `nameserver` lines of a file, up to `n_max`; how many. */
unsigned int pr_resolv_conf_parse(const char *bytes, size_t len, struct pr_upstream *ret_upstreams,
				  unsigned int n_max);

/* Is it this host? A loopback or unspecified address is, and each of `own`. */
bool pr_upstream_is_own(const struct pr_upstream *upstream, const struct pr_address *own,
			unsigned int n_own);

/* Are there any, and all of them others on the Internet? Then none of them knows the names of this host's networks. */
bool pr_upstreams_are_public(const struct pr_upstream *upstreams, unsigned int n,
			     const struct pr_address *own, unsigned int n_own);

/* The servers of the first file, in the order of pr_upstream_paths, that names any but this host
 * (a loopback address, or one of `own`); where none does, those of this host in the first file that names any.
 * 0 = none is known. */
unsigned int pr_upstreams_of_system(const struct pr_upstream_file *files, unsigned int n_files,
				    const struct pr_address *own, unsigned int n_own,
				    struct pr_upstream ret_upstreams[PR_UPSTREAMS_MAX]);

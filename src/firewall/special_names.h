/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that mean something to a firewall, whoever asks for them. Pure; names are canonical. */
#pragma once

#include <stdbool.h>

/* A name by which software asks whether it may use a nameserver of its own: a denial means "no". */
bool pr_name_is_canary(const char *name);
/* A name by which a client asks a nameserver for its encrypted twin (RFC 9461, RFC 9462). */
bool pr_name_is_discovery(const char *name);
/* A name of a network's own, or of the host's: it may lead to private addresses, whoever says so. */
bool pr_name_is_local(const char *name);
/* A name of addresses that are not of the Internet (RFC 6303, RFC 7793). */
bool pr_name_is_private_reverse(const char *name);

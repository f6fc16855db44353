/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of addresses, under in-addr.arpa and ip6.arpa (RFC 1035, 3.5; RFC 3596, 2.5). Pure. */
#pragma once

#include "base/address.h"

/* The address that a canonical name is the reverse one of. False: it is none of a whole address. An IPv4-mapped
 * address is none either. */
bool pr_dns_reverse_address(const char *name, struct pr_address *ret_address);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that never leave the host: localhost. and its addresses' names, invalid. (RFC 6761, 6.3 and 6.4), onion.
 * (RFC 7686, 2). Of the room itself. */
#pragma once

#include "dns/message.h"

/* The answer to a question for such a name; 0 where it is none. `size` is at least PR_DNS_UDP_MIN. */
size_t pr_special_answer(const struct pr_dns_question *question, uint8_t *bytes, size_t size);

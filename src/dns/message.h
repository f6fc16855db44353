/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNS messages on the wire (RFC 1035, RFC 6891): bytes in, structs out, and back. Pure. */
#pragma once

#include "base/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PR_DNS_MESSAGE_MAX 65535
#define PR_DNS_HEADER_LEN  12

struct pr_dns_question {
	uint16_t id;
	uint16_t flags; /* the second word of the header */
	uint16_t type, class_;
	char name[PR_NAME_TEXT_SIZE]; /* canonical */
	bool has_edns, dnssec_ok;
	uint16_t udp_size; /* what the client takes over UDP; 512 without EDNS */
};

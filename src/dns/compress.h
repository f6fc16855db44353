/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes names and records, names compressed (RFC 1035, 4.1.4). Of the room itself. */
#pragma once

#include "dns/message.h"

/* Where a suffix of so many bytes was written first; 0 = none. One candidate a length: good enough for real
 * answers, and no answer can make it slow. */
struct pr_dns_compressor {
	uint16_t position[PR_DNS_NAME_MAX + 1];
};

/* `compress` false: in full, but later names may point to it. */
void pr_dns_write_name(struct pr_writer *writer, struct pr_dns_compressor *compressor,
		       const struct pr_dns_name *name, bool compress);
/* The record as it stands in `message`; names in its data that may be compressed there (RFC 3597, 4) are written
 * anew. False where its data is not what its type says. */
bool pr_dns_write_record(struct pr_writer *writer, struct pr_dns_compressor *compressor,
			 const struct pr_reader *message, const struct pr_dns_record *record);
/* Owner to TTL; the length of the data and the data follow. */
void pr_dns_write_record_head(struct pr_writer *writer, struct pr_dns_compressor *compressor,
			      const struct pr_dns_record *record);

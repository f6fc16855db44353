/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's messages about packets and about links. The first byte says which parser reads the rest; what it
 * points to must lie within the bytes. */
#include "base/error.h"
#include "kernel/conntrack_message.h"
#include "kernel/nfqueue_message.h"

#include "../target.h"

#include <string.h>

#define LEN_MAX 65536

static void read_packet(const uint8_t *message, size_t len)
{
	struct pr_intercepted packet;

	if (pr_nfqueue_read(message, len, &packet) != 0)
		return;
	pr_assert(packet.wire_len >= packet.len);
	if (packet.bytes)
		pr_assert(packet.bytes > message && packet.bytes + packet.len <= message + len);
}

static void read_entry(const uint8_t *message, size_t len)
{
	char again[PR_CONNTRACK_MESSAGE_MAX] __attribute__((aligned(8))) = { 0 };
	const struct nlmsghdr *header = (const void *)message;
	struct pr_conntrack_entry entry, reread;
	struct nlmsghdr *written;

	if (len < sizeof(*header) || header->nlmsg_len < sizeof(*header) ||
	    header->nlmsg_len > len || pr_conntrack_read(header, &entry) != 0)
		return;
	if (entry.original.src.family != entry.original.dst.family)
		return;
	/* What was read is what is asked for. */
	written = pr_conntrack_write_mark(again, &entry.original, false, entry.zone, 0xff, 0);
	pr_assert(pr_conntrack_read(written, &reread) == 0);
	pr_assert(pr_tuple_equal(&entry.original, &reread.original) || entry.original.proto == 1 ||
		  entry.original.proto == 58);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t *aligned;

	if (len < 1 || len > LEN_MAX)
		return 0;
	aligned = pr_calloc(1, len);
	memcpy(aligned, bytes + 1, len - 1);
	if (bytes[0] & 1)
		read_entry(aligned, len - 1);
	else
		read_packet(aligned, len - 1);
	free(aligned);
	return 0;
}

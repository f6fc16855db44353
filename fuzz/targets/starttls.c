/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Protocols that go over to TLS. The first byte says which, or all of the table; the rest is pieces of a conversation. */
#include "inspection/inspector_table.h"

#include "../conversation.h"
#include "../target.h"

static enum pr_look all(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	return pr_inspectors_look(transcript, false, seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static look_function *const looks[] = { pr_inspect_smtp,       pr_inspect_imap,
						pr_inspect_pop3,       pr_inspect_ftp,
						pr_inspect_postgresql, all };

	if (len > 1)
		look_through(looks[bytes[0] % PR_ARRAY_SIZE(looks)], bytes + 1, len - 1);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events as front reads them: what decodes must encode to the same bytes again. */
#include "ipc/event_codec.h"

#include "../target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t once[PR_EVENT_BODY_MAX], twice[PR_EVENT_BODY_MAX];
	struct pr_event event, again;
	size_t once_len, twice_len;

	if (pr_event_decode(bytes, len, &event) < 0)
		return 0;
	/* Texts may be cut, and a mapped address is normalised: from then on nothing changes. */
	once_len = pr_event_encode(&event, once, sizeof(once));
	pr_assert(pr_event_decode(once, once_len, &again) == 0);
	twice_len = pr_event_encode(&again, twice, sizeof(twice));
	pr_assert(once_len == twice_len && memcmp(once, twice, once_len) == 0);
	return 0;
}

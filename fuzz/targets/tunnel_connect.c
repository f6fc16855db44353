/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A proxy's answers to CONNECT over HTTP/1.1, in pieces of the length that the first byte says. */
#include "tunnel/carrier.h"
#include "tunnel/connect.h"

#include "../target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct pr_talk_ask ask = {
		.host = "2001:db8::1", .port = 443, .user = "u", .password = "p"
	};
	enum pr_talk_heard heard = PR_TALK_MORE;
	struct pr_talk_failure failure = { 0 };
	uint8_t said[PR_TALK_SAY_MAX];
	struct pr_connect connect;
	size_t piece, used, taken = 0;

	if (len < 1)
		return 0;
	piece = bytes[0] + 1u;
	pr_assert(pr_connect_start(&connect, &ask) == 0);
	pr_assert(pr_connect_say(&connect, said) <= sizeof(said));
	for (size_t at = 1; heard == PR_TALK_MORE && at < len; at += used) {
		size_t n = len - at < piece ? len - at : piece;

		heard = pr_connect_hear(&connect, bytes + at, n, &used, &failure);
		pr_assert(used >= 1 && used <= n);
		taken += used;
		pr_assert(heard != PR_TALK_FAILED || (failure.why && failure.why[0]));
	}
	pr_assert(taken <= PR_CARRIER_ANSWER_MAX + 1);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A SOCKS5 server's answers, in pieces of the length that the first byte says; then the same bytes as a datagram. */
#include "tunnel/socks5.h"

#include "../target.h"

static void talk(const struct pr_talk_ask *ask, const uint8_t *bytes, size_t len, size_t piece)
{
	enum pr_talk_heard heard = PR_TALK_MORE;
	struct pr_talk_failure failure = { 0 };
	uint8_t said[PR_TALK_SAY_MAX];
	struct pr_socks5 socks;
	size_t used;

	pr_assert(pr_socks5_start(&socks, ask) == 0);
	while (heard == PR_TALK_MORE && len) {
		size_t n = len < piece ? len : piece;

		pr_assert(pr_socks5_say(&socks, said) <= sizeof(said));
		heard = pr_socks5_hear(&socks, bytes, n, &used, &failure);
		pr_assert(used >= 1 && used <= n);
		pr_assert(heard != PR_TALK_FAILED || failure.why);
		bytes += used;
		len -= used;
	}
	pr_assert(heard != PR_TALK_OPEN || !ask->associate || socks.relay_port);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_talk_ask ask = { .host = "far.example", .port = 443, .user = "", .password = "" };
	struct pr_address from;
	uint16_t port;
	ssize_t n;

	if (len < 1)
		return 0;
	if (bytes[0] & 1)
		ask.user = ask.password = "account";
	ask.associate = bytes[0] & 2;
	talk(&ask, bytes + 1, len - 1, (bytes[0] >> 2) + 1u);
	n = pr_socks5_datagram_parse(bytes + 1, len - 1, &from, &port);
	pr_assert(n < (ssize_t)len);
	return 0;
}

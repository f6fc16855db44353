/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Captures of any bytes: what is handed out lies within them, and the replay behind ends. */
#include "interception/replay.h"
#include "packet/capture.h"
#include "packet/parse.h"

#include "../target.h"

static void read_all(const uint8_t *bytes, size_t len)
{
	struct pr_captured captured;
	struct pr_capture capture;
	struct pr_packet packet;
	uint32_t number = 0;

	if (pr_capture_open(bytes, len, &capture) != PR_CAPTURE_DONE)
		return;
	while (pr_capture_next(&capture, &captured) == PR_CAPTURE_DONE) {
		pr_assert(captured.bytes >= bytes && captured.len <= len);
		pr_assert(captured.bytes + captured.len <= bytes + len);
		pr_assert(captured.wire_len >= captured.len && captured.number > number);
		number = captured.number;
		(void)!pr_packet_parse(captured.bytes, captured.len, captured.wire_len, &packet);
	}
}

static void replay_all(const uint8_t *bytes, size_t len)
{
	struct pr_replay_options options = { 0 };
	struct pr_intercepted packets[7];
	struct pr_interception *replay;
	uint64_t last_us = 0;
	int n;

	if (pr_replay_open(bytes, len, &options, &replay) != PR_REPLAY_DONE)
		return;
	while ((n = replay->operations->next(replay, packets, PR_ARRAY_SIZE(packets), 0)) > 0) {
		for (int i = 0; i < n; i++) {
			pr_assert(packets[i].time_us >= last_us);
			last_us = packets[i].time_us;
		}
	}
	pr_assert(n == -ENODATA);
	replay->operations->close(replay);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	read_all(bytes, len);
	replay_all(bytes, len);
	return 0;
}

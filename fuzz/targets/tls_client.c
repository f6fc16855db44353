/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What TLS clients send. First byte 0: a stream. Otherwise the body of a ClientHello, which is put into records of that length
 * here: where the borders are changes nothing. No beginning of either says anything else than the whole.
 */
#include "inspection/inspector_table.h"
#include "inspection/tls_codes.h"

#include "../conversation.h"
#include "../target.h"

#define BODY_MAX 8192

static void check_beginnings(const uint8_t *bytes, size_t len)
{
	size_t cuts[] = { 0, 1, 5, 9, 44, len / 2, len - len / 4, len ? len - 1 : 0, len };
	struct pr_seen before = { 0 }, seen;
	size_t last = 0;
	bool none = false;

	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cuts); i++) {
		enum pr_look look;

		if (cuts[i] > len || cuts[i] < last)
			continue;
		last = cuts[i];
		look = look_at_copies(pr_inspect_tls, bytes, cuts[i], NULL, 0, &seen);
		pr_assert(!none || look == PR_LOOK_NOT_MINE);
		none = look == PR_LOOK_NOT_MINE;
		if (!none)
			check_kept(&before, &seen);
		before = none ? before : seen;
		if (look == PR_LOOK_DONE)
			break;
	}
}

static size_t write_records(uint8_t *to, size_t size, const uint8_t *body, size_t len, size_t piece)
{
	uint8_t message[4 + BODY_MAX] = { PR_TLS_CLIENT_HELLO, 0, (uint8_t)(len >> 8),
					  (uint8_t)len };
	struct pr_writer writer = pr_writer(to, size);

	memcpy(message + 4, body, len);
	len += 4;
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		pr_write_u8(&writer, PR_TLS_HANDSHAKE);
		pr_write_u16(&writer, PR_TLS_1_0);
		pr_write_u16(&writer, (uint16_t)n);
		pr_write_bytes(&writer, message + at, n);
	}
	return writer.failed ? 0 : writer.position;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t whole[6 * BODY_MAX + 64], pieces[6 * BODY_MAX + 64];
	struct pr_seen seen, again;
	size_t whole_len, pieces_len;

	if (!len || len > BODY_MAX)
		return 0;
	if (!bytes[0]) {
		check_beginnings(bytes + 1, len - 1);
		return 0;
	}
	whole_len = write_records(whole, sizeof(whole), bytes + 1, len - 1, 16384);
	pieces_len = write_records(pieces, sizeof(pieces), bytes + 1, len - 1, bytes[0]);
	check_beginnings(whole, whole_len);
	pr_assert(look_at_copies(pr_inspect_tls, whole, whole_len, NULL, 0, &seen) ==
		  look_at_copies(pr_inspect_tls, pieces, pieces_len, NULL, 0, &again));
	pr_assert(memcmp(&seen, &again, sizeof(seen)) == 0);
	return 0;
}

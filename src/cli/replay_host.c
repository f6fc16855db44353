/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/replay.h"
#include "packet/capture.h"

#include <string.h>

static bool is_local(const struct pr_replay *replay, const struct pr_address *address)
{
	for (unsigned int i = 0; i < replay->n_locals; i++)
		if (pr_address_equal(&replay->locals[i].address, address))
			return true;
	return false;
}

static void add_local(struct pr_replay *replay, const struct pr_address *address,
		      uint8_t prefix_len, uint32_t ifindex)
{
	unsigned int n_max = PR_REPLAY_LOCALS_MAX + (ifindex == PR_REPLAY_LOOPBACK_IFINDEX ? 2 : 0);

	if (replay->n_locals >= n_max || is_local(replay, address))
		return;
	replay->locals[replay->n_locals++] =
		(struct pr_engine_address){ *address, prefix_len, ifindex };
}

bool pr_replay_take_locals(struct pr_replay *replay, const char *text)
{
	struct pr_address address;

	while (*text) {
		size_t len = strcspn(text, ",");
		PR_CLEANUP(pr_cleanup_free) char *word = pr_strndup(text, len);
		char *slash = strchr(word, '/'), *end = NULL;
		unsigned long prefix_len;

		if (slash)
			*slash++ = '\0';
		if (pr_address_parse(word, &address) < 0)
			return false;
		prefix_len = address.family == 4 ? 32 : 128;
		if (slash) {
			unsigned long given = strtoul(slash, &end, 10);

			if (!*slash || *end || given > prefix_len)
				return false;
			prefix_len = given;
		}
		add_local(replay, &address, (uint8_t)prefix_len, PR_REPLAY_OUTSIDE_IFINDEX);
		text += len + (text[len] == ',');
	}
	return true;
}

/* Whoever may have opened a flow: not an address that is none, is everybody's, or the link's alone. */
static bool may_open(const struct pr_packet *packet)
{
	const struct pr_address *src = &packet->tuple.src;

	if (src->bytes[0] == 0 || (src->family == 4 && src->bytes[0] == 127) ||
	    (src->family == 6 && src->bytes[0] == 0xfe))
		return false;
	return packet->tuple.proto == IPPROTO_TCP || packet->tuple.proto == IPPROTO_UDP;
}

/* Where a capture says which packets went out, their senders; otherwise the first of each family. */
void pr_replay_learn_locals(struct pr_replay *replay, const void *bytes, size_t len)
{
	bool out = false, known[7] = { false };
	struct pr_capture capture;
	struct pr_captured captured;
	struct pr_packet packet;

	pr_assert(pr_capture_open(bytes, len, &capture) == PR_CAPTURE_DONE);
	while (pr_capture_next(&capture, &captured) == PR_CAPTURE_DONE) {
		bool went_out = captured.way == PR_CAPTURE_WAY_OUT;

		if (pr_packet_parse(captured.bytes, captured.len, captured.wire_len, &packet) !=
			    PR_PACKET_PARSED ||
		    !may_open(&packet))
			continue;
		if (went_out && !out)
			replay->n_locals = 0;
		out |= went_out;
		if (out ? went_out : !known[packet.tuple.src.family])
			add_local(replay, &packet.tuple.src, packet.version == 4 ? 32 : 128,
				  PR_REPLAY_OUTSIDE_IFINDEX);
		known[packet.tuple.src.family] = true;
	}
}

void pr_replay_set_addresses(struct pr_replay *replay)
{
	struct pr_address loopback;

	pr_assert(pr_address_parse("127.0.0.1", &loopback) == 0);
	add_local(replay, &loopback, 8, PR_REPLAY_LOOPBACK_IFINDEX);
	pr_assert(pr_address_parse("::1", &loopback) == 0);
	add_local(replay, &loopback, 128, PR_REPLAY_LOOPBACK_IFINDEX);
	pr_engine_addresses_set(replay->engine, replay->locals, replay->n_locals, replay->now_us);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A capture doesn't say at which hook a packet was. It is derived from whose addresses it carries:
 * the guarded host's as source is output, as destination input, neither is forward. Packets that
 * cannot be parsed are handed on as well: the corridor behind must drop them as it does in the
 * kernel. A packet that comes twice comes over the loopback device.
 */
#include "interception/replay.h"

#include "packet/capture.h"
#include "packet/fragments.h"
#include "packet/parse.h"

#include <stddef.h>

#define LOOPBACK_IFINDEX 1 /* in every network namespace (net/core/dev.c) */
#define OUTSIDE_IFINDEX	 2 /* a capture doesn't say which others there were */

struct replay {
	struct pr_interception interception;
	struct pr_capture capture;
	struct pr_fragments *fragments;
	struct pr_address locals[PR_REPLAY_LOCALS_MAX];
	unsigned int n_locals;
	bool learns;
	void (*verdict)(void *context, const struct pr_intercepted *packet,
			const struct pr_verdict_order *order);
	void *context;
	struct pr_intercepted second; /* the same packet at the input hook */
	bool has_second;
	uint64_t last_us;
	struct pr_replay_counters counters;
};

static struct replay *replay_of(const struct pr_interception *interception)
{
	return (struct replay *)((uintptr_t)interception - offsetof(struct replay, interception));
}

static bool is_loopback(const struct pr_address *address)
{
	static const struct pr_address one = { 6, { [15] = 1 } };

	if (address->family == 4)
		return address->bytes[0] == 127;
	return pr_address_equal(address, &one);
}

static bool is_local(const struct replay *replay, const struct pr_address *address)
{
	for (unsigned int i = 0; i < replay->n_locals; i++)
		if (pr_address_equal(&replay->locals[i], address))
			return true;
	return is_loopback(address);
}

static void learn(struct replay *replay, const struct pr_address *address)
{
	if (!is_local(replay, address) && replay->n_locals < PR_REPLAY_LOCALS_MAX)
		replay->locals[replay->n_locals++] = *address;
}

/* Multicast and broadcast are for the guarded host as well. */
static bool is_for_many(const struct pr_address *address)
{
	if (address->family == 4)
		return address->bytes[0] >= 224;
	return address->bytes[0] == 0xff;
}

static enum pr_hook hook_of(struct replay *replay, const struct pr_captured *captured,
			    bool *ret_input_too)
{
	struct pr_packet packet = { 0 };
	bool to_us;
	int r;

	*ret_input_too = false;
	r = pr_packet_parse(captured->bytes, captured->len, captured->wire_len, &packet);
	if (r != PR_PACKET_PARSED && r != PR_PACKET_LATER_FRAGMENT)
		return captured->way == PR_CAPTURE_WAY_OUT ? PR_HOOK_OUTPUT : PR_HOOK_INPUT;
	if (replay->learns && (captured->way == PR_CAPTURE_WAY_OUT ||
			       (captured->way == PR_CAPTURE_WAY_UNKNOWN && replay->n_locals == 0)))
		learn(replay, &packet.tuple.src);
	to_us = is_local(replay, &packet.tuple.dst);
	if (is_local(replay, &packet.tuple.src)) {
		*ret_input_too = to_us;
		return PR_HOOK_OUTPUT;
	}
	return to_us || is_for_many(&packet.tuple.dst) ? PR_HOOK_INPUT : PR_HOOK_FORWARD;
}

/* The hooks stand behind conntrack, which has put fragments together. Those of a packet that isn't whole come to no
 * hook. *ret_fragments: the packet was made of some, and its bytes are good until the next one is. */
static int next_whole(struct replay *replay, struct pr_captured *captured, bool *ret_fragments)
{
	struct pr_packet packet;
	int r;

	while ((r = pr_capture_next(&replay->capture, captured)) == PR_CAPTURE_DONE) {
		r = pr_packet_parse(captured->bytes, captured->len, captured->wire_len, &packet);
		*ret_fragments =
			(r == PR_PACKET_PARSED || r == PR_PACKET_LATER_FRAGMENT) && packet.fragment;
		if (!*ret_fragments)
			return PR_CAPTURE_DONE;
		if (pr_fragments_add(replay->fragments, captured->bytes, captured->len,
				     &captured->bytes, &captured->len) == PR_FRAGMENTS_WHOLE) {
			captured->wire_len = captured->len;
			return PR_CAPTURE_DONE;
		}
	}
	return r;
}

static void set_devices(struct pr_intercepted *packet, bool local)
{
	uint32_t ifindex = local ? LOOPBACK_IFINDEX : OUTSIDE_IFINDEX;

	packet->out_ifindex = packet->hook == PR_HOOK_INPUT ? 0 : ifindex;
	packet->in_ifindex = packet->hook == PR_HOOK_OUTPUT ? 0 : ifindex;
}

/* The next packet of the capture; what pr_capture_next() says. */
static int one(struct replay *replay, struct pr_intercepted *ret_packet, bool *ret_fragments)
{
	struct pr_captured captured;
	struct pr_intercepted packet;
	int r = next_whole(replay, &captured, ret_fragments);

	if (r != PR_CAPTURE_DONE)
		return r;
	if (captured.real_us > replay->last_us)
		replay->last_us = captured.real_us;
	packet = (struct pr_intercepted){
		.handle = (uint64_t)captured.number * 2,
		.hook = hook_of(replay, &captured, &replay->has_second),
		.time_us = replay->last_us,
		.bytes = captured.bytes,
		.len = captured.len,
		.wire_len = captured.wire_len,
		.uid = UINT32_MAX,
	};
	set_devices(&packet, replay->has_second);
	if (replay->has_second) {
		replay->second = packet;
		replay->second.handle++;
		replay->second.hook = PR_HOOK_INPUT;
		set_devices(&replay->second, true);
	}
	replay->counters.n_packets++;
	*ret_packet = packet;
	return PR_CAPTURE_DONE;
}

static int replay_next(struct pr_interception *interception, struct pr_intercepted *packets,
		       unsigned int n_max, int timeout_ms)
{
	struct replay *replay = replay_of(interception);
	bool fragments = false;
	unsigned int n = 0;

	(void)timeout_ms; /* a capture never waits */
	while (n < n_max && !fragments) {
		int r = PR_CAPTURE_DONE;

		if (replay->has_second) {
			replay->has_second = false;
			packets[n++] = replay->second;
			break;
		}
		r = one(replay, &packets[n], &fragments);
		if (r != PR_CAPTURE_DONE) {
			replay->counters.damaged = r == PR_CAPTURE_DAMAGED;
			break;
		}
		n++;
	}
	return n || !n_max ? (int)n : -ENODATA;
}

static void replay_verdict(struct pr_interception *interception,
			   const struct pr_intercepted *packet,
			   const struct pr_verdict_order *order)
{
	struct replay *replay = replay_of(interception);

	if (replay->verdict)
		replay->verdict(replay->context, packet, order);
}

static void replay_flush(struct pr_interception *interception)
{
	(void)interception;
}

static void replay_close(struct pr_interception *interception)
{
	pr_fragments_free(replay_of(interception)->fragments);
	free(replay_of(interception));
}

static const struct pr_interception_operations operations = {
	.next = replay_next,
	.verdict = replay_verdict,
	.flush = replay_flush,
	.close = replay_close,
};

int pr_replay_open(const void *bytes, size_t len, const struct pr_replay_options *options,
		   struct pr_interception **ret_interception)
{
	struct replay *replay = pr_calloc(1, sizeof(*replay));

	if (pr_capture_open(bytes, len, &replay->capture) != PR_CAPTURE_DONE) {
		free(replay);
		return PR_REPLAY_UNKNOWN;
	}
	replay->interception.operations = &operations;
	replay->fragments = pr_fragments_new();
	replay->verdict = options->verdict;
	replay->context = options->context;
	replay->learns = options->n_locals == 0;
	for (unsigned int i = 0; i < options->n_locals; i++)
		learn(replay, &options->locals[i]);
	*ret_interception = &replay->interception;
	return PR_REPLAY_DONE;
}

void pr_replay_counters(const struct pr_interception *interception,
			struct pr_replay_counters *ret_counters)
{
	const struct replay *replay = replay_of(interception);

	*ret_counters = replay->counters;
	ret_counters->n_fragments_lost = pr_fragments_n_lost(replay->fragments);
	ret_counters->n_records = replay->capture.n_records;
	ret_counters->n_not_ip = replay->capture.n_not_ip;
	ret_counters->n_unknown_links = replay->capture.n_unknown_links;
}

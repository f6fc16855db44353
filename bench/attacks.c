/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the detection of attacks adds to a new incoming link: two engines, one of which looks for attacks, get the same
 * packets in turns; the difference of their best rounds, in time of the processor, is printed. Links to a port that is served, of a thousand
 * clients; then links to nobody, each from a source of its own, which fills the detector's tables.
 */
#include "base/hash.h"
#include "engine/engine.h"
#include "packet/build.h"
#include "profile/config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define N_ROUNDS  15
#define N_PACKETS 20000u

struct side {
	struct pr_engine *engine;
	struct pr_policy_blob blob;
	enum pr_owner_outcome owner;
	uint64_t now_us;
	double ns[N_ROUNDS];
};

static enum pr_owner_outcome port_owner(void *context, const struct pr_intercepted *packet,
					const struct pr_tuple *tuple, enum pr_direction direction,
					uint64_t ticket, struct pr_process **ret_process)
{
	struct side *side = context;

	(void)packet;
	(void)tuple;
	(void)direction;
	(void)ticket;
	(void)ret_process;
	return side->owner;
}

static enum pr_attack_opened port_opened(void *context, const struct pr_tuple *tuple,
					 bool *ret_live)
{
	(void)context;
	(void)tuple;
	*ret_live = true;
	return PR_OPENED_COMPLETED;
}

static void port_nothing(void *context)
{
	(void)context;
}

static void port_wake(void *context, uint64_t at_us)
{
	(void)context;
	(void)at_us;
}

static void port_event(void *context, const struct pr_event *event)
{
	(void)context;
	(void)event;
}

static void start(struct side *side, const char *text)
{
	const struct pr_engine_ports ports = { .context = side,
					       .owner = port_owner,
					       .opened = port_opened,
					       .raise_generation = port_nothing,
					       .forget_denied = port_nothing,
					       .wake = port_wake,
					       .event = port_event };
	const struct pr_engine_options options = { .n_links_max = N_PACKETS };
	struct pr_config_file file = { .layer = PR_LAYER_ADMINISTRATOR,
				       .name = "portreeve.conf",
				       .text = text,
				       .len = strlen(text) };
	const struct pr_config_input input = { .files = &file, .n_files = 1, .boot_id = "b" };
	struct pr_engine_address own = { .prefix_len = 24, .ifindex = 2 };
	struct pr_config_error error;
	struct pr_policy *policy;

	pr_assert(pr_settings_compile(&input, &side->blob, &error) == 0);
	pr_assert(pr_policy_open(side->blob.bytes, side->blob.len, &policy) == 0);
	pr_assert(pr_address_parse("192.0.2.1", &own.address) == 0);
	side->now_us = 1000000;
	side->engine = pr_engine_new(&ports, &options);
	pr_engine_addresses_set(side->engine, &own, 1, side->now_us);
	pr_engine_policy_set_take(side->engine, policy, side->now_us);
	pr_engine_generation_set(side->engine, 1, side->now_us);
}

static size_t build(uint32_t source, uint16_t source_port, uint16_t port, uint8_t *bytes,
		    size_t size)
{
	const uint8_t from[4] = { (uint8_t)(source >> 24), (uint8_t)(source >> 16),
				  (uint8_t)(source >> 8), (uint8_t)source };
	struct pr_packet_parts parts = { .tcp_flags = PR_TCP_SYN };
	size_t len = 0;

	parts.tuple = (struct pr_tuple){ .src = pr_address_v4(from),
					 .dst = pr_address_v4("\xc0\x00\x02\x01"),
					 .src_port = source_port,
					 .dst_port = port,
					 .proto = IPPROTO_TCP };
	pr_assert(pr_packet_build(&parts, bytes, size, &len) == 0);
	return len;
}

static uint64_t processor_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Nanoseconds for a packet. */
static double run(struct side *side, bool served, unsigned int round)
{
	static uint8_t bytes[N_PACKETS][64];
	static size_t lens[N_PACKETS];
	struct pr_intercepted packet = { .hook = PR_HOOK_INPUT,
					 .in_ifindex = 2,
					 .uid = UINT32_MAX };
	struct pr_verdict_order order;
	uint64_t start_ns;

	for (uint32_t i = 0; i < N_PACKETS; i++) {
		uint32_t source =
			served ? 0x08080000u + i % 1000 : 0x09000000u + round * N_PACKETS + i;

		lens[i] = build(source, (uint16_t)(1024 + i / 1000 + round * 100), served ? 443 : 7,
				bytes[i], sizeof(bytes[i]));
	}
	side->owner = served ? PR_OWNER_KERNEL : PR_OWNER_NONE;
	start_ns = processor_ns();
	for (uint32_t i = 0; i < N_PACKETS; i++) {
		packet.bytes = bytes[i];
		packet.len = packet.wire_len = lens[i];
		packet.time_us = side->now_us += 20;
		(void)!pr_engine_packet(side->engine, NULL, &packet, &order);
	}
	start_ns = processor_ns() - start_ns;
	pr_engine_settle(side->engine);
	(void)pr_engine_tick(side->engine, side->now_us += 5000000);
	return (double)start_ns / N_PACKETS;
}

static double best(const struct side *side)
{
	double least = side->ns[0];

	for (unsigned int i = 1; i < N_ROUNDS; i++)
		if (side->ns[i] < least)
			least = side->ns[i];
	return least;
}

static void measure(struct side *with, struct side *without, bool served, const char *name,
		    const char *aim)
{
	double more;

	for (unsigned int round = 0; round < N_ROUNDS; round++) {
		struct side *first = round % 2 ? with : without,
			    *second = round % 2 ? without : with;

		first->ns[round] = run(first, served, round);
		second->ns[round] = run(second, served, round);
	}
	more = best(with) - best(without);
	printf("{\"name\": \"%s\", \"value\": %.0f, \"unit\": \"ns\"%s, \"against\": \"%.0f ns "
	       "without\"}\n",
	       name, more, aim, best(without));
}

int main(void)
{
	static struct side with, without;

	pr_hash_seed(1);
	start(&with, "inspect = false; attacks = \"report\"; block_attackers_s = 60;");
	start(&without, "inspect = false; attacks = \"ignore\";");
	measure(&with, &without, true, "attacks_new_link_ns", ", \"at_most\": 100");
	measure(&with, &without, false, "attacks_closed_link_ns", "");
	pr_engine_free(with.engine);
	pr_engine_free(without.engine);
	pr_policy_blob_done(&with.blob);
	pr_policy_blob_done(&without.blob);
	return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "interception/replay.h"
#include "packet/build.h"

#include "base/cursor.h"
#include "unit.h"

#include <netinet/in.h>

struct file {
	uint8_t bytes[4096];
	struct pr_writer writer;
};

static void begin(struct file *file)
{
	file->writer = pr_writer(file->bytes, sizeof(file->bytes));
	pr_write_u32(&file->writer, 0xa1b2c3d4);
	pr_write_u32(&file->writer, 2 << 16 | 4);
	pr_write_u32(&file->writer, 0);
	pr_write_u32(&file->writer, 0);
	pr_write_u32(&file->writer, 65535);
	pr_write_u32(&file->writer, 101);
}

static void add(struct file *file, uint32_t second, const char *src, const char *dst)
{
	struct pr_packet_parts parts = {
		.tuple = { .src_port = 4000, .dst_port = 53, .proto = IPPROTO_UDP }
	};
	uint8_t packet[100];
	size_t len;

	assert_int_equal(pr_address_parse(src, &parts.tuple.src), 0);
	assert_int_equal(pr_address_parse(dst, &parts.tuple.dst), 0);
	assert_int_equal(pr_packet_build(&parts, packet, sizeof(packet), &len), 0);
	pr_write_u32(&file->writer, second);
	pr_write_u32(&file->writer, 0);
	pr_write_u32(&file->writer, (uint32_t)len);
	pr_write_u32(&file->writer, (uint32_t)len);
	pr_write_bytes(&file->writer, packet, len);
}

static void count(void *context, const struct pr_intercepted *packet,
		  const struct pr_verdict_order *order)
{
	assert_int_equal(order->verdict, PR_VERDICT_DROP);
	assert_int_equal(packet->hook, PR_HOOK_OUTPUT);
	++*(unsigned int *)context;
}

static void packets_come_at_the_hooks_where_they_were(void **state)
{
	static const enum pr_hook hooks[] = { PR_HOOK_OUTPUT, PR_HOOK_INPUT,  PR_HOOK_FORWARD,
					      PR_HOOK_INPUT,  PR_HOOK_OUTPUT, PR_HOOK_INPUT };
	struct pr_intercepted packets[8];
	struct pr_replay_options options = { 0 };
	struct pr_replay_counters counters;
	struct pr_interception *replay;
	struct file file;

	(void)state;
	begin(&file);
	add(&file, 10, "192.0.2.1", "198.51.100.7");
	add(&file, 9, "198.51.100.7", "192.0.2.1");
	add(&file, 11, "203.0.113.1", "203.0.113.2");
	add(&file, 12, "198.51.100.7", "224.0.0.251");
	add(&file, 13, "127.0.0.1", "127.0.0.1");
	assert_int_equal(pr_replay_open(file.bytes, file.writer.position, &options, &replay), 0);
	/* One at a time over the pair of the local link. */
	assert_int_equal(replay->operations->next(replay, packets, 5, -1), 5);
	assert_int_equal(replay->operations->next(replay, packets + 5, 3, -1), 1);
	assert_int_equal(replay->operations->next(replay, packets + 6, 2, -1), -ENODATA);
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(hooks); i++) {
		assert_int_equal(packets[i].hook, hooks[i]);
		assert_true(i == 0 || packets[i].time_us >= packets[i - 1].time_us);
	}
	assert_int_equal(packets[0].handle, 2);
	assert_int_equal(packets[5].handle, packets[4].handle + 1);
	pr_replay_counters(replay, &counters);
	assert_int_equal(counters.n_packets, 5);
	assert_false(counters.damaged);
	replay->operations->close(replay);
}

static void verdicts_go_to_the_listener(void **state)
{
	struct pr_verdict_order order = { .verdict = PR_VERDICT_DROP };
	struct pr_interception *replay;
	struct pr_intercepted packet;
	struct pr_address local;
	unsigned int n = 0;
	struct file file;
	struct pr_replay_options options = {
		.locals = &local, .n_locals = 1, .verdict = count, .context = &n
	};

	(void)state;
	assert_int_equal(pr_address_parse("198.51.100.7", &local), 0);
	begin(&file);
	add(&file, 10, "198.51.100.7", "192.0.2.1");
	assert_int_equal(pr_replay_open(file.bytes, file.writer.position, &options, &replay), 0);
	assert_int_equal(replay->operations->next(replay, &packet, 1, 0), 1);
	replay->operations->verdict(replay, &packet, &order);
	replay->operations->flush(replay);
	assert_int_equal(n, 1);
	replay->operations->close(replay);
	assert_int_equal(pr_replay_open("no capture", 10, &options, &replay), PR_REPLAY_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_come_at_the_hooks_where_they_were),
		cmocka_unit_test(verdicts_go_to_the_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

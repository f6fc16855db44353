/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links under inspection. The input: 1 UDP, 2 somebody waits, 4 nothing was missed, 8 little memory; the length of what the client
 * says in two bytes, that; the same of the server; then steps of six bytes: what, where in that text, how many bytes
 * of it, what else. A model keeps which byte came first at each place, and holds against it what the link has
 * put together and what it lets go.
 */
#include "base/cursor.h"
#include "inspection/inspection_private.h"

#include "../target.h"

#include <string.h>

#define TEXT_MAX  4096u
#define ISN	  0xffffff00u
#define STEPS_MAX 400u
#define LITTLE	  20000u

enum step { CLIENT, SERVER, OPENS, ACKNOWLEDGES, FIN, TIME, WANT, GIVE_UP, ANOTHER, ODD, STEP_N };

/* One end's bytes as they were first taken. */
struct model {
	uint8_t text[TEXT_MAX], first[TEXT_MAX];
	bool taken[TEXT_MAX];
	uint32_t len;
};

struct world {
	struct pr_inspections *pool;
	struct pr_inspection *link, *other;
	struct model ends[2]; /* client, server */
	uint64_t now_us;
	bool udp;
	unsigned int settled;
};

static void check_stream(const struct pr_assembly *assembly, const struct model *model)
{
	pr_assert(assembly->len <= assembly->size && assembly->size <= PR_INSPECTION_SERVER_MAX);
	pr_assert(assembly->n_pieces <= PR_INSPECTION_PIECES_MAX);
	for (uint32_t i = 0; i < assembly->len && i < TEXT_MAX; i++)
		pr_assert(model->taken[i] && assembly->bytes[i] == model->first[i]);
	for (uint32_t i = 0; i < assembly->n_pieces; i++) {
		pr_assert(assembly->pieces[i].from < assembly->pieces[i].to);
		pr_assert(assembly->pieces[i].from >
			  (i ? assembly->pieces[i - 1].to : assembly->len));
		pr_assert(assembly->pieces[i].to <= assembly->size);
	}
}

static void check(struct world *world)
{
	const struct pr_seen *seen = pr_inspection_seen(world->link);
	struct pr_inspections_counters counters;

	pr_inspections_counters(world->pool, &counters);
	pr_assert(counters.bytes <= counters.bytes_max);
	pr_assert((world->settled & ~seen->settled) == 0);
	world->settled = seen->settled;
	pr_assert(seen->speaks < PR_SPEAKS_COUNT_);
	if (world->link->finished) {
		pr_assert(!world->link->client.size && !world->link->server.size);
		pr_assert(!world->link->datagrams);
	} else if (!world->udp) {
		if (world->link->client.first == ISN + 1)
			check_stream(&world->link->client, &world->ends[0]);
		if (world->link->server.first == ISN + 1)
			check_stream(&world->link->server, &world->ends[1]);
	}
}

static bool covers(const struct pr_assembly *assembly, uint32_t at)
{
	if (at < assembly->len)
		return true;
	for (uint32_t i = 0; i < assembly->n_pieces; i++)
		if (at >= assembly->pieces[i].from && at < assembly->pieces[i].to)
			return true;
	return false;
}

/* What the link has taken of the packet's bytes, where it had none before. */
static void take(struct model *model, const struct pr_assembly *assembly, uint32_t offset,
		 const uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		uint32_t at = offset + i;

		if (at >= TEXT_MAX || model->taken[at] || !covers(assembly, at))
			continue;
		model->first[at] = bytes[i];
		model->taken[at] = true;
	}
}

static void hand_in(struct world *world, bool reply, uint8_t flags, uint32_t offset,
		    const uint8_t *bytes, uint32_t len, uint32_t wire_len)
{
	struct pr_inspection *link = world->link;
	struct pr_assembly *assembly = reply ? &link->server : &link->client;
	const struct pr_packet packet = {
		.payload_offset = 40,
		.payload_len = len,
		.wire_len = 40 + wire_len,
		.tcp_flags = flags,
		.seq = ISN + offset + !(flags & PR_TCP_SYN),
		.ack = ISN + 1 + (reply ? link->client.len : link->server.len),
	};
	bool waits = !world->udp && !reply && link->holds && !link->finished;
	bool numbers_known = assembly->known && assembly->first == ISN + 1;
	uint8_t buffer[40 + TEXT_MAX] = { 0 };
	int64_t behind = (int64_t)(int32_t)offset + wire_len;
	struct pr_inspected inspected;

	if (len)
		memcpy(buffer + 40, bytes, len);
	inspected = pr_inspection_packet(world->pool, link, &packet, buffer, 40 + len, reply,
					 world->now_us);
	pr_assert(link->finished == (inspected.says == PR_INSPECTION_FINISHED));
	pr_assert(link->holds || inspected.says == PR_INSPECTION_PASS ||
		  inspected.says == PR_INSPECTION_FINISHED);
	pr_assert(!reply || inspected.says != PR_INSPECTION_HOLD);
	if (world->udp || link->finished)
		return;
	take(&world->ends[reply], assembly, offset, bytes, len);
	/* not a byte that nobody has looked at */
	if (waits && wire_len && numbers_known && inspected.says == PR_INSPECTION_PASS &&
	    !(flags & PR_TCP_RST))
		pr_assert(behind <= link->released);
}

static void another(struct world *world, uint8_t what)
{
	const struct pr_tuple tuple = { .proto = IPPROTO_TCP };
	const struct pr_packet packet = { .payload_len = 1 + what, .wire_len = 1u + what };
	uint8_t bytes[256] = { 'G', 'E', 'T', ' ' };

	if (world->other)
		pr_inspection_end(world->pool, world->other);
	world->other =
		pr_inspection_begin(world->pool, &tuple, PR_FACTS_SEEN, true, 2, world->now_us);
	if (world->other)
		(void)pr_inspection_packet(world->pool, world->other, &packet, bytes, 1u + what,
					   false, world->now_us);
}

static void pass_time(struct world *world, uint32_t ms)
{
	struct pr_inspection *given_up = NULL;
	uint64_t due_us, link;

	world->now_us += ms * UINT64_C(1000);
	while ((link = pr_inspections_tick(world->pool, world->now_us, &given_up, &due_us))) {
		pr_assert(given_up == (link == 1 ? world->link : world->other));
		pr_assert(pr_inspection_seen(given_up)->settled == PR_FACTS_SEEN);
	}
	pr_assert(due_us > world->now_us && due_us == pr_inspections_due(world->pool));
}

/* Another byte, no more than it says, a flag that is rare. */
static void odd(struct world *world, uint32_t offset, uint32_t len, uint8_t what)
{
	const uint8_t flags[] = { PR_TCP_ACK, PR_TCP_URG | PR_TCP_ACK, PR_TCP_RST, PR_TCP_SYN };
	struct model *model = &world->ends[what & 1];
	uint8_t bytes[TEXT_MAX];

	memcpy(bytes, model->text + offset, len);
	if (what & 4 && len)
		bytes[what % len] ^= 0x20;
	if (what & 2)
		offset = (uint32_t) - (int32_t)offset;
	hand_in(world, what & 1, flags[what >> 6], offset, bytes, len,
		len + (what & 8 ? 1 + what : 0));
}

static void do_step(struct world *world, enum step step, uint32_t offset, uint32_t len,
		    uint8_t what)
{
	const struct model *model = &world->ends[step == SERVER || what & 1];

	offset = model->len ? offset % (model->len + 1) : 0;
	len = len < model->len - offset ? len : model->len - offset;
	switch (step) {
	case CLIENT:
	case SERVER:
		model = &world->ends[step == SERVER];
		offset = offset < model->len ? offset : model->len;
		len = len < model->len - offset ? len : model->len - offset;
		hand_in(world, step == SERVER, PR_TCP_ACK, offset, model->text + offset, len, len);
		break;
	case OPENS:
		hand_in(world, false, PR_TCP_SYN, 0, world->ends[0].text,
			what & 2 ? world->ends[0].len : 0, what & 2 ? world->ends[0].len : 0);
		break;
	case ACKNOWLEDGES:
		hand_in(world, what & 1, PR_TCP_ACK, offset, model->text, 0, 0);
		break;
	case FIN:
		hand_in(world, what & 1, PR_TCP_ACK | PR_TCP_FIN, offset, model->text + offset, len,
			len);
		break;
	case TIME:
		pass_time(world, len);
		break;
	case WANT:
		pr_inspection_want(world->link, what & PR_FACTS_SEEN, what & 1);
		break;
	case GIVE_UP:
		if (what == 7)
			pr_inspection_give_up(world->pool, world->link);
		break;
	case ANOTHER:
		another(world, what);
		break;
	case ODD:
	case STEP_N:
		odd(world, offset, len, what);
		break;
	}
}

static void read_text(struct pr_reader *reader, struct model *model)
{
	uint32_t len = pr_read_u16(reader);
	const uint8_t *bytes;

	len = len < TEXT_MAX ? len : TEXT_MAX;
	len = len < pr_reader_left(reader) ? len : (uint32_t)pr_reader_left(reader);
	bytes = pr_read_bytes(reader, len);
	if (bytes)
		memcpy(model->text, bytes, len);
	model->len = bytes ? len : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct world world;
	struct pr_reader reader = pr_reader(bytes, len);
	uint8_t what = pr_read_u8(&reader);
	struct pr_tuple tuple = { .dst_port = 80, .proto = what & 1 ? IPPROTO_UDP : IPPROTO_TCP };
	struct pr_inspections_counters counters;

	memset(&world, 0, sizeof(world));
	world.pool = pr_inspections_new(what & 8 ? LITTLE : 0);
	world.udp = what & 1;
	world.link = pr_inspection_begin(world.pool, &tuple, PR_FACTS_SEEN, what & 4, 1, 0);
	pr_inspection_want(world.link, 0, what & 2);
	read_text(&reader, &world.ends[0]);
	read_text(&reader, &world.ends[1]);
	for (unsigned int i = 0; i < STEPS_MAX && pr_reader_left(&reader) >= 6; i++) {
		enum step step = pr_read_u8(&reader) % STEP_N;
		uint32_t offset = pr_read_u16(&reader), n = pr_read_u16(&reader);

		do_step(&world, step, offset, n, pr_read_u8(&reader));
		check(&world);
	}
	pr_inspection_end(world.pool, world.link);
	if (world.other)
		pr_inspection_end(world.pool, world.other);
	pr_inspections_counters(world.pool, &counters);
	pr_assert(counters.bytes == 0 && counters.n == 0);
	pr_inspections_free(world.pool);
	return 0;
}

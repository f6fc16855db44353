/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *     captures-variants FILE.pcap
 *
 * Each flow of a capture again, otherwise: cut into other packets, in another order, twice, in other TLS records, and
 * ending anywhere. One JSON object a flow: what is seen of it as it was, and how often a variant showed the same, less,
 * or something else. `whole`: all bytes arrive, so the same must be seen. `cut`: the rest never comes; less may be
 * seen, something else never.
 */
#include "same.h"
#include "turns.h"

#include "inspection/inspection.h"
#include "packet/build.h"

#include <jansson.h>
#include <string.h>

#define SEGMENT_MAX   1400
#define PACKET_MAX    65535
#define POSITIONS_MAX 2600 /* bytes of a turn at which it is cut */
#define TURNS_MAX     8	   /* turns that are cut */
#define SEGMENTS_MAX  70   /* into which a turn is cut: packets that are looked at are bounded */
#define RECORD_HEAD   5
#define HANDSHAKE     22
#define STREAM_MAX    16000 /* a turn with more records must stay below what is kept of a stream */

struct tally {
	uint64_t same, less, other;
	char first_less[1024], first_other[1024];
};

struct run {
	struct pr_inspections *pool;
	const struct talk *talk;
	struct pr_inspection *inspection;
	uint32_t seq[2];
	bool finished;
	struct pr_seen base;
	struct tally whole, cut;
	char what[128]; /* which variant */
};

/* ---- packets ---- */

static void feed(struct run *run, bool server, uint8_t flags, uint32_t seq, const uint8_t *bytes,
		 size_t len)
{
	const struct pr_tuple *tuple = &run->talk->tuple;
	struct pr_packet_parts parts = { .tuple = server ? pr_tuple_reversed(tuple) : *tuple,
					 .tcp_flags = flags,
					 .seq = seq,
					 .ack = run->seq[!server],
					 .payload = bytes,
					 .payload_len = len };
	static uint8_t packet[PACKET_MAX];
	struct pr_packet parsed;
	size_t packet_len;

	if (run->finished)
		return;
	pr_assert(pr_packet_build(&parts, packet, sizeof(packet), &packet_len) == 0);
	pr_assert(pr_packet_parse(packet, packet_len, packet_len, &parsed) == PR_PACKET_PARSED);
	run->finished = pr_inspection_packet(run->pool, run->inspection, &parsed, packet,
					     packet_len, server, 0)
				.says == PR_INSPECTION_FINISHED;
}

static void start(struct run *run)
{
	run->finished = false;
	run->seq[0] = 1000;
	run->seq[1] = 4294967000u; /* it wraps soon */
	run->inspection =
		pr_inspection_begin(run->pool, &run->talk->tuple, PR_FACTS_SEEN, true, 1, 0);
	pr_assert(run->inspection);
	if (run->talk->tuple.proto != IPPROTO_TCP)
		return;
	feed(run, false, PR_TCP_SYN, run->seq[0]++, NULL, 0);
	feed(run, true, PR_TCP_SYN | PR_TCP_ACK, run->seq[1]++, NULL, 0);
	feed(run, false, PR_TCP_ACK, run->seq[0], NULL, 0);
}

/* Bytes from..to of a turn as a packet of its own, wherever they stand in the stream. */
static void piece(struct run *run, bool server, const uint8_t *bytes, size_t from, size_t to)
{
	if (run->talk->tuple.proto != IPPROTO_TCP) {
		feed(run, server, 0, 0, bytes + from, to - from);
		return;
	}
	for (; from < to; from += SEGMENT_MAX)
		feed(run, server, PR_TCP_ACK | PR_TCP_PSH, run->seq[server] + (uint32_t)from,
		     bytes + from, to - from < SEGMENT_MAX ? to - from : SEGMENT_MAX);
}

static void pass(struct run *run, bool server, size_t len)
{
	run->seq[server] += (uint32_t)len;
}

static void whole_turn(struct run *run, const struct turn *turn)
{
	piece(run, turn->server, turn->bytes, 0, turn->len);
	pass(run, turn->server, turn->len);
}

static void turns(struct run *run, size_t from, size_t to)
{
	for (size_t i = from; i < to && !run->finished; i++)
		whole_turn(run, &run->talk->turns[i]);
}

static void fin(struct run *run)
{
	if (run->talk->tuple.proto != IPPROTO_TCP)
		return;
	feed(run, false, PR_TCP_FIN | PR_TCP_ACK, run->seq[0]++, NULL, 0);
	feed(run, true, PR_TCP_FIN | PR_TCP_ACK, run->seq[1]++, NULL, 0);
}

/* ---- what was seen ---- */

static void describe(const struct run *run, const struct pr_seen *seen, char *out, size_t size)
{
	snprintf(out, size, "%s: %s %s %s encrypted=%s name=%s alpn=%s>%s ja4=%s flags=%x",
		 run->what, pr_speaks_name(seen->speaks), seen->version,
		 seen->n_names ? "named" : "nameless", pr_encryption_name(seen->encryption),
		 seen->n_names ? seen->names[0] : "", seen->alpn, seen->alpn_chosen, seen->ja4,
		 seen->flags);
}

static void stop(struct run *run, struct pr_seen *ret_seen)
{
	pr_inspection_give_up(run->pool, run->inspection);
	*ret_seen = *pr_inspection_seen(run->inspection);
	pr_inspection_end(run->pool, run->inspection);
}

static void judge(struct run *run, struct tally *tally)
{
	struct pr_seen seen;
	enum same same;

	stop(run, &seen);
	same = same_as(&run->base, &seen);
	if (seen.flags & PR_SEEN_CONTRADICTS && tally == &run->whole)
		same = OTHER;
	switch (same) {
	case SAME:
		tally->same++;
		return;
	case LESS:
		if (!tally->less++)
			describe(run, &seen, tally->first_less, sizeof(tally->first_less));
		return;
	case OTHER:
		if (!tally->other++)
			describe(run, &seen, tally->first_other, sizeof(tally->first_other));
	}
}

/* ---- variants of a turn ---- */

#define NAME(run, ...) snprintf((run)->what, sizeof((run)->what), __VA_ARGS__)

static void rest(struct run *run, size_t turn)
{
	turns(run, turn + 1, run->talk->n_turns);
	fin(run);
	judge(run, &run->whole);
}

enum order { IN_ORDER, LAST_FIRST, TWICE, OVERLAPPING, N_ORDERS };

static void in_two(struct run *run, size_t t, size_t at, enum order order)
{
	const struct turn *turn = &run->talk->turns[t];
	size_t back = at < 7 ? at : 7;

	NAME(run, "turn %zu in two at %zu, order %d", t, at, order);
	start(run);
	turns(run, 0, t);
	if (order == LAST_FIRST) {
		piece(run, turn->server, turn->bytes, at, turn->len);
		piece(run, turn->server, turn->bytes, 0, at);
	} else {
		piece(run, turn->server, turn->bytes, 0, at);
		if (order == TWICE)
			piece(run, turn->server, turn->bytes, 0, at);
		piece(run, turn->server, turn->bytes, order == OVERLAPPING ? at - back : at,
		      turn->len);
	}
	pass(run, turn->server, turn->len);
	rest(run, t);
}

static void ends_at(struct run *run, size_t t, size_t at, bool with_fin)
{
	const struct turn *turn = &run->talk->turns[t];

	NAME(run, "turn %zu ends at %zu%s", t, at, with_fin ? " with FIN" : "");
	start(run);
	turns(run, 0, t);
	piece(run, turn->server, turn->bytes, 0, at);
	pass(run, turn->server, at);
	if (with_fin)
		fin(run);
	judge(run, &run->cut);
}

static void small_segments(struct run *run, size_t t, size_t step, bool backwards)
{
	const struct turn *turn = &run->talk->turns[t];
	size_t n = (turn->len + step - 1) / step;

	/* Pieces that wait for those in front of them are bounded. */
	if (n > (backwards ? PR_INSPECTION_PIECES_MAX : SEGMENTS_MAX))
		return;
	NAME(run, "turn %zu in steps of %zu%s", t, step, backwards ? ", backwards" : "");
	start(run);
	turns(run, 0, t);
	for (size_t i = 0; i < n; i++) {
		size_t from = (backwards ? n - 1 - i : i) * step;

		piece(run, turn->server, turn->bytes, from,
		      from + step < turn->len ? from + step : turn->len);
	}
	pass(run, turn->server, turn->len);
	rest(run, t);
}

/* ---- variants of TLS records ---- */

static size_t record_len(const struct turn *turn)
{
	size_t len = turn->len < RECORD_HEAD ? 0 : (size_t)(turn->bytes[3] << 8 | turn->bytes[4]);

	return turn->len >= RECORD_HEAD && turn->bytes[0] == HANDSHAKE && turn->bytes[1] == 3 &&
			       RECORD_HEAD + len <= turn->len
		       ? len
		       : 0;
}

static void put_record(struct turn *out, const uint8_t *head, const uint8_t *bytes, size_t len)
{
	memcpy(out->bytes + out->len, head, 3);
	out->bytes[out->len + 3] = (uint8_t)(len >> 8);
	out->bytes[out->len + 4] = (uint8_t)len;
	memcpy(out->bytes + out->len + RECORD_HEAD, bytes, len);
	out->len += RECORD_HEAD + len;
}

/* The turn's first record as several: one of `first` bytes, then of `step`. */
static void in_records(struct run *run, size_t t, size_t first, size_t step)
{
	const struct turn *turn = &run->talk->turns[t];
	size_t len = record_len(turn), n = 1 + (len - first + step - 1) / step;
	struct turn out = { .server = turn->server };

	if (turn->len + n * RECORD_HEAD > STREAM_MAX)
		return;
	out.bytes = pr_calloc(turn->len + n * RECORD_HEAD, 1);
	put_record(&out, turn->bytes, turn->bytes + RECORD_HEAD, first);
	for (size_t at = first; at < len; at += step)
		put_record(&out, turn->bytes, turn->bytes + RECORD_HEAD + at,
			   len - at < step ? len - at : step);
	memcpy(out.bytes + out.len, turn->bytes + RECORD_HEAD + len, turn->len - RECORD_HEAD - len);
	out.len += turn->len - RECORD_HEAD - len;
	NAME(run, "turn %zu in records of %zu and %zu", t, first, step);
	start(run);
	turns(run, 0, t);
	whole_turn(run, &out);
	free(out.bytes);
	rest(run, t);
}

static void records(struct run *run, size_t t)
{
	static const size_t steps[] = { 1, 2, 5, 16, 100, 250 };
	size_t len = record_len(&run->talk->turns[t]);

	for (size_t at = 1; at < len && at < POSITIONS_MAX; at++)
		in_records(run, t, at, len);
	for (size_t i = 0; i < PR_ARRAY_SIZE(steps); i++)
		if (steps[i] < len)
			in_records(run, t, steps[i], steps[i]);
}

/* ---- flows ---- */

static void vary_tcp(struct run *run)
{
	static const size_t steps[] = { 1, 2, 3, 7, 16, 33, 64, 128, 250, 536 };
	const struct talk *talk = run->talk;

	for (size_t t = 0; t < talk->n_turns && t < TURNS_MAX; t++) {
		size_t len = talk->turns[t].len;

		for (size_t at = 1; at < len && at < POSITIONS_MAX; at++) {
			for (enum order order = IN_ORDER; order < N_ORDERS; order++)
				in_two(run, t, at, order);
			ends_at(run, t, at, false);
			ends_at(run, t, at, true);
		}
		for (size_t i = 0; i < PR_ARRAY_SIZE(steps); i++) {
			small_segments(run, t, steps[i], false);
			small_segments(run, t, steps[i], true);
		}
		if (!talk->turns[t].server)
			records(run, t);
	}
}

/* How many datagrams the client sends before the server says anything. */
static size_t n_first(const struct talk *talk)
{
	size_t n = 0;

	while (n < talk->n_turns && !talk->turns[n].server)
		n++;
	return n < PR_INSPECTION_DATAGRAMS_MAX / 2 ? n : PR_INSPECTION_DATAGRAMS_MAX / 2;
}

static void swapped(struct run *run, size_t a, size_t b)
{
	NAME(run, "datagrams %zu and %zu swapped", a, b);
	start(run);
	for (size_t i = 0; i < run->talk->n_turns; i++)
		whole_turn(run, &run->talk->turns[i == a ? b : i == b ? a : i]);
	judge(run, &run->whole);
}

static void twice(struct run *run, size_t which)
{
	NAME(run, "datagram %zu twice", which);
	start(run);
	for (size_t i = 0; i < run->talk->n_turns; i++) {
		whole_turn(run, &run->talk->turns[i]);
		if (i == which)
			whole_turn(run, &run->talk->turns[i]);
	}
	judge(run, &run->whole);
}

static void missing(struct run *run, size_t which)
{
	NAME(run, "datagram %zu missing", which);
	start(run);
	for (size_t i = 0; i < run->talk->n_turns; i++)
		if (i != which)
			whole_turn(run, &run->talk->turns[i]);
	judge(run, &run->cut);
}

static void vary_udp(struct run *run)
{
	size_t n = n_first(run->talk);

	for (size_t a = 0; a < n; a++) {
		const struct turn *turn = &run->talk->turns[a];

		twice(run, a);
		missing(run, a);
		for (size_t b = a + 1; b < n; b++)
			swapped(run, a, b);
		for (size_t at = 1; at < turn->len && at < POSITIONS_MAX; at++)
			ends_at(run, a, at, false);
	}
}

static json_t *tally_json(const struct tally *tally)
{
	return json_pack("{s:I, s:I, s:I, s:s, s:s}", "same", (json_int_t)tally->same, "unknown",
			 (json_int_t)tally->less, "wrong", (json_int_t)tally->other,
			 "first_unknown", tally->first_less, "first_wrong", tally->first_other);
}

static void report(const struct run *run)
{
	const struct pr_tuple *tuple = &run->talk->tuple;
	char src[PR_ADDRESS_TEXT_SIZE], dst[PR_ADDRESS_TEXT_SIZE];
	json_t *names = json_array(), *object;

	for (unsigned int i = 0; i < run->base.n_names; i++)
		json_array_append_new(names, json_string(run->base.names[i]));
	object = json_pack("{s:{s:s, s:s, s:i, s:s, s:i}, s:s, s:s, s:o, s:s, s:b, s:o, s:o}",
			   "flow", "proto", tuple->proto == IPPROTO_TCP ? "tcp" : "udp", "src",
			   pr_address_format(&tuple->src, src), "src_port", tuple->src_port, "dst",
			   pr_address_format(&tuple->dst, dst), "dst_port", tuple->dst_port,
			   "protocol", pr_speaks_name(run->base.speaks), "encrypted",
			   pr_encryption_name(run->base.encryption), "names", names, "ja4",
			   run->base.ja4, "broken", run->talk->broken, "whole",
			   tally_json(&run->whole), "cut", tally_json(&run->cut));
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void vary(struct run *run)
{
	start(run);
	turns(run, 0, run->talk->n_turns);
	fin(run);
	stop(run, &run->base);
	if (!run->talk->broken && run->talk->tuple.proto == IPPROTO_TCP)
		vary_tcp(run);
	else if (!run->talk->broken)
		vary_udp(run);
	report(run);
}

int main(int argc, char **argv)
{
	struct talks talks;

	if (argc != 2 || !talks_read(argv[1], &talks)) {
		fputs("usage: captures-variants FILE.pcap\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < talks.n; i++) {
		struct run run = { .pool = pr_inspections_new(0), .talk = &talks.talks[i] };

		vary(&run);
		pr_inspections_free(run.pool);
	}
	talks_free(&talks);
	return 0;
}

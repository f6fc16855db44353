/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What inspection costs: `bench-inspect DIR` with what a browser sends first (bench/hellos.py): tcp0, tcp1, … the segments of a
 * ClientHello, udp0, udp1, … the datagrams of QUIC's. 1,000 links are under way; each is told what the client says, and ends with
 * that, as in the engine. Prints one JSON object a line; the figure is the median of the rounds.
 */
#include "inspection/inspection.h"
#include "packet/build.h"

#include <malloc.h>
#include <string.h>
#include <time.h>

#define N_LINKS	    1000u
#define N_ROUNDS    21
#define PIECES_MAX  8
#define PACKET_SIZE 2048
#define CLIENT_ISN  1000u
#define SERVER_ISN  2000u

struct packet {
	uint8_t bytes[PACKET_SIZE];
	size_t len;
	bool reply;
};

struct talk {
	uint8_t proto;
	struct packet syn, pieces[PIECES_MAX], ack;
	unsigned int n_pieces;
};

static struct pr_inspection *links[N_LINKS];

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static struct pr_tuple tuple_of(uint8_t proto)
{
	struct pr_tuple tuple = { .src_port = 40000, .dst_port = 443, .proto = proto };

	if (pr_address_parse("192.0.2.1", &tuple.src) ||
	    pr_address_parse("198.51.100.7", &tuple.dst))
		fail("no address");
	return tuple;
}

static void build(struct packet *packet, uint8_t proto, bool reply, uint8_t flags, uint32_t seq,
		  const void *payload, size_t len)
{
	const struct pr_tuple tuple = tuple_of(proto);
	const struct pr_packet_parts parts = {
		.tuple = reply ? pr_tuple_reversed(&tuple) : tuple,
		.tcp_flags = flags,
		.seq = seq,
		.ack = flags & PR_TCP_ACK ? (reply ? CLIENT_ISN : SERVER_ISN) + 1 : 0,
		.payload = payload,
		.payload_len = len,
	};

	packet->reply = reply;
	if (pr_packet_build(&parts, packet->bytes, sizeof(packet->bytes), &packet->len))
		fail("a packet can't be built");
}

static void read_talk(const char *directory, const char *way, uint8_t proto, struct talk *talk)
{
	uint32_t seq = CLIENT_ISN + 1;

	talk->proto = proto;
	build(&talk->syn, proto, false, PR_TCP_SYN, CLIENT_ISN, NULL, 0);
	build(&talk->ack, proto, true, PR_TCP_ACK, SERVER_ISN + 1, NULL, 0);
	for (talk->n_pieces = 0; talk->n_pieces < PIECES_MAX; talk->n_pieces++) {
		PR_CLEANUP(pr_cleanup_free)
		char *path = pr_asprintf("%s/%s%u", directory, way, talk->n_pieces);
		PR_CLEANUP(pr_cleanup_fclose) FILE *file = fopen(path, "rb");
		uint8_t bytes[PACKET_SIZE];
		size_t len;

		if (!file)
			break;
		len = fread(bytes, 1, sizeof(bytes), file);
		build(&talk->pieces[talk->n_pieces], proto, false, PR_TCP_ACK, seq, bytes, len);
		seq += (uint32_t)len;
	}
	if (!talk->n_pieces)
		fail("no packets");
}

static uint64_t cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static enum pr_inspection_says hand_in(struct pr_inspections *pool, struct pr_inspection *link,
				       const struct packet *packet)
{
	struct pr_packet parsed;

	if (pr_packet_parse(packet->bytes, packet->len, packet->len, &parsed) != PR_PACKET_PARSED)
		fail("a packet can't be read");
	return pr_inspection_packet(pool, link, &parsed, packet->bytes, packet->len, packet->reply,
				    1)
		.says;
}

static void begin_all(struct pr_inspections *pool, const struct talk *talk, unsigned int wants)
{
	const struct pr_tuple tuple = tuple_of(talk->proto);

	for (unsigned int i = 0; i < N_LINKS; i++) {
		links[i] = pr_inspection_begin(pool, &tuple, wants, true, i + 1, 0);
		if (!links[i])
			fail("no room");
		pr_inspection_want(links[i], 0, PR_FACTS_SEEN);
		if (talk->proto == IPPROTO_TCP)
			(void)hand_in(pool, links[i], &talk->syn);
	}
}

static void end_all(struct pr_inspections *pool)
{
	for (unsigned int i = 0; i < N_LINKS; i++)
		pr_inspection_end(pool, links[i]);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void say(const char *name, double *rounds, const char *unit, double at_most,
		const char *against)
{
	qsort(rounds, N_ROUNDS, sizeof(*rounds), by_value);
	printf("{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", \"at_most\": %g, "
	       "\"spread\": [%.3f, %.3f], \"against\": \"%s\"}\n",
	       name, rounds[N_ROUNDS / 2], unit, at_most, rounds[0], rounds[N_ROUNDS - 1], against);
}

/* From the first segment or datagram until the name is known and the link is forgotten; of one of `per`. */
static void measure_hello(const char *name, const struct talk *talk, unsigned int per,
			  double at_most, const char *against)
{
	double rounds[N_ROUNDS];

	for (unsigned int round = 0; round < N_ROUNDS; round++) {
		struct pr_inspections *pool = pr_inspections_new(0);
		uint64_t start;

		begin_all(pool, talk, PR_FACT_NAME);
		start = cpu_ns();
		for (unsigned int i = 0; i < N_LINKS; i++) {
			for (unsigned int k = 0; k < talk->n_pieces; k++)
				(void)hand_in(pool, links[i], &talk->pieces[k]);
			if (!pr_inspection_seen(links[i])->n_names)
				fail("no name was found");
			pr_inspection_end(pool, links[i]);
		}
		rounds[round] = (double)(cpu_ns() - start) / 1000 / N_LINKS / per;
		pr_inspections_free(pool);
	}
	say(name, rounds, "us", at_most, against);
}

/* A packet that needs nothing, of links that wait for the rest of their hello. */
static void measure_pass(const struct talk *talk)
{
	double rounds[N_ROUNDS];
	struct pr_inspections *pool = pr_inspections_new(0);

	begin_all(pool, talk, PR_FACTS_SEEN);
	for (unsigned int i = 0; i < N_LINKS; i++)
		if (hand_in(pool, links[i], &talk->pieces[0]) != PR_INSPECTION_HOLD)
			fail("a part of a hello isn't held");
	for (unsigned int round = 0; round < N_ROUNDS; round++) {
		uint64_t start = cpu_ns();

		for (unsigned int i = 0; i < N_LINKS; i++)
			if (hand_in(pool, links[i], &talk->ack) != PR_INSPECTION_PASS)
				fail("an acknowledgement doesn't pass");
		rounds[round] = (double)(cpu_ns() - start) / N_LINKS;
	}
	say("packet_pass_ns", rounds, "ns", 150, "an acknowledgement, parsing included");
	end_all(pool);
	pr_inspections_free(pool);
}

/* ---- memory ---- */

/* Both ends say the beginning of a message that is longer than what is kept, the last byte of which is missing; the second
 * segment comes first. */
static void fill(struct pr_inspections *pool, struct pr_inspection *link, bool reply, uint32_t len)
{
	const uint8_t client[] = { 22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3 };
	const uint8_t server[] = { 21, 3, 3, 0x40, 0 };
	const uint32_t isn = reply ? SERVER_ISN : CLIENT_ISN, size = 1400;
	uint8_t payload[1400] = { 0 };

	for (unsigned int i = 0; i * size < len; i++) {
		uint32_t at = (i < 2 ? 1 - i : i) * size;
		struct packet packet;

		memset(payload, 0, sizeof(payload));
		if (at == 0)
			memcpy(payload, reply ? server : client,
			       reply ? sizeof(server) : sizeof(client));
		build(&packet, IPPROTO_TCP, reply, PR_TCP_ACK, isn + 1 + at, payload,
		      len - at < size ? len - at : size);
		if (hand_in(pool, link, &packet) == PR_INSPECTION_FINISHED)
			fail("a link is finished before it is full");
	}
}

static void measure_memory(const struct talk *talk)
{
	struct pr_inspections *pool = pr_inspections_new(48 << 20);
	size_t pool_alone = mallinfo2().uordblks, full, after;
	struct pr_inspections_counters counters;

	begin_all(pool, talk, PR_FACTS_SEEN);
	for (unsigned int i = 0; i < N_LINKS; i++) {
		fill(pool, links[i], false, PR_INSPECTION_CLIENT_MAX - 1);
		fill(pool, links[i], true, PR_INSPECTION_SERVER_MAX - 1);
	}
	full = mallinfo2().uordblks;
	pr_inspections_counters(pool, &counters);
	end_all(pool);
	after = mallinfo2().uordblks;
	pr_inspections_free(pool);
	printf("{\"name\": \"inspections_at_once\", \"value\": %u, \"unit\": \"links\", "
	       "\"at_least\": "
	       "%u}\n",
	       counters.n, N_LINKS);
	printf("{\"name\": \"inspection_kib_per_link\", \"value\": %.3f, \"unit\": \"KiB\", "
	       "\"at_most\": 40, \"against\": \"both directions full; by malloc's account\"}\n",
	       (double)(full - pool_alone) / 1024 / N_LINKS);
	printf("{\"name\": \"inspection_kib_per_link_after\", \"value\": %.3f, \"unit\": \"KiB\", "
	       "\"at_most\": 0.01, \"against\": \"all that is left is malloc's own cache\"}\n",
	       (double)(after - pool_alone) / 1024 / N_LINKS);
}

int main(int argc, char **argv)
{
	static struct talk tls, quic;

	if (argc != 2)
		fail("usage: bench-inspect DIR");
	read_talk(argv[1], "tcp", IPPROTO_TCP, &tls);
	read_talk(argv[1], "udp", IPPROTO_UDP, &quic);
	measure_hello("clienthello_us", &tls, 1, 2, "Chromium's, in its segments");
	measure_hello("quic_initial_us", &quic, quic.n_pieces, 6, "each of Chromium's");
	measure_pass(&tls);
	measure_memory(&tls);
	return 0;
}

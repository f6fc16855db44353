/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/attacks.h"

#include "unit.h"

#include "base/hash.h"
#include "packet/parse.h"

#include <netinet/in.h>
#include <string.h>

#define MS     UINT64_C(1000)
#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define NONE   PR_ATTACK_N_KINDS

static struct pr_attacks *attacks;
static uint32_t draw_state;

static int start(void **state)
{
	(void)state;
	pr_hash_seed(1);
	attacks = pr_attacks_new();
	return 0;
}

static int end(void **state)
{
	(void)state;
	pr_attacks_free(attacks);
	return 0;
}

static int forget(void **state)
{
	(void)state;
	pr_attacks_forget(attacks);
	draw_state = 1;
	return 0;
}

static uint32_t draw(uint32_t n)
{
	draw_state = draw_state * 1664525u + 1013904223u;
	return (draw_state >> 8) % n;
}

static struct pr_address address(uint32_t a)
{
	const uint8_t bytes[4] = { (uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8),
				   (uint8_t)a };

	return pr_address_v4(bytes);
}

#define SCANNER 0xcb007105u /* 203.0.113.5 */
#define OWN	0xc0000201u /* 192.0.2.1 */

static struct pr_attack_probe probe(uint32_t source, uint32_t target, uint16_t port,
				    enum pr_attack_technique technique)
{
	return (struct pr_attack_probe){ .source = address(source),
					 .target = address(target),
					 .source_port = 40000,
					 .port = port,
					 .technique = technique,
					 .closed = true,
					 .ifindex = 2 };
}

static enum pr_attack_kind ask(uint64_t now_us, const struct pr_attack_probe *probe)
{
	const struct pr_attack *attack = pr_attacks_probe(attacks, now_us, probe);

	return attack ? attack->kind : NONE;
}

/* Asks ports from `first` on; at which one it is found (1 = the first), 0 = not. How often in *ret_told. */
static unsigned int scan(uint64_t from_us, uint64_t each_us, uint16_t first, unsigned int n,
			 struct pr_attack_probe probe, enum pr_attack_kind kind,
			 unsigned int *ret_told)
{
	unsigned int at = 0;

	*ret_told = 0;
	for (unsigned int i = 0; i < n; i++) {
		enum pr_attack_kind found;

		probe.port = (uint16_t)(first + i);
		found = ask(from_us + i * each_us, &probe);
		if (found == NONE)
			continue;
		assert_int_equal(found, kind);
		++*ret_told;
		at = at ? at : i + 1;
	}
	return at;
}

static void vertical_scans_are_told_once(void **state)
{
	const struct pr_attack *attack;
	uint32_t cursor = 0;
	unsigned int told;

	(void)state;
	assert_int_equal(scan(SECOND, 10 * MS, 1, 1000, probe(SCANNER, OWN, 0, PR_TECHNIQUE_SYN),
			      PR_ATTACK_VERTICAL, &told),
			 PR_ATTACKS_PORTS);
	assert_int_equal(told, 1);
	attack = pr_attacks_next(attacks, 12 * SECOND, &cursor);
	assert_non_null(attack);
	assert_int_equal(attack->n_packets, 1000);
	assert_int_equal(attack->n_targets, 1000);
	assert_int_equal(attack->first_us, SECOND);
	assert_int_equal(attack->last_us, SECOND + 999 * 10 * MS);
	assert_int_equal(attack->n_ports, PR_ATTACKS_PORTS);
	assert_int_equal(attack->ports[0], 1);
	assert_true(attack->told);
	assert_null(pr_attacks_next(attacks, 12 * SECOND, &cursor));
	cursor = 0;
	assert_null(pr_attacks_next(attacks, 2 * HOUR, &cursor));
}

static void it_is_told_again_after_it_was_quiet(void **state)
{
	struct pr_attack_probe syn = probe(SCANNER, OWN, 0, PR_TECHNIQUE_SYN);
	unsigned int told;

	(void)state;
	scan(SECOND, 10 * MS, 1, 100, syn, PR_ATTACK_VERTICAL, &told);
	assert_int_equal(told, 1);
	scan(50 * MINUTE, 10 * MS, 1000, 100, syn, PR_ATTACK_VERTICAL, &told);
	assert_int_equal(told, 0);
	assert_int_equal(scan(150 * MINUTE, 10 * MS, 1, 100, syn, PR_ATTACK_VERTICAL, &told),
			 PR_ATTACKS_PORTS);
	assert_int_equal(told, 1);
}

static void one_port_is_no_scan(void **state)
{
	struct pr_attack_probe syn = probe(SCANNER, OWN, 8080, PR_TECHNIQUE_SYN);

	(void)state;
	for (unsigned int i = 0; i < 5000; i++)
		assert_int_equal(ask(SECOND + i * SECOND, &syn), NONE);
	/* Nor is one that many different sources ask for. */
	for (unsigned int i = 0; i < 20000; i++) {
		syn.source = address(0x08000000u + draw(0x7fffffff));
		assert_int_equal(ask(6000 * SECOND + i * MS, &syn), NONE);
	}
}

static void open_ports_say_nothing(void **state)
{
	struct pr_attack_probe syn = probe(SCANNER, OWN, 0, PR_TECHNIQUE_SYN);
	struct pr_attacks_counters counters;

	(void)state;
	syn.closed = false;
	for (unsigned int i = 0; i < 1000; i++) {
		syn.port = (uint16_t)(i + 1);
		assert_int_equal(ask(SECOND, &syn), NONE);
	}
	pr_attacks_counters(attacks, SECOND, &counters);
	assert_int_equal(counters.probes, 0);
	assert_int_equal(counters.sources_now, 0);
}

static void horizontal_scans(void **state)
{
	unsigned int found = 0;

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		struct pr_attack_probe syn = probe(SCANNER, OWN + i, 22, PR_TECHNIQUE_SYN);

		syn.forwarded = true;
		switch (ask(SECOND + i * 100 * MS, &syn)) {
		case NONE:
			break;
		case PR_ATTACK_HORIZONTAL:
			found++;
			assert_int_equal(i + 1, PR_ATTACKS_PORTS);
			break;
		default:
			fail();
		}
	}
	assert_int_equal(found, 1);
}

/* A client behind this host that speaks with many peers, most of which are gone. */
static void peers_all_over_the_internet_are_no_scan(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		struct pr_attack_probe syn = probe(0xc0a80107u, 0x08000000u + draw(0xd0000000u),
						   draw(2) ? 6881 : (uint16_t)(1024 + draw(60000)),
						   draw(2) ? PR_TECHNIQUE_SYN : PR_TECHNIQUE_UDP);

		syn.forwarded = syn.near = true;
		assert_int_equal(ask(SECOND + i * 200 * MS, &syn), NONE);
	}
}

static void slow_scans(void **state)
{
	unsigned int told;

	(void)state;
	/* Five minutes a port, as nmap -T0 does. */
	assert_int_equal(scan(SECOND, 301 * SECOND, 1, 200,
			      probe(SCANNER, OWN, 0, PR_TECHNIQUE_SYN), PR_ATTACK_SLOW, &told),
			 PR_ATTACKS_SLOW);
	assert_int_equal(told, 1);
	/* Less than that in a day is below the threshold, for ever. */
	assert_int_equal(scan(100 * HOUR, 90 * MINUTE, 1, 300,
			      probe(SCANNER + 1, OWN, 0, PR_TECHNIQUE_SYN), PR_ATTACK_SLOW, &told),
			 0);
}

static void odd_flags(void **state)
{
	static const struct {
		uint8_t flags;
		enum pr_attack_technique technique;
		unsigned int after;
	} scans[] = {
		{ 0, PR_TECHNIQUE_NULL, PR_ATTACKS_FLAGS },
		{ PR_TCP_FIN, PR_TECHNIQUE_FIN, PR_ATTACKS_FLAGS },
		{ PR_TCP_FIN | PR_TCP_PSH | 0x20, PR_TECHNIQUE_XMAS, PR_ATTACKS_FLAGS },
		{ PR_TCP_SYN | PR_TCP_FIN, PR_TECHNIQUE_ODD, PR_ATTACKS_FLAGS },
		{ PR_TCP_ACK, PR_TECHNIQUE_ACK, PR_ATTACKS_PORTS },
		{ PR_TCP_ACK | PR_TCP_FIN, PR_TECHNIQUE_MAIMON, PR_ATTACKS_PORTS },
		{ PR_TCP_SYN | PR_TCP_ACK, PR_TECHNIQUE_NONE, 0 },
		{ PR_TCP_RST, PR_TECHNIQUE_NONE, 0 },
		{ PR_TCP_RST | PR_TCP_ACK, PR_TECHNIQUE_NONE, 0 },
		{ PR_TCP_SYN | 0xc0, PR_TECHNIQUE_SYN, 0 },
	};
	unsigned int told;

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(scans); i++) {
		enum pr_attack_technique technique =
			pr_attack_technique_of(IPPROTO_TCP, scans[i].flags);

		assert_int_equal(technique, scans[i].technique);
		if (technique == PR_TECHNIQUE_SYN)
			continue;
		assert_int_equal(scan(SECOND + i * SECOND, MS, 20, 100,
				      probe(SCANNER + (uint32_t)i * 256, OWN, 0, technique),
				      PR_ATTACK_FLAGS, &told),
				 scans[i].after);
		assert_int_equal(told, scans[i].after ? 1 : 0);
	}
}

static void other_protocols(void **state)
{
	unsigned int told;

	(void)state;
	assert_int_equal(scan(SECOND, MS, 20, 100, probe(SCANNER, OWN, 0, PR_TECHNIQUE_UDP),
			      PR_ATTACK_UDP, &told),
			 PR_ATTACKS_PORTS);
	assert_int_equal(scan(SECOND, MS, 20, 100, probe(SCANNER, OWN, 0, PR_TECHNIQUE_SCTP),
			      PR_ATTACK_SCTP, &told),
			 PR_ATTACKS_PORTS);
	assert_int_equal(scan(SECOND, MS, 60, 100, probe(SCANNER, OWN, 0, PR_TECHNIQUE_PROTOCOL),
			      PR_ATTACK_PROTOCOLS, &told),
			 PR_ATTACKS_PROTOCOLS);
	assert_int_equal(pr_attack_technique_of(47, 0), PR_TECHNIQUE_PROTOCOL);
}

/* Traceroute; late answers of nameservers and of web servers to a browser that was closed; what servers still send
 * after a restart of this host. */
static void strays_are_no_scan(void **state)
{
	unsigned int told;
	struct pr_attack_probe late = probe(SCANNER, OWN, 0, PR_TECHNIQUE_UDP);

	(void)state;
	assert_int_equal(scan(SECOND, MS, 33434, 500, late, NONE, &told), 0);
	late.source_port = 53;
	assert_int_equal(scan(SECOND, MS, 1024, 30000, late, NONE, &told), 0);
	late.source_port = 443;
	late.technique = PR_TECHNIQUE_ACK;
	assert_int_equal(scan(SECOND, MS, 1024, 30000, late, NONE, &told), 0);
	late.technique = PR_TECHNIQUE_MAIMON;
	late.source_port = 5432;
	assert_int_equal(scan(SECOND, MS, 32768, 30000, late, NONE, &told), 0);
}

/* What a network's programs look for on every neighbour, all day. */
static void a_lan_of_many_clients_is_no_scan(void **state)
{
	static const uint16_t ports[] = { 139, 445, 515, 631, 9100, 80, 443, 5357, 8009, 7000, 22 };

	(void)state;
	for (unsigned int i = 0; i < 50000; i++) {
		struct pr_attack_probe syn =
			probe(0xc0a80100u + draw(250), OWN, ports[draw(PR_ARRAY_SIZE(ports))],
			      draw(2) ? PR_TECHNIQUE_SYN : PR_TECHNIQUE_UDP);

		syn.near = true;
		assert_int_equal(ask(SECOND + i * SECOND, &syn), NONE);
	}
}

static void a_network_of_scanners(void **state)
{
	unsigned int found = 0;

	(void)state;
	/* Each address asks two ports. */
	for (unsigned int i = 0; i < 400; i++) {
		struct pr_attack_probe syn =
			probe(0xcb007100u + i % 200, OWN, (uint16_t)(i + 1), PR_TECHNIQUE_SYN);
		enum pr_attack_kind kind = ask(SECOND + i * MINUTE, &syn);

		if (kind == NONE)
			continue;
		assert_int_equal(kind, PR_ATTACK_DISTRIBUTED);
		found++;
	}
	assert_int_equal(found, 1);
}

static void scanners_from_everywhere(void **state)
{
	unsigned int found = 0;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		struct pr_attack_probe syn = probe(0x08000000u + (i % 250) * 0x10000u, OWN,
						   (uint16_t)(i + 1), PR_TECHNIQUE_SYN);
		const struct pr_attack *attack =
			pr_attacks_probe(attacks, SECOND + i * 500 * MS, &syn);

		if (!attack)
			continue;
		assert_int_equal(attack->kind, PR_ATTACK_DISTRIBUTED);
		assert_int_equal(attack->source.address.family, 0);
		assert_in_range(attack->n_targets, PR_ATTACKS_ANYBODY, 400);
		found++;
	}
	assert_int_equal(found, 1);
}

/* What any public address gets. */
static void the_noise_of_the_internet_is_no_attack(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 40000; i++) {
		struct pr_attack_probe syn = probe(0x08000000u + draw(0xd0000000u), OWN,
						   (uint16_t)(1 + draw(60000)), PR_TECHNIQUE_SYN);

		assert_int_equal(ask(SECOND + i * 4 * SECOND, &syn), NONE);
	}
}

/* An IPv6 network has as many addresses as one likes. */
static void a_prefix_is_one_source(void **state)
{
	unsigned int found = 0;
	uint8_t bytes[16] = { 0x20, 0x01, 0x0d, 0xb8, 1 };

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		struct pr_attack_probe syn =
			probe(SCANNER, OWN, (uint16_t)(i + 1), PR_TECHNIQUE_SYN);

		bytes[15] = (uint8_t)i;
		syn.source = pr_address_v6(bytes);
		found += ask(SECOND + i * MS, &syn) == PR_ATTACK_VERTICAL;
	}
	assert_int_equal(found, 1);
}

/* Sources that are made up push nobody out who has shown more than each of them. */
static void made_up_sources_push_nobody_out(void **state)
{
	unsigned int told;

	(void)state;
	scan(SECOND, MS, 1, PR_ATTACKS_PORTS - 1, probe(SCANNER, OWN, 0, PR_TECHNIQUE_SYN),
	     PR_ATTACK_VERTICAL, &told);
	assert_int_equal(told, 0);
	/* More than there is room for. */
	for (unsigned int i = 0; i < 2 * PR_ATTACKS_SOURCES_MAX; i++) {
		struct pr_attack_probe syn =
			probe(0x08000000u + i * 0x101u, OWN, 7, PR_TECHNIQUE_SYN);

		(void)pr_attacks_probe(attacks, 2 * SECOND, &syn);
	}
	assert_int_equal(scan(3 * SECOND, MS, 100, 1, probe(SCANNER, OWN, 0, PR_TECHNIQUE_SYN),
			      PR_ATTACK_VERTICAL, &told),
			 1);
}

static void only_so_many_are_told_at_once(void **state)
{
	struct pr_attacks_counters counters;
	unsigned int told = 0, found = 0;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		for (unsigned int port = 1; port <= PR_ATTACKS_PORTS; port++) {
			struct pr_attack_probe syn = probe(0x08000000u + i * 0x10000u, OWN,
							   (uint16_t)port, PR_TECHNIQUE_SYN);
			const struct pr_attack *attack = pr_attacks_probe(attacks, SECOND, &syn);

			found += attack != NULL;
			told += attack && attack->told;
		}
	assert_int_equal(told, PR_ATTACKS_TOLD_MAX);
	assert_in_range(found, 900, 1000);
	pr_attacks_counters(attacks, SECOND, &counters);
	assert_int_equal(counters.not_told, found - told);
	assert_int_equal(counters.current, PR_ATTACKS_FOUND_MAX);
}

/* ---- floods ---- */

static unsigned int open_many(uint64_t from_us, uint64_t each_us, unsigned int n, bool one_source,
			      enum pr_attack_opened opened)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct pr_attack_probe syn = probe(one_source ? SCANNER : 0x08000000u + i * 7919u,
						   OWN, 80, PR_TECHNIQUE_SYN);
		const struct pr_attack *attack;

		if (!pr_attacks_opening(attacks, from_us + i * each_us, &syn))
			continue;
		attack = pr_attacks_opened(attacks, from_us + i * each_us, &syn, opened);
		if (!attack)
			continue;
		found++;
		assert_int_equal(attack->kind, PR_ATTACK_HALF_OPEN);
		assert_int_equal(attack->source.address.family, one_source ? 4 : 0);
	}
	return found;
}

static void floods_are_told_once(void **state)
{
	(void)state;
	assert_int_equal(open_many(SECOND, MS, 20000, false, PR_OPENED_HALF), 1);
	/* And again when it was quiet. */
	assert_int_equal(open_many(HOUR, MS, 20000, true, PR_OPENED_HALF), 1);
}

static void a_busy_server_is_no_flood(void **state)
{
	unsigned int samples = 0;

	(void)state;
	assert_int_equal(open_many(SECOND, MS, 20000, false, PR_OPENED_COMPLETED), 0);
	/* Overloaded: nobody is answered, or nobody knows. */
	assert_int_equal(open_many(HOUR, MS, 20000, false, PR_OPENED_UNANSWERED), 0);
	/* Few of a busy server's connections are looked at; of a quiet one's, none. */
	for (unsigned int i = 0; i < 10000; i++) {
		struct pr_attack_probe syn = probe(SCANNER + i, OWN, 443, PR_TECHNIQUE_SYN);

		samples += pr_attacks_opening(attacks, 2 * HOUR + i * MS, &syn);
	}
	assert_in_range(samples, 100, 10000 / 14);
	assert_int_equal(open_many(3 * HOUR, 300 * MS, 1000, true, PR_OPENED_HALF), 0);
}

/* ---- rates ---- */

static void spoofed_and_malformed_packets(void **state)
{
	struct pr_address own = address(OWN), scanner = address(SCANNER);
	unsigned int spoofed = 0, malformed = 0;

	(void)state;
	for (unsigned int i = 0; i < 500; i++) {
		spoofed += pr_attacks_spoofed(attacks, SECOND + i * 10 * MS, &own, &own,
					      PR_SPOOF_OWN, 2) != NULL;
		malformed += pr_attacks_malformed(attacks, SECOND + i * 10 * MS, &scanner, &own,
						  2) != NULL;
	}
	assert_int_equal(spoofed, 1);
	assert_int_equal(malformed, 1);
	/* A broken one now and then. */
	for (unsigned int i = 0; i < 500; i++)
		assert_null(pr_attacks_malformed(attacks, HOUR + i * 4 * SECOND, &own, &own, 2));
}

static const uint8_t router[6] = { 2, 0, 0, 0, 0, 1 }, thief[6] = { 2, 0, 0, 0, 0, 2 };

static bool claim(uint64_t now_us, const uint8_t *hardware)
{
	const struct pr_address gateway = address(0xc0000201u);
	const struct pr_attack *attack = pr_attacks_claim(attacks, now_us, 2, &gateway, hardware);

	if (!attack)
		return false;
	assert_int_equal(attack->kind, PR_ATTACK_GATEWAY);
	assert_memory_equal(attack->claimed_hardware, hardware, 6);
	return true;
}

static void claims_of_the_gateway_s_address(void **state)
{
	struct pr_attack_gateway gateway = { .address = address(0xc0000201u), .ifindex = 2 };
	const struct pr_address other = address(0xc0000202u);

	(void)state;
	assert_false(claim(SECOND, thief));
	pr_attacks_gateways_set(attacks, &gateway, 1);
	/* The first one seen, where the kernel has none. */
	assert_false(claim(SECOND, router));
	assert_false(claim(2 * SECOND, router));
	assert_true(claim(3 * SECOND, thief));
	for (unsigned int i = 0; i < 300; i++) {
		assert_false(claim((4 + i) * SECOND, thief));
		assert_false(claim((4 + i) * SECOND, router));
	}
	/* On another link, of another address. */
	assert_null(pr_attacks_claim(attacks, 400 * SECOND, 3, &gateway.address, thief));
	assert_null(pr_attacks_claim(attacks, 400 * SECOND, 2, &other, thief));
	/* That it is set again, with what the kernel believes by now, changes nothing. */
	gateway.known = true;
	memcpy(gateway.hardware, thief, 6);
	pr_attacks_gateways_set(attacks, &gateway, 1);
	assert_false(claim(HOUR, router));
	assert_true(claim(HOUR + SECOND, thief));
}

static void a_gateway_that_was_replaced(void **state)
{
	struct pr_attack_gateway gateway = { .address = address(0xc0000201u),
					     .ifindex = 2,
					     .known = true };

	(void)state;
	memcpy(gateway.hardware, router, 6);
	pr_attacks_gateways_set(attacks, &gateway, 1);
	assert_true(claim(SECOND, thief));
	for (unsigned int i = 1; i < 30; i++)
		assert_false(claim(i * MINUTE, thief));
	/* It is the known one by now: what the former says is told. */
	assert_true(claim(30 * MINUTE, router));
}

static void texts(void **state)
{
	char text[PR_ATTACK_TEXT_SIZE];
	uint32_t cursor = 0;
	unsigned int told;

	(void)state;
	scan(SECOND, 100 * MS, 1, 15, probe(SCANNER, OWN, 0, PR_TECHNIQUE_SYN), PR_ATTACK_VERTICAL,
	     &told);
	assert_string_equal(
		pr_attack_text(pr_attacks_next(attacks, 3 * SECOND, &cursor), text),
		"vertical-scan (syn): 203.0.113.5 tries what nobody serves at 192.0.2.1: 15 ports "
		"in 1.400 s");
	for (unsigned int kind = 0; kind < PR_ATTACK_N_KINDS; kind++) {
		struct pr_attack attack = { .kind = (enum pr_attack_kind)kind };

		assert_non_null(pr_attack_kind_name(attack.kind));
		assert_true(strlen(pr_attack_text(&attack, text)) < PR_ATTACK_TEXT_SIZE - 1);
	}
}

/* Whatever comes: no more than the bounds, no kind without its evidence, and time that runs backwards does no harm. */
static void anything(void **state)
{
	struct pr_attacks_counters counters;
	uint64_t now_us = HOUR;

	(void)state;
	for (unsigned int i = 0; i < 300000; i++) {
		struct pr_attack_probe any = probe(0x08000000u + draw(1u << draw(20)),
						   OWN + draw(4), (uint16_t)draw(1u << draw(17)),
						   (enum pr_attack_technique)draw(PR_TECHNIQUE_N));
		const struct pr_attack *attack;

		any.near = draw(2);
		any.forwarded = draw(4) == 0;
		any.closed = draw(3) != 0;
		any.source_port = (uint16_t)draw(65536);
		now_us = now_us + draw(1u << draw(24)) - draw(3) * SECOND;
		attack = draw(8) ? pr_attacks_probe(attacks, now_us, &any)
				 : pr_attacks_opened(attacks, now_us, &any,
						     (enum pr_attack_opened)draw(3));
		if (draw(5) == 0)
			(void)pr_attacks_opening(attacks, now_us, &any);
		if (!attack)
			continue;
		assert_true(attack->first_us <= attack->last_us);
		assert_true(attack->n_ports <= PR_ATTACK_PORTS_MAX);
		assert_true(attack->n_packets >= attack->n_targets || !attack->n_sources ||
			    attack->kind == PR_ATTACK_HALF_OPEN);
	}
	pr_attacks_counters(attacks, now_us, &counters);
	assert_true(counters.sources_now <= PR_ATTACKS_SOURCES_MAX);
	assert_true(counters.current <= PR_ATTACKS_FOUND_MAX);
	assert_true(counters.found > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(vertical_scans_are_told_once, forget),
		cmocka_unit_test_setup(it_is_told_again_after_it_was_quiet, forget),
		cmocka_unit_test_setup(one_port_is_no_scan, forget),
		cmocka_unit_test_setup(open_ports_say_nothing, forget),
		cmocka_unit_test_setup(horizontal_scans, forget),
		cmocka_unit_test_setup(peers_all_over_the_internet_are_no_scan, forget),
		cmocka_unit_test_setup(slow_scans, forget),
		cmocka_unit_test_setup(odd_flags, forget),
		cmocka_unit_test_setup(other_protocols, forget),
		cmocka_unit_test_setup(strays_are_no_scan, forget),
		cmocka_unit_test_setup(a_lan_of_many_clients_is_no_scan, forget),
		cmocka_unit_test_setup(a_network_of_scanners, forget),
		cmocka_unit_test_setup(scanners_from_everywhere, forget),
		cmocka_unit_test_setup(the_noise_of_the_internet_is_no_attack, forget),
		cmocka_unit_test_setup(a_prefix_is_one_source, forget),
		cmocka_unit_test_setup(made_up_sources_push_nobody_out, forget),
		cmocka_unit_test_setup(only_so_many_are_told_at_once, forget),
		cmocka_unit_test_setup(floods_are_told_once, forget),
		cmocka_unit_test_setup(a_busy_server_is_no_flood, forget),
		cmocka_unit_test_setup(spoofed_and_malformed_packets, forget),
		cmocka_unit_test_setup(claims_of_the_gateway_s_address, forget),
		cmocka_unit_test_setup(a_gateway_that_was_replaced, forget),
		cmocka_unit_test_setup(texts, forget),
		cmocka_unit_test_setup(anything, forget),
	};

	return cmocka_run_group_tests_name("attacks", tests, start, end);
}

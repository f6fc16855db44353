/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The detector of attacks, by any sequence of probes, handshakes, forged and malformed packets, claims and times. Held to: what is
 * told has its evidence, and is told once in an hour for a source and kind (floods and rates: in ten minutes).
 */
#include "base/cursor.h"
#include "base/error.h"
#include "base/hash.h"
#include "inspection/attacks.h"

#include "../target.h"

#include <string.h>

#define TOLD_MAX 64

struct told {
	struct pr_prefix source;
	enum pr_attack_kind kind;
	uint64_t us;
};

struct machine {
	struct pr_attacks *attacks;
	uint64_t now_us;
	struct told told[TOLD_MAX];
	unsigned int n_told;
};

/* Scans: their sources are remembered for certain as long as there are few. */
static void once(struct machine *machine, const struct pr_attack *attack)
{
	for (unsigned int i = 0; i < machine->n_told && i < TOLD_MAX; i++) {
		const struct told *told = &machine->told[i];

		if (told->kind == attack->kind &&
		    memcmp(&told->source, &attack->source, sizeof(told->source)) == 0)
			pr_assert(attack->last_us - told->us >
				  PR_ATTACKS_QUIET_S * UINT64_C(1000000));
	}
	machine->told[machine->n_told++ % TOLD_MAX] =
		(struct told){ attack->source, attack->kind, attack->last_us };
}

static void check(struct machine *machine, const struct pr_attack *attack)
{
	char text[PR_ATTACK_TEXT_SIZE];

	if (!attack)
		return;
	pr_assert(attack->first_us <= attack->last_us && attack->n_packets);
	pr_assert(attack->n_ports <= PR_ATTACK_PORTS_MAX);
	for (unsigned int i = 1; i < attack->n_ports; i++)
		pr_assert(attack->ports[i - 1] < attack->ports[i]);
	pr_assert(strlen(pr_attack_text(attack, text)) > 0);
	switch (attack->kind) {
	case PR_ATTACK_VERTICAL:
	case PR_ATTACK_HORIZONTAL:
	case PR_ATTACK_UDP:
	case PR_ATTACK_SCTP:
		pr_assert(attack->n_targets >= PR_ATTACKS_PORTS);
		return once(machine, attack);
	case PR_ATTACK_SLOW:
		pr_assert(attack->n_targets >= PR_ATTACKS_SLOW);
		return once(machine, attack);
	case PR_ATTACK_FLAGS:
	case PR_ATTACK_PROTOCOLS:
		pr_assert(attack->n_targets >= PR_ATTACKS_FLAGS);
		return once(machine, attack);
	case PR_ATTACK_DISTRIBUTED:
		pr_assert(attack->n_sources >= PR_ATTACKS_NETWORK_SOURCES);
		return;
	case PR_ATTACK_HALF_OPEN:
		pr_assert(attack->n_packets >= PR_ATTACKS_FLOOD);
		return;
	default:
		return;
	}
}

/* Few sources: 10.0.0.x, 2001:db8::x, and the whole Internet. */
static struct pr_address address_of(uint8_t choice)
{
	uint8_t bytes[16] = { 10, 0, 0, (uint8_t)(choice & 15) };

	if (choice & 16) {
		memcpy(bytes, "\x20\x01\x0d\xb8", 4);
		bytes[7] = choice & 3;
		bytes[15] = choice >> 5;
		return pr_address_v6(bytes);
	}
	if (choice & 32)
		bytes[1] = choice;
	return pr_address_v4(bytes);
}

static void probe(struct machine *machine, struct pr_reader *reader)
{
	uint8_t choice = pr_read_u8(reader), times = pr_read_u8(reader) & 63;
	struct pr_attack_probe probe = {
		.source = address_of(pr_read_u8(reader)),
		.target = address_of(pr_read_u8(reader)),
		.source_port = pr_read_u16(reader),
		.port = pr_read_u16(reader),
		.technique = choice % PR_TECHNIQUE_N,
		.closed = choice & 16,
		.near = choice & 32,
		.forwarded = choice & 64,
		.ifindex = 2,
	};

	for (unsigned int i = 0; i <= times; i++) {
		check(machine, pr_attacks_probe(machine->attacks, machine->now_us, &probe));
		if (choice & 128)
			probe.port++;
		else
			probe.target.bytes[3]++;
		machine->now_us += 1000;
	}
}

static void open_many(struct machine *machine, struct pr_reader *reader)
{
	uint8_t choice = pr_read_u8(reader), source = pr_read_u8(reader);
	struct pr_attack_probe probe = { .target = address_of(pr_read_u8(reader)),
					 .port = 80,
					 .technique = PR_TECHNIQUE_SYN };

	for (unsigned int i = 0; i < 150; i++) {
		probe.source = address_of((uint8_t)(choice & 1 ? source + i : source));
		if (pr_attacks_opening(machine->attacks, machine->now_us, &probe))
			check(machine, pr_attacks_opened(machine->attacks, machine->now_us, &probe,
							 choice / 2 % 3));
		machine->now_us += 10000;
	}
}

static void others(struct machine *machine, struct pr_reader *reader)
{
	uint8_t choice = pr_read_u8(reader);
	struct pr_address source = address_of(pr_read_u8(reader)), target = address_of(choice);
	const uint8_t hardware[PR_ATTACK_HARDWARE_SIZE] = { 2, choice & 3 };
	struct pr_attack_gateway gateways[2] = { { target, 2, choice & 8, { 2, 9 } },
						 { source, 3, false, { 0 } } };

	switch (choice >> 6) {
	case 0:
		pr_attacks_gateways_set(machine->attacks, gateways, choice % 3);
		return;
	case 1:
		return check(machine, pr_attacks_claim(machine->attacks, machine->now_us,
						       choice & 3, &source, hardware));
	case 2:
		for (unsigned int i = 0; i < 25; i++)
			check(machine, pr_attacks_spoofed(machine->attacks, machine->now_us,
							  &source, &target, choice & 3, 2));
		return;
	default:
		for (unsigned int i = 0; i < 25; i++)
			check(machine, pr_attacks_malformed(machine->attacks, machine->now_us,
							    &source, &target, 2));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct machine machine = { .attacks = pr_attacks_new(), .now_us = 1 };
	struct pr_reader reader = pr_reader(bytes, len);
	struct pr_attacks_counters counters;
	uint32_t cursor = 0;

	pr_hash_seed(1);
	while (pr_reader_left(&reader)) {
		uint8_t step = pr_read_u8(&reader);

		switch (step & 3) {
		case 0:
			machine.now_us += UINT64_C(1) << (step >> 2) % 38;
			break;
		case 1:
			open_many(&machine, &reader);
			break;
		case 2:
			others(&machine, &reader);
			break;
		default:
			probe(&machine, &reader);
		}
	}
	while (pr_attacks_next(machine.attacks, machine.now_us, &cursor))
		pr_assert(cursor <= PR_ATTACKS_FOUND_MAX);
	pr_attacks_counters(machine.attacks, machine.now_us, &counters);
	pr_assert(counters.current <= PR_ATTACKS_FOUND_MAX &&
		  counters.sources_now <= PR_ATTACKS_SOURCES_MAX);
	pr_attacks_free(machine.attacks);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ipc/attack_codec.h"

#include "ipc/body.h"

#include <string.h>

void pr_attack_write(struct pr_writer *writer, const struct pr_attack *attack)
{
	const uint32_t numbers[] = { attack->ifindex, attack->n_packets, attack->n_targets,
				     attack->n_hosts, attack->n_sources };

	pr_write_u8(writer, (uint8_t)attack->kind);
	pr_write_u8(writer, (uint8_t)attack->technique);
	pr_write_address(writer, &attack->source.address);
	pr_write_u8(writer, attack->source.len);
	pr_write_address(writer, &attack->target);
	pr_write_u64(writer, attack->first_us);
	pr_write_u64(writer, attack->last_us);
	pr_write_u64(writer, attack->blocked_until_us);
	for (size_t i = 0; i < PR_ARRAY_SIZE(numbers); i++)
		pr_write_u32(writer, numbers[i]);
	pr_write_u8(writer, (uint8_t)attack->n_ports);
	for (unsigned int i = 0; i < attack->n_ports; i++)
		pr_write_u16(writer, attack->ports[i]);
	pr_write_u8(writer, attack->spared);
	pr_write_u8(writer, attack->told);
	pr_write_bytes(writer, attack->known_hardware, sizeof(attack->known_hardware));
	pr_write_bytes(writer, attack->claimed_hardware, sizeof(attack->claimed_hardware));
}

static unsigned int at_most(struct pr_reader *reader, unsigned int max)
{
	unsigned int value = pr_read_u8(reader);

	if (value > max) {
		reader->failed = true;
		return 0;
	}
	return value;
}

static void read_hardware(struct pr_reader *reader, uint8_t *hardware)
{
	const uint8_t *bytes = pr_read_bytes(reader, PR_ATTACK_HARDWARE_SIZE);

	if (bytes)
		memcpy(hardware, bytes, PR_ATTACK_HARDWARE_SIZE);
}

void pr_attack_read(struct pr_reader *reader, struct pr_attack *ret_attack)
{
	struct pr_attack attack = { 0 };
	uint32_t *const numbers[] = { &attack.ifindex, &attack.n_packets, &attack.n_targets,
				      &attack.n_hosts, &attack.n_sources };

	attack.kind = (enum pr_attack_kind)at_most(reader, PR_ATTACK_N_KINDS - 1);
	attack.technique = (enum pr_attack_technique)at_most(reader, PR_TECHNIQUE_N - 1);
	attack.source.address = pr_read_address(reader);
	attack.source.len = (uint8_t)at_most(reader, attack.source.address.family == 4 ? 32 : 128);
	attack.target = pr_read_address(reader);
	attack.first_us = pr_read_u64(reader);
	attack.last_us = pr_read_u64(reader);
	attack.blocked_until_us = pr_read_u64(reader);
	for (size_t i = 0; i < PR_ARRAY_SIZE(numbers); i++)
		*numbers[i] = pr_read_u32(reader);
	attack.n_ports = at_most(reader, PR_ATTACK_PORTS_MAX);
	for (unsigned int i = 0; i < attack.n_ports; i++)
		attack.ports[i] = pr_read_u16(reader);
	attack.spared = at_most(reader, true);
	attack.told = at_most(reader, true);
	read_hardware(reader, attack.known_hardware);
	read_hardware(reader, attack.claimed_hardware);
	*ret_attack = attack;
}

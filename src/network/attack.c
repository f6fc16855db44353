/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/attack.h"

#include <stdio.h>
#include <string.h>

const char *pr_attack_kind_name(enum pr_attack_kind kind)
{
	static const char *const names[PR_ATTACK_N_KINDS] = {
		[PR_ATTACK_VERTICAL] = "vertical-scan",
		[PR_ATTACK_HORIZONTAL] = "horizontal-scan",
		[PR_ATTACK_SLOW] = "slow-scan",
		[PR_ATTACK_DISTRIBUTED] = "distributed-scan",
		[PR_ATTACK_FLAGS] = "flag-scan",
		[PR_ATTACK_UDP] = "udp-scan",
		[PR_ATTACK_SCTP] = "sctp-scan",
		[PR_ATTACK_PROTOCOLS] = "protocol-scan",
		[PR_ATTACK_HALF_OPEN] = "half-open-flood",
		[PR_ATTACK_SPOOFED] = "spoofed-packets",
		[PR_ATTACK_MALFORMED] = "malformed-packets",
		[PR_ATTACK_GATEWAY] = "gateway-claim",
	};

	return names[kind];
}

const char *pr_attack_technique_name(enum pr_attack_technique technique)
{
	static const char *const names[PR_TECHNIQUE_N] = {
		[PR_TECHNIQUE_NONE] = "",     [PR_TECHNIQUE_SYN] = "syn",
		[PR_TECHNIQUE_NULL] = "null", [PR_TECHNIQUE_FIN] = "fin",
		[PR_TECHNIQUE_XMAS] = "xmas", [PR_TECHNIQUE_ODD] = "odd",
		[PR_TECHNIQUE_ACK] = "ack",   [PR_TECHNIQUE_MAIMON] = "maimon",
		[PR_TECHNIQUE_UDP] = "udp",   [PR_TECHNIQUE_SCTP] = "sctp",
		[PR_TECHNIQUE_ICMP] = "icmp", [PR_TECHNIQUE_PROTOCOL] = "ip-protocol",
	};

	return names[technique];
}

static void hardware(const uint8_t *bytes, char text[18])
{
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3],
		 bytes[4], bytes[5]);
}

static const char *source_text(const struct pr_attack *attack, char *text)
{
	const struct pr_prefix *source = &attack->source;

	if (!source->address.family)
		return "many sources";
	if (source->len == (source->address.family == 4 ? 32 : 128))
		return pr_address_format(&source->address, text);
	return pr_prefix_format(source, text);
}

static int claim_text(const struct pr_attack *attack, char *text, size_t size)
{
	char known[18], claimed[18], address[PR_ADDRESS_TEXT_SIZE];

	hardware(attack->known_hardware, known);
	hardware(attack->claimed_hardware, claimed);
	return snprintf(text, size, "%s claims the gateway's address %s, which %s has", claimed,
			pr_address_format(&attack->target, address), known);
}

static int what_text(const struct pr_attack *attack, char *text, size_t size)
{
	char source[PR_PREFIX_TEXT_SIZE], target[PR_ADDRESS_TEXT_SIZE];
	const char *who = source_text(attack, source);
	const char *at = pr_address_format(&attack->target, target);

	switch (attack->kind) {
	case PR_ATTACK_HALF_OPEN:
		return snprintf(
			text, size,
			"%s: connections to port %u of %s are opened and never completed, %u "
			"in",
			who, attack->ports[0], at, attack->n_packets);
	case PR_ATTACK_SPOOFED:
		return snprintf(text, size, "%u packets with forged sources, one %s, in",
				attack->n_packets, source_text(attack, source));
	case PR_ATTACK_MALFORMED:
		return snprintf(text, size, "%s: %u malformed packets in", who, attack->n_packets);
	case PR_ATTACK_PROTOCOLS:
		return snprintf(text, size, "%s tries protocols of %s: %u in", who, at,
				attack->n_targets);
	case PR_ATTACK_HORIZONTAL:
		return snprintf(text, size, "%s tries port %u of many hosts, %s the last: %u in",
				who, attack->ports[0], at, attack->n_hosts);
	default:
		return snprintf(text, size, "%s tries what nobody serves at %s: %u ports in", who,
				at, attack->n_targets);
	}
}

const char *pr_attack_text(const struct pr_attack *attack, char text[PR_ATTACK_TEXT_SIZE])
{
	uint64_t took_ms = (attack->last_us - attack->first_us) / 1000;
	int used =
		snprintf(text, PR_ATTACK_TEXT_SIZE, "%s%s%s%s: ", pr_attack_kind_name(attack->kind),
			 attack->technique ? " (" : "", pr_attack_technique_name(attack->technique),
			 attack->technique ? ")" : "");
	char *rest = text + used;
	size_t size = PR_ATTACK_TEXT_SIZE - (size_t)used;

	if (attack->kind == PR_ATTACK_GATEWAY) {
		(void)claim_text(attack, rest, size);
		return text;
	}
	used = what_text(attack, rest, size);
	snprintf(rest + used, size - (size_t)used, " %llu.%03llu s",
		 (unsigned long long)(took_ms / 1000), (unsigned long long)(took_ms % 1000));
	return text;
}

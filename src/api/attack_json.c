/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/attack_json.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

static void set_number(json_t *object, const char *key, uint64_t number)
{
	if (number)
		json_object_set_new(object, key, json_integer((json_int_t)number));
}

static void set_time(json_t *object, const char *key, uint64_t real_us)
{
	char text[PR_CLOCK_TEXT_SIZE];

	if (real_us)
		json_object_set_new(object, key, json_string(pr_clock_format(real_us, text)));
}

/* One address is written as such, a network as a prefix. */
static void set_source(json_t *object, const struct pr_prefix *source)
{
	char text[PR_PREFIX_TEXT_SIZE];

	if (!source->address.family)
		return;
	if (source->len == (source->address.family == 4 ? 32 : 128))
		pr_address_format(&source->address, text);
	else
		pr_prefix_format(source, text);
	json_object_set_new(object, "source", json_string(text));
}

static void set_hardware(json_t *object, const char *key, const uint8_t *bytes)
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2],
		 bytes[3], bytes[4], bytes[5]);
	json_object_set_new(object, key, json_string(text));
}

static void set_ports(json_t *object, const struct pr_attack *attack)
{
	json_t *ports = json_array();

	for (unsigned int i = 0; i < attack->n_ports; i++)
		json_array_append_new(ports, json_integer(attack->ports[i]));
	json_object_set_new(object, attack->kind == PR_ATTACK_PROTOCOLS ? "protocols" : "ports",
			    ports);
}

json_t *pr_attack_json(const struct pr_attack *attack)
{
	json_t *object = json_object();
	char text[PR_ADDRESS_TEXT_SIZE];

	json_object_set_new(object, "kind", json_string(pr_attack_kind_name(attack->kind)));
	if (attack->technique)
		json_object_set_new(object, "technique",
				    json_string(pr_attack_technique_name(attack->technique)));
	set_source(object, &attack->source);
	if (attack->target.family)
		json_object_set_new(object, "target",
				    json_string(pr_address_format(&attack->target, text)));
	set_number(object, "ifindex", attack->ifindex);
	set_number(object, "packets", attack->n_packets);
	set_number(object, "targets", attack->n_targets);
	set_number(object, "hosts", attack->n_hosts);
	set_number(object, "sources", attack->n_sources);
	if (attack->n_ports)
		set_ports(object, attack);
	set_time(object, "first", attack->first_us);
	set_time(object, "last", attack->last_us);
	set_number(object, "duration_ms", (attack->last_us - attack->first_us) / 1000);
	set_time(object, "blocked_until", attack->blocked_until_us);
	if (attack->spared)
		json_object_set_new(object, "spared", json_true());
	if (attack->kind == PR_ATTACK_GATEWAY) {
		set_hardware(object, "known_hardware", attack->known_hardware);
		set_hardware(object, "claimed_hardware", attack->claimed_hardware);
	}
	return object;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/event_json.h"

#include "api/attack_json.h"
#include "api/seen_json.h"
#include "api/text_json.h"
#include "base/clock.h"

#include <string.h>

static const char *const kind_names[] = { "dns", "communication", "link",  "verdict",
					  "end", "prompt",	  "system" };
static const char *const grade_names[] = { "proven", "given", "shared", "hosts", "claimed" };
static const char *const prompt_names[] = { "open", "permitted", "denied", "expired" };

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text && *text)
		json_object_set_new(object, key, pr_text_json(text));
}

static void set_number(json_t *object, const char *key, uint64_t number)
{
	json_object_set_new(object, key, json_integer((json_int_t)number));
}

static void set_time(json_t *object, const char *key, uint64_t real_us)
{
	char text[PR_CLOCK_TEXT_SIZE];

	if (real_us)
		set_text(object, key, pr_clock_format(real_us, text));
}

static void set_address(json_t *object, const char *key, const struct pr_address *address)
{
	char text[PR_ADDRESS_TEXT_SIZE];

	if (address->family)
		set_text(object, key, pr_address_format(address, text));
}

static json_t *app_json(const struct pr_event *event)
{
	json_t *app = json_object();
	json_t *parents = json_array();

	set_text(app, "profile", event->profile);
	set_text(app, "instance", event->instance);
	set_text(app, "path", event->path);
	if (!event->path)
		set_text(app, "shown_path", event->exe_shown);
	set_text(app, "script", event->script);
	if (event->pid)
		set_number(app, "pid", (uint64_t)event->pid);
	if (event->uid != (uid_t)-1)
		set_number(app, "uid", event->uid);
	set_text(app, "user", event->user);
	set_text(app, "cmdline", event->cmdline);
	set_text(app, "cgroup", event->cgroup);
	set_text(app, "unit", event->unit);
	set_text(app, "container", event->container);
	for (unsigned int i = 0; i < event->n_parents; i++) {
		json_t *parent = json_object();

		set_number(parent, "pid", (uint64_t)event->parents[i].pid);
		set_text(parent, "path", event->parents[i].path);
		json_array_append_new(parents, parent);
	}
	if (event->n_parents)
		json_object_set(app, "parents", parents);
	json_decref(parents);
	return app;
}

static void set_protocol(json_t *entity, uint8_t proto)
{
	static const struct {
		uint8_t number;
		const char *name;
	} protocols[] = {
		{ IPPROTO_TCP, "tcp" },		{ IPPROTO_UDP, "udp" },	  { IPPROTO_ICMP, "icmp" },
		{ IPPROTO_ICMPV6, "icmp6" },	{ IPPROTO_SCTP, "sctp" }, { IPPROTO_IGMP, "igmp" },
		{ IPPROTO_UDPLITE, "udplite" }, { IPPROTO_GRE, "gre" },	  { IPPROTO_ESP, "esp" },
	};
	char number[4];

	if (!proto)
		return;
	for (size_t i = 0; i < PR_ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == proto)
			return set_text(entity, "proto", protocols[i].name);
	snprintf(number, sizeof(number), "%u", proto);
	set_text(entity, "proto", number);
}

static void set_intelligence(json_t *entity, const struct pr_event *event)
{
	static const char *const suspicions[] = { "generated", "tunnel", "doh" };
	json_t *lists = json_array(), *suspected = json_array();

	set_text(entity, "country", event->country);
	if (event->asn)
		set_number(entity, "asn", event->asn);
	set_text(entity, "org", event->organisation);
	for (unsigned int i = 0; i < event->n_lists; i++)
		if (event->lists[i])
			json_array_append_new(lists, pr_text_json(event->lists[i]));
	if (json_array_size(lists))
		json_object_set(entity, "lists", lists);
	for (size_t i = 0; i < PR_ARRAY_SIZE(suspicions); i++)
		if (event->suspicions & 1u << i)
			json_array_append_new(suspected, json_string(suspicions[i]));
	if (event->suspicions)
		json_object_set(entity, "suspicions", suspected);
	json_decref(lists);
	json_decref(suspected);
}

static json_t *entity_json(const struct pr_event *event)
{
	json_t *entity = json_object();
	json_t *domains = json_array();

	set_text(entity, "domain", event->domain);
	for (unsigned int i = 0; i < event->n_domains; i++)
		if (event->domains[i])
			json_array_append_new(domains, pr_text_json(event->domains[i]));
	if (event->n_domains)
		json_object_set(entity, "domains", domains);
	if (event->n_domains || (event->domain && event->name_grade == PR_NAME_CLAIMED))
		set_text(entity, "name_grade", grade_names[event->name_grade]);
	json_decref(domains);
	set_address(entity, "ip", &event->remote);
	if (event->port)
		set_number(entity, "port", event->port);
	set_protocol(entity, event->proto);
	if (event->remote.family || !event->domain)
		set_text(entity, "scope", pr_scope_name(event->scope));
	set_intelligence(entity, event);
	return entity;
}

/* The facts, and "provider:ID" for each that had not answered. */
static void set_missing(json_t *object, const struct pr_event *event)
{
	const char *providers = event->missing_providers ? event->missing_providers : "";
	json_t *missing = json_array();

	for (unsigned int fact = 1; fact & PR_FACTS_ALL; fact <<= 1)
		if (event->missing & fact)
			json_array_append_new(missing,
					      json_string(pr_fact_name((enum pr_fact)fact)));
	while (*providers) {
		int len = (int)strcspn(providers, ",");
		PR_CLEANUP(pr_cleanup_free)
		char *text = pr_asprintf("provider:%.*s", len, providers);

		json_array_append_new(missing, pr_text_json(text));
		providers += len + (providers[len] == ',');
	}
	if (json_array_size(missing))
		json_object_set(object, "missing", missing);
	json_decref(missing);
}

static void set_decision(json_t *object, const struct pr_event *event)
{
	set_missing(object, event);
	if (event->ask)
		set_text(object, "verdict", "ask");
	if (!event->decided)
		return;
	set_text(object, "stage", pr_stage_name(event->stage));
	if (!event->ask)
		set_text(object, "verdict", pr_verdict_name(event->verdict));
	json_object_set_new(object, "permanent", json_boolean(event->permanent));
	if (event->grace)
		json_object_set_new(object, "grace", json_true());
	set_text(object, "reason", event->reason);
	set_text(object, "tunnel", event->tunnel);
	if (event->rule) {
		json_t *rule = json_object();

		set_text(rule, "text", event->rule);
		set_text(rule, "place", event->rule_place);
		json_object_set_new(object, "rule", rule);
	}
	set_number(object, "generation", event->generation);
}

static void set_counters(json_t *object, const struct pr_event *event)
{
	if (event->old)
		json_object_set_new(object, "older_than_daemon", json_true());
	if (event->ended)
		json_object_set_new(object, "ended", json_true());
	if (event->n_communications)
		set_number(object, "communications", event->n_communications);
	if (event->n_links)
		set_number(object, "links", event->n_links);
	set_time(object, "last", event->last_real_us);
	if (!event->counted)
		return;
	set_number(object, "bytes_sent", event->bytes_sent);
	set_number(object, "bytes_received", event->bytes_received);
	set_number(object, "packets_sent", event->packets_sent);
	set_number(object, "packets_received", event->packets_received);
	set_number(object, "duration_ms", event->duration_ms);
}

static void set_tuple(json_t *object, const struct pr_tuple *tuple)
{
	json_t *link;

	if (!tuple->src.family)
		return;
	link = json_object();
	set_address(link, "src", &tuple->src);
	set_number(link, "src_port", tuple->src_port);
	set_address(link, "dst", &tuple->dst);
	set_number(link, "dst_port", tuple->dst_port);
	json_object_set_new(object, "link", link);
}

static void set_seen(json_t *object, const struct pr_event_seen *seen)
{
	json_t *shown;

	if (!seen->any)
		return;
	shown = json_object();
	pr_seen_set_json(shown, seen);
	json_object_set_new(object, "seen", shown);
}

json_t *pr_event_json(const struct pr_event *event)
{
	json_t *object = json_object();

	set_time(object, "time", event->real_us);
	set_text(object, "event", kind_names[event->kind]);
	set_number(object, "id", event->id);
	set_text(object, "text", event->text);
	if (event->attacked)
		json_object_set_new(object, "attack", pr_attack_json(&event->attack));
	if (event->kind == PR_EVENT_SYSTEM)
		return object;
	if (event->communication)
		set_number(object, "communication", event->communication);
	json_object_set_new(object, "app", app_json(event));
	set_text(object, "direction", pr_direction_name(event->direction));
	json_object_set_new(object, "entity", entity_json(event));
	set_tuple(object, &event->tuple);
	set_seen(object, &event->seen);
	set_decision(object, event);
	if (event->kind == PR_EVENT_PROMPT) {
		set_text(object, "prompt", prompt_names[event->prompt_state]);
		set_time(object, "deadline", event->deadline_real_us);
	}
	if (event->kind == PR_EVENT_DNS)
		set_time(object, "expires", event->deadline_real_us);
	set_counters(object, event);
	return object;
}

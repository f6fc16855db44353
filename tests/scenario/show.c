/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "world.h"

#include <stdarg.h>
#include <string.h>

static const char *show_end(const struct pr_address *address, uint16_t port, char *text,
			    size_t size)
{
	char address_text[PR_ADDRESS_TEXT_SIZE];

	pr_address_format(address, address_text);
	if (!port)
		snprintf(text, size, "%s", address_text);
	else if (address->family == 6)
		snprintf(text, size, "[%s]:%u", address_text, port);
	else
		snprintf(text, size, "%s:%u", address_text, port);
	return text;
}

static const char *proto_name(uint8_t proto, char text[8])
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmp6";
	}
	snprintf(text, 8, "%u", proto);
	return text;
}

const char *show_tuple(const struct pr_tuple *tuple, char text[160])
{
	char src[64], dst[64], proto[8];

	snprintf(text, 160, "%s %s > %s", proto_name(tuple->proto, proto),
		 show_end(&tuple->src, tuple->src_port, src, sizeof(src)),
		 show_end(&tuple->dst, tuple->dst_port, dst, sizeof(dst)));
	return text;
}

void show_order(struct world *world, enum output_kind kind, const struct pr_verdict_order *order)
{
	world_output(world, kind, "%s%s %s%s%s generation=%u",
		     kind == OUTPUT_RELEASED ? "released " : "", pr_verdict_name(order->verdict),
		     order->permanent ? "permanent" : "once",
		     order->payload_only  ? " payload-only"
		     : order->unreachable ? " unreachable"
					  : "",
		     order->one_path  ? " one-path"
		     : order->as_seen ? " as-seen"
				      : "",
		     order->generation);
}

static PR_PRINTF(2, 3) void add(char *text, const char *format, ...)
{
	size_t len = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + len, OUTPUT_SIZE - 64 - len, format, arguments);
	va_end(arguments);
}

static void add_decision(char *text, const struct pr_event *event)
{
	if (event->decided)
		add(text, " %s stage=%s", event->ask ? "ask" : pr_verdict_name(event->verdict),
		    pr_stage_name(event->stage));
	if (event->permanent)
		add(text, " permanent");
	if (event->grace)
		add(text, " grace");
	if (event->old)
		add(text, " old");
	if (event->ended)
		add(text, " ended");
	if (event->missing)
		add(text, " missing=%#x", event->missing);
	if (event->missing_providers)
		add(text, " providers=%s", event->missing_providers);
	if (event->rule)
		add(text, " rule=\"%s\"", event->rule);
	if (event->tunnel)
		add(text, " tunnel=%s", event->tunnel);
	if (event->reason)
		add(text, " reason=\"%s\"", event->reason);
}

static void add_seen(char *text, const struct pr_event_seen *seen)
{
	if (!seen->any)
		return;
	add(text, " speaks=%s encrypted=%s", pr_speaks_name(seen->speaks),
	    pr_encryption_name(seen->encryption));
	for (unsigned int i = 0; i < seen->n_names; i++)
		add(text, " named=%s", seen->names[i]);
	if (seen->alpn && *seen->alpn)
		add(text, " alpn=%s", seen->alpn);
	if (seen->flags)
		add(text, " flags=%#x", seen->flags);
}

static void add_counters(char *text, const struct pr_event *event)
{
	static const char *const states[] = { "open", "permitted", "denied", "expired" };

	if (event->counted)
		add(text, " sent=%llu received=%llu packets=%llu/%llu",
		    (unsigned long long)event->bytes_sent,
		    (unsigned long long)event->bytes_received,
		    (unsigned long long)event->packets_sent,
		    (unsigned long long)event->packets_received);
	if (event->kind == PR_EVENT_END)
		add(text, " duration=%llums", (unsigned long long)event->duration_ms);
	if (event->kind == PR_EVENT_PROMPT)
		add(text, " %s prompt=%llu", states[event->prompt_state],
		    (unsigned long long)event->id);
	if (event->n_links)
		add(text, " links=%u", event->n_links);
	if (event->n_communications)
		add(text, " communications=%u", event->n_communications);
}

void show_event(struct world *world, enum output_kind kind, const struct pr_event *event)
{
	static const char *const kinds[] = { "dns", "communication", "link",  "verdict",
					     "end", "prompt",	     "system" };
	char text[OUTPUT_SIZE] = "", tuple[160], address[PR_ADDRESS_TEXT_SIZE];

	add(text, "%s%s %s", kind == OUTPUT_EVENT ? "event " : "row ", kinds[event->kind],
	    pr_direction_name(event->direction));
	add(text, " app=%s profile=%s", event->instance ? event->instance : "-",
	    event->profile ? event->profile : "-");
	if (event->pid)
		add(text, " pid=%d", event->pid);
	if (event->path)
		add(text, " path=%s", event->path);
	if (event->exe_shown)
		add(text, " shown=%s", event->exe_shown);
	for (unsigned int i = 0; i < event->n_domains; i++)
		add(text, " domain=%s", event->domains[i]);
	if (event->n_domains && (event->kind == PR_EVENT_LINK || event->kind == PR_EVENT_VERDICT))
		add(text, " grade=%u", event->name_grade);
	add(text, " scope=%s", pr_scope_name(event->scope));
	if (event->tuple.src.family)
		add(text, " %s", show_tuple(&event->tuple, tuple));
	if (event->remote.family && event->kind == PR_EVENT_DNS)
		add(text, " ip=%s", pr_address_format(&event->remote, address));
	if (event->country)
		add(text, " country=%s", event->country);
	if (event->asn)
		add(text, " asn=%u org=\"%s\"", event->asn,
		    event->organisation ? event->organisation : "");
	for (unsigned int i = 0; i < event->n_lists; i++)
		add(text, " list=%s", event->lists[i]);
	for (unsigned int i = 0; i < 2; i++)
		if (event->suspicions & 1u << i)
			add(text, " suspicion=%u", i);
	if (event->kind == PR_EVENT_DNS)
		add(text, " %s", event->text ? event->text : "-");
	if (event->attacked)
		add(text, " attack%s%s \"%s\"", event->attack.blocked_until_us ? " blocked" : "",
		    event->attack.spared ? " spared" : "", event->text);
	add_seen(text, &event->seen);
	add_decision(text, event);
	add_counters(text, event);
	world_output(world, kind, "%s", text);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/clock.h"
#include "cli/replay.h"

#include <string.h>

static const char *const hooks[] = { [PR_HOOK_OUTPUT] = "out",
				     [PR_HOOK_INPUT] = "in",
				     [PR_HOOK_FORWARD] = "forward",
				     [PR_HOOK_PREROUTING] = "prerouting" };

static const char *protocol_of(uint8_t proto, char number[4])
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
	default:
		snprintf(number, 4, "%u", proto);
		return number;
	}
}

static void set_flow(json_t *object, const struct pr_tuple *tuple)
{
	char src[PR_ADDRESS_TEXT_SIZE], dst[PR_ADDRESS_TEXT_SIZE], number[4];

	json_object_set_new(
		object, "flow",
		json_pack("{s:s, s:s, s:i, s:s, s:i}", "proto", protocol_of(tuple->proto, number),
			  "src", pr_address_format(&tuple->src, src), "src_port", tuple->src_port,
			  "dst", pr_address_format(&tuple->dst, dst), "dst_port", tuple->dst_port));
}

static const char *flow_text(const struct pr_tuple *tuple, char *text, size_t size)
{
	char src[PR_ADDRESS_TEXT_SIZE], dst[PR_ADDRESS_TEXT_SIZE], number[4];
	bool six = tuple->src.family == 6,
	     ports = tuple->proto == IPPROTO_TCP || tuple->proto == IPPROTO_UDP;

	pr_address_format(&tuple->src, src);
	pr_address_format(&tuple->dst, dst);
	if (!tuple->src.family)
		snprintf(text, size, "(it can't be read)");
	else if (ports)
		snprintf(text, size, six ? "%s [%s]:%u > [%s]:%u" : "%s %s:%u > %s:%u",
			 protocol_of(tuple->proto, number), src, tuple->src_port, dst,
			 tuple->dst_port);
	else
		snprintf(text, size, "%s %s > %s", protocol_of(tuple->proto, number), src, dst);
	return text;
}

static void show_packet_json(const struct pr_cli *cli, const struct pr_replay_row *row)
{
	char time[PR_CLOCK_TEXT_SIZE];
	json_t *object = json_pack("{s:i, s:s, s:s, s:i}", "packet", (int)row->number, "time",
				   pr_clock_format(row->time_us, time), "hook", hooks[row->hook],
				   "len", (int)row->len);

	if (row->tuple.src.family)
		set_flow(object, &row->tuple);
	if (row->decided) {
		json_object_set_new(object, "verdict", json_string(pr_verdict_name(row->verdict)));
		json_object_set_new(object, "permanent", json_boolean(row->permanent));
		json_object_set_new(object, "by",
				    json_string(row->by_kernel ? "kernel" : "engine"));
	}
	if (row->decided && row->decided_us > row->time_us)
		json_object_set_new(
			object, "held_ms",
			json_integer((json_int_t)(row->decided_us - row->time_us) / 1000));
	if (row->reason)
		json_object_set_new(object, "reason", json_string(row->reason));
	pr_cli_json(cli, object);
	json_decref(object);
}

void pr_replay_show_packet(const struct pr_cli *cli, const struct pr_replay_row *row,
			   uint64_t first_us)
{
	const char *verdict = row->decided ? pr_verdict_name(row->verdict) : "held";
	char flow[160], clean[512];

	if (cli->json) {
		show_packet_json(cli, row);
		return;
	}
	fprintf(cli->out, "%6u %11.6f  %-7s  %-48s  %s%-18s%s %s%s\n", row->number,
		(double)(row->time_us - first_us) / 1e6, hooks[row->hook],
		flow_text(&row->tuple, flow, sizeof(flow)), pr_cli_verdict_colour(cli, verdict),
		verdict, pr_cli_plain(cli),
		row->by_kernel	 ? "(the kernel alone)"
		: row->permanent ? "permanent; "
				 : "",
		row->reason ? pr_cli_clean(row->reason, clean, sizeof(clean)) : "");
}

void pr_replay_show_event(const struct pr_cli *cli, const json_t *event)
{
	pr_cli_event(cli, event);
}

static void show_link_json(const struct pr_cli *cli, const struct pr_replay_link *link)
{
	json_t *object = link->event ? json_deep_copy(link->event) : json_object(),
	       *packets = json_object();

	json_object_set_new(object, "event", json_string("summary"));
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(link->packets); i++)
		if (link->packets[i])
			json_object_set_new(packets, pr_verdict_name((enum pr_verdict)i),
					    json_integer((json_int_t)link->packets[i]));
	if (!json_object_get(object, "link"))
		set_flow(object, &link->tuple);
	json_object_set_new(object, "packets", packets);
	pr_cli_json(cli, object);
	json_decref(object);
}

static void show_link(const struct pr_cli *cli, const struct pr_replay_link *link)
{
	const char *verdict = link->event ? pr_cli_text(link->event, "verdict") : NULL;
	const char *domain = link->event ? pr_cli_text(link->event, "entity.domain") : NULL;
	const char *reason = link->event ? pr_cli_text(link->event, "reason") : NULL;
	char flow[160], clean_domain[256], clean[512], counts[160] = "";
	size_t used = 0;

	for (unsigned int i = 0; i < PR_ARRAY_SIZE(link->packets); i++)
		if (link->packets[i])
			used += (size_t)snprintf(counts + used, sizeof(counts) - used, "%s%llu %s",
						 used ? ", " : "",
						 (unsigned long long)link->packets[i],
						 pr_verdict_name((enum pr_verdict)i));
	fprintf(cli->out, "%s%-18s%s %-48s  %-24s  %s%s%s\n", pr_cli_verdict_colour(cli, verdict),
		verdict ? verdict : "-", pr_cli_plain(cli),
		flow_text(&link->tuple, flow, sizeof(flow)),
		domain ? pr_cli_clean(domain, clean_domain, sizeof(clean_domain)) : "-",
		*counts ? counts : "no packet decided", reason ? "; " : "",
		reason ? pr_cli_clean(reason, clean, sizeof(clean)) : "");
}

void pr_replay_show_links(const struct pr_cli *cli, const struct pr_replay_kernel *kernel)
{
	if (!cli->json && kernel->n)
		fputs("\nlinks\n", cli->out);
	for (uint32_t i = 0; i < kernel->n; i++)
		(cli->json ? show_link_json : show_link)(cli, &kernel->links[i]);
}

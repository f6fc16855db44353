/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `portreeve inspect`: what the inspectors see in a capture, flow by flow. No daemon is needed. */
#include "api/seen_json.h"
#include "base/clock.h"
#include "cli/capture_file.h"
#include "cli/cli.h"
#include "inspection/flows.h"

#include <string.h>

#define N_COLUMNS 9

/* Columns of the table for people: what stands in them, and how wide they have become. */
struct table {
	char **cells;
	size_t n_rows;
	size_t widths[N_COLUMNS];
};

static const char *const titles[N_COLUMNS] = { "flow", "protocol", "version", "encrypted", "names",
					       "ALPN", "JA4",	   "packets", "bytes" };

static void cell(struct table *table, unsigned int column, const char *text)
{
	char clean[1024];
	size_t len;

	if (column == 0)
		table->cells = pr_realloc(table->cells, ++table->n_rows * N_COLUMNS,
					  sizeof(*table->cells));
	pr_cli_clean(text && *text ? text : "-", clean, sizeof(clean));
	len = strlen(clean);
	if (len > table->widths[column])
		table->widths[column] = len;
	table->cells[(table->n_rows - 1) * N_COLUMNS + column] = pr_strdup(clean);
}

static void endpoint(char *text, size_t size, const struct pr_address *address, uint16_t port)
{
	char formatted[PR_ADDRESS_TEXT_SIZE];

	snprintf(text, size, address->family == 6 ? "[%s]:%u" : "%s:%u",
		 pr_address_format(address, formatted), port);
}

static void flow_cell(struct table *table, const struct pr_flow *flow)
{
	char src[PR_ADDRESS_TEXT_SIZE + 8], dst[PR_ADDRESS_TEXT_SIZE + 8], text[160];

	endpoint(src, sizeof(src), &flow->tuple.src, flow->tuple.src_port);
	endpoint(dst, sizeof(dst), &flow->tuple.dst, flow->tuple.dst_port);
	snprintf(text, sizeof(text), "%s %s > %s%s",
		 flow->tuple.proto == IPPROTO_TCP ? "TCP" : "UDP", src, dst,
		 flow->late	? " (began before)"
		 : flow->silent ? " (nothing sent)"
				: "");
	cell(table, 0, text);
}

static void names_cell(struct table *table, const struct pr_seen *seen)
{
	char text[PR_SEEN_NAMES_MAX * (PR_SEEN_NAME_SIZE + 1) + 32] = "";
	size_t used = 0;

	for (unsigned int i = 0; i < seen->n_names; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? "," : "",
					 seen->names[i]);
	if (seen->flags & PR_SEEN_ECH)
		snprintf(text + used, sizeof(text) - used, " (outer)");
	cell(table, 4, text);
}

static void row(struct table *table, const struct pr_flow *flow)
{
	const struct pr_seen *seen = flow->seen;
	char text[2 * PR_SEEN_ALPN_SIZE + 8];

	flow_cell(table, flow);
	cell(table, 1, pr_speaks_name(seen->speaks));
	cell(table, 2, seen->version);
	snprintf(text, sizeof(text), "%s%s", pr_encryption_name(seen->encryption),
		 seen->flags & PR_SEEN_UPGRADED ? " (upgraded)" : "");
	cell(table, 3, text);
	names_cell(table, seen);
	snprintf(text, sizeof(text), "%s%s%s", seen->alpn, *seen->alpn_chosen ? " > " : "",
		 seen->alpn_chosen);
	cell(table, 5, text);
	cell(table, 6, seen->ja4);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)flow->packets);
	cell(table, 7, text);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)flow->bytes);
	cell(table, 8, text);
}

/* Numbers stand to the right. */
static void print_cell(const struct pr_cli *cli, const struct table *table, unsigned int column,
		       const char *text)
{
	int width = (int)table->widths[column];

	fprintf(cli->out, column >= 7 ? "%*s" : "%-*s", width, text);
	fputs(column + 1 < N_COLUMNS ? "  " : "\n", cli->out);
}

static void print_table(const struct pr_cli *cli, struct table *table)
{
	for (unsigned int i = 0; i < N_COLUMNS; i++) {
		if (strlen(titles[i]) > table->widths[i])
			table->widths[i] = strlen(titles[i]);
		print_cell(cli, table, i, titles[i]);
	}
	for (size_t i = 0; i < table->n_rows * N_COLUMNS; i++) {
		print_cell(cli, table, (unsigned int)(i % N_COLUMNS), table->cells[i]);
		free(table->cells[i]);
	}
	free(table->cells);
}

static void show_table(const struct pr_cli *cli, const struct pr_flows *flows)
{
	const struct pr_flow *flow;
	struct table table = { 0 };

	for (uint32_t i = 0; (flow = pr_flows_at(flows, i)); i++)
		row(&table, flow);
	print_table(cli, &table);
}

static void show_json(const struct pr_cli *cli, const struct pr_flow *flow)
{
	char src[PR_ADDRESS_TEXT_SIZE], dst[PR_ADDRESS_TEXT_SIZE], time[PR_CLOCK_TEXT_SIZE];
	/* A certificate has expired if it had when it was shown. */
	struct pr_event event = { .real_us = flow->last_us };
	json_t *object = json_pack(
		"{s:s, s:{s:s, s:s, s:i, s:s, s:i}}", "time", pr_clock_format(flow->first_us, time),
		"flow", "proto", flow->tuple.proto == IPPROTO_TCP ? "tcp" : "udp", "src",
		pr_address_format(&flow->tuple.src, src), "src_port", flow->tuple.src_port, "dst",
		pr_address_format(&flow->tuple.dst, dst), "dst_port", flow->tuple.dst_port);

	pr_event_see(&event, flow->seen);
	pr_seen_set_json(object, &event.seen);
	if (flow->late)
		json_object_set_new(object, "late", json_true());
	if (flow->silent)
		json_object_set_new(object, "silent", json_true());
	json_object_set_new(object, "packets", json_integer((json_int_t)flow->packets));
	json_object_set_new(object, "bytes", json_integer((json_int_t)flow->bytes));
	pr_cli_json(cli, object);
	json_decref(object);
}

static void show(const struct pr_cli *cli, const struct pr_flows *flows)
{
	const struct pr_flow *flow;

	if (!cli->json) {
		show_table(cli, flows);
		return;
	}
	for (uint32_t i = 0; (flow = pr_flows_at(flows, i)); i++)
		show_json(cli, flow);
}

/* What was in the capture and is no row. */
static void say_rest(const struct pr_flows_counters *counters)
{
	if (counters->n_left_out)
		fprintf(stderr,
			"portreeve: %u packets of further flows were not looked at: %u flows are "
			"kept\n",
			counters->n_left_out, PR_FLOWS_MAX);
	if (counters->n_unreadable)
		fprintf(stderr, "portreeve: %u packets contradict themselves\n",
			counters->n_unreadable);
	if (counters->n_fragments_lost)
		fprintf(stderr, "portreeve: %u fragments led to no packet\n",
			counters->n_fragments_lost);
}

int pr_command_inspect(const struct pr_cli *cli, int argc, char **argv)
{
	struct pr_capture_file file;
	struct pr_captured captured;
	struct pr_flows_counters counters;
	struct pr_flows *flows;
	int n, r, status;

	if (!pr_cli_options("inspect", argc, argv, NULL, 0, &n))
		return PR_EXIT_USAGE;
	if (n != 1)
		return pr_cli_usage_error("inspect", "wants one capture");
	if (!pr_capture_file_open(argv[0], &file))
		return PR_EXIT_FAILED;
	flows = pr_flows_new();
	while ((r = pr_capture_next(&file.capture, &captured)) == PR_CAPTURE_DONE)
		pr_flows_packet(flows, &captured);
	pr_flows_end(flows);
	show(cli, flows);
	counters = pr_flows_counters(flows);
	say_rest(&counters);
	status = pr_capture_file_complete(&file, r == PR_CAPTURE_DAMAGED) ? PR_EXIT_OK
									  : PR_EXIT_FAILED;
	pr_flows_free(flows);
	pr_capture_file_close(&file);
	return status;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prints the table of checks as a graph for graphviz: docs/decision-flow.dot, and from it .svg and .pdf,
 * are what this prints (docs/draw-decision-flow).
 */
#include "firewall/checks.h"

#include <stdio.h>

#define N_STAGES (PR_STAGE_INSPECTION + 1)

static const char *const stage_titles[N_STAGES] = { "before<br/>intel", "after<br/>intel",
						    "commu-<br/>nication", "link",
						    "inspec-<br/>tion" };
static const char *const directions[] = { "out", "in", "forward" };

static const struct {
	enum pr_said said;
	const char *colour;
} ways_out[] = {
	{ PR_SAID_PERMIT, "#2e7d32" },
	{ PR_SAID_DENY, "#c62828" },
	{ PR_SAID_ASK, "#ef6c00" },
	{ PR_SAID_REROUTE_NAMESERVER, "#1565c0" },
	{ PR_SAID_REROUTE_TUNNEL, "#6a1b9a" },
	{ PR_SAID_UNDETERMINABLE, "#757575" },
};

static void print_escaped(const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			fputs("&amp;", stdout);
		else if (*text == '<')
			fputs("&lt;", stdout);
		else if (*text == '>')
			fputs("&gt;", stdout);
		else
			putchar(*text);
	}
}

static void print_stages(const struct pr_check *check)
{
	for (unsigned int stage = 0; stage < N_STAGES; stage++) {
		if (check->stages & 1u << stage)
			printf("<td width=\"64\" bgcolor=\"#dce9f7\">%s</td>", stage_titles[stage]);
		else
			printf("<td width=\"64\"><font color=\"#cccccc\">%s</font></td>",
			       stage_titles[stage]);
	}
}

static void print_directions(const struct pr_check *check)
{
	const char *separator = "";

	for (unsigned int direction = 0; direction < PR_ARRAY_SIZE(directions); direction++)
		if (check->directions & 1u << direction) {
			printf("%s%s", separator, directions[direction]);
			separator = ", ";
		}
}

static void print_check(unsigned int id)
{
	const struct pr_check *check = &pr_checks[id];

	printf("\tcheck%u [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" "
	       "cellpadding=\"4\" color=\"#888888\"><tr><td colspan=\"4\" align=\"left\">%u  <b>",
	       id, check->order);
	print_escaped(check->name);
	printf("</b>  (");
	print_directions(check);
	printf(")<br align=\"left\"/>");
	print_escaped(check->question);
	printf("<br align=\"left\"/></td></tr><tr>");
	print_stages(check);
	printf("</tr></table>>];\n");
}

/* What it can say, beside it. */
static void print_ways_out(unsigned int id)
{
	printf("\tways%u [label=<<table border=\"0\" cellborder=\"0\" cellspacing=\"6\" "
	       "cellpadding=\"4\"><tr>",
	       id);
	for (size_t i = 0; i < PR_ARRAY_SIZE(ways_out); i++)
		if (pr_checks[id].says & 1u << ways_out[i].said)
			printf("<td bgcolor=\"%s\"><font color=\"white\">%s</font></td>",
			       ways_out[i].colour, pr_said_name(ways_out[i].said));
	printf("</tr></table>>];\n"
	       "\tcheck%u -> ways%u;\n"
	       "\tsubgraph row%u {\n\t\trank=same;\n\t\tcheck%u;\n\t\tways%u;\n\t}\n",
	       id, id, id, id, id);
}

int main(void)
{
	printf("// Made from src/firewall/checks.c by docs/draw-decision-flow. Don't edit.\n"
	       "digraph \"decision flow\" {\n"
	       "\tgraph [fontname=\"Helvetica\", rankdir=TB, nodesep=0.25, ranksep=0.3];\n"
	       "\tnode [fontname=\"Helvetica\", fontsize=11, shape=plaintext];\n"
	       "\tedge [fontname=\"Helvetica\", fontsize=10, arrowsize=0.7];\n");
	for (unsigned int id = 0; id < PR_CHECK_COUNT_; id++) {
		print_check(id);
		print_ways_out(id);
		if (id)
			printf("\tcheck%u -> check%u [weight=100];\n", id - 1, id);
	}
	printf("}\n");
	return 0;
}

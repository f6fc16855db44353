/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opens links by hops of the tunnel and speaks to what they lead to:
 *
 *   carrier [-n LINKS] [-adkr] [-s SHARED] HOP… HOST PORT
 *
 * HOP is a URL of docs/settings.md, with ",user=…", ",password=…", ",ca=…" behind it; its id is "hop1", "hop2", ….
 * Standard input is sent by every link and ended (-k: is not), what comes back by the first goes to standard output.
 * -a: each link after the one before. -d: datagrams, one is sent and one awaited. -r: ended by a reset once something
 * came. A line a link on standard error when it is open,
 * one when it ends.
 */
#include "base/clock.h"
#include "tunnel/carrier.h"

#include <string.h>
#include <unistd.h>

#define INPUT_MAX (64u << 20)

struct link {
	struct pr_carrier *carrier;
	unsigned int number;
	size_t sent, received;
	uint64_t started_us;
	bool shut;
};

static struct {
	struct event_base *base;
	struct pr_carriers *carriers;
	struct pr_carrier_hop hops[PR_TUNNEL_HOPS_MAX];
	struct pr_tunnel_upstream upstreams[PR_TUNNEL_HOPS_MAX];
	struct pr_carrier_to to;
	struct link *links;
	unsigned int n_links, n_started, n_ended, n_failed;
	bool one_by_one, reset, keep;
	char *input;
	size_t input_len;
} tool;

static void start(void);

static void end(struct link *link, const char *how, bool failed)
{
	fprintf(stderr, "%u end %s %zu\n", link->number, how, link->received);
	pr_carrier_free(PR_TAKE_PTR(link->carrier), tool.reset);
	tool.n_failed += failed;
	if (++tool.n_ended == tool.n_links)
		event_base_loopbreak(tool.base);
	else if (tool.one_by_one)
		start();
}

static void on_writable(void *context)
{
	struct link *link = context;

	while (link->sent < tool.input_len) {
		ssize_t n = pr_carrier_write(link->carrier, tool.input + link->sent,
					     tool.input_len - link->sent);

		if (n == -EAGAIN)
			return;
		if (n < 0) {
			end(link, strerror((int)-n), true);
			return;
		}
		link->sent += (size_t)n;
	}
	if (!link->shut && !tool.keep) {
		link->shut = true;
		pr_carrier_shutdown(link->carrier);
	}
}

static void on_readable(void *context)
{
	static char bytes[PR_CARRIER_DATAGRAM_MAX];
	struct link *link = context;

	for (;;) {
		ssize_t n = pr_carrier_read(link->carrier, bytes, sizeof(bytes));

		if (n == -EAGAIN)
			return;
		if (n > 0) {
			link->received += (size_t)n;
			if (link->number == 0)
				pr_assert(write(STDOUT_FILENO, bytes, (size_t)n) == n);
		}
		if (n > 0 && !tool.to.datagrams && !tool.reset)
			continue;
		end(link, n < 0 ? strerror((int)-n) : "well", n < 0);
		return;
	}
}

static void on_opened(void *context, enum pr_tunnel_outcome outcome, unsigned int hop,
		      const char *why)
{
	static const char *const outcomes[] = { "open",	     "refused",	  "unreachable",
						"timed-out", "forbidden", "unsupported",
						"down" };
	struct link *link = context;

	fprintf(stderr, "%u %s %u %u ms %s\n", link->number, outcomes[outcome], hop,
		(unsigned int)((pr_clock_monotonic_us() - link->started_us) / 1000), why);
	if (outcome != PR_TUNNEL_OPEN)
		end(link, "unopened", true);
	else
		on_writable(link);
}

static void start(void)
{
	struct link *link = &tool.links[tool.n_started];
	const struct pr_carrier_events events = { .context = link,
						  .opened = on_opened,
						  .readable = on_readable,
						  .writable = on_writable };

	link->number = tool.n_started++;
	link->started_us = pr_clock_monotonic_us();
	link->carrier = pr_carrier_open(tool.carriers, &tool.to, &events);
}

/* "URL,key=value…"; cut into pieces. */
static bool take_hop(char *text)
{
	struct pr_carrier_hop *hop = &tool.hops[tool.to.n_hops];
	struct pr_tunnel_upstream *upstream = &tool.upstreams[tool.to.n_hops++];
	char *url = strsep(&text, ","), *pair;
	const char *why;

	*upstream =
		(struct pr_tunnel_upstream){ .host = "", .ca = "", .interface = "", .udp = true };
	upstream->id = pr_asprintf("hop%u", tool.to.n_hops);
	*hop = (struct pr_carrier_hop){
		.upstream = upstream, .user = "", .password = "", .shared = ""
	};
	if (pr_tunnel_url_parse(url, upstream, &why) < 0) {
		fprintf(stderr, "%s: %s\n", url, why);
		return false;
	}
	while ((pair = strsep(&text, ","))) {
		char *value = pair;
		const char *key = strsep(&value, "=");

		if (value && strcmp(key, "user") == 0)
			hop->user = value;
		else if (value && strcmp(key, "password") == 0)
			hop->password = value;
		else if (value && strcmp(key, "ca") == 0)
			upstream->ca = value;
		else
			return false;
	}
	return true;
}

static void read_input(void)
{
	ssize_t n;

	tool.input = pr_calloc(1, INPUT_MAX);
	while ((n = read(STDIN_FILENO, tool.input + tool.input_len, INPUT_MAX - tool.input_len)) >
	       0)
		tool.input_len += (size_t)n;
}

static bool take_arguments(int argc, char **argv)
{
	const char *shared = "";
	int option;

	tool.n_links = 1;
	while ((option = getopt(argc, argv, "adkn:rs:")) != -1) {
		switch (option) {
		case 'a':
			tool.one_by_one = true;
			break;
		case 'd':
			tool.to.datagrams = true;
			break;
		case 'k':
			tool.keep = true;
			break;
		case 'n':
			tool.n_links = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			tool.reset = true;
			break;
		case 's':
			shared = optarg;
			break;
		default:
			return false;
		}
	}
	if (argc - optind < 3 || argc - optind > 2 + (int)PR_TUNNEL_HOPS_MAX || !tool.n_links)
		return false;
	tool.to.hops = tool.hops;
	tool.to.host = argv[argc - 2];
	tool.to.port = (uint16_t)strtoul(argv[argc - 1], NULL, 10);
	while (optind < argc - 2)
		if (!take_hop(argv[optind++]))
			return false;
	for (unsigned int i = 0; i < tool.to.n_hops; i++)
		tool.hops[i].shared = shared;
	return true;
}

int main(int argc, char **argv)
{
	struct pr_dialer *dialer;

	if (!take_arguments(argc, argv)) {
		fprintf(stderr, "usage: carrier [-n LINKS] [-adkr] [-s SHARED] HOP… HOST PORT\n");
		return 2;
	}
	read_input();
	tool.base = event_base_new();
	dialer = pr_dialer_new(tool.base);
	tool.carriers = pr_carriers_new(tool.base, dialer);
	tool.links = pr_calloc(tool.n_links, sizeof(*tool.links));
	do
		start();
	while (!tool.one_by_one && tool.n_started < tool.n_links);
	event_base_dispatch(tool.base);
	pr_carriers_free(tool.carriers);
	pr_dialer_free(dialer);
	event_base_free(tool.base);
	return tool.n_failed != 0;
}

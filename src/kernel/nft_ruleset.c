/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table's frame. Base chains are made once and never taken away; they hold what nearly every packet needs
 * (nft_base.c), regular chains hold the rest of the rules. A refill empties and fills both.
 *
 * Priorities. In output the queue stands after conntrack (-200) and mangle (-150), before nat (-100). Our bits are
 * taken off before mangle, for whatever a socket asked for (SO_MARK), and once more after it, for what a foreign
 * chain copied from the conntrack mark: there in a chain of type route, so that the packet is routed by the mark
 * without them. In prerouting likewise, right after wg-quick's chain at -150 and before the reverse path filter. In
 * postrouting ours stands behind source NAT (100), whose work it takes back for a while (nft_direct.c). In
 * input and forward the queue stands behind other firewalls' filters (0): what they deny asks nobody.
 *
 * The guards. A queued packet remembers its place among the hook's functions as a number, and NF_REPEAT runs what
 * stands there when the verdict comes (nf_reinject()). Where somebody takes away a function that stood before ours,
 * the kernel shortens the list first and drops what is queued after it (__nf_unregister_net_hook()): between the two
 * the number is that of the function behind ours, and a packet that was to be refused goes on. It carries its order
 * still, and no other packet does: a walk of its own through postrouting finds all that leaves; in input, where
 * nothing follows, two more functions do: the next one, for a place that moved by one, and the last but conntrack's own,
 * for one that moved further. What moved beyond the end is dropped by the kernel; a place that moved by just as many as
 * bring it to conntrack's (nf_confirm(), of the same priority, and of those the older one is the last) is not found.
 */
#include "kernel/nft_ruleset.h"

#include <linux/netfilter.h>

#define KEY4_LEN	    (6 * 4) /* protocol, two addresses, two ports, side; four bytes at least each */
#define KEY6_LEN	    (12 * 4)
#define ID_LEN		    (2 * 4)

#define ACCEPTED_TIMEOUT_MS 60000 /* then one packet is queued, and the entry renewed */
#define ACCEPTED_MAX	    65536

#define GUARD_POSTROUTING   -310 /* before all that could copy a mark there: raw is -300 */

static const struct pr_nft_chain base_chains[] = {
	{ "at-output-strip", "filter", NF_INET_LOCAL_OUT, -151, false },
	{ "at-output-strip-route", "route", NF_INET_LOCAL_OUT, -149, false },
	{ "at-output", "filter", NF_INET_LOCAL_OUT, -148, true },
	{ "at-output-nat", "nat", NF_INET_LOCAL_OUT, -101, false },
	{ "at-prerouting-strip", "filter", NF_INET_PRE_ROUTING, -149, false },
	{ "at-prerouting", "filter", NF_INET_PRE_ROUTING, -148, false },
	{ "at-prerouting-nat", "nat", NF_INET_PRE_ROUTING, -101, false },
	{ "at-postrouting", "filter", NF_INET_POST_ROUTING, 200, false },
	{ "at-input-strip", "filter", NF_INET_LOCAL_IN, 10, false },
	{ "at-input", "filter", NF_INET_LOCAL_IN, 11, true },
	{ "at-forward-strip", "filter", NF_INET_FORWARD, 10, false },
	{ "at-forward", "filter", NF_INET_FORWARD, 11, true },
	{ "at-input-guard", "filter", NF_INET_LOCAL_IN, 12, false },
	{ "at-input-guard-too", "filter", NF_INET_LOCAL_IN, INT32_MAX, false },
	{ "at-postrouting-guard", "filter", NF_INET_POST_ROUTING, GUARD_POSTROUTING, false },
};

static const char *const regular_chains[] = {
	"strip",
	"output",
	"output-original",
	"output-opening",
	"output-reply",
	"output-order",
	"input",
	"input-original",
	"input-opening",
	"input-reply",
	"input-order",
	"forward",
	"forward-tracked",
	"forward-opening",
	"forward-order",
	"before-routing",
	"before-routing-order",
	"order-reroutable",
	"order-out",
	"order-in",
	"order-related",
	"requeue",
	"related-output",
	"related-input",
	"related-forward",
	"disinherit",
	"direct-output",
	"direct-output-socket",
	"direct-input",
	"nat-output",
	"nat-before-routing",
	"to-entry",
	"entry-order",
	"leave-for-entry",
	"entry-passes",
	"entry-arrived",
	"entry-direct",
	"entry-rerouted",
	"leave",
	"leave-as-local",
	"guard",
	"guard-input",
	"guard-input-last",
	PR_CHAIN_INSPECTED,
	"begin-life",
	PR_CHAIN_REJECT,
	PR_CHAIN_QUEUE,
	PR_CHAIN_QUEUE_INSPECTED,
	PR_CHAIN_QUEUE_UNTRACKED,
};

const char *const pr_ruleset_denied_sets[4] = { "blocked4", "blocked6", "dropped4", "dropped6" };

static struct pr_ruleset_writer writer(struct pr_nft_batch *batch,
				       const struct pr_ruleset_config *config)
{
	uint32_t size = config->n_denied_max, timeout_ms = config->denied_timeout_ms;
	const char *const *names = pr_ruleset_denied_sets;

	return (struct pr_ruleset_writer){
		.batch = batch,
		.config = config,
		.blocked4 = { names[0], 1, KEY4_LEN, size, timeout_ms },
		.blocked6 = { names[1], 2, KEY6_LEN, size, timeout_ms },
		.dropped4 = { names[2], 3, KEY4_LEN, size, timeout_ms },
		.dropped6 = { names[3], 4, KEY6_LEN, size, timeout_ms },
		.accepted = { "accepted", 5, ID_LEN, ACCEPTED_MAX, ACCEPTED_TIMEOUT_MS },
		.empty = { "empty", 6, PR_RULESET_EMPTY_KEY_LEN, PR_RULESET_EMPTY_MAX, 0 },
	};
}

static void write_rules(struct pr_ruleset_writer *w)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(base_chains); i++)
		pr_ruleset_write_base(w, base_chains[i].name);
	pr_ruleset_write_verdicts(w);
	pr_ruleset_write_orders(w);
	pr_ruleset_write_inspected(w);
	pr_ruleset_write_direct(w);
	pr_ruleset_write_tunnel(w);
}

char *pr_ruleset_identity(const struct pr_ruleset_config *config)
{
	return pr_asprintf("portreeve layout=%d mask=%x denied_max=%u denied_timeout_ms=%u",
			   PR_RULESET_LAYOUT, config->mark_mask, config->n_denied_max,
			   config->denied_timeout_ms);
}

void pr_ruleset_create(struct pr_nft_batch *batch, const struct pr_ruleset_config *config,
		       uint32_t table_flags)
{
	char *identity PR_CLEANUP(pr_cleanup_free) = pr_ruleset_identity(config);
	struct pr_ruleset_writer w = writer(batch, config);
	const struct pr_nft_set *sets[] = { &w.blocked4, &w.blocked6, &w.dropped4, &w.dropped6,
					    &w.accepted };

	pr_nft_table(batch, PR_RULESET_TABLE, table_flags, identity);
	for (size_t i = 0; i < PR_ARRAY_SIZE(sets); i++)
		pr_nft_set(batch, PR_RULESET_TABLE, sets[i]);
	pr_ruleset_write_empty(&w);
	for (size_t i = 0; i < PR_ARRAY_SIZE(regular_chains); i++)
		pr_nft_chain(batch, PR_RULESET_TABLE,
			     &(struct pr_nft_chain){ .name = regular_chains[i] });
	for (size_t i = 0; i < PR_ARRAY_SIZE(base_chains); i++)
		pr_nft_chain(batch, PR_RULESET_TABLE, &base_chains[i]);
	write_rules(&w);
}

void pr_ruleset_flush_denied(struct pr_nft_batch *batch)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(pr_ruleset_denied_sets); i++)
		pr_nft_set_flush(batch, PR_RULESET_TABLE, pr_ruleset_denied_sets[i]);
}

void pr_ruleset_refill(struct pr_nft_batch *batch, const struct pr_ruleset_config *config)
{
	struct pr_ruleset_writer w = writer(batch, config);

	for (size_t i = 0; i < PR_ARRAY_SIZE(base_chains); i++)
		pr_nft_chain_flush(batch, PR_RULESET_TABLE, base_chains[i].name);
	for (size_t i = 0; i < PR_ARRAY_SIZE(regular_chains); i++)
		pr_nft_chain_flush(batch, PR_RULESET_TABLE, regular_chains[i]);
	pr_ruleset_flush_denied(batch);
	pr_nft_set_flush(batch, PR_RULESET_TABLE, w.accepted.name);
	write_rules(&w);
}

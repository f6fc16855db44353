/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor's part of `status`. */
#include "daemon/supervisor.h"

#include "base/clock.h"
#include "ipc/body.h"

#include <stdio.h>

struct facts {
	struct pr_pairs pairs;
	char texts[PR_PAIRS_MAX][24];
};

static void add(struct facts *facts, const char *key, const char *text)
{
	(void)pr_pairs_add(&facts->pairs, key, text);
}

static void add_number(struct facts *facts, const char *key, uint64_t value)
{
	char *text;

	if (facts->pairs.n == PR_PAIRS_MAX)
		return;
	text = facts->texts[facts->pairs.n];
	snprintf(text, sizeof(facts->texts[0]), "%llu", (unsigned long long)value);
	add(facts, key, text);
}

static void add_child(struct facts *facts, const struct pr_child *child, const char *state_key,
		      const char *deaths_key, const char *hung_key)
{
	add(facts, state_key, child->is_ready ? "runs" : child->pid ? "starts" : "is away");
	add_number(facts, deaths_key, child->n_deaths);
	add_number(facts, hung_key, child->n_hung);
}

static void add_table(struct facts *facts, const struct pr_supervisor *supervisor)
{
	static const char *const keeps[] = {
		[PR_RULESET_KEEP_WATCHED] = "watched",
		[PR_RULESET_KEEP_OWNED] = "owned",
		[PR_RULESET_KEEP_PERSISTENT] = "owned and persistent",
	};
	const struct pr_nftables_abilities *abilities = pr_nftables_abilities(supervisor->nftables);
	struct pr_nftables_state state = { .in_force = false };

	(void)!pr_nftables_state(supervisor->nftables, &state);
	add(facts, "table.in_force", state.in_force ? "true" : "false");
	add(facts, "table.kept", keeps[state.keep]);
	add_number(facts, "table.denied", state.n_denied);
	add_number(facts, "table.removed_by_others", state.n_gone);
	add_number(facts, "table.away_last_us", state.gone_us);
	add_number(facts, "table.away_total_us", state.gone_total_us);
	add_number(facts, "table.events_lost", state.n_events_lost);
	add(facts, "table.queue", abilities->native_queue ? "native" : "xt target NFQUEUE");
	add_number(facts, "generation", supervisor->ruleset.generation);
}

static void add_who(struct facts *facts, const struct pr_supervisor *supervisor)
{
	struct pr_identity_counters counters = { 0 };

	add(facts, "who.bpf", supervisor->bpf ? "true" : "false");
	if (supervisor->bpf_why[0])
		add(facts, "who.bpf_why", supervisor->bpf_why);
	if (supervisor->bpf) {
		add(facts, "who.others", supervisor->watches_others ? "true" : "false");
		add_number(facts, "who.reports_lost", pr_bpf_events_dropped(supervisor->bpf));
	}
	add_number(facts, "who.asked", supervisor->n_who);
	add_number(facts, "who.late", supervisor->n_who_late);
	if (supervisor->identity)
		pr_identity_counters(supervisor->identity, &counters);
	add_number(facts, "who.read", counters.n_read);
	add_number(facts, "who.gone", counters.n_gone);
	add_number(facts, "who.unproven", counters.n_unproven);
	add_number(facts, "who.scans_cut", counters.n_scans_cut);
	add_number(facts, "who.packages_cut", counters.n_package_cut);
}

void pr_supervisor_status(struct pr_supervisor *supervisor, uint64_t ticket)
{
	struct facts facts = { .pairs = { .n = 0 } };
	char since[PR_CLOCK_TEXT_SIZE];
	uint8_t body[16384];

	add(&facts, "version", PR_VERSION);
	add_number(&facts, "uptime_s",
		   (pr_clock_monotonic_us() - supervisor->started_us) / 1000000);
	add(&facts, "failure", supervisor->failure_open ? "open" : "closed");
	if (supervisor->paused_until_us > pr_clock_monotonic_us())
		add_number(&facts, "paused_for_s",
			   (supervisor->paused_until_us - pr_clock_monotonic_us()) / 1000000);
	add(&facts, "failing", supervisor->failing);
	add_number(&facts, "policy.serial", supervisor->policy_serial);
	add(&facts, "policy.warnings", supervisor->warnings);
	if (supervisor->refused[0]) {
		add(&facts, "policy.refused", supervisor->refused);
		add(&facts, "policy.refused_since",
		    pr_clock_format(supervisor->refused_real_us, since));
	}
	add_number(&facts, "workers", supervisor->ruleset.n_queues);
	add_number(&facts, "nameserver.port4", supervisor->nameserver_port4);
	add_number(&facts, "nameserver.port6", supervisor->nameserver_port6);
	add_table(&facts, supervisor);
	add_who(&facts, supervisor);
	add_child(&facts, &supervisor->engine, "engine.state", "engine.deaths", "engine.hung");
	add_child(&facts, &supervisor->resolver, "resolver.state", "resolver.deaths",
		  "resolver.hung");
	add_child(&facts, &supervisor->front, "front.state", "front.deaths", "front.hung");
	if (supervisor->n_tunnels) {
		add_child(&facts, &supervisor->tunnel, "tunnel.state", "tunnel.deaths",
			  "tunnel.hung");
		add_number(&facts, "tunnel.upstreams", supervisor->n_tunnels);
		add(&facts, "tunnel.pool_problem", supervisor->pool_problem);
	}
	pr_supervisor_intel_status(supervisor, ticket);
	pr_child_send(&supervisor->front, PR_MESSAGE_RESULT, ticket, body,
		      pr_pairs_encode(&facts.pairs, body, sizeof(body)), -1);
}

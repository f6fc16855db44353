/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table in the kernel and what belongs to it: our bits in conntrack marks. The table
 * comes in force only when the engine has bound its queues, and our bits are cleared before it, because
 * marks outlive tables.
 */
#include "daemon/supervisor.h"

#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum pr_ruleset_keep wanted_keep(const struct pr_supervisor *supervisor)
{
	return supervisor->failure_open ? PR_RULESET_KEEP_OWNED : PR_RULESET_KEEP_PERSISTENT;
}

int pr_supervisor_table_open(struct pr_supervisor *supervisor)
{
	int r = pr_nftables_open(&supervisor->nftables);

	if (r == PR_NFTABLES_LACKING) {
		fprintf(stderr, "portreeved: %s\n", pr_nftables_lacking(supervisor->nftables));
		return 1;
	}
	if (r < 0) {
		fprintf(stderr,
			"portreeved: nftables cannot be reached (%s): it needs CAP_NET_ADMIN and a "
			"kernel "
			"with nf_tables\n",
			strerror(-r));
		return 1;
	}
	r = pr_conntrack_open(false, &supervisor->conntrack);
	if (r == PR_CONNTRACK_LACKING)
		fputs("portreeved: the kernel has no ctnetlink: no verdict is permanent to revoke, "
		      "no "
		      "bytes are counted, links cannot be cut; decisions work\n",
		      stderr);
	else if (r < 0)
		fprintf(stderr, "portreeved: conntrack cannot be reached: %s\n", strerror(-r));
	pr_supervisor_pool_clear();
	supervisor->sysctl_fd = open("/proc/sys/net/netfilter", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

static void clear_marks(struct pr_supervisor *supervisor, uint32_t bits, uint32_t mask,
			uint32_t value)
{
	const struct pr_conntrack_selector selector = { mask, value };
	int r;

	if (!supervisor->conntrack)
		return;
	r = pr_conntrack_clear(supervisor->conntrack, &selector, bits, NULL);
	if (r)
		pr_log(PR_LOG_ERROR, "conntrack-clear", "error=%d", r);
}

static void on_gone(void *context, uint64_t away_us)
{
	struct pr_supervisor *supervisor = context;
	char text[128];

	snprintf(text, sizeof(text),
		 "somebody removed the firewall's table; it is back after %llu ms at most",
		 (unsigned long long)((away_us + 999) / 1000));
	pr_log(PR_LOG_ERROR, "table-was-removed", "away_us=%llu", (unsigned long long)away_us);
	pr_child_send(&supervisor->engine, PR_MESSAGE_NOTICE, 0, text, strlen(text), -1);
}

static void watch_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_supervisor *supervisor = context;
	int r = pr_nftables_watch_dispatch(supervisor->nftables, on_gone, supervisor);

	(void)fd;
	(void)what;
	if (r < 0)
		pr_supervisor_give_up(supervisor, 1, "the table cannot be put back: %s",
				      strerror(-r));
}

static void tell_generation(struct pr_supervisor *supervisor)
{
	struct pr_writer writer;
	uint8_t body[4];

	writer = pr_writer(body, sizeof(body));
	pr_write_u32(&writer, supervisor->ruleset.generation);
	pr_child_send(&supervisor->engine, PR_MESSAGE_GENERATION, 0, body, sizeof(body), -1);
}

static int install(struct pr_supervisor *supervisor)
{
	struct pr_ruleset_config *ruleset = &supervisor->ruleset;

	pr_supervisor_sysctls_on(supervisor);
	clear_marks(supervisor, ruleset->mark_mask, 0, 0);
	ruleset->generation = 1;
	ruleset->keep = wanted_keep(supervisor);
	if (supervisor->bpf) {
		ruleset->output_program_fd = pr_bpf_match_fd(supervisor->bpf);
		ruleset->asker_note_fd = pr_bpf_asker_note_fd(supervisor->bpf);
		ruleset->asker_check_fd = pr_bpf_asker_check_fd(supervisor->bpf);
	}
	return pr_nftables_install(supervisor->nftables, ruleset);
}

void pr_supervisor_table_install(struct pr_supervisor *supervisor)
{
	int r = 0;

	if (!supervisor->installed) {
		r = install(supervisor);
		if (r == PR_NFTABLES_TAKEN)
			return pr_supervisor_give_up(supervisor, 1,
						     "another process owns the table inet %s",
						     PR_RULESET_TABLE);
		if (r < 0)
			return pr_supervisor_give_up(supervisor, 1,
						     "the rules cannot be put in force: %s",
						     strerror(-r));
		supervisor->installed = true;
		supervisor->on_watch =
			event_new(supervisor->base, pr_nftables_watch_fd(supervisor->nftables),
				  EV_READ | EV_PERSIST, watch_event, supervisor);
		pr_assert(supervisor->on_watch);
		event_add(supervisor->on_watch, NULL);
	}
	tell_generation(supervisor);
	pr_supervisor_say_ready(supervisor);
}

/* A number that comes back must not revive verdicts of its last time; those that hold in every generation stay. */
void pr_supervisor_table_raise(struct pr_supervisor *supervisor)
{
	struct pr_ruleset_config *ruleset = &supervisor->ruleset;
	uint32_t next = pr_mark_generation_next(ruleset->generation), mask = ruleset->mark_mask;
	const struct pr_mark_fields fields = { .generation = (uint8_t)next };
	int r;

	if (!supervisor->installed)
		return;
	clear_marks(supervisor, pr_mark_generation_mask(mask), pr_mark_generation_mask(mask),
		    pr_mark_link(mask, &fields));
	r = pr_nftables_raise(supervisor->nftables, next);
	if (r < 0)
		return pr_supervisor_give_up(supervisor, 1, "the generation cannot be raised: %s",
					     strerror(-r));
	ruleset->generation = next;
	tell_generation(supervisor);
}

void pr_supervisor_table_refill(struct pr_supervisor *supervisor)
{
	int r;

	if (!supervisor->installed)
		return;
	r = pr_nftables_refill(supervisor->nftables, &supervisor->ruleset);
	if (r < 0)
		pr_supervisor_give_up(supervisor, 1, "the rules cannot be changed: %s",
				      strerror(-r));
}

void pr_supervisor_table_infrastructure(struct pr_supervisor *supervisor, bool accept)
{
	if (supervisor->ruleset.infrastructure == accept)
		return;
	supervisor->ruleset.infrastructure = accept;
	pr_supervisor_table_refill(supervisor);
}

void pr_supervisor_table_close(struct pr_supervisor *supervisor, bool keep)
{
	if (supervisor->on_watch)
		event_free(PR_TAKE_PTR(supervisor->on_watch));
	if (supervisor->installed && !keep) {
		int r = pr_nftables_remove(supervisor->nftables);

		if (r < 0)
			fprintf(stderr, "portreeved: the rules could not be removed: %s\n",
				strerror(-r));
	}
	if (!keep) {
		pr_supervisor_pool_clear();
		pr_supervisor_sysctls_restore(supervisor);
	}
	supervisor->installed = false;
	pr_nftables_free(PR_TAKE_PTR(supervisor->nftables));
	pr_conntrack_free(PR_TAKE_PTR(supervisor->conntrack));
	if (supervisor->sysctl_fd >= 0)
		close(PR_TAKE_FD(supervisor->sysctl_fd));
}

static void forget_reset(struct pr_supervisor *supervisor,
			 const struct pr_conntrack_selector *selector)
{
	int r = pr_conntrack_forget_reset(supervisor->conntrack, selector);

	if (r)
		pr_log(PR_LOG_ERROR, "conntrack-forget", "error=%d", r);
}

void pr_supervisor_table_forget(struct pr_supervisor *supervisor, bool keep)
{
	static const enum pr_mark_out rerouted[] = { PR_MARK_OUT_NAMESERVER, PR_MARK_OUT_TUNNEL };
	const uint32_t mask = supervisor->ruleset.mark_mask, out = pr_mark_out_mask(mask);
	const uint32_t both = out | pr_mark_in_mask(mask); /* enum pr_mark_entry */

	if (!supervisor->running || pr_conntrack_open(false, &supervisor->conntrack) != 0)
		return;
	for (size_t i = 0; i < PR_ARRAY_SIZE(rerouted); i++) {
		const struct pr_mark_fields fields = { .out = (uint8_t)rerouted[i] };
		const struct pr_conntrack_selector selector = { out, pr_mark_link(mask, &fields) };

		forget_reset(supervisor, &selector);
		if (keep)
			clear_marks(supervisor, both, selector.mask, selector.value);
	}
	if (!keep)
		clear_marks(supervisor, mask, 0, 0);
	pr_conntrack_free(PR_TAKE_PTR(supervisor->conntrack));
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/nftables.h"

#include "kernel/nftables_private.h"

#include <string.h>
#include <unistd.h>

struct pr_ruleset_config pr_ruleset_config_default(void)
{
	return (struct pr_ruleset_config){
		.mark_mask = PR_MARK_MASK_DEFAULT,
		.generation = 1,
		.n_queues = 1,
		.reset_uid = PR_RULESET_NO_UID,
		.infrastructure = true,
		.icmp_code = PR_RULESET_ICMP_CODE,
		.icmp6_code = PR_RULESET_ICMP6_CODE,
		.denied_timeout_ms = PR_RULESET_DENIED_TIMEOUT_MS,
		.n_denied_max = PR_RULESET_DENIED_MAX,
		.output_program_fd = -1,
		.asker_note_fd = -1,
		.asker_check_fd = -1,
	};
}

int pr_nftables_open(struct pr_nftables **ret_nftables)
{
	struct pr_nftables *nftables = pr_calloc(1, sizeof(*nftables));
	int r;

	nftables->fd = nftables->watch_fd = -1;
	r = pr_nftables_socket(&nftables->fd, &nftables->portid);
	if (r == 0) {
		pr_nftables_probe(nftables);
		r = pr_nftables_watch_open(&nftables->watch_fd);
	} else if (r == -EPROTONOSUPPORT) {
		nftables->lacking = pr_strdup("the kernel lacks netfilter's netlink interface "
					      "(CONFIG_NETFILTER_NETLINK)");
		r = 0;
	}
	if (r < 0 && !nftables->lacking) {
		pr_nftables_free(nftables);
		return r;
	}
	*ret_nftables = nftables;
	return nftables->lacking ? PR_NFTABLES_LACKING : 0;
}

void pr_nftables_free(struct pr_nftables *nftables)
{
	if (!nftables)
		return;
	if (nftables->fd >= 0)
		close(nftables->fd);
	if (nftables->watch_fd >= 0)
		close(nftables->watch_fd);
	free(nftables->lacking);
	free(nftables);
}

const struct pr_nftables_abilities *pr_nftables_abilities(const struct pr_nftables *nftables)
{
	return &nftables->abilities;
}

const char *pr_nftables_lacking(const struct pr_nftables *nftables)
{
	return nftables->lacking ? nftables->lacking : "";
}

int pr_nftables_is_there(struct pr_nftables *nftables, bool *ret_there)
{
	struct pr_nftables_found found = { 0 };
	int r = pr_nftables_find(nftables, &found);

	if (r == 0)
		*ret_there = found.exists;
	return r;
}

static bool config_valid(const struct pr_ruleset_config *config)
{
	return pr_mark_mask_valid(config->mark_mask) && config->generation >= 1 &&
	       config->generation <= PR_MARK_GENERATION_MAX && config->n_queues >= 1 &&
	       config->n_queues <= PR_RULESET_QUEUES_MAX &&
	       config->queue_first <= UINT16_MAX - config->n_queues &&
	       config->n_own_uids <= PR_RULESET_OWN_UIDS_MAX && config->n_denied_max > 0 &&
	       config->denied_timeout_ms > 0;
}

static enum pr_ruleset_keep keep_possible(const struct pr_nftables *nftables,
					  enum pr_ruleset_keep keep)
{
	if (keep == PR_RULESET_KEEP_PERSISTENT && !nftables->abilities.persist)
		return PR_RULESET_KEEP_WATCHED; /* an owned one would go with us: fail-closed is over */
	if (keep == PR_RULESET_KEEP_OWNED && !nftables->abilities.owner)
		return PR_RULESET_KEEP_WATCHED;
	return keep;
}

uint32_t pr_nftables_flags(enum pr_ruleset_keep keep)
{
	switch (keep) {
	case PR_RULESET_KEEP_WATCHED:
		return 0;
	case PR_RULESET_KEEP_OWNED:
		return PR_TABLE_F_OWNER;
	case PR_RULESET_KEEP_PERSISTENT:
		return PR_TABLE_F_OWNER | PR_TABLE_F_PERSIST;
	}
	return 0;
}

int pr_nftables_send(struct pr_nftables *nftables, struct pr_nft_batch *batch)
{
	const char *hint = NULL;
	int r = pr_nft_batch_send(batch, nftables->fd, &hint);

	nftables->seq = batch->seq;
	pr_nft_batch_done(batch);
	if ((r == -ENOENT || r == -EOPNOTSUPP || r == -EAFNOSUPPORT) && hint) {
		free(nftables->lacking);
		nftables->lacking = pr_asprintf("the kernel lacks %s", hint);
	}
	return r;
}

struct pr_nft_batch pr_nftables_begin(struct pr_nftables *nftables)
{
	struct pr_nft_batch batch;

	pr_nft_batch_init(&batch, nftables->seq + 1, nftables->abilities.native_queue);
	batch.set_delete = nftables->abilities.set_delete;
	return batch;
}

/* Same layout, and ours to change: its base chains stay, so nobody's queued packets are lost. */
static bool adoptable(const struct pr_nftables *nftables, const struct pr_nftables_found *found,
		      const struct pr_ruleset_config *config, uint32_t flags)
{
	char *identity PR_CLEANUP(pr_cleanup_free) = pr_ruleset_identity(config);
	uint32_t protection = found->flags & (PR_TABLE_F_OWNER | PR_TABLE_F_PERSIST);

	if (!found->exists || strcmp(found->identity, identity) != 0)
		return false;
	if (found->owner == nftables->portid)
		return protection == flags;
	/* An orphan has lost its owner flag (nft_rcv_nl_event()), and takes a new owner; a table that was made
	 * without can't get one later. */
	return flags != PR_TABLE_F_OWNER && protection == (flags & PR_TABLE_F_PERSIST);
}

static int put(struct pr_nftables *nftables, const struct pr_ruleset_config *config, uint32_t flags)
{
	struct pr_nftables_found found = { 0 };
	struct pr_nft_batch batch;
	int r;

	r = pr_nftables_find(nftables, &found);
	if (r < 0)
		return r;
	if (found.exists && found.owner && found.owner != nftables->portid)
		return PR_NFTABLES_TAKEN;
	batch = pr_nftables_begin(nftables);
	if (adoptable(nftables, &found, config, flags)) {
		if (flags && found.owner != nftables->portid)
			pr_nft_table(&batch, PR_RULESET_TABLE, flags, NULL);
		pr_ruleset_refill(&batch, config);
	} else {
		if (found.exists)
			pr_nft_table_delete(&batch, PR_RULESET_TABLE);
		pr_ruleset_create(&batch, config, flags);
	}
	r = pr_nftables_send(nftables, &batch);
	return r == -EPERM && found.exists ? PR_NFTABLES_TAKEN : r;
}

static void remember(struct pr_nftables *nftables, const struct pr_ruleset_config *config,
		     enum pr_ruleset_keep keep)
{
	nftables->config = *config;
	nftables->installed = true;
	nftables->state.in_force = true;
	nftables->state.keep = keep;
	nftables->state.generation = config->generation;
}

int pr_nftables_install(struct pr_nftables *nftables, const struct pr_ruleset_config *config)
{
	enum pr_ruleset_keep keep = keep_possible(nftables, config->keep);
	int r;

	if (!config_valid(config))
		return -EINVAL;
	r = put(nftables, config, pr_nftables_flags(keep));
	if (r == 0)
		remember(nftables, config, keep);
	return r;
}

int pr_nftables_refill(struct pr_nftables *nftables, const struct pr_ruleset_config *config)
{
	struct pr_nft_batch batch;
	int r;

	if (!nftables->installed || !config_valid(config))
		return -EINVAL;
	batch = pr_nftables_begin(nftables);
	pr_ruleset_refill(&batch, config);
	r = pr_nftables_send(nftables, &batch);
	if (r == 0)
		remember(nftables, config, nftables->state.keep);
	return r;
}

int pr_nftables_raise(struct pr_nftables *nftables, uint32_t generation)
{
	struct pr_ruleset_config config = nftables->config;

	config.generation = generation;
	return pr_nftables_refill(nftables, &config);
}

int pr_nftables_forget_denied(struct pr_nftables *nftables)
{
	struct pr_nft_batch batch;

	if (!nftables->installed)
		return 0;
	batch = pr_nftables_begin(nftables);
	pr_ruleset_flush_denied(&batch);
	return pr_nftables_send(nftables, &batch);
}

int pr_nftables_remove(struct pr_nftables *nftables)
{
	struct pr_nftables_found found = { 0 };
	struct pr_nft_batch batch;
	int r;

	nftables->installed = false;
	nftables->state.in_force = false;
	r = pr_nftables_find(nftables, &found);
	if (r < 0 || !found.exists)
		return r;
	batch = pr_nftables_begin(nftables);
	pr_nft_table_delete(&batch, PR_RULESET_TABLE);
	return pr_nftables_send(nftables, &batch);
}

int pr_nftables_state(struct pr_nftables *nftables, struct pr_nftables_state *ret_state)
{
	struct pr_nftables_state state = nftables->state;
	int r;

	state.n_denied = 0;
	for (size_t i = 0; nftables->installed && i < PR_ARRAY_SIZE(pr_ruleset_denied_sets); i++) {
		uint32_t n;

		r = pr_nftables_count(nftables, pr_ruleset_denied_sets[i], &n);
		if (r < 0)
			return r;
		state.n_denied += n;
	}
	*ret_state = state;
	return 0;
}

int pr_nftables_watch_fd(const struct pr_nftables *nftables)
{
	return nftables->watch_fd;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tunnel process runs where the policy has upstreams for it, and only there. What the compiler made of them goes to it,
 * accounts among it, and to nobody else.
 *
 * The order: before the engine gets a policy that sends links to the tunnel, the kernel knows the pool and the process is
 * started; only when the engine has taken one that sends none there, both end. Between the two no address of the pool is
 * ever one like others.
 */
#include "daemon/supervisor_change.h"

#include "base/log.h"
#include "ipc/body.h"

#include <string.h>

/* ---- what it is told ---- */

void pr_supervisor_tunnel_tell(struct pr_supervisor *supervisor)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	struct pr_pairs pairs = { .n = 0 };
	size_t len;

	if (!supervisor->tunnel.channel)
		return;
	for (unsigned int i = 0; i < supervisor->n_tunnels; i++)
		(void)pr_pairs_add(&pairs, "upstream", supervisor->tunnels[i]);
	for (unsigned int i = 0; i < supervisor->n_nameservers_used; i++)
		(void)pr_pairs_add(&pairs, "nameserver", supervisor->nameservers_used[i]);
	len = pr_pairs_encode(&pairs, body, PR_MESSAGE_BODY_MAX);
	if (len)
		pr_child_send(&supervisor->tunnel, PR_MESSAGE_TUNNEL_UPSTREAMS, 0, body, len, -1);
	else
		pr_log(PR_LOG_ERROR, "tunnel-upstreams-lost", "why=too-long");
}

void pr_supervisor_tunnel_nameservers(struct pr_supervisor *supervisor,
				      const struct pr_message *message)
{
	struct pr_pairs pairs;
	unsigned int n = 0;

	if (pr_pairs_decode(message->body, message->len, &pairs) < 0)
		return;
	for (unsigned int i = 0; i < pairs.n && n < PR_SUPERVISOR_NAMESERVERS_MAX; i++)
		if (strcmp(pairs.pairs[i].key, "nameserver") == 0 &&
		    strlen(pairs.pairs[i].value) < sizeof(supervisor->nameservers_used[0]))
			memcpy(supervisor->nameservers_used[n++], pairs.pairs[i].value,
			       strlen(pairs.pairs[i].value) + 1);
	supervisor->n_nameservers_used = n;
	pr_supervisor_tunnel_tell(supervisor);
}

void pr_supervisor_tunnel_pool_tell(struct pr_supervisor *supervisor, bool in_any_case)
{
	uint8_t body[PR_SUPERVISOR_POOL_BODY];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	pr_write_u8(&writer, supervisor->ruleset.forwarded_tunnel);
	pr_write_address(&writer, &supervisor->pool.base4);
	pr_write_u8(&writer, supervisor->pool.len4);
	pr_write_address(&writer, &supervisor->pool.base6);
	pr_write_u8(&writer, supervisor->pool.len6);
	pr_assert(!writer.failed && writer.position == sizeof(body));
	if (!in_any_case && memcmp(body, supervisor->pool_told, sizeof(body)) == 0)
		return;
	memcpy(supervisor->pool_told, body, sizeof(body));
	pr_child_send(&supervisor->engine, PR_MESSAGE_TUNNEL_POOL, 0, body, sizeof(body), -1);
}

/* ---- its life ---- */

int pr_supervisor_tunnel_start(struct pr_supervisor *supervisor)
{
	if (!supervisor->n_tunnels || supervisor->tunnel_wanted)
		return 0;
	supervisor->tunnel_wanted = true;
	return pr_child_start(&supervisor->tunnel);
}

static bool same(const struct pr_supervisor *supervisor, const struct pr_compiled *compiled)
{
	bool same = compiled->n_tunnels == supervisor->n_tunnels;

	for (unsigned int i = 0; same && i < compiled->n_tunnels; i++)
		same = strcmp(compiled->tunnels[i], supervisor->tunnels[i]) == 0;
	return same;
}

void pr_supervisor_tunnel_free(struct pr_supervisor *supervisor)
{
	while (supervisor->n_tunnels) {
		char *text = supervisor->tunnels[--supervisor->n_tunnels];

		explicit_bzero(text, strlen(text));
		free(text);
	}
}

void pr_supervisor_tunnel_take(struct pr_supervisor *supervisor, struct pr_compiled *compiled)
{
	bool changed = !same(supervisor, compiled), first = supervisor->changes->first;
	int r;

	if (changed) {
		pr_supervisor_tunnel_free(supervisor);
		memcpy(supervisor->tunnels, compiled->tunnels, sizeof(supervisor->tunnels));
		supervisor->n_tunnels = compiled->n_tunnels;
		compiled->n_tunnels = 0;
	}
	/* What is no longer wanted ends when the engine has heard of it. */
	if (!supervisor->n_tunnels)
		return;
	pr_supervisor_tunnel_set(supervisor, true, &compiled->pool);
	if (first)
		return;
	pr_supervisor_tunnel_pool_tell(supervisor, false);
	if (supervisor->tunnel_wanted && changed)
		pr_supervisor_tunnel_tell(supervisor);
	r = pr_supervisor_tunnel_start(supervisor);
	if (r < 0)
		pr_log(PR_LOG_ERROR, "no-tunnel-process", "error=%d", r);
}

void pr_supervisor_tunnel_policy_taken(struct pr_supervisor *supervisor,
				       const struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);

	if (supervisor->n_tunnels || pr_read_u32(&reader) != supervisor->policy_serial)
		return;
	if (supervisor->tunnel_wanted) {
		supervisor->tunnel_wanted = false;
		pr_child_stop(&supervisor->tunnel);
	}
	if (!supervisor->ruleset.forwarded_tunnel)
		return;
	pr_supervisor_tunnel_set(supervisor, false, NULL);
	pr_supervisor_tunnel_pool_tell(supervisor, false);
}

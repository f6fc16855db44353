/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/upstreams.h"

#include "base/hash.h"
#include "base/log.h"
#include "ipc/body.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAMESERVERS_MAX 8u /* of the system's; more are passed over */

struct pr_upstreams_known {
	struct pr_upstream_count
		counts[PR_UPSTREAM_COUNTS_MAX + 1]; /* the last: of none in particular */
};

struct pr_upstreams_known *pr_upstreams_known_new(void)
{
	return pr_calloc(1, sizeof(struct pr_upstreams_known));
}

void pr_upstreams_known_free(struct pr_upstreams_known *known)
{
	free(known);
}

/* ---- in ---- */

struct gathered {
	struct pr_tunnel_upstream upstreams[PR_TUNNEL_UPSTREAMS_MAX];
	char *texts[PR_TUNNEL_UPSTREAMS_MAX];
	struct pr_address nameservers[NAMESERVERS_MAX];
	unsigned int n, n_nameservers;
};

static int gather(struct gathered *gathered, const char *key, const char *value)
{
	unsigned int n = gathered->n;

	if (strcmp(key, "nameserver") == 0) {
		if (gathered->n_nameservers < NAMESERVERS_MAX &&
		    pr_address_parse(value, &gathered->nameservers[gathered->n_nameservers]) == 0)
			gathered->n_nameservers++;
		return 0;
	}
	if (strcmp(key, "upstream") != 0)
		return 0;
	if (n == PR_TUNNEL_UPSTREAMS_MAX)
		return -EBADMSG;
	gathered->texts[gathered->n++] = pr_strdup(value);
	return pr_tunnel_upstream_read(gathered->texts[n], &gathered->upstreams[n]);
}

int pr_upstreams_known_set(struct pr_ways *ways, struct pr_dialer *dialer,
			   const struct pr_message *message)
{
	struct gathered gathered = { .n = 0 };
	struct pr_pairs pairs;
	int r = pr_pairs_decode(message->body, message->len, &pairs);

	for (unsigned int i = 0; r == 0 && i < pairs.n; i++)
		r = gather(&gathered, pairs.pairs[i].key, pairs.pairs[i].value);
	if (r == 0)
		r = pr_ways_set(ways, gathered.upstreams, gathered.n);
	if (r == 0)
		pr_dialer_nameservers(dialer, gathered.nameservers, gathered.n_nameservers);
	for (unsigned int i = 0; i < gathered.n; i++)
		free(gathered.texts[i]);
	return r;
}

/* ---- counts ---- */

static struct pr_upstream_count *find(struct pr_upstreams_known *known, const char *id)
{
	for (unsigned int i = 0; i < PR_UPSTREAM_COUNTS_MAX; i++)
		if (strcmp(known->counts[i].id, id) == 0)
			return &known->counts[i];
	return NULL;
}

struct pr_upstream_count *pr_upstreams_count(struct pr_upstreams_known *known, const char *id)
{
	struct pr_upstream_count *count = find(known, id);

	if (count)
		return count;
	count = find(known, "");
	/* One that is not told any more, and that no link counts for. */
	for (unsigned int i = 0; !count && i < PR_UPSTREAM_COUNTS_MAX; i++)
		if (known->counts[i].links == 0 && known->counts[i].told == 0)
			count = &known->counts[i];
	if (!count)
		return &known->counts[PR_UPSTREAM_COUNTS_MAX];
	*count = (struct pr_upstream_count){ .links = 0 };
	snprintf(count->id, sizeof(count->id), "%s", id);
	return count;
}

/* ---- out ---- */

#define N_NUMBERS 7
struct numbers {
	char texts[N_NUMBERS][24];
	unsigned int n;
};

static void add_number(struct pr_pairs *pairs, struct numbers *numbers, const char *key,
		       uint64_t value)
{
	char *text = numbers->texts[numbers->n++];

	pr_assert(numbers->n <= N_NUMBERS);
	snprintf(text, sizeof(numbers->texts[0]), "%" PRIu64, value);
	pr_assert(pr_pairs_add(pairs, key, text));
}

static size_t encode(const struct pr_way_state *state, const struct pr_upstream_count *count,
		     uint8_t *body)
{
	struct pr_pairs pairs = { .n = 0 };
	struct numbers numbers = { .n = 0 };
	size_t len = strlen(state->upstream);
	/* What a link failed of names the upstream, which the row does as well; another hop's name stays. */
	bool named = strncmp(state->why, state->upstream, len) == 0 &&
		     strncmp(state->why + len, ": ", 2) == 0;
	char why[PR_TUNNEL_WHY_MAX + 1];

	snprintf(why, sizeof(why), "%s", state->why + (named ? len + 2 : 0));
	pr_assert(pr_pairs_add(&pairs, "upstream", state->upstream));
	if (state->known)
		pr_assert(pr_pairs_add(&pairs, "up", state->up ? "1" : "0"));
	if (state->failing)
		pr_assert(pr_pairs_add(&pairs, "failing", "1"));
	if (state->since_us)
		add_number(&pairs, &numbers, "since_s", state->since_us / 1000000);
	add_number(&pairs, &numbers, "latency_us", state->latency_us);
	add_number(&pairs, &numbers, "links", count->links);
	add_number(&pairs, &numbers, "opened", state->opened);
	add_number(&pairs, &numbers, "failed", state->failed);
	add_number(&pairs, &numbers, "sent", count->sent);
	add_number(&pairs, &numbers, "received", count->received);
	if (*why)
		pr_assert(pr_pairs_add(&pairs, "why", why));
	return pr_pairs_encode(&pairs, body, PR_TUNNEL_BODY_MAX);
}

void pr_upstreams_tell(struct pr_upstreams_known *known, const struct pr_ways *ways,
		       struct pr_tunnel_engine *engine)
{
	uint8_t body[PR_TUNNEL_BODY_MAX];
	struct pr_way_state state;

	for (unsigned int i = 0; pr_ways_state(ways, i, &state); i++) {
		struct pr_upstream_count *count = pr_upstreams_count(known, state.upstream);
		size_t len = encode(&state, count, body);
		uint64_t hash = pr_hash(body, len) | 1;

		pr_assert(len);
		if (hash == count->told)
			continue;
		if (!pr_tunnel_engine_send(engine, PR_MESSAGE_TUNNEL_STATE, 0, body, len))
			return;
		count->told = hash;
	}
}

void pr_upstreams_untold(struct pr_upstreams_known *known)
{
	for (unsigned int i = 0; i <= PR_UPSTREAM_COUNTS_MAX; i++)
		known->counts[i].told = 0;
}

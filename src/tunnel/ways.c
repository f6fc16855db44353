/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/ways.h"

#include "tunnel/ways_private.h"

#include <string.h>

struct pr_ways *pr_ways_new(struct event_base *base, struct pr_dialer *dialer,
			    struct pr_carriers *carriers)
{
	struct pr_ways *ways = pr_calloc(1, sizeof(*ways));

	ways->base = base;
	ways->dialer = dialer;
	ways->carriers = carriers;
	pr_way_keys_init(&ways->keys);
	pr_ways_look_start(ways);
	return ways;
}

static void free_upstream(struct pr_way_upstream *upstream)
{
	if (!upstream)
		return;
	pr_way_probe_cancel(upstream->probe);
	/* the copy was cut into pieces: it is as long as the text */
	explicit_bzero(upstream->cut, strlen(upstream->text));
	explicit_bzero(upstream->text, strlen(upstream->text));
	free(upstream->cut);
	free(upstream->text);
	free(upstream);
}

void pr_ways_free(struct pr_ways *ways)
{
	if (!ways)
		return;
	for (unsigned int i = 0; i < ways->n; i++)
		free_upstream(ways->upstreams[i]);
	pr_ways_look_stop(ways);
	pr_way_keys_done(&ways->keys);
	explicit_bzero(ways, sizeof(*ways));
	free(ways);
}

/* ---- the upstreams ---- */

static int find_id(struct pr_way_upstream *const *upstreams, unsigned int n, const char *id)
{
	for (unsigned int i = 0; i < n; i++)
		if (strcmp(upstreams[i]->upstream.id, id) == 0)
			return (int)i;
	return -1;
}

/* Those that it names stand before it. */
static int find_members(struct pr_way_upstream *upstream, struct pr_way_upstream *const *upstreams,
			unsigned int n)
{
	for (unsigned int i = 0; i < upstream->upstream.n_members; i++) {
		int place = find_id(upstreams, n, upstream->upstream.members[i]);

		if (place < 0)
			return -EINVAL;
		/* a chain's members are hops, or sets of them (profile/config_tunnels.c) */
		if (upstream->upstream.kind == PR_TUNNEL_CHAIN && upstreams[place]->holds_chain)
			return -EINVAL;
		upstream->members[i] = (unsigned int)place;
		upstream->holds_chain |= upstreams[place]->holds_chain;
	}
	upstream->holds_chain |= upstream->upstream.kind == PR_TUNNEL_CHAIN;
	return 0;
}

static struct pr_way_upstream *copy(const struct pr_tunnel_upstream *upstream)
{
	struct pr_way_upstream *copied = pr_calloc(1, sizeof(*copied));

	copied->text = pr_tunnel_upstream_write(upstream);
	copied->cut = pr_strdup(copied->text);
	if (pr_tunnel_upstream_read(copied->cut, &copied->upstream) == 0)
		return copied;
	free_upstream(copied);
	return NULL;
}

/* What is known of one that stays as it was. Places of members are of the new ones. */
static void inherit(struct pr_ways *ways, struct pr_way_upstream *upstream)
{
	int place = find_id(ways->upstreams, ways->n, upstream->upstream.id);
	const struct pr_way_upstream *former = place < 0 ? NULL : ways->upstreams[place];

	if (!former || strcmp(former->text, upstream->text) != 0) {
		upstream->serial = ++ways->last_serial;
		return;
	}
	upstream->serial = former->serial;
	upstream->first = former->first;
	upstream->behind = former->behind;
	upstream->used_us = former->used_us;
	upstream->succeeded_us = former->succeeded_us;
	upstream->waits_since_us = former->waits_since_us;
	/* a look that was on its way is taken anew */
	upstream->look_us = former->probe ? former->probed_us : former->look_us;
	upstream->probed_us = former->probed_us;
	upstream->first.late_us = 0;
	upstream->made_up = former->made_up;
	upstream->account_refused = former->account_refused;
	upstream->opened = former->opened;
	upstream->failed = former->failed;
	upstream->latency_us = former->latency_us;
	upstream->reached_us = former->reached_us;
	upstream->measured_us = former->measured_us;
	memcpy(upstream->why, former->why, sizeof(upstream->why));
}

static void free_all(struct pr_way_upstream *upstreams[PR_TUNNEL_UPSTREAMS_MAX])
{
	for (unsigned int i = 0; i < PR_TUNNEL_UPSTREAMS_MAX; i++)
		free_upstream(upstreams[i]);
}

static bool are_those(const struct pr_ways *ways,
		      struct pr_way_upstream *upstreams[PR_TUNNEL_UPSTREAMS_MAX], unsigned int n)
{
	for (unsigned int i = 0; i < n && n == ways->n; i++)
		if (strcmp(upstreams[i]->text, ways->upstreams[i]->text) != 0)
			return false;
	return n && n == ways->n;
}

int pr_ways_set(struct pr_ways *ways, const struct pr_tunnel_upstream *upstreams, unsigned int n)
{
	struct pr_way_upstream *copies[PR_TUNNEL_UPSTREAMS_MAX] = { 0 };
	int r = n <= PR_TUNNEL_UPSTREAMS_MAX ? 0 : -EINVAL;

	for (unsigned int i = 0; r == 0 && i < n; i++) {
		copies[i] = copy(&upstreams[i]);
		if (!copies[i] || find_id(copies, i, copies[i]->upstream.id) >= 0)
			r = -EINVAL;
		else
			r = find_members(copies[i], copies, i);
	}
	if (r < 0 || are_those(ways, copies, n)) {
		free_all(copies);
		return r;
	}
	for (unsigned int i = 0; i < n; i++) {
		copies[i]->place = (uint8_t)i;
		inherit(ways, copies[i]);
	}
	for (unsigned int i = 0; i < ways->n; i++)
		free_upstream(ways->upstreams[i]);
	memcpy(ways->upstreams, copies, sizeof(copies));
	ways->n = n;
	ways->set++;
	pr_ways_look_again(ways);
	return 0;
}

/* ---- a choice ---- */

static void give_accounts(struct pr_ways *ways, const struct pr_way_upstream *named,
			  const struct pr_way_key *key, struct pr_way *way)
{
	pr_way_key_text(key, named->serial, "shared", ways->shared);
	for (unsigned int i = 0; i < way->n_hops; i++) {
		struct pr_carrier_hop *hop = &way->hops[i];
		/* the place tells two apart that are the same proxy */
		uint32_t serial =
			ways->upstreams[way->mark.hops[i]]->serial * PR_TUNNEL_HOPS_MAX + i;
		bool drawn = hop->upstream->kind == PR_TUNNEL_SOCKS5 && !hop->upstream->user[0] &&
			     named->upstream.isolate != PR_TUNNEL_SHARED;

		hop->user = hop->upstream->user;
		hop->password = hop->upstream->password;
		hop->shared = ways->shared;
		hop->made_up = ways->upstreams[way->mark.hops[i]]->made_up = drawn;
		if (!drawn)
			continue;
		pr_way_key_text(key, serial, "user", ways->accounts[i].user);
		pr_way_key_text(key, serial, "password", ways->accounts[i].password);
		hop->user = ways->accounts[i].user;
		hop->password = ways->accounts[i].password;
	}
}

/* The next link of whatever isolates goes the same way, if it can. */
static void keep(const struct pr_ways *ways, struct pr_way_key *key, const struct pr_way_mark *mark)
{
	for (unsigned int i = 0; i < PR_TUNNEL_HOPS_MAX; i++)
		key->hop_serials[i] = i < mark->n_hops ? ways->upstreams[mark->hops[i]]->serial : 0;
	for (unsigned int i = 0; i < PR_WAYS_SPANS_MAX; i++)
		key->span_serials[i] =
			i < mark->n_spans ? ways->upstreams[mark->spans[i]]->serial : 0;
}

/* Why none is to be had: the last failure of a hop of it that is down. */
static const char *reason_of(const struct pr_ways *ways, const struct pr_way_upstream *upstream)
{
	const char *why;

	if (pr_way_is_hop(upstream))
		return upstream->first.down || upstream->behind.down ? upstream->why : "";
	for (unsigned int i = 0; i < upstream->upstream.n_members; i++) {
		why = reason_of(ways, ways->upstreams[upstream->members[i]]);
		if (why[0])
			return why;
	}
	return "";
}

static const char *say_why(struct pr_ways *ways, const struct pr_way_upstream *named,
			   enum pr_tunnel_outcome outcome)
{
	const char *reason = reason_of(ways, named);

	if (outcome == PR_TUNNEL_UNSUPPORTED)
		snprintf(ways->why, sizeof(ways->why), "%s does not carry datagrams",
			 named->upstream.id);
	else if (reason[0])
		snprintf(ways->why, sizeof(ways->why), "%s is down: %s", named->upstream.id,
			 reason);
	else
		snprintf(ways->why, sizeof(ways->why), "no way through %s works now",
			 named->upstream.id);
	return ways->why;
}

static void note_serials(const struct pr_ways *ways, struct pr_way_mark *mark)
{
	const struct pr_way_upstream *last = ways->upstreams[mark->spans[mark->n_spans - 1]];

	for (unsigned int i = 0; i < mark->n_hops; i++)
		mark->serials[i] = ways->upstreams[mark->hops[i]]->serial;
	if (last->upstream.kind == PR_TUNNEL_CHAIN)
		mark->serials[PR_TUNNEL_HOPS_MAX] = last->serial;
}

bool pr_ways_stands(const struct pr_ways *ways, const struct pr_way_mark *mark)
{
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(mark->serials); i++) {
		bool found = mark->serials[i] == 0;

		for (unsigned int j = 0; j < ways->n && !found; j++)
			found = ways->upstreams[j]->serial == mark->serials[i];
		if (!found)
			return false;
	}
	return true;
}

enum pr_tunnel_outcome pr_ways_choose(struct pr_ways *ways, const char *upstream,
				      const char *application, const char *domain, uint64_t link,
				      bool datagrams, uint64_t now_us, struct pr_way *ret_way,
				      const char **ret_why)
{
	int place = find_id(ways->upstreams, ways->n, upstream);
	struct pr_way_upstream *named;
	enum pr_tunnel_outcome outcome;
	struct pr_way_key *key;
	struct pr_way way;

	if (place < 0) {
		snprintf(ways->why, sizeof(ways->why), "there is no tunnel_upstream %.63s",
			 upstream);
		*ret_why = ways->why;
		return PR_TUNNEL_DOWN;
	}
	named = ways->upstreams[place];
	key = pr_way_keys_find(&ways->keys,
			       &(struct pr_way_isolated){ named->serial, named->upstream.isolate,
							  named->upstream.renew_s, application,
							  domain, link },
			       now_us);
	outcome = pr_way_find(ways, named, key, datagrams, now_us, &way);
	if (outcome != PR_TUNNEL_OPEN) {
		*ret_why = say_why(ways, named, outcome);
		return outcome;
	}
	keep(ways, key, &way.mark);
	note_serials(ways, &way.mark);
	give_accounts(ways, named, key, &way);
	for (unsigned int i = 0; i < way.n_hops; i++)
		pr_way_used(ways, ways->upstreams[way.mark.hops[i]], i == 0, now_us);
	*ret_way = way;
	*ret_why = "";
	return PR_TUNNEL_OPEN;
}

/* ---- how it went ---- */

static void count(struct pr_way_upstream *upstream, bool opened, const char *why)
{
	upstream->opened += opened;
	upstream->failed += !opened;
	if (!opened)
		snprintf(upstream->why, sizeof(upstream->why), "%s", why);
}

static void count_spans(struct pr_ways *ways, const struct pr_way_mark *mark, bool opened,
			uint64_t took_us, const char *why, uint64_t now_us)
{
	for (unsigned int i = 0; i < mark->n_spans; i++) {
		struct pr_way_upstream *span = ways->upstreams[mark->spans[i]];

		count(span, opened, why);
		if (!opened)
			continue;
		pr_way_smooth(&span->latency_us, took_us);
		span->measured_us = now_us;
	}
}

/* Of a chain; a hop that is the whole way is a span too. */
static void count_hops(struct pr_ways *ways, const struct pr_way_mark *mark, bool opened,
		       unsigned int failed, const char *why)
{
	if (mark->hops[0] == mark->spans[mark->n_spans - 1])
		return;
	for (unsigned int i = 0; i < mark->n_hops; i++)
		if (opened || i == failed)
			count(ways->upstreams[mark->hops[i]], opened, why);
}

/* Of how many hops it tells that they work. */
static unsigned int n_working(const struct pr_way_mark *mark, enum pr_tunnel_outcome outcome,
			      unsigned int hop)
{
	switch (outcome) {
	case PR_TUNNEL_DOWN:
		return hop;
	case PR_TUNNEL_TIMED_OUT: /* the last one is silent, or waits itself in vain */
		return mark->n_hops - 1u;
	case PR_TUNNEL_UNSUPPORTED: /* none of them may have been asked */
		return 0;
	default:
		return mark->n_hops;
	}
}

static bool is_another_fine(const struct pr_ways *ways, const struct pr_way_mark *mark,
			    uint64_t now_us)
{
	return pr_way_grade(ways, ways->upstreams[mark->spans[0]], true, mark->datagrams, now_us) ==
	       PR_WAY_FINE;
}

bool pr_ways_opened(struct pr_ways *ways, const struct pr_way_mark *mark,
		    enum pr_tunnel_outcome outcome, unsigned int hop, uint64_t took_us,
		    const char *why, uint64_t now_us)
{
	bool opened = outcome == PR_TUNNEL_OPEN, failed = outcome == PR_TUNNEL_DOWN;

	if (mark->set != ways->set)
		return false;
	pr_assert(hop < mark->n_hops || !failed);
	for (unsigned int i = 0; i < n_working(mark, outcome, hop); i++)
		pr_way_succeeded(ways->upstreams[mark->hops[i]], i == 0, now_us);
	if (opened || failed) {
		count_spans(ways, mark, opened, took_us, why, now_us);
		count_hops(ways, mark, opened, hop, why);
	}
	if (!failed)
		return false;
	pr_way_failed(ways, ways->upstreams[mark->hops[hop]], hop == 0, why, now_us);
	return is_another_fine(ways, mark, now_us);
}

bool pr_ways_unanswered(struct pr_ways *ways, const struct pr_way_mark *mark, unsigned int hop,
			const char *why, uint64_t now_us)
{
	if (mark->set != ways->set)
		return false;
	pr_assert(hop < mark->n_hops);
	for (unsigned int i = 0; i < hop; i++)
		pr_way_succeeded(ways->upstreams[mark->hops[i]], i == 0, now_us);
	count_spans(ways, mark, false, 0, why, now_us);
	count_hops(ways, mark, false, hop, why);
	pr_way_hinted(ways, ways->upstreams[mark->hops[hop]], hop == 0, now_us);
	return is_another_fine(ways, mark, now_us);
}

void pr_ways_account_refused(struct pr_ways *ways, const struct pr_way_mark *mark, unsigned int hop)
{
	if (mark->set == ways->set && hop == 0)
		ways->upstreams[mark->hops[0]]->account_refused = true;
}

bool pr_ways_is_left(const struct pr_ways *ways, const struct pr_way_mark *mark, uint64_t now_us)
{
	return mark->set == ways->set && mark->n_hops &&
	       pr_way_is_ill(ways->upstreams[mark->hops[0]]) && is_another_fine(ways, mark, now_us);
}

void pr_ways_on_ill(struct pr_ways *ways, void (*on_ill)(void *context), void *context)
{
	ways->on_ill = on_ill;
	ways->on_ill_context = context;
}

/* ---- how it is ---- */

/* Of what a way is made of and doesn't work, the one that failed last; NULL: all of it does. */
static const struct pr_way_upstream *culprit(const struct pr_ways *ways,
					     const struct pr_way_upstream *upstream, bool first,
					     uint64_t *ret_since_us)
{
	bool chain = upstream->upstream.kind == PR_TUNNEL_CHAIN;
	const struct pr_way_upstream *found = NULL, *one;
	uint64_t since_us;

	if (pr_way_is_hop(upstream)) {
		*ret_since_us = first ? upstream->first.since_us : upstream->behind.since_us;
		return *ret_since_us ? upstream : NULL;
	}
	for (unsigned int i = 0; i < upstream->upstream.n_members; i++) {
		one = culprit(ways, ways->upstreams[upstream->members[i]],
			      first && (!chain || i == 0), &since_us);
		if (one && (!found || since_us > *ret_since_us)) {
			found = one;
			*ret_since_us = since_us;
		}
	}
	return found;
}

bool pr_ways_state(const struct pr_ways *ways, unsigned int n, struct pr_way_state *ret_state)
{
	const struct pr_way_upstream *upstream = n < ways->n ? ways->upstreams[n] : NULL, *ill;
	enum pr_way_grade grade;
	uint64_t since_us = 0;
	bool first;

	if (!upstream)
		return false;
	first = !pr_way_is_hop(upstream) || upstream->first.known || !upstream->behind.known;
	grade = pr_way_grade(ways, upstream, first, false, 0);
	ill = grade == PR_WAY_FINE ? NULL : culprit(ways, upstream, first, &since_us);
	*ret_state = (struct pr_way_state){
		.upstream = upstream->upstream.id,
		.up = grade < PR_WAY_DOWN,
		.failing = grade == PR_WAY_SUSPECT,
		.since_us = since_us,
		.known = upstream->first.known || upstream->behind.known || upstream->opened ||
			 upstream->failed,
		.latency_us = upstream->latency_us ? upstream->latency_us : upstream->reached_us,
		.opened = upstream->opened,
		.failed = upstream->failed,
		.why = ill ? ill->why : upstream->why,
	};
	return true;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What ways are made of. Of the room itself. */
#pragma once

#include "tunnel/ways_keys.h"

/* After a failure others of a set go first, until it is seen to work; where nothing tells, for so long. */
#define PR_WAY_SUSPECT_US	 UINT64_C(60000000)
#define PR_WAY_SUSPECT_BEHIND_US UINT64_C(5000000)   /* … of one that is never looked at */
#define PR_WAY_STALE_US		 UINT64_C(600000000) /* a latency is believed for so long */
#define PR_WAY_LOOK_US		 (PR_WAYS_LOOK_S * UINT64_C(1000000))
#define PR_WAY_HUNG_US		 UINT64_C(1000000) /* used, and nothing came of it so long: it is looked at */
#define PR_WAY_CALM_US		 UINT64_C(2000000) /* … but not again before */
/* A look takes so long, or twice what it took before: others of a set go first, and links that wait for it go by them. */
#define PR_WAY_LATE_US UINT64_C(2000000)
#define PR_WAY_AGAIN_US \
	UINT64_C(1000000)    /* one that is down is looked at after so long, then twice that, … */
#define PR_WAY_PROBE_MS 5000 /* for an answer, once it is connected */

/* How it fares in one place of a way. */
struct pr_way_health {
	bool down, known;
	bool looked_ill;	 /* a look failed since it was seen to work */
	unsigned int n_failures; /* in a row */
	uint64_t failed_us;	 /* the last since it was seen to work; 0 = none */
	uint64_t hinted_us;	 /* a link came to nothing, by whose fault is not known; 0 = not */
	uint64_t late_us;	 /* a look takes too long; 0 = not */
	uint64_t since_us;	 /* when the first of these was; 0 = none */
	uint64_t again_us;	 /* down: it is tried, or looked at, then */
	uint64_t wait_us;	 /* before the next such time; 0 = it is well */
};

struct pr_way_upstream {
	uint32_t serial;  /* never 0, never given twice */
	uint8_t place;	  /* among the others */
	char *text, *cut; /* pr_tunnel_upstream_write(), and what `upstream` borrows from */
	struct pr_tunnel_upstream upstream;
	unsigned int members[PR_TUNNEL_MEMBERS_MAX]; /* their places */
	bool holds_chain;			     /* it is one, or a set that has one */

	/* Of hops: as the first, which this host connects to, and behind others. The latter is never looked at from here:
	 * that would show the hop who uses it. */
	struct pr_way_health first, behind;
	uint64_t used_us, succeeded_us; /* as the first hop */
	uint64_t waits_since_us;	/* used, and not succeeded since; 0 = not so */
	uint64_t look_us;		/* 0 = not */
	struct pr_way_probe *probe;
	uint64_t probed_us;
	bool made_up;	      /* links by it have a made-up account */
	bool account_refused; /* a link's was: a look asks whether it is */

	uint64_t opened, failed;
	uint32_t latency_us, reached_us; /* of a link, of a look; 0 = none */
	uint64_t measured_us;		 /* when a link told the former */
	char why[PR_TUNNEL_WHY_MAX + 1];
};

struct pr_ways {
	struct event_base *base;
	struct pr_dialer *dialer;
	struct pr_carriers *carriers;
	struct pr_way_upstream *upstreams[PR_TUNNEL_UPSTREAMS_MAX];
	unsigned int n;
	uint32_t last_serial, set;
	struct event *look;
	void (*on_ill)(void *context);
	void *on_ill_context;
	struct pr_way_keys keys;
	/* Of the last way chosen: */
	struct {
		char user[PR_WAY_ACCOUNT_SIZE], password[PR_WAY_ACCOUNT_SIZE];
	} accounts[PR_TUNNEL_HOPS_MAX];
	char shared[PR_WAY_ACCOUNT_SIZE];
	char why[2 * PR_TUNNEL_WHY_MAX];
};

/* In the order in which a set takes its members. */
enum pr_way_grade {
	PR_WAY_FINE,
	PR_WAY_SUSPECT, /* it failed last */
	PR_WAY_DOWN,
	PR_WAY_CANT, /* carry datagrams */
};

static inline bool pr_way_is_hop(const struct pr_way_upstream *upstream)
{
	return upstream->upstream.kind != PR_TUNNEL_CHAIN &&
	       upstream->upstream.kind != PR_TUNNEL_SET;
}

/* ---- ways_health.c ---- */

enum pr_way_grade pr_way_grade(const struct pr_ways *ways, const struct pr_way_upstream *upstream,
			       bool first, bool datagrams, uint64_t now_us);
/* A hop was chosen. */
void pr_way_used(struct pr_ways *ways, struct pr_way_upstream *hop, bool first, uint64_t now_us);
void pr_way_succeeded(struct pr_way_upstream *hop, bool first, uint64_t now_us);
/* A link told so. */
void pr_way_failed(struct pr_ways *ways, struct pr_way_upstream *hop, bool first, const char *why,
		   uint64_t now_us);
/* Found so by a look, not only by links. */
bool pr_way_is_ill(const struct pr_way_upstream *hop);
/* … perhaps: it is looked at, and others go first. */
void pr_way_hinted(struct pr_ways *ways, struct pr_way_upstream *hop, bool first, uint64_t now_us);
/* Its latency is wanted and not known (any more). */
void pr_way_measure(struct pr_ways *ways, struct pr_way_upstream *upstream, uint64_t now_us);
void pr_way_smooth(uint32_t *latency_us, uint64_t took_us);
void pr_ways_look_start(struct pr_ways *ways);
void pr_ways_look_again(struct pr_ways *ways); /* the upstreams are others */
void pr_ways_look_stop(struct pr_ways *ways);

/* ---- ways_probe.c ---- */

/* Connects to a hop, and hears that it speaks what it should, and takes our account; it is told no destination of anybody's.
 * `done` comes once, from the loop. */
typedef void (*pr_way_probed)(void *context, struct pr_way_upstream *hop, bool works,
			      const char *why);
struct pr_way_probe *pr_way_probe_start(struct pr_ways *ways, struct pr_way_upstream *hop,
					pr_way_probed done);
void pr_way_probe_cancel(struct pr_way_probe *probe); /* takes NULL */

/* ---- ways_choose.c ---- */

/* Fills hops (their upstreams alone), spans. */
PR_MUST_USE enum pr_tunnel_outcome pr_way_find(struct pr_ways *ways, struct pr_way_upstream *named,
					       const struct pr_way_key *key, bool datagrams,
					       uint64_t now_us, struct pr_way *way);

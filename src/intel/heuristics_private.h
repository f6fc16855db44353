/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to the heuristics: their tables, and what their files offer one another. */
#pragma once

#include "intel/heuristics.h"

#define PR_HEURISTICS_NAMES 4096u /* whose parts are remembered; reached: found anew */
#define PR_HEURISTICS_WAYS  8u	  /* entries that share a place */
#define PR_PAIR_BLOOM_WORDS 8u

/* What depends on the name alone. */
struct pr_heuristic_name {
	uint64_t hash;	      /* 0 = free */
	uint64_t domain_hash; /* 0 = the name is not below a public suffix */
	uint16_t domain_at;   /* where the registrable domain begins */
	int16_t letters;      /* of its first label, in 1 / PR_LETTERS_BIT bit */
	uint16_t data;	      /* letters of the labels below it that look like data */
	bool judged;	      /* its first label can say something of how it was made */
	bool rented;	/* below a suffix that is a company's own: names there are often random */
	bool is_domain; /* the name is the registrable domain, or its "www" */
};

/* What hangs on an application and a registrable domain. Seconds are those of the heuristics' clock. */
struct pr_heuristic_pair {
	uint64_t key; /* 0 = free */
	uint32_t seen_s;
	uint32_t counted_s;	  /* as evidence of generated names; 0 = not yet */
	uint32_t flagged_until_s; /* a tunnel */
	uint32_t since_s, halved_s;
	uint32_t points, bytes_up, bytes_down;
	uint16_t n_data, n_missing;
	bool exists;			      /* an answer said so */
	uint64_t lengths;		      /* of names that carried data, modulo 64 */
	uint64_t labels[PR_PAIR_BLOOM_WORDS]; /* that were seen below the domain: a Bloom filter */
};

struct pr_heuristic_application {
	uint64_t key; /* 0 = free */
	uint32_t seen_s, since_s, leaked_s;
	int32_t score; /* in 1 / PR_LETTERS_BIT bit, never below 0 */
	uint32_t n_random, n_missing, n_others;
};

struct pr_heuristics {
	uint32_t now_s;
	struct pr_heuristic_name *names;
	struct pr_heuristic_pair *pairs;
	struct pr_heuristic_application *applications;
};

/* ---- heuristics_generated.c ---- */

bool pr_generated_asked(struct pr_heuristic_application *application,
			struct pr_heuristic_pair *pair, const struct pr_heuristic_name *name,
			uint32_t now_s);
void pr_generated_answered(struct pr_heuristic_application *application,
			   struct pr_heuristic_pair *pair, const struct pr_heuristic_name *name,
			   unsigned int rcode, uint32_t now_s);
/* Would the name be suspected? Notes nothing but the passing of time. */
bool pr_generated_is(struct pr_heuristic_application *application,
		     const struct pr_heuristic_pair *pair, const struct pr_heuristic_name *name,
		     uint32_t now_s);
void pr_generated_explain(const struct pr_heuristic_application *application, uint32_t now_s,
			  char text[PR_HEURISTICS_TEXT_SIZE]);

/* ---- heuristics_tunnel.c ---- */

/* Letters of the labels before the registrable domain, `len` bytes, that look like data. */
unsigned int pr_tunnel_data(const char *labels, size_t len);
bool pr_tunnel_asked(struct pr_heuristic_pair *pair, const struct pr_heuristic_name *name,
		     const char *text, uint16_t type, uint32_t now_s);
void pr_tunnel_answered(struct pr_heuristic_pair *pair, const struct pr_heuristic_name *name,
			unsigned int rcode, size_t bytes);
static inline bool pr_tunnel_is(const struct pr_heuristic_pair *pair, uint32_t now_s)
{
	return pair->flagged_until_s > now_s;
}
void pr_tunnel_explain(const struct pr_heuristic_pair *pair, const char *domain, uint32_t now_s,
		       char text[PR_HEURISTICS_TEXT_SIZE]);

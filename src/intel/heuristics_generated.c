/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Generated domains. Malware that finds its master by such names asks for many registrable domains of random letters,
 * most of which nobody ever registered. One such domain says little: advertisers register random letters too, and a
 * dead link leads to a domain that does not exist. So evidence is added up for each application, in bits of
 * log-likelihood ratio, once an hour for each domain: for how its letters look (intel/letters.h), and for whether it
 * exists. The sum has a floor, as in E. S. Page's test for a change (CUSUM, 1954): what was ordinary for long does
 * not outweigh what begins now; but what is ordinary in between does, so that a browser that meets a random name
 * now and then stays below. Time takes from the sum as well.
 *
 * Where the sum is above the threshold, every question for a domain of random letters is suspected, but for those
 * that existed before that.
 */
#include "intel/heuristics_private.h"
#include "intel/letters.h"

#include <stdio.h>

#define BITS(n)	       ((int)((n)*PR_LETTERS_BIT))
#define RCODE_NOERROR  0u
#define RCODE_NXDOMAIN 3u

/* The letters say at most so much, either way. */
#define LETTERS_MAX BITS(8)
/* A name that does not exist: what that adds to its letters, and the most that both say. */
#define MISSING_ADDS BITS(3)
#define MISSING_MAX  BITS(6)
/* A name of ordinary letters that does not exist is a little more ordinary than suspicious. */
#define MISSING_ORDINARY BITS(-1)
/* A name that exists. */
#define EXISTS_ADDS  BITS(-4)
#define EXISTS_MAX   BITS(1)
#define ORDINARY_MIN BITS(-3) /* one ordinary domain takes no more than so much */
/* A suspected question that was refused, and so has no answer. */
#define REFUSED_MAX    BITS(4)

#define THRESHOLD      BITS(24)
#define SCORE_MAX      (2 * THRESHOLD)
#define LEAK_S	       3600u   /* in which THRESHOLD is forgotten */
#define RANDOM_LETTERS BITS(1) /* from here on the letters look random */

static int clamp(int value, int least, int most)
{
	return value < least ? least : value > most ? most : value;
}

static void leak(struct pr_heuristic_application *application, uint32_t now_s)
{
	uint64_t lost = (uint64_t)(now_s - application->leaked_s) * THRESHOLD / LEAK_S;

	if (lost >= (uint64_t)application->score) {
		application->score = 0;
		application->leaked_s = now_s;
	} else {
		application->score -= (int32_t)lost;
		application->leaked_s += (uint32_t)(lost * LEAK_S / THRESHOLD);
	}
	if (application->score == 0) {
		application->n_random = application->n_missing = application->n_others = 0;
		application->since_s = now_s;
	}
}

static bool is_counted(const struct pr_heuristic_pair *pair, uint32_t now_s)
{
	return pair->counted_s && now_s - pair->counted_s < LEAK_S;
}

static void count(struct pr_heuristic_application *application, struct pr_heuristic_pair *pair,
		  int evidence, uint32_t now_s)
{
	application->score = clamp(application->score + evidence, 0, SCORE_MAX);
	pair->counted_s = now_s;
}

bool pr_generated_is(struct pr_heuristic_application *application,
		     const struct pr_heuristic_pair *pair, const struct pr_heuristic_name *name,
		     uint32_t now_s)
{
	leak(application, now_s);
	return application->score >= THRESHOLD && name->judged && name->letters > RANDOM_LETTERS &&
	       !(pair && pair->exists);
}

bool pr_generated_asked(struct pr_heuristic_application *application,
			struct pr_heuristic_pair *pair, const struct pr_heuristic_name *name,
			uint32_t now_s)
{
	if (!pr_generated_is(application, pair, name, now_s))
		return false;
	if (!is_counted(pair, now_s)) {
		application->n_random++;
		count(application, pair, clamp(name->letters, 0, REFUSED_MAX), now_s);
	}
	return true;
}

void pr_generated_answered(struct pr_heuristic_application *application,
			   struct pr_heuristic_pair *pair, const struct pr_heuristic_name *name,
			   unsigned int rcode, uint32_t now_s)
{
	int letters = clamp(name->letters, -LETTERS_MAX, LETTERS_MAX), evidence;
	bool missing = rcode == RCODE_NXDOMAIN && name->is_domain;

	if (rcode == RCODE_NOERROR && application->score < THRESHOLD)
		pair->exists = true;
	if (!name->judged || is_counted(pair, now_s) || (rcode != RCODE_NOERROR && !missing))
		return;
	leak(application, now_s);
	if (!missing)
		evidence = name->rented ? ORDINARY_MIN
					: clamp(letters + EXISTS_ADDS, ORDINARY_MIN, EXISTS_MAX);
	else if (letters > 0)
		evidence = clamp(letters + MISSING_ADDS, ORDINARY_MIN, MISSING_MAX);
	else
		evidence = clamp(letters + MISSING_ADDS, ORDINARY_MIN, MISSING_ORDINARY);
	if (letters > RANDOM_LETTERS)
		application->n_random++;
	else
		application->n_others++;
	application->n_missing += missing;
	count(application, pair, evidence, now_s);
}

void pr_generated_explain(const struct pr_heuristic_application *application, uint32_t now_s,
			  char text[PR_HEURISTICS_TEXT_SIZE])
{
	(void)snprintf(text, PR_HEURISTICS_TEXT_SIZE,
		       "in %u s the application asked for %u domains of random letters and %u "
		       "others, %u of them did not exist: %d bits of evidence, %d suffice",
		       now_s - application->since_s, application->n_random, application->n_others,
		       application->n_missing, application->score / PR_LETTERS_BIT,
		       THRESHOLD / PR_LETTERS_BIT);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an application's questions look like over time: names made by a generator, data carried out in names. Nothing
 * is concluded from one name: the state is kept for each application, and for each application and registrable
 * domain (one label below a public suffix, publicsuffix.org). Both answers to the question "how sure" have numbers,
 * which `_explain` puts into words.
 *
 * Deterministic: time is an argument. Not locked. Memory is bounded: what is full gives up
 * what was used longest ago.
 */
#pragma once

#include "base/error.h"
#include "network/subject.h"

#include <stddef.h>
#include <stdint.h>

/* Applications, and pairs of an application and a registrable domain, that are remembered. Reached: of those that
 * share a place, the one longest unused is forgotten. */
#define PR_HEURISTICS_APPLICATIONS_MAX 1024u
#define PR_HEURISTICS_PAIRS_MAX	       8192u
#define PR_HEURISTICS_TEXT_SIZE	       256u /* always enough for `_explain` */

struct pr_heuristics;

/* The first one of the process reads the system's list of public suffixes, where that is newer than libpsl's own. */
struct pr_heuristics *pr_heuristics_new(void);
void pr_heuristics_free(struct pr_heuristics *heuristics);
static inline void pr_heuristics_cleanup(struct pr_heuristics **heuristics)
{
	pr_heuristics_free(*heuristics);
}

/* Forgets all questions. */
void pr_heuristics_forget(struct pr_heuristics *heuristics);

/* An application asks for a name (canonical): what that looks like, PR_SUSPICION_…. `application` tells applications
 * apart, the same for as long as one lives. */
unsigned int pr_heuristics_asked(struct pr_heuristics *heuristics, uint64_t now_us,
				 uint64_t application, const char *name, uint16_t type);
/* The answer that it got; not where it was denied. `rcode` and `bytes` are those of the message. */
void pr_heuristics_answered(struct pr_heuristics *heuristics, uint64_t now_us, uint64_t application,
			    const char *name, unsigned int rcode, size_t bytes);
/* The same as `_asked`, without that anything is noted: for what is only looked at. */
unsigned int pr_heuristics_look(struct pr_heuristics *heuristics, uint64_t now_us,
				uint64_t application, const char *name);

/* What one of the suspicions rests on, as a sentence with its numbers. Returns `text`. */
const char *pr_heuristics_explain(struct pr_heuristics *heuristics, uint64_t now_us,
				  uint64_t application, const char *name,
				  enum pr_suspicion suspicion, char text[PR_HEURISTICS_TEXT_SIZE]);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a decision is about: a subject, put together from the tables and from what is known of its entity. */
#pragma once

#include "engine/engine.h"
#include "network/link.h"
#include "network/names.h"
#include "network/seen.h"
#include "nameserver/question.h"

/* Large: where it is a variable, it is PR_UNINITIALIZED. */
struct pr_subject_of {
	struct pr_subject subject;
	struct pr_name_candidate candidates[PR_SUBJECT_DOMAINS_MAX];
	/* intel.c: what the subject's lists point to */
	uint64_t list_bits[(PR_SUBJECT_DOMAINS_MAX + 1 + PR_SEEN_NAMES_MAX) * PR_INTEL_WORDS_MAX];
	unsigned int n_list_bits; /* bitsets in use */
	bool names_looked_up;
	/* providers.c: the subject's own, where there are providers */
	uint64_t missing[PR_INTEL_WORDS_MAX], open[PR_INTEL_WORDS_MAX];
	bool may_follow; /* what providers have not answered is open, not missing: they will be asked */
	struct pr_seen seen; /* seen.c: the subject's, where it was put together again */
};
/* The subject of one end of a link; borrows from the tables until they change. Its facts of intelligence are
 * open. */
void pr_subject_of_end(const struct pr_engine *engine, const struct pr_link *link,
		       enum pr_link_end_name end, struct pr_subject_of *ret_subject);
/* As it was before a packet had shown anything. */
void pr_subject_of_end_unseen(const struct pr_engine *engine, const struct pr_link *link,
			      enum pr_link_end_name end, struct pr_subject_of *ret_subject);
/* Facts of the address: class and scope; those of intelligence are open. */
void pr_subject_set_address(const struct pr_engine *engine, const struct pr_address *address,
			    struct pr_subject *subject);
/* The candidates for its name, of an address that is set. */
void pr_subject_set_domains(const struct pr_engine *engine, uint32_t application,
			    struct pr_subject_of *of);
enum pr_direction pr_link_direction_of(const struct pr_link *link, enum pr_link_end_name end);

/* ---- intel.c: what the compiled set says ---- */

/* After a change of the policy or of the set. */
void pr_intel_map_renew(struct pr_engine *engine);
void pr_intel_map_done(struct pr_engine *engine);
/* Of a new subject. What is looked up is kept in it, and borrows from the set. */
void pr_intel_begin(const struct pr_engine *engine, struct pr_subject_of *of);
/* The lists of the domains, as far as the policy wants them. */
void pr_intel_of_names(const struct pr_engine *engine, struct pr_subject_of *of);
/* Of the address that is set, those of `facts` (PR_FACT_…). All facts of intelligence are settled then. */
void pr_intel_of_address(const struct pr_engine *engine, struct pr_subject_of *of,
			 unsigned int facts);
/* Both, for a decision. */
void pr_intel_of_link(const struct pr_engine *engine, struct pr_subject_of *of);

/* ---- providers.c: what providers say ---- */

/* Asks about what is not known (the port `inform` of nameserver/question.h). */
unsigned int pr_providers_inform(struct pr_engine *engine, uint64_t ticket,
				 const struct pr_question_inquiry *about, uint32_t *ret_wait_ms);
/* A link was decided for lack of data: asks about it, and the answers decide it anew. */
void pr_providers_want(struct pr_engine *engine, const struct pr_subject *subject);
/* Called by intel.c, at the places of the same names. */
void pr_providers_begin(const struct pr_engine *engine, struct pr_subject_of *of);
void pr_providers_of_names(const struct pr_engine *engine, struct pr_subject_of *of);
void pr_providers_of_address(const struct pr_engine *engine, struct pr_subject_of *of);
/* Those that have not answered about the subject, as bits by their places; and their ids, with commas, until the next
 * call. NULL = none. */
unsigned int pr_providers_missing(const struct pr_engine *engine, const struct pr_subject *subject);
const char *pr_providers_text(struct pr_engine *engine, unsigned int providers);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An entity is its domains and its address, and each of these may be on lists. One that is on a list that denies
 * is enough; an exception takes out the part that it names. Where it names the first domain, the one that was
 * asked for, it takes out all: what a name leads to is for its owner to say, and who excepts a name wants it to work.
 * The other way round it doesn't hold: whoever is on a list could otherwise get off it by an alias to a name that is
 * excepted.
 *
 * Addresses of this host and its networks are nobody else's business: lists that are made elsewhere name all private
 * ranges as "not of the Internet", and would cut the host off from itself. Rules (L:) speak of them nevertheless.
 */
#include "firewall/listing.h"

static bool meets(const uint64_t *a, const uint64_t *b, unsigned int n_words)
{
	for (unsigned int i = 0; a && b && i < n_words; i++)
		if (a[i] & b[i])
			return true;
	return false;
}

static bool any(const uint64_t *bits, unsigned int n_words)
{
	return meets(bits, bits, n_words);
}

/* The first list that denies what has these bits. */
static bool denies(const struct pr_denying_lists *lists, const uint64_t *bits, unsigned int n_words,
		   uint32_t *ret_list)
{
	if (!bits || meets(bits, lists->exceptions, n_words))
		return false;
	for (unsigned int i = 0; i < n_words; i++)
		if (bits[i] & lists->lists[i]) {
			*ret_list = i * 64 + (uint32_t)__builtin_ctzll(bits[i] & lists->lists[i]);
			return true;
		}
	return false;
}

static bool is_ours(const struct pr_subject *subject)
{
	return subject->known & ~subject->absent & PR_FACT_SCOPE &&
	       (subject->scope == PR_SCOPE_LOCALHOST || subject->scope == PR_SCOPE_LAN);
}

static bool find(const struct pr_denying_lists *lists, const struct pr_subject *subject,
		 unsigned int n_words, struct pr_listing *ret_listing)
{
	for (unsigned int i = 0; i < subject->n_domains; i++)
		if (denies(lists, subject->domain_lists[i], n_words, &ret_listing->list)) {
			ret_listing->at = i;
			ret_listing->of_address = false;
			return true;
		}
	if (is_ours(subject) || !denies(lists, subject->address_lists, n_words, &ret_listing->list))
		return false;
	ret_listing->at = 0;
	ret_listing->of_address = true;
	return true;
}

enum pr_listing_answer pr_listing_find(const struct pr_denying_lists *lists,
				       const struct pr_subject *subject,
				       struct pr_listing *ret_listing)
{
	unsigned int n_words =
		lists->n_words < subject->n_list_words ? lists->n_words : subject->n_list_words;
	bool open = !(subject->known & PR_FACT_LISTS);
	struct pr_listing listing;

	if (!any(lists->lists, lists->n_words) || (is_ours(subject) && !subject->n_domains))
		return PR_LISTING_NONE;
	if (subject->n_domains && meets(subject->domain_lists[0], lists->exceptions, n_words))
		return PR_LISTING_NONE;
	if (find(lists, subject, n_words, &listing)) {
		*ret_listing = listing;
		return PR_LISTING_FOUND;
	}
	/* What isn't known yet of lists that speak of addresses alone doesn't matter for one of ours. */
	if (open && (!subject->lists_open ||
		     (!is_ours(subject) && meets(subject->lists_open, lists->lists, n_words))))
		return PR_LISTING_OPEN;
	if (meets(subject->lists_missing, lists->lists, n_words) ||
	    subject->known & subject->absent & PR_FACT_LISTS)
		return PR_LISTING_NO_DATA;
	return PR_LISTING_NONE;
}

struct pr_denying_lists pr_lists_of_profile(const struct pr_policy *policy,
					    const struct pr_settings *settings)
{
	return (struct pr_denying_lists){ settings->lists, settings->exceptions,
					  pr_policy_n_list_words(policy) };
}

struct pr_denying_lists pr_lists_of_doh(const struct pr_policy *policy)
{
	return (struct pr_denying_lists){ pr_policy_doh_lists(policy), NULL,
					  pr_policy_n_list_words(policy) };
}

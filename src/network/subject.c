/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/subject.h"

static bool has_bit(const struct pr_subject *subject, const uint64_t *bits, uint32_t list)
{
	return bits && list / 64 < subject->n_list_words && bits[list / 64] >> list % 64 & 1;
}

void pr_subject_set_far(struct pr_subject *subject)
{
	const unsigned int absent = PR_FACT_ADDRESS | PR_FACT_COUNTRY | PR_FACT_ASN;

	subject->remote_class = PR_CLASS_GLOBAL;
	subject->scope = PR_SCOPE_INTERNET;
	subject->known |= absent | PR_FACT_SCOPE | PR_FACT_LISTS;
	subject->absent &= ~(unsigned int)(PR_FACT_SCOPE | PR_FACT_LISTS);
	subject->absent |= absent;
	subject->country[0] = subject->continent[0] = '\0';
	subject->asn = 0;
	subject->organisation = NULL;
	subject->address_lists = NULL;
}

bool pr_subject_on_list(const struct pr_subject *subject, uint32_t list)
{
	for (unsigned int i = 0; i < subject->n_domains; i++)
		if (has_bit(subject, subject->domain_lists[i], list))
			return true;
	return has_bit(subject, subject->address_lists, list);
}

bool pr_subject_list_missing(const struct pr_subject *subject, uint32_t list)
{
	return subject->known & subject->absent & PR_FACT_LISTS ||
	       has_bit(subject, subject->lists_missing, list);
}

bool pr_subject_list_open(const struct pr_subject *subject, uint32_t list)
{
	return !(subject->known & PR_FACT_LISTS) &&
	       (!subject->lists_open || has_bit(subject, subject->lists_open, list));
}

/* Of a fact that is settled with a value. */
static const struct pr_seen *seen_of(const struct pr_subject *subject, unsigned int fact)
{
	return subject->known & ~subject->absent & fact ? subject->seen : NULL;
}

enum pr_speaks pr_subject_speaks(const struct pr_subject *subject)
{
	const struct pr_seen *seen = seen_of(subject, PR_FACT_SPEAKS);

	return seen ? (enum pr_speaks)seen->speaks : PR_SPEAKS_UNKNOWN;
}

enum pr_encryption pr_subject_encryption(const struct pr_subject *subject)
{
	const struct pr_seen *seen = seen_of(subject, PR_FACT_ENCRYPTION);

	return seen ? (enum pr_encryption)seen->encryption : PR_ENCRYPTION_UNKNOWN;
}

unsigned int pr_subject_seen_flags(const struct pr_subject *subject)
{
	return subject->seen ? subject->seen->flags : 0;
}

const char *pr_scope_name(enum pr_scope scope)
{
	static const char *const names[] = {
		[PR_SCOPE_INVALID] = "Invalid",
		[PR_SCOPE_LOCALHOST] = "Localhost",
		[PR_SCOPE_LAN] = "LAN",
		[PR_SCOPE_INTERNET] = "Internet",
	};

	return names[scope];
}

const char *pr_class_name(enum pr_class class_)
{
	static const char *const names[] = {
		[PR_CLASS_INVALID] = "invalid",
		[PR_CLASS_HOST] = "host",
		[PR_CLASS_LINK_LOCAL] = "link-local",
		[PR_CLASS_SITE_LOCAL] = "site-local",
		[PR_CLASS_MULTICAST_LOCAL] = "multicast-local",
		[PR_CLASS_MULTICAST_GLOBAL] = "multicast-global",
		[PR_CLASS_GLOBAL] = "global",
	};

	return names[class_];
}

const char *pr_fact_name(enum pr_fact fact)
{
	switch (fact) {
	case PR_FACT_OWNER:
		return "owner";
	case PR_FACT_DOMAIN:
		return "domain";
	case PR_FACT_ADDRESS:
		return "address";
	case PR_FACT_PROTOCOL:
		return "protocol";
	case PR_FACT_PORT:
		return "port";
	case PR_FACT_COUNTRY:
		return "country";
	case PR_FACT_ASN:
		return "asn";
	case PR_FACT_LISTS:
		return "lists";
	case PR_FACT_SCOPE:
		return "scope";
	case PR_FACT_SPEAKS:
		return "speaks";
	case PR_FACT_ENCRYPTION:
		return "encryption";
	case PR_FACT_NAME:
		return "name";
	case PR_FACT_CERTIFICATE:
		return "certificate";
	}
	return "unknown";
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/subject.h"

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
	}
	return "unknown";
}

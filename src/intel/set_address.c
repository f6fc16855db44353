/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prefixes nest or are apart, never overlap by half. They cut the addresses into ranges that each know
 * the longest prefix they lie in; from there the parents lead to those that hold it. So an address
 * costs one search, and a step for each prefix that it is in. Which country and which AS an address
 * belongs to are ranges as well, a table each: the sources draw their borders differently.
 *
 * An address that stands for an IPv4 address (NAT64, 6to4) is on the lists that either is on, and in the country and
 * the AS of the one behind it: behind DNS64 every name of the IPv4 Internet leads to such addresses.
 */
#include "intel/set_view.h"

#include <string.h>

/* The value of the range that it lies in; `otherwise` where there is none. */
static uint32_t range_of(const struct pr_intel_set *set, const struct pr_address *address,
			 enum pr_intel_tables table4, enum pr_intel_tables table6,
			 uint32_t otherwise)
{
	if (address->family != 4 && address->family != 6)
		return otherwise;
	return pr_intel_table_range(&set->tables[address->family == 4 ? table4 : table6],
				    pr_intel_key_of_address(address), otherwise);
}

/* 0 where neither the address behind it nor itself has one. */
static uint32_t value_of(const struct pr_intel_set *set, const struct pr_address *address,
			 enum pr_intel_tables table4, enum pr_intel_tables table6)
{
	struct pr_address inner;
	uint32_t value = 0;

	if (pr_address_embedded(address, &inner))
		value = range_of(set, &inner, table4, table6, 0);
	return value ? value : range_of(set, address, table4, table6, 0);
}

static uint32_t asn_of(const struct pr_intel_set *set, const struct pr_address *address)
{
	return value_of(set, address, PR_INTEL_ASN4, PR_INTEL_ASN6);
}

static uint32_t country_of(const struct pr_intel_set *set, const struct pr_address *address)
{
	return value_of(set, address, PR_INTEL_COUNTRY4, PR_INTEL_COUNTRY6);
}

static void find_prefixes(struct pr_intel_finding *finding, const struct pr_address *address)
{
	const struct pr_intel_set *set = finding->set;
	uint32_t node = range_of(set, address, PR_INTEL_PREFIX4, PR_INTEL_PREFIX6, PR_INTEL_NONE);

	/* as many as there are lengths: 0 to 128 */
	for (unsigned int i = 0; i <= 128 && node < set->n_nodes; i++) {
		pr_intel_find_value(finding, set->nodes[node].value, PR_LIST_PREFIX);
		node = set->nodes[node].parent;
	}
}

static void find(struct pr_intel_finding *finding, const struct pr_address *address)
{
	const struct pr_intel_set *set = finding->set;
	struct pr_address inner;
	uint32_t number, value;

	if (pr_address_embedded(address, &inner))
		find_prefixes(finding, &inner);
	find_prefixes(finding, address);
	if (set->tables[PR_INTEL_LIST_ASNS].n) {
		number = asn_of(set, address);
		if (number &&
		    pr_intel_table_number(&set->tables[PR_INTEL_LIST_ASNS], number, &value))
			pr_intel_find_value(finding, value, PR_LIST_ASN);
	}
	if (set->tables[PR_INTEL_LIST_COUNTRIES].n) {
		number = country_of(set, address);
		if (number &&
		    pr_intel_table_number(&set->tables[PR_INTEL_LIST_COUNTRIES], number, &value))
			pr_intel_find_value(finding, value, PR_LIST_COUNTRY);
	}
}

bool pr_intel_set_address(const struct pr_intel_set *set, const struct pr_address *address,
			  uint64_t *lists)
{
	PR_UNINITIALIZED struct pr_intel_finding finding;

	pr_intel_finding_init(&finding, set);
	find(&finding, address);
	return pr_intel_found_lists(&finding, lists);
}

unsigned int pr_intel_set_address_hits(const struct pr_intel_set *set,
				       const struct pr_address *address,
				       struct pr_intel_hit *ret_hits, unsigned int n_max)
{
	PR_UNINITIALIZED struct pr_intel_finding finding;

	pr_intel_finding_init(&finding, set);
	finding.lines = true;
	finding.hits = ret_hits;
	finding.n_max = n_max;
	find(&finding, address);
	return finding.n;
}

bool pr_intel_set_has_countries(const struct pr_intel_set *set)
{
	return set->tables[PR_INTEL_COUNTRY4].n || set->tables[PR_INTEL_COUNTRY6].n;
}

bool pr_intel_set_has_asns(const struct pr_intel_set *set)
{
	return set->tables[PR_INTEL_ASN4].n || set->tables[PR_INTEL_ASN6].n;
}

static bool is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

bool pr_intel_set_country(const struct pr_intel_set *set, const struct pr_address *address,
			  char ret_country[3])
{
	uint32_t code = country_of(set, address);
	char country[3] = { (char)(code >> 8), (char)code };

	if (!is_capital(country[0]) || !is_capital(country[1]))
		return false;
	memcpy(ret_country, country, sizeof(country));
	return true;
}

bool pr_intel_set_asn(const struct pr_intel_set *set, const struct pr_address *address,
		      uint32_t *ret_asn, const char **ret_organisation)
{
	uint32_t asn = asn_of(set, address);

	if (!asn)
		return false;
	*ret_asn = asn;
	*ret_organisation = pr_intel_set_organisation(set, asn);
	return true;
}

const char *pr_intel_set_organisation(const struct pr_intel_set *set, uint32_t asn)
{
	uint32_t offset = 0;

	(void)pr_intel_table_number(&set->tables[PR_INTEL_ORGANISATIONS], asn, &offset);
	return pr_intel_string(set, offset);
}

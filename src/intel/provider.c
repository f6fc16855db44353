/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "intel/provider.h"

#include "base/hash.h"
#include "network/class.h"

#include <string.h>

/* RFC 6762 (local), 6761, 7686, 8375, 9476; the rest by wide use. Reverse names (RFC 1035, 3.5) tell addresses. */
static const char *const own_zones[] = {
	"local", "lan",	  "internal", "intranet", "home",      "corp",	  "alt",
	"arpa",	 "onion", "test",     "invalid",  "localhost", "private", "localdomain",
};

struct pr_inquiry pr_inquiry_of_address(const struct pr_address *address)
{
	struct pr_inquiry inquiry = { .address = *address };

	(void)pr_address_embedded(address, &inquiry.address);
	return inquiry;
}

bool pr_inquiry_is_public(const struct pr_inquiry *inquiry)
{
	if (!inquiry->domain)
		return pr_class_of(&inquiry->address, NULL) == PR_CLASS_GLOBAL;
	if (!strchr(inquiry->domain, '.') || strchr(inquiry->domain, '\\'))
		return false;
	for (size_t i = 0; i < PR_ARRAY_SIZE(own_zones); i++)
		if (pr_name_within(inquiry->domain, own_zones[i]))
			return false;
	return true;
}

bool pr_inquiry_equal(const struct pr_inquiry *a, const struct pr_inquiry *b)
{
	if (!a->domain || !b->domain)
		return a->domain == b->domain && pr_address_equal(&a->address, &b->address);
	return strcmp(a->domain, b->domain) == 0;
}

uint64_t pr_inquiry_hash(const struct pr_inquiry *inquiry)
{
	return inquiry->domain ? pr_hash(inquiry->domain, strlen(inquiry->domain))
			       : pr_address_hash(&inquiry->address);
}

const char *pr_inquiry_text(const struct pr_inquiry *inquiry, char text[PR_NAME_TEXT_SIZE])
{
	if (inquiry->domain)
		snprintf(text, PR_NAME_TEXT_SIZE, "%s", inquiry->domain);
	else
		pr_address_format(&inquiry->address, text);
	return text;
}

static int print_headers(const struct pr_provider *provider, char *text, size_t size)
{
	int name_len = (int)strcspn(provider->header, ":");

	return provider->header[0]
		       ? snprintf(text, size, "\n%.*s: (not shown)", name_len, provider->header)
		       : 0;
}

const char *pr_provider_request_text(const struct pr_provider *provider,
				     const struct pr_inquiry *inquiry,
				     char text[PR_PROVIDER_REQUEST_SIZE])
{
	char name[PR_NAME_TEXT_SIZE], url[PR_PROVIDER_URL_SIZE];
	int len;

	snprintf(text, PR_PROVIDER_REQUEST_SIZE, "nothing: it is too long to be asked");
	if (!(provider->asks & pr_inquiry_kind(inquiry))) {
		snprintf(text, PR_PROVIDER_REQUEST_SIZE, "nothing: it is asked about %s only",
			 pr_provider_asks_name(provider->asks));
	} else if (!pr_inquiry_is_public(inquiry)) {
		snprintf(text, PR_PROVIDER_REQUEST_SIZE,
			 "nothing: that is no entity of the Internet");
	} else if (provider->type == PR_PROVIDER_DNS) {
		if (pr_provider_dns_name(provider, inquiry, name) == 0)
			snprintf(text, PR_PROVIDER_REQUEST_SIZE, "%s IN A to %s", name,
				 provider->server[0] ? provider->server : "the upstreams");
	} else if (pr_provider_http_url(provider, inquiry, url) == 0) {
		len = snprintf(text, PR_PROVIDER_REQUEST_SIZE, "GET %s\naccept: application/json",
			       url);
		print_headers(provider, text + len, PR_PROVIDER_REQUEST_SIZE - (size_t)len);
	}
	return text;
}

const char *pr_provider_status_name(enum pr_provider_status status)
{
	static const char *const names[PR_PROVIDER_N_STATUSES] = {
		[PR_PROVIDER_NOT_LISTED] = "not-listed",   [PR_PROVIDER_LISTED] = "listed",
		[PR_PROVIDER_FAILED] = "failed",	   [PR_PROVIDER_LATE] = "late",
		[PR_PROVIDER_UNAVAILABLE] = "unavailable",
	};

	return names[status];
}

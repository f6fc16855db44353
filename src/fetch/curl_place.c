/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/curl_place.h"

#include <string.h>

static void read_host(const char *host, struct pr_curl_place *place)
{
	size_t len = strlen(host);
	bool bracket = len > 2 && host[0] == '[';
	char name[PR_NAME_TEXT_SIZE];

	snprintf(place->host, sizeof(place->host), "%.*s", (int)(bracket ? len - 2 : len),
		 host + bracket);
	place->is_address = pr_address_parse(place->host, &place->address) == 0;
	if (!place->is_address && pr_name_canonical(place->host, name) == 0)
		memcpy(place->host, name, sizeof(name));
}

bool pr_curl_place(const char *url, struct pr_curl_place *ret_place)
{
	CURLU *parts = curl_url();
	char *host = NULL, *port = NULL;
	bool fine = parts && !curl_url_set(parts, CURLUPART_URL, url, 0) &&
		    !curl_url_get(parts, CURLUPART_HOST, &host, 0) &&
		    !curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);

	if (fine) {
		read_host(host, ret_place);
		ret_place->port = (uint16_t)strtoul(port, NULL, 10);
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parts);
	return fine;
}

struct curl_slist *pr_curl_pin(const struct pr_curl_place *place,
			       const struct pr_address *addresses, unsigned int n)
{
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;

	if (place->is_address)
		return NULL;
	text = pr_asprintf("%s:%u:", place->host, place->port);
	for (unsigned int i = 0; i < n; i++) {
		char one[PR_ADDRESS_TEXT_SIZE], *longer;

		pr_address_format(&addresses[i], one);
		longer = pr_asprintf(addresses[i].family == 6 ? "%s%s[%s]" : "%s%s%s", text,
				     i ? "," : "", one);
		free(text);
		text = longer;
	}
	return curl_slist_append(NULL, text);
}

void pr_curl_set_common(CURL *easy, const char *url, struct curl_slist *pinned)
{
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_RESOLVE, pinned);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

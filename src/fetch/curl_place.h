/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What all that libcurl does for us has in common beside the loop: it resolves nothing itself, follows no redirection,
 * uses no proxy and reads no .netrc; TLS is 1.2 or later and always verified.
 */
#pragma once

#include "base/address.h"
#include "base/name.h"

#include <curl/curl.h>

/* Where a URL leads, as libcurl itself reads it. */
struct pr_curl_place {
	char host[PR_NAME_TEXT_SIZE]; /* a canonical name, or an address without brackets */
	bool is_address;
	struct pr_address address; /* if it is one */
	uint16_t port;
};

/* False where it cannot be read. */
bool pr_curl_place(const char *url, struct pr_curl_place *ret_place);
/* "host:port:address,[address]", which stands in for resolving the host (CURLOPT_RESOLVE) and does not expire. The
 * caller frees; NULL, which is right too, where the host is an address. */
struct curl_slist *pr_curl_pin(const struct pr_curl_place *place,
			       const struct pr_address *addresses, unsigned int n);
/* A transfer's options that are the same for all; `url` is copied, the list has to live as long as the handle. */
void pr_curl_set_common(CURL *easy, const char *url, struct curl_slist *pinned);

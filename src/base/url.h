/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Addresses of the web that we fetch from (RFC 3986, 3; RFC 9110, 4.2): http and https, absolute, a host, no
 * fragment. Narrower than the standard on purpose: what is odd is refused where it is written, not where it is
 * fetched.
 */
#pragma once

#include <stdbool.h>

#define PR_URL_MAX 2048 /* bytes; a longer one is refused */

/* NULL where it is one, else a sentence that says what is wrong. */
const char *pr_url_wrong(const char *url);
/* It is "https". Of a URL that is right. */
bool pr_url_is_encrypted(const char *url);
/* Without user and password, for those who look on; returns `text`. Of a URL that is right. */
const char *pr_url_shown(const char *url, char text[PR_URL_MAX + 1]);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A URL: what is taken is printable, can be shown without its credentials, and is still one then. */
#include "base/url.h"

#include "base/error.h"

#include "../target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	PR_CLEANUP(pr_cleanup_free) char *url = pr_strndup((const char *)bytes, len);
	char shown[PR_URL_MAX + 1];

	if (pr_url_wrong(url))
		return 0;
	for (const char *c = url; *c; c++)
		pr_assert(*c > ' ' && *c < 0x7f);
	pr_url_shown(url, shown);
	pr_assert(!pr_url_wrong(shown));
	pr_assert(!memchr(shown, '@',
			  strcspn(strstr(shown, "://") + 3, "/?") +
				  (size_t)(strstr(shown, "://") + 3 - shown)));
	pr_assert(pr_url_is_encrypted(url) == pr_url_is_encrypted(shown));
	return 0;
}

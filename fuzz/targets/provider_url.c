/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a provider is asked: whatever the entity is, it stays where it was put, and cannot become another part of the
 * URL or name. A line of configuration, a zero, the entity. */
#include "intel/provider.h"

#include "../target.h"

#include <string.h>

#define HEAD "https://r.example/a/"
#define TAIL "?v=1"

static void check_url(const struct pr_inquiry *inquiry)
{
	static const struct pr_provider provider = { .url = HEAD "{entity}" TAIL };
	char url[PR_PROVIDER_URL_SIZE];
	size_t len;

	if (pr_provider_http_url(&provider, inquiry, url) != 0)
		return;
	len = strlen(url);
	pr_assert(len >= strlen(HEAD TAIL) && memcmp(url, HEAD, strlen(HEAD)) == 0);
	pr_assert(strcmp(url + len - strlen(TAIL), TAIL) == 0);
	for (size_t i = strlen(HEAD); i < len - strlen(TAIL); i++)
		pr_assert(pr_provider_character(url[i]) || strchr(".~%", url[i]));
}

static void check_name(const struct pr_inquiry *inquiry)
{
	static const struct pr_provider provider = { .zone = "dbl.example" };
	char name[PR_NAME_TEXT_SIZE];
	struct pr_dns_name wire;

	if (pr_provider_dns_name(&provider, inquiry, name) != 0)
		return;
	pr_assert(pr_dns_name_from_text(name, &wire) == 0);
	pr_assert(pr_name_within(name, provider.zone));
}

static void check_config(char *text)
{
	struct pr_provider provider, again;
	char *written, *pieces;

	if (pr_provider_read(text, &provider) != 0)
		return;
	written = pr_provider_write(&provider);
	pieces = pr_strdup(written);
	pr_assert(pr_provider_read(pieces, &again) == 0);
	pr_assert(strcmp(again.id, provider.id) == 0 && again.n_codes == provider.n_codes);
	free(written);
	free(pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	PR_CLEANUP(pr_cleanup_free) char *text = pr_strndup((const char *)bytes, len);
	size_t text_len = strlen(text);
	char domain[PR_NAME_TEXT_SIZE] = "", show[PR_NAME_TEXT_SIZE];
	struct pr_inquiry inquiry = { .domain = domain };

	check_config(text);
	if (text_len + 1 < len)
		snprintf(domain, sizeof(domain), "%.*s", (int)(len - text_len - 1),
			 (const char *)bytes + text_len + 1);
	check_url(&inquiry);
	check_name(&inquiry);
	if (pr_address_parse(domain, &inquiry.address) == 0) {
		inquiry.domain = NULL;
		check_url(&inquiry);
		check_name(&inquiry);
	}
	(void)pr_inquiry_is_public(&inquiry);
	pr_inquiry_text(&inquiry, show);
	return 0;
}

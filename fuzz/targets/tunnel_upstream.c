/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An upstream of the tunnel, as a URL of the configuration and as the text that the tunnel process gets: what is read can
 * be written, and says the same again. */
#include "network/tunnel.h"

#include "../target.h"

#include <string.h>

static void check_text(char *text)
{
	struct pr_tunnel_upstream upstream, again;
	PR_CLEANUP(pr_cleanup_free) char *written = NULL;
	PR_CLEANUP(pr_cleanup_free) char *pieces = NULL;
	PR_CLEANUP(pr_cleanup_free) char *anew = NULL;

	if (pr_tunnel_upstream_read(text, &upstream) != 0)
		return;
	written = pr_tunnel_upstream_write(&upstream);
	pieces = pr_strdup(written);
	pr_assert(pr_tunnel_upstream_read(pieces, &again) == 0);
	anew = pr_tunnel_upstream_write(&again);
	pr_assert(strcmp(anew, written) == 0);
}

static void check_url(char *url)
{
	struct pr_tunnel_upstream upstream = {
		.id = "x", .host = "", .user = "", .password = "", .ca = "", .interface = ""
	};
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;
	const char *why = NULL;

	if (pr_tunnel_url_parse(url, &upstream, &why) != 0) {
		pr_assert(why && why[0]);
		return;
	}
	/* What a URL says is an upstream. */
	text = pr_tunnel_upstream_write(&upstream);
	pr_assert(pr_tunnel_upstream_read(text, &upstream) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	PR_CLEANUP(pr_cleanup_free) char *text = pr_strndup((const char *)bytes, len);
	PR_CLEANUP(pr_cleanup_free) char *url = pr_strdup(text);

	check_text(text);
	check_url(url);
	return 0;
}

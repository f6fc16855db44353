/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/roles.h"

#include "base/log.h"
#include "daemon/sandbox.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int pr_role_drop(const struct pr_start *start, enum pr_party party)
{
	const struct pr_sandbox sandbox = {
		.party = party,
		.user = { (uid_t)pr_pairs_number(&start->settings, "uid", (uid_t)-1),
			  (gid_t)pr_pairs_number(&start->settings, "gid", (gid_t)-1) },
		.keep_user = strcmp(pr_start_text(start, "single"), "1") == 0,
		.builds_set = strcmp(pr_start_text(start, "builds_set"), "1") == 0,
	};

	if (sandbox.user.uid == (uid_t)-1 || sandbox.user.gid == (gid_t)-1)
		return -EBADMSG;
	return pr_sandbox_drop(&sandbox);
}

const char *const pr_role_certificate_dirs[] = { "/etc/ssl", "/etc/pki", "/etc/ca-certificates",
						 "/usr/share/ca-certificates", NULL };

int pr_role_close(enum pr_party party, const char *also_read)
{
	/* For what is fetched by https, and the tunnel's proxies. */
	const char *const *all = pr_role_certificate_dirs;
	const char *const dirs[] = { all[0], all[1], all[2], all[3], also_read, NULL };
	bool reads = party == PR_PARTY_FRONT || party == PR_PARTY_TUNNEL;
	const struct pr_sandbox sandbox = { .party = party, .read_dirs = reads ? dirs : NULL };

	return pr_sandbox_close(&sandbox);
}

int pr_role_failed(struct pr_channel *supervisor, const char *format, ...)
{
	char text[1024], quoted[1100];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (len < 0 || pr_channel_send(supervisor, PR_MESSAGE_FAILED, 0, text, strlen(text)))
		pr_log(PR_LOG_ERROR, "failed", "why=%s",
		       pr_log_quote(text, quoted, sizeof(quoted)));
	return 1;
}

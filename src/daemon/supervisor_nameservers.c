/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the resolver has to know of the system: the files that may name nameservers, and our own addresses
 * (a server there is a stub). Read, not parsed.
 */
#include "daemon/supervisor.h"

#include "base/hash.h"
#include "daemon/files.h"
#include "ipc/body.h"
#include "resolver/upstream.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <string.h>

#define PR_UPSTREAMS_FILE_MAX 16384 /* bytes of a file that are told */
#define PR_UPSTREAMS_OWN_MAX \
	24 /* addresses told; a stub beyond these would be taken for a server */

struct telling {
	struct pr_pairs pairs;
	char *texts[PR_PAIRS_MAX]; /* owned */
};

static void add_take(struct telling *telling, const char *key, char *text)
{
	if (telling->pairs.n == PR_PAIRS_MAX || !pr_pairs_add(&telling->pairs, key, text))
		free(text);
	else
		telling->texts[telling->pairs.n - 1] = text;
}

static void add_configured(struct telling *telling, const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		add_take(telling, "upstream", pr_strndup(lines, len));
		lines += len + (lines[len] == '\n');
	}
}

static void add_own(struct telling *telling)
{
	struct ifaddrs *all;
	unsigned int n = 0;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *one = all; one && n < PR_UPSTREAMS_OWN_MAX;
	     one = one->ifa_next) {
		struct pr_address address = { 0 };
		char text[PR_ADDRESS_TEXT_SIZE];

		if (one->ifa_addr)
			address = pr_address_from_sockaddr(one->ifa_addr, NULL);
		if (!address.family)
			continue;
		add_take(telling, "own", pr_strdup(pr_address_format(&address, text)));
		n++;
	}
	freeifaddrs(all);
}

static void add_files(struct telling *telling)
{
	for (unsigned int i = 0; i < pr_n_upstream_paths; i++) {
		PR_CLEANUP(pr_cleanup_close)
		int fd = open(pr_upstream_paths[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		char *text;
		size_t len;

		if (fd < 0 || pr_files_read(fd, 1 << 20, &text, &len) < 0)
			continue;
		if (len > PR_UPSTREAMS_FILE_MAX)
			text[PR_UPSTREAMS_FILE_MAX] = '\0';
		add_take(telling, pr_upstream_paths[i], text);
	}
}

static void tell(struct pr_supervisor *supervisor, bool in_any_case, bool flush)
{
	struct telling telling = { .pairs = { .n = 0 } };
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	uint64_t hash;
	size_t len;

	add_configured(&telling, supervisor->upstreams);
	add_own(&telling);
	add_files(&telling);
	len = pr_pairs_encode(&telling.pairs, body, PR_MESSAGE_BODY_MAX);
	hash = pr_hash(body, len);
	if (flush) {
		add_take(&telling, "flush", pr_strdup("1"));
		len = pr_pairs_encode(&telling.pairs, body, PR_MESSAGE_BODY_MAX);
	}
	if (len && (in_any_case || hash != supervisor->upstreams_told)) {
		pr_child_send(&supervisor->resolver, PR_MESSAGE_UPSTREAMS, 0, body, len, -1);
		supervisor->upstreams_told = hash;
	}
	for (unsigned int i = 0; i < telling.pairs.n; i++)
		free(telling.texts[i]);
}

void pr_supervisor_nameservers_tell(struct pr_supervisor *supervisor, bool in_any_case)
{
	tell(supervisor, in_any_case, false);
}

void pr_supervisor_nameservers_flush(struct pr_supervisor *supervisor)
{
	/* One that is being started remembers nothing. */
	if (supervisor->resolver.is_ready)
		tell(supervisor, true, true);
}

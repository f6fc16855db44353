/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/upstream.h"

#include "network/class.h"

#include <string.h>

#define NAMESERVER	 "nameserver"
#define LOOPBACK_V4	 127
#define BLANKS		 " \t\r"
#define RESOLV_LINE_SIZE 256 /* a longer line names no address */

const char *const pr_upstream_paths[] = {
	"/etc/resolv.conf",
	"/run/systemd/resolve/resolv.conf",
	"/run/NetworkManager/no-stub-resolv.conf",
	"/run/NetworkManager/resolv.conf",
	"/run/dnsmasq/resolv.conf",
	"/run/resolvconf/resolv.conf",
	"/etc/resolvconf/run/resolv.conf",
	"/run/resolvconf/interface/original.resolvconf",
};
const unsigned int pr_n_upstream_paths = PR_ARRAY_SIZE(pr_upstream_paths);

/* One line: true where it names a server. */
static bool parse_line(const char *bytes, size_t len, struct pr_upstream *ret_upstream)
{
	char line[RESOLV_LINE_SIZE], *at = NULL, *field;

	if (len >= sizeof(line) || memchr(bytes, '\0', len))
		return false;
	memcpy(line, bytes, len);
	line[len] = '\0';
	line[strcspn(line, "#;")] = '\0';
	field = strtok_r(line, BLANKS, &at);
	if (!field || strcmp(field, NAMESERVER) != 0)
		return false;
	field = strtok_r(NULL, BLANKS, &at);
	return field && pr_upstream_parse(field, ret_upstream) == 0;
}

unsigned int pr_resolv_conf_parse(const char *bytes, size_t len, struct pr_upstream *ret_upstreams,
				  unsigned int n_max)
{
	const char *end = bytes + (len < PR_RESOLV_CONF_MAX ? len : PR_RESOLV_CONF_MAX);
	unsigned int n = 0;

	while (bytes < end && n < n_max) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t line_len = (size_t)((newline ? newline : end) - bytes);

		n += parse_line(bytes, line_len, &ret_upstreams[n]);
		bytes += line_len + 1;
	}
	return n;
}

/* Unspecified addresses mean "this host" as well (resolv.conf(5) without a server). */
static bool is_own(const struct pr_address *address, const struct pr_address *own,
		   unsigned int n_own)
{
	static const uint8_t zero[16], loopback_v6[16] = { [15] = 1 };

	if (memcmp(address->bytes, zero, 16) == 0 ||
	    (address->family == 4 && address->bytes[0] == LOOPBACK_V4) ||
	    (address->family == 6 && memcmp(address->bytes, loopback_v6, 16) == 0))
		return true;
	for (unsigned int i = 0; i < n_own; i++)
		if (pr_address_equal(address, &own[i]))
			return true;
	return false;
}

bool pr_upstream_is_own(const struct pr_upstream *upstream, const struct pr_address *own,
			unsigned int n_own)
{
	return is_own(&upstream->address, own, n_own);
}

bool pr_upstreams_are_public(const struct pr_upstream *upstreams, unsigned int n,
			     const struct pr_address *own, unsigned int n_own)
{
	for (unsigned int i = 0; i < n; i++)
		if (pr_upstream_is_own(&upstreams[i], own, n_own) ||
		    pr_class_of(&upstreams[i].address, NULL) != PR_CLASS_GLOBAL)
			return false;
	return n > 0;
}

static unsigned int servers_of(const struct pr_upstream_file *file, const struct pr_address *own,
			       unsigned int n_own, bool of_this_host,
			       struct pr_upstream *ret_upstreams)
{
	struct pr_upstream all[PR_UPSTREAMS_MAX];
	unsigned int n_all = pr_resolv_conf_parse(file->bytes, file->len, all, PR_UPSTREAMS_MAX);
	unsigned int n = 0;

	for (unsigned int i = 0; i < n_all; i++) {
		bool known = is_own(&all[i].address, own, n_own) != of_this_host;

		for (unsigned int j = 0; j < n && !known; j++)
			known = pr_upstream_equal(&ret_upstreams[j], &all[i]);
		if (!known)
			ret_upstreams[n++] = all[i];
	}
	return n;
}

static unsigned int find_servers(const struct pr_upstream_file *files, unsigned int n_files,
				 const struct pr_address *own, unsigned int n_own,
				 bool of_this_host, struct pr_upstream *ret_upstreams)
{
	for (unsigned int i = 0; i < pr_n_upstream_paths; i++) {
		for (unsigned int j = 0; j < n_files; j++) {
			unsigned int n;

			if (!files[j].bytes || strcmp(files[j].path, pr_upstream_paths[i]) != 0)
				continue;
			n = servers_of(&files[j], own, n_own, of_this_host, ret_upstreams);
			if (n)
				return n;
		}
	}
	return 0;
}

unsigned int pr_upstreams_of_system(const struct pr_upstream_file *files, unsigned int n_files,
				    const struct pr_address *own, unsigned int n_own,
				    struct pr_upstream ret_upstreams[PR_UPSTREAMS_MAX])
{
	unsigned int n = find_servers(files, n_files, own, n_own, false, ret_upstreams);

	/* Behind it stands nothing that we know of: it is the system's nameserver, or forwards to where only
	 * it knows. */
	return n ? n : find_servers(files, n_files, own, n_own, true, ret_upstreams);
}

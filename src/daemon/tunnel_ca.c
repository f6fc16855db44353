/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/tunnel_ca.h"

#include "daemon/roles.h"
#include "network/tunnel.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MAX \
	(1u      \
	 << 20) /* bytes of a file that are looked at; an authorities' file begins with one of them */

static bool is_below(const char *path, const char *directory)
{
	PR_CLEANUP(pr_cleanup_free) char *real = realpath(directory, NULL);
	size_t len = real ? strlen(real) : 0;

	return real && strncmp(path, real, len) == 0 && path[len] == '/';
}

static bool lies_right(const char *path, const char *config_dir)
{
	bool right = is_below(path, config_dir);

	for (size_t i = 0; !right && pr_role_certificate_dirs[i]; i++)
		right = is_below(path, pr_role_certificate_dirs[i]);
	return right;
}

/* By the bits of its mode, as far as they tell. */
static bool may(const struct stat *facts, const struct pr_user *user, mode_t bit)
{
	if (user->uid == 0)
		return true;
	if (facts->st_uid == user->uid)
		return facts->st_mode & bit << 6;
	if (facts->st_gid == user->gid)
		return facts->st_mode & bit << 3;
	return facts->st_mode & bit;
}

/* The file, and each directory on the way to it. */
static bool may_read(const char *path, const struct pr_user *user)
{
	PR_CLEANUP(pr_cleanup_free) char *part = pr_strdup(path);
	struct stat facts;
	char *slash;

	if (stat(path, &facts) < 0 || !may(&facts, user, S_IROTH))
		return false;
	while ((slash = strrchr(part, '/')) && slash != part) {
		*slash = '\0';
		if (stat(part, &facts) < 0 || !may(&facts, user, S_IXOTH))
			return false;
	}
	return true;
}

/* The line that PEM begins with (RFC 7468, 5.1), or OpenSSL's own of it. */
static bool is_pem(int fd)
{
	static const char *const marks[] = { "-----BEGIN CERTIFICATE-----",
					     "-----BEGIN X509 CERTIFICATE-----",
					     "-----BEGIN TRUSTED CERTIFICATE-----" };
	PR_CLEANUP(pr_cleanup_free) char *text = pr_calloc(1, READ_MAX + 1);
	ssize_t len = pread(fd, text, READ_MAX, 0);

	for (size_t i = 0; len > 0 && i < PR_ARRAY_SIZE(marks); i++)
		if (memmem(text, (size_t)len, marks[i], strlen(marks[i])))
			return true;
	return false;
}

/* A sentence about the file, or NULL. */
static const char *wrong(const char *ca, const struct pr_user *user, const char *config_dir)
{
	PR_CLEANUP(pr_cleanup_free) char *path = realpath(ca, NULL);
	PR_CLEANUP(pr_cleanup_close) int fd = -1;
	struct stat facts;

	if (!path)
		return errno == ENOENT || errno == ENOTDIR ? "is not there" : "can't be reached";
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &facts) < 0)
		return "can't be read";
	if (!S_ISREG(facts.st_mode))
		return "is no file";
	if (!lies_right(path, config_dir))
		return "lies where the tunnel's process may not read: it has to be below the "
		       "configuration's directory, /etc/ssl or another place for certificates";
	if (!may_read(path, user))
		return "can't be read by the user portreeve-tunnel";
	return is_pem(fd) ? NULL : "holds no certificate in PEM";
}

char *pr_tunnel_ca_warnings(char *const *tunnels, char *const *places, size_t n,
			    const struct pr_user *user, const char *config_dir)
{
	char *lines = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&lines, &len);

	pr_assert(out);
	for (size_t i = 0; i < n; i++) {
		PR_CLEANUP(pr_cleanup_free) char *text = pr_strdup(tunnels[i]);
		struct pr_tunnel_upstream upstream;
		const char *why = NULL;

		if (places[i] && pr_tunnel_upstream_read(text, &upstream) == 0)
			why = wrong(upstream.ca, user, config_dir);
		if (why)
			fprintf(out, "%s%s: ca: %s %s, so nothing goes by it",
				ftell(out) > 0 ? "\n" : "", places[i], upstream.ca, why);
		explicit_bzero(text, strlen(tunnels[i]));
	}
	pr_assert(fclose(out) == 0);
	return lines;
}

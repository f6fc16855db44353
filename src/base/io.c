/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/io.h"

#include <unistd.h>

int pr_write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t pr_read_from_start(int fd, void *bytes, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = pread(fd, (char *)bytes + len, size - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

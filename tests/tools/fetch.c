/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program as there are many: resolves a name by whichever C library it is built with (glibc; musl, static),
 * connects to what it was given, one address after the other, and asks for a page.
 *
 *     fetch NAME PORT      prints the page; 6: there is no such name, 7: no connection
 */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NO_NAME	      6
#define NO_CONNECTION 7

static int connect_any(const struct addrinfo *list)
{
	for (; list; list = list->ai_next) {
		int fd = socket(list->ai_family, list->ai_socktype, list->ai_protocol);

		if (fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) == 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

int main(int argc, char **argv)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	char text[1024];
	ssize_t n;
	int fd, len;

	if (argc != 3)
		return 2;
	if (getaddrinfo(argv[1], argv[2], &hints, &list) != 0)
		return NO_NAME;
	fd = connect_any(list);
	freeaddrinfo(list);
	if (fd < 0)
		return NO_CONNECTION;
	len = snprintf(text, sizeof(text), "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", argv[1]);
	if (send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
		return NO_CONNECTION;
	while ((n = recv(fd, text, sizeof(text), 0)) > 0)
		fwrite(text, 1, (size_t)n, stdout);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

void pr_assert_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "invariant broken condition=\"%s\" at=%s:%d\n", condition, file, line);
	abort();
}

void *pr_calloc(size_t n, size_t size)
{
	void *memory = calloc(n ? n : 1, size ? size : 1);

	pr_assert(memory);
	return memory;
}

void *pr_realloc(void *memory, size_t n, size_t size)
{
	void *moved;

	pr_assert(size == 0 || n <= SIZE_MAX / size);
	moved = realloc(memory, n * size > 0 ? n * size : 1);
	pr_assert(moved);
	return moved;
}

char *pr_strdup(const char *text)
{
	return pr_strndup(text, strlen(text));
}

char *pr_strndup(const char *text, size_t len)
{
	char *copy = strndup(text, len);

	pr_assert(copy);
	return copy;
}

char *pr_asprintf(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vasprintf(&text, format, arguments);
	va_end(arguments);
	pr_assert(len >= 0);
	return text;
}

void pr_cleanup_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

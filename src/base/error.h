/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Errors come in three values:
 *
 *    0         done
 *   negative   -errno: fatal to the operation, pass it on unchanged
 *   positive   an outcome of the called module (an enum in its header) that the caller must handle
 *
 * Out-parameters are named ret_… and stay untouched unless 0 is returned.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PR_MUST_USE		__attribute__((warn_unused_result))
#define PR_PRINTF(index, first) __attribute__((__format__(__printf__, index, first)))
#define PR_CLEANUP(function)	__attribute__((cleanup(function)))
/* For large variables of which only what was written is read: the compiler's zeroing of them would cost more than what
 * is done with them. */
#define PR_UNINITIALIZED     __attribute__((uninitialized))
#define PR_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* A broken invariant ends the process, in release builds too: the supervisor then applies the failure
 * policy. Input never trips it. */
#define pr_assert(condition)                                              \
	do {                                                              \
		if (__builtin_expect(!(condition), 0))                    \
			pr_assert_failed(#condition, __FILE__, __LINE__); \
	} while (0)

_Noreturn void pr_assert_failed(const char *condition, const char *file, int line);

/* Allocation that cannot fail: with overcommit a NULL here is a broken invariant, not weather. */
void *pr_calloc(size_t n, size_t size);
void *pr_realloc(void *memory, size_t n, size_t size);
char *pr_strdup(const char *text);
char *pr_strndup(const char *text, size_t len);
char *pr_asprintf(const char *format, ...) PR_PRINTF(1, 2);

/* Cleanup handlers for PR_CLEANUP: each takes a pointer to the variable. */
static inline void pr_cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void pr_cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

void pr_cleanup_close(int *fd);

/* Hands ownership on: the variable is NULL afterwards. */
#define PR_TAKE_PTR(pointer)                               \
	__extension__({                                    \
		__typeof__(pointer) pr_taken_ = (pointer); \
		(pointer) = NULL;                          \
		pr_taken_;                                 \
	})

/* The same for a descriptor: -1 afterwards. */
#define PR_TAKE_FD(fd)                \
	__extension__({               \
		int pr_taken_ = (fd); \
		(fd) = -1;            \
		pr_taken_;            \
	})

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t pr_clock_monotonic_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

uint64_t pr_clock_real_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

const char *pr_clock_format(uint64_t real_us, char *text)
{
	time_t seconds = (time_t)(real_us / 1000000u);
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(text, PR_CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, PR_CLOCK_TEXT_SIZE - len, ".%06uZ",
		 (unsigned int)(real_us % 1000000u));
	return text;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The clocks, for the edges only: everything behind them takes time as an argument. */
#pragma once

#include <stdint.h>

#define PR_CLOCK_TEXT_SIZE 32

/* Microseconds of CLOCK_MONOTONIC. */
uint64_t pr_clock_monotonic_us(void);
/* Microseconds since 1970-01-01 UTC. */
uint64_t pr_clock_real_us(void);
/* RFC 3339 with microseconds, UTC: "2026-01-31T12:00:00.000001Z". Returns `text`. */
const char *pr_clock_format(uint64_t real_us, char *text);

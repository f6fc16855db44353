/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* XXH3 with a seed drawn at process start, so that a network cannot choose collisions. */
uint64_t pr_hash(const void *bytes, size_t len);
/* The same with the seed given: for what is stored in files and shared between processes. */
uint64_t pr_hash_seeded(const void *bytes, size_t len, uint64_t seed);
/* Fixes the seed (scenario tests and fuzzers, for runs that repeat). */
void pr_hash_seed(uint64_t seed);

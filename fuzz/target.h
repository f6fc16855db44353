/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every target defines; libFuzzer, or replay.c, calls it with bytes that it must survive. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

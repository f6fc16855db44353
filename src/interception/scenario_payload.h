/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the packets of a scenario carry, from a word of text. */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Each: the number of bytes, or -EINVAL: not well written, or more than `size`. */

/* "GET\s/\r\n": \s a blank, \r, \n, \\, \xHH; everything else as it stands. */
PR_MUST_USE int pr_scenario_text(const char *text, uint8_t *bytes, size_t size);
/* Two digits a byte. */
PR_MUST_USE int pr_scenario_hex(const char *text, uint8_t *bytes, size_t size);
/* The first record of a TLS 1.3 client that asks for `name` (RFC 8446, 4.1.2); "-" = for none. */
PR_MUST_USE int pr_scenario_client_hello(const char *name, uint8_t *bytes, size_t size);
/* Nothing that anybody begins with. */
PR_MUST_USE int pr_scenario_noise(uint8_t *bytes, size_t size);
/* What a TLS 1.3 server answers first (RFC 8446, 4.1.3). */
PR_MUST_USE int pr_scenario_server_hello(uint8_t *bytes, size_t size);

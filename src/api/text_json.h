/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text of others as JSON. */
#pragma once

#include <jansson.h>

/* A new string of `text`; what in it is not UTF-8 becomes U+FFFD, so that nothing else of it is lost. */
json_t *pr_text_json(const char *text);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS over a stream, from its first byte: of a link, or behind what came before it there (STARTTLS). */
#pragma once

#include "inspection/inspector.h"

/* *seen may say something already: `speaks` is left to the caller
 * where it is set. NOT_MINE: the client does not speak TLS. */
enum pr_look pr_tls_look_at(const struct pr_stream *client, const struct pr_stream *server,
			    struct pr_seen *seen);

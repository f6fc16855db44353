/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What clients of the API may ask for, as pairs. Front turns HTTP into these and JSON back; nobody else
 * reads or writes JSON.
 *
 * PR_MESSAGE_QUERY, front → engine. The first pair is "query" = one of the names below; the others are
 * its arguments, of which "root" = "1" is front's to set, for root alone. Answered by any number of ROW (an
 * event each) or PAIRS, then one END, all with the query's ticket. A table that is longer than
 * PR_QUERY_ROWS_MAX comes in parts: END then holds "next" = what to give as "after" for the rest.
 *
 *   "links", "communications"   rows are events. "after", "active" = "1", "app", "domain", "ip",
 *                               "verdict" filter; "uid" = only what this user owns
 *   "apps"                      PAIRS: "profile", "path", "links", "communications"
 *   "prompts"                   rows are events of kind prompt
 *   "attacks"                   rows are events: what was found and is not over
 *   "status"                    PAIRS, any keys: what is in force, counters
 *   "explain"                   "app" (a path), "uid", "in" = "1", "entity", "proto", "port", "speaks", "encrypted", "name"; PAIRS: "stage",
 *                               "check", "said", "decided", …; the first has "summary"
 *   "dns-query"                 "name", "type", "app"; PAIRS, and rows of the decisions. Without "root" nothing goes
 *                               upstream: what is not in the cache is REFUSED
 *   "intel-providers"           "entity"; PAIRS for each provider of intelligence: how it is with it, what it said of the
 *                               entity, what exactly it is sent to be asked about that
 *   "intel"                     "entity", "ip" (beside a domain); PAIRS: an address and its network, then each line of a list
 *                               that speaks of them: docs/api.yaml
 *   "tunnels"                   PAIRS for each upstream of the tunnel: "upstream", "kind", "state" ("up", "down", "unknown"),
 *                               "latency_us", "links", "opened", "failed", "sent", "received", "why"
 *   "dns-cache"                 rows are events: an address, a domain that led to it, to whom it was given. Filters as
 *                               above
 *
 * The supervisor is asked the same way:
 *
 *   "lists"                     "id"; PAIRS, a list or geo source each. Parts of PR_INTEL_ROWS_MAX
 *   "list-refused"              "id"; PAIRS: "line", "why", "text" of its first lines that were not understood
 *
 *   "dns-answers"               "domain"; PAIRS: what is kept of the upstream's answers: "name", "type", "ttl" (what is left),
 *                               "flags" of the question, "rcode", "data"
 *
 * PR_MESSAGE_CHANGE, front → supervisor, with the client's connected socket as its descriptor. The first
 * pair is "verb" = one of the table in daemon/authority.h; the others its arguments, named there.
 * Answered by RESULT with the same ticket: "ok" = a word for the user, or "error" = a sentence (with
 * file, line and column where it is about a rule) and "status" = an HTTP status (400, 403, 404, 409, 500).
 */
#pragma once

#define PR_QUERY_ROWS_MAX 512

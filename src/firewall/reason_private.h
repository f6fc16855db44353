/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How reasons are put together. Internal to the room. */
#pragma once

#include "firewall/walk.h"

#include "intel/set.h"

/* A text that is cut off at its end, never overrun. */
struct pr_sentence {
	char *text;
	size_t size, len;
	const struct pr_intel_set *intel; /* which line of a list; NULL: not told */
};

void pr_sentence_add(struct pr_sentence *sentence, const char *format, ...) PR_PRINTF(2, 3);
void pr_sentence_add_application(struct pr_sentence *sentence, const struct pr_check_view *view);
/* The narrowest rule that would permit this. */
void pr_sentence_add_exception(struct pr_sentence *sentence, const struct pr_check_view *view);

/* reason_intel.c: what of the entity a rule matched, where that isn't plain from the rule: ": …", or nothing. */
void pr_tell_match(struct pr_sentence *sentence, const struct pr_check_view *view, uint32_t rule);
/* Denials of the checks of checks_intel.c. */
void pr_tell_canary(struct pr_sentence *sentence, const struct pr_check_view *view);
void pr_tell_discovery(struct pr_sentence *sentence, const struct pr_check_view *view);
void pr_tell_encrypted_dns(struct pr_sentence *sentence, const struct pr_check_view *view);
void pr_tell_doh(struct pr_sentence *sentence, const struct pr_check_view *view);
void pr_tell_lists(struct pr_sentence *sentence, const struct pr_check_view *view);
/* Nothing, or what would be denied but for an exception. */
void pr_tell_excepted(struct pr_sentence *sentence, const struct pr_check_view *view);
void pr_tell_rebinding(struct pr_sentence *sentence, const struct pr_check_view *view);
void pr_tell_generated(struct pr_sentence *sentence, const struct pr_check_view *view);
void pr_tell_dns_tunnel(struct pr_sentence *sentence, const struct pr_check_view *view);

/* reason_seen.c: what was seen of the packets, and the denials of the checks of checks_seen.c. */
void pr_tell_seen(struct pr_sentence *sentence, const struct pr_check_view *view);
void pr_tell_claim(struct pr_sentence *sentence, const struct pr_check_view *view);
void pr_tell_doh_seen(struct pr_sentence *sentence, const struct pr_check_view *view);
void pr_tell_foreign_name(struct pr_sentence *sentence, const struct pr_check_view *view);
void pr_tell_deny_tls(struct pr_sentence *sentence, const struct pr_check_view *view);
void pr_tell_require_encryption(struct pr_sentence *sentence, const struct pr_check_view *view);

/* What is spoken to, for a sentence: its name, address or scope. */
const char *pr_entity_text(const struct pr_subject *subject, char text[PR_ADDRESS_TEXT_SIZE]);
const char *pr_scope_text(const struct pr_subject *subject); /* "the LAN", … */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How reasons are put together. Internal to the room. */
#pragma once

#include "firewall/sentence.h"

/* reason.c: what the check says, in its own words. */
void pr_tell_check(struct pr_sentence *sentence, const struct pr_check_view *view,
		   enum pr_check_id id, const struct pr_said_more *said);

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

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may change what: one table of verbs. A program asks with the rights of the user that runs it, so the
 * group portreeve may narrow and cut but not widen: else every program of such a user could permit itself.
 * Pure: peer in, answer out.
 */
#pragma once

#include "ipc/peer.h"
#include "ipc/body.h"

/*
 * The verbs of PR_MESSAGE_CHANGE and their arguments:
 *
 *   reload
 *   rule-add       rule, app (a profile or path; none = global), in = 1, for = seconds, until = exit|reboot, for
 *                  exit pid and start (as in /proc/PID/stat) of the process that ends it
 *   rule-remove    rule, app, in
 *   profile-edit   app ("global" = portreeve.conf; none = the profile that the text names), text (the whole file of
 *                  the state directory; empty = remove it)
 *   profile-text   app; changes nothing: RESULT holds "file" and its "text". export = 1: of the topmost layer that
 *                  has one
 *   profile-set    app, key, value
 *   pause          for = seconds (none = PR_SUPERVISOR_PAUSE_S)
 *   resume
 *   answer         id, answer = permit|deny, scope = domain|zone|address|app, for = seconds
 *   cut            id
 *   dns-flush
 *   intel-update   id (none = all lists), accept = 1 (the one that was held back). Answered by PAIRS, a list each, and END
 */
enum pr_effect {
	PR_EFFECT_NONE,	   /* permits nothing more, denies nothing more */
	PR_EFFECT_NARROWS, /* denies more, or cuts */
	PR_EFFECT_WIDENS,  /* may permit more */
};

struct pr_change_info {
	const char *verb;
	enum pr_effect effect; /* the strongest that it can have */
	/* NULL, or tells the effect of this very change. */
	enum pr_effect (*effect_of)(const struct pr_pairs *change);
	bool compiles; /* goes through the compiler; otherwise an order to the engine */
};

/* NULL: no such verb. */
const struct pr_change_info *pr_change_info(const char *verb);

/* NULL = permitted, otherwise the sentence that refuses. `admin_gid` is the group portreeve, (gid_t)-1
 * where there is none; root_uid the user that may do everything (the daemon's own). */
const char *pr_authority_refuses(const struct pr_change_info *info, const struct pr_pairs *change,
				 const struct pr_peer *peer, uid_t root_uid, gid_t admin_gid);

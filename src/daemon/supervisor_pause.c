/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pause: everything is permitted for a while, by a policy that is compiled so. */
#include "daemon/supervisor_change.h"

#include "base/clock.h"
#include "ipc/body.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_verb(const struct pr_change *change, const char *verb)
{
	return change->info && strcmp(change->info->verb, verb) == 0;
}

bool pr_change_is_paused(const struct pr_supervisor *supervisor, const struct pr_change *change)
{
	if (is_verb(change, "pause") || is_verb(change, "resume"))
		return is_verb(change, "pause");
	return supervisor->paused_until_us > pr_clock_monotonic_us();
}

void pr_change_resume_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_supervisor *supervisor = context;

	(void)fd;
	(void)what;
	supervisor->paused_until_us = 0;
	pr_supervisor_reload(supervisor);
}

static void keep_unpaused(struct pr_supervisor *supervisor)
{
	if (supervisor->compiles_paused && supervisor->unpaused_fd < 0) {
		supervisor->unpaused_fd = PR_TAKE_FD(supervisor->policy_fd);
		supervisor->unpaused_may_deny_infrastructure = supervisor->may_deny_infrastructure;
	} else if (!supervisor->compiles_paused && supervisor->unpaused_fd >= 0) {
		close(PR_TAKE_FD(supervisor->unpaused_fd));
	}
}

bool pr_change_end_without_files(struct pr_supervisor *supervisor, const char *error)
{
	struct pr_change *change = supervisor->changes;

	if (supervisor->unpaused_fd < 0 || pr_change_is_paused(supervisor, change) ||
	    (change->ticket && !is_verb(change, "resume")))
		return false;
	supervisor->paused_until_us = 0;
	event_del(supervisor->on_resume);
	change->without_files = true;
	pr_change_note_refused(supervisor, error);
	snprintf(change->said, sizeof(change->said),
		 "the pause is over; the files are refused, so what was in force before it is "
		 "again: %s",
		 error);
	supervisor->may_deny_infrastructure = supervisor->unpaused_may_deny_infrastructure;
	pr_change_put(supervisor, PR_TAKE_FD(supervisor->unpaused_fd));
	return true;
}

void pr_change_note_pause(struct pr_supervisor *supervisor, struct pr_change *change)
{
	uint64_t seconds = pr_pairs_number(&change->pairs, "for", PR_SUPERVISOR_PAUSE_S);
	struct timeval in = { 0 };

	keep_unpaused(supervisor);
	if (is_verb(change, "resume")) {
		supervisor->paused_until_us = 0;
		event_del(supervisor->on_resume);
	}
	if (!is_verb(change, "pause"))
		return;
	if (seconds > PR_SUPERVISOR_PAUSE_MAX_S)
		seconds = PR_SUPERVISOR_PAUSE_MAX_S;
	in.tv_sec = (time_t)seconds;
	supervisor->paused_until_us = pr_clock_monotonic_us() + seconds * 1000000;
	event_add(supervisor->on_resume, &in);
	snprintf(change->said, sizeof(change->said),
		 "everything is permitted for %llu seconds; `resume` ends that now",
		 (unsigned long long)seconds);
}

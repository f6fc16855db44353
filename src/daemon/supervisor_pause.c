/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pause: everything is permitted for a while, by a policy that is compiled so. */
#include "daemon/supervisor_change.h"

#include "base/clock.h"
#include "ipc/body.h"

#include <stdio.h>
#include <string.h>

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
	supervisor->pause_overdue = true;
	pr_supervisor_reload(supervisor);
}

void pr_change_note_pause(struct pr_supervisor *supervisor, struct pr_change *change)
{
	uint64_t seconds = pr_pairs_number(&change->pairs, "for", PR_SUPERVISOR_PAUSE_S);
	struct timeval in = { 0 };

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

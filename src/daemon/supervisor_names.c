/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names: what the engine wants kept (bytes to us), and /etc/hosts, opened for it. */
#include "daemon/supervisor.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/files.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_FILE     "names"
#define HOSTS_FILE     "/etc/hosts"
#define COLLECT_MAX_MS 200 /* at the end; then what was given before is kept */
#define SAVE_EVERY_S \
	30 /* names younger than this are lost when the machine, or the supervisor, dies */

void pr_supervisor_names_open(struct pr_supervisor *supervisor)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", supervisor->options.state_dir, NAMES_FILE);
	supervisor->names_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	supervisor->names_saved_us = pr_clock_monotonic_us();
}

static void save(struct pr_supervisor *supervisor)
{
	int r = pr_files_save(supervisor->options.state_dir, NAMES_FILE, supervisor->names_fd);

	supervisor->names_saved_us = pr_clock_monotonic_us();
	supervisor->names_changed = false;
	if (r < 0)
		pr_log(PR_LOG_WARNING, "names-not-saved", "error=%s", strerror(-r));
}

/* Waits for what the engine knows last. */
void pr_supervisor_names_collect(struct pr_supervisor *supervisor)
{
	struct pr_channel *channel = supervisor->engine.channel;
	uint64_t deadline_us = pr_clock_monotonic_us() + COLLECT_MAX_MS * 1000;
	struct pollfd readable = { .events = POLLIN };
	struct pr_message message;
	bool got = false;

	if (!supervisor->engine.is_ready || !channel)
		return;
	readable.fd = pr_channel_fd(channel);
	pr_child_send(&supervisor->engine, PR_MESSAGE_KEEP, 0, NULL, 0, -1);
	while (!got && pr_clock_monotonic_us() < deadline_us) {
		int r = pr_channel_receive(channel, &message);

		if (r < 0)
			return;
		if (r == PR_CHANNEL_EMPTY) {
			(void)poll(&readable, 1, COLLECT_MAX_MS);
			continue;
		}
		got = message.kind == PR_MESSAGE_NAMES;
		if (got)
			pr_supervisor_names_take(supervisor, &message);
		pr_message_done(&message);
	}
}

void pr_supervisor_names_close(struct pr_supervisor *supervisor)
{
	if (supervisor->names_fd < 0)
		return;
	save(supervisor);
	close(PR_TAKE_FD(supervisor->names_fd));
}

void pr_supervisor_names_take(struct pr_supervisor *supervisor, struct pr_message *message)
{
	if (supervisor->names_fd >= 0)
		close(supervisor->names_fd);
	supervisor->names_fd = PR_TAKE_FD(message->fds[0]);
	supervisor->names_changed = true;
	pr_supervisor_names_save_due(supervisor);
}

void pr_supervisor_names_save_due(struct pr_supervisor *supervisor)
{
	if (supervisor->names_changed &&
	    pr_clock_monotonic_us() - supervisor->names_saved_us > SAVE_EVERY_S * 1000000ull)
		save(supervisor);
}

void pr_supervisor_hosts_tell(struct pr_supervisor *supervisor, bool in_any_case)
{
	PR_CLEANUP(pr_cleanup_close)
	int fd = open(HOSTS_FILE, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	__typeof__(supervisor->hosts_told) told;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return;
	memset(&told, 0, sizeof(told));
	told.device = status.st_dev;
	told.inode = status.st_ino;
	told.size = (uint64_t)status.st_size;
	told.changed_ns =
		(uint64_t)status.st_ctim.tv_sec * 1000000000 + (uint64_t)status.st_ctim.tv_nsec;
	if (!in_any_case && memcmp(&told, &supervisor->hosts_told, sizeof(told)) == 0)
		return;
	supervisor->hosts_told = told;
	pr_child_send(&supervisor->engine, PR_MESSAGE_HOSTS, 0, NULL, 0, fd);
}

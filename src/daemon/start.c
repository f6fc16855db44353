/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/start.h"

#include "daemon/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int take_descriptor(struct pr_start *start, struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);
	const char *name = pr_read_text(&reader);

	if (!name || !pr_read_complete(&reader) || strlen(name) >= PR_START_NAME_MAX ||
	    start->n_fds == PR_START_FDS_MAX)
		return -EBADMSG;
	snprintf(start->fds[start->n_fds].name, PR_START_NAME_MAX, "%s", name);
	start->fds[start->n_fds++].fd = PR_TAKE_FD(message->fds[0]);
	return 0;
}

static int take_settings(struct pr_start *start, const struct pr_message *message)
{
	start->body = pr_calloc(1, message->len);
	memcpy(start->body, message->body, message->len);
	return pr_pairs_decode(start->body, message->len, &start->settings);
}

static int wait_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	while (poll(&poll_fd, 1, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int pr_start_read(enum pr_party self, struct pr_start *ret_start)
{
	struct pr_start start = { 0 };
	struct pr_message message;
	bool started = false;
	int r = 0;

	start.supervisor = pr_channel_new_take(PR_SPAWN_CHANNEL_FD, self, PR_PARTY_SUPERVISOR);
	while (r == 0 && !started) {
		r = wait_readable(PR_SPAWN_CHANNEL_FD);
		if (r == 0)
			r = pr_channel_receive(start.supervisor, &message);
		if (r == PR_CHANNEL_EMPTY) {
			r = 0;
			continue;
		}
		if (r < 0)
			break;
		if (message.kind == PR_MESSAGE_DESCRIPTOR)
			r = take_descriptor(&start, &message);
		else if (message.kind == PR_MESSAGE_START)
			r = take_settings(&start, &message);
		started = message.kind == PR_MESSAGE_START;
		pr_message_done(&message);
	}
	if (r < 0) {
		pr_start_done(&start);
		return r;
	}
	*ret_start = start;
	return 0;
}

int pr_start_dup_channel(int *ret_fd)
{
	int fd = fcntl(PR_SPAWN_CHANNEL_FD, F_DUPFD_CLOEXEC, PR_SPAWN_CHANNEL_FD + 1);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

void pr_start_done(struct pr_start *start)
{
	for (unsigned int i = 0; i < start->n_fds; i++)
		if (start->fds[i].fd >= 0)
			close(PR_TAKE_FD(start->fds[i].fd));
	pr_channel_free(PR_TAKE_PTR(start->supervisor));
	free(PR_TAKE_PTR(start->body));
}

int pr_start_take_fd(struct pr_start *start, const char *name)
{
	for (unsigned int i = 0; i < start->n_fds; i++)
		if (strcmp(start->fds[i].name, name) == 0)
			return PR_TAKE_FD(start->fds[i].fd);
	return -1;
}

const char *pr_start_text(const struct pr_start *start, const char *key)
{
	const char *value = pr_pairs_get(&start->settings, key);

	return value ? value : "";
}

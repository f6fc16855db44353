/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The compiler process at work on lists: contents in, a set and what was found in each out. */
#pragma once

#include "ipc/body.h"
#include "ipc/channel.h"

struct pr_compiler_source {
	bool candidate;
	int content_fd, copy_fd; /* owned; copy_fd of candidates alone */
	uint8_t *body;		 /* that the pairs borrow from; owned */
	struct pr_pairs pairs;
};

struct pr_compiler_sources {
	struct pr_compiler_source *items;
	size_t n;
};

/* A PR_MESSAGE_SOURCE or _CANDIDATE; takes its descriptors. 0 or -EBADMSG. */
PR_MUST_USE int pr_compiler_source_take(struct pr_compiler_sources *sources,
					struct pr_message *message);
/* Writes the set into `set_fd` and tells the supervisor what was found. 0, or -errno. */
PR_MUST_USE int pr_compiler_build(const struct pr_compiler_sources *sources, int set_fd,
				  struct pr_channel *supervisor);
/* As pr_channel_send_fds(), with a descriptor unless `fd` is -1, but waits until the other side reads. */
PR_MUST_USE int pr_compiler_tell(struct pr_channel *supervisor, enum pr_message_kind kind,
				 const void *body, size_t len, int fd);

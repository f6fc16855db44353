/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/backlog.h"

#include "base/error.h"
#include "resolver/process.h"

#include <string.h>

void pr_backlog_init(struct pr_backlog *backlog)
{
	*backlog = (struct pr_backlog){ 0 };
	STAILQ_INIT(&backlog->entries);
}

bool pr_backlog_put(struct pr_backlog *backlog, unsigned int kind, uint64_t ticket,
		    const uint8_t *bytes, size_t len)
{
	size_t size = sizeof(struct pr_backlog_entry) + len;
	struct pr_backlog_entry *entry;

	if (backlog->n_bytes + size > PR_RESOLVER_BACKLOG_MAX) {
		backlog->n_dropped++;
		return false;
	}
	entry = pr_calloc(1, size);
	entry->kind = kind;
	entry->ticket = ticket;
	entry->len = len;
	if (len)
		memcpy(entry->bytes, bytes, len);
	backlog->n_bytes += size;
	STAILQ_INSERT_TAIL(&backlog->entries, entry, link);
	return true;
}

const struct pr_backlog_entry *pr_backlog_peek(const struct pr_backlog *backlog)
{
	return STAILQ_FIRST(&backlog->entries);
}

void pr_backlog_consume(struct pr_backlog *backlog)
{
	struct pr_backlog_entry *entry = STAILQ_FIRST(&backlog->entries);

	STAILQ_REMOVE_HEAD(&backlog->entries, link);
	backlog->n_bytes -= sizeof(*entry) + entry->len;
	free(entry);
}

void pr_backlog_clear(struct pr_backlog *backlog)
{
	while (pr_backlog_peek(backlog))
		pr_backlog_consume(backlog);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that survive a restart: kept by the supervisor as bytes that only the engine reads. And /etc/hosts,
 * which the supervisor opens and the engine parses. */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/files.h"
#include "dns/hosts.h"

#include <string.h>

#define NAMES_FILE_MAX (64u << 20)
#define HOSTS_FILE_MAX (16u << 20)

void pr_engine_names_restore(struct pr_engine_process *process)
{
	PR_CLEANUP(pr_cleanup_close) int fd = pr_start_take_fd(&process->start, "names");
	PR_CLEANUP(pr_cleanup_free) char *bytes = NULL;
	size_t len;

	if (fd < 0 || pr_files_read(fd, NAMES_FILE_MAX, &bytes, &len) < 0)
		len = 0;
	if (pr_engine_names_load(process->engine, (const uint8_t *)bytes, len,
				 pr_clock_monotonic_us()) < 0 &&
	    len)
		pr_log(PR_LOG_WARNING, "names-not-loaded", "why=foreign-bytes");
}

/* An engine that is killed loses what was recorded since. */
static uint64_t keep_every_us(const struct pr_engine_counters *counters)
{
	return PR_ENGINE_NAMES_KEEP_MS * UINT64_C(1000) +
	       counters->names_now * PR_ENGINE_NAMES_KEEP_US;
}

void pr_engine_names_keep(struct pr_engine_process *process, bool at_once)
{
	uint64_t now_us = pr_clock_monotonic_us();
	PR_CLEANUP(pr_cleanup_free) uint8_t *bytes = NULL;
	PR_CLEANUP(pr_cleanup_close) int fd = -1;
	struct pr_engine_counters counters;
	size_t len;

	pr_engine_counters(process->engine, &counters);
	if (!at_once && (counters.names_recorded == process->n_names_kept ||
			 now_us - process->names_kept_us < keep_every_us(&counters)))
		return;
	if (pr_engine_names_save(process->engine, now_us, &bytes, &len) < 0 ||
	    pr_files_into_memory("names", bytes, len, &fd) < 0)
		return;
	if (pr_channel_send_fds(pr_outbox_channel(process->to_supervisor), PR_MESSAGE_NAMES, 0,
				NULL, 0, &fd, 1))
		return;
	process->n_names_kept = counters.names_recorded;
	process->names_kept_us = now_us;
}

struct hosts {
	struct pr_engine_hosts_entry *entries;
	size_t n, size;
};

static void add_pair(void *context, const struct pr_address *address, const char *name)
{
	struct hosts *hosts = context;

	if (hosts->n == hosts->size) {
		hosts->size = hosts->size ? hosts->size * 2 : 64;
		hosts->entries = pr_realloc(hosts->entries, hosts->size, sizeof(*hosts->entries));
	}
	hosts->entries[hosts->n++] =
		(struct pr_engine_hosts_entry){ .address = *address, .name = pr_strdup(name) };
}

void pr_engine_hosts_message(struct pr_engine_process *process, const struct pr_message *message)
{
	struct hosts hosts = { 0 };
	struct pr_hosts_counters counters;
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;
	size_t len;
	int r = pr_files_read(message->fds[0], HOSTS_FILE_MAX, &text, &len);

	if (r < 0) {
		pr_log(PR_LOG_WARNING, "hosts-not-read", "error=%s", strerror(-r));
		return;
	}
	pr_hosts_parse(text, len, add_pair, &hosts, &counters);
	pr_engine_hosts_set(process->engine, hosts.entries, hosts.n, pr_clock_monotonic_us());
	for (size_t i = 0; i < hosts.n; i++)
		free((void *)(uintptr_t)hosts.entries[i].name);
	free(hosts.entries);
}

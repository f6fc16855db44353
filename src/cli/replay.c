/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `portreeve replay`: what the firewall would have decided about the packets of a capture. The engine is the daemon's;
 * around it stand a clock that the capture moves, one application, and what a kernel would do by itself. What a denial
 * would have kept from happening is in the capture all the same: each packet is decided as it comes.
 */
#include "cli/capture_file.h"
#include "cli/replay.h"

#include <unistd.h>

#define CONFIG_DIR "/etc/portreeve"
#define OUR_PID	   1
/* Behind the last packet; longer than whatever waits in the engine. */
#define AFTER_US UINT64_C(600000000)

static struct pr_process *process_of(const char *path)
{
	struct pr_process *process = pr_process_new(OUR_PID, 1);

	process->exe_path = pr_strdup(path);
	process->path_proven = true;
	process->exe_inode = 1;
	process->uid = (uid_t)-1;
	return process;
}

static uint64_t begins_at(const struct pr_capture_file *file)
{
	struct pr_capture capture;
	struct pr_captured captured = { 0 };

	pr_assert(pr_capture_open(file->bytes, file->len, &capture) == PR_CAPTURE_DONE);
	(void)!pr_capture_next(&capture, &captured);
	return captured.real_us ? captured.real_us : 1;
}

/* True: the capture ends within a record. */
static bool run(struct pr_replay *replay, const struct pr_capture_file *file)
{
	struct pr_replay_options options = { .n_locals = replay->n_locals };
	struct pr_address locals[PR_REPLAY_LOCALS_MAX + 2];
	struct pr_replay_counters counters;
	struct pr_intercepted packet;

	for (unsigned int i = 0; i < replay->n_locals; i++)
		locals[i] = replay->locals[i].address;
	options.locals = locals;
	pr_assert(pr_replay_open(file->bytes, file->len, &options, &replay->interception) == 0);
	while (replay->interception->operations->next(replay->interception, &packet, 1, 0) > 0) {
		pr_replay_packet(replay, &packet);
		pr_replay_show_rows(replay, false);
	}
	/* What waits still comes to its deadline. */
	pr_replay_advance(replay, replay->now_us + AFTER_US);
	pr_replay_show_rows(replay, true);
	pr_replay_counters(replay->interception, &counters);
	pr_replay_show_links(replay->cli, &replay->kernel);
	return counters.damaged;
}

static void done(struct pr_replay *replay)
{
	pr_engine_free(replay->engine);
	if (replay->interception)
		replay->interception->operations->close(replay->interception);
	pr_replay_kernel_done(&replay->kernel);
	pr_process_release(replay->process);
	free(replay->rows.rows);
	free(replay->rows.handles);
	free(replay->tunnel.links);
}

static int replay_file(const struct pr_cli *cli, struct pr_capture_file *file,
		       struct pr_policy *policy, const char *app, const char *locals)
{
	struct pr_replay *replay = pr_calloc(1, sizeof(*replay));
	bool damaged;

	replay->cli = cli;
	replay->now_us = begins_at(file);
	pr_replay_kernel_init(&replay->kernel);
	if (locals && !pr_replay_take_locals(replay, locals)) {
		pr_replay_kernel_done(&replay->kernel);
		pr_policy_free(policy);
		free(replay);
		return pr_cli_usage_error("replay", "--host %s: not addresses", locals);
	}
	if (!locals)
		pr_replay_learn_locals(replay, file->bytes, file->len);
	if (app)
		replay->process = process_of(app);
	pr_replay_start(replay, policy);
	damaged = run(replay, file);
	done(replay);
	free(replay);
	return pr_capture_file_complete(file, damaged) ? PR_EXIT_OK : PR_EXIT_FAILED;
}

int pr_command_replay(const struct pr_cli *cli, int argc, char **argv)
{
	const char *config = NULL, *share = PR_SHARE_DIR, *app = NULL, *locals = NULL;
	const struct pr_cli_option options[] = {
		{ "config", &config, NULL },
		{ "share", &share, NULL },
		{ "app", &app, NULL },
		{ "host", &locals, NULL },
	};
	struct pr_policy_blob blob;
	struct pr_capture_file file;
	struct pr_policy *policy;
	int n, status;

	if (!pr_cli_options("replay", argc, argv, options, PR_ARRAY_SIZE(options), &n))
		return PR_EXIT_USAGE;
	if (n != 1)
		return pr_cli_usage_error("replay", "wants one capture");
	if (app && app[0] != '/')
		return pr_cli_usage_error("replay", "--app %s: not a path", app);
	if (config && access(config, R_OK | X_OK) < 0)
		return pr_cli_usage_error("replay", "--config %s: %s", config, strerror(errno));
	if (!pr_capture_file_open(argv[0], &file))
		return PR_EXIT_FAILED;
	if (!pr_replay_policy(config ? config : CONFIG_DIR, share, begins_at(&file) / 1000000,
			      &blob)) {
		pr_capture_file_close(&file);
		return PR_EXIT_USAGE;
	}
	pr_assert(pr_policy_open(blob.bytes, blob.len, &policy) == 0);
	status = replay_file(cli, &file, policy, app, locals);
	pr_policy_blob_done(&blob);
	pr_capture_file_close(&file);
	return status;
}

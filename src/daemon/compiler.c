/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The compiler process: started for each change, reads the configuration from descriptors, applies the
 * change to the state directory's texts in memory, writes the policy into sealed memory, ends. Or it is started for
 * lists, and writes their set. It parses what users and servers wrote, so it has no capability, no network, no file
 * but those that it is given.
 */
#include "daemon/roles.h"

#include "daemon/compiler_run_policy.h"
#include "daemon/compiler_change.h"
#include "daemon/compiler_intel.h"
#include "daemon/compiler_tunnels.h"
#include "daemon/files.h"
#include "daemon/subscription.h"
#include "profile/config.h"
#include "profile/policy.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct compiler {
	struct pr_start start;
	struct pr_config_file *files;
	size_t n_files;
	uint8_t *change_body;
	struct pr_pairs change;
	char processes[PR_COMPILE_PROCESSES_SIZE];
	unsigned int n_processes;

	/* Instead of files and a change: lists, and where the set goes. */
	struct pr_compiler_sources sources;
	int set_fd;
};

static int layer_of(const char *name)
{
	static const char *const names[PR_LAYER_COUNT_] = {
		[PR_LAYER_SHIPPED] = "shipped",
		[PR_LAYER_ADMINISTRATOR] = "administrator",
		[PR_LAYER_STATE] = "state",
	};

	for (int layer = 0; name && layer < PR_LAYER_COUNT_; layer++)
		if (strcmp(name, names[layer]) == 0)
			return layer;
	return -EBADMSG;
}

static int take_file(struct compiler *compiler, const struct pr_message *message)
{
	struct pr_pairs pairs;
	const char *directory, *name;
	char *text;
	size_t len;
	int layer, r;

	r = pr_pairs_decode(message->body, message->len, &pairs);
	if (r < 0)
		return r;
	layer = layer_of(pr_pairs_get(&pairs, "layer"));
	directory = pr_pairs_get(&pairs, "directory");
	name = pr_pairs_get(&pairs, "name");
	if (layer < 0 || !directory || !name)
		return -EBADMSG;
	r = pr_files_read(message->fds[0], PR_CONFIG_FILE_MAX, &text, &len);
	if (r < 0)
		return pr_role_failed(compiler->start.supervisor, "%s/%s: %s", directory, name,
				      strerror(-r));
	compiler->files =
		pr_realloc(compiler->files, compiler->n_files + 1, sizeof(*compiler->files));
	compiler->files[compiler->n_files++] = (struct pr_config_file){
		.layer = (enum pr_config_layer)layer,
		.directory = pr_strdup(directory),
		.name = pr_strdup(name),
		.text = text,
		.len = len,
	};
	return 0;
}

static int take_change(struct compiler *compiler, const struct pr_message *message)
{
	compiler->change_body = pr_calloc(1, message->len);
	memcpy(compiler->change_body, message->body, message->len);
	return pr_pairs_decode(compiler->change_body, message->len, &compiler->change);
}

static int take_message(struct compiler *compiler, struct pr_message *message)
{
	switch (message->kind) {
	case PR_MESSAGE_FILE:
		return take_file(compiler, message);
	case PR_MESSAGE_COMPILE:
		return take_change(compiler, message);
	case PR_MESSAGE_SOURCE:
	case PR_MESSAGE_CANDIDATE:
		return pr_compiler_source_take(&compiler->sources, message);
	case PR_MESSAGE_BUILD:
		compiler->set_fd = PR_TAKE_FD(message->fds[0]);
		return 0;
	default:
		return 0;
	}
}

/* Reads up to and with PR_MESSAGE_COMPILE or _BUILD. 0, an exit status, or -errno. */
static int read_input(struct compiler *compiler)
{
	struct pr_channel *channel = compiler->start.supervisor;
	struct pollfd readable = { .fd = pr_channel_fd(channel), .events = POLLIN };
	struct pr_message message;
	bool complete = false;
	int r = 0;

	while (r == 0 && !complete) {
		r = pr_channel_receive(channel, &message);
		if (r == PR_CHANNEL_EMPTY) {
			r = poll(&readable, 1, -1) < 0 && errno != EINTR ? -errno : 0;
			continue;
		}
		if (r < 0)
			break;
		r = take_message(compiler, &message);
		complete = message.kind == PR_MESSAGE_COMPILE || message.kind == PR_MESSAGE_BUILD;
		pr_message_done(&message);
	}
	return r;
}

static int into_memory(const char *name, const void *bytes, size_t len, int *ret_fd)
{
	PR_CLEANUP(pr_cleanup_close) int fd = -1;
	int r = pr_files_into_memory(name, bytes, len, &fd);

	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	*ret_fd = PR_TAKE_FD(fd);
	return 0;
}

static int send_edit(struct compiler *compiler, const struct pr_config_edit *edit)
{
	struct pr_pairs pairs = { 0 };
	uint8_t body[1024];
	PR_CLEANUP(pr_cleanup_close) int fd = -1;
	int r = into_memory("edit", edit->text, edit->len, &fd);

	if (r < 0)
		return r;
	if (!pr_pairs_add(&pairs, "name", edit->name))
		return -ENAMETOOLONG;
	return pr_compiler_tell(compiler->start.supervisor, PR_MESSAGE_CHANGED, body,
				pr_pairs_encode(&pairs, body, sizeof(body)), fd);
}

static int refused(struct compiler *compiler, const struct pr_config_error *error)
{
	const char *text = error->text[0] ? error->text : "the change makes no sense";
	int r = pr_channel_send(compiler->start.supervisor, PR_MESSAGE_REFUSED, 0, text,
				strlen(text));

	return r < 0 ? r : 1;
}

static void join_warnings(const struct pr_policy_blob *blob, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < blob->n_warnings && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%s", i ? "\n" : "",
				       blob->warnings[i]);
}

static void join_upstreams(const struct pr_policy *policy, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < pr_policy_n_upstreams(policy) && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%s", i ? "\n" : "",
				       pr_policy_upstream(policy, i));
}

static int send_subscription(struct compiler *compiler, bool geo, const struct pr_source *source)
{
	uint8_t body[16384];
	size_t len;

	if (!*source->url && !*source->file)
		return 0;
	len = pr_subscription_encode(geo, source, body, sizeof(body));
	return len ? pr_compiler_tell(compiler->start.supervisor, PR_MESSAGE_LIST, body, len, -1)
		   : -EMSGSIZE;
}

static int send_subscriptions(struct compiler *compiler, const struct pr_policy *policy)
{
	int r = 0;

	for (uint32_t i = 0; i < pr_policy_n_lists(policy) && r == 0; i++) {
		struct pr_source source = pr_policy_list(policy, i);

		r = send_subscription(compiler, false, &source);
	}
	for (uint32_t i = 0; i < pr_policy_n_geo(policy) && r == 0; i++) {
		struct pr_source source = pr_policy_geo(policy, i);

		r = send_subscription(compiler, true, &source);
	}
	return r;
}

static int send_policy(struct compiler *compiler, const struct pr_policy_blob *blob)
{
	char mark_mask[16], workers[16], next_expiry[24], warnings[4096], upstreams[4096];
	const struct pr_global_settings *global;
	struct pr_policy *policy;
	struct pr_pairs pairs = { 0 };
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	PR_CLEANUP(pr_cleanup_close) int fd = -1;
	size_t len;
	int r = pr_policy_open(blob->bytes, blob->len, &policy);

	if (r < 0)
		return r;
	global = pr_policy_global(policy);
	snprintf(mark_mask, sizeof(mark_mask), "%u", global->mark_mask);
	snprintf(workers, sizeof(workers), "%u", global->n_workers);
	join_warnings(blob, warnings, sizeof(warnings));
	join_upstreams(policy, upstreams, sizeof(upstreams));
	snprintf(next_expiry, sizeof(next_expiry), "%llu",
		 (unsigned long long)pr_policy_next_expiry_s(policy));
	(void)pr_pairs_add(&pairs, "mark_mask", mark_mask);
	(void)pr_pairs_add(&pairs, "next_expiry", next_expiry);
	(void)pr_pairs_add(&pairs, "workers", workers);
	(void)pr_pairs_add(&pairs, "failure",
			   global->failure == PR_FAILURE_OPEN ? "open" : "closed");
	(void)pr_pairs_add(&pairs, "may_deny_infrastructure",
			   pr_policy_may_deny_infrastructure(policy) ? "1" : "0");
	(void)pr_pairs_add(&pairs, "wants_package", pr_policy_wants_package(policy) ? "1" : "0");
	(void)pr_pairs_add(&pairs, "warnings", warnings);
	(void)pr_pairs_add(&pairs, "upstreams", upstreams);
	(void)pr_pairs_add(&pairs, "processes", compiler->processes);
	for (size_t i = 0; i < blob->n_providers; i++)
		(void)pr_pairs_add(&pairs, "provider", blob->providers[i]);
	r = send_subscriptions(compiler, policy);
	if (r == 0)
		r = pr_compiler_tell_tunnels(compiler->start.supervisor, policy, blob);
	pr_policy_free(policy);
	len = pr_pairs_encode(&pairs, body, PR_MESSAGE_BODY_MAX);
	if (r == 0 && len == 0)
		r = -EMSGSIZE;
	if (r < 0)
		return r;
	r = into_memory("policy", blob->bytes, blob->len, &fd);
	if (r < 0)
		return r;
	return pr_compiler_tell(compiler->start.supervisor, PR_MESSAGE_COMPILED, body, len, fd);
}

/* Asked for each rule that holds until a process ends; notes which they are. */
static bool lives(void *context, pid_t pid, uint64_t start_time)
{
	struct compiler *compiler = context;
	const char *exited = pr_start_text(&compiler->start, "exited");
	size_t len = strlen(compiler->processes);
	char one[48], before[49];

	snprintf(one, sizeof(one), "%d:%llu ", (int)pid, (unsigned long long)start_time);
	snprintf(before, sizeof(before), " %s", one);
	if (exited && (strncmp(exited, one, strlen(one)) == 0 || strstr(exited, before)))
		return false;
	if (strncmp(compiler->processes, one, strlen(one)) == 0 ||
	    strstr(compiler->processes, before))
		return true;
	if (len + strlen(one) >= sizeof(compiler->processes) ||
	    compiler->n_processes == PR_COMPILE_PROCESSES_MAX)
		return false;
	memcpy(compiler->processes + len, one, strlen(one) + 1);
	compiler->n_processes++;
	return true;
}

/* 0, 1 = refused and said so, or -errno. */
static int compile(struct compiler *compiler)
{
	struct pr_config_input input = {
		.files = compiler->files,
		.n_files = compiler->n_files,
		.now_s = pr_pairs_number(&compiler->start.settings, "now", 0),
		.boot_id = pr_start_text(&compiler->start, "boot_id"),
		.paused = pr_pairs_number(&compiler->start.settings, "paused", 0),
		.process_lives = lives,
		.context = compiler,
	};
	struct pr_config_error error = { "" };
	struct pr_config_edit edit = { 0 };
	struct pr_policy_blob blob;
	int r = pr_compiler_apply(&compiler->files, &input, &compiler->change, &edit, &error);

	if (r < 0)
		return refused(compiler, &error);
	r = pr_settings_compile(&input, &blob, &error);
	if (r < 0)
		return refused(compiler, &error);
	r = edit.name ? send_edit(compiler, &edit) : 0;
	if (r == 0)
		r = send_policy(compiler, &blob);
	return r;
}

int pr_compiler_main(void)
{
	struct compiler compiler = { .set_fd = -1 };
	int r = pr_start_read(PR_PARTY_COMPILER, &compiler.start);

	if (r < 0)
		return 1;
	r = pr_role_drop(&compiler.start, PR_PARTY_COMPILER);
	if (r == 0)
		r = pr_role_close(PR_PARTY_COMPILER, NULL);
	if (r == 0)
		r = read_input(&compiler);
	if (r == 0 && compiler.set_fd >= 0)
		r = pr_compiler_build(&compiler.sources, compiler.set_fd,
				      compiler.start.supervisor);
	else if (r == 0)
		r = compile(&compiler);
	if (r < 0)
		return pr_role_failed(compiler.start.supervisor, "the compiler failed: %s",
				      strerror(-r));
	return r;
}

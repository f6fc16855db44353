/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/compiler_run_policy.h"

#include "base/clock.h"
#include "daemon/compiler_run.h"
#include "daemon/files.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PR_BOOT_ID_SIZE 64

struct pr_compile {
	struct pr_compiler_run *run;
	struct pr_compiled compiled;
	void (*done)(void *context, struct pr_compiled *compiled);
	void *context;
};

void pr_compiled_done(struct pr_compiled *compiled)
{
	if (compiled->policy_fd >= 0)
		close(PR_TAKE_FD(compiled->policy_fd));
	if (compiled->edit_fd >= 0)
		close(PR_TAKE_FD(compiled->edit_fd));
	while (compiled->n_providers)
		free(compiled->providers[--compiled->n_providers]);
	while (compiled->n_tunnels)
		free(compiled->tunnels[--compiled->n_tunnels]);
	for (unsigned int i = 0; i < PR_TUNNEL_UPSTREAMS_MAX; i++)
		free(PR_TAKE_PTR(compiled->tunnel_places[i]));
}

void pr_compile_cancel(struct pr_compile *compile)
{
	if (!compile)
		return;
	pr_compiler_run_free(compile->run);
	pr_compiled_done(&compile->compiled);
	free(compile);
}

static void over(void *context, const char *why)
{
	struct pr_compile *compile = context;

	if (why)
		snprintf(compile->compiled.error, sizeof(compile->compiled.error), "%s", why);
	compile->done(compile->context, &compile->compiled);
	pr_compile_cancel(compile);
}

static int send_file(void *context, const char *layer, const char *directory, const char *name,
		     int fd)
{
	struct pr_compile *compile = context;
	struct pr_pairs pairs = { 0 };
	uint8_t body[8192];
	size_t len;

	if (!pr_pairs_add(&pairs, "layer", layer) ||
	    !pr_pairs_add(&pairs, "directory", directory) || !pr_pairs_add(&pairs, "name", name))
		return -ENAMETOOLONG;
	len = pr_pairs_encode(&pairs, body, sizeof(body));
	return len ? pr_compiler_run_send(compile->run, PR_MESSAGE_FILE, body, len, &fd, 1)
		   : -ENAMETOOLONG;
}

static void take_settings(struct pr_compiled *compiled, const struct pr_pairs *pairs)
{
	const char *failure = pr_pairs_get(pairs, "failure");
	const char *warnings = pr_pairs_get(pairs, "warnings");

	compiled->mark_mask = (uint32_t)pr_pairs_number(pairs, "mark_mask", 0);
	compiled->n_workers = (uint32_t)pr_pairs_number(pairs, "workers", 0);
	compiled->next_expiry_s = pr_pairs_number(pairs, "next_expiry", 0);
	compiled->failure_open = failure && strcmp(failure, "open") == 0;
	compiled->may_deny_infrastructure = pr_pairs_number(pairs, "may_deny_infrastructure", 0);
	compiled->wants_package = pr_pairs_number(pairs, "wants_package", 0);
	if (pr_pairs_get(pairs, "upstreams"))
		snprintf(compiled->upstreams, sizeof(compiled->upstreams), "%s",
			 pr_pairs_get(pairs, "upstreams"));
	if (pr_pairs_get(pairs, "processes"))
		snprintf(compiled->processes, sizeof(compiled->processes), "%s",
			 pr_pairs_get(pairs, "processes"));
	if (warnings)
		snprintf(compiled->warnings, sizeof(compiled->warnings), "%s", warnings);
}

static void take_providers(struct pr_compiled *compiled, const struct pr_pairs *pairs)
{
	for (unsigned int i = 0; i < pairs->n; i++)
		if (strcmp(pairs->pairs[i].key, "provider") == 0 &&
		    compiled->n_providers < PR_PROVIDERS_MAX)
			compiled->providers[compiled->n_providers++] =
				pr_strdup(pairs->pairs[i].value);
}

static void take_range(const char *text, struct pr_address *base, uint8_t *len)
{
	struct pr_prefix prefix;

	if (!text || pr_prefix_parse(text, &prefix) < 0)
		return;
	*base = prefix.address;
	*len = prefix.len;
}

static void take_tunnel(struct pr_compiled *compiled, const struct pr_pairs *pairs)
{
	const char *upstream = pr_pairs_get(pairs, "upstream");

	const char *place = pr_pairs_get(pairs, "place");

	if (upstream && compiled->n_tunnels < PR_TUNNEL_UPSTREAMS_MAX) {
		compiled->tunnel_places[compiled->n_tunnels] = place ? pr_strdup(place) : NULL;
		compiled->tunnels[compiled->n_tunnels++] = pr_strdup(upstream);
	}
	take_range(pr_pairs_get(pairs, "pool4"), &compiled->pool.base4, &compiled->pool.len4);
	take_range(pr_pairs_get(pairs, "pool6"), &compiled->pool.base6, &compiled->pool.len6);
}

/* True when the run is over. */
static bool take(void *context, struct pr_message *message)
{
	struct pr_compile *compile = context;
	struct pr_compiled *compiled = &compile->compiled;
	struct pr_pairs pairs;

	if (message->kind == PR_MESSAGE_REFUSED || message->kind == PR_MESSAGE_FAILED) {
		snprintf(compiled->error, sizeof(compiled->error), "%.*s", (int)message->len,
			 (const char *)message->body);
		return true;
	}
	if (message->kind == PR_MESSAGE_LIST &&
	    pr_subscriptions_take(&compiled->subscriptions, message->body, message->len) < 0) {
		snprintf(compiled->error, sizeof(compiled->error),
			 "the compiler names a list that cannot be");
		return true;
	}
	if (pr_pairs_decode(message->body, message->len, &pairs) < 0)
		return false;
	if (message->kind == PR_MESSAGE_TUNNEL_COMPILED)
		take_tunnel(compiled, &pairs);
	if (message->kind == PR_MESSAGE_CHANGED && pr_pairs_get(&pairs, "name") &&
	    compiled->edit_fd < 0) {
		snprintf(compiled->edit_name, sizeof(compiled->edit_name), "%s",
			 pr_pairs_get(&pairs, "name"));
		compiled->edit_fd = PR_TAKE_FD(message->fds[0]);
	}
	if (message->kind != PR_MESSAGE_COMPILED)
		return false;
	take_settings(compiled, &pairs);
	take_providers(compiled, &pairs);
	compiled->policy_fd = PR_TAKE_FD(message->fds[0]);
	return true;
}

/* Run-time rules that hold until the reboot are told apart by it. */
static void read_boot_id(char text[PR_BOOT_ID_SIZE])
{
	PR_CLEANUP(pr_cleanup_fclose) FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file || !fgets(text, PR_BOOT_ID_SIZE, file))
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static int start_run(struct pr_compile *compile, const struct pr_compile_input *input)
{
	const struct pr_compiler_run_config config = {
		.base = input->base,
		.self_fd = input->self_fd,
		.users = input->users,
		.verbose = input->options->verbose,
		.most_ms = PR_COMPILE_MAX_MS,
		.late = "the configuration takes too long to compile",
	};
	const struct pr_compiler_run_ports ports = { compile, take, over };
	char now[24], boot_id[PR_BOOT_ID_SIZE];
	struct pr_pairs settings = { 0 };

	snprintf(now, sizeof(now), "%llu", (unsigned long long)(pr_clock_real_us() / 1000000));
	read_boot_id(boot_id);
	(void)pr_pairs_add(&settings, "now", now);
	(void)pr_pairs_add(&settings, "boot_id", boot_id);
	(void)pr_pairs_add(&settings, "exited", input->exited);
	(void)pr_pairs_add(&settings, "paused", input->paused ? "1" : "0");
	return pr_compiler_run_new(&config, &settings, &ports, &compile->run);
}

static int send_change(struct pr_compile *compile, const struct pr_pairs *change)
{
	static const struct pr_pairs none;
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	size_t len = pr_pairs_encode(change ? change : &none, body, PR_MESSAGE_BODY_MAX);

	return len ? pr_compiler_run_send(compile->run, PR_MESSAGE_COMPILE, body, len, NULL, 0)
		   : -EMSGSIZE;
}

static void send_all(struct pr_compile *compile, const struct pr_compile_input *input)
{
	char error[PR_FILES_ERROR_SIZE] = "";
	int r = pr_files_each(input->options, send_file, compile, error);

	if (r == 0)
		r = send_change(compile, input->change);
	if (r == 0)
		return;
	if (!error[0])
		snprintf(error, sizeof(error),
			 "the compiler could not be given the configuration: %s", strerror(-r));
	pr_compiler_run_fail(compile->run, error);
}

int pr_compile_start(const struct pr_compile_input *input,
		     void (*done)(void *context, struct pr_compiled *compiled), void *context,
		     struct pr_compile **ret_compile)
{
	struct pr_compile *compile = pr_calloc(1, sizeof(*compile));
	int r;

	compile->compiled.policy_fd = compile->compiled.edit_fd = -1;
	compile->done = done;
	compile->context = context;
	r = start_run(compile, input);
	if (r < 0) {
		free(compile);
		return r;
	}
	send_all(compile, input);
	*ret_compile = compile;
	return 0;
}

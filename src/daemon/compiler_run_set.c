/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/compiler_run_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct pr_build {
	struct pr_compiler_run *run;
	struct pr_build_ports ports;
	bool is_built;
	uint64_t bytes, hash;
	char error[512];
};

static const char *text_of(const struct pr_pairs *pairs, const char *key)
{
	const char *value = pr_pairs_get(pairs, key);

	return value ? value : "";
}

static const char *const outcome_names[] = {
	[PR_BUILD_TAKEN] = "taken",
	[PR_BUILD_HELD] = "held",
	[PR_BUILD_LEFT_OUT] = "left-out",
	[PR_BUILD_REFUSED] = "refused",
};

const char *pr_build_outcome_name(enum pr_build_outcome outcome)
{
	return outcome_names[outcome];
}

static enum pr_build_outcome read_outcome(const char *name)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(outcome_names); i++)
		if (strcmp(outcome_names[i], name) == 0)
			return (enum pr_build_outcome)i;
	return PR_BUILD_REFUSED;
}

static void take_found(struct pr_build *build, const struct pr_pairs *pairs)
{
	struct pr_build_found found = {
		.id = text_of(pairs, "id"),
		.candidate = pr_pairs_number(pairs, "candidate", 0),
		.outcome = read_outcome(text_of(pairs, "outcome")),
		.why = text_of(pairs, "why"),
		.format = text_of(pairs, "format"),
		.content = { .bytes = pr_pairs_number(pairs, "bytes", 0),
			     .entries = pr_pairs_number(pairs, "entries", 0),
			     .exceptions = pr_pairs_number(pairs, "exceptions", 0),
			     .refused = pr_pairs_number(pairs, "refused", 0) },
		.refused_lines = text_of(pairs, "refused_lines"),
	};

	/* Where it could not be read there is none. */
	(void)pr_intel_digest_read(text_of(pairs, "sha256"), found.content.sha256);
	build->ports.found(build->ports.context, &found);
}

static bool take(void *context, struct pr_message *message)
{
	struct pr_build *build = context;
	struct pr_pairs pairs;

	if (message->kind == PR_MESSAGE_FAILED || message->kind == PR_MESSAGE_REFUSED) {
		snprintf(build->error, sizeof(build->error), "%.*s", (int)message->len,
			 (const char *)message->body);
		return true;
	}
	if (pr_pairs_decode(message->body, message->len, &pairs) < 0)
		return false;
	if (message->kind == PR_MESSAGE_SOURCE_READ)
		take_found(build, &pairs);
	if (message->kind != PR_MESSAGE_BUILT)
		return false;
	build->is_built = true;
	build->bytes = pr_pairs_number(&pairs, "bytes", 0);
	build->hash = pr_pairs_number(&pairs, "hash", 0);
	return true;
}

static void over(void *context, const char *why)
{
	struct pr_build *build = context;

	if (!why && !build->is_built)
		why = build->error;
	build->ports.done(build->ports.context, why, build->bytes, build->hash);
}

int pr_build_new(const struct pr_compiler_run_config *config, const struct pr_build_ports *ports,
		 struct pr_build **ret_build)
{
	static const struct pr_pairs no_settings;
	struct pr_build *build = pr_calloc(1, sizeof(*build));
	const struct pr_compiler_run_ports run_ports = { build, take, over };
	struct pr_compiler_run_config run = *config;
	int r;

	run.builds_set = true;
	run.most_ms = PR_BUILD_MAX_MS;
	run.late = "the lists take too long to compile";
	build->ports = *ports;
	r = pr_compiler_run_new(&run, &no_settings, &run_ports, &build->run);
	if (r < 0) {
		free(build);
		return r;
	}
	*ret_build = build;
	return 0;
}

void pr_build_free(struct pr_build *build)
{
	if (!build)
		return;
	pr_compiler_run_free(build->run);
	free(build);
}

static void add_number(struct pr_pairs *pairs, const char *key, uint64_t number, char text[24])
{
	snprintf(text, 24, "%" PRIu64, number);
	(void)pr_pairs_add(pairs, key, text);
}

int pr_build_add(struct pr_build *build, const struct pr_build_source *source)
{
	const struct pr_subscription *subscription = source->subscription;
	char sha256[PR_INTEL_DIGEST_TEXT_SIZE] = "", texts[2][24];
	const int fds[] = { source->content_fd, source->copy_fd };
	struct pr_pairs pairs = { 0 };
	uint8_t body[2048];
	size_t len;

	if (source->sha256)
		pr_intel_digest_text(source->sha256, sha256);
	(void)pr_pairs_add(&pairs, "kind", subscription->geo ? "geo" : "list");
	(void)pr_pairs_add(&pairs, "id", subscription->id);
	(void)pr_pairs_add(&pairs, "category", subscription->category);
	(void)pr_pairs_add(&pairs, "format", subscription->format);
	(void)pr_pairs_add(&pairs, "sha256", sha256);
	(void)pr_pairs_add(&pairs, "accept", source->accept ? "1" : "0");
	add_number(&pairs, "updated", source->updated_s, texts[0]);
	add_number(&pairs, "entries", source->entries, texts[1]);
	len = pr_pairs_encode(&pairs, body, sizeof(body));
	if (!len)
		return -EMSGSIZE;
	return pr_compiler_run_send(build->run,
				    source->candidate ? PR_MESSAGE_CANDIDATE : PR_MESSAGE_SOURCE,
				    body, len, fds, source->candidate ? 2 : 1);
}

int pr_build_begin(struct pr_build *build, int set_fd)
{
	return pr_compiler_run_send(build->run, PR_MESSAGE_BUILD, NULL, 0, &set_fd, 1);
}

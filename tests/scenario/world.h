/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The world around the engine in a scenario: a clock that a line of text moves, processes, a resolver, a
 * kernel. What the engine does is written down as lines, which the case's expectations take away again;
 * one that nobody expected fails the case, but for events.
 */
#pragma once

#include "engine/engine.h"
#include "interception/scenario.h"
#include "profile/config.h"

#define START_US      UINT64_C(1000000000)	/* "at 0ms" */
#define REAL_US	      INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z at monotonic 0 */
#define OUTPUTS_MAX   4096
#define OUTPUT_SIZE   1024
#define PROCESSES_MAX 32
#define TICKETS_MAX   1024
#define FILES_MAX     16
#define WORDS_MAX     40

enum output_kind {
	OUTPUT_PACKET,
	OUTPUT_RELEASED,
	OUTPUT_ANSWER,
	OUTPUT_RESOLVE,
	OUTPUT_INQUIRE, /* of a provider */
	OUTPUT_RAISE,
	OUTPUT_FORGET,
	OUTPUT_CUT,
	OUTPUT_TUNNEL,
	OUTPUT_EVENT,
	OUTPUT_LINE, /* of explain, rows */
};

struct output {
	enum output_kind kind;
	char text[OUTPUT_SIZE];
	unsigned int line; /* of the case, that it came of */
	bool used;
};

struct pending {
	uint64_t ticket;
	uint8_t question[512];
	size_t len;
};

/* What a provider was asked and has not answered. */
struct inquired {
	uint64_t ticket;
	char provider[PR_PROVIDER_ID_MAX + 1], entity[PR_NAME_TEXT_SIZE];
};

struct file {
	char name[128];
	char *text;
	enum pr_config_layer layer;
};

/* A list of a case, or data on addresses. */
struct source {
	char id[64], category[64];
	char *text;
};
#define SOURCES_MAX 16

struct world {
	const char *case_name;
	unsigned int line; /* that runs */
	unsigned int n_failures;
	uint64_t now_us, due_us;

	struct pr_engine *engine;
	struct pr_engine_options options;
	struct pr_scenario_interception *scenario;
	struct pr_process *processes[PROCESSES_MAX];
	unsigned int n_processes;
	struct file files[FILES_MAX];
	unsigned int n_files;
	bool has_policy;
	struct pr_policy_blob blobs[64];
	unsigned int n_blobs;
	uint8_t *saved;
	size_t saved_len;
	struct pr_engine_address addresses[16];
	unsigned int n_addresses;

	struct source sources[SOURCES_MAX];
	unsigned int n_sources;
	uint8_t *set_bytes[64]; /* what sets borrow lives as long as the case */
	unsigned int n_sets;

	/* What the owner port says next. */
	enum pr_owner_outcome owner;
	pid_t owner_pid;
	uint64_t tickets[TICKETS_MAX]; /* that were told to wait */
	unsigned int n_tickets, n_tickets_answered;
	struct pending resolving[64];
	unsigned int n_resolving;
	struct inquired inquired[64];
	unsigned int n_inquired;
	struct pr_tuple sent[64]; /* a ring: what was sent to a nameserver */
	unsigned int n_sent;
	struct pr_address
		sent_from; /* of the question, if NAT changed whence it comes; family 0 = not */
	uint16_t sent_from_port;
	uint64_t last_client;
	bool releasing;
	uint64_t opening[512];	/* links that the tunnel was to open */
	uint32_t openings[512]; /* as of ipc/tunnel_codec.h */
	unsigned int n_opening;
	bool no_tunnel;		      /* there is no tunnel process */
	bool tunnel_untold;	      /* what it is to open isn't written down */
	enum pr_attack_opened opened; /* what becomes of all links */
	bool live;
	bool tracked; /* conntrack has entries of all links */

	struct output *outputs;
	unsigned int n_outputs;
};

/* ---- world.c ---- */
void world_init(struct world *world, const char *case_name);
void world_done(struct world *world);
void world_fail(struct world *world, const char *format, ...) PR_PRINTF(2, 3);
void world_output(struct world *world, enum output_kind kind, const char *format, ...)
	PR_PRINTF(3, 4);
void world_advance(struct world *world, uint64_t now_us);
struct pr_process *world_process(struct world *world, pid_t pid); /* borrowed, NULL = none */
void world_engine_start(struct world *world);

/* ---- show.c: what the engine does, as lines ---- */
void show_order(struct world *world, enum output_kind kind, const struct pr_verdict_order *order);
void show_event(struct world *world, enum output_kind kind, const struct pr_event *event);
const char *show_tuple(const struct pr_tuple *tuple, char text[160]);

/* ---- policy.c ---- */
/* Of all cases that don't say otherwise. */
void policy_defaults(struct world *world);
void policy_file(struct world *world, const char *name, const char *text);
/* Of one that was given; what is in force is compiled anew. */
void policy_file_gone(struct world *world, const char *name);
void policy_compile(struct world *world);
void policy_change(struct world *world, const struct pr_config_change *change);

/* ---- intel.c ---- */
void intel_source(struct world *world, char **words, unsigned int n, const char *text);
void intel_take(struct world *world, char **words, unsigned int n);
void intel_done(struct world *world);

/* ---- dns.c ---- */
size_t dns_question(const char *name, const char *type, uint8_t *bytes, size_t size);
void dns_show(struct world *world, const uint8_t *bytes, size_t len);
void dns_show_question(struct world *world, const uint8_t *bytes, size_t len);
/* The words behind "upstream". */
void dns_upstream(struct world *world, char **words, unsigned int n);

/* ---- provider.c ---- */
void provider_asked(struct world *world, uint64_t ticket, const struct pr_intel_ask *ask);
void step_provider(struct world *world, char **words, unsigned int n);

/* ---- words.c ---- */
bool step_is(const char *a, const char *b);
uint64_t step_number(struct world *world, const char *text);
const char *step_option(char **words, unsigned int n, const char *name);
bool step_flag(char **words, unsigned int n, const char *name);
char *step_copy_of(const char *text);
bool step_endpoint(const char *word, struct pr_address *ret_address, uint16_t *ret_port);

/* ---- steps_user.c ---- */
void step_answer(struct world *world, char **words, unsigned int n);
void step_rule(struct world *world, char **words, unsigned int n);
void step_unlink(struct world *world, char **words, unsigned int n);
void step_set(struct world *world, char **words, unsigned int n);
void step_rows(struct world *world, char **words, unsigned int n);
void step_explain(struct world *world, char **words, unsigned int n);
void step_cut(struct world *world, char **words, unsigned int n);

/* ---- steps_attack.c ---- */
void step_many(struct world *world, char **words, unsigned int n);
void step_opened(struct world *world, char **words, unsigned int n);

/* ---- steps_tunnel.c ---- */
bool tunnel_open(void *context, uint64_t link, const struct pr_tunnel_link *open);
void tunnel_close(void *context, uint64_t link);
void step_tunnel(struct world *world, char **words, unsigned int n);

/* ---- steps.c ---- */
/* A packet. */
void step_packet(struct world *world, char **words, unsigned int n);
/* A line of the case, split; `block` holds the indented lines below it. */
void step_run(struct world *world, char **words, unsigned int n, const char *block);
/* "tcp 10.0.0.2:1 > 192.0.2.1:2" from words[0] on; the number of words, 0 = it is none. */
unsigned int step_tuple(char **words, unsigned int n, struct pr_tuple *ret_tuple);

/* ---- expect.c ---- */
void expect_run(struct world *world, char **words, unsigned int n);
/* Everything but events must have been expected. */
void expect_nothing_left(struct world *world);

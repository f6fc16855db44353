/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One file of the configuration, read and checked by the table of settings. Inside the room. */
#pragma once

#include "base/name.h"
#include "network/pool.h"
#include "network/provider.h"
#include "network/tunnel.h"
#include "profile/config.h"
#include "profile/match.h"
#include "profile/setting.h"

#include <stdint.h>

/* A text of the file and its line. */
struct pr_document_text {
	char *text;
	unsigned int line;
};

struct pr_document_texts {
	struct pr_document_text *items;
	size_t n, n_allocated;
};

struct pr_document_match {
	char *keys[PR_MATCH_KEY_COUNT_]; /* NULL = not given */
	unsigned int line;
};

struct pr_document_runtime {
	char *rule;
	bool incoming;
	uint64_t expires_s; /* 0 = does not */
	bool until_reboot;
	char *boot_id; /* "" = none */
	pid_t pid;     /* 0 = none */
	uint64_t start_time;
	unsigned int line;
};

/* Where a list, or data on addresses, comes from. */
struct pr_document_source {
	char *texts[PR_SOURCE_KEY_COUNT_]; /* NULL = not given, or no text */
	int64_t numbers[PR_SOURCE_KEY_COUNT_];
	unsigned int line;
};

struct pr_document_sources {
	struct pr_document_source *items;
	size_t n;
};

/* Who is asked about an entity. */
struct pr_document_provider {
	char *texts[PR_PROVIDER_KEY_COUNT_]; /* NULL = not given, or no text */
	int64_t numbers[PR_PROVIDER_KEY_COUNT_];
	struct {
		struct pr_address address;
		char *category;
	} codes[PR_PROVIDER_CODES_MAX];
	unsigned int n_codes, line;
};

/* A way by which links may leave. */
struct pr_document_tunnel {
	struct pr_tunnel_upstream upstream; /* borrows from the texts below */
	char *texts[PR_TUNNEL_KEY_COUNT_];  /* NULL = not given, or no text */
	char *members[PR_TUNNEL_MEMBERS_MAX];
	bool given[PR_TUNNEL_KEY_COUNT_];
	unsigned int line;
};

struct pr_document {
	const struct pr_config_file *file;
	bool profile; /* a file of profiles/ */
	bool set[PR_SETTING_COUNT_];
	int64_t numbers[PR_SETTING_COUNT_];
	struct pr_document_texts texts[PR_SETTING_COUNT_];
	struct pr_document_match *matches;
	struct pr_document_runtime *runtime;
	struct pr_document_sources lists, geo;
	struct pr_document_provider *providers;
	struct pr_document_tunnel *tunnels;
	struct pr_pool_ranges pool;
	size_t n_matches, n_runtime, n_providers, n_tunnels;
};

PR_MUST_USE int pr_document_parse(const struct pr_config_file *file,
				  struct pr_document **ret_document,
				  struct pr_config_error *ret_error);
void pr_document_free(struct pr_document *document);
/* The name of a profile's file. */
const char *pr_document_name(const struct pr_document *document);

/* Notes an error in a file; line 0 = the whole file. Returns -EINVAL. */
int pr_config_fail(struct pr_config_error *error, const struct pr_config_file *file,
		   unsigned int line, const char *format, ...) PR_PRINTF(4, 5);

/* Parts of the parser, which its files share. `setting` is a libconfig setting. */
struct config_setting_t;
struct pr_document_parser {
	struct pr_document *document;
	struct pr_config_error *error;
};

/* The value of a setting, whatever its type. */
PR_MUST_USE int pr_document_parse_value(struct pr_document_parser *parser, enum pr_setting_id id,
					struct config_setting_t *setting);
PR_MUST_USE int pr_document_parse_matches(struct pr_document_parser *parser,
					  struct config_setting_t *setting);
PR_MUST_USE int pr_document_parse_runtime(struct pr_document_parser *parser,
					  struct config_setting_t *setting);
/* PR_SETTING_LIST or PR_SETTING_GEO. */
PR_MUST_USE int pr_document_parse_sources(struct pr_document_parser *parser, enum pr_setting_id id,
					  struct config_setting_t *setting);
void pr_document_sources_done(struct pr_document_sources *sources);
PR_MUST_USE int pr_document_parse_providers(struct pr_document_parser *parser,
					    struct config_setting_t *setting);
void pr_document_providers_done(struct pr_document *document);
PR_MUST_USE int pr_document_parse_tunnels(struct pr_document_parser *parser,
					  struct config_setting_t *setting);
void pr_document_tunnels_done(struct pr_document *document);
PR_MUST_USE int pr_document_parse_pool(struct pr_document_parser *parser,
				       struct config_setting_t *setting);
/* A key of a group by the table: its value goes to its place in `texts` or `numbers`. */
PR_MUST_USE int pr_document_parse_key(struct pr_document_parser *parser,
				      const struct pr_setting *setting, char **texts,
				      int64_t *numbers, const struct config_setting_t *item);
/* The numbers' defaults. */
void pr_document_set_defaults(const struct pr_setting *setting, int64_t *numbers);
/* A nameserver, as network/upstream.h has it. */
PR_MUST_USE int pr_document_check_upstream(struct pr_document_parser *parser, const char *text,
					   unsigned int line);
/* A domain, made canonical. */
PR_MUST_USE int pr_document_canonical_zone(struct pr_document_parser *parser, const char *text,
					   unsigned int line, char ret_zone[PR_NAME_TEXT_SIZE]);
/* The groups of a list setting, or -EINVAL. */
PR_MUST_USE int pr_document_count_groups(struct pr_document_parser *parser,
					 struct config_setting_t *setting);
/* An error at a setting's line, which names the setting. Returns -EINVAL. */
int pr_document_fail_setting(struct pr_document_parser *parser,
			     const struct config_setting_t *setting, const char *message);
/* The same, for what is within a setting and says itself what it is about. */
int pr_document_fail_at(struct pr_document_parser *parser, const struct config_setting_t *setting,
			const char *message);
bool pr_document_is_printable(const char *text);
/* A whole number within these bounds? */
bool pr_document_read_number(const struct config_setting_t *item, int64_t least, int64_t most,
			     int64_t *ret_number);
/* A rule's text: checked, its error told with line and column. */
PR_MUST_USE int pr_document_check_rule(struct pr_document_parser *parser, const char *text,
				       unsigned int line);
PR_MUST_USE int pr_document_check_id(struct pr_document_parser *parser, const char *id,
				     unsigned int line);

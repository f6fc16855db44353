/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The configuration: libconfig texts in, a compiled policy out. Nothing here opens a file or reads a
 * clock: the caller (the compiler process, `portreeved --check`, tests) gives bytes and the time.
 *
 * Three layers hold the same syntax: what is shipped, what the administrator wrote (/etc, never written by
 * us), and the state directory, which is written at run time. For a setting the state wins over the
 * administrator, the administrator over what is shipped, a profile over the global settings. Rules of all
 * layers count, in the order of contract.md.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PR_CONFIG_FILE_MAX	(64u << 20) /* bytes of a file; a bigger one is refused */
#define PR_CONFIG_PROFILES_MAX	10000u	    /* profiles; more are refused */
#define PR_CONFIG_RULES_MAX	1000000u    /* rules of all lists; more are refused */
#define PR_CONFIG_LISTS_MAX	1024u	    /* different list ids; more are refused */
#define PR_CONFIG_ZONES_MAX	256	    /* domains of a setting; more are refused */
#define PR_CONFIG_ERROR_SIZE	512
#define PR_CONFIG_FILE_NAME_MAX 255

enum pr_config_layer {
	PR_LAYER_SHIPPED,
	PR_LAYER_ADMINISTRATOR,
	PR_LAYER_STATE,
	PR_LAYER_COUNT_,
};

struct pr_config_file {
	enum pr_config_layer layer;
	const char *directory; /* for messages: "/etc/portreeve"; NULL = leave out */
	const char *name;      /* within it: "portreeve.conf", or "profiles/firefox.conf" */
	const char *text;      /* need not end in a zero */
	size_t len;
};

struct pr_config_input {
	const struct pr_config_file *files; /* in any order */
	size_t n_files;
	uint64_t now_s;	     /* since 1970; rules that expired are left out */
	const char *boot_id; /* rules of an earlier boot that hold until reboot are left out */
	/* Whether the process that a rule holds for still lives; NULL = all do. */
	bool (*process_lives)(void *context, pid_t pid, uint64_t start_time);
	void *context;
	bool paused; /* before all rules stands one that permits everything */
};

/* What is wrong, in one line: "/etc/portreeve/profiles/x.conf:4: column 7: …". */
struct pr_config_error {
	char text[PR_CONFIG_ERROR_SIZE];
};

/* A compiled policy, for pr_policy_open(), and what the administrator should hear about it. */
struct pr_policy_blob {
	uint8_t *bytes;
	size_t len;
	char **warnings; /* profiles that tie, rules that nothing reaches, … */
	size_t n_warnings;
	char **providers; /* for the resolver alone: pr_provider_write(), keys among it */
	size_t n_providers;
	char **tunnels; /* for the tunnel process alone: pr_tunnel_upstream_write(), accounts among it */
	char **tunnel_places; /* … and "FILE:LINE: …", where it names a file (ca), else NULL */
	size_t n_tunnels;
};

void pr_policy_blob_done(struct pr_policy_blob *blob);

/* 0, or -EINVAL with *ret_error filled: then nothing of the input is in force. No file at all is fine: the
 * defaults. */
PR_MUST_USE int pr_settings_compile(const struct pr_config_input *input,
				    struct pr_policy_blob *ret_blob,
				    struct pr_config_error *ret_error);

enum pr_change_kind {
	PR_CHANGE_ADD_RULE,    /* in front of the run-time rules */
	PR_CHANGE_REMOVE_RULE, /* a run-time rule of the same meaning, whatever its spelling */
	PR_CHANGE_SET,	 /* `setting` to `value`, in libconfig's syntax; a bare word is a string */
	PR_CHANGE_UNSET, /* `setting` back to what the other layers say */
	PR_CHANGE_CREATE_PROFILE, /* for the path `app`; nothing changes when it is there */
	PR_CHANGE_REPLACE, /* the whole file by `text`; "" removes it. Without `app` the text's profile */
	PR_CHANGE_SHOW, /* nothing: the edit is the file as it is, or what a new one begins with */
	PR_CHANGE_EXPORT, /* the same, but of the topmost layer that has one; -ENOENT: none has */
};

struct pr_config_change {
	enum pr_change_kind kind;
	const char *
		app; /* a profile's name or an executable's path (begins with '/'); NULL = global */
	const char *rule;
	bool incoming;
	uint64_t expires_s; /* since 1970; 0 = does not expire */
	bool until_reboot;
	pid_t pid; /* holds until this process ends; 0 = does not depend on one */
	uint64_t start_time;
	const char *setting, *value, *text;
	bool global; /* no `app`, and the global settings are meant, not the text's profile */
};

/* The one file of the state directory that a change rewrites. */
struct pr_config_edit {
	char *name; /* within the state directory */
	char *text; /* all of its new content */
	size_t len;
};

void pr_config_edit_done(struct pr_config_edit *edit);

/* Applies a change to the state files among the input; write the edit, put it among the input in place of
 * the old text, then compile. 0; -EINVAL where the change makes no sense, -ENOENT where what it names
 * does not exist, both with *ret_error. Run-time rules of the file that no longer hold are dropped. */
PR_MUST_USE int pr_config_apply(const struct pr_config_input *input,
				const struct pr_config_change *change,
				struct pr_config_edit *ret_edit, struct pr_config_error *ret_error);

/* Everything about every setting, as docs/settings.md has it. */
void pr_settings_reference(FILE *out);

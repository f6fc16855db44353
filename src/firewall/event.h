/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An event, and a row of the tables (a row is the last event of its link or communication): the fields
 * of contract.md. A plain value that borrows its strings; NULL, zero or family 0 = not known, left out.
 */
#pragma once

#include "firewall/decide.h"
#include "network/attack.h"
#include "packet/tuple.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum pr_event_kind {
	PR_EVENT_DNS,
	PR_EVENT_COMMUNICATION,
	PR_EVENT_LINK,
	PR_EVENT_VERDICT, /* a link's verdict changed, or a packet got one of its own */
	PR_EVENT_END,
	PR_EVENT_PROMPT,
	PR_EVENT_SYSTEM,
};

/* What the packets of a link have shown (network/seen.h), its texts borrowed. */
struct pr_event_seen {
	bool any; /* inspected, or under inspection: what follows holds */
	enum pr_speaks speaks;
	enum pr_encryption encryption;
	unsigned int flags; /* PR_SEEN_… */
	bool expired;	    /* the certificate, or it isn't valid yet */
	const char *why;    /* what `encryption` rests on */
	const char *version;
	const char *names[PR_SEEN_NAMES_MAX];
	unsigned int n_names;
	const char *alpn, *alpn_chosen, *ja4;
	const char *certificate_name, *issuer;
	int64_t not_before_s, not_after_s; /* with PR_SEEN_CERTIFICATE */
};

/* Of a prompt. */
enum pr_prompt_state { PR_PROMPT_OPEN, PR_PROMPT_PERMITTED, PR_PROMPT_DENIED, PR_PROMPT_EXPIRED };

#define PR_EVENT_LISTS_MAX 16 /* further ones are left out: these are enough to look by */

struct pr_event {
	enum pr_event_kind kind;
	uint64_t real_us;	/* since 1970, UTC */
	uint64_t id;		/* of the link, communication, question or prompt */
	uint64_t communication; /* that a link or prompt belongs to; 0 = none */

	const char *profile;   /* its name; an application without one: the global profile's */
	const char *instance;  /* what tells the application from others: profile, path or script */
	const char *path;      /* proven executable */
	const char *exe_shown; /* what an unproven process shows of itself */
	const char *cmdline, *user, *cgroup, *unit, *container, *script;
	pid_t pid;
	uid_t uid; /* (uid_t)-1 = unknown */
	struct {
		pid_t pid;
		const char *path;
	} parents[8];
	unsigned int n_parents;

	enum pr_direction direction;
	const char *domain; /* the newest candidate; with PR_NAME_CLAIMED what the packets say */
	const char *domains[PR_SUBJECT_DOMAINS_MAX];
	unsigned int n_domains;
	enum pr_name_grade name_grade;
	struct pr_tuple tuple; /* of the link; of a question: the client's */
	struct pr_address remote;
	uint16_t port;
	uint8_t proto;
	enum pr_scope scope;
	const char *country, *organisation;    /* organisation: of the AS */
	uint32_t asn;			       /* 0 = not known */
	const char *lists[PR_EVENT_LISTS_MAX]; /* that one of the domains, or the address, is on */
	unsigned int n_lists;
	unsigned int suspicions; /* PR_SUSPICION_… */
	struct pr_event_seen seen;

	bool decided; /* stage, verdict, reason hold */
	bool ask;     /* a prompt is open: shown as verdict "ask" */
	enum pr_stage stage;
	enum pr_verdict verdict;
	bool permanent, grace;
	bool old;   /* the flow is older than the daemon: bytes before it are not known */
	bool ended; /* rows: the link is over, and kept for a while to be shown */
	const char *reason, *rule, *rule_place;
	const char *tunnel;   /* the upstream that it is to go through */
	unsigned int missing; /* PR_FACT_… */
	const char *
		missing_providers; /* the ids of those that had not answered, with commas; NULL = none */
	uint32_t generation;

	bool attacked;		 /* system: an attack was found, `attack` is it */
	struct pr_attack attack; /* its times are real ones here */

	const char *text; /* system: what happened; dns: the question's type */
	bool counted;	  /* the counters hold */
	uint64_t bytes_sent, bytes_received, packets_sent, packets_received, duration_ms;

	enum pr_prompt_state prompt_state;
	uint64_t
		deadline_real_us; /* prompt: when its default, deny, comes; a known name: when it is forgotten */

	/* rows of applications and communications */
	uint32_t n_communications, n_links;
	uint64_t last_real_us; /* last used */
};

/* `seen` into the event, whose time is set: the certificate is held against it. The event borrows from *seen. */
void pr_event_see(struct pr_event *event, const struct pr_seen *seen);

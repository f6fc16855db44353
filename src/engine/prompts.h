/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What users are asked (prompts.c), and what they answered for longer than a moment (answers.c). */
#pragma once

#include "engine/actor.h"
#include "engine/engine.h"
#include "network/communication.h"

struct pr_prompt {
	uint64_t id; /* 0 = free */
	enum pr_prompt_state state;
	uint64_t communication; /* held */
	enum pr_stage stage;
	uint64_t raised_us, until_us; /* open: when the default comes; else: when it is forgotten */
	struct pr_actor actor;
	struct pr_address address, local; /* of the link that raised it; family 0: a question did */
	uint16_t port;
	uint8_t proto;
	uint32_t rule; /* that asks, or PR_RULE_NONE */
	bool asked;    /* while the tables are decided anew: something still asks */
};

struct pr_standing_answer {
	uint64_t until_us; /* 0 = free */
	bool permit;
	enum pr_answer_scope scope;
	uint32_t application; /* held */
	enum pr_direction direction;
	char domain[PR_NAME_TEXT_SIZE]; /* "" = none */
	enum pr_scope address_scope;	/* of a communication without a domain */
	struct pr_address address;
	uint64_t number; /* the oldest gives way */
};

/* ---- prompts.c ---- */

enum pr_prompt_says {
	PR_PROMPT_SAYS_WAIT,
	PR_PROMPT_SAYS_PERMIT,
	PR_PROMPT_SAYS_DENY,
	PR_PROMPT_SAYS_TIMEOUT, /* nobody answered, or there is no room for a prompt: denied for now */
};
/* What a prompt is raised for; borrows. */
struct pr_prompt_for {
	struct pr_communication *communication; /* NULL: the table is full */
	struct pr_actor actor;
	const struct pr_subject *subject;
	enum pr_stage stage;
	uint32_t rule; /* that asks, or PR_RULE_NONE */
};
/* A decision came to "ask": what users said already, or a prompt, old or new. */
enum pr_prompt_says pr_prompt_ask(struct pr_engine *engine, const struct pr_prompt_for *for_);
/* Before and after everything is decided anew: prompts that nothing asks any more are closed. */
void pr_prompts_review_begin(struct pr_engine *engine);
void pr_prompts_review_end(struct pr_engine *engine);
uint64_t pr_prompts_tick(struct pr_engine *engine);
void pr_prompts_done(struct pr_engine *engine);
void pr_prompt_event(struct pr_engine *engine, const struct pr_prompt *prompt,
		     struct pr_event *ret_event);

/* ---- answers.c: what users answered directly ---- */

/* WAIT: nothing was said of this. */
enum pr_prompt_says pr_answer_find(const struct pr_engine *engine, uint32_t application,
				   const struct pr_subject *subject);
/* Ends what time has overtaken, and decides anew what rests on it; the next end. */
uint64_t pr_answers_tick(struct pr_engine *engine);
void pr_answers_done(struct pr_engine *engine);

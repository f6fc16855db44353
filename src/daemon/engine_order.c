/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Permitted orders that come by the supervisor: answers to prompts, cuts, forgetting. */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "ipc/body.h"

#include <string.h>

static void done_with(struct pr_engine_process *process, uint64_t ticket, const char *key,
		      const char *text, const char *status)
{
	struct pr_pairs pairs = { 0 };
	uint8_t body[1024];

	(void)pr_pairs_add(&pairs, key, text);
	if (status)
		(void)pr_pairs_add(&pairs, "status", status);
	(void)pr_outbox_send(process->to_supervisor, PR_MESSAGE_DONE, ticket, body,
			     pr_pairs_encode(&pairs, body, sizeof(body)));
}

static void done(struct pr_engine_process *process, uint64_t ticket, const char *error,
		 const char *status)
{
	if (error)
		done_with(process, ticket, "error", error, status);
	else
		done_with(process, ticket, "ok", "done", NULL);
}

static bool read_scope(const char *text, enum pr_answer_scope *ret_scope)
{
	static const char *const names[] = {
		[PR_ANSWER_DOMAIN] = "domain",
		[PR_ANSWER_ZONE] = "zone",
		[PR_ANSWER_ADDRESS] = "address",
		[PR_ANSWER_APP] = "app",
	};

	for (size_t i = 0; i < PR_ARRAY_SIZE(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*ret_scope = (enum pr_answer_scope)i;
			return true;
		}
	return false;
}

/* Done by the supervisor, which adds the rule. */
static void done_as_rule(struct pr_engine_process *process, uint64_t ticket,
			 const struct pr_answer_rule *rule)
{
	struct pr_pairs pairs = { 0 };
	uint8_t body[2048];

	(void)pr_pairs_add(&pairs, "rule", rule->rule);
	(void)pr_pairs_add(&pairs, "app", rule->app);
	if (rule->incoming)
		(void)pr_pairs_add(&pairs, "in", "1");
	(void)pr_outbox_send(process->to_supervisor, PR_MESSAGE_DONE, ticket, body,
			     pr_pairs_encode(&pairs, body, sizeof(body)));
}

static void answer(struct pr_engine_process *process, const struct pr_pairs *pairs, uint64_t ticket)
{
	uint64_t id = pr_pairs_number(pairs, "id", 0), seconds = pr_pairs_number(pairs, "for", 0);
	const char *word = pr_pairs_get(pairs, "answer"),
		   *scope_text = pr_pairs_get(pairs, "scope");
	enum pr_answer_scope scope = PR_ANSWER_DOMAIN;
	struct pr_answer_rule rule;
	bool permit;

	if (!word || (strcmp(word, "permit") != 0 && strcmp(word, "deny") != 0))
		return done(process, ticket, "an answer is permit or deny", "400");
	if (scope_text && !read_scope(scope_text, &scope))
		return done(process, ticket, "the scope is domain, zone, address or app", "400");
	permit = strcmp(word, "permit") == 0;
	if (pr_engine_prompt_rule(process->engine, id, permit, scope, &rule,
				  pr_clock_monotonic_us()) == PR_ANSWER_IS_RULE)
		return done_as_rule(process, ticket, &rule);
	if (seconds > UINT64_MAX / 2 / 1000000)
		seconds = 0;
	if (pr_engine_prompt_answer(process->engine, id, permit, scope,
				    seconds ? seconds * 1000000 : PR_ENGINE_NEVER,
				    pr_clock_monotonic_us()) < 0)
		return done(process, ticket, "no such prompt is open", "404");
	done_with(process, ticket, "ok",
		  seconds ? "in force, for that time or until portreeve ends"
			  : "in force until portreeve ends: no rule says this",
		  NULL);
}

/* The resolver was told before, and tells us once more when it begins anew. */
static void flush(struct pr_engine_process *process, uint64_t ticket)
{
	pr_engine_answers_forget(process->engine, pr_clock_monotonic_us());
	done(process, ticket, NULL, NULL);
}

void pr_engine_order_message(struct pr_engine_process *process, const struct pr_message *message)
{
	struct pr_pairs pairs;
	const char *verb = NULL;

	if (pr_pairs_decode(message->body, message->len, &pairs) == 0)
		verb = pr_pairs_get(&pairs, "verb");
	if (verb && strcmp(verb, "answer") == 0)
		answer(process, &pairs, message->ticket);
	else if (verb && strcmp(verb, "cut") == 0)
		done(process, message->ticket,
		     pr_engine_cut(process->engine, pr_pairs_number(&pairs, "id", 0),
				   pr_clock_monotonic_us()) < 0
			     ? "there is no such link"
			     : NULL,
		     "404");
	else if (verb && strcmp(verb, "dns-flush") == 0)
		flush(process, message->ticket);
	else
		done(process, message->ticket, "there is no such order", "404");
	pr_engine_process_after(process);
}

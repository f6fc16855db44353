/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the engine answers to a change; and the user's answer to a prompt that becomes a rule. */
#include "daemon/supervisor_change.h"

#include "ipc/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An answer that a rule says: it goes on as that rule's change. Who answered may also add the rule: it concerns
 * nothing but what was asked. */
static bool becomes_rule(struct pr_change *change, const struct pr_message *message)
{
	const char *seconds = pr_pairs_get(&change->pairs, "for");
	struct pr_pairs said, pairs = { 0 };
	uint8_t *body;
	size_t len;

	if (pr_pairs_decode(message->body, message->len, &said) < 0 || !pr_pairs_get(&said, "rule"))
		return false;
	(void)pr_pairs_add(&pairs, "verb", "rule-add");
	for (unsigned int i = 0; i < said.n; i++)
		(void)pr_pairs_add(&pairs, said.pairs[i].key, said.pairs[i].value);
	if (seconds)
		(void)pr_pairs_add(&pairs, "for", seconds);
	body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	len = pr_pairs_encode(&pairs, body, PR_MESSAGE_BODY_MAX);
	snprintf(change->said, sizeof(change->said), "in force, as a rule of %.255s: %.300s",
		 pr_pairs_get(&said, "app"), pr_pairs_get(&said, "rule"));
	free(change->body);
	change->body = body;
	change->sent = false;
	change->info = pr_change_info("rule-add");
	pr_assert(pr_pairs_decode(body, len, &change->pairs) == 0);
	return true;
}

void pr_supervisor_change_answered(struct pr_supervisor *supervisor,
				   const struct pr_message *message)
{
	struct pr_change *change = supervisor->changes;
	struct pr_reader reader = pr_reader(message->body, message->len);
	char text[4096];

	if (!change || !change->sent)
		return;
	if (message->kind == PR_MESSAGE_DONE) {
		if (message->ticket != change->ticket || change->info->compiles)
			return;
		if (strcmp(change->info->verb, "answer") == 0 && becomes_rule(change, message)) {
			event_del(supervisor->on_change_late);
			return pr_change_work(supervisor);
		}
		/* The engine's own words, as they are. */
		pr_child_send(&supervisor->front, PR_MESSAGE_RESULT, change->ticket, message->body,
			      message->len, -1);
		pr_change_pop(supervisor);
		return;
	}
	if (!change->info->compiles || pr_read_u32(&reader) != supervisor->policy_serial)
		return;
	if (message->kind == PR_MESSAGE_POLICY_TAKEN) {
		pr_supervisor_table_infrastructure(supervisor,
						   !supervisor->may_deny_infrastructure);
		return pr_change_finish(supervisor, NULL, NULL);
	}
	snprintf(text, sizeof(text), "the engine refuses the policy: %.*s",
		 (int)pr_reader_left(&reader), (const char *)message->body + 4);
	pr_change_finish(supervisor, text, "500");
}

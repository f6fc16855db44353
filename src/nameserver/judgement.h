/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The decisions about one question: on its name, and on an answer as a whole and in its parts. Of the room
 * itself. */
#pragma once

#include "nameserver/question_table.h"

enum pr_question_way {
	PR_QUESTION_WAY_ON,
	PR_QUESTION_WAY_DENIED,
	PR_QUESTION_WAY_HELD,
	PR_QUESTION_WAY_OWN, /* answered here, before intel */
};

/* Asks the port; what it leaves open denies. */
enum pr_question_way pr_question_decide(const struct pr_question_ports *ports,
					struct pr_question_entry *entry, enum pr_stage stage,
					const struct pr_question_facts *facts,
					struct pr_question_decision *ret_decision);

enum pr_judged {
	PR_JUDGED_GIVEN,    /* the reply is written, its names are recorded */
	PR_JUDGED_DENIED,   /* `decision` says why */
	PR_JUDGED_HELD,	    /* `decision` says for what */
	PR_JUDGED_UNUSABLE, /* malformed, or not an answer to this question */
};

/* The caller's scratch memory, and the outcome's decision. */
struct pr_judgement {
	struct pr_question_decision decision;

	const struct pr_question_ports *ports;
	struct pr_question_entry *entry;
	struct pr_dns_facts dns_facts;
	struct pr_question_facts facts; /* the names */
	struct pr_question_decision held, denied;
	char denied_text[PR_DNS_EDE_TEXT_MAX + 1];
	const char *denied_names[PR_DNS_CHAIN_MAX];
	char denied_target[PR_NAME_TEXT_SIZE]; /* of a part that is a name: the last of these */
	struct pr_address denied_address;
	bool has_held, has_denied;
	struct pr_question_given given[PR_DNS_ADDRESSES_MAX];
	unsigned int n_given;
};

enum pr_judged pr_judge(struct pr_judgement *judgement, const struct pr_question_ports *ports,
			struct pr_question_entry *entry, const uint8_t *bytes, size_t len,
			uint8_t *reply, size_t size, size_t *ret_len);

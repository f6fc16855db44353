/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The short way. Decisions are pure: of the same application, on the same answer, as long as nothing has changed that
 * they rest on, they come out the same, and so does the reply. So it is made once and kept, and what is done for each
 * question is what is not pure: who asks is found out, its names are recorded, the times to live count down. Whatever
 * has to be asked of a user, waits for somebody, or was cut to a client's size, goes the whole way each time.
 */
#include "nameserver/question_private.h"

bool pr_question_give_again(struct pr_questions *questions, uint64_t now_us,
			    const struct pr_asker *asker, const struct pr_dns_question *question)
{
	const struct pr_question_ports *ports = &questions->ports;
	const struct pr_dns_cached *cached;
	const struct pr_given *given;
	struct pr_question_facts facts = { 0 };
	struct pr_question_known known;
	struct pr_given_key key;
	uint32_t age_s;

	if (!ports->recognise || !ports->recognise(ports->context, asker, &known))
		return false;
	cached = pr_dns_cache_look(questions->cache, question, now_us);
	if (!cached)
		return false;
	key = (struct pr_given_key){ cached->number, known.application_key, known.basis,
				     question->has_edns };
	given = pr_given_find(questions->given, &key);
	if (!given)
		return false;
	age_s = pr_dns_cached_age_s(cached, now_us);
	facts.names = given->names;
	facts.n_names = given->n_names;
	/* Before the reply leaves: the first packet to the address may be faster than anything done after it. */
	ports->repeat(ports->context, &known, &facts, given->addresses, given->n_addresses,
		      age_s - given->age_s);
	pr_dns_cache_used(questions->cache, cached);
	questions->counters.answered++;
	questions->counters.given_again++;
	pr_given_write(given, question, age_s, questions->reply);
	ports->reply(ports->context, asker->client, questions->reply, given->len);
	return true;
}

void pr_question_remember(struct pr_questions *questions, const struct pr_question_entry *entry,
			  const struct pr_judgement *judgement, size_t reply_len)
{
	const struct pr_question_ports *ports = &questions->ports;
	const struct pr_dns_cached *answer = questions->answer;
	struct pr_question_known known;
	struct pr_given given = { .reply = questions->reply, .addresses = judgement->given };

	if (!answer || entry->momentary || !ports->recognise || reply_len > PR_GIVEN_REPLY_MAX ||
	    questions->reply[2] & PR_DNS_FLAG_TC >> 8 ||
	    judgement->n_given > PR_GIVEN_ADDRESSES_MAX ||
	    judgement->facts.n_names > PR_GIVEN_NAMES_MAX ||
	    !ports->recognise(ports->context, &entry->public.asker, &known) ||
	    known.application_key != entry->public.application_key)
		return;
	given.key = (struct pr_given_key){ answer->number, known.application_key, known.basis,
					   entry->question.has_edns };
	given.age_s = questions->answer_age_s;
	given.len = (uint16_t)reply_len;
	given.n_addresses = (uint8_t)judgement->n_given;
	given.n_names = (uint8_t)judgement->facts.n_names;
	for (unsigned int i = 0; i < given.n_names; i++)
		given.names[i] = judgement->facts.names[i];
	(void)pr_given_put(questions->given, &given);
}

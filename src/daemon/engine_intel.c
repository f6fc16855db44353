/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The set of lists in the engine process: mapped from a file of the state directory, which nobody writes to once it is
 * there. The former set answers until the next is in, and is unmapped after it. What a client asks about an entity is
 * answered from it here.
 */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "intel/set.h"
#include "ipc/body.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static void answer(struct pr_engine_process *process, enum pr_message_kind kind, uint32_t serial,
		   const char *why)
{
	uint8_t body[256];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	pr_write_u32(&writer, serial);
	pr_write_bytes(&writer, why, strlen(why));
	(void)pr_outbox_send(process->to_supervisor, kind, 0, body, writer.position);
}

/* NULL, or why not. */
static const char *map(int fd, void **ret_bytes, size_t *ret_len, struct pr_intel_set **ret_set)
{
	struct stat status;
	void *bytes;

	if (fstat(fd, &status) < 0)
		return strerror(errno);
	if (status.st_size <= 0)
		return "it is empty";
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return strerror(errno);
	if (pr_intel_set_open(bytes, (size_t)status.st_size, ret_set) < 0) {
		munmap(bytes, (size_t)status.st_size);
		return "it is not a set of this version";
	}
	*ret_bytes = bytes;
	*ret_len = (size_t)status.st_size;
	return NULL;
}

static void take(struct pr_engine_process *process, int fd, uint32_t serial)
{
	struct pr_intel_set *set;
	void *bytes;
	size_t len;
	const char *why = map(fd, &bytes, &len, &set);

	if (why)
		return answer(process, PR_MESSAGE_INTEL_SET_REFUSED, serial, why);
	process->intel = set;
	pr_engine_intel_take(process->engine, set, pr_clock_monotonic_us());
	if (process->intel_bytes)
		munmap(process->intel_bytes, process->intel_len);
	process->intel_bytes = bytes;
	process->intel_len = len;
	pr_engine_process_after(process);
	answer(process, PR_MESSAGE_INTEL_SET_TAKEN, serial, "");
}

void pr_engine_intel_restore(struct pr_engine_process *process)
{
	PR_CLEANUP(pr_cleanup_close) int fd = pr_start_take_fd(&process->start, "intel");

	if (fd >= 0)
		take(process, fd,
		     (uint32_t)pr_pairs_number(&process->start.settings, "intel_serial", 0));
}

void pr_engine_intel_message(struct pr_engine_process *process, const struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);

	take(process, message->fds[0], pr_read_u32(&reader));
}

/* ---- what is known of an entity ---- */

struct lookup {
	struct pr_engine_process *process;
	uint64_t ticket;
	const struct pr_intel_set *set;
	char name[PR_NAME_TEXT_SIZE]; /* "" = none */
	struct pr_address address;
	uint64_t lists[PR_INTEL_WORDS_MAX]; /* that it is on, all exceptions considered */
};

static void tell(const struct lookup *lookup, enum pr_message_kind kind,
		 const struct pr_pairs *pairs)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);

	(void)pr_outbox_send(lookup->process->to_front, kind, lookup->ticket, body,
			     pr_pairs_encode(pairs, body, PR_MESSAGE_BODY_MAX));
}

static void tell_end(const struct lookup *lookup, const char *error, const char *status)
{
	struct pr_pairs pairs = { 0 };

	if (error) {
		(void)pr_pairs_add(&pairs, "error", error);
		(void)pr_pairs_add(&pairs, "status", status);
	}
	tell(lookup, PR_MESSAGE_END, &pairs);
}

static void tell_network(const struct lookup *lookup)
{
	struct pr_pairs pairs = { 0 };
	char address[PR_ADDRESS_TEXT_SIZE], number[16], country[3];
	const char *organisation;
	uint32_t asn;

	if (!lookup->address.family)
		return;
	(void)pr_pairs_add(&pairs, "address", pr_address_format(&lookup->address, address));
	if (pr_intel_set_country(lookup->set, &lookup->address, country))
		(void)pr_pairs_add(&pairs, "country", country);
	if (pr_intel_set_asn(lookup->set, &lookup->address, &asn, &organisation)) {
		snprintf(number, sizeof(number), "%" PRIu32, asn);
		(void)pr_pairs_add(&pairs, "asn", number);
		if (*organisation)
			(void)pr_pairs_add(&pairs, "organisation", organisation);
	}
	tell(lookup, PR_MESSAGE_PAIRS, &pairs);
}

static void tell_hit(const struct lookup *lookup, const char *of, const struct pr_intel_hit *hit)
{
	static const char *const kinds[] = {
		[PR_LIST_NAME] = "name",     [PR_LIST_ZONE] = "zone", [PR_LIST_BELOW] = "below",
		[PR_LIST_PREFIX] = "prefix", [PR_LIST_ASN] = "as",    [PR_LIST_COUNTRY] = "country",
	};
	struct pr_intel_list list = pr_intel_set_list(lookup->set, hit->list);
	bool is_on = lookup->lists[hit->list / 64] >> hit->list % 64 & 1;
	struct pr_pairs pairs = { 0 };
	char line[16];

	snprintf(line, sizeof(line), "%" PRIu32, hit->line);
	(void)pr_pairs_add(&pairs, "list", list.id);
	if (*list.category)
		(void)pr_pairs_add(&pairs, "category", list.category);
	(void)pr_pairs_add(&pairs, "of", of);
	(void)pr_pairs_add(&pairs, "line", line);
	(void)pr_pairs_add(&pairs, "entry", kinds[hit->kind]);
	(void)pr_pairs_add(&pairs, "exception", hit->exception ? "true" : "false");
	(void)pr_pairs_add(&pairs, "listed", is_on ? "true" : "false");
	tell(lookup, PR_MESSAGE_PAIRS, &pairs);
}

static void tell_hits(const struct lookup *lookup)
{
	struct pr_intel_hit hits[PR_INTEL_HITS_MAX];
	char address[PR_ADDRESS_TEXT_SIZE];
	unsigned int n = 0;

	if (lookup->name[0])
		n = pr_intel_set_domain_hits(lookup->set, lookup->name, hits, PR_INTEL_HITS_MAX);
	for (unsigned int i = 0; i < n && i < PR_INTEL_HITS_MAX; i++)
		tell_hit(lookup, lookup->name, &hits[i]);
	n = 0;
	if (lookup->address.family)
		n = pr_intel_set_address_hits(lookup->set, &lookup->address, hits,
					      PR_INTEL_HITS_MAX);
	pr_address_format(&lookup->address, address);
	for (unsigned int i = 0; i < n && i < PR_INTEL_HITS_MAX; i++)
		tell_hit(lookup, address, &hits[i]);
}

/* NULL, or what is wrong. */
static const char *read_entity(struct lookup *lookup, const struct pr_pairs *pairs)
{
	const char *entity = pr_pairs_get(pairs, "entity"), *ip = pr_pairs_get(pairs, "ip");

	if (!entity)
		return "no entity is given";
	if (pr_address_parse(entity, &lookup->address) < 0 &&
	    (pr_name_canonical(entity, lookup->name) < 0 || !lookup->name[0])) {
		lookup->name[0] = '\0';
		return "the entity is neither an address nor a domain";
	}
	if (ip && lookup->address.family)
		return "an address has no other address";
	if (ip && pr_address_parse(ip, &lookup->address) < 0)
		return "this is no address";
	return NULL;
}

void pr_engine_intel_query(struct pr_engine_process *process, const struct pr_pairs *pairs,
			   uint64_t ticket)
{
	struct lookup lookup = { .process = process, .ticket = ticket, .set = process->intel };
	const char *wrong = read_entity(&lookup, pairs);

	if (wrong)
		return tell_end(&lookup, wrong, "400");
	if (!lookup.set)
		return tell_end(&lookup, "no list is in force yet", "503");
	if (lookup.name[0])
		(void)pr_intel_set_domain(lookup.set, lookup.name, lookup.lists);
	if (lookup.address.family)
		(void)pr_intel_set_address(lookup.set, &lookup.address, lookup.lists);
	tell_network(&lookup);
	tell_hits(&lookup);
	tell_end(&lookup, NULL, NULL);
}

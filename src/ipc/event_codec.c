/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All fields in the order of firewall/event.h, fixed ones as integers, strings as texts. A reader that
 * trusts nothing: enums and counts are checked, so that front may use them as indices.
 */
#include "ipc/event_codec.h"

#include "ipc/attack_codec.h"
#include "ipc/body.h"

#include <string.h>

enum flag {
	FLAG_DECIDED = 1 << 0,
	FLAG_ASK = 1 << 1,
	FLAG_PERMANENT = 1 << 2,
	FLAG_GRACE = 1 << 3,
	FLAG_COUNTED = 1 << 4,
	FLAG_OLD = 1 << 5,
	FLAG_ENDED = 1 << 6,
	FLAGS_ALL = (1 << 7) - 1,
};

static void write_text(struct pr_writer *writer, const char *text)
{
	char cut[PR_EVENT_TEXT_MAX + 1];

	if (text && strlen(text) > PR_EVENT_TEXT_MAX) {
		memcpy(cut, text, PR_EVENT_TEXT_MAX);
		cut[PR_EVENT_TEXT_MAX] = '\0';
		text = cut;
	}
	pr_write_text(writer, text);
}

static void write_owner(struct pr_writer *writer, const struct pr_event *event)
{
	const char *const texts[] = { event->profile,	event->instance, event->path,
				      event->exe_shown, event->cmdline,	 event->user,
				      event->cgroup,	event->unit,	 event->container,
				      event->script };

	for (size_t i = 0; i < PR_ARRAY_SIZE(texts); i++)
		write_text(writer, texts[i]);
	pr_write_u32(writer, (uint32_t)event->pid);
	pr_write_u32(writer, (uint32_t)event->uid);
	pr_write_u8(writer, (uint8_t)event->n_parents);
	for (unsigned int i = 0; i < event->n_parents; i++) {
		pr_write_u32(writer, (uint32_t)event->parents[i].pid);
		write_text(writer, event->parents[i].path);
	}
}

static void read_owner(struct pr_reader *reader, struct pr_event *event)
{
	const char **const texts[] = { &event->profile,	  &event->instance, &event->path,
				       &event->exe_shown, &event->cmdline,  &event->user,
				       &event->cgroup,	  &event->unit,	    &event->container,
				       &event->script };

	for (size_t i = 0; i < PR_ARRAY_SIZE(texts); i++)
		*texts[i] = pr_read_text(reader);
	event->pid = (pid_t)pr_read_u32(reader);
	event->uid = (uid_t)pr_read_u32(reader);
	event->n_parents = pr_read_u8(reader);
	if (event->n_parents > PR_ARRAY_SIZE(event->parents)) {
		event->n_parents = 0;
		reader->failed = true;
	}
	for (unsigned int i = 0; i < event->n_parents; i++) {
		event->parents[i].pid = (pid_t)pr_read_u32(reader);
		event->parents[i].path = pr_read_text(reader);
	}
}

static void write_entity(struct pr_writer *writer, const struct pr_event *event)
{
	pr_write_u8(writer, (uint8_t)event->direction);
	write_text(writer, event->domain);
	pr_write_u8(writer, (uint8_t)event->n_domains);
	for (unsigned int i = 0; i < event->n_domains; i++)
		write_text(writer, event->domains[i]);
	pr_write_u8(writer, (uint8_t)event->name_grade);
	pr_write_tuple(writer, &event->tuple);
	pr_write_address(writer, &event->remote);
	pr_write_u16(writer, event->port);
	pr_write_u8(writer, event->proto);
	pr_write_u8(writer, (uint8_t)event->scope);
	write_text(writer, event->country);
	write_text(writer, event->organisation);
	pr_write_u32(writer, event->asn);
	pr_write_u8(writer, (uint8_t)event->n_lists);
	for (unsigned int i = 0; i < event->n_lists; i++)
		write_text(writer, event->lists[i]);
	pr_write_u8(writer, (uint8_t)event->suspicions);
}

/* An enum's value, which is at most `max`. */
static unsigned int read_enum(struct pr_reader *reader, unsigned int max)
{
	unsigned int value = pr_read_u8(reader);

	if (value > max) {
		reader->failed = true;
		return 0;
	}
	return value;
}

static void read_entity(struct pr_reader *reader, struct pr_event *event)
{
	event->direction = (enum pr_direction)read_enum(reader, PR_DIRECTION_FORWARD);
	event->domain = pr_read_text(reader);
	event->n_domains = read_enum(reader, PR_SUBJECT_DOMAINS_MAX);
	for (unsigned int i = 0; i < event->n_domains; i++)
		event->domains[i] = pr_read_text(reader);
	event->name_grade = (enum pr_name_grade)read_enum(reader, PR_NAME_CLAIMED);
	event->tuple = pr_read_tuple(reader);
	event->remote = pr_read_address(reader);
	event->port = pr_read_u16(reader);
	event->proto = pr_read_u8(reader);
	event->scope = (enum pr_scope)read_enum(reader, PR_SCOPE_INTERNET);
	event->country = pr_read_text(reader);
	event->organisation = pr_read_text(reader);
	event->asn = pr_read_u32(reader);
	event->n_lists = read_enum(reader, PR_EVENT_LISTS_MAX);
	for (unsigned int i = 0; i < event->n_lists; i++)
		event->lists[i] = pr_read_text(reader);
	event->suspicions =
		read_enum(reader, PR_SUSPICION_GENERATED | PR_SUSPICION_TUNNEL | PR_SUSPICION_DOH);
}

static void write_seen(struct pr_writer *writer, const struct pr_event_seen *seen)
{
	const char *const texts[] = { seen->why,	 seen->version, seen->alpn,
				      seen->alpn_chosen, seen->ja4,	seen->certificate_name,
				      seen->issuer };

	pr_write_u8(writer, seen->any);
	if (!seen->any)
		return;
	pr_write_u8(writer, (uint8_t)seen->speaks);
	pr_write_u8(writer, (uint8_t)seen->encryption);
	pr_write_u32(writer, seen->flags);
	pr_write_u8(writer, seen->expired);
	pr_write_u8(writer, (uint8_t)seen->n_names);
	for (unsigned int i = 0; i < seen->n_names; i++)
		write_text(writer, seen->names[i]);
	for (size_t i = 0; i < PR_ARRAY_SIZE(texts); i++)
		write_text(writer, texts[i]);
	pr_write_u64(writer, (uint64_t)seen->not_before_s);
	pr_write_u64(writer, (uint64_t)seen->not_after_s);
}

static void read_seen(struct pr_reader *reader, struct pr_event_seen *seen)
{
	const char **const texts[] = { &seen->why,	   &seen->version, &seen->alpn,
				       &seen->alpn_chosen, &seen->ja4,	   &seen->certificate_name,
				       &seen->issuer };

	seen->any = read_enum(reader, true);
	if (!seen->any)
		return;
	seen->speaks = (enum pr_speaks)read_enum(reader, PR_SPEAKS_COUNT_ - 1);
	seen->encryption = (enum pr_encryption)read_enum(reader, PR_ENCRYPTION_YES);
	seen->flags = pr_read_u32(reader);
	seen->expired = read_enum(reader, true);
	seen->n_names = read_enum(reader, PR_SEEN_NAMES_MAX);
	for (unsigned int i = 0; i < seen->n_names; i++)
		seen->names[i] = pr_read_text(reader);
	for (size_t i = 0; i < PR_ARRAY_SIZE(texts); i++)
		*texts[i] = pr_read_text(reader);
	seen->not_before_s = (int64_t)pr_read_u64(reader);
	seen->not_after_s = (int64_t)pr_read_u64(reader);
}

static void write_decision(struct pr_writer *writer, const struct pr_event *event)
{
	pr_write_u8(writer,
		    (uint8_t)((event->decided ? FLAG_DECIDED : 0) | (event->ask ? FLAG_ASK : 0) |
			      (event->permanent ? FLAG_PERMANENT : 0) |
			      (event->grace ? FLAG_GRACE : 0) |
			      (event->counted ? FLAG_COUNTED : 0) | (event->old ? FLAG_OLD : 0) |
			      (event->ended ? FLAG_ENDED : 0)));
	pr_write_u8(writer, (uint8_t)event->stage);
	pr_write_u8(writer, (uint8_t)event->verdict);
	write_text(writer, event->reason);
	write_text(writer, event->rule);
	write_text(writer, event->rule_place);
	write_text(writer, event->tunnel);
	pr_write_u32(writer, event->missing);
	write_text(writer, event->missing_providers);
	pr_write_u32(writer, event->generation);
	write_text(writer, event->text);
	pr_write_u64(writer, event->bytes_sent);
	pr_write_u64(writer, event->bytes_received);
	pr_write_u64(writer, event->packets_sent);
	pr_write_u64(writer, event->packets_received);
	pr_write_u64(writer, event->duration_ms);
}

static void read_decision(struct pr_reader *reader, struct pr_event *event)
{
	unsigned int flags = read_enum(reader, FLAGS_ALL);

	event->decided = flags & FLAG_DECIDED;
	event->ask = flags & FLAG_ASK;
	event->permanent = flags & FLAG_PERMANENT;
	event->grace = flags & FLAG_GRACE;
	event->counted = flags & FLAG_COUNTED;
	event->old = flags & FLAG_OLD;
	event->ended = flags & FLAG_ENDED;
	event->stage = (enum pr_stage)read_enum(reader, PR_STAGE_INSPECTION);
	event->verdict = (enum pr_verdict)read_enum(reader, PR_VERDICT_REROUTE_TUNNEL);
	event->reason = pr_read_text(reader);
	event->rule = pr_read_text(reader);
	event->rule_place = pr_read_text(reader);
	event->tunnel = pr_read_text(reader);
	event->missing = pr_read_u32(reader);
	event->missing_providers = pr_read_text(reader);
	event->generation = pr_read_u32(reader);
	event->text = pr_read_text(reader);
	event->bytes_sent = pr_read_u64(reader);
	event->bytes_received = pr_read_u64(reader);
	event->packets_sent = pr_read_u64(reader);
	event->packets_received = pr_read_u64(reader);
	event->duration_ms = pr_read_u64(reader);
}

static void write_row(struct pr_writer *writer, const struct pr_event *event)
{
	pr_write_u8(writer, (uint8_t)event->prompt_state);
	pr_write_u64(writer, event->deadline_real_us);
	pr_write_u32(writer, event->n_communications);
	pr_write_u32(writer, event->n_links);
	pr_write_u64(writer, event->last_real_us);
}

static void read_row(struct pr_reader *reader, struct pr_event *event)
{
	event->prompt_state = (enum pr_prompt_state)read_enum(reader, PR_PROMPT_EXPIRED);
	event->deadline_real_us = pr_read_u64(reader);
	event->n_communications = pr_read_u32(reader);
	event->n_links = pr_read_u32(reader);
	event->last_real_us = pr_read_u64(reader);
}

size_t pr_event_encode(const struct pr_event *event, void *body, size_t size)
{
	struct pr_writer writer = pr_writer(body, size);

	pr_write_u8(&writer, (uint8_t)event->kind);
	pr_write_u64(&writer, event->real_us);
	pr_write_u64(&writer, event->id);
	pr_write_u64(&writer, event->communication);
	write_owner(&writer, event);
	write_entity(&writer, event);
	write_seen(&writer, &event->seen);
	write_decision(&writer, event);
	write_row(&writer, event);
	pr_write_u8(&writer, event->attacked);
	if (event->attacked)
		pr_attack_write(&writer, &event->attack);
	pr_assert(!writer.failed);
	return writer.position;
}

int pr_event_decode(const void *body, size_t len, struct pr_event *ret_event)
{
	struct pr_reader reader = pr_reader(body, len);
	struct pr_event event = { 0 };

	event.kind = (enum pr_event_kind)read_enum(&reader, PR_EVENT_SYSTEM);
	event.real_us = pr_read_u64(&reader);
	event.id = pr_read_u64(&reader);
	event.communication = pr_read_u64(&reader);
	read_owner(&reader, &event);
	read_entity(&reader, &event);
	read_seen(&reader, &event.seen);
	read_decision(&reader, &event);
	read_row(&reader, &event);
	event.attacked = read_enum(&reader, true);
	if (event.attacked)
		pr_attack_read(&reader, &event.attack);
	if (!pr_read_complete(&reader))
		return -EBADMSG;
	*ret_event = event;
	return 0;
}

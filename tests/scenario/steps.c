/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a line of a case does. The language: tests/scenario/README.md. */
#include "world.h"

#include "packet/parse.h"

#include <string.h>

/* process PID PATH [uid N] [start N] [script S] [unit U] [container C] [cgroup C] [inode N] [unproven] [kernel] */
static void step_process(struct world *world, char **words, unsigned int n)
{
	struct pr_process *process;
	const char *text;

	if (n < 2 || world->n_processes == PROCESSES_MAX) {
		world_fail(world, "process PID PATH");
		return;
	}
	text = step_option(words, n, "start");
	process = pr_process_new((pid_t)step_number(world, words[0]),
				 text ? step_number(world, text) : 1);
	process->exe_path = pr_strdup(words[1]);
	process->path_proven = !step_flag(words, n, "unproven");
	process->kernel_thread = step_flag(words, n, "kernel");
	text = step_option(words, n, "uid");
	process->uid = text ? (uid_t)step_number(world, text) : 1000;
	text = step_option(words, n, "inode");
	process->exe_inode = text ? step_number(world, text) : strlen(words[1]);
	process->script = step_copy_of(step_option(words, n, "script"));
	process->unit = step_copy_of(step_option(words, n, "unit"));
	process->container = step_copy_of(step_option(words, n, "container"));
	process->cgroup = step_copy_of(step_option(words, n, "cgroup"));
	world->processes[world->n_processes++] = process;
}

static enum pr_owner_outcome outcome_of(struct world *world, const char *word)
{
	static const char *const names[] = { "known", "wait", "none", "self", "kernel", "busy" };

	for (size_t i = 0; i < PR_ARRAY_SIZE(names); i++)
		if (step_is(word, names[i]))
			return (enum pr_owner_outcome)i;
	world_fail(world, "no such owner: %s", word);
	return PR_OWNER_NONE;
}

/* Takes "pid N" or "owner WORD" out of the words; what is left. */
static unsigned int take_owner(struct world *world, char **words, unsigned int n)
{
	world->owner = PR_OWNER_NONE;
	for (unsigned int i = 0; i + 1 < n; i++) {
		if (step_is(words[i], "pid")) {
			world->owner = PR_OWNER_KNOWN;
			world->owner_pid = (pid_t)step_number(world, words[i + 1]);
		} else if (step_is(words[i], "owner")) {
			world->owner = outcome_of(world, words[i + 1]);
		} else {
			continue;
		}
		memmove(&words[i], &words[i + 2], (n - i - 2) * sizeof(*words));
		return n - 2;
	}
	return n;
}

static void hand_up(struct world *world, const struct pr_intercepted *packet)
{
	struct pr_interception *interception = pr_scenario_interception(world->scenario);
	struct pr_verdict_order order;
	enum pr_engine_packet_outcome outcome;
	struct pr_intercepted again = *packet;
	struct pr_packet parsed;

	if (packet->hook != PR_HOOK_INPUT &&
	    pr_packet_parse(packet->bytes, packet->len, packet->wire_len, &parsed) == 0)
		world->sent[world->n_sent++ % PR_ARRAY_SIZE(world->sent)] = parsed.tuple;
	outcome = pr_engine_packet(world->engine, interception, packet, &order);
	if (outcome == PR_ENGINE_QUESTIONS_FIRST) {
		world_output(world, OUTPUT_LINE, "line questions-first");
		again.questions_read = true;
		outcome = pr_engine_packet(world->engine, interception, &again, &order);
	}
	pr_engine_settle(world->engine);
	if (outcome == PR_ENGINE_HELD)
		world_output(world, OUTPUT_PACKET, "held");
	else
		interception->operations->verdict(interception, packet, &order);
}

void step_packet(struct world *world, char **words, unsigned int n)
{
	struct pr_interception *interception = pr_scenario_interception(world->scenario);
	struct pr_intercepted packet;
	const char *error = "the queue is full";
	char line[OUTPUT_SIZE] = "";
	int r;

	n = take_owner(world, words, n);
	for (unsigned int i = 0; i < n; i++) {
		strncat(line, words[i], sizeof(line) - strlen(line) - 1);
		strncat(line, " ", sizeof(line) - strlen(line) - 1);
	}
	if (pr_scenario_packet(world->scenario, line, world->now_us, &error) < 0) {
		world_fail(world, "%s", error);
		return;
	}
	while ((r = interception->operations->next(interception, &packet, 1, 0)) > 0)
		hand_up(world, &packet);
}

/* flood N HOOK … with ports that count up from the source's: each in its own line's words */
static void step_flood(struct world *world, char **words, unsigned int n)
{
	unsigned int times = n > 4 ? (unsigned int)step_number(world, words[0]) : 0;
	char *port, source[128];
	unsigned long first;

	if (n < 5 || strlen(words[3]) >= sizeof(source) - 8 || !strrchr(words[3], ':')) {
		world_fail(world, "flood N HOOK PROTO SOURCE:PORT > DESTINATION");
		return;
	}
	strcpy(source, words[3]);
	port = strrchr(source, ':') + 1;
	first = strtoul(port, NULL, 10);
	for (unsigned int i = 0; i < times; i++) {
		char *again[WORDS_MAX];

		memcpy(again, words, n * sizeof(*words));
		snprintf(port, 8, "%lu", first + i);
		again[3] = source;
		step_packet(world, again + 1, n - 1);
	}
}

/* conntrack new|update|destroy TUPLE [reply TUPLE] [bytes N N] [packets N N] [unsure] */
static void step_conntrack(struct world *world, char **words, unsigned int n)
{
	struct pr_engine_conntrack event = { 0 };
	unsigned int at = 1;

	if (!n || step_tuple(words + 1, n - 1, &event.original) == 0) {
		world_fail(world, "conntrack new|update|destroy TUPLE");
		return;
	}
	event.event = step_is(words[0], "new")	    ? PR_LINK_EVENT_NEW
		      : step_is(words[0], "update") ? PR_LINK_EVENT_UPDATE
						    : PR_LINK_EVENT_DESTROY;
	event.reply = pr_tuple_reversed(&event.original);
	for (at = 5; at < n; at++) {
		if (step_is(words[at], "reply")) {
			at += step_tuple(words + at + 1, n - at - 1, &event.reply);
		} else if (step_is(words[at], "bytes") && at + 2 < n) {
			event.counted = true;
			event.bytes_original = step_number(world, words[at + 1]);
			event.bytes_reply = step_number(world, words[at + 2]);
			at += 2;
		} else if (step_is(words[at], "packets") && at + 2 < n) {
			event.packets_original = step_number(world, words[at + 1]);
			event.packets_reply = step_number(world, words[at + 2]);
			at += 2;
		} else if (step_is(words[at], "unsure")) {
			event.unsure_since_us = 1;
		}
	}
	pr_engine_conntrack(world->engine, &event, world->now_us);
}

/* question NAME TYPE [from ADDRESS:PORT] [to ADDRESS:PORT] [tcp] [pid N | owner WORD] [as APP [from-cache-alone]] */
static void step_question(struct world *world, char **words, unsigned int n)
{
	struct pr_asker asker = { .client = ++world->last_client };
	struct pr_asked asked = { .bytes = NULL };
	struct pr_engine_query query = { .uid = (uid_t)-1 };
	const char *from, *to, *sent_from;
	uint8_t bytes[512];
	bool upstream;
	size_t len;

	n = take_owner(world, words, n);
	upstream = !step_flag(words, n, "from-cache-alone");
	from = step_option(words, n, "from");
	to = step_option(words, n, "to");
	sent_from = step_option(words, n, "sent-from");
	world->sent_from.family = 0;
	asker.transport = step_flag(words, n, "tcp") ? PR_TRANSPORT_TCP : PR_TRANSPORT_UDP;
	len = n >= 2 ? dns_question(words[0], words[1], bytes, sizeof(bytes)) : 0;
	if (!len || !step_endpoint(from ? from : "10.0.0.2:5353", &asker.address, &asker.port) ||
	    !step_endpoint(to ? to : "127.0.0.1:53", &asker.local_address, &asker.local_port) ||
	    (sent_from && !step_endpoint(sent_from, &world->sent_from, &world->sent_from_port))) {
		world_fail(world, "question NAME TYPE");
		return;
	}
	if (!step_option(words, n, "as")) {
		asked = (struct pr_asked){ asker, bytes, len };
		pr_engine_questions(world->engine, &asked, 1, world->now_us);
		return;
	}
	query.app = step_option(words, n, "as");
	pr_engine_question_as(world->engine, asker.client, &query, upstream, bytes, len,
			      world->now_us);
}

/* owner-known pid N | none | …: answers the oldest request that was told to wait */
static void step_owner_known(struct world *world, char **words, unsigned int n)
{
	struct pr_process *process = NULL;
	enum pr_owner_outcome outcome = PR_OWNER_KNOWN;

	if (world->n_tickets_answered == world->n_tickets) {
		world_fail(world, "nobody waits for an owner");
		return;
	}
	if (n == 2 && step_is(words[0], "pid"))
		process = world_process(world, (pid_t)step_number(world, words[1]));
	else
		outcome = outcome_of(world, n ? words[0] : "");
	if (process)
		pr_process_reference(process);
	pr_engine_owner_known(world->engine, world->tickets[world->n_tickets_answered++], outcome,
			      process, world->now_us);
}

/* adopt out|in|forward [undecided] TUPLE [pid N | owner WORD] */
static void step_adopt(struct world *world, char **words, unsigned int n)
{
	struct pr_engine_adopted flow = { 0 };

	unsigned int at;

	n = take_owner(world, words, n);
	flow.undecided = n > 1 && step_is(words[1], "undecided");
	flow.to_nameserver = n > 1 && step_is(words[1], "rerouted");
	at = flow.undecided || flow.to_nameserver ? 2 : 1;
	if (n < 4 + at || !step_tuple(words + at, n - at, &flow.tuple)) {
		world_fail(world, "adopt DIRECTION TUPLE");
		return;
	}
	flow.direction = step_is(words[0], "out")  ? PR_DIRECTION_OUT
			 : step_is(words[0], "in") ? PR_DIRECTION_IN
						   : PR_DIRECTION_FORWARD;
	flow.owner = world->owner;
	if (world->owner == PR_OWNER_KNOWN)
		flow.process = pr_process_reference(world_process(world, world->owner_pid));
	pr_engine_adopt(world->engine, &flow, world->now_us);
}

static void step_generation(struct world *world, char **words, unsigned int n)
{
	pr_engine_generation_set(world->engine, n ? (uint32_t)step_number(world, words[0]) : 0,
				 world->now_us);
}

static void step_upstream(struct world *world, char **words, unsigned int n)
{
	dns_upstream(world, words, n);
}

/* tracked yes|no */
static void step_tracked(struct world *world, char **words, unsigned int n)
{
	world->tracked = n && step_is(words[0], "yes");
}

/* sync begin | sync end */
static void step_sync(struct world *world, char **words, unsigned int n)
{
	uint32_t cursor = 0;

	if (n && step_is(words[0], "begin"))
		pr_engine_conntrack_sync_begin(world->engine, world->now_us);
	else
		while (!pr_engine_conntrack_sync_end(world->engine, &cursor, world->now_us))
			;
}

/* hosts ADDRESS NAME [ADDRESS NAME…] */
static void step_hosts(struct world *world, char **words, unsigned int n)
{
	struct pr_engine_hosts_entry entries[WORDS_MAX / 2];
	size_t n_entries = 0;

	for (unsigned int i = 0; i + 1 < n; i += 2) {
		entries[n_entries].name = words[i + 1];
		if (pr_address_parse(words[i], &entries[n_entries].address) == 0)
			n_entries++;
	}
	pr_engine_hosts_set(world->engine, entries, n_entries, world->now_us);
}

/* restart: a new engine with the names of the old one, and nothing else */
static void step_restart(struct world *world, char **words, unsigned int n)
{
	(void)words;
	(void)n;
	free(world->saved);
	world->saved = NULL;
	if (pr_engine_names_save(world->engine, world->now_us, &world->saved, &world->saved_len) <
	    0)
		world_fail(world, "names can't be saved");
	pr_engine_free(world->engine);
	world_engine_start(world);
	if (pr_engine_names_load(world->engine, world->saved, world->saved_len, world->now_us) < 0)
		world_fail(world, "names can't be loaded");
	policy_compile(world);
}

static void step_resolver_restarted(struct world *world, char **words, unsigned int n)
{
	(void)words;
	(void)n;
	world->n_resolving = 0;
	pr_engine_resolver_restarted(world->engine);
}

static void step_watched(struct world *world, char **words, unsigned int n)
{
	if (n == 1)
		pr_engine_watched(world->engine, step_is(words[0], "yes"));
}

static void step_forget_answers(struct world *world, char **words, unsigned int n)
{
	(void)words;
	(void)n;
	pr_engine_answers_forget(world->engine, world->now_us);
}

/* upstreams public|private */
static void step_upstreams(struct world *world, char **words, unsigned int n)
{
	pr_engine_upstreams_public(world->engine, n && step_is(words[0], "public"));
}

/* pool [RANGE…]: there is a tunnel, with these ranges; pool none */
static void step_pool(struct world *world, char **words, unsigned int n)
{
	struct pr_pool_ranges ranges = { 0 };
	struct pr_prefix prefix;

	for (unsigned int i = 0; i < n; i++) {
		if (pr_prefix_parse(words[i], &prefix) != 0)
			continue;
		if (prefix.address.family == 4) {
			ranges.base4 = prefix.address;
			ranges.len4 = prefix.len;
		} else {
			ranges.base6 = prefix.address;
			ranges.len6 = prefix.len;
		}
	}
	pr_engine_pool_set(world->engine, n && step_is(words[0], "none") ? NULL : &ranges,
			   world->now_us);
}

/* limit NAME N, before anything else */
static void step_limit(struct world *world, char **words, unsigned int n)
{
	const struct {
		const char *name;
		uint32_t *limit;
	} limits[] = { { "links", &world->options.n_links_max },
		       { "communications", &world->options.n_communications_max },
		       { "names", &world->options.n_names_max },
		       { "instances", &world->options.n_instances_max },
		       { "parked", &world->options.n_parked_max },
		       { "prompts", &world->options.n_prompts_max },
		       { "inspection-bytes", &world->options.inspection_bytes_max } };

	if (n == 2 && step_is(words[0], "nameserver"))
		world->options.nameserver_port4 = (uint16_t)step_number(world, words[1]);
	if (n == 2 && step_is(words[0], "tunnel"))
		world->options.tunnel_port4 = (uint16_t)step_number(world, words[1]);
	if (n == 1 && step_is(words[0], "senders-unchecked"))
		world->options.senders_checked = false;
	for (size_t i = 0; n == 2 && i < PR_ARRAY_SIZE(limits); i++)
		if (step_is(words[0], limits[i].name))
			*limits[i].limit = (uint32_t)step_number(world, words[1]);
}

static const struct step {
	const char *name;
	void (*function)(struct world *world, char **words, unsigned int n);
	bool keeps_first_word;
} steps[] = {
	{ "out", step_packet, true },
	{ "in", step_packet, true },
	{ "forward", step_packet, true },
	{ "prerouting", step_packet, true },
	{ "flood", step_flood, false },
	{ "many", step_many, false },
	{ "opened", step_opened, false },
	{ "question", step_question, false },
	{ "upstream", step_upstream, false },
	{ "provider", step_provider, false },
	{ "owner-known", step_owner_known, false },
	{ "conntrack", step_conntrack, false },
	{ "tracked", step_tracked, false },
	{ "sync", step_sync, false },
	{ "adopt", step_adopt, false },
	{ "answer", step_answer, false },
	{ "rule", step_rule, false },
	{ "set", step_set, false },
	{ "unlink", step_unlink, false },
	{ "generation", step_generation, false },
	{ "cut", step_cut, false },
	{ "tunnel", step_tunnel, false },
	{ "rows", step_rows, false },
	{ "explain", step_explain, false },
	{ "hosts", step_hosts, false },
	{ "intel", intel_take, false },
	{ "upstreams", step_upstreams, false },
	{ "pool", step_pool, false },
	{ "restart", step_restart, false },
	{ "resolver-restarted", step_resolver_restarted, false },
	{ "forget-answers", step_forget_answers, false },
	{ "watched", step_watched, false },
};

static void act(struct world *world, char **words, unsigned int n)
{
	for (size_t i = 0; n && i < PR_ARRAY_SIZE(steps); i++) {
		unsigned int skip = steps[i].keeps_first_word ? 0 : 1;

		if (!step_is(words[0], steps[i].name))
			continue;
		steps[i].function(world, words + skip, n - skip);
		return;
	}
	if (n)
		world_fail(world, "no such step: %s", words[0]);
}

static uint64_t time_of(struct world *world, const char *text)
{
	unsigned long long value;
	char *unit;

	value = strtoull(text, &unit, 10);
	if (step_is(unit, "ms"))
		value *= 1000;
	else if (step_is(unit, "s"))
		value *= 1000000;
	else if (!step_is(unit, "us"))
		world_fail(world, "a time is a number with us, ms or s");
	return START_US + value;
}

static void start(struct world *world)
{
	if (world->engine)
		return;
	world_engine_start(world);
	pr_engine_generation_set(world->engine, 1, world->now_us);
}

void step_run(struct world *world, char **words, unsigned int n, const char *block)
{
	char name[160];

	if (step_is(words[0], "process")) {
		step_process(world, words + 1, n - 1);
	} else if (step_is(words[0], "limit")) {
		step_limit(world, words + 1, n - 1);
	} else if (step_is(words[0], "config")) {
		policy_file(world, "portreeve.conf", block);
	} else if (step_is(words[0], "profile") && n == 2) {
		snprintf(name, sizeof(name), "profiles/%s.conf", words[1]);
		policy_file(world, name, block);
	} else if (step_is(words[0], "list") && n >= 2) {
		intel_source(world, words + 1, n - 1, block);
	} else if (step_is(words[0], "country") || step_is(words[0], "asn")) {
		intel_source(world, words, n, block);
	} else if (step_is(words[0], "no-policy")) {
		world->has_policy = true;
	} else if (step_is(words[0], "expect")) {
		expect_run(world, words + 1, n - 1);
	} else if (step_is(words[0], "at") && n >= 2) {
		expect_nothing_left(world);
		start(world);
		if (!world->has_policy)
			policy_compile(world);
		if (time_of(world, words[1]) < world->now_us)
			world_fail(world, "time runs backwards");
		world_advance(world, time_of(world, words[1]));
		act(world, words + 2, n - 2);
	} else {
		world_fail(world, "no such line: %s", words[0]);
	}
}

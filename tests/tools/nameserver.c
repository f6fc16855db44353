/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The nameserver and the resolver process without an engine, for the system tests and the bench: listener, questions
 * and resolver are the daemon's own; the decisions come from the command line.
 *
 *     nameserver [--listen ADDRESS[%IFINDEX]@PORT]… [--upstream UPSTREAM]… [--file PATH]… [--own ADDRESS]…
 *                [--deny-name NAME]… [--deny-address PREFIX]… [--ask-name NAME]… [--zero|--refused] [--quiet]
 *
 * Says "ready" once it serves, and a line a conclusion unless --quiet. SIGTERM: prints its counters, ends.
 */
#include "base/clock.h"
#include "base/log.h"
#include "ipc/body.h"
#include "ipc/channel.h"
#include "nameserver/listener.h"
#include "nameserver/question.h"
#include "resolver/process.h"
#include "resolver/upstream.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIST_MAX   16
#define FILE_MAX   32768
#define TICK_MS	   50
#define HOLD_MS	   300
#define BODY_SIZE  PR_MESSAGE_BODY_MAX
#define N_LISTENED (2 * LIST_MAX)

struct list {
	const char *texts[LIST_MAX];
	unsigned int n;
};

struct tool {
	struct event_base *base;
	struct pr_listener *listener;
	struct pr_questions *questions;
	struct pr_channel *supervisor, *engine;
	struct list listen, upstreams, files, own, deny_names, deny_addresses, ask_names;
	struct pr_prefix denied[LIST_MAX];
	enum pr_dns_blocked blocked;
	bool quiet;
	uint64_t n_recorded, n_unsent;
};

static bool listed(const struct list *list, const struct pr_question_facts *facts)
{
	for (unsigned int i = 0; i < facts->n_names; i++)
		for (unsigned int j = 0; j < list->n; j++)
			if (pr_name_within(facts->names[i], list->texts[j]))
				return true;
	return false;
}

static void decide(void *context, struct pr_question *question, enum pr_stage stage,
		   const struct pr_question_facts *facts, struct pr_question_decision *ret_decision)
{
	struct tool *tool = context;
	enum pr_outcome outcome = PR_OUTCOME_PERMIT;

	question->application_key = pr_address_hash(&question->asker.address) | 1;
	if (listed(&tool->deny_names, facts))
		outcome = PR_OUTCOME_DENY;
	else if (listed(&tool->ask_names, facts))
		outcome = PR_OUTCOME_ASK;
	for (unsigned int i = 0; facts->address && i < tool->deny_addresses.n; i++)
		if (pr_prefix_contains(&tool->denied[i], facts->address))
			outcome = PR_OUTCOME_DENY;
	ret_decision->decision.outcome = outcome;
	ret_decision->hold_ms = HOLD_MS;
	ret_decision->blocked = tool->blocked;
	ret_decision->text = stage == PR_STAGE_BEFORE_INTEL ? "denied before" : "denied after";
}

static void resolve(void *context, uint64_t ticket, const uint8_t *bytes, size_t len)
{
	struct tool *tool = context;

	if (pr_channel_send(tool->engine, PR_MESSAGE_RESOLVE, ticket, bytes, len) != 0)
		tool->n_unsent++;
}

static void reply(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
	struct tool *tool = context;

	pr_listener_reply(tool->listener, client, bytes, len);
}

static void record(void *context, const struct pr_question *question,
		   const struct pr_question_facts *facts, uint32_t ttl_s)
{
	struct tool *tool = context;
	char text[PR_ADDRESS_TEXT_SIZE];

	(void)question;
	tool->n_recorded++;
	if (!tool->quiet)
		printf("record %s %s %u\n", pr_address_format(facts->address, text),
		       facts->names[facts->n_names - 1], ttl_s);
}

static void concluded(void *context, struct pr_question *question, enum pr_question_end end,
		      enum pr_stage stage, const struct pr_question_decision *decision)
{
	static const char *const ends[] = { "answered", "denied", "unanswered", "failed" };
	const struct tool *tool = context;
	char type[PR_DNS_TYPE_TEXT_SIZE], from[PR_ADDRESS_TEXT_SIZE], to[PR_ADDRESS_TEXT_SIZE];

	(void)decision;
	if (tool->quiet)
		return;
	printf("%s %s %s %s %s %s %s\n", ends[end],
	       stage == PR_STAGE_BEFORE_INTEL ? "before" : "after", question->name,
	       pr_dns_type_text(question->type, type),
	       question->asker.transport == PR_TRANSPORT_TCP ? "tcp" : "udp",
	       pr_address_format(&question->asker.address, from),
	       pr_address_format(&question->asker.local_address, to));
	fflush(stdout);
}

static void on_questions(void *context, const struct pr_asked *asked, unsigned int n)
{
	struct tool *tool = context;

	for (unsigned int i = 0; i < n; i++)
		pr_questions_ask(tool->questions, pr_clock_monotonic_us(), &asked[i].asker,
				 asked[i].bytes, asked[i].len);
}

static void on_resolver(evutil_socket_t fd, short what, void *context)
{
	struct tool *tool = context;
	struct pr_message message;
	int r;

	(void)fd;
	(void)what;
	while ((r = pr_channel_receive(tool->engine, &message)) == 0) {
		pr_questions_answer(tool->questions, pr_clock_monotonic_us(), message.ticket,
				    message.body, message.len);
		pr_message_done(&message);
	}
	if (r < 0)
		event_base_loopbreak(tool->base);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct tool *tool = context;

	(void)fd;
	(void)what;
	pr_questions_tick(tool->questions, pr_clock_monotonic_us());
}

static void on_term(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(((struct tool *)context)->base);
}

static _Noreturn void die(const char *what, int error)
{
	fprintf(stderr, "nameserver: %s: %s\n", what, strerror(-error));
	exit(1);
}

/* ADDRESS[%IFINDEX]@PORT, both transports. */
static void listen_on(const char *text, int *sockets, unsigned int *n)
{
	struct pr_upstream at;

	if (pr_upstream_parse(text, &at) < 0)
		die(text, -EINVAL);
	for (int transport = PR_TRANSPORT_UDP; transport <= PR_TRANSPORT_TCP; transport++) {
		int fd = pr_listener_socket(&at.address, at.port, if_nametoindex(at.zone),
					    (enum pr_transport)transport);

		if (fd < 0)
			die(text, fd);
		sockets[(*n)++] = fd;
	}
}

static void start_listener(struct tool *tool)
{
	const struct pr_listener_ports ports = { tool, on_questions };
	int sockets[N_LISTENED], r;
	unsigned int n = 0;

	for (unsigned int i = 0; i < tool->listen.n; i++)
		listen_on(tool->listen.texts[i], sockets, &n);
	r = pr_listener_new_take(tool->base, sockets, n, &ports, &tool->listener);
	if (r < 0)
		die("listener", r);
}

static const char *read_file(const char *path)
{
	static char texts[LIST_MAX][FILE_MAX];
	static unsigned int n;
	FILE *file = fopen(path, "r");
	size_t len = file ? fread(texts[n], 1, FILE_MAX - 1, file) : 0;

	if (!file)
		return NULL;
	fclose(file);
	texts[n][len] = '\0';
	return texts[n++];
}

/* A file of --file is told under its path, with what stands in front of it (--file ROOT:PATH) taken off. */
static void send_upstreams(struct tool *tool)
{
	static uint8_t body[BODY_SIZE];
	struct pr_pairs pairs = { .n = 0 };
	size_t len;

	for (unsigned int i = 0; i < tool->upstreams.n; i++)
		pr_pairs_add(&pairs, "upstream", tool->upstreams.texts[i]);
	for (unsigned int i = 0; i < tool->own.n; i++)
		pr_pairs_add(&pairs, "own", tool->own.texts[i]);
	for (unsigned int i = 0; i < tool->files.n; i++) {
		const char *colon = strchr(tool->files.texts[i], ':');
		char path[4096];
		const char *text;

		if (!colon)
			die(tool->files.texts[i], -EINVAL);
		snprintf(path, sizeof(path), "%.*s%s", (int)(colon - tool->files.texts[i]),
			 tool->files.texts[i], colon + 1);
		text = read_file(path);
		if (text)
			pr_pairs_add(&pairs, colon + 1, text);
	}
	len = pr_pairs_encode(&pairs, body, sizeof(body));
	if (!len || pr_channel_send(tool->supervisor, PR_MESSAGE_UPSTREAMS, 0, body, len) != 0)
		die("upstreams", -EIO);
}

static void start_resolver(struct tool *tool)
{
	static const uint8_t party[8] = { 0, 0, 0, PR_PARTY_ENGINE }; /* no PID */
	int to_supervisor[2], to_engine[2];
	pid_t pid;

	if (pr_channel_pair(to_supervisor) < 0 || pr_channel_pair(to_engine) < 0)
		die("socketpair", -errno);
	pid = fork();
	if (pid == 0) {
		const struct pr_resolver_config config = { 0 };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGTERM, SIG_IGN);
		close(to_supervisor[0]);
		close(to_engine[0]);
		close(to_engine[1]);
		pr_log_open("resolver", PR_LOG_INFO);
		_exit(pr_resolver_run(to_supervisor[1], &config) < 0);
	}
	close(to_supervisor[1]);
	tool->supervisor =
		pr_channel_new_take(to_supervisor[0], PR_PARTY_SUPERVISOR, PR_PARTY_RESOLVER);
	tool->engine = pr_channel_new_take(to_engine[0], PR_PARTY_ENGINE, PR_PARTY_RESOLVER);
	if (pr_channel_send_fds(tool->supervisor, PR_MESSAGE_CHANNEL, 0, party, sizeof(party),
				&to_engine[1], 1) != 0)
		die("channel", -EIO);
	close(to_engine[1]);
	send_upstreams(tool);
}

static void add(struct list *list, const char *text)
{
	if (list->n == LIST_MAX)
		die(text, -E2BIG);
	list->texts[list->n++] = text;
}

static void parse_options(struct tool *tool, int argc, char **argv)
{
	static const struct option options[] = {
		{ "listen", 1, NULL, 'l' },
		{ "upstream", 1, NULL, 'u' },
		{ "file", 1, NULL, 'f' },
		{ "own", 1, NULL, 'o' },
		{ "deny-name", 1, NULL, 'n' },
		{ "deny-address", 1, NULL, 'a' },
		{ "ask-name", 1, NULL, '?' + 256 },
		{ "zero", 0, NULL, 'z' },
		{ "refused", 0, NULL, 'r' },
		{ "quiet", 0, NULL, 'q' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'l':
			add(&tool->listen, optarg);
			break;
		case 'u':
			add(&tool->upstreams, optarg);
			break;
		case 'f':
			add(&tool->files, optarg);
			break;
		case 'o':
			add(&tool->own, optarg);
			break;
		case 'n':
			add(&tool->deny_names, optarg);
			break;
		case 'a':
			add(&tool->deny_addresses, optarg);
			if (pr_prefix_parse(optarg, &tool->denied[tool->deny_addresses.n - 1]) < 0)
				die(optarg, -EINVAL);
			break;
		case '?' + 256:
			add(&tool->ask_names, optarg);
			break;
		case 'z':
			tool->blocked = PR_DNS_ZERO;
			break;
		case 'r':
			tool->blocked = PR_DNS_REFUSED;
			break;
		case 'q':
			tool->quiet = true;
			break;
		default:
			exit(2);
		}
	}
}

static void print_counters(struct tool *tool)
{
	const struct pr_questions_counters *c = pr_questions_counters(tool->questions);
	struct pr_listener_counters l;

	pr_listener_counters(tool->listener, &l);
	printf("asked=%llu malformed=%llu duplicates=%llu full=%llu coalesced=%llu answered=%llu "
	       "denied=%llu unanswered=%llu failed=%llu late=%llu recorded=%llu unsent=%llu "
	       "left=%u\n",
	       (unsigned long long)c->asked, (unsigned long long)c->malformed,
	       (unsigned long long)c->duplicates, (unsigned long long)c->refused_full,
	       (unsigned long long)c->coalesced, (unsigned long long)c->answered,
	       (unsigned long long)c->denied, (unsigned long long)c->unanswered,
	       (unsigned long long)c->failed, (unsigned long long)c->late_answers,
	       (unsigned long long)tool->n_recorded, (unsigned long long)tool->n_unsent,
	       pr_questions_count(tool->questions));
	printf("udp=%llu tcp=%llu replies=%llu none=%llu dropped-full=%llu dropped-send=%llu "
	       "connections=%llu refused=%llu idle=%llu\n",
	       (unsigned long long)l.questions_udp, (unsigned long long)l.questions_tcp,
	       (unsigned long long)l.replies, (unsigned long long)l.unanswered,
	       (unsigned long long)l.dropped_full, (unsigned long long)l.dropped_send,
	       (unsigned long long)l.connections, (unsigned long long)l.connections_refused,
	       (unsigned long long)l.connections_idle);
}

int main(int argc, char **argv)
{
	struct tool tool = { .blocked = PR_DNS_NXDOMAIN };
	const struct pr_question_ports ports = { .context = &tool,
						 .decide = decide,
						 .resolve = resolve,
						 .reply = reply,
						 .record = record,
						 .concluded = concluded };
	const struct timeval interval = { .tv_usec = TICK_MS * 1000 };

	parse_options(&tool, argc, argv);
	pr_log_open("nameserver", PR_LOG_INFO);
	start_resolver(&tool);
	tool.base = event_base_new();
	tool.questions = pr_questions_new(&ports);
	start_listener(&tool);
	event_add(event_new(tool.base, pr_channel_fd(tool.engine), EV_READ | EV_PERSIST,
			    on_resolver, &tool),
		  NULL);
	event_add(event_new(tool.base, -1, EV_PERSIST, on_tick, &tool), &interval);
	event_add(evsignal_new(tool.base, SIGTERM, on_term, &tool), NULL);
	puts("ready");
	fflush(stdout);
	event_base_dispatch(tool.base);
	print_counters(&tool);
	fflush(stdout);
	_exit(0);
}

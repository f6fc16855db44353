/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel edge without an engine: puts the table in force, decides packets by simple rules, does what its
 * standard input says. For the system tests and the bench.
 *
 *    edge [OPTION=VALUE]… [RULE]…
 *    RULE: HOOK,PROTO,PORT,VERDICT     HOOK out in forward before *, PROTO tcp udp icmp N *, PORT N *,
 *                                      VERDICT accept block drop nameserver tunnel, behind it `!` = permanent,
 *                                      `?` = what carries no payload needn't come by
 *
 * The first rule that matches counts, without one the packet is dropped. A port matches either port. Commands,
 * each answered by one line: raise, refill, forget, state, counters, cut, clear, rules RULE…, ended (the last
 * entry that conntrack told the end of), own ADDRESS (its class), sent SRC PORT DST PORT PROTO (what was sent where
 * that arrived: the tuple before NAT), hang, quit. With pool4=, pool6= (prefixes) and routes=1 local routes lead there.
 */
#include "base/clock.h"
#include "kernel/conntrack.h"
#include "kernel/cut.h"
#include "kernel/nfqueue.h"
#include "kernel/nftables.h"
#include "kernel/route.h"
#include "kernel/rtnetlink.h"
#include "packet/parse.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define RULES_MAX 32
#define ANY	  (-1)

struct rule {
	int hook, proto, port;
	enum pr_verdict verdict;
	bool permanent, payload_only;
};

static struct {
	pthread_mutex_t lock;
	struct rule rules[RULES_MAX];
	unsigned int n_rules;
	uint32_t generation;
	uint64_t n_decided[4];		 /* by hook */
	size_t longest, longest_on_wire; /* packet: what was seen, what it was */
} shared = { .lock = PTHREAD_MUTEX_INITIALIZER, .generation = 1 };

static struct pr_nftables *nftables;
static struct pr_conntrack *conntrack, *events;
static struct pr_conntrack_entry last_ended;
static uint64_t n_begun, n_ended;
static struct pr_cut *cut;
static struct pr_ruleset_config config;
static struct pr_interception *workers[PR_RULESET_QUEUES_MAX];
static struct pr_conntrack_sysctls sysctls = { -1, -1 };
static int proc_fd = -1, sysctl_fd = -1;
static bool unbatched, no_table;
static uint32_t copy_len;
static bool cutting; /* what is denied in forward is reset both ways */
static bool routes;
static int hang;

static int word_of(const char *text, const char *const *words, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	return -1;
}

static int number_of(const char *text)
{
	return strcmp(text, "*") == 0 ? ANY : (int)strtol(text, NULL, 0);
}

static bool parse_rule(char *text, struct rule *rule)
{
	static const char *const hooks[] = { "out", "in", "forward", "before" };
	static const char *const verdicts[] = { "accept", "block", "drop", "nameserver", "tunnel" };
	char *hook = strsep(&text, ","), *proto = strsep(&text, ","), *port = strsep(&text, ",");
	char mark;
	int verdict;

	if (!text)
		return false;
	mark = text[strcspn(text, "!?")];
	text[strcspn(text, "!?")] = 0;
	verdict = word_of(text, verdicts, PR_ARRAY_SIZE(verdicts));
	if (verdict < 0)
		return false;
	*rule = (struct rule){
		.hook = word_of(hook, hooks, 4),
		.proto = strcmp(proto, "tcp") == 0    ? IPPROTO_TCP
			 : strcmp(proto, "udp") == 0  ? IPPROTO_UDP
			 : strcmp(proto, "icmp") == 0 ? IPPROTO_ICMP
						      : number_of(proto),
		.port = number_of(port),
		.verdict = (enum pr_verdict)verdict,
		.permanent = mark == '!',
		.payload_only = mark == '?',
	};
	return true;
}

static bool matches(const struct rule *rule, const struct pr_intercepted *packet,
		    const struct pr_packet *parsed)
{
	uint8_t proto = parsed->tuple.proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : parsed->tuple.proto;

	return (rule->hook == ANY || rule->hook == (int)packet->hook) &&
	       (rule->proto == ANY || rule->proto == proto) &&
	       (rule->port == ANY || rule->port == parsed->tuple.dst_port ||
		rule->port == parsed->tuple.src_port);
}

static struct pr_verdict_order decide(const struct pr_intercepted *packet)
{
	struct pr_verdict_order order = { .verdict = PR_VERDICT_DROP };
	struct pr_packet parsed;

	if (pr_packet_parse(packet->bytes, packet->len, packet->wire_len, &parsed) != 0)
		return order;
	pthread_mutex_lock(&shared.lock);
	shared.n_decided[packet->hook]++;
	if (packet->wire_len >= shared.longest_on_wire) {
		shared.longest = packet->len;
		shared.longest_on_wire = packet->wire_len;
	}
	order.generation = shared.generation;
	for (unsigned int i = 0; i < shared.n_rules; i++) {
		if (!matches(&shared.rules[i], packet, &parsed))
			continue;
		order.verdict = shared.rules[i].verdict;
		order.payload_only = shared.rules[i].payload_only;
		order.permanent = shared.rules[i].permanent && !parsed.icmp_error;
		break;
	}
	if (cutting && packet->hook == PR_HOOK_FORWARD && order.verdict == PR_VERDICT_DROP &&
	    pr_cut_forwarded(cut, &parsed) < 0)
		fprintf(stderr, "no reset could be sent\n");
	pthread_mutex_unlock(&shared.lock);
	return order;
}

static void *work(void *argument)
{
	struct pr_interception *interception = argument;
	struct pr_intercepted packets[PR_NFQUEUE_BATCH];

	for (;;) {
		int n = interception->operations->next(interception, packets, PR_NFQUEUE_BATCH, -1);

		if (n < 0)
			break;
		while (__atomic_load_n(&hang, __ATOMIC_RELAXED))
			poll(NULL, 0, 10);
		for (int i = 0; i < n; i++) {
			struct pr_verdict_order order = decide(&packets[i]);

			interception->operations->verdict(interception, &packets[i], &order);
		}
		interception->operations->flush(interception);
	}
	return NULL;
}

static bool pool(const char *text, struct pr_address *base, uint8_t *len)
{
	struct pr_prefix prefix;

	if (pr_prefix_parse(text, &prefix) < 0)
		return false;
	*base = prefix.address;
	*len = prefix.len;
	return true;
}

static bool option(char *text)
{
	char *value = strchr(text, '=');
	uint32_t number;

	if (!value)
		return false;
	*value++ = 0;
	number = (uint32_t)strtoul(value, NULL, 0);
	if (strcmp(text, "mask") == 0)
		config.mark_mask = number;
	else if (strcmp(text, "queues") == 0)
		config.n_queues = (uint16_t)number;
	else if (strcmp(text, "first") == 0)
		config.queue_first = (uint16_t)number;
	else if (strcmp(text, "own") == 0)
		config.own_uids[config.n_own_uids++] = number;
	else if (strcmp(text, "reset") == 0)
		config.reset_uid = number;
	else if (strcmp(text, "port") == 0)
		config.nameserver_port4 = config.nameserver_port6 = (uint16_t)number;
	else if (strcmp(text, "forwarded") == 0)
		config.forwarded_questions = number;
	else if (strcmp(text, "tunnel") == 0)
		config.tunnel_port4 = config.tunnel_port6 = (uint16_t)number;
	else if (strcmp(text, "forwarded_tunnel") == 0)
		config.forwarded_tunnel = number;
	else if (strcmp(text, "pool4") == 0)
		return pool(value, &config.pool4, &config.pool4_len);
	else if (strcmp(text, "pool6") == 0)
		return pool(value, &config.pool6, &config.pool6_len);
	else if (strcmp(text, "routes") == 0)
		routes = number;
	else if (strcmp(text, "infrastructure") == 0)
		config.infrastructure = number;
	else if (strcmp(text, "keep") == 0)
		config.keep = (enum pr_ruleset_keep)number;
	else if (strcmp(text, "denied_ms") == 0)
		config.denied_timeout_ms = number;
	else if (strcmp(text, "denied_max") == 0)
		config.n_denied_max = number;
	else if (strcmp(text, "unbatched") == 0)
		unbatched = number;
	else if (strcmp(text, "copy") == 0)
		copy_len = number;
	else if (strcmp(text, "cutting") == 0)
		cutting = number;
	else if (strcmp(text, "no_table") == 0)
		no_table = number;
	else
		return false;
	return true;
}

static int failed(const char *what, int r, const char *text)
{
	printf("failed %s %d %s\n", what, r, text);
	return 1;
}

static int open_queues(void)
{
	for (uint16_t i = 0; i < config.n_queues; i++) {
		struct pr_nfqueue_config queue = {
			.mark_mask = config.mark_mask,
			.queue = (uint16_t)(config.queue_first + i),
			.with_untracked = i == 0,
			.untracked_queue = (uint16_t)(config.queue_first + config.n_queues),
			.unbatched = unbatched,
			.copy_len = copy_len,
		};
		pthread_t thread;
		int r = pr_nfqueue_open(&queue, &workers[i]);

		if (r != 0)
			return failed("queue", r, pr_nfqueue_outcome_text(r));
		if (pthread_create(&thread, NULL, work, workers[i]) != 0)
			return failed("thread", 0, "");
	}
	return 0;
}

static void say_state(void)
{
	struct pr_nftables_state state = { 0 };
	int r = pr_nftables_state(nftables, &state);

	printf("{\"result\":%d,\"in_force\":%d,\"keep\":%d,\"generation\":%u,\"denied\":%u,"
	       "\"gone\":%llu,"
	       "\"gone_us\":%llu}\n",
	       r, state.in_force, (int)state.keep, state.generation, state.n_denied,
	       (unsigned long long)state.n_gone, (unsigned long long)state.gone_us);
}

static void say_counters(void)
{
	struct pr_nfqueue_kernel_counters sum = { 0 };
	unsigned long long lost = 0;

	for (uint16_t i = 0; i <= config.n_queues; i++) {
		struct pr_nfqueue_kernel_counters one;

		if (pr_nfqueue_kernel_counters(proc_fd, (uint16_t)(config.queue_first + i), &one))
			continue;
		sum.n_queued += one.n_queued;
		sum.n_waiting += one.n_waiting;
		sum.n_dropped_full += one.n_dropped_full;
		sum.n_dropped_buffer += one.n_dropped_buffer;
		if (i < config.n_queues) {
			struct pr_nfqueue_counters ours;

			pr_nfqueue_counters(workers[i], &ours);
			lost += ours.n_verdicts_lost;
		}
	}
	printf("{\"queued\":%u,\"waiting\":%u,\"full\":%u,\"buffer\":%u,\"lost\":%llu,\"out\":%llu,"
	       "\"in\":%llu,\"forward\":%llu,\"before\":%llu,\"longest\":%zu,"
	       "\"longest_on_wire\":%zu}\n",
	       sum.n_queued, sum.n_waiting, sum.n_dropped_full, sum.n_dropped_buffer, lost,
	       (unsigned long long)shared.n_decided[PR_HOOK_OUTPUT],
	       (unsigned long long)shared.n_decided[PR_HOOK_INPUT],
	       (unsigned long long)shared.n_decided[PR_HOOK_FORWARD],
	       (unsigned long long)shared.n_decided[PR_HOOK_PREROUTING], shared.longest,
	       shared.longest_on_wire);
}

/* cut DIRECTION SRC PORT DST PORT PROTO */
static void do_cut(char *arguments)
{
	static const char *const directions[] = { "out", "in", "forward" };
	struct pr_cut_done done = { 0 };
	struct pr_tuple tuple = { 0 };
	char *words[6] = { 0 };
	int direction, r;

	for (int i = 0; i < 6; i++)
		words[i] = strsep(&arguments, " ");
	if (!words[5] || pr_address_parse(words[1], &tuple.src) ||
	    pr_address_parse(words[3], &tuple.dst)) {
		printf("usage\n");
		return;
	}
	direction = word_of(words[0], directions, 3);
	tuple.src_port = (uint16_t)number_of(words[2]);
	tuple.dst_port = (uint16_t)number_of(words[4]);
	tuple.proto = (uint8_t)number_of(words[5]);
	if (direction == PR_DIRECTION_FORWARD)
		r = pr_cut_expect(cut, &tuple);
	else
		r = pr_cut_link(cut, &tuple, (enum pr_direction)direction, false, shared.generation,
				&done);
	printf("{\"result\":%d,\"sockets\":%u,\"marked\":%d}\n", r, done.n_sockets, done.marked);
}

static void heard(void *context, const struct pr_conntrack_entry *entry)
{
	(void)context;
	n_begun += entry->kind == PR_CONNTRACK_NEW;
	if (entry->kind != PR_CONNTRACK_DESTROY)
		return;
	n_ended++;
	last_ended = *entry;
}

static void say_ended(void)
{
	char src[PR_ADDRESS_TEXT_SIZE], dst[PR_ADDRESS_TEXT_SIZE];

	printf("{\"begun\":%llu,\"ended\":%llu,\"src\":\"%s\",\"dst\":\"%s\",\"proto\":%u,"
	       "\"counted\":%d,\"packets\":[%llu,%llu],\"bytes\":[%llu,%llu]}\n",
	       (unsigned long long)n_begun, (unsigned long long)n_ended,
	       pr_address_format(&last_ended.original.src, src),
	       pr_address_format(&last_ended.original.dst, dst), last_ended.original.proto,
	       last_ended.counted, (unsigned long long)last_ended.packets_original,
	       (unsigned long long)last_ended.packets_reply,
	       (unsigned long long)last_ended.bytes_original,
	       (unsigned long long)last_ended.bytes_reply);
}

static void say_own(const char *text)
{
	static struct pr_own_addresses own;
	struct pr_rtnetlink *rtnetlink = NULL;
	struct pr_address address;
	int r = pr_rtnetlink_open(&rtnetlink);

	if (r == 0)
		r = pr_rtnetlink_own_addresses(rtnetlink, &own, NULL);
	if (r == 0)
		r = pr_address_parse(text, &address);
	if (r == 0)
		printf("{\"class\":\"%s\",\"own\":%u,\"on_link\":%u}\n",
		       pr_class_name(pr_class_of(&address, &own)), own.n_own, own.n_on_link);
	else
		printf("{\"result\":%d}\n", r);
	pr_rtnetlink_free(rtnetlink);
}

/* sent SRC PORT DST PORT PROTO */
static void say_sent(char *arguments)
{
	char src[PR_ADDRESS_TEXT_SIZE], dst[PR_ADDRESS_TEXT_SIZE];
	struct pr_conntrack_entry entry = { 0 };
	struct pr_tuple answers = { 0 };
	char *words[5] = { 0 };
	int r;

	for (size_t i = 0; i < PR_ARRAY_SIZE(words); i++)
		words[i] = strsep(&arguments, " ");
	if (!words[4] || pr_address_parse(words[2], &answers.src) ||
	    pr_address_parse(words[0], &answers.dst)) {
		printf("usage\n");
		return;
	}
	answers.src_port = (uint16_t)number_of(words[3]);
	answers.dst_port = (uint16_t)number_of(words[1]);
	answers.proto = (uint8_t)number_of(words[4]);
	r = pr_conntrack_find(conntrack, &answers, &entry);
	printf("{\"result\":%d,\"src\":\"%s\",\"src_port\":%u,\"dst\":\"%s\",\"dst_port\":%u}\n", r,
	       pr_address_format(&entry.original.src, src), entry.original.src_port,
	       pr_address_format(&entry.original.dst, dst), entry.original.dst_port);
}

static int add_routes(void)
{
	int r = pr_route_local_clear();

	if (r == 0 && routes && config.pool4.family)
		r = pr_route_local_add(&config.pool4, config.pool4_len);
	if (r == 0 && routes && config.pool6.family)
		r = pr_route_local_add(&config.pool6, config.pool6_len);
	return r;
}

static void set_rules(char *text)
{
	struct rule rules[RULES_MAX];
	unsigned int n = 0;
	char *word;

	while ((word = strsep(&text, " ")) && n < RULES_MAX)
		n += parse_rule(word, &rules[n]);
	pthread_mutex_lock(&shared.lock);
	memcpy(shared.rules, rules, sizeof(rules));
	shared.n_rules = n;
	pthread_mutex_unlock(&shared.lock);
	printf("%u\n", n);
}

static void raise_generation(void)
{
	uint32_t generation = pr_mark_generation_next(config.generation);
	struct pr_mark_fields fields = { .generation = (uint8_t)generation };
	struct pr_conntrack_selector selector = { pr_mark_generation_mask(config.mark_mask),
						  pr_mark_link(config.mark_mask, &fields) };
	uint64_t start_us = pr_clock_monotonic_us();
	int r = pr_conntrack_clear(conntrack, &selector, selector.mask, NULL);

	if (r == 0)
		r = pr_nftables_raise(nftables, generation);
	if (r == 0) {
		config.generation = generation;
		pthread_mutex_lock(&shared.lock);
		shared.generation = generation;
		pthread_mutex_unlock(&shared.lock);
	}
	printf("{\"result\":%d,\"generation\":%u,\"us\":%llu}\n", r, generation,
	       (unsigned long long)(pr_clock_monotonic_us() - start_us));
}

static bool command(char *line)
{
	char *word = strsep(&line, " ");

	if (strcmp(word, "quit") == 0)
		return false;
	if (strcmp(word, "raise") == 0)
		raise_generation();
	else if (strcmp(word, "refill") == 0)
		printf("%d\n", pr_nftables_refill(nftables, &config));
	else if (strcmp(word, "forget") == 0)
		printf("%d\n", pr_nftables_forget_denied(nftables) |
				       pr_conntrack_forget_denied(conntrack, config.mark_mask));
	else if (strcmp(word, "clear") == 0)
		printf("%d\n",
		       pr_conntrack_clear(conntrack, &(struct pr_conntrack_selector){ 0, 0 },
					  config.mark_mask, NULL));
	else if (strcmp(word, "state") == 0)
		say_state();
	else if (strcmp(word, "counters") == 0)
		say_counters();
	else if (strcmp(word, "rules") == 0)
		set_rules(line);
	else if (strcmp(word, "cut") == 0)
		do_cut(line);
	else if (strcmp(word, "ended") == 0)
		say_ended();
	else if (strcmp(word, "own") == 0)
		say_own(line);
	else if (strcmp(word, "sent") == 0)
		say_sent(line);
	else if (strcmp(word, "hang") == 0)
		printf("%d\n", __atomic_xor_fetch(&hang, 1, __ATOMIC_RELAXED));
	else
		printf("unknown\n");
	fflush(stdout);
	return true;
}

static void serve(void)
{
	struct pollfd fds[3] = { { .fd = STDIN_FILENO, .events = POLLIN },
				 { .fd = pr_nftables_watch_fd(nftables), .events = POLLIN },
				 { .fd = pr_conntrack_fd(events), .events = POLLIN } };
	char line[1024];
	bool all;

	for (;;) {
		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[1].revents && pr_nftables_watch_dispatch(nftables, NULL, NULL) < 0)
			return;
		if (fds[2].revents && pr_conntrack_dispatch(events, heard, NULL, &all) < 0)
			return;
		if (!fds[0].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return;
		line[strcspn(line, "\n")] = 0;
		if (!command(line))
			return;
	}
}

int main(int argc, char **argv)
{
	int r;

	setvbuf(stdin, NULL, _IONBF, 0);
	config = pr_ruleset_config_default();
	for (int i = 1; i < argc; i++) {
		if (!option(argv[i]) && (shared.n_rules == RULES_MAX ||
					 !parse_rule(argv[i], &shared.rules[shared.n_rules++])))
			return failed("usage", 0, argv[i]);
	}
	shared.generation = config.generation;
	sysctl_fd = open("/proc/sys/net/netfilter", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (pr_conntrack_sysctls_on(sysctl_fd, &sysctls) < 0)
		sysctls = (struct pr_conntrack_sysctls){ -1, -1 };
	proc_fd = open("/proc/self/net/netfilter/nfnetlink_queue", O_RDONLY | O_CLOEXEC);
	r = pr_nftables_open(&nftables);
	if (r != 0)
		return failed("open", r, pr_nftables_lacking(nftables));
	if (open_queues() != 0)
		return 1;
	r = pr_conntrack_open(true, &events);
	if (r == 0)
		r = pr_conntrack_open(false, &conntrack);
	if (r == 0)
		r = pr_conntrack_clear(conntrack, &(struct pr_conntrack_selector){ 0, 0 },
				       config.mark_mask, NULL);
	if (r == 0)
		r = pr_cut_open(conntrack, config.mark_mask, config.reset_uid, &cut);
	if (r != 0)
		return failed("conntrack", r, "");
	r = add_routes();
	if (r != 0)
		return failed("routes", r, "");
	if (!no_table)
		r = pr_nftables_install(nftables, &config);
	if (r != 0)
		return failed("install", r, pr_nftables_lacking(nftables));
	printf("ready\n");
	fflush(stdout);
	serve();
	pr_conntrack_sysctls_restore(sysctl_fd, &sysctls);
	if (routes && pr_route_local_clear() != 0)
		return failed("clear", 0, "");
	r = pr_nftables_remove(nftables);
	return r == 0 ? 0 : failed("remove", r, "");
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who owns a socket, without a daemon: loads the BPF programs, puts the match into a table of its own that
 * passes everything, and answers questions from its standard input, one line of JSON each.
 *
 *    who [--cgroup=DIR] [--no-bpf] [--no-match] [--no-diag]
 *
 *    find DIRECTION PROTO SRC SPORT DST DPORT [IFINDEX]   the owner, and the process
 *    client PROTO SRC SPORT DST DPORT                     the same for a question's client
 *    unprivileged DIRECTION PROTO SRC SPORT DST DPORT     the owner, asked by nobody with CAP_NET_ADMIN only
 *    dump                                                 all sockets with their owners
 *    look                                                 take in what BPF reported; counters
 *    adopt                                                sockets and processes that run already
 */
#include "kernel/bpf.h"
#include "kernel/nft_batch.h"
#include "kernel/owner.h"
#include "kernel/sock_diag.h"
#include "process/codec.h"
#include "process/identity.h"

#include <cap-ng.h>
#include <jansson.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TABLE	    "who"
#define TABLE_OWNER 2 /* NFT_TABLE_F_OWNER */
#define NOBODY	    65534

static struct {
	struct pr_bpf *bpf;
	struct pr_identity_reader *reader;
	struct pr_owner_finder finder;
	int table_fd;
	unsigned int n_exec, n_fork, n_exit;
} who = { .finder = { .maps = { -1, -1, -1 }, .diag_fd = -1 }, .table_fd = -1 };

static void die(const char *what, int r)
{
	fprintf(stderr, "who: %s: %s\n", what, strerror(-r));
	exit(1);
}

static void install_table(void)
{
	struct pr_nft_chain chain = { .name = "out", .type = "filter", .hook = NF_INET_LOCAL_OUT };
	struct pr_nft_batch batch;
	const char *hint = NULL;
	int r;

	who.table_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (who.table_fd < 0)
		die("netlink", -errno);
	pr_nft_batch_init(&batch, 1, false);
	pr_nft_table(&batch, TABLE, TABLE_OWNER, NULL);
	pr_nft_chain(&batch, TABLE, &chain);
	pr_nft_rule(&batch, TABLE, "out");
	pr_nft_bpf(&batch, pr_bpf_match_fd(who.bpf));
	pr_nft_end(&batch);
	r = pr_nft_batch_send(&batch, who.table_fd, &hint);
	if (r < 0)
		die(hint ? hint : "nftables", r);
	pr_nft_batch_done(&batch);
}

static void on_event(void *context, const struct pr_bpf_event *event, size_t len)
{
	(void)context;
	who.n_exec += event->kind == PR_BPF_EVENT_EXEC;
	who.n_fork += event->kind == PR_BPF_EVENT_FORK;
	who.n_exit += event->kind == PR_BPF_EVENT_EXIT;
	pr_identity_event(who.reader, event, len);
}

static void look(void)
{
	if (who.bpf && pr_bpf_drain(who.bpf, on_event, NULL) < 0)
		die("ring buffer", -EIO);
}

/* ---- answers ---- */

static json_t *text_or_null(const char *text)
{
	json_t *made = text ? json_string(text) : NULL;

	return made ? made : json_null();
}

static void say(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	printf("%s\n", text);
	fflush(stdout);
	free(text);
	json_decref(object);
}

static json_t *owner_json(int found, const struct pr_owner *owner)
{
	static const char *const names[] = { "found", "ask", "nobody", "kernel" };

	if (found == PR_OWNER_NOBODY || found == PR_OWNER_OF_KERNEL)
		return json_pack("{ss}", "owner", names[found]);
	return json_pack("{ss ss si sI si sI sI sb sb ss sI}", "owner", names[found], "rung",
			 pr_rung_name(owner->rung), "pid", (int)owner->pid, "start",
			 (json_int_t)owner->start_time, "uid", (int)owner->uid, "cookie",
			 (json_int_t)owner->cookie, "inode", (json_int_t)owner->inode, "foreign",
			 owner->foreign, "listener", owner->listener, "comm", owner->hint.comm,
			 "cgroup_id", (json_int_t)owner->hint.cgroup_id);
}

static json_t *process_json(const struct pr_process *process)
{
	json_t *parents = json_array();

	for (unsigned int i = 0; i < process->n_parents; i++)
		json_array_append_new(parents, json_integer(process->parents[i].pid));
	return json_pack("{si sI si so sb so so so so so so so sb so}", "pid", process->pid,
			 "start", (json_int_t)process->start_time, "uid", (int)process->uid, "path",
			 text_or_null(process->exe_path), "proven", process->path_proven, "cmdline",
			 text_or_null(process->cmdline), "user", text_or_null(process->user),
			 "cgroup", text_or_null(process->cgroup), "unit",
			 text_or_null(process->unit), "container", text_or_null(process->container),
			 "script", text_or_null(process->script), "package",
			 text_or_null(process->package), "foreign", process->foreign_namespace,
			 "parents", parents);
}

/* As the engine and the supervisor would: everything passes the codecs. */
static json_t *identify(const struct pr_owner *owner)
{
	uint8_t owner_bytes[PR_OWNER_CODE_SIZE], bytes[PR_PROCESS_CODE_MAX];
	struct pr_process *process = NULL, *copy = NULL;
	struct pr_owner asked;
	json_t *made;
	size_t len;
	int r;

	pr_owner_encode(owner, owner_bytes);
	r = pr_owner_decode(owner_bytes, sizeof(owner_bytes), &asked);
	if (r < 0)
		die("owner", r);
	look();
	r = pr_identity_find(who.reader, &asked, &process);
	if (r < 0)
		die("identity", r);
	if (r == PR_IDENTITY_GONE)
		return json_null();
	len = pr_process_encode(process, bytes, sizeof(bytes));
	r = pr_process_decode(bytes, len, &copy);
	if (r < 0)
		die("process", r);
	made = process_json(copy);
	pr_process_release(copy);
	pr_process_release(process);
	return made;
}

static void say_owner(int found, const struct pr_owner *owner)
{
	json_t *object = owner_json(found, owner);

	if (found == PR_OWNER_FOUND || found == PR_OWNER_ASK)
		json_object_set_new(object, "process", identify(owner));
	say(object);
}

/* ---- commands ---- */

static uint8_t proto_of(const char *name)
{
	static const struct {
		const char *name;
		uint8_t proto;
	} protos[] = { { "tcp", IPPROTO_TCP },
		       { "udp", IPPROTO_UDP },
		       { "icmp", IPPROTO_ICMP },
		       { "icmp6", IPPROTO_ICMPV6 },
		       { "sctp", IPPROTO_SCTP } };

	for (size_t i = 0; i < PR_ARRAY_SIZE(protos); i++)
		if (strcmp(protos[i].name, name) == 0)
			return protos[i].proto;
	return (uint8_t)strtoul(name, NULL, 10);
}

static enum pr_direction direction_of(const char *name)
{
	return strcmp(name, "out") == 0	 ? PR_DIRECTION_OUT
	       : strcmp(name, "in") == 0 ? PR_DIRECTION_IN
					 : PR_DIRECTION_FORWARD;
}

static struct pr_tuple tuple_of(char **words)
{
	struct pr_tuple tuple = { .proto = proto_of(words[0]),
				  .src_port = (uint16_t)strtoul(words[2], NULL, 10),
				  .dst_port = (uint16_t)strtoul(words[4], NULL, 10) };

	if (pr_address_parse(words[1], &tuple.src) < 0 ||
	    pr_address_parse(words[3], &tuple.dst) < 0)
		die("address", -EINVAL);
	return tuple;
}

static void find(char **words, unsigned int n)
{
	struct pr_tuple tuple = tuple_of(words + 1);
	uint32_t ifindex = n > 6 ? (uint32_t)strtoul(words[6], NULL, 10) : 0;
	struct pr_owner owner;
	int r = pr_owner_lookup(&who.finder, &tuple, direction_of(words[0]), ifindex, &owner);

	say_owner(r, &owner);
}

static void find_client(char **words)
{
	struct pr_tuple tuple = tuple_of(words);
	struct pr_owner owner;
	int r = pr_owner_lookup_client(&who.finder, &tuple, &owner);

	say_owner(r, &owner);
}

/* The engine's rights: a user of its own, CAP_NET_ADMIN, nothing else. */
static void find_unprivileged(char **words)
{
	struct pr_tuple tuple = tuple_of(words + 1);
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct pr_owner owner;
		int r;

		capng_clear(CAPNG_SELECT_BOTH);
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
		if (capng_change_id(NOBODY, NOBODY, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING))
			_exit(1);
		r = pr_owner_lookup(&who.finder, &tuple, direction_of(words[0]), 0, &owner);
		say(json_pack("{so si si}", "found", owner_json(r, &owner), "errors",
			      (int)who.finder.counters.n_errors, "uid", (int)getuid()));
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) < 0)
		die("fork", -errno);
}

static bool add_socket(void *context, const struct pr_socket *socket)
{
	char local[PR_ADDRESS_TEXT_SIZE], remote[PR_ADDRESS_TEXT_SIZE];
	struct pr_owner owner = { 0 };
	int r = pr_owner_of_cookie(&who.finder, socket->cookie, socket->inode, socket->uid, &owner);
	json_t *object = owner_json(r, &owner);

	json_object_set_new(object, "local",
			    json_string(pr_address_format(&socket->tuple.src, local)));
	json_object_set_new(object, "remote",
			    json_string(pr_address_format(&socket->tuple.dst, remote)));
	json_object_set_new(object, "port", json_integer(socket->tuple.src_port));
	json_object_set_new(object, "proto", json_integer(socket->tuple.proto));
	json_object_set_new(object, "state", json_integer(socket->state));
	json_object_set_new(object, "waits", json_boolean(socket->listener));
	json_array_append_new(context, object);
	return true;
}

static void dump(void)
{
	json_t *sockets = json_array();
	int r;

	json_incref(sockets);
	r = pr_sock_diag_dump(who.finder.diag_fd, add_socket, sockets);
	say(json_pack("{si so}", "n", r, "sockets", sockets));
	json_decref(sockets);
}

static void say_counters(void)
{
	const struct pr_owner_counters *counters = &who.finder.counters;
	struct pr_identity_counters identity;

	look();
	pr_identity_counters(who.reader, &identity);
	say(json_pack("{si si si sI sI sI sI sI sI sI sI sI sI sI}", "exec", who.n_exec, "fork",
		      who.n_fork, "exit", who.n_exit, "dropped",
		      (json_int_t)(who.bpf ? pr_bpf_events_dropped(who.bpf) : 0), "bpf",
		      (json_int_t)counters->n_by_rung[PR_RUNG_BPF], "sock_diag",
		      (json_int_t)counters->n_by_rung[PR_RUNG_SOCK_DIAG], "proc",
		      (json_int_t)counters->n_by_rung[PR_RUNG_PROC], "none",
		      (json_int_t)counters->n_by_rung[PR_RUNG_NONE], "errors",
		      (json_int_t)counters->n_errors, "ambiguous",
		      (json_int_t)counters->n_ambiguous, "foreign", (json_int_t)counters->n_foreign,
		      "from_exec", (json_int_t)identity.n_from_exec, "changed_exec",
		      (json_int_t)identity.n_changed_exec, "scans", (json_int_t)identity.n_scans));
}

static void adopt(void)
{
	int n_sockets = who.bpf ? pr_bpf_adopt(who.bpf) : 0;
	int n_processes = pr_identity_adopt(who.reader);

	say(json_pack("{si si}", "sockets", n_sockets, "processes", n_processes));
}

static void obey(char *line)
{
	char *words[8] = { NULL }, *word;
	unsigned int n = 0;

	while (n < PR_ARRAY_SIZE(words) && (word = strsep(&line, " \n")) != NULL)
		if (*word)
			words[n++] = word;
	if (n >= 7 && strcmp(words[0], "find") == 0)
		find(words + 1, n - 1);
	else if (n == 6 && strcmp(words[0], "client") == 0)
		find_client(words + 1);
	else if (n == 7 && strcmp(words[0], "unprivileged") == 0)
		find_unprivileged(words + 1);
	else if (n == 1 && strcmp(words[0], "dump") == 0)
		dump();
	else if (n == 1 && strcmp(words[0], "look") == 0)
		say_counters();
	else if (n == 1 && strcmp(words[0], "adopt") == 0)
		adopt();
	else
		die("what?", -EINVAL);
}

static void open_rungs(const char *cgroup, bool bpf, bool match, bool diag)
{
	struct pr_bpf_options options = { .cgroup = cgroup, .nameserver_uid = (uid_t)-1 };
	struct pr_identity_options identity = { .want_package = true };
	char why[PR_BPF_WHY_SIZE] = "";
	int r = pr_identity_open(&identity, &who.reader);

	if (r < 0)
		die("identity", r);
	r = bpf ? pr_bpf_open(&options, &who.bpf, why) : 1;
	if (r < 0)
		die("bpf", r);
	if (r == 0) {
		who.finder.maps = pr_bpf_maps(who.bpf);
		r = pr_bpf_watch_others(who.bpf, true);
		if (r < 0 && r != -EOPNOTSUPP)
			die("others", r);
		r = 0;
	}
	if (r == 0 && match)
		install_table();
	if (diag) {
		who.finder.diag_fd = pr_sock_diag_open();
		if (who.finder.diag_fd < 0)
			die("sock_diag", who.finder.diag_fd);
	}
	say(json_pack("{sb ss}", "bpf", who.bpf != NULL, "why", why));
}

int main(int n_arguments, char **arguments)
{
	bool bpf = true, match = true, diag = true;
	const char *cgroup = NULL;
	char line[512];

	for (int i = 1; i < n_arguments; i++) {
		if (strncmp(arguments[i], "--cgroup=", 9) == 0)
			cgroup = arguments[i] + 9;
		else if (strcmp(arguments[i], "--no-bpf") == 0)
			bpf = false;
		else if (strcmp(arguments[i], "--no-match") == 0)
			match = false;
		else if (strcmp(arguments[i], "--no-diag") == 0)
			diag = false;
		else
			die(arguments[i], -EINVAL);
	}
	open_rungs(cgroup, bpf, match, diag);
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	pr_bpf_close(who.bpf);
	pr_identity_close(who.reader);
	return 0;
}

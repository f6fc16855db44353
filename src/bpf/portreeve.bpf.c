/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who owns a socket, seen from the kernel. Two questions are answered apart and joined by the socket's
 * cookie, a number that the kernel gives to each socket and never again:
 *
 *   cookie → process   by hooks of the control group at socket(), bind(), connect(), sendto(), listen():
 *                      there the process is the current one;
 *   tuple → cookie     by a program in front of the queue (xt_bpf) for all that the guarded namespace
 *                      sends; for other namespaces, whose packets get here only when they are forwarded,
 *                      at the TCP handshake (sockops) and behind their netfilter (cgroup_skb, all but TCP).
 *
 * These hooks see the whole machine. A socket of another network namespace is told by its namespace's
 * cookie. Every program only watches: each returns what lets the operation go on.
 *
 * fentry, LSM and kprobe programs would see more, but don't load under lockdown.
 */
#define PR_BPF_PROGRAM
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel_types.h"
#include "records.h"

/* The kernel's check of the licence; the program is GPL-3.0-or-later like all. */
char _license[] SEC("license") = "GPL";

/* Set before loading. */
const volatile __u64 guarded_netns = 0;
const volatile __u32 pid_namespace = 0; /* inode of the supervisor's PID namespace */
/* bpf_get_current_task_btf() may be called by the hooks of the control group */
const volatile bool may_look_at_task = false;
/* bpf_get_netns_cookie() may be called by what sees datagrams leave */
const volatile bool may_ask_for_netns = false;
/* Of the engine, which answers questions; ~0 = nobody's */
const volatile __u32 nameserver_uid = ~0u;

__u64 n_events_dropped = 0;
__u64 n_adopted = 0;
__u32 match_runs = 0; /* the program in front of the queue is in force */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PR_BPF_SOCKETS_MAX);
	__type(key, __u64);
	__type(value, struct pr_bpf_owner);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PR_BPF_TUPLES_MAX);
	__type(key, struct pr_bpf_tuple);
	__type(value, struct pr_bpf_sent);
} tuples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PR_BPF_FOREIGN_MAX);
	__type(key, struct pr_bpf_tuple);
	__type(value, struct pr_bpf_link);
} foreign SEC(".maps");

/* Local end → cookie of the socket that a reroute's rule last let send from there. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PR_BPF_ASKERS_MAX);
	__type(key, struct pr_bpf_endpoint);
	__type(value, __u64);
} askers SEC(".maps");

/* A listener's owner; the kernel copies it to each accepted socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct pr_bpf_owner);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PR_BPF_EVENTS_SIZE);
} events SEC(".maps");

#include "task.bpf.h"
#include "packet.bpf.h"

/* ---- cookie → process ---- */

static __always_inline bool is_known(__u64 cookie)
{
	const struct pr_bpf_owner *known = bpf_map_lookup_elem(&sockets, &cookie);

	return known && is_current(known);
}

static __always_inline void remember_current(__u64 cookie, __u64 netns_cookie)
{
	struct pr_bpf_owner owner = {};

	fill_owner(&owner, (struct task_struct *)bpf_get_current_task());
	owner.netns_cookie = netns_cookie;
	bpf_map_update_elem(&sockets, &cookie, &owner, BPF_ANY);
}

/* sendto() on an unconnected socket: for each datagram, so what can be known without looking further is. What the
 * nameserver answers opens no link. */
static __always_inline void remember_sender(struct bpf_sock_addr *ctx)
{
	__u64 cookie;

	if (nameserver_uid != ~0u && (__u32)bpf_get_current_uid_gid() == nameserver_uid)
		return;
	cookie = bpf_get_socket_cookie(ctx);
	if (!is_known(cookie))
		remember_current(cookie, bpf_get_netns_cookie(ctx));
}

SEC("cgroup/sock_create")
int on_sock_create(struct bpf_sock *ctx)
{
	remember_current(bpf_get_socket_cookie(ctx), bpf_get_netns_cookie(ctx));
	return 1;
}

SEC("cgroup/post_bind4")
int on_post_bind4(struct bpf_sock *ctx)
{
	remember_current(bpf_get_socket_cookie(ctx), bpf_get_netns_cookie(ctx));
	return 1;
}

SEC("cgroup/post_bind6")
int on_post_bind6(struct bpf_sock *ctx)
{
	remember_current(bpf_get_socket_cookie(ctx), bpf_get_netns_cookie(ctx));
	return 1;
}

SEC("cgroup/connect4")
int on_connect4(struct bpf_sock_addr *ctx)
{
	remember_current(bpf_get_socket_cookie(ctx), bpf_get_netns_cookie(ctx));
	return 1;
}

SEC("cgroup/connect6")
int on_connect6(struct bpf_sock_addr *ctx)
{
	remember_current(bpf_get_socket_cookie(ctx), bpf_get_netns_cookie(ctx));
	return 1;
}

SEC("cgroup/sendmsg4")
int on_sendmsg4(struct bpf_sock_addr *ctx)
{
	remember_sender(ctx);
	return 1;
}

SEC("cgroup/sendmsg6")
int on_sendmsg6(struct bpf_sock_addr *ctx)
{
	remember_sender(ctx);
	return 1;
}

/* ---- tuple → cookie ---- */

static __always_inline void remember_sent(const struct pr_bpf_tuple *tuple,
					  const struct pr_bpf_link *link)
{
	const struct pr_bpf_owner *owner = bpf_map_lookup_elem(&sockets, &link->cookie);
	struct pr_bpf_sent sent = { .link = *link };

	if (owner)
		sent.owner = *owner;
	bpf_map_update_elem(&tuples, tuple, &sent, BPF_ANY);
}

/* The guarded namespace: whatever is about to be queued in output. Runs as an xt match; always matches,
 * so that no packet's way depends on it. */
SEC("socket")
int match(struct __sk_buff *skb)
{
	struct pr_bpf_tuple tuple = {};
	struct pr_bpf_link link = {};

	if (read_tuple(skb, &tuple))
		return 1;
	if (!match_runs)
		match_runs = 1;
	link.cookie = bpf_get_socket_cookie(skb);
	link.netns_cookie = guarded_netns;
	fill_link(&link, (struct sk_buff *)skb, BPF_CORE_READ((struct sk_buff *)skb, sk), &tuple);
	remember_sent(&tuple, &link);
	return 1;
}

/*
 * Questions over UDP that are rerouted have no connection: whoever binds a port next speaks into the flow that is
 * there. So a question passes by itself only from the socket whose question was decided last, the rest is queued
 * and decided. The cookie is noted when the verdict is carried out, not before: until the engine knows better, nobody
 * else is taken for who was there before.
 */
SEC("socket")
int note_asker(struct __sk_buff *skb)
{
	struct pr_bpf_endpoint endpoint = {};
	__u64 cookie = bpf_get_socket_cookie(skb);

	if (cookie && !read_udp_source(skb, &endpoint))
		bpf_map_update_elem(&askers, &endpoint, &cookie, BPF_ANY);
	return 1;
}

/* Matches what that socket sends, and all that is not UDP. */
SEC("socket")
int is_asker(struct __sk_buff *skb)
{
	struct pr_bpf_endpoint endpoint = {};
	const __u64 *cookie;
	int r = read_udp_source(skb, &endpoint);

	if (r)
		return r > 0;
	cookie = bpf_map_lookup_elem(&askers, &endpoint);
	return cookie && *cookie == bpf_get_socket_cookie(skb);
}

/* Of the socket's, which there is. Nothing is copied where the kernel says it at once. */
static __always_inline __u64 netns_of(struct __sk_buff *skb)
{
	if (may_ask_for_netns)
		return bpf_get_netns_cookie(skb);
	return BPF_CORE_READ((struct sk_buff *)skb, sk, __sk_common.skc_net.net, net_cookie);
}

/* Other namespaces, all but TCP: what leaves them may be forwarded here. Behind their own netfilter, so
 * with the addresses that it gave. */
SEC("cgroup_skb/egress")
int on_egress(struct __sk_buff *skb)
{
	struct pr_bpf_tuple tuple = {};
	struct pr_bpf_link link = {};

	if (is_tcp(skb))
		return 1;
	link.cookie = bpf_get_socket_cookie(skb);
	link.netns_cookie = netns_of(skb);
	if (!link.cookie || link.netns_cookie == guarded_netns || read_tuple(skb, &tuple) ||
	    is_fresh(&tuple, link.cookie))
		return 1;
	fill_link(&link, (struct sk_buff *)skb, BPF_CORE_READ((struct sk_buff *)skb, sk), &tuple);
	remember_foreign(&tuple, &link);
	return 1;
}

static __always_inline void on_listen(struct bpf_sock_ops *ctx)
{
	struct pr_bpf_owner owner = {}, *stored;
	__u64 cookie = bpf_get_socket_cookie(ctx);

	fill_owner(&owner, (struct task_struct *)bpf_get_current_task());
	owner.netns_cookie = bpf_get_netns_cookie(ctx);
	bpf_map_update_elem(&sockets, &cookie, &owner, BPF_ANY);
	if (!ctx->sk)
		return;
	stored = bpf_sk_storage_get(&listeners, ctx->sk, &owner, BPF_SK_STORAGE_GET_F_CREATE);
	if (stored)
		*stored = owner;
}

static __always_inline void on_accepted(struct bpf_sock_ops *ctx)
{
	struct pr_bpf_owner owner, *stored;
	__u64 cookie = bpf_get_socket_cookie(ctx);

	if (!ctx->sk)
		return;
	stored = bpf_sk_storage_get(&listeners, ctx->sk, NULL, 0);
	if (!stored)
		return;
	owner = *stored;
	bpf_map_update_elem(&sockets, &cookie, &owner, BPF_ANY);
}

static __always_inline void on_tcp_connect(struct bpf_sock_ops *ctx)
{
	struct pr_bpf_tuple tuple = {};
	struct pr_bpf_link link = {};

	link.netns_cookie = bpf_get_netns_cookie(ctx);
	/* Its packet comes by in front of the queue, if it is not the first of all. */
	if (link.netns_cookie == guarded_netns && match_runs)
		return;
	read_sock_ops_tuple(ctx, &tuple);
	link.cookie = bpf_get_socket_cookie(ctx);
	fill_link(&link, NULL, BPF_CORE_READ((struct bpf_sock_ops_kern *)ctx, sk), &tuple);
	if (link.netns_cookie == guarded_netns) {
		remember_sent(&tuple, &link);
		return;
	}
	remember_foreign(&tuple, &link);
	/* To learn of its end. */
	bpf_sock_ops_cb_flags_set(ctx, ctx->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
}

static __always_inline void on_tcp_state(struct bpf_sock_ops *ctx)
{
	struct pr_bpf_tuple tuple = {};
	struct pr_bpf_link *link;

	if (ctx->args[1] != BPF_TCP_CLOSE)
		return;
	read_sock_ops_tuple(ctx, &tuple);
	link = bpf_map_lookup_elem(&foreign, &tuple);
	if (link && link->cookie == bpf_get_socket_cookie(ctx))
		link->flags |= PR_BPF_LINK_CLOSED;
}

SEC("sockops")
int on_sock_ops(struct bpf_sock_ops *ctx)
{
	switch (ctx->op) {
	case BPF_SOCK_OPS_TCP_LISTEN_CB:
		on_listen(ctx);
		break;
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		on_accepted(ctx);
		break;
	case BPF_SOCK_OPS_TCP_CONNECT_CB:
		on_tcp_connect(ctx);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		on_tcp_state(ctx);
		break;
	}
	return 1;
}

/* ---- sockets that are older than the programs ---- */

SEC("iter/task_file")
int on_task_file(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	const struct pr_bpf_owner *known;
	struct pr_bpf_owner owner = {};
	struct socket *socket;
	struct sock *sk;
	__u64 cookie;
	__u16 family;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk)
		return 0;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != KERNEL_AF_INET && family != KERNEL_AF_INET6)
		return 0;
	cookie = bpf_get_socket_cookie(sk);
	/* The lowest PID wins, which is the parent's where children inherited it; but what PID 1 holds for
	 * a service is the service's. */
	known = bpf_map_lookup_elem(&sockets, &cookie);
	if (known && known->pid != 1)
		return 0;
	fill_owner(&owner, task);
	owner.netns_cookie = BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie);
	bpf_map_update_elem(&sockets, &cookie, &owner, BPF_ANY);
	__sync_fetch_and_add(&n_adopted, 1);
	return 0;
}

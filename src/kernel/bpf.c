/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads and attaches src/bpf/portreeve.bpf.c. The programs come in two circles: the inner one (control
 * group hooks, sockops, the match) is what the rung "bpf" needs; the outer one (exec, fork and exit
 * reports, the iterator, other namespaces' datagrams) makes it better. A kernel that refuses the outer
 * circle still gets the inner one.
 */
#include "kernel/bpf.h"

/* Generated, and not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "bpf/portreeve.skel.h"
#pragma GCC diagnostic pop
#include "process/cgroup_root.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define BTF_FILE "/sys/kernel/btf/vmlinux"

struct pr_bpf {
	struct portreeve_bpf *skeleton;
	struct ring_buffer *ring; /* NULL without the outer circle */
	int cgroup;
	struct pr_bpf_maps maps;
	struct {
		void (*event)(void *context, const struct pr_bpf_event *event, size_t len);
		void *context;
	} drain;
};

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static int netns_cookie(uint64_t *ret_cookie)
{
	int fd PR_CLEANUP(pr_cleanup_close) = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*ret_cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret_cookie, &len) < 0)
		return -errno;
	return 0;
}

static int open_cgroup(const char *directory)
{
	int fd;

	if (!directory)
		return pr_cgroup_root_open("");
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void outer_circle_autoload(struct portreeve_bpf *skeleton, bool load)
{
	bpf_program__set_autoload(skeleton->progs.on_exec, load);
	bpf_program__set_autoload(skeleton->progs.on_fork, load);
	bpf_program__set_autoload(skeleton->progs.on_exit, load);
	bpf_program__set_autoload(skeleton->progs.on_task_file, load);
	bpf_program__set_autoload(skeleton->progs.on_egress, load);
}

static bool may_call(enum bpf_prog_type type, enum bpf_func_id helper)
{
	return libbpf_probe_bpf_helper(type, helper, NULL) == 1;
}

/* What the kernel has that makes programs cheaper; they do without. */
static void look_for_helpers(struct portreeve_bpf *skeleton)
{
	skeleton->rodata->may_look_at_task =
		may_call(BPF_PROG_TYPE_CGROUP_SOCK, BPF_FUNC_get_current_task_btf) &&
		may_call(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_FUNC_get_current_task_btf);
	skeleton->rodata->may_ask_for_netns =
		may_call(BPF_PROG_TYPE_CGROUP_SKB, BPF_FUNC_get_netns_cookie);
}

static int load(bool outer, uint64_t netns, uid_t nameserver_uid,
		struct portreeve_bpf **ret_skeleton)
{
	struct portreeve_bpf *skeleton;
	struct stat pid_namespace;
	int r;

	if (stat("/proc/self/ns/pid", &pid_namespace) < 0)
		return -errno;
	skeleton = portreeve_bpf__open();
	if (!skeleton)
		return -errno;
	skeleton->rodata->guarded_netns = netns;
	skeleton->rodata->nameserver_uid = nameserver_uid;
	look_for_helpers(skeleton);
	skeleton->rodata->pid_namespace = (uint32_t)pid_namespace.st_ino;
	outer_circle_autoload(skeleton, outer);
	r = portreeve_bpf__load(skeleton);
	if (r < 0) {
		portreeve_bpf__destroy(skeleton);
		return r;
	}
	*ret_skeleton = skeleton;
	return 0;
}

static int attach_cgroup(struct portreeve_bpf *skeleton, int cgroup)
{
	const struct {
		struct bpf_program *program;
		struct bpf_link **link;
	} programs[] = {
		{ skeleton->progs.on_sock_create, &skeleton->links.on_sock_create },
		{ skeleton->progs.on_post_bind4, &skeleton->links.on_post_bind4 },
		{ skeleton->progs.on_post_bind6, &skeleton->links.on_post_bind6 },
		{ skeleton->progs.on_connect4, &skeleton->links.on_connect4 },
		{ skeleton->progs.on_connect6, &skeleton->links.on_connect6 },
		{ skeleton->progs.on_sendmsg4, &skeleton->links.on_sendmsg4 },
		{ skeleton->progs.on_sendmsg6, &skeleton->links.on_sendmsg6 },
		{ skeleton->progs.on_sock_ops, &skeleton->links.on_sock_ops },
	};

	/* Links attach beside whatever is there already (BPF_F_ALLOW_MULTI). */
	for (size_t i = 0; i < PR_ARRAY_SIZE(programs); i++) {
		*programs[i].link = bpf_program__attach_cgroup(programs[i].program, cgroup);
		if (!*programs[i].link)
			return -errno;
	}
	return 0;
}

static int attach_traces(struct portreeve_bpf *skeleton)
{
	skeleton->links.on_exec = bpf_program__attach(skeleton->progs.on_exec);
	skeleton->links.on_fork = bpf_program__attach(skeleton->progs.on_fork);
	skeleton->links.on_exit = bpf_program__attach(skeleton->progs.on_exit);
	if (!skeleton->links.on_exec || !skeleton->links.on_fork || !skeleton->links.on_exit)
		return -errno;
	return 0;
}

static int on_record(void *context, void *bytes, size_t len)
{
	struct pr_bpf *bpf = context;
	const struct pr_bpf_event *event = bytes;

	if (len < sizeof(*event) ||
	    (event->kind == PR_BPF_EVENT_EXEC && len < sizeof(struct pr_bpf_exec)))
		return 0;
	if (bpf->drain.event)
		bpf->drain.event(bpf->drain.context, event, len);
	return 0;
}

/* A descriptor through which a map can only be read: the engine needs no more. */
static int open_read_only(int map)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, options, .open_flags = BPF_F_RDONLY);
	int fd;

	if (bpf_obj_get_info_by_fd(map, &info, &len) < 0)
		return -errno;
	fd = bpf_map_get_fd_by_id_opts(info.id, &options);
	return fd < 0 ? -errno : fd;
}

static int open_maps(struct pr_bpf *bpf)
{
	bpf->maps.sockets = open_read_only(bpf_map__fd(bpf->skeleton->maps.sockets));
	bpf->maps.tuples = open_read_only(bpf_map__fd(bpf->skeleton->maps.tuples));
	bpf->maps.foreign = open_read_only(bpf_map__fd(bpf->skeleton->maps.foreign));
	if (bpf->maps.sockets < 0)
		return bpf->maps.sockets;
	if (bpf->maps.tuples < 0)
		return bpf->maps.tuples;
	return bpf->maps.foreign < 0 ? bpf->maps.foreign : 0;
}

static int unavailable(char why[PR_BPF_WHY_SIZE], const char *what, int r)
{
	snprintf(why, PR_BPF_WHY_SIZE, "%s (%s)", what, strerror(-r));
	return PR_BPF_UNAVAILABLE;
}

static int load_either(struct pr_bpf *bpf, uint64_t netns, uid_t nameserver_uid, bool *ret_outer,
		       char why[PR_BPF_WHY_SIZE])
{
	int r = load(true, netns, nameserver_uid, &bpf->skeleton), outer = r;

	*ret_outer = r == 0;
	if (r < 0 && r != -EPERM)
		r = load(false, netns, nameserver_uid, &bpf->skeleton);
	if (r == -EPERM || r == -EACCES)
		return unavailable(why,
				   "this process may not load BPF programs: CAP_BPF, CAP_PERFMON "
				   "and CAP_NET_ADMIN of the initial user namespace are needed",
				   r);
	if (r < 0)
		return unavailable(why, "the kernel refuses the BPF programs", r);
	if (outer < 0)
		(void)unavailable(why,
				  "BPF works without exec reports, older sockets and other "
				  "namespaces' datagrams, which the kernel refuses",
				  outer);
	return 0;
}

static int open_all(struct pr_bpf *bpf, uid_t nameserver_uid, char why[PR_BPF_WHY_SIZE])
{
	uint64_t netns = 0;
	bool outer = false;
	int r;

	r = netns_cookie(&netns);
	if (r < 0)
		return unavailable(why, "the kernel has no network namespace cookies (5.14)", r);
	r = load_either(bpf, netns, nameserver_uid, &outer, why);
	if (r)
		return r;
	r = attach_cgroup(bpf->skeleton, bpf->cgroup);
	if (r < 0)
		return unavailable(why, "BPF programs can't be attached to the control group", r);
	r = open_maps(bpf);
	if (r < 0)
		return unavailable(why, "the BPF maps can't be opened for reading", r);
	if (!outer)
		return 0;
	r = attach_traces(bpf->skeleton);
	if (r < 0)
		return unavailable(why, "BPF programs can't be attached to tracepoints", r);
	bpf->ring = ring_buffer__new(bpf_map__fd(bpf->skeleton->maps.events), on_record, bpf, NULL);
	return bpf->ring ? 0 : -errno;
}

int pr_bpf_open(const struct pr_bpf_options *options, struct pr_bpf **ret_bpf,
		char why[PR_BPF_WHY_SIZE])
{
	struct pr_bpf *bpf;
	int cgroup, r;

	why[0] = 0;
	libbpf_set_print(quiet);
	if (access(BTF_FILE, R_OK) < 0)
		return unavailable(why, "the kernel does not describe its types in " BTF_FILE,
				   -errno);
	cgroup = open_cgroup(options->cgroup);
	if (cgroup < 0)
		return unavailable(why, "no control group v2 is to be found", cgroup);
	bpf = pr_calloc(1, sizeof(*bpf));
	bpf->maps = PR_BPF_MAPS_NONE;
	bpf->cgroup = cgroup;
	r = open_all(bpf, options->nameserver_uid, why);
	if (r) {
		pr_bpf_close(bpf);
		return r;
	}
	*ret_bpf = bpf;
	return 0;
}

void pr_bpf_close(struct pr_bpf *bpf)
{
	if (!bpf)
		return;
	ring_buffer__free(bpf->ring);
	portreeve_bpf__destroy(bpf->skeleton);
	pr_cleanup_close(&bpf->cgroup);
	pr_cleanup_close(&bpf->maps.sockets);
	pr_cleanup_close(&bpf->maps.tuples);
	pr_cleanup_close(&bpf->maps.foreign);
	free(bpf);
}

int pr_bpf_watch_others(struct pr_bpf *bpf, bool on)
{
	struct bpf_link **link = &bpf->skeleton->links.on_egress;

	if (!bpf->ring)
		return -EOPNOTSUPP;
	if (on == (*link != NULL))
		return 0;
	if (!on) {
		bpf_link__destroy(*link);
		*link = NULL;
		return 0;
	}
	*link = bpf_program__attach_cgroup(bpf->skeleton->progs.on_egress, bpf->cgroup);
	return *link ? 0 : -errno;
}

int pr_bpf_match_fd(const struct pr_bpf *bpf)
{
	return bpf_program__fd(bpf->skeleton->progs.match);
}

int pr_bpf_asker_note_fd(const struct pr_bpf *bpf)
{
	return bpf_program__fd(bpf->skeleton->progs.note_asker);
}

int pr_bpf_asker_check_fd(const struct pr_bpf *bpf)
{
	return bpf_program__fd(bpf->skeleton->progs.is_asker);
}

struct pr_bpf_maps pr_bpf_maps(const struct pr_bpf *bpf)
{
	return bpf->maps;
}

int pr_bpf_adopt(struct pr_bpf *bpf)
{
	struct bpf_link *link;
	char bytes[256];
	ssize_t n;
	int iterator, r = 0;

	if (!bpf->ring)
		return -EOPNOTSUPP;
	link = bpf_program__attach_iter(bpf->skeleton->progs.on_task_file, NULL);
	if (!link)
		return -errno;
	iterator = bpf_iter_create(bpf_link__fd(link));
	if (iterator < 0) {
		r = -errno;
		bpf_link__destroy(link);
		return r;
	}
	/* The program writes nothing: the first read runs it over all, and is at the end. */
	do
		n = read(iterator, bytes, sizeof(bytes));
	while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	if (n < 0)
		r = -errno;
	close(iterator);
	bpf_link__destroy(link);
	return r < 0 ? r : (int)bpf->skeleton->bss->n_adopted;
}

int pr_bpf_events_fd(const struct pr_bpf *bpf)
{
	return bpf->ring ? ring_buffer__epoll_fd(bpf->ring) : -1;
}

int pr_bpf_drain(struct pr_bpf *bpf,
		 void (*event)(void *context, const struct pr_bpf_event *event, size_t len),
		 void *context)
{
	int n;

	if (!bpf->ring)
		return 0;
	bpf->drain.event = event;
	bpf->drain.context = context;
	n = ring_buffer__consume(bpf->ring);
	bpf->drain.event = NULL;
	return n;
}

uint64_t pr_bpf_events_dropped(const struct pr_bpf *bpf)
{
	return bpf->skeleton->bss->n_events_dropped;
}

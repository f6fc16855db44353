/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes: what is recorded of the current one, and the reports of exec, fork and exit. */
#pragma once

/* The thread group's number as the supervisor sees it; 0 where it does not see it at all. */
static __always_inline __u32 visible_pid(struct task_struct *leader)
{
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);

	for (__u32 i = 0; i < PR_BPF_PID_LEVELS_MAX && i <= level; i++) {
		const struct upid *at = &pid->numbers[0];
		struct upid number;

		at = (const void *)at + i * bpf_core_type_size(struct upid);
		if (bpf_core_read(&number.nr, sizeof(number.nr), &at->nr) ||
		    bpf_core_read(&number.ns, sizeof(number.ns), &at->ns))
			return 0;
		if (BPF_CORE_READ(number.ns, ns.inum) == pid_namespace)
			return number.nr;
	}
	return 0;
}

static __always_inline void read_exe(struct task_struct *task, __u64 *ret_inode, __u32 *ret_device)
{
	struct inode *inode = BPF_CORE_READ(task, mm, exe_file, f_inode);

	if (!inode)
		return;
	*ret_inode = BPF_CORE_READ(inode, i_ino);
	*ret_device = BPF_CORE_READ(inode, i_sb, s_dev);
}

static __always_inline void fill_owner(struct pr_bpf_owner *owner, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct task_struct *parent = BPF_CORE_READ(leader, real_parent, group_leader);

	owner->start_time_ns = BPF_CORE_READ(leader, start_boottime);
	owner->exec_id = BPF_CORE_READ(task, self_exec_id);
	owner->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	owner->pid = visible_pid(leader);
	owner->kernel_pid = BPF_CORE_READ(task, tgid);
	owner->parent = visible_pid(parent);
	owner->uid = BPF_CORE_READ(task, cred, uid.val);
	read_exe(task, &owner->exe_inode, &owner->exe_device);
	BPF_CORE_READ_STR_INTO(&owner->comm, leader, comm);
}

/* Cheap, for the way of every datagram: where the kernel lets the program look at the task by itself, no helper
 * copies. */
static __always_inline bool is_current(const struct pr_bpf_owner *known)
{
	struct task_struct *task;

	if (known->kernel_pid != (__u32)(bpf_get_current_pid_tgid() >> 32))
		return false;
	if (may_look_at_task) {
		task = bpf_get_current_task_btf();
		return task->self_exec_id == known->exec_id &&
		       task->group_leader->start_boottime == known->start_time_ns;
	}
	task = (struct task_struct *)bpf_get_current_task();
	return BPF_CORE_READ(task, self_exec_id) == known->exec_id &&
	       BPF_CORE_READ(task, group_leader, start_boottime) == known->start_time_ns;
}

/* ---- reports ---- */

/* The supervisor is woken only when the ring fills; it looks by itself before it needs to know. */
static __always_inline __u64 wakeup(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= PR_BPF_EVENTS_SIZE / 4
		       ? BPF_RB_FORCE_WAKEUP
		       : BPF_RB_NO_WAKEUP;
}

static __always_inline void fill_event(struct pr_bpf_event *event, __u32 kind,
				       struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct task_struct *parent = BPF_CORE_READ(leader, real_parent, group_leader);

	event->kind = kind;
	event->pid = visible_pid(leader);
	event->parent = visible_pid(parent);
	event->uid = BPF_CORE_READ(task, cred, uid.val);
	event->start_time_ns = BPF_CORE_READ(leader, start_boottime);
	event->parent_start_time_ns = BPF_CORE_READ(parent, start_boottime);
}

/* The executable's path, component by component up to the root of its mount namespace: what
 * /proc/PID/exe would show, and it stays when the process is gone. Whatever does not fit: no path. */
static __always_inline __u32 read_path(struct file *file, char path[PR_BPF_PATH_SIZE])
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct vfsmount *vfsmount = BPF_CORE_READ(file, f_path.mnt);
	struct mount *mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
	__u32 len = 0;

	for (int i = 0; i < PR_BPF_DEPTH_MAX; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		long n;

		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount)
				return len;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			continue;
		}
		if (parent == dentry || len > PR_BPF_PATH_SIZE - 256)
			return 0;
		n = bpf_probe_read_kernel_str(path + len, 256, BPF_CORE_READ(dentry, d_name.name));
		if (n <= 1 || n > 256)
			return 0;
		len += n;
		dentry = parent;
	}
	return 0;
}

static __always_inline void read_arguments(struct pr_bpf_exec *exec, struct task_struct *task)
{
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	unsigned long len = BPF_CORE_READ(task, mm, arg_end) - start;

	if (len > PR_BPF_ARGUMENTS_SIZE)
		len = PR_BPF_ARGUMENTS_SIZE;
	exec->arguments_len = bpf_probe_read_user(exec->arguments, len, (void *)start) ? 0 : len;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct pr_bpf_exec *exec = bpf_ringbuf_reserve(&events, sizeof(*exec), 0);
	const char *filename;

	if (!exec) {
		__sync_fetch_and_add(&n_events_dropped, 1);
		return 0;
	}
	fill_event(&exec->event, PR_BPF_EVENT_EXEC, task);
	exec->exec_id = BPF_CORE_READ(task, self_exec_id);
	exec->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	exec->exe_inode = 0;
	exec->exe_device = 0;
	read_exe(task, &exec->exe_inode, &exec->exe_device);
	filename = BPF_CORE_READ(bprm, filename);
	exec->is_script = filename != BPF_CORE_READ(bprm, interp);
	exec->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	BPF_CORE_READ_STR_INTO(&exec->comm, task, comm);
	exec->filename[0] = 0;
	bpf_probe_read_kernel_str(exec->filename, sizeof(exec->filename), filename);
	read_arguments(exec, task);
	exec->path_len = read_path(BPF_CORE_READ(task, mm, exe_file), exec->path);
	bpf_ringbuf_submit(exec, wakeup());
	return 0;
}

static __always_inline void report(__u32 kind, struct task_struct *task)
{
	struct pr_bpf_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&n_events_dropped, 1);
		return;
	}
	fill_event(event, kind, task);
	bpf_ringbuf_submit(event, wakeup());
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	/* Not threads, not the kernel's own. */
	if (BPF_CORE_READ(child, pid) == BPF_CORE_READ(child, tgid) && BPF_CORE_READ(child, mm))
		report(PR_BPF_EVENT_FORK, child);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	/* The last thread of its group; the leader may have ended before. */
	if (BPF_CORE_READ(task, signal, live.counter) == 0)
		report(PR_BPF_EVENT_EXIT, task);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's side: look-ups by descriptor. */
#include "kernel/bpf.h"

#include <bpf/bpf.h>
#include <string.h>

static void write_address(uint8_t bytes[16], const struct pr_address *address)
{
	if (address->family == 6) {
		memcpy(bytes, address->bytes, 16);
		return;
	}
	bytes[10] = bytes[11] = 0xff;
	memcpy(bytes + 12, address->bytes, 4);
}

static int find(int map, const struct pr_tuple *local_view, void *ret_value)
{
	struct pr_bpf_tuple key = {
		.local_port = local_view->src_port,
		.remote_port = local_view->dst_port,
		.proto = local_view->proto,
	};

	write_address(key.local, &local_view->src);
	write_address(key.remote, &local_view->dst);
	return bpf_map_lookup_elem(map, &key, ret_value) < 0 ? -errno : 0;
}

int pr_bpf_find_sent(int map, const struct pr_tuple *local_view, struct pr_bpf_sent *ret_sent)
{
	return find(map, local_view, ret_sent);
}

int pr_bpf_find_link(int map, const struct pr_tuple *local_view, struct pr_bpf_link *ret_link)
{
	return find(map, local_view, ret_link);
}

int pr_bpf_find_owner(int map, uint64_t cookie, struct pr_bpf_owner *ret_owner)
{
	return bpf_map_lookup_elem(map, &cookie, ret_owner) < 0 ? -errno : 0;
}

void pr_bpf_fill_owner(const struct pr_bpf_owner *record, struct pr_owner *owner)
{
	struct pr_exec_hint *hint = &owner->hint;

	owner->pid = record->pid;
	owner->start_time = pr_owner_start_time(record->start_time_ns);
	owner->uid = record->uid;
	hint->exe_inode = record->exe_inode;
	hint->exe_device = record->exe_inode ? pr_owner_device(record->exe_device) : 0;
	hint->exec_id = record->exec_id;
	hint->cgroup_id = record->cgroup_id;
	hint->parent = record->parent;
	memcpy(hint->comm, record->comm, sizeof(hint->comm));
	hint->comm[sizeof(hint->comm) - 1] = 0;
}

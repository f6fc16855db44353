/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/owner.h"

#include "base/cursor.h"

#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FLAG_FOREIGN  1u
#define FLAG_LISTENER 2u
#define NS_PER_SECOND 1000000000ull

const char *pr_rung_name(enum pr_rung rung)
{
	static const char *const names[PR_N_RUNGS] = { "bpf", "sock_diag", "proc", "none" };

	return names[rung];
}

uint64_t pr_owner_start_time(uint64_t start_time_ns)
{
	return start_time_ns / (NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
}

uint64_t pr_owner_device(uint32_t device)
{
	return makedev(device >> 20, device & 0xfffff);
}

static void write_address(struct pr_writer *writer, const struct pr_address *address)
{
	pr_write_u8(writer, address->family);
	pr_write_bytes(writer, address->bytes, sizeof(address->bytes));
}

static struct pr_address read_address(struct pr_reader *reader)
{
	struct pr_address address = { .family = pr_read_u8(reader) };
	const uint8_t *bytes = pr_read_bytes(reader, sizeof(address.bytes));

	if (bytes)
		memcpy(address.bytes, bytes, sizeof(address.bytes));
	if (address.family != 0 && address.family != 4 && address.family != 6)
		reader->failed = true;
	return address;
}

void pr_owner_encode(const struct pr_owner *owner, uint8_t bytes[PR_OWNER_CODE_SIZE])
{
	struct pr_writer writer = pr_writer(bytes, PR_OWNER_CODE_SIZE);
	const struct pr_exec_hint *hint = &owner->hint;

	pr_write_u32(&writer, owner->pid);
	pr_write_u64(&writer, owner->start_time);
	pr_write_u32(&writer, owner->uid);
	pr_write_u64(&writer, owner->cookie);
	pr_write_u64(&writer, owner->inode);
	pr_write_u8(&writer,
		    (owner->foreign ? FLAG_FOREIGN : 0) | (owner->listener ? FLAG_LISTENER : 0));
	pr_write_u8(&writer, (uint8_t)owner->rung);
	pr_write_u64(&writer, hint->exe_device);
	pr_write_u64(&writer, hint->exe_inode);
	pr_write_u64(&writer, hint->exec_id);
	pr_write_u64(&writer, hint->cgroup_id);
	pr_write_u32(&writer, hint->parent);
	pr_write_bytes(&writer, hint->comm, sizeof(hint->comm));
	write_address(&writer, &owner->tuple.src);
	write_address(&writer, &owner->tuple.dst);
	pr_write_u16(&writer, owner->tuple.src_port);
	pr_write_u16(&writer, owner->tuple.dst_port);
	pr_write_u8(&writer, owner->tuple.proto);
	pr_assert(!writer.failed && writer.position == PR_OWNER_CODE_SIZE);
}

int pr_owner_decode(const void *bytes, size_t len, struct pr_owner *ret_owner)
{
	struct pr_reader reader = pr_reader(bytes, len);
	struct pr_owner owner = { 0 };
	struct pr_exec_hint *hint = &owner.hint;
	const uint8_t *comm;
	uint8_t flags, rung;

	owner.pid = pr_read_u32(&reader);
	owner.start_time = pr_read_u64(&reader);
	owner.uid = pr_read_u32(&reader);
	owner.cookie = pr_read_u64(&reader);
	owner.inode = pr_read_u64(&reader);
	flags = pr_read_u8(&reader);
	owner.foreign = flags & FLAG_FOREIGN;
	owner.listener = flags & FLAG_LISTENER;
	rung = pr_read_u8(&reader);
	owner.rung = (enum pr_rung)rung;
	hint->exe_device = pr_read_u64(&reader);
	hint->exe_inode = pr_read_u64(&reader);
	hint->exec_id = pr_read_u64(&reader);
	hint->cgroup_id = pr_read_u64(&reader);
	hint->parent = pr_read_u32(&reader);
	comm = pr_read_bytes(&reader, sizeof(hint->comm));
	if (comm)
		memcpy(hint->comm, comm, sizeof(hint->comm));
	owner.tuple.src = read_address(&reader);
	owner.tuple.dst = read_address(&reader);
	owner.tuple.src_port = pr_read_u16(&reader);
	owner.tuple.dst_port = pr_read_u16(&reader);
	owner.tuple.proto = pr_read_u8(&reader);
	if (reader.failed || reader.position != len || rung >= PR_N_RUNGS || flags > 3 ||
	    hint->comm[sizeof(hint->comm) - 1] || owner.pid > INT32_MAX)
		return -EBADMSG;
	*ret_owner = owner;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Layout, all in network byte order: the fixed part (pid, start time, uid, device, inode, flags, number of
 * parents), then the texts in the order of `texts`, then the parents. A text is its length as u16 and its
 * bytes; 0xffff = there is none.
 */
#include "process/codec.h"

#include "base/cursor.h"

#include <string.h>

#define NO_TEXT	     0xffffu
#define FLAG_PROVEN  1u
#define FLAG_FOREIGN 2u
#define FLAG_KERNEL  4u
#define FLAGS_ALL    7u

struct text {
	size_t offset; /* of the pointer in struct pr_process */
	size_t max;
	bool whole; /* rather left out than cut */
};

static const struct text texts[] = {
	{ offsetof(struct pr_process, exe_path), PR_PROCESS_PATH_MAX, true },
	{ offsetof(struct pr_process, cmdline), PR_PROCESS_CMDLINE_MAX, false },
	{ offsetof(struct pr_process, user), PR_PROCESS_TEXT_MAX, true },
	{ offsetof(struct pr_process, cgroup), PR_PROCESS_PATH_MAX, true },
	{ offsetof(struct pr_process, unit), PR_PROCESS_TEXT_MAX, true },
	{ offsetof(struct pr_process, container), PR_PROCESS_TEXT_MAX, true },
	{ offsetof(struct pr_process, script), PR_PROCESS_PATH_MAX, true },
	{ offsetof(struct pr_process, package), PR_PROCESS_TEXT_MAX, true },
};

static void write_text(struct pr_writer *writer, const char *text, size_t max, bool whole)
{
	size_t len = text ? strnlen(text, max + 1) : 0;

	if (!text || (len > max && whole)) {
		pr_write_u16(writer, NO_TEXT);
		return;
	}
	if (len > max)
		len = max;
	pr_write_u16(writer, (uint16_t)len);
	pr_write_bytes(writer, text, len);
}

/* A new string or NULL; the reader fails for what no encoder writes. */
static char *read_text(struct pr_reader *reader, size_t max)
{
	uint16_t len = pr_read_u16(reader);
	const uint8_t *bytes;

	if (reader->failed || len == NO_TEXT)
		return NULL;
	bytes = pr_read_bytes(reader, len);
	if (!bytes || len > max || memchr(bytes, 0, len)) {
		reader->failed = true;
		return NULL;
	}
	return pr_strndup((const char *)bytes, len);
}

static char **text_of(struct pr_process *process, const struct text *text)
{
	return (char **)(void *)((char *)process + text->offset);
}

static const char *const_text_of(const struct pr_process *process, const struct text *text)
{
	return *(char *const *)(const void *)((const char *)process + text->offset);
}

size_t pr_process_encode(const struct pr_process *process, void *bytes, size_t size)
{
	struct pr_writer writer = pr_writer(bytes, size);
	unsigned int n = process->n_parents;

	pr_assert(n <= PR_PROCESS_PARENTS_MAX);
	pr_write_u32(&writer, (uint32_t)process->pid);
	pr_write_u64(&writer, process->start_time);
	pr_write_u32(&writer, process->uid);
	pr_write_u64(&writer, process->exe_device);
	pr_write_u64(&writer, process->exe_inode);
	pr_write_u8(&writer, (uint8_t)((process->path_proven ? FLAG_PROVEN : 0) |
				       (process->foreign_namespace ? FLAG_FOREIGN : 0) |
				       (process->kernel_thread ? FLAG_KERNEL : 0)));
	pr_write_u8(&writer, (uint8_t)n);
	for (size_t i = 0; i < PR_ARRAY_SIZE(texts); i++)
		write_text(&writer, const_text_of(process, &texts[i]), texts[i].max,
			   texts[i].whole);
	for (unsigned int i = 0; i < n; i++) {
		pr_write_u32(&writer, (uint32_t)process->parents[i].pid);
		write_text(&writer, process->parents[i].exe_path, PR_PROCESS_TEXT_MAX, true);
	}
	return writer.failed ? 0 : writer.position;
}

static void read_parents(struct pr_reader *reader, unsigned int n, struct pr_process *process)
{
	for (unsigned int i = 0; i < n && !reader->failed; i++) {
		process->parents[i].pid = (pid_t)pr_read_u32(reader);
		process->parents[i].exe_path = read_text(reader, PR_PROCESS_TEXT_MAX);
		process->n_parents = i + 1;
	}
}

int pr_process_decode(const void *bytes, size_t len, struct pr_process **ret_process)
{
	struct pr_reader reader = pr_reader(bytes, len);
	struct pr_process *process;
	uint32_t pid = pr_read_u32(&reader);
	uint64_t start_time = pr_read_u64(&reader);
	uint8_t flags, n;

	if (pid > INT32_MAX)
		return -EBADMSG;
	process = pr_process_new((pid_t)pid, start_time);
	process->uid = pr_read_u32(&reader);
	process->exe_device = pr_read_u64(&reader);
	process->exe_inode = pr_read_u64(&reader);
	flags = pr_read_u8(&reader);
	process->path_proven = flags & FLAG_PROVEN;
	process->foreign_namespace = flags & FLAG_FOREIGN;
	process->kernel_thread = flags & FLAG_KERNEL;
	n = pr_read_u8(&reader);
	if (n > PR_PROCESS_PARENTS_MAX || flags & ~FLAGS_ALL)
		reader.failed = true;
	for (size_t i = 0; i < PR_ARRAY_SIZE(texts) && !reader.failed; i++)
		*text_of(process, &texts[i]) = read_text(&reader, texts[i].max);
	if (!reader.failed)
		read_parents(&reader, n, process);
	/* A proof of nothing is a lie. */
	if (process->path_proven && !process->exe_path)
		reader.failed = true;
	if (reader.failed || reader.position != len) {
		pr_process_release(process);
		return -EBADMSG;
	}
	*ret_process = process;
	return 0;
}

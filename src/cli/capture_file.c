/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/capture_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STDIN_CHUNK ((size_t)1 << 16)

static bool map(int fd, struct pr_capture_file *file)
{
	struct stat status;
	void *bytes;

	if (fstat(fd, &status) < 0)
		return false;
	if (!S_ISREG(status.st_mode)) {
		errno = S_ISDIR(status.st_mode) ? EISDIR : ESPIPE;
		return false;
	}
	file->len = (size_t)status.st_size;
	if (!file->len)
		return true;
	bytes = mmap(NULL, file->len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return false;
	file->bytes = bytes;
	file->mapped = true;
	return true;
}

static bool read_stdin(struct pr_capture_file *file)
{
	size_t room = 0;
	ssize_t n;

	do {
		if (file->len == PR_CAPTURE_STDIN_MAX) {
			errno = EFBIG;
			return false;
		}
		if (file->len == room) {
			room = room ? room * 2 : STDIN_CHUNK;
			file->bytes = pr_realloc(file->bytes, room, 1);
		}
		n = read(STDIN_FILENO, file->bytes + file->len, room - file->len);
		file->len += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n == 0;
}

static bool read_file(const char *name, struct pr_capture_file *file)
{
	PR_CLEANUP(pr_cleanup_close) int fd = -1;

	if (strcmp(name, "-") == 0)
		return read_stdin(file);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd >= 0 && map(fd, file);
}

bool pr_capture_file_open(const char *name, struct pr_capture_file *ret_file)
{
	struct pr_capture_file file = { .name = strcmp(name, "-") == 0 ? "standard input" : name };

	if (!read_file(name, &file)) {
		fprintf(stderr, "portreeve: %s: %s\n", file.name, strerror(errno));
		pr_capture_file_close(&file);
		return false;
	}
	if (pr_capture_open(file.bytes ? file.bytes : (const uint8_t *)"", file.len,
			    &file.capture) != PR_CAPTURE_DONE) {
		fprintf(stderr, "portreeve: %s: neither pcap nor pcapng\n", file.name);
		pr_capture_file_close(&file);
		return false;
	}
	*ret_file = file;
	return true;
}

void pr_capture_file_close(struct pr_capture_file *file)
{
	if (file->mapped)
		munmap(file->bytes, file->len);
	else
		free(file->bytes);
	file->bytes = NULL;
}

bool pr_capture_file_complete(const struct pr_capture_file *file, bool damaged)
{
	const struct pr_capture *capture = &file->capture;
	bool nothing_read = capture->n_records && capture->n_unknown_links == capture->n_records;

	if (capture->n_unknown_links)
		fprintf(stderr,
			"portreeve: %s: %u of %u records are of a link type that is not read\n",
			file->name, capture->n_unknown_links, capture->n_records);
	if (damaged)
		fprintf(stderr,
			"portreeve: %s: damaged or cut behind record %u; what stands before it "
			"was read\n",
			file->name, capture->n_records);
	return !damaged && !nothing_read;
}

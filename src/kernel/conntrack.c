/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two sockets: one hears the events, one asks. An update of many marks is a dump and, for each part of it, one
 * write with all its changes: no list of the whole table is ever held, and an entry that ended in between is
 * no error.
 */
#include "kernel/conntrack.h"

#include "kernel/conntrack_message.h"
#include "kernel/mark.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOL_NETLINK_	 270 /* SOL_NETLINK of linux/socket.h */
#define EVENT_BUFFER	 (8 << 20)
#define READ_LEN	 (64 << 10)
#define READS_A_DISPATCH 1024
#define READS_A_PART	 8
#define UPDATES_A_WRITE	 128

struct pr_conntrack {
	int ask_fd, event_fd;
	uint32_t seq;
	uint8_t *buffer;  /* READ_LEN */
	uint8_t *updates; /* UPDATES_A_WRITE messages */
};

static int open_socket(int receive_buffer, int *ret_fd)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	int fd PR_CLEANUP(pr_cleanup_close) = -1;
	int on = 1;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof(receive_buffer)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
				 sizeof(receive_buffer));
	(void)setsockopt(fd, SOL_NETLINK_, NETLINK_CAP_ACK, &on, sizeof(on));
	*ret_fd = PR_TAKE_FD(fd);
	return 0;
}

/* Not to updates: the kernel would make two or three messages on the way of each handshake's packets, which say
 * nothing that a beginning and an end don't. */
static int subscribe(int fd)
{
	static const int groups[] = { NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_DESTROY };

	for (size_t i = 0; i < PR_ARRAY_SIZE(groups); i++)
		if (setsockopt(fd, SOL_NETLINK_, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])) < 0)
			return -errno;
	return 0;
}

/* ---- asking ---- */

static int send_bytes(struct pr_conntrack *conntrack, const void *bytes, size_t len)
{
	static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	do
		n = sendto(conntrack->ask_fd, bytes, len, 0, (const struct sockaddr *)&kernel,
			   sizeof(kernel));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int ask(struct pr_conntrack *conntrack, struct nlmsghdr *message)
{
	message->nlmsg_seq = ++conntrack->seq;
	return send_bytes(conntrack, message, message->nlmsg_len);
}

/* Calls back for each entry in what is read at once. 0: the answer is at its end; its error; MORE. */
static int read_part(struct pr_conntrack *conntrack, int flags, pr_conntrack_callback *callback,
		     void *context)
{
	ssize_t n = recv(conntrack->ask_fd, conntrack->buffer, READ_LEN, flags);
	const struct nlmsghdr *message = (const void *)conntrack->buffer;
	int left = (int)n;

	if (n < 0)
		return errno == EINTR ? PR_CONNTRACK_MORE : -errno;
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		struct pr_conntrack_entry entry;

		if (message->nlmsg_seq != conntrack->seq)
			continue;
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		if (message->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(message))->error;
		if (pr_conntrack_read(message, &entry) != 0)
			continue;
		entry.kind = PR_CONNTRACK_UPDATE;
		if (callback)
			callback(context, &entry);
	}
	return PR_CONNTRACK_MORE;
}

static int read_answer(struct pr_conntrack *conntrack, pr_conntrack_callback *callback,
		       void *context)
{
	int r;

	do
		r = read_part(conntrack, 0, callback, context);
	while (r == PR_CONNTRACK_MORE);
	return r;
}

static int dump(struct pr_conntrack *conntrack, const struct pr_conntrack_selector *selector,
		pr_conntrack_callback *callback, void *context)
{
	char bytes[PR_CONNTRACK_MESSAGE_MAX] __attribute__((aligned(8))) = { 0 };
	int r = ask(conntrack, pr_conntrack_write_dump(bytes, selector));

	return r < 0 ? r : read_answer(conntrack, callback, context);
}

int pr_conntrack_dump(struct pr_conntrack *conntrack, pr_conntrack_callback *callback,
		      void *context)
{
	return dump(conntrack, NULL, callback, context);
}

int pr_conntrack_dump_begin(struct pr_conntrack *conntrack)
{
	char bytes[PR_CONNTRACK_MESSAGE_MAX] __attribute__((aligned(8))) = { 0 };

	return ask(conntrack, pr_conntrack_write_dump(bytes, NULL));
}

int pr_conntrack_dump_go_on(struct pr_conntrack *conntrack, pr_conntrack_callback *callback,
			    void *context)
{
	int r = PR_CONNTRACK_MORE;

	for (unsigned int i = 0; i < READS_A_PART && r == PR_CONNTRACK_MORE; i++)
		r = read_part(conntrack, MSG_DONTWAIT, callback, context);
	return r == -EAGAIN ? PR_CONNTRACK_MORE : r;
}

int pr_conntrack_dump_fd(const struct pr_conntrack *conntrack)
{
	return conntrack->ask_fd;
}

static void keep_entry(void *context, const struct pr_conntrack_entry *entry)
{
	*(struct pr_conntrack_entry *)context = *entry;
}

int pr_conntrack_find(struct pr_conntrack *conntrack, const struct pr_tuple *tuple,
		      struct pr_conntrack_entry *ret_entry)
{
	char bytes[PR_CONNTRACK_MESSAGE_MAX] __attribute__((aligned(8)));
	struct pr_conntrack_entry entry = { 0 };
	int r;

	for (int reply = 0; reply < 2; reply++) {
		memset(bytes, 0, sizeof(bytes));
		r = ask(conntrack, pr_conntrack_write_find(bytes, tuple, reply));
		if (r == 0)
			r = read_answer(conntrack, keep_entry, &entry);
		if (r == 0 && entry.original.src.family) {
			*ret_entry = entry;
			return 0;
		}
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return PR_CONNTRACK_NONE;
}

int pr_conntrack_mark_set(struct pr_conntrack *conntrack, const struct pr_tuple *tuple,
			  uint32_t bits, uint32_t value)
{
	char bytes[PR_CONNTRACK_MESSAGE_MAX] __attribute__((aligned(8))) = { 0 };
	struct pr_conntrack_entry entry;
	int r;

	/* By its original tuple, whichever was given: an ICMP tuple's type depends on it. */
	r = pr_conntrack_find(conntrack, tuple, &entry);
	if (r != 0)
		return r;
	r = ask(conntrack,
		pr_conntrack_write_mark(bytes, &entry.original, false, entry.zone, bits, value));
	if (r == 0)
		r = read_answer(conntrack, NULL, NULL);
	return r == -ENOENT ? PR_CONNTRACK_NONE : r;
}

/* ---- clearing ---- */

struct clearing {
	struct pr_conntrack *conntrack; /* that writes: not the one that reads the dump */
	uint32_t bits;			/* 0: entries are removed */
	size_t len;
	unsigned int n;
	uint64_t n_changed;
	int error;
};

/* The kernel answers each message within the write; an entry that is gone by now is none of our business. */
static void write_updates(struct clearing *clearing)
{
	struct pr_conntrack *conntrack = clearing->conntrack;
	unsigned int n_answers = 0;
	int r;

	if (!clearing->n)
		return;
	r = send_bytes(conntrack, conntrack->updates, clearing->len);
	while (r == 0 && n_answers < clearing->n) {
		ssize_t n = recv(conntrack->ask_fd, conntrack->buffer, READ_LEN, 0);
		const struct nlmsghdr *message = (const void *)conntrack->buffer;
		int left = (int)n;

		if (n < 0 && errno != EINTR)
			r = -errno;
		for (; n > 0 && mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left)) {
			const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

			if (message->nlmsg_type != NLMSG_ERROR)
				continue;
			n_answers++;
			if (error->error == 0)
				clearing->n_changed++;
			else if (error->error != -ENOENT && !clearing->error)
				clearing->error = error->error;
		}
	}
	if (r < 0 && !clearing->error)
		clearing->error = r;
	clearing->n = 0;
	clearing->len = 0;
}

static void clear_entry(void *context, const struct pr_conntrack_entry *entry)
{
	struct clearing *clearing = context;
	uint8_t *buffer = clearing->conntrack->updates + clearing->len;
	struct nlmsghdr *message;

	if (clearing->bits ? !(entry->mark & clearing->bits)
			   : entry->tcp_state != TCP_CONNTRACK_CLOSE)
		return;
	message = clearing->bits ? pr_conntrack_write_mark(buffer, &entry->original, false,
							   entry->zone, clearing->bits, 0)
				 : pr_conntrack_write_delete(buffer, entry);
	message->nlmsg_seq = ++clearing->conntrack->seq;
	clearing->len += MNL_ALIGN(message->nlmsg_len);
	if (++clearing->n == UPDATES_A_WRITE)
		write_updates(clearing);
}

int pr_conntrack_clear(struct pr_conntrack *conntrack, const struct pr_conntrack_selector *selector,
		       uint32_t bits, uint64_t *ret_n)
{
	struct pr_conntrack *writer = NULL;
	struct clearing clearing;
	int r;

	r = pr_conntrack_open(false, &writer);
	if (r != 0)
		return r;
	clearing = (struct clearing){ .conntrack = writer, .bits = bits };
	r = dump(conntrack, selector, clear_entry, &clearing);
	write_updates(&clearing);
	pr_conntrack_free(writer);
	if (r == 0)
		r = clearing.error;
	if (r == 0 && ret_n)
		*ret_n = clearing.n_changed;
	return r;
}

int pr_conntrack_forget_reset(struct pr_conntrack *conntrack,
			      const struct pr_conntrack_selector *selector)
{
	return pr_conntrack_clear(conntrack, selector, 0, NULL);
}

int pr_conntrack_forget_denied(struct pr_conntrack *conntrack, uint32_t mark_mask)
{
	static const struct pr_mark_fields denied[] = {
		{ .out = PR_MARK_OUT_BLOCK },
		{ .out = PR_MARK_OUT_DROP },
		{ .in = PR_MARK_IN_BLOCK },
		{ .in = PR_MARK_IN_DROP },
	};

	for (size_t i = 0; i < PR_ARRAY_SIZE(denied); i++) {
		uint32_t bits =
			denied[i].out ? pr_mark_out_mask(mark_mask) : pr_mark_in_mask(mark_mask);
		struct pr_conntrack_selector selector = { bits,
							  pr_mark_link(mark_mask, &denied[i]) };
		int r = pr_conntrack_clear(conntrack, &selector, bits, NULL);

		if (r != 0)
			return r;
	}
	return 0;
}

/* ---- events ---- */

int pr_conntrack_dispatch(struct pr_conntrack *conntrack, pr_conntrack_callback *callback,
			  void *context, bool *ret_all)
{
	int result = 0;

	*ret_all = false;
	for (unsigned int i = 0; i < READS_A_DISPATCH; i++) {
		ssize_t n = recv(conntrack->event_fd, conntrack->buffer, READ_LEN, MSG_DONTWAIT);
		const struct nlmsghdr *message = (const void *)conntrack->buffer;
		int left = (int)n;

		if (n < 0 && errno == ENOBUFS) {
			result = PR_CONNTRACK_LOST;
			continue;
		}
		if (n < 0) {
			*ret_all = errno == EAGAIN;
			return errno == EAGAIN || errno == EINTR ? result : -errno;
		}
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
			struct pr_conntrack_entry entry;

			if (pr_conntrack_read(message, &entry) == 0)
				callback(context, &entry);
		}
	}
	return result;
}

/* ---- opening ---- */

int pr_conntrack_open(bool events, struct pr_conntrack **ret_conntrack)
{
	struct pr_conntrack *conntrack = pr_calloc(1, sizeof(*conntrack));
	struct pr_tuple nobody = { .src = { 4, { 127 } }, .dst = { 4, { 127 } }, .proto = 17 };
	struct pr_conntrack_entry entry;
	int r;

	conntrack->ask_fd = conntrack->event_fd = -1;
	conntrack->buffer = pr_calloc(1, READ_LEN);
	conntrack->updates = pr_calloc(UPDATES_A_WRITE, PR_CONNTRACK_MESSAGE_MAX);
	r = open_socket(READ_LEN * 4, &conntrack->ask_fd);
	if (r == 0 && events)
		r = open_socket(EVENT_BUFFER, &conntrack->event_fd);
	if (r == 0 && events)
		r = subscribe(conntrack->event_fd);
	if (r == 0 && pr_conntrack_find(conntrack, &nobody, &entry) == -EINVAL)
		r = -EPROTONOSUPPORT; /* nfnetlink without this subsystem */
	if (r != 0) {
		pr_conntrack_free(conntrack);
		return r == -EPROTONOSUPPORT ? PR_CONNTRACK_LACKING : r;
	}
	*ret_conntrack = conntrack;
	return 0;
}

void pr_conntrack_free(struct pr_conntrack *conntrack)
{
	if (!conntrack)
		return;
	if (conntrack->ask_fd >= 0)
		close(conntrack->ask_fd);
	if (conntrack->event_fd >= 0)
		close(conntrack->event_fd);
	free(conntrack->buffer);
	free(conntrack->updates);
	free(conntrack);
}

int pr_conntrack_fd(const struct pr_conntrack *conntrack)
{
	return conntrack->event_fd;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading: the kernel hands out one message a packet; recvmmsg() takes up to a batch of them in one call and
 * waits for the first only. The wait is the socket's receive time-out, so that a packet costs one system call,
 * not a poll more.
 *
 * Verdicts are collected and sent as several messages of one write. An accepted or dropped packet ends there;
 * everything else comes back to its chain by NF_REPEAT with an order in its mark (mark.h, nft_orders.c). A
 * verdict on a packet that is gone already (somebody's hook ended, and every queue of the namespace was emptied)
 * comes back as an error among the packets: it is counted, there is nothing else to be done about it.
 */
#include "kernel/nfqueue.h"

#include "base/clock.h"
#include "kernel/mark.h"
#include "kernel/nfqueue_message.h"
#include "packet/build.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define HEADERS_LEN	1024 /* of a message beside the packet */
#define CONFIG_SEQ	1
#define ANSWER_LEN	4096
#define SOL_NETLINK_	270 /* SOL_NETLINK of linux/socket.h */
#define VERDICT_LEN_MAX 64

struct worker {
	struct pr_interception interception;
	struct pr_nfqueue_config config;
	int fd;
	int timeout_ms; /* that the socket has now */

	uint8_t *buffers; /* PR_NFQUEUE_BATCH of buffer_len */
	size_t buffer_len;
	struct mmsghdr *messages;
	struct iovec *vectors;

	pthread_mutex_t lock; /* of what follows */
	uint8_t *sealed;      /* room for a verdict with its packet; NULL = none was sent yet */
	uint8_t verdicts[PR_NFQUEUE_BATCH * VERDICT_LEN_MAX] __attribute__((aligned(8)));
	size_t verdicts_len;
	unsigned int n_verdicts;
	struct pr_nfqueue_counters counters;
};

static struct worker *worker_of(struct pr_interception *interception)
{
	return (struct worker *)(void *)interception;
}

/* Without the lock it is needed by none but the reader's own counters. */
static void count(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

/* ---- opening ---- */

static int socket_open(const struct pr_nfqueue_config *config, int *ret_fd)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	int fd PR_CLEANUP(pr_cleanup_close) = -1;
	int on = 1, size = (int)config->receive_buffer;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* The loss is in the kernel's counters; an error at every read tells no more. */
	(void)setsockopt(fd, SOL_NETLINK_, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK_, NETLINK_CAP_ACK, &on, sizeof(on));
	*ret_fd = PR_TAKE_FD(fd);
	return 0;
}

/* Sends a configuration message and waits for its acknowledgement; a packet may already arrive before it
 * when the second queue is bound: it is dropped with the queue's next configuration at the latest, and was
 * not answered before. */
static int configure(int fd, struct nlmsghdr *message)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	uint8_t answer[ANSWER_LEN] __attribute__((aligned(8)));

	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	message->nlmsg_seq = CONFIG_SEQ;
	if (sendto(fd, message, message->nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) <
	    0)
		return -errno;
	for (;;) {
		ssize_t n = recv(fd, answer, sizeof(answer), 0);
		const struct nlmsghdr *header = (const void *)answer;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (mnl_nlmsg_ok(header, (int)n) && header->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(header))->error;
	}
}

/* EPERM is said of a queue of somebody else's, and without the capability; this old command, which does
 * nothing any more, is refused for the latter alone. */
static bool may_configure(int fd)
{
	char bytes[256] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = pr_nfqueue_message(bytes, NFQNL_MSG_CONFIG, 0);
	struct nfqnl_msg_config_cmd command = { .command = NFQNL_CFG_CMD_PF_BIND };

	mnl_attr_put(message, NFQA_CFG_CMD, sizeof(command), &command);
	return configure(fd, message) == 0;
}

static int bind_queue(int fd, const struct pr_nfqueue_config *config, uint16_t queue)
{
	char bytes[256] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = pr_nfqueue_message(bytes, NFQNL_MSG_CONFIG, queue);
	struct nfqnl_msg_config_cmd command = { .command = NFQNL_CFG_CMD_BIND,
						.pf = htons(AF_UNSPEC) };
	struct nfqnl_msg_config_params parameters = { .copy_range = htonl(config->copy_len),
						      .copy_mode = NFQNL_COPY_PACKET };
	const uint32_t flags = NFQA_CFG_F_GSO | NFQA_CFG_F_UID_GID;
	int r;

	mnl_attr_put(message, NFQA_CFG_CMD, sizeof(command), &command);
	r = configure(fd, message);
	if (r == -EPERM || r == -EBUSY)
		return may_configure(fd) ? PR_NFQUEUE_TAKEN : PR_NFQUEUE_DENIED;
	if (r == -EINVAL || r == -EOPNOTSUPP)
		return PR_NFQUEUE_LACKING;
	if (r < 0)
		return r;
	message = pr_nfqueue_message(bytes, NFQNL_MSG_CONFIG, queue);
	mnl_attr_put(message, NFQA_CFG_PARAMS, sizeof(parameters), &parameters);
	mnl_attr_put_u32(message, NFQA_CFG_QUEUE_MAXLEN, htonl(config->queue_len_max));
	/* The fail-open flag is named in the mask, so that it is off. */
	mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(flags));
	mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(flags | NFQA_CFG_F_FAIL_OPEN));
	return configure(fd, message);
}

static struct worker *worker_new(const struct pr_nfqueue_config *config, int fd)
{
	struct worker *worker = pr_calloc(1, sizeof(*worker));

	worker->config = *config;
	worker->fd = fd;
	worker->timeout_ms = -1;
	worker->buffer_len = (config->copy_len + HEADERS_LEN + 63u) & ~63u;
	worker->buffers = pr_calloc(PR_NFQUEUE_BATCH, worker->buffer_len);
	worker->messages = pr_calloc(PR_NFQUEUE_BATCH, sizeof(*worker->messages));
	worker->vectors = pr_calloc(PR_NFQUEUE_BATCH, sizeof(*worker->vectors));
	for (unsigned int i = 0; i < PR_NFQUEUE_BATCH; i++) {
		worker->vectors[i].iov_base = worker->buffers + i * worker->buffer_len;
		worker->vectors[i].iov_len = worker->buffer_len;
		worker->messages[i].msg_hdr.msg_iov = &worker->vectors[i];
		worker->messages[i].msg_hdr.msg_iovlen = 1;
	}
	pthread_mutex_init(&worker->lock, NULL);
	return worker;
}

/* ---- reading ---- */

static int wait_at_most(struct worker *worker, int timeout_ms)
{
	struct timeval time = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

	if (timeout_ms == 0 || timeout_ms == worker->timeout_ms)
		return 0;
	if (timeout_ms < 0)
		time = (struct timeval){ 0 }; /* for ever */
	if (setsockopt(worker->fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) < 0)
		return -errno;
	worker->timeout_ms = timeout_ms;
	return 0;
}

static int next(struct pr_interception *interception, struct pr_intercepted *packets,
		unsigned int n_max, int timeout_ms)
{
	struct worker *worker = worker_of(interception);
	unsigned int n_packets = 0;
	uint64_t now_us;
	int n, r;

	if (n_max > PR_NFQUEUE_BATCH)
		n_max = PR_NFQUEUE_BATCH;
	if (worker->config.unbatched && n_max > 1)
		n_max = 1;
	r = wait_at_most(worker, timeout_ms);
	if (r < 0)
		return r;
	n = recvmmsg(worker->fd, worker->messages, n_max,
		     timeout_ms == 0 ? MSG_DONTWAIT : MSG_WAITFORONE, NULL);
	if (n < 0 && errno == ENOBUFS)
		count(&worker->counters.n_receive_errors, 1);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -errno;
	now_us = pr_clock_monotonic_us();
	for (int i = 0; i < n; i++) {
		struct pr_intercepted *packet = &packets[n_packets];

		r = pr_nfqueue_read(worker->vectors[i].iov_base, worker->messages[i].msg_len,
				    packet);
		if (r < 0 || worker->messages[i].msg_hdr.msg_flags & MSG_TRUNC) {
			count(&worker->counters.n_receive_errors, 1);
			continue;
		}
		if (r == PR_NFQUEUE_NO_PACKET) {
			count(&worker->counters.n_verdicts_lost, 1);
			continue;
		}
		packet->mark &= ~worker->config.mark_mask;
		packet->untracked = worker->config.with_untracked &&
				    packet->handle >> 32 == worker->config.untracked_queue;
		packet->time_us = now_us;
		n_packets++;
	}
	count(&worker->counters.n_packets, n_packets);
	return (int)n_packets;
}

/* ---- verdicts ---- */

static void send_verdicts(struct worker *worker)
{
	static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	if (!worker->n_verdicts)
		return;
	do
		n = sendto(worker->fd, worker->verdicts, worker->verdicts_len, 0,
			   (const struct sockaddr *)&kernel, sizeof(kernel));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		count(&worker->counters.n_verdicts_lost, worker->n_verdicts);
	worker->verdicts_len = 0;
	worker->n_verdicts = 0;
}

static void send_one(struct worker *worker, const void *message, size_t len)
{
	static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	do
		n = sendto(worker->fd, message, len, 0, (const struct sockaddr *)&kernel,
			   sizeof(kernel));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		count(&worker->counters.n_verdicts_lost, 1);
}

/* With the bytes that were looked at in the packet's place. False: it can't be. */
static bool send_sealed(struct worker *worker, const struct pr_intercepted *packet, bool one_path,
			struct pr_nfqueue_answer *answer)
{
	const size_t size = VERDICT_LEN_MAX + worker->buffer_len;
	uint8_t *bytes;

	if (!packet->bytes || packet->len > worker->config.copy_len ||
	    packet->len > PR_NFQUEUE_PAYLOAD_MAX)
		return false;
	if (!worker->sealed)
		worker->sealed = pr_calloc(2, size);
	bytes = worker->sealed + size;
	memcpy(bytes, packet->bytes, packet->len);
	if (one_path)
		pr_packet_one_path(bytes, packet->len, packet->wire_len, packet->unsummed);
	if (!pr_packet_seal(bytes, packet->len, packet->wire_len, packet->unsummed))
		return false;
	answer->payload = bytes;
	answer->payload_len = packet->len;
	send_verdicts(worker);
	send_one(worker, worker->sealed, pr_nfqueue_write(answer, worker->sealed));
	return true;
}

static bool passes(const struct pr_verdict_order *order)
{
	return order->verdict != PR_VERDICT_BLOCK && order->verdict != PR_VERDICT_DROP;
}

static void verdict(struct pr_interception *interception, const struct pr_intercepted *packet,
		    const struct pr_verdict_order *order)
{
	struct worker *worker = worker_of(interception);
	enum pr_mark_order carried = pr_mark_order_of(order, packet->untracked);
	struct pr_nfqueue_answer answer = {
		.queue = (uint16_t)(packet->handle >> 32),
		.packet = (uint32_t)packet->handle,
		.verdict = order->verdict == PR_VERDICT_ACCEPT ? NF_ACCEPT : NF_DROP,
	};

	if (carried != PR_MARK_ORDER_NONE) {
		answer.verdict = NF_REPEAT;
		answer.marks = true;
		answer.mark = packet->mark |
			      pr_mark_order(worker->config.mark_mask, order->generation, carried);
	}
	pthread_mutex_lock(&worker->lock);
	if (order->as_seen && passes(order)) {
		if (send_sealed(worker, packet, order->one_path, &answer)) {
			count(&worker->counters.n_accepted, 1);
			pthread_mutex_unlock(&worker->lock);
			return;
		}
		answer.verdict = NF_DROP;
		answer.marks = false;
		count(&worker->counters.n_denied, 1);
	} else {
		count(passes(order) ? &worker->counters.n_accepted : &worker->counters.n_denied, 1);
	}
	worker->verdicts_len += pr_nfqueue_write(&answer, worker->verdicts + worker->verdicts_len);
	worker->n_verdicts++;
	if (worker->n_verdicts == PR_NFQUEUE_BATCH || worker->config.unbatched)
		send_verdicts(worker);
	pthread_mutex_unlock(&worker->lock);
}

static void flush(struct pr_interception *interception)
{
	struct worker *worker = worker_of(interception);

	pthread_mutex_lock(&worker->lock);
	send_verdicts(worker);
	pthread_mutex_unlock(&worker->lock);
}

static void close_(struct pr_interception *interception)
{
	struct worker *worker = worker_of(interception);

	flush(interception);
	close(worker->fd);
	pthread_mutex_destroy(&worker->lock);
	free(worker->buffers);
	free(worker->sealed);
	free(worker->messages);
	free(worker->vectors);
	free(worker);
}

static const struct pr_interception_operations operations = {
	.next = next,
	.verdict = verdict,
	.flush = flush,
	.close = close_,
};

int pr_nfqueue_open(const struct pr_nfqueue_config *config,
		    struct pr_interception **ret_interception)
{
	struct pr_nfqueue_config filled = *config;
	int fd PR_CLEANUP(pr_cleanup_close) = -1;
	struct worker *worker;
	int r;

	if (!pr_mark_mask_valid(config->mark_mask))
		return -EINVAL;
	if (!filled.copy_len)
		filled.copy_len = PR_NFQUEUE_COPY_LEN;
	if (!filled.queue_len_max)
		filled.queue_len_max = PR_NFQUEUE_LEN_MAX;
	if (!filled.receive_buffer)
		filled.receive_buffer = PR_NFQUEUE_RECEIVE_BUFFER;
	r = socket_open(&filled, &fd);
	if (r == -EPROTONOSUPPORT)
		return PR_NFQUEUE_LACKING;
	if (r == 0)
		r = bind_queue(fd, &filled, filled.queue);
	if (r == 0 && filled.with_untracked)
		r = bind_queue(fd, &filled, filled.untracked_queue);
	if (r != 0)
		return r;
	worker = worker_new(&filled, PR_TAKE_FD(fd));
	worker->interception.operations = &operations;
	*ret_interception = &worker->interception;
	return 0;
}

void pr_nfqueue_counters(const struct pr_interception *interception,
			 struct pr_nfqueue_counters *ret_counters)
{
	*ret_counters = ((const struct worker *)(const void *)interception)->counters;
}

const char *pr_nfqueue_outcome_text(int outcome)
{
	switch (outcome) {
	case PR_NFQUEUE_TAKEN:
		return "another process has bound this netfilter queue";
	case PR_NFQUEUE_LACKING:
		return "the kernel lacks queues to user space (CONFIG_NETFILTER_NETLINK_QUEUE)";
	case PR_NFQUEUE_DENIED:
		return "CAP_NET_ADMIN is missing for a netfilter queue";
	}
	return "";
}

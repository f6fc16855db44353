/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The channel lets through what is on the list, and nothing else. */
#include "ipc/channel.h"

#include "base/cursor.h"
#include "ipc/body.h"

#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
	struct pr_channel *supervisor, *engine;
	int raw_engine; /* the engine's end again: what a broken engine would send */
};

static struct pair make(void)
{
	struct pair pair;
	int fds[2];

	assert_int_equal(pr_channel_pair(fds), 0);
	pair.raw_engine = dup(fds[1]);
	pair.supervisor = pr_channel_new_take(fds[0], PR_PARTY_SUPERVISOR, PR_PARTY_ENGINE);
	pair.engine = pr_channel_new_take(fds[1], PR_PARTY_ENGINE, PR_PARTY_SUPERVISOR);
	return pair;
}

static void done(struct pair *pair)
{
	pr_channel_free(pair->supervisor);
	pr_channel_free(pair->engine);
	close(pair->raw_engine);
}

static size_t raw(uint8_t *bytes, size_t size, uint16_t kind, uint16_t zero, size_t body_len)
{
	struct pr_writer writer = pr_writer(bytes, size);

	pr_write_u16(&writer, kind);
	pr_write_u16(&writer, zero);
	pr_write_u64(&writer, 7);
	memset(bytes + writer.position, 'x', body_len);
	return writer.position + body_len;
}

static void test_a_message_arrives(void **state)
{
	struct pair pair = make();
	struct pr_message message;

	(void)state;
	assert_int_equal(pr_channel_receive(pair.engine, &message), PR_CHANNEL_EMPTY);
	assert_int_equal(pr_channel_send(pair.supervisor, PR_MESSAGE_NOTICE, 42, "hello", 5), 0);
	assert_int_equal(pr_channel_receive(pair.engine, &message), 0);
	assert_int_equal(message.kind, PR_MESSAGE_NOTICE);
	assert_int_equal(message.ticket, 42);
	assert_int_equal(message.len, 5);
	assert_memory_equal(message.body, "hello", 5);
	pr_message_done(&message);
	done(&pair);
}

static void test_a_descriptor_arrives_close_on_exec(void **state)
{
	struct pair pair = make();
	struct pr_message message;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(pr_channel_send_fds(pair.supervisor, PR_MESSAGE_HOSTS, 0, NULL, 0, &fd, 1),
			 0);
	assert_int_equal(pr_channel_receive(pair.engine, &message), 0);
	assert_true(message.fds[0] >= 0);
	assert_int_equal(fcntl(message.fds[0], F_GETFD), FD_CLOEXEC);
	fd = (close(fd), message.fds[0]);
	pr_message_done(&message);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	done(&pair);
}

static void refuses(size_t len, const uint8_t *bytes)
{
	struct pair pair = make();
	struct pr_message message;

	assert_int_equal(send(pair.raw_engine, bytes, len, 0), len);
	assert_int_equal(pr_channel_receive(pair.supervisor, &message), -EBADMSG);
	/* Sticky, both ways. */
	assert_int_equal(pr_channel_receive(pair.supervisor, &message), -EBADMSG);
	assert_int_equal(pr_channel_send(pair.supervisor, PR_MESSAGE_PING, 0, NULL, 0), -EBADMSG);
	done(&pair);
}

static void test_what_is_not_on_the_list_ends_the_channel(void **state)
{
	uint8_t bytes[8192];

	(void)state;
	refuses(3, (const uint8_t *)"abc");
	refuses(raw(bytes, sizeof(bytes), 0, 0, 0), bytes);
	refuses(raw(bytes, sizeof(bytes), PR_N_MESSAGES, 0, 0), bytes);
	refuses(raw(bytes, sizeof(bytes), 0xffff, 0, 0), bytes);
	refuses(raw(bytes, sizeof(bytes), PR_MESSAGE_PONG, 1, 0), bytes);
	/* The wrong way, too long, too short, without its descriptor. */
	refuses(raw(bytes, sizeof(bytes), PR_MESSAGE_PING, 0, 0), bytes);
	refuses(raw(bytes, sizeof(bytes), PR_MESSAGE_CHANGE, 0, 2), bytes);
	refuses(raw(bytes, sizeof(bytes), PR_MESSAGE_PONG, 0, 1), bytes);
	refuses(raw(bytes, sizeof(bytes), PR_MESSAGE_WHO, 0, 7), bytes);
	refuses(raw(bytes, sizeof(bytes), PR_MESSAGE_FAILED, 0, 4097), bytes);
	refuses(raw(bytes, sizeof(bytes), PR_MESSAGE_NAMES, 0, 0), bytes);
}

static void send_raw_fds(int socket, const uint8_t *bytes, size_t len, unsigned int n)
{
	struct iovec part = { (void *)(uintptr_t)bytes, len };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * 16)];
	} control = { 0 };
	struct msghdr header = { .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = CMSG_SPACE(sizeof(int) * n) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
	int fds[16] = { 0 };

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * n);
	assert_int_equal(sendmsg(socket, &header, 0), len);
}

static unsigned int count_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_descriptors_too_many_are_closed(void **state)
{
	uint8_t bytes[64];
	size_t len = raw(bytes, sizeof(bytes), PR_MESSAGE_PONG, 0, 0);

	(void)state;
	for (unsigned int n = 1; n <= 16; n++) {
		struct pair pair = make();
		unsigned int before = count_fds();
		struct pr_message message;

		send_raw_fds(pair.raw_engine, bytes, len, n);
		assert_int_equal(pr_channel_receive(pair.supervisor, &message), -EBADMSG);
		assert_int_equal(count_fds(), before);
		done(&pair);
	}
}

static void test_a_peer_that_is_gone(void **state)
{
	struct pair pair = make();
	struct pr_message message;

	(void)state;
	assert_int_equal(pr_channel_send(pair.engine, PR_MESSAGE_PONG, 9, NULL, 0), 0);
	pr_channel_free(pair.engine);
	pair.engine = NULL;
	close(pair.raw_engine);
	pair.raw_engine = -1;
	/* Its last words are still heard. */
	assert_int_equal(pr_channel_receive(pair.supervisor, &message), 0);
	assert_int_equal(message.ticket, 9);
	assert_int_equal(pr_channel_receive(pair.supervisor, &message), -EPIPE);
	assert_int_equal(pr_channel_send(pair.supervisor, PR_MESSAGE_PING, 0, NULL, 0), -EPIPE);
	pr_channel_free(pair.supervisor);
}

static void test_a_peer_that_does_not_read(void **state)
{
	static uint8_t body[4096];
	struct pair pair = make();
	struct pr_message message;
	unsigned int n = 0;
	int r;

	(void)state;
	while ((r = pr_channel_send(pair.supervisor, PR_MESSAGE_NOTICE, n, body, sizeof(body))) ==
	       0)
		n++;
	assert_int_equal(r, PR_CHANNEL_FULL);
	assert_true(n > 10);
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(pr_channel_receive(pair.engine, &message), 0);
		assert_int_equal(message.ticket, i);
		pr_message_done(&message);
	}
	assert_int_equal(pr_channel_send(pair.supervisor, PR_MESSAGE_NOTICE, 0, "x", 1), 0);
	done(&pair);
}

static void test_the_list_is_whole(void **state)
{
	(void)state;
	assert_null(pr_message_info(0));
	assert_null(pr_message_info(PR_N_MESSAGES));
	for (unsigned int kind = 1; kind < PR_N_MESSAGES; kind++) {
		const struct pr_message_info *info = pr_message_info(kind);

		assert_non_null(info);
		assert_true(info->from && info->to && info->min_len <= info->max_len);
		assert_true(info->max_len <= PR_MESSAGE_BODY_MAX);
		assert_true(info->n_fds <= PR_MESSAGE_FDS_MAX);
		/* One direction: either one of two parties, or the list says both. */
		assert_true(kind == PR_MESSAGE_NAMES || !(info->from & info->to));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_list_is_whole),
		cmocka_unit_test(test_a_message_arrives),
		cmocka_unit_test(test_a_descriptor_arrives_close_on_exec),
		cmocka_unit_test(test_what_is_not_on_the_list_ends_the_channel),
		cmocka_unit_test(test_descriptors_too_many_are_closed),
		cmocka_unit_test(test_a_peer_that_is_gone),
		cmocka_unit_test(test_a_peer_that_does_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

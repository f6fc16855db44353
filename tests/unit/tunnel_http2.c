/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Links that share a connection of HTTP/2, over servers in memory. */
#include "tunnel_far.h"
#include "unit.h"

#include "tunnel/http2.h"

#include <string.h>
#include <sys/socket.h>

#define LINKS 20

static struct pr_tunnel_upstream office = { .id = "office",
					    .kind = PR_TUNNEL_CONNECT,
					    .host = "proxy.example",
					    .port = 443,
					    .user = "",
					    .password = "",
					    .interface = "" };
static struct pr_tunnel_upstream socks = { .id = "socks",
					   .kind = PR_TUNNEL_SOCKS5,
					   .host = "socks.example",
					   .port = 1080,
					   .user = "",
					   .password = "",
					   .ca = "",
					   .interface = "" };

static struct pr_carriers *carriers;
static struct pr_carrier_hop hops[2];
static struct pr_carrier_to to;

static int setup(void **state)
{
	(void)state;
	carriers = pr_carriers_new(far_setup(), NULL);
	tls_server = http2_server = true;
	office.ca = far_authority();
	hops[0] = (struct pr_carrier_hop){
		.upstream = &office, .user = "", .password = "", .shared = ""
	};
	hops[1] = hops[0];
	to = (struct pr_carrier_to){
		.hops = hops, .n_hops = 1, .host = "far.example", .port = 443
	};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pr_carriers_free(carriers);
	far_teardown();
	return 0;
}

static void open_link(struct link *link)
{
	*link = (struct link){ 0 };
	link_open(link, carriers, &to);
	run();
}

static void is_open(const struct link *link)
{
	assert_true(link->opened);
	assert_string_equal(link->why, "");
	assert_int_equal(link->outcome, PR_TUNNEL_OPEN);
}

static void failed(const struct link *link, enum pr_tunnel_outcome outcome, const char *why)
{
	assert_true(link->opened);
	assert_string_equal(link->why, why);
	assert_int_equal(link->outcome, outcome);
	assert_int_equal(link->hop, 0);
}

/* Those that come while the first one's hands are still shaken wait for it. */
static void many_in_one(void **state)
{
	struct link links[LINKS] = { 0 };
	char expected[64];

	(void)state;
	hops[0].user = "u";
	hops[0].password = "pw";
	for (unsigned int i = 0; i < LINKS; i++) {
		to.port = (uint16_t)(1000 + i);
		link_open(&links[i], carriers, &to);
	}
	run();
	assert_int_equal(n_fars, 1);
	assert_int_equal(fars[0]->n_streams, LINKS);
	for (unsigned int i = 0; i < LINKS; i++) {
		is_open(&links[i]);
		snprintf(expected, sizeof(expected), "far.example:%u", 1000 + i);
		assert_string_equal(fars[0]->streams[i].authority, expected);
		assert_string_equal(fars[0]->streams[i].credentials, "Basic dTpwdw==");
		assert_int_equal(link_write(&links[i], i + 1), i + 1);
		far_stream_send(fars[0], i, 2 * i + 1, false);
	}
	run();
	for (unsigned int i = 0; i < LINKS; i++) {
		assert_int_equal(fars[0]->streams[i].n_in, i + 1);
		assert_int_equal(links[i].n_in, 2 * i + 1);
		assert_int_equal(links[i].last, -EAGAIN);
		pr_carrier_free(links[i].carrier, false);
	}
}

static void shared_by_text(void **state)
{
	struct link one, two, again;

	(void)state;
	hops[0].shared = "one";
	open_link(&one);
	hops[0].shared = "two";
	open_link(&two);
	hops[0].shared = "one";
	open_link(&again);
	assert_int_equal(n_fars, 2);
	assert_int_equal(fars[0]->n_streams, 2);
	pr_carrier_free(one.carrier, false);
	pr_carrier_free(two.carrier, false);
	pr_carrier_free(again.carrier, false);
}

static void each_half(void **state)
{
	struct link link;

	(void)state;
	open_link(&link);
	pr_carrier_shutdown(link.carrier);
	run();
	assert_true(fars[0]->streams[0].ended);
	assert_int_equal(pr_carrier_write(link.carrier, "x", 1), -EPIPE);
	far_stream_send(fars[0], 0, 5, false);
	run();
	assert_int_equal(link.n_in, 5);
	far_stream_send(fars[0], 0, 0, true);
	run();
	assert_int_equal(link.last, 0);
	assert_true(fars[0]->streams[0].closed);
	assert_int_equal(fars[0]->streams[0].error_code, NGHTTP2_NO_ERROR);
	pr_carrier_free(link.carrier, false);
}

/* Freed with its half unsaid: it is said, and what still comes is passed over. */
static void freed_in_peace(void **state)
{
	struct link link;

	(void)state;
	open_link(&link);
	assert_int_equal(link_write(&link, 100), 100);
	pr_carrier_free(link.carrier, false);
	run();
	assert_int_equal(fars[0]->streams[0].n_in, 100);
	assert_true(fars[0]->streams[0].ended);
	far_stream_send(fars[0], 0, 1000, true);
	run();
	assert_true(fars[0]->streams[0].closed);
	assert_int_equal(fars[0]->streams[0].error_code, NGHTTP2_NO_ERROR);
}

static void resets(void **state)
{
	struct link ours, theirs, other;

	(void)state;
	open_link(&ours);
	open_link(&theirs);
	open_link(&other);
	pr_carrier_free(ours.carrier, true);
	run();
	assert_true(fars[0]->streams[0].closed);
	assert_int_equal(fars[0]->streams[0].error_code, NGHTTP2_CANCEL);
	far_stream_send(fars[0], 1, 3, false);
	run();
	nghttp2_submit_rst_stream(fars[0]->http2, 0, fars[0]->streams[1].id, NGHTTP2_CONNECT_ERROR);
	run();
	assert_int_equal(theirs.n_in, 3);
	assert_int_equal(theirs.last, -ECONNRESET);
	assert_int_equal(pr_carrier_write(theirs.carrier, "x", 1), -ECONNRESET);
	/* nobody else is touched */
	far_stream_send(fars[0], 2, 4, false);
	run();
	assert_int_equal(other.n_in, 4);
	assert_int_equal(other.last, -EAGAIN);
	pr_carrier_free(theirs.carrier, false);
	pr_carrier_free(other.carrier, false);
}

/* What the server does not read is not written; another link goes on. */
static void back_pressure(void **state)
{
	struct link link, other;
	ssize_t n;

	(void)state;
	http2_window = 1000;
	open_link(&link);
	open_link(&other);
	assert_int_equal(link_write(&link, 5000), 1000);
	assert_int_equal(link_write(&link, 5000), -EAGAIN);
	run();
	assert_int_equal(link.n_writable, 0);
	assert_int_equal(link_write(&other, 10), 10);
	nghttp2_session_consume(fars[0]->http2, fars[0]->streams[0].id, 1000);
	nghttp2_submit_window_update(fars[0]->http2, 0, fars[0]->streams[0].id, 600);
	run();
	assert_int_equal(link.n_writable, 1);
	n = link_write(&link, 5000);
	assert_in_range(n, 600, 1600);
	run();
	assert_int_equal(fars[0]->streams[0].n_in, 1000 + n);
	assert_int_equal(fars[0]->streams[1].n_in, 10);
	pr_carrier_free(link.carrier, true);
	pr_carrier_free(other.carrier, true);
}

/* What a link does not read waits at the server, beyond its window; another link goes on. */
static void unread(void **state)
{
	struct link link, other;

	(void)state;
	open_link(&link);
	open_link(&other);
	link.reads_not = true;
	far_stream_send(fars[0], 0, 3 * PR_HTTP2_STREAM_WINDOW, true);
	run();
	assert_in_range(fars[0]->streams[0].n_out, 1, 2 * PR_HTTP2_STREAM_WINDOW);
	far_stream_send(fars[0], 1, 1 << 20, true);
	for (int i = 0; i < 10; i++)
		run();
	assert_int_equal(other.n_in, 1 << 20);
	assert_int_equal(other.last, 0);
	link.reads_not = false;
	for (int i = 0; i < 10; i++) {
		link_read(&link);
		run();
	}
	assert_int_equal(link.n_in, 3 * PR_HTTP2_STREAM_WINDOW);
	assert_int_equal(link.last, 0);
	pr_carrier_free(link.carrier, false);
	pr_carrier_free(other.carrier, false);
}

static void a_slow_connection(void **state)
{
	struct link link;
	size_t n = 0;
	ssize_t r;

	(void)state;
	http2_window = 100 << 20;
	open_link(&link);
	nghttp2_session_set_local_window_size(fars[0]->http2, 0, 0, 100 << 20);
	run();
	fars[0]->reads_not = true;
	r = link_write(&link, 50 << 20);
	assert_in_range(r, 1, (50 << 20) - 1);
	run();
	fars[0]->reads_not = false;
	for (int i = 0; i < 1000 && n < (8u << 20); i++) {
		run();
		r = link_write(&link, 1 << 20);
		n += r > 0 ? (size_t)r : 0;
	}
	assert_true(n >= 8u << 20);
	assert_true(link.n_writable > 0);
	pr_carrier_free(link.carrier, true);
}

static void answers(void **state)
{
	static const struct {
		unsigned int status;
		uint32_t reset;
		enum pr_tunnel_outcome outcome;
		const char *why;
	} cases[] = {
		{ 407, 0, PR_TUNNEL_UNREACHABLE, "office: it wants a user and a password" },
		{ 403, 0, PR_TUNNEL_FORBIDDEN, "office: its rules don't allow it" },
		{ 504, 0, PR_TUNNEL_TIMED_OUT, "office: it answers with 504" },
		{ 0, NGHTTP2_CONNECT_ERROR, PR_TUNNEL_REFUSED, "office: connection refused" },
		{ 0, NGHTTP2_INTERNAL_ERROR, PR_TUNNEL_UNREACHABLE,
		  "office: it reset the link (INTERNAL_ERROR)" },
		{ 0, NGHTTP2_HTTP_1_1_REQUIRED, PR_TUNNEL_UNREACHABLE,
		  "office: it wants HTTP/1.1" },
		{ 0, NGHTTP2_REFUSED_STREAM, PR_TUNNEL_UNREACHABLE,
		  "office: it takes no further link" },
	};

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		struct link link;

		http2_status = cases[i].status;
		http2_reset = cases[i].reset;
		open_link(&link);
		failed(&link, cases[i].outcome, cases[i].why);
		pr_carrier_free(link.carrier, true);
	}
	assert_int_equal(n_fars, 1);
}

/* A server that goes away takes no new link; those that it has go on. */
static void goes_away(void **state)
{
	struct link old, new;

	(void)state;
	open_link(&old);
	nghttp2_submit_goaway(fars[0]->http2, 0, fars[0]->streams[0].id, NGHTTP2_NO_ERROR, NULL, 0);
	run();
	open_link(&new);
	is_open(&new);
	assert_int_equal(n_fars, 2);
	far_stream_send(fars[0], 0, 7, true);
	run();
	assert_int_equal(old.n_in, 7);
	assert_int_equal(old.last, 0);
	assert_false(fars[0]->ended);
	pr_carrier_free(old.carrier, false);
	run();
	assert_true(fars[0]->ended); /* with its last link the connection ends */
	pr_carrier_free(new.carrier, false);
}

/* A connection that is found dead when a link comes is made anew, once. */
static void dead_when_needed(void **state)
{
	struct link old, new;

	(void)state;
	open_link(&old);
	http2_status = 0;
	new = (struct link){ 0 };
	link_open(&new, carriers, &to);
	run();
	assert_int_equal(fars[0]->n_streams, 2);
	http2_status = 200;
	far_break(fars[0], false);
	run();
	assert_int_equal(old.last, -ECONNRESET);
	is_open(&new);
	assert_int_equal(n_fars, 2);
	pr_carrier_free(old.carrier, false);
	pr_carrier_free(new.carrier, false);
}

static void broken(void **state)
{
	struct link links[LINKS];

	(void)state;
	for (unsigned int i = 0; i < LINKS; i++)
		open_link(&links[i]);
	links[1].free_when_readable = true;
	far_break(fars[0], false);
	run();
	for (unsigned int i = 0; i < LINKS; i++) {
		if (i != 1)
			assert_int_equal(links[i].last, -ECONNRESET);
		pr_carrier_free(links[i].carrier, i & 1);
	}
	run();
	open_link(&links[0]);
	is_open(&links[0]);
	assert_int_equal(n_fars, 2);
	pr_carrier_free(links[0].carrier, false);
}

static void nonsense(void **state)
{
	struct link link;

	(void)state;
	open_link(&link);
	is_open(&link);
	/* a frame longer than any may be */
	SSL_write(fars[0]->ssl, "\377\377\377\0\0\0\0\0\1", 9);
	run();
	assert_true(link.last < 0 && link.last != -EAGAIN);
	pr_carrier_free(link.carrier, true);
}

/* No more than the server takes at once; the others have a connection of their own. */
static void too_many(void **state)
{
	static const nghttp2_settings_entry two[] = { { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
							2 } };
	struct link links[5];

	(void)state;
	open_link(&links[0]);
	nghttp2_submit_settings(fars[0]->http2, 0, two, 1);
	run();
	for (unsigned int i = 1; i < 5; i++) {
		open_link(&links[i]);
		is_open(&links[i]);
	}
	assert_int_equal(fars[0]->n_streams, 2);
	assert_int_equal(fars[1]->n_streams, 3);
	for (unsigned int i = 0; i < 5; i++)
		pr_carrier_free(links[i].carrier, false);
}

static void renewed(void **state)
{
	struct link old, new;

	(void)state;
	open_link(&old);
	pr_carriers_renew(carriers);
	open_link(&new);
	is_open(&new);
	assert_int_equal(n_fars, 2);
	far_stream_send(fars[0], 0, 7, false);
	run();
	assert_int_equal(old.n_in, 7);
	pr_carrier_free(old.carrier, false);
	pr_carrier_free(new.carrier, false);
}

/* Further hops lie in a stream; the first one is shared, though the last is not. */
static void a_chain(void **state)
{
	static const char greeting[] = "\5\1\0";
	struct link link;

	(void)state;
	hops[1].upstream = &socks;
	to.n_hops = 2;
	open_link(&link);
	assert_string_equal(fars[0]->streams[0].authority, "socks.example:1080");
	assert_int_equal(fars[0]->streams[0].n_in, 3);
	assert_memory_equal(fars[0]->streams[0].in, greeting, 3);
	assert_false(link.opened);
	nghttp2_submit_rst_stream(fars[0]->http2, 0, fars[0]->streams[0].id, NGHTTP2_CANCEL);
	run();
	assert_true(link.opened);
	assert_int_equal(link.outcome, PR_TUNNEL_DOWN);
	assert_int_equal(link.hop, 1);
	pr_carrier_free(link.carrier, true);
	assert_int_equal(n_fars, 1);
}

/* Those who wait leave; with the last of them the connection is given up. */
static void given_up(void **state)
{
	struct link one = { 0 }, two = { 0 };
	char byte;

	(void)state;
	link_open(&one, carriers, &to);
	link_open(&two, carriers, &to);
	assert_int_equal(n_fars, 1);
	pr_carrier_free(one.carrier, true);
	pr_carrier_free(two.carrier, true);
	assert_int_equal(recv(fars[0]->fd, &byte, 1, MSG_DONTWAIT), 0);
	open_link(&one);
	is_open(&one);
	assert_int_equal(n_fars, 2);
	pr_carrier_free(one.carrier, true);
}

/* Where HTTP/1.1 is spoken each has a connection of its own, and the second link does not wait to learn that. */
static void without_http2(void **state)
{
	struct link links[3] = { 0 };

	(void)state;
	http2_server = false;
	for (unsigned int i = 0; i < 3; i++)
		link_open(&links[i], carriers, &to);
	assert_int_equal(n_fars, 1);
	run();
	assert_int_equal(n_fars, 3);
	for (unsigned int i = 0; i < 3; i++) {
		far_send(fars[i], "HTTP/1.1 200 OK\r\n\r\n", 19);
		run();
	}
	for (unsigned int i = 0; i < 3; i++) {
		is_open(&links[i]);
		pr_carrier_free(links[i].carrier, true);
	}
	links[0] = links[1] = (struct link){ 0 };
	link_open(&links[0], carriers, &(struct pr_carrier_to){ hops, 1, "far.example", 1, false });
	link_open(&links[1], carriers, &(struct pr_carrier_to){ hops, 1, "far.example", 2, false });
	assert_int_equal(n_fars, 5);
	pr_carrier_free(links[0].carrier, true);
	pr_carrier_free(links[1].carrier, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_in_one, setup, teardown),
		cmocka_unit_test_setup_teardown(shared_by_text, setup, teardown),
		cmocka_unit_test_setup_teardown(each_half, setup, teardown),
		cmocka_unit_test_setup_teardown(freed_in_peace, setup, teardown),
		cmocka_unit_test_setup_teardown(resets, setup, teardown),
		cmocka_unit_test_setup_teardown(back_pressure, setup, teardown),
		cmocka_unit_test_setup_teardown(unread, setup, teardown),
		cmocka_unit_test_setup_teardown(a_slow_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(answers, setup, teardown),
		cmocka_unit_test_setup_teardown(goes_away, setup, teardown),
		cmocka_unit_test_setup_teardown(dead_when_needed, setup, teardown),
		cmocka_unit_test_setup_teardown(broken, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(renewed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(without_http2, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

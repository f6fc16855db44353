/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Carriers over far ends in memory, kind ones and others. */
#include "tunnel_far.h"
#include "unit.h"

#include <string.h>
#include <unistd.h>

#define TEXT(literal) (literal), sizeof(literal) - 1

static struct pr_tunnel_upstream socks = { .id = "socks",
					   .kind = PR_TUNNEL_SOCKS5,
					   .host = "proxy.example",
					   .port = 1080,
					   .user = "",
					   .password = "",
					   .ca = "",
					   .interface = "",
					   .udp = true };
static struct pr_tunnel_upstream http = { .id = "http",
					  .kind = PR_TUNNEL_HTTP,
					  .host = "proxy.example",
					  .port = 3128,
					  .user = "",
					  .password = "",
					  .ca = "",
					  .interface = "" };
static struct pr_tunnel_upstream office = { .id = "office",
					    .kind = PR_TUNNEL_CONNECT,
					    .host = "proxy.example",
					    .port = 443,
					    .user = "",
					    .password = "",
					    .ca = "",
					    .interface = "" };
static struct pr_tunnel_upstream vpn = { .id = "vpn",
					 .kind = PR_TUNNEL_INTERFACE,
					 .host = "",
					 .user = "",
					 .password = "",
					 .ca = "",
					 .interface = "wg0" };

static struct pr_carriers *carriers;
static struct pr_carrier_hop hops[PR_TUNNEL_HOPS_MAX];
static struct pr_carrier_to to;

static int setup(void **state)
{
	(void)state;
	carriers = pr_carriers_new(far_setup(), NULL);
	office.ca = far_authority();
	office.host = "proxy.example";
	to = (struct pr_carrier_to){ .hops = hops, .host = "far.example", .port = 443 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pr_carriers_free(carriers);
	far_teardown();
	return 0;
}

static void by(unsigned int n, struct pr_tunnel_upstream *const *upstreams)
{
	to.n_hops = n;
	for (unsigned int i = 0; i < n; i++)
		hops[i] = (struct pr_carrier_hop){
			.upstream = upstreams[i], .user = "", .password = "", .shared = ""
		};
}

#define BY(...)                                                                     \
	by(sizeof((struct pr_tunnel_upstream *[]){ __VA_ARGS__ }) / sizeof(void *), \
	   (struct pr_tunnel_upstream *const[]){ __VA_ARGS__ })

/* What came at a far end, taken. */
static void expect(struct far *far, const void *bytes, size_t len)
{
	run();
	assert_int_equal(far->n_in, len);
	assert_memory_equal(far->in, bytes, len);
	far->n_in = 0;
}

static void answer(struct far *far, const void *bytes, size_t len)
{
	far_send(far, bytes, len);
	run();
}

static void failed(const struct link *link, enum pr_tunnel_outcome outcome, unsigned int hop,
		   const char *why)
{
	assert_true(link->opened);
	assert_string_equal(link->why, why);
	assert_int_equal(link->outcome, outcome);
	assert_int_equal(link->hop, hop);
}

static void open_socks(struct link *link)
{
	BY(&socks);
	link_open(link, carriers, &to);
	expect(fars[n_fars - 1], TEXT("\5\1\0"));
	answer(fars[n_fars - 1], TEXT("\5\0"));
	expect(fars[n_fars - 1], TEXT("\5\1\0\3\13far.example\1\xbb"));
	answer(fars[n_fars - 1], TEXT("\5\0\0\1\0\0\0\0\0\0"));
	assert_true(link->opened);
	assert_int_equal(link->outcome, PR_TUNNEL_OPEN);
}

/* ---- plain streams ---- */

static void both_ways(void **state)
{
	struct link link = { 0 };

	(void)state;
	open_socks(&link);
	assert_string_equal(fars[0]->host, "proxy.example");
	assert_int_equal(fars[0]->port, 1080);
	assert_int_equal(pr_carrier_write(link.carrier, "hello", 5), 5);
	expect(fars[0], TEXT("hello"));
	answer(fars[0], TEXT("good day"));
	assert_int_equal(link.n_in, 8);
	/* each half ends for itself */
	pr_carrier_shutdown(link.carrier);
	run();
	assert_true(fars[0]->ended);
	answer(fars[0], TEXT("more"));
	assert_int_equal(link.n_in, 12);
	assert_int_equal(link.last, -EAGAIN);
	far_end(fars[0]);
	run();
	assert_int_equal(link.last, 0);
	pr_carrier_free(link.carrier, false);
}

/* What comes behind an answer is the link's, and told though it came before anybody could listen. */
static void early_bytes(void **state)
{
	struct link link = { 0 };

	(void)state;
	BY(&socks);
	link_open(&link, carriers, &to);
	run();
	answer(fars[0], TEXT("\5\0"));
	answer(fars[0], TEXT("\5\0\0\1\0\0\0\0\0\0SSH-2.0"));
	assert_int_equal(link.outcome, PR_TUNNEL_OPEN);
	assert_int_equal(link.n_in, 7);
	assert_memory_equal(link.in, "SSH-2.0", 7);
	pr_carrier_free(link.carrier, false);
}

static void a_descriptor(void **state)
{
	struct link link = { .reads_not = true };
	char bytes[16];
	int fd;

	(void)state;
	BY(&http);
	link_open(&link, carriers, &to);
	assert_int_equal(pr_carrier_fd(link.carrier), -1);
	expect(fars[0], TEXT("CONNECT far.example:443 HTTP/1.1\r\nHost: far.example:443\r\n\r\n"));
	answer(fars[0], TEXT("HTTP/1.1 200 OK\r\nVia: x\r\n\r\nearly"));
	fd = pr_carrier_fd(link.carrier);
	assert_true(fd >= 0);
	assert_int_equal(pr_carrier_read(link.carrier, bytes, sizeof(bytes)), 5);
	assert_int_equal(pr_carrier_read(link.carrier, bytes, sizeof(bytes)), -EAGAIN);
	/* it is the caller's to watch */
	link.n_readable = 0;
	answer(fars[0], TEXT("late"));
	assert_int_equal(link.n_readable, 0);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 4);
	pr_carrier_free(link.carrier, false);
}

static void back_pressure(void **state)
{
	struct link link = { 0 };
	ssize_t n;

	(void)state;
	open_socks(&link);
	fars[0]->reads_not = true;
	n = link_write(&link, 100 << 20);
	assert_in_range(n, 1, (100 << 20) - 1);
	run();
	assert_int_equal(link.n_writable, 0);
	fars[0]->reads_not = false;
	run();
	assert_int_equal(link.n_writable, 1);
	assert_int_equal(link_write(&link, 5), 5);
	pr_carrier_free(link.carrier, false);
	run();
	assert_true(fars[0]->ended);
}

static void freed_when_told(void **state)
{
	struct link at_opening = { .free_when_opened = true },
		    at_reading = { .free_when_readable = true };

	(void)state;
	BY(&http);
	link_open(&at_opening, carriers, &to);
	link_open(&at_reading, carriers, &to);
	run();
	answer(fars[0], TEXT("HTTP/1.1 200 OK\r\n\r\nearly"));
	answer(fars[1], TEXT("HTTP/1.1 200 OK\r\n\r\nearly"));
	assert_true(at_opening.opened && at_reading.opened);
	assert_null(at_opening.carrier);
	assert_int_equal(at_opening.n_readable, 0);
	assert_null(at_reading.carrier);
	assert_int_equal(at_reading.n_readable, 1);
}

static void freed_while_opening(void **state)
{
	struct link link = { 0 };

	(void)state;
	BY(&socks);
	link_open(&link, carriers, &to);
	pr_carrier_free(link.carrier, true);
	link_open(&link, carriers, &to);
	run();
	answer(fars[1], TEXT("\5\0"));
	pr_carrier_free(link.carrier, true);
	run();
	assert_false(link.opened);
}

static void ends_and_nonsense(void **state)
{
	struct link link = { 0 };

	(void)state;
	BY(&socks);
	link_open(&link, carriers, &to);
	run();
	far_end(fars[0]);
	run();
	failed(&link, PR_TUNNEL_DOWN, 0, "socks: it ended the connection before it answered");
	pr_carrier_free(link.carrier, true);

	link = (struct link){ 0 };
	link_open(&link, carriers, &to);
	run();
	answer(fars[1], TEXT("HTTP/1.1 400 Bad Request\r\n\r\n"));
	failed(&link, PR_TUNNEL_DOWN, 0, "socks: it does not speak SOCKS5");
	assert_int_equal(pr_carrier_read(link.carrier, link.in, 1), -ENOTCONN);
	pr_carrier_free(link.carrier, true);

	link = (struct link){ 0 };
	dials_come_to = PR_TUNNEL_REFUSED;
	link_open(&link, carriers, &to);
	run();
	failed(&link, PR_TUNNEL_DOWN, 0, "socks: nobody is there");
	pr_carrier_free(link.carrier, true);
}

/* What it does of one destination tells nothing of others. */
static void ends_and_nonsense_once_asked(void **state)
{
	struct link link = { 0 };

	(void)state;
	BY(&socks);
	link_open(&link, carriers, &to);
	run();
	answer(fars[0], TEXT("\5\0"));
	far_end(fars[0]);
	run();
	failed(&link, PR_TUNNEL_UNREACHABLE, 0,
	       "socks: it ended the connection when it was asked to connect");
	assert_true(pr_carrier_unanswered(link.carrier));
	pr_carrier_free(link.carrier, true);

	link = (struct link){ 0 };
	link_open(&link, carriers, &to);
	run();
	answer(fars[1], TEXT("\5\0"));
	answer(fars[1], TEXT("HTTP/1.1 400 Bad Request\r\n\r\n"));
	failed(&link, PR_TUNNEL_UNREACHABLE, 0, "socks: its answer is not SOCKS5");
	assert_true(pr_carrier_unanswered(link.carrier));
	pr_carrier_free(link.carrier, true);

	/* its word on the destination */
	link = (struct link){ 0 };
	link_open(&link, carriers, &to);
	run();
	answer(fars[2], TEXT("\5\0"));
	answer(fars[2], TEXT("\5\4\0\1\0\0\0\0\0\0"));
	failed(&link, PR_TUNNEL_UNREACHABLE, 0, "socks: the host is unreachable");
	assert_false(pr_carrier_unanswered(link.carrier));
	pr_carrier_free(link.carrier, true);

	/* the hop before the last learns no destination */
	link = (struct link){ 0 };
	BY(&socks, &http);
	link_open(&link, carriers, &to);
	run();
	answer(fars[3], TEXT("\5\0"));
	far_end(fars[3]);
	run();
	failed(&link, PR_TUNNEL_DOWN, 0, "socks: it ended the connection before it answered");
	assert_false(pr_carrier_unanswered(link.carrier));
	pr_carrier_free(link.carrier, true);
}

static void endless_fields(void **state)
{
	struct link link = { 0 };

	(void)state;
	BY(&http);
	link_open(&link, carriers, &to);
	run();
	far_send(fars[0], TEXT("HTTP/1.1 200 OK\r\n"));
	for (unsigned int i = 0; i < PR_CARRIER_ANSWER_MAX / 16 && !link.opened; i++)
		answer(fars[0], TEXT("X: 4567890123456\r\n"));
	failed(&link, PR_TUNNEL_UNREACHABLE, 0, "http: its answer is too long");
	assert_true(pr_carrier_unanswered(link.carrier));
	pr_carrier_free(link.carrier, true);
}

/* ---- interfaces, chains ---- */

static void an_interface(void **state)
{
	struct link link = { 0 };

	(void)state;
	BY(&vpn);
	link_open(&link, carriers, &to);
	run();
	assert_string_equal(fars[0]->host, "far.example");
	assert_string_equal(fars[0]->interface, "wg0");
	assert_int_equal(link.outcome, PR_TUNNEL_OPEN);
	assert_true(pr_carrier_fd(link.carrier) >= 0);
	pr_carrier_free(link.carrier, false);
	/* its own word on the destination is the destination's */
	link = (struct link){ 0 };
	dials_come_to = PR_TUNNEL_REFUSED;
	link_open(&link, carriers, &to);
	run();
	failed(&link, PR_TUNNEL_REFUSED, 0, "vpn: nobody is there");
	pr_carrier_free(link.carrier, false);
}

static void a_chain(void **state)
{
	struct pr_tunnel_upstream second = http;
	struct link link = { 0 };

	(void)state;
	second.id = "second";
	second.host = "second.example";
	BY(&vpn, &socks, &second, &socks);
	link_open(&link, carriers, &to);
	run();
	assert_string_equal(fars[0]->host, "proxy.example");
	assert_string_equal(fars[0]->interface, "wg0");
	expect(fars[0], TEXT("\5\1\0"));
	answer(fars[0], TEXT("\5\0"));
	/* nobody but the last one is told where the link leads */
	expect(fars[0], TEXT("\5\1\0\3\16second.example\14\70"));
	answer(fars[0], TEXT("\5\0\0\1\0\0\0\0\0\0"));
	expect(fars[0],
	       TEXT("CONNECT proxy.example:1080 HTTP/1.1\r\nHost: proxy.example:1080\r\n\r\n"));
	answer(fars[0], TEXT("HTTP/1.1 200 OK\r\n\r\n"));
	expect(fars[0], TEXT("\5\1\0"));
	answer(fars[0], TEXT("\5\0"));
	expect(fars[0], TEXT("\5\1\0\3\13far.example\1\xbb"));
	answer(fars[0], TEXT("\5\0\0\1\0\0\0\0\0\0hello"));
	assert_int_equal(link.outcome, PR_TUNNEL_OPEN);
	assert_int_equal(link.n_in, 5);
	assert_true(pr_carrier_fd(link.carrier) >= 0);
	pr_carrier_free(link.carrier, false);
	/* a hop that can't be reached is at fault itself */
	link = (struct link){ 0 };
	link_open(&link, carriers, &to);
	run();
	answer(fars[1], TEXT("\5\0"));
	answer(fars[1], TEXT("\5\5\0\1\0\0\0\0\0\0"));
	failed(&link, PR_TUNNEL_DOWN, 2, "second: not reached through socks: connection refused");
	pr_carrier_free(link.carrier, false);
}

static void what_cannot_be(void **state)
{
	struct link link = { 0 };

	(void)state;
	BY(&socks, &vpn);
	link_open(&link, carriers, &to);
	run();
	failed(&link, PR_TUNNEL_UNSUPPORTED, 1, "vpn: an interface can only be the first hop");
	pr_carrier_free(link.carrier, false);
	link = (struct link){ 0 };
	BY(&http);
	to.datagrams = true;
	link_open(&link, carriers, &to);
	run();
	failed(&link, PR_TUNNEL_UNSUPPORTED, 0, "http: datagrams don't go this way");
	pr_carrier_free(link.carrier, false);
	assert_int_equal(n_fars, 0);
}

/* ---- datagrams ---- */

static void datagrams(void **state)
{
	struct link link = { 0 };

	(void)state;
	BY(&socks);
	to.datagrams = true;
	to.host = "192.0.2.7";
	link_open(&link, carriers, &to);
	run();
	answer(fars[0], TEXT("\5\0"));
	answer(fars[0], TEXT("\5\0\0\1\5\6\7\10\4\1"));
	assert_int_equal(n_fars, 2);
	assert_string_equal(fars[1]->host, "5.6.7.8");
	assert_int_equal(fars[1]->port, 1025);
	assert_int_equal(link.outcome, PR_TUNNEL_OPEN);
	assert_int_equal(pr_carrier_write(link.carrier, "ask", 3), 3);
	expect(fars[1], TEXT("\0\0\0\1\xc0\0\2\7\1\xbb"
			     "ask"));
	/* of others, of another port, fragments, no header: passed over */
	far_send(fars[1], TEXT("\0\0\0\1\xc0\0\2\10\1\xbbno"));
	far_send(fars[1], TEXT("\0\0\0\1\xc0\0\2\7\1\xbcno"));
	far_send(fars[1], TEXT("\0\0\1\1\xc0\0\2\7\1\xbbno"));
	far_send(fars[1], TEXT("\0\0\0\7"));
	answer(fars[1], TEXT("\0\0\0\1\xc0\0\2\7\1\xbb"
			     "told"));
	assert_int_equal(link.n_in, 4);
	assert_memory_equal(link.in, "told", 4);
	/* the control connection's end ends it */
	far_end(fars[0]);
	run();
	assert_int_equal(link.last, -ECONNRESET);
	assert_int_equal(pr_carrier_write(link.carrier, "ask", 3), -ECONNRESET);
	pr_carrier_free(link.carrier, false);
}

static void relays(void **state)
{
	struct link link = { 0 };

	(void)state;
	BY(&socks);
	to.datagrams = true;
	link_open(&link, carriers, &to);
	run();
	answer(fars[0], TEXT("\5\0"));
	answer(fars[0], TEXT("\5\0\0\1\xe0\0\0\1\4\1"));
	failed(&link, PR_TUNNEL_DOWN, 0, "socks: it names a relay that is no place for datagrams");
	pr_carrier_free(link.carrier, false);
	link = (struct link){ 0 };
	link_open(&link, carriers, &to);
	run();
	answer(fars[1], TEXT("\5\0"));
	answer(fars[1], TEXT("\5\0\0\3\11localhost\4\1"));
	failed(&link, PR_TUNNEL_DOWN, 0, "socks: it names no relay for datagrams");
	pr_carrier_free(link.carrier, false);
	link = (struct link){ 0 };
	socks.udp = false;
	link_open(&link, carriers, &to);
	run();
	failed(&link, PR_TUNNEL_UNSUPPORTED, 0,
	       "socks: its configuration says that it takes no datagrams");
	socks.udp = true;
	pr_carrier_free(link.carrier, false);
}

/* ---- TLS ---- */

static void open_office(struct link *link)
{
	tls_server = true;
	BY(&office);
	link_open(link, carriers, &to);
	run();
}

static void over_tls(void **state)
{
	struct link link = { 0 };

	(void)state;
	tls_server = true;
	BY(&office);
	hops[0].user = "u";
	hops[0].password = "pw";
	link_open(&link, carriers, &to);
	run();
	expect(fars[0], TEXT("CONNECT far.example:443 HTTP/1.1\r\nHost: far.example:443\r\n"
			     "Proxy-Authorization: Basic dTpwdw==\r\n\r\n"));
	answer(fars[0], TEXT("HTTP/1.1 200 OK\r\n\r\nearly"));
	assert_int_equal(link.outcome, PR_TUNNEL_OPEN);
	assert_int_equal(link.n_in, 5);
	assert_int_equal(pr_carrier_fd(link.carrier), -1);
	assert_int_equal(pr_carrier_write(link.carrier, "hello", 5), 5);
	expect(fars[0], TEXT("hello"));
	pr_carrier_shutdown(link.carrier);
	run();
	assert_true(fars[0]->ended);
	answer(fars[0], TEXT("more"));
	assert_int_equal(link.n_in, 9);
	far_end(fars[0]);
	run();
	assert_int_equal(link.last, 0);
	pr_carrier_free(link.carrier, false);
}

static void tls_back_pressure(void **state)
{
	struct link link = { 0 };
	ssize_t n;

	(void)state;
	open_office(&link);
	fars[0]->n_in = 0;
	answer(fars[0], TEXT("HTTP/1.1 200 OK\r\n\r\n"));
	fars[0]->reads_not = true;
	n = link_write(&link, 100 << 20);
	assert_in_range(n, 1, (100 << 20) - 1);
	assert_int_equal(link_write(&link, 1), -EAGAIN);
	/* freed with bytes under way: they still go */
	pr_carrier_free(link.carrier, false);
	fars[0]->reads_not = false;
	run();
	assert_int_equal(fars[0]->n_in, n);
	assert_true(fars[0]->ended);
}

/* An end that TLS doesn't vouch for is none of the link's. */
static void cut_off(void **state)
{
	struct link link = { 0 };

	(void)state;
	open_office(&link);
	answer(fars[0], TEXT("HTTP/1.1 200 OK\r\n\r\n"));
	far_break(fars[0], false);
	run();
	assert_int_equal(link.last, -ECONNRESET);
	pr_carrier_free(link.carrier, false);
}

static void certificates(void **state)
{
	static const struct {
		const char *names, *host, *why;
		bool expired, trusted;
	} cases[] = {
		{ "DNS:*.proxy.example", "a.proxy.example", "", false, true },
		{ "IP:192.0.2.1", "192.0.2.1", "", false, true },
		{ "DNS:other.example", "proxy.example",
		  "office: the certificate is of another name (expected proxy.example)", false,
		  true },
		{ "DNS:192.0.2.1", "192.0.2.1",
		  "office: the certificate is of another name (expected 192.0.2.1)", false, true },
		{ "DNS:proxy.example", "proxy.example", "office: the certificate has expired", true,
		  true },
		{ "DNS:proxy.example", "proxy.example",
		  "office: the certificate is by none that is trusted", false, false },
	};

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		struct link link = { 0 };

		pr_carriers_renew(carriers); /* a session that is resumed has no certificate */
		far_certificate(cases[i].names, cases[i].expired);
		office.host = cases[i].host;
		office.ca = cases[i].trusted ? far_authority() : "";
		open_office(&link);
		if (cases[i].why[0]) {
			failed(&link, PR_TUNNEL_DOWN, 0, cases[i].why);
		} else {
			answer(fars[i], TEXT("HTTP/1.1 200 OK\r\n\r\n"));
			assert_int_equal(link.outcome, PR_TUNNEL_OPEN);
		}
		pr_carrier_free(link.carrier, true);
	}
}

static void no_tls(void **state)
{
	struct link link = { 0 };

	(void)state;
	BY(&office);
	link_open(&link, carriers, &to);
	run();
	answer(fars[0], TEXT("HTTP/1.1 400 Bad Request\r\n\r\n"));
	failed(&link, PR_TUNNEL_DOWN, 0,
	       "office: the handshake of TLS failed: wrong version number");
	pr_carrier_free(link.carrier, true);
	link = (struct link){ 0 };
	office.ca = "/nowhere/ca.pem";
	link_open(&link, carriers, &to);
	run();
	failed(&link, PR_TUNNEL_DOWN, 0, "office: the file of the certificates (ca) is not there");
	pr_carrier_free(link.carrier, true);
}

/* The second one resumes; who must not be told together with the first one doesn't, nor anybody once all is new. */
static void sessions(void **state)
{
	static const char *const shared[] = { "one", "one", "two", "one" };

	(void)state;
	tls_server = true;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(shared); i++) {
		struct link link = { 0 };

		if (i == 3)
			pr_carriers_renew(carriers);
		BY(&office);
		hops[0].shared = shared[i];
		link_open(&link, carriers, &to);
		run();
		answer(fars[i], TEXT("HTTP/1.1 200 OK\r\n\r\n"));
		assert_int_equal(link.outcome, PR_TUNNEL_OPEN);
		assert_int_equal(n_resumed, i >= 1);
		pr_carrier_free(link.carrier, true);
	}
}

/* TLS in TLS: the first proxy carries bytes that it can't read. */
static void tls_in_tls(void **state)
{
	struct pr_tunnel_upstream second = office;
	struct link link = { 0 };

	(void)state;
	tls_server = true;
	second.id = "second";
	BY(&office, &second);
	link_open(&link, carriers, &to);
	run();
	expect(fars[0],
	       TEXT("CONNECT proxy.example:443 HTTP/1.1\r\nHost: proxy.example:443\r\n\r\n"));
	answer(fars[0], TEXT("HTTP/1.1 200 OK\r\n\r\n"));
	/* a record of a handshake: the hello to the second one */
	assert_memory_equal(fars[0]->in, "\x16\3\1", 3);
	answer(fars[0], TEXT("no TLS\r\n\r\n"));
	failed(&link, PR_TUNNEL_DOWN, 1,
	       "second: the handshake of TLS failed: wrong version number");
	pr_carrier_free(link.carrier, true);
	assert_int_equal(n_fars, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(early_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_descriptor, setup, teardown),
		cmocka_unit_test_setup_teardown(back_pressure, setup, teardown),
		cmocka_unit_test_setup_teardown(freed_when_told, setup, teardown),
		cmocka_unit_test_setup_teardown(freed_while_opening, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_and_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_and_nonsense_once_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(endless_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(an_interface, setup, teardown),
		cmocka_unit_test_setup_teardown(a_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be, setup, teardown),
		cmocka_unit_test_setup_teardown(datagrams, setup, teardown),
		cmocka_unit_test_setup_teardown(relays, setup, teardown),
		cmocka_unit_test_setup_teardown(over_tls, setup, teardown),
		cmocka_unit_test_setup_teardown(tls_back_pressure, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(certificates, setup, teardown),
		cmocka_unit_test_setup_teardown(no_tls, setup, teardown),
		cmocka_unit_test_setup_teardown(sessions, setup, teardown),
		cmocka_unit_test_setup_teardown(tls_in_tls, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

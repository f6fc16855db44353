/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fetching, against a server of our own in the same event loop. */
#include "fetch/fetch_private.h"

#include "unit.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#define LIMIT	 1000
#define WAIT_S	 10
#define TEXT_MAX 4096

struct setup {
	struct event_base *base;
	struct evhttp *http;
	struct pr_fetcher *fetcher;
	uint16_t port;
	unsigned int n_requests, n_asked;
	bool deaf; /* names are not answered */
	char if_none_match[64], if_modified_since[64];

	/* What came of the fetch. */
	bool is_done;
	enum pr_fetch_outcome outcome;
	char error[PR_FETCH_ERROR_SIZE], etag[PR_FETCH_ETAG_SIZE], modified[64];
	uint64_t bytes;
	int fd;
	char text[TEXT_MAX];
};

/* ---- the server ---- */

static void reply(struct evhttp_request *request, int status, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	evbuffer_add(body, text, strlen(text));
	evhttp_send_reply(request, status, "said", body);
	evbuffer_free(body);
}

static void reply_bomb(struct evhttp_request *request)
{
	static uint8_t zeros[1 << 20], packed[1 << 14];
	z_stream stream = { 0 };
	struct evbuffer *body = evbuffer_new();

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
	stream.next_in = zeros;
	stream.avail_in = sizeof(zeros);
	stream.next_out = packed;
	stream.avail_out = sizeof(packed);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	evbuffer_add(body, packed, stream.total_out);
	deflateEnd(&stream);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Encoding", "gzip");
	evhttp_send_reply(request, 200, "said", body);
	evbuffer_free(body);
}

static void note_conditions(struct setup *setup, struct evhttp_request *request)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	const char *etag = evhttp_find_header(headers, "If-None-Match");
	const char *modified = evhttp_find_header(headers, "If-Modified-Since");

	snprintf(setup->if_none_match, sizeof(setup->if_none_match), "%s", etag ? etag : "");
	snprintf(setup->if_modified_since, sizeof(setup->if_modified_since), "%s",
		 modified ? modified : "");
}

static void on_request(struct evhttp_request *request, void *context)
{
	struct setup *setup = context;
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	const char *uri = evhttp_request_get_uri(request);
	char text[LIMIT + 2] = "";

	setup->n_requests++;
	note_conditions(setup, request);
	if (strcmp(uri, "/list") == 0) {
		evhttp_add_header(headers, "ETag", "\"one\"");
		evhttp_add_header(headers, "Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT");
		if (strcmp(setup->if_none_match, "\"one\"") == 0)
			return evhttp_send_reply(request, 304, "as it was", NULL);
		return reply(request, 200, "ads.example\n");
	}
	if (strcmp(uri, "/odd") == 0) {
		evhttp_add_header(headers, "ETag", "\"\xc3\xa4\"");
		return reply(request, 200, "odd.example\n");
	}
	if (strcmp(uri, "/large") == 0 || strcmp(uri, "/fits") == 0) {
		memset(text, 'a', (size_t)(LIMIT + (uri[1] == 'l')));
		return reply(request, 200, text);
	}
	if (strcmp(uri, "/bomb") == 0)
		return reply_bomb(request);
	if (strcmp(uri, "/short") == 0) {
		evhttp_add_header(headers, "Content-Length", "500");
		evhttp_add_header(headers, "Connection", "close");
		return reply(request, 200, "half");
	}
	if (strcmp(uri, "/loop") == 0 || strcmp(uri, "/to-list") == 0) {
		evhttp_add_header(headers, "Location", uri[1] == 'l' ? "/loop" : "/list");
		evhttp_add_header(headers, "ETag", "\"of the redirection\"");
		return reply(request, 302, "<html>over there</html>");
	}
	if (strcmp(uri, "/to-file") == 0) {
		evhttp_add_header(headers, "Location", "file:///etc/passwd");
		return reply(request, 301, "");
	}
	if (strcmp(uri, "/unchanged") == 0)
		return evhttp_send_reply(request, 304, "nobody asked", NULL);
	reply(request, 404, "nothing here");
}

/* ---- the fetcher's ports ---- */

static bool on_ask(void *context, uint64_t ticket, const uint8_t *question, size_t len)
{
	struct setup *setup = context;
	struct pr_dns_question asked;

	(void)ticket;
	assert_int_equal(pr_dns_parse_question(question, len, &asked), 0);
	assert_string_equal(asked.name, "lists.example");
	setup->n_asked++;
	return !setup->deaf;
}

/* Answers what was asked, IPv4 first: 127.0.0.1, and no IPv6. */
static void answer_names(struct setup *setup)
{
	static const uint16_t types[] = { PR_DNS_TYPE_A, PR_DNS_TYPE_AAAA };

	for (unsigned int i = 0; i < 2; i++) {
		static const uint8_t record[] = { 0xc0, 12, 0, 1, 0,   1, 0, 0,
						  0,	60, 0, 4, 127, 0, 0, 1 };
		uint8_t bytes[512];
		size_t len = pr_dns_write_question(0, "lists.example", types[i], 0, false, bytes,
						   sizeof(bytes));

		bytes[2] |= 0x80;
		bytes[11] = 0; /* no OPT */
		len -= 11;
		if (i == 0) {
			bytes[7] = 1;
			memcpy(bytes + len, record, sizeof(record));
			len += sizeof(record);
		}
		pr_fetcher_name_answer(setup->fetcher, setup->n_asked - 1 + i, bytes, len);
	}
}

static void on_done(void *context, const struct pr_fetched *fetched)
{
	struct setup *setup = context;

	assert_false(setup->is_done);
	setup->is_done = true;
	setup->outcome = fetched->outcome;
	setup->bytes = fetched->bytes;
	snprintf(setup->error, sizeof(setup->error), "%s", fetched->error);
	snprintf(setup->etag, sizeof(setup->etag), "%s", fetched->etag);
	snprintf(setup->modified, sizeof(setup->modified), "%s", fetched->modified);
	event_base_loopbreak(setup->base);
}

/* ---- */

static int start(void **state)
{
	static struct setup setup;
	const struct pr_fetch_ports ports = { &setup, on_ask, on_done };
	struct evhttp_bound_socket *bound;
	struct sockaddr_in at;
	socklen_t len = sizeof(at);

	setup = (struct setup){ .base = event_base_new() };
	setup.http = evhttp_new(setup.base);
	evhttp_set_gencb(setup.http, on_request, &setup);
	bound = evhttp_bind_socket_with_handle(setup.http, "127.0.0.1", 0);
	assert_non_null(bound);
	assert_int_equal(
		getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&at, &len), 0);
	setup.port = ntohs(at.sin_port);
	setup.fetcher = pr_fetcher_new(setup.base, &ports);
	assert_non_null(setup.fetcher);
	setup.fd = -1;
	*state = &setup;
	return 0;
}

static int stop(void **state)
{
	struct setup *setup = *state;

	pr_fetcher_free(setup->fetcher);
	evhttp_free(setup->http);
	event_base_free(setup->base);
	if (setup->fd >= 0)
		close(setup->fd);
	return 0;
}

static void begin(struct setup *setup, const char *host, const char *path, const char *etag)
{
	struct pr_fetch_request request = {
		.ticket = 7, .etag = etag, .modified = *etag ? "then" : "", .bytes_max = LIMIT
	};
	char url[200];

	snprintf(url, sizeof(url), "http://%s:%u%s", host, setup->port, path);
	if (setup->fd >= 0)
		close(setup->fd);
	setup->fd = memfd_create("fetched", MFD_CLOEXEC);
	request.url = url;
	request.fd = dup(setup->fd);
	setup->is_done = false;
	memset(setup->text, 0, sizeof(setup->text));
	pr_fetcher_start(setup->fetcher, &request);
	assert_false(setup->is_done);
}

static void finish(struct setup *setup)
{
	const struct timeval most = { .tv_sec = WAIT_S };

	if (!setup->is_done) {
		event_base_loopexit(setup->base, &most);
		event_base_dispatch(setup->base);
	}
	assert_true(setup->is_done);
	assert_true(pread(setup->fd, setup->text, sizeof(setup->text) - 1, 0) >= 0);
}

static void fetch(struct setup *setup, const char *path, const char *etag)
{
	begin(setup, "127.0.0.1", path, etag);
	finish(setup);
}

static void fails(struct setup *setup, const char *path, const char *why)
{
	fetch(setup, path, "");
	assert_int_equal(setup->outcome, PR_FETCH_FAILED);
	if (!strstr(setup->error, why))
		fail_msg("%s: %s", path, setup->error);
}

static void fetches_a_list(void **state)
{
	struct setup *setup = *state;

	fetch(setup, "/list", "");
	assert_int_equal(setup->outcome, PR_FETCH_NEW);
	assert_string_equal(setup->error, "");
	assert_string_equal(setup->text, "ads.example\n");
	assert_int_equal(setup->bytes, 12);
	assert_string_equal(setup->etag, "\"one\"");
	assert_string_equal(setup->modified, "Mon, 01 Jan 2024 00:00:00 GMT");
	assert_string_equal(setup->if_none_match, "");
	assert_int_equal(setup->n_asked, 0);
}

static void asks_only_for_what_is_new(void **state)
{
	struct setup *setup = *state;

	fetch(setup, "/list", "\"one\"");
	assert_int_equal(setup->outcome, PR_FETCH_UNCHANGED);
	assert_string_equal(setup->if_none_match, "\"one\"");
	assert_string_equal(setup->if_modified_since, "then");
	fetch(setup, "/list", "\"two\"");
	assert_int_equal(setup->outcome, PR_FETCH_NEW);
	fails(setup, "/unchanged", "status 304");
}

static void keeps_no_etag_that_cannot_be_sent_again(void **state)
{
	struct setup *setup = *state;

	fetch(setup, "/odd", "");
	assert_int_equal(setup->outcome, PR_FETCH_NEW);
	assert_string_equal(setup->etag, "");
}

static void looks_names_up_by_its_port(void **state)
{
	struct setup *setup = *state;

	begin(setup, "Lists.Example", "/list", "");
	assert_int_equal(setup->n_asked, 2);
	answer_names(setup);
	finish(setup);
	assert_int_equal(setup->outcome, PR_FETCH_NEW);
	assert_string_equal(setup->text, "ads.example\n");
}

static void says_when_there_is_no_name(void **state)
{
	struct setup *setup = *state;

	begin(setup, "lists.example", "/list", "");
	pr_fetcher_name_answer(setup->fetcher, 99, NULL, 0);
	pr_fetcher_name_answer(setup->fetcher, 1, NULL, 0);
	pr_fetcher_name_answer(setup->fetcher, 2, NULL, 0);
	finish(setup);
	assert_int_equal(setup->outcome, PR_FETCH_FAILED);
	assert_string_equal(setup->error, "lists.example has no address");
	setup->deaf = true;
	begin(setup, "lists.example", "/list", "");
	finish(setup);
	assert_string_equal(setup->error, "lists.example cannot be looked up now");
}

static void has_limits(void **state)
{
	struct setup *setup = *state;

	fetch(setup, "/fits", "");
	assert_int_equal(setup->outcome, PR_FETCH_NEW);
	assert_int_equal(setup->bytes, LIMIT);
	fails(setup, "/large", "more than the 1000 bytes");
	fails(setup, "/bomb", "more than the 1000 bytes");
	assert_true(strlen(setup->text) <= LIMIT);
	fails(setup, "/loop", "redirects more than 5 times");
}

static void follows_where_it_may(void **state)
{
	struct setup *setup = *state;

	fetch(setup, "/to-list", "");
	assert_int_equal(setup->outcome, PR_FETCH_NEW);
	assert_string_equal(setup->text, "ads.example\n");
	assert_string_equal(setup->etag, "\"one\"");
	fails(setup, "/to-file", "it must begin with https");
	fails(setup, "/missing", "status 404");
	assert_string_equal(setup->text, "");
	fails(setup, "/short", "ended before all had come");
}

static void takes_so_many_at_a_time(void **state)
{
	struct setup *setup = *state;

	for (unsigned int i = 0; i <= PR_FETCH_TRANSFERS_MAX; i++) {
		const struct pr_fetch_request request = { .ticket = 100 + i,
							  .url = "http://lists.example/",
							  .etag = "",
							  .modified = "",
							  .bytes_max = LIMIT,
							  .fd = memfd_create("x", MFD_CLOEXEC) };

		pr_fetcher_start(setup->fetcher, &request);
	}
	setup->fd = memfd_create("fetched", MFD_CLOEXEC);
	finish(setup);
	assert_string_equal(setup->error, "too many lists are fetched at a time");
}

/* Which of a host's addresses are tried, as text; and whether it counts as near. */
static void tried(struct setup *setup, unsigned int n_redirects, const char *addresses,
		  const char *wanted, bool near)
{
	struct pr_fetch_transfer transfer = { .fetcher = setup->fetcher,
					      .n_redirects = n_redirects,
					      .url = "http://lists.example/",
					      .easy = curl_easy_init(),
					      .etag = (char[]){ "" },
					      .modified = (char[]){ "" } };
	char words[200], text[200] = "", one[PR_ADDRESS_TEXT_SIZE], *rest = words;

	snprintf(words, sizeof(words), "%s", addresses);
	for (char *word; (word = strsep(&rest, " "));)
		assert_int_equal(
			pr_address_parse(word, &transfer.addresses[transfer.n_addresses++]), 0);
	assert_true(pr_curl_place(transfer.url, &transfer.place));
	assert_true(pr_fetch_hop_prepare(&transfer));
	for (unsigned int i = 0; i < transfer.n_addresses; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), i ? " %s" : "%s",
			 pr_address_format(&transfer.addresses[i], one));
	assert_string_equal(text, wanted);
	assert_int_equal(transfer.began_near, near);
	curl_easy_cleanup(transfer.easy);
	curl_slist_free_all(transfer.pinned);
}

static void a_host_of_the_internet_is_not_near_as_well(void **state)
{
	static struct pr_own_addresses own;
	struct setup *setup = *state;
	struct pr_prefix prefix;

	tried(setup, 0, "192.168.1.1 1.2.3.4 127.0.0.1 2606:4700::1 ::1", "1.2.3.4 2606:4700::1",
	      false);
	tried(setup, 0, "1.2.3.4", "1.2.3.4", false);
	tried(setup, 0, "192.168.1.1 ::1", "192.168.1.1 ::1", true);
	/* where a redirection leads changes nothing of how it began */
	tried(setup, 1, "192.168.1.1", "192.168.1.1", false);
	tried(setup, 1, "192.168.1.1 1.2.3.4", "1.2.3.4", false);
	/* the host's own are near, global or not */
	assert_int_equal(pr_prefix_parse("1.2.3.0/24", &prefix), 0);
	assert_int_equal(pr_own_addresses_add(&own, &prefix), 0);
	pr_fetcher_own_addresses(setup->fetcher, &own);
	tried(setup, 0, "1.2.3.4", "1.2.3.4", true);
	tried(setup, 0, "1.2.3.4 9.9.9.9", "9.9.9.9", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fetches_a_list, start, stop),
		cmocka_unit_test_setup_teardown(asks_only_for_what_is_new, start, stop),
		cmocka_unit_test_setup_teardown(keeps_no_etag_that_cannot_be_sent_again, start,
						stop),
		cmocka_unit_test_setup_teardown(looks_names_up_by_its_port, start, stop),
		cmocka_unit_test_setup_teardown(says_when_there_is_no_name, start, stop),
		cmocka_unit_test_setup_teardown(has_limits, start, stop),
		cmocka_unit_test_setup_teardown(follows_where_it_may, start, stop),
		cmocka_unit_test_setup_teardown(takes_so_many_at_a_time, start, stop),
		cmocka_unit_test_setup_teardown(a_host_of_the_internet_is_not_near_as_well, start,
						stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One request, at the end of a redirection or not. curl gets the addresses with it, so it looks up nothing, and a
 * redirection is ours to follow: the next hop's URL is checked like one from the configuration, encryption is not given
 * up on the way, and a server of the Internet cannot lead into this host or its networks. A host that has addresses of
 * both kinds is one of the Internet: whoever names it could else call itself near by an address that nobody answers at.
 */
#include "fetch/fetch_private.h"

#include "base/clock.h"
#include "base/io.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define PASSED_OVER_MAX \
	65536 /* bytes of a page that says why there is no list; then the hop ends */

void pr_fetch_wrong(struct pr_fetch_transfer *transfer, const char *format, ...)
{
	va_list arguments;

	if (transfer->error[0])
		return;
	va_start(arguments, format);
	vsnprintf(transfer->error, sizeof(transfer->error), format, arguments);
	va_end(arguments);
}

bool pr_fetch_hop(struct pr_fetch_transfer *transfer, const char *url)
{
	const char *wrong = pr_url_wrong(url);

	if (wrong) {
		pr_fetch_wrong(transfer, "it leads to an address that is not fetched from: %s",
			       wrong);
		return false;
	}
	if (transfer->began_encrypted && !pr_url_is_encrypted(url)) {
		pr_fetch_wrong(transfer, "a redirection leads away from https");
		return false;
	}
	transfer->began_encrypted = pr_url_is_encrypted(url);
	snprintf(transfer->url, sizeof(transfer->url), "%s", url);
	if (!pr_curl_place(url, &transfer->place)) {
		pr_fetch_wrong(transfer, "it leads to an address that cannot be read");
		return false;
	}
	return pr_fetch_names_ask(transfer);
}

/* ---- curl's callbacks ---- */

static bool is_near(const struct pr_fetch_transfer *transfer, const struct pr_address *address)
{
	return pr_class_scope(pr_class_of(address, &transfer->fetcher->own)) != PR_SCOPE_INTERNET;
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
				    struct curl_sockaddr *target)
{
	struct pr_fetch_transfer *transfer = context;
	struct pr_address address = pr_address_from_sockaddr(&target->addr, NULL);
	char text[PR_ADDRESS_TEXT_SIZE];

	(void)purpose;
	if (is_near(transfer, &address) && !transfer->began_near) {
		pr_fetch_wrong(transfer,
			       "a redirection leads from the Internet to %s, which is near",
			       pr_address_format(&address, text));
		return CURL_SOCKET_BAD;
	}
	return socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

/* The value of a header, without the line's end; false where it is another, or not fit to be kept. */
static bool read_header(const char *line, size_t len, const char *name, char *value, size_t size)
{
	size_t name_len = strlen(name);

	if (len <= name_len || strncasecmp(line, name, name_len) != 0)
		return false;
	line += name_len;
	len -= name_len;
	while (len && (*line == ' ' || *line == '\t'))
		line++, len--;
	while (len && (line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' '))
		len--;
	if (len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] >= 0x7f)
			return false;
	memcpy(value, line, len);
	value[len] = '\0';
	return true;
}

static size_t on_header(char *line, size_t size, size_t n, void *context)
{
	struct pr_fetch_transfer *transfer = context;

	if (size * n > 5 && strncmp(line, "HTTP/", 5) == 0)
		transfer->new_etag[0] = transfer->new_modified[0] = '\0';
	if (!read_header(line, size * n, "etag:", transfer->new_etag, sizeof(transfer->new_etag)))
		(void)read_header(line, size * n, "last-modified:", transfer->new_modified,
				  sizeof(transfer->new_modified));
	return size * n;
}

static bool store(struct pr_fetch_transfer *transfer, const char *bytes, size_t len)
{
	int r = pr_write_all(transfer->fd, bytes, len);

	if (r < 0)
		pr_fetch_wrong(transfer, "it cannot be stored: %s", strerror(-r));
	return r == 0;
}

/* What comes with anything but 200 is nobody's list: it is passed over, so far as it is short. */
static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
	struct pr_fetch_transfer *transfer = context;
	size_t len = size * n;
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		transfer->bytes_passed_over += len;
		return transfer->bytes_passed_over <= PASSED_OVER_MAX ? len : 0;
	}
	if (len > transfer->bytes_max - transfer->bytes) {
		pr_fetch_wrong(transfer, "it has more than the %llu bytes of max_bytes",
			       (unsigned long long)transfer->bytes_max);
		return 0;
	}
	transfer->bytes += len;
	return store(transfer, bytes, len) ? len : 0;
}

/* Of a compressed one, more comes out than comes in; what comes in is bounded as well. */
static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
		       curl_off_t up_now)
{
	struct pr_fetch_transfer *transfer = context;

	(void)up_total;
	(void)up_now;
	if ((uint64_t)total <= transfer->bytes_max && (uint64_t)now <= transfer->bytes_max)
		return 0;
	pr_fetch_wrong(transfer, "it has more than the %llu bytes of max_bytes",
		       (unsigned long long)transfer->bytes_max);
	return 1;
}

/* ---- a hop's beginning ---- */

static void add_condition(struct pr_fetch_transfer *transfer, const char *name, const char *value)
{
	PR_CLEANUP(pr_cleanup_free) char *line = NULL;

	if (!*value)
		return;
	line = pr_asprintf("%s: %s", name, value);
	transfer->headers = curl_slist_append(transfer->headers, line);
}

static void set_limits(struct pr_fetch_transfer *transfer)
{
	uint64_t now_us = pr_clock_monotonic_us();
	uint64_t left_us = transfer->until_us > now_us ? transfer->until_us - now_us : 0;
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(left_us / 1000) + 1);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)PR_FETCH_CONNECT_S);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)PR_FETCH_STALL_S);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)PR_FETCH_STALL_BYTES);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
}

static void set_request(struct pr_fetch_transfer *transfer)
{
	CURL *easy = transfer->easy;

	pr_curl_set_common(easy, transfer->url, transfer->pinned);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "portreeve/" PR_VERSION);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	/* One parser of protocols less that whoever sends a list can reach. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* A connection that another transfer made was not looked at for this one. */
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
}

static void settle_addresses(struct pr_fetch_transfer *transfer)
{
	unsigned int n_far = 0;

	for (unsigned int i = 0; i < transfer->n_addresses; i++)
		if (!is_near(transfer, &transfer->addresses[i]))
			transfer->addresses[n_far++] = transfer->addresses[i];
	if (n_far)
		transfer->n_addresses = n_far;
	if (!transfer->n_redirects)
		transfer->began_near = n_far == 0;
}

bool pr_fetch_hop_prepare(struct pr_fetch_transfer *transfer)
{
	if (!transfer->n_addresses) {
		pr_fetch_wrong(transfer, "%s has no address", transfer->place.host);
		return false;
	}
	settle_addresses(transfer);
	curl_easy_reset(transfer->easy);
	curl_slist_free_all(PR_TAKE_PTR(transfer->pinned));
	curl_slist_free_all(PR_TAKE_PTR(transfer->headers));
	transfer->pinned =
		pr_curl_pin(&transfer->place, transfer->addresses, transfer->n_addresses);
	add_condition(transfer, "If-None-Match", transfer->etag);
	add_condition(transfer, "If-Modified-Since", transfer->modified);
	set_request(transfer);
	set_limits(transfer);
	return true;
}

/* ---- a hop's end ---- */

static bool is_redirection(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool follow(struct pr_fetch_transfer *transfer)
{
	const char *to = NULL;

	curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &to);
	if (!to) {
		pr_fetch_wrong(transfer, "the server redirects to nowhere");
		return false;
	}
	if (transfer->n_redirects++ == PR_FETCH_REDIRECTS_MAX) {
		pr_fetch_wrong(transfer, "the server redirects more than %d times",
			       PR_FETCH_REDIRECTS_MAX);
		return false;
	}
	return pr_fetch_hop(transfer, to);
}

static void say_why(struct pr_fetch_transfer *transfer, CURLcode code, long status)
{
	if (code == CURLE_OPERATION_TIMEDOUT)
		pr_fetch_wrong(transfer, "the server is too slow or does not answer");
	else if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR)
		pr_fetch_wrong(transfer, "the connection ended before all had come");
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		pr_fetch_wrong(transfer, "the server's certificate is not to be trusted");
	else if (status && status != 200)
		pr_fetch_wrong(transfer, "the server answers with status %ld", status);
	else
		pr_fetch_wrong(transfer, "%s", curl_easy_strerror(code));
}

bool pr_fetch_hop_over(struct pr_fetch_transfer *transfer, CURLcode code,
		       enum pr_fetch_outcome *ret_outcome)
{
	bool conditional = *transfer->etag || *transfer->modified;
	long status = 0;

	*ret_outcome = PR_FETCH_FAILED;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (transfer->error[0])
		return true;
	if (is_redirection(status) && code == CURLE_OK)
		return !follow(transfer);
	if (code == CURLE_OK && status == 304 && conditional) {
		*ret_outcome = PR_FETCH_UNCHANGED;
		return true;
	}
	if (code == CURLE_OK && status == 200) {
		*ret_outcome = PR_FETCH_NEW;
		return true;
	}
	say_why(transfer, code, status);
	return true;
}

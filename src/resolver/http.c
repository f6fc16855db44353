/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/http.h"

#include "fetch/curl_loop.h"
#include "fetch/curl_place.h"

#include <string.h>
#include <sys/queue.h>

struct exchange {
	struct pr_http *http;
	uint64_t number;
	CURL *curl;
	struct curl_slist *headers, *pinned;
	char *body;
	size_t len, size, headers_len;
	const char *why; /* why we ended it; NULL = we did not */
	TAILQ_ENTRY(exchange) link;
};

struct pr_http {
	struct pr_http_ports ports;
	struct pr_curl_loop loop;
	TAILQ_HEAD(, exchange) all;
};

static void exchange_free(struct exchange *exchange)
{
	TAILQ_REMOVE(&exchange->http->all, exchange, link);
	curl_multi_remove_handle(exchange->http->loop.multi, exchange->curl);
	curl_easy_cleanup(exchange->curl);
	curl_slist_free_all(exchange->headers);
	curl_slist_free_all(exchange->pinned);
	free(exchange->body);
	free(exchange);
}

/* ---- what comes ---- */

static size_t on_body(char *bytes, size_t one, size_t len, void *context)
{
	struct exchange *exchange = context;

	(void)one;
	if (len > exchange->size - exchange->len) {
		exchange->why = "the answer is too long";
		return 0;
	}
	memcpy(exchange->body + exchange->len, bytes, len);
	exchange->len += len;
	return len;
}

static size_t on_header(char *bytes, size_t one, size_t len, void *context)
{
	struct exchange *exchange = context;

	(void)one;
	(void)bytes;
	exchange->headers_len += len;
	if (exchange->headers_len <= PR_HTTP_HEADERS_MAX)
		return len;
	exchange->why = "the answer's head is too long";
	return 0;
}

static const char *why_of(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return "no connection to the provider";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "the provider's certificate is not valid";
	case CURLE_SSL_CACERT_BADFILE:
		return "the file of certificates (ca) cannot be read";
	case CURLE_SSL_CONNECT_ERROR:
		return "no TLS connection to the provider";
	case CURLE_OPERATION_TIMEDOUT:
		return "it does not answer in time";
	default:
		return "the connection to the provider broke, or what came is no HTTP";
	}
}

static void end(struct exchange *exchange, CURLcode code)
{
	struct pr_http *http = exchange->http;
	long status = 0;

	curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK)
		http->ports.done(http->ports.context, exchange->number, status, exchange->body,
				 exchange->len, NULL);
	else
		http->ports.done(http->ports.context, exchange->number, 0, NULL, 0,
				 exchange->why ? exchange->why : why_of(code));
	exchange_free(exchange);
}

static void over(void *context, void *private, CURLcode code)
{
	(void)context;
	end(private, code);
}

/* ---- requests ---- */

bool pr_http_host(const char *url, char ret_host[PR_NAME_TEXT_SIZE])
{
	struct pr_curl_place place;

	if (!pr_curl_place(url, &place) || place.is_address)
		return false;
	memcpy(ret_host, place.host, sizeof(place.host));
	return true;
}

static void set_options(struct exchange *exchange, const struct pr_http_request *request)
{
	CURL *curl = exchange->curl;

	pr_curl_set_common(curl, request->url, exchange->pinned);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, exchange);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(curl, CURLOPT_PIPEWAIT, 0L); /* a new connection is faster than waiting */
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers);
	if (request->ca[0]) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
}

bool pr_http_start(struct pr_http *http, const struct pr_http_request *request)
{
	struct exchange *exchange = pr_calloc(1, sizeof(*exchange));
	struct pr_curl_place place;

	exchange->http = http;
	exchange->number = request->number;
	exchange->curl = curl_easy_init();
	pr_assert(exchange->curl);
	exchange->size = request->body_max;
	exchange->body = pr_calloc(1, exchange->size);
	exchange->headers = curl_slist_append(NULL, "accept: application/json");
	if (request->header[0])
		exchange->headers = curl_slist_append(exchange->headers, request->header);
	if (pr_curl_place(request->url, &place))
		exchange->pinned = pr_curl_pin(&place, request->addresses, request->n_addresses);
	set_options(exchange, request);
	TAILQ_INSERT_TAIL(&http->all, exchange, link);
	if (curl_multi_add_handle(http->loop.multi, exchange->curl) == CURLM_OK)
		return true;
	exchange_free(exchange);
	return false;
}

void pr_http_cancel(struct pr_http *http, uint64_t number)
{
	struct exchange *exchange;

	TAILQ_FOREACH(exchange, &http->all, link)
	if (exchange->number == number) {
		exchange_free(exchange);
		return;
	}
}

/* ---- life ---- */

int pr_http_new(struct event_base *base, const struct pr_http_ports *ports,
		struct pr_http **ret_http)
{
	struct pr_http *http = pr_calloc(1, sizeof(*http));
	int r = pr_curl_loop_init(&http->loop, base, over, http);

	if (r < 0) {
		free(http);
		return r;
	}
	http->ports = *ports;
	TAILQ_INIT(&http->all);
	curl_multi_setopt(http->loop.multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(http->loop.multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
			  PR_HTTP_CONNECTIONS_MAX);
	curl_multi_setopt(http->loop.multi, CURLMOPT_MAX_HOST_CONNECTIONS, PR_HTTP_PER_HOST_MAX);
	*ret_http = http;
	return 0;
}

void pr_http_free(struct pr_http *http)
{
	if (!http)
		return;
	while (!TAILQ_EMPTY(&http->all))
		exchange_free(TAILQ_FIRST(&http->all));
	pr_curl_loop_done(&http->loop);
	free(http);
}

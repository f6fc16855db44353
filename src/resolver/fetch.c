/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/fetch.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/queue.h>

#define MS_US	   1000
#define ENTRY_SIZE 1024

struct fetch {
	struct pr_fetches *fetches;
	uint64_t number;
	CURL *curl;
	struct curl_slist *headers, *addresses;
	char *body;
	size_t len, size, headers_len;
	const char *why; /* why we ended it; NULL = we did not */
	TAILQ_ENTRY(fetch) link;
};

struct pr_fetches {
	struct event_base *base;
	struct pr_fetches_ports ports;
	CURLM *multi;
	struct event *timer;
	TAILQ_HEAD(, fetch) all;
};

static void fetch_free(struct fetch *fetch)
{
	TAILQ_REMOVE(&fetch->fetches->all, fetch, link);
	curl_multi_remove_handle(fetch->fetches->multi, fetch->curl);
	curl_easy_cleanup(fetch->curl);
	curl_slist_free_all(fetch->headers);
	curl_slist_free_all(fetch->addresses);
	free(fetch->body);
	free(fetch);
}

/* ---- what comes ---- */

static size_t on_body(char *bytes, size_t one, size_t len, void *context)
{
	struct fetch *fetch = context;

	(void)one;
	if (len > fetch->size - fetch->len) {
		fetch->why = "the answer is too long";
		return 0;
	}
	memcpy(fetch->body + fetch->len, bytes, len);
	fetch->len += len;
	return len;
}

static size_t on_header(char *bytes, size_t one, size_t len, void *context)
{
	struct fetch *fetch = context;

	(void)one;
	(void)bytes;
	fetch->headers_len += len;
	if (fetch->headers_len <= PR_FETCH_HEADERS_MAX)
		return len;
	fetch->why = "the answer's head is too long";
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

static void end(struct fetch *fetch, CURLcode code)
{
	struct pr_fetches *fetches = fetch->fetches;
	long status = 0;

	curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK)
		fetches->ports.done(fetches->ports.context, fetch->number, status, fetch->body,
				    fetch->len, NULL);
	else
		fetches->ports.done(fetches->ports.context, fetch->number, 0, NULL, 0,
				    fetch->why ? fetch->why : why_of(code));
	fetch_free(fetch);
}

static void reap(struct pr_fetches *fetches)
{
	CURLMsg *message;
	int n;

	while ((message = curl_multi_info_read(fetches->multi, &n))) {
		struct fetch *fetch = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
		end(fetch, message->data.result);
	}
}

/* ---- libcurl's sockets and timer on the event loop ---- */

static void on_socket_ready(evutil_socket_t fd, short what, void *context)
{
	struct pr_fetches *fetches = context;
	int flags = (what & EV_READ ? CURL_CSELECT_IN : 0) |
		    (what & EV_WRITE ? CURL_CSELECT_OUT : 0),
	    n_running;

	curl_multi_socket_action(fetches->multi, fd, flags, &n_running);
	reap(fetches);
}

static int want_socket(CURL *curl, curl_socket_t fd, int what, void *context, void *socket_context)
{
	struct pr_fetches *fetches = context;
	struct event *event = socket_context;
	short events = EV_PERSIST;

	(void)curl;
	if (event)
		event_free(event);
	if (what == CURL_POLL_REMOVE) {
		curl_multi_assign(fetches->multi, fd, NULL);
		return 0;
	}
	events |= what & CURL_POLL_IN ? EV_READ : 0;
	events |= what & CURL_POLL_OUT ? EV_WRITE : 0;
	event = event_new(fetches->base, fd, events, on_socket_ready, fetches);
	pr_assert(event);
	event_add(event, NULL);
	curl_multi_assign(fetches->multi, fd, event);
	return 0;
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct pr_fetches *fetches = context;
	int n_running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(fetches->multi, CURL_SOCKET_TIMEOUT, 0, &n_running);
	reap(fetches);
}

static int want_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct pr_fetches *fetches = context;
	const struct timeval in = { .tv_sec = timeout_ms / 1000,
				    .tv_usec = timeout_ms % 1000 * MS_US };

	(void)multi;
	if (timeout_ms < 0)
		event_del(fetches->timer);
	else
		event_add(fetches->timer, &in);
	return 0;
}

/* ---- requests ---- */

bool pr_fetch_host(const char *url, char ret_host[PR_FETCH_HOST_SIZE])
{
	struct pr_address address;
	CURLU *parts = curl_url();
	char *host = NULL;
	bool is_name = false;

	if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK && host[0] != '[' &&
	    pr_address_parse(host, &address) != 0)
		is_name = snprintf(ret_host, PR_FETCH_HOST_SIZE, "%s", host) < PR_FETCH_HOST_SIZE;
	curl_free(host);
	curl_url_cleanup(parts);
	return is_name;
}

/* "HOST:PORT:ADDRESS,…", which stands in for resolving it (CURLOPT_RESOLVE). */
static void add_addresses(struct fetch *fetch, const struct pr_fetch_request *request)
{
	char host[PR_FETCH_HOST_SIZE], entry[ENTRY_SIZE], text[PR_ADDRESS_TEXT_SIZE], *port = NULL;
	CURLU *parts = curl_url();
	size_t len;

	if (pr_fetch_host(request->url, host) &&
	    curl_url_set(parts, CURLUPART_URL, request->url, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
		len = (size_t)snprintf(entry, sizeof(entry), "%s:%s", host, port);
		for (unsigned int i = 0;
		     i < request->n_addresses && i < PR_FETCH_ADDRESSES_MAX && len < sizeof(entry);
		     i++)
			len += (size_t)snprintf(
				entry + len, sizeof(entry) - len,
				request->addresses[i].family == 6 ? "%c[%s]" : "%c%s",
				i ? ',' : ':', pr_address_format(&request->addresses[i], text));
		fetch->addresses = curl_slist_append(NULL, entry);
	}
	curl_free(port);
	curl_url_cleanup(parts);
}

static void set_options(struct fetch *fetch, const struct pr_fetch_request *request)
{
	CURL *curl = fetch->curl;

	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, fetch);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(curl, CURLOPT_PIPEWAIT, 0L); /* a new connection is faster than waiting */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(curl, CURLOPT_RESOLVE, fetch->addresses);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fetch->headers);
	if (request->ca[0]) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, fetch);
}

bool pr_fetches_start(struct pr_fetches *fetches, const struct pr_fetch_request *request)
{
	struct fetch *fetch = pr_calloc(1, sizeof(*fetch));

	fetch->fetches = fetches;
	fetch->number = request->number;
	fetch->curl = curl_easy_init();
	pr_assert(fetch->curl);
	fetch->size = request->body_max;
	fetch->body = pr_calloc(1, fetch->size);
	fetch->headers = curl_slist_append(NULL, "accept: application/json");
	if (request->header[0])
		fetch->headers = curl_slist_append(fetch->headers, request->header);
	add_addresses(fetch, request);
	set_options(fetch, request);
	TAILQ_INSERT_TAIL(&fetches->all, fetch, link);
	if (curl_multi_add_handle(fetches->multi, fetch->curl) == CURLM_OK)
		return true;
	fetch_free(fetch);
	return false;
}

void pr_fetches_cancel(struct pr_fetches *fetches, uint64_t number)
{
	struct fetch *fetch;

	TAILQ_FOREACH(fetch, &fetches->all, link)
	if (fetch->number == number) {
		fetch_free(fetch);
		return;
	}
}

/* ---- life ---- */

int pr_fetches_new(struct event_base *base, const struct pr_fetches_ports *ports,
		   struct pr_fetches **ret_fetches)
{
	struct pr_fetches *fetches = pr_calloc(1, sizeof(*fetches));

	fetches->base = base;
	fetches->ports = *ports;
	TAILQ_INIT(&fetches->all);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(fetches);
		return -ENOMEM;
	}
	fetches->multi = curl_multi_init();
	fetches->timer = evtimer_new(base, on_timer, fetches);
	if (!fetches->multi || !fetches->timer) {
		pr_fetches_free(fetches);
		return -ENOMEM;
	}
	curl_multi_setopt(fetches->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(fetches->multi, CURLMOPT_SOCKETDATA, fetches);
	curl_multi_setopt(fetches->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(fetches->multi, CURLMOPT_TIMERDATA, fetches);
	curl_multi_setopt(fetches->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(fetches->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, PR_FETCH_CONNECTIONS_MAX);
	curl_multi_setopt(fetches->multi, CURLMOPT_MAX_HOST_CONNECTIONS, PR_FETCH_PER_HOST_MAX);
	*ret_fetches = fetches;
	return 0;
}

void pr_fetches_free(struct pr_fetches *fetches)
{
	if (!fetches)
		return;
	while (!TAILQ_EMPTY(&fetches->all))
		fetch_free(TAILQ_FIRST(&fetches->all));
	curl_multi_cleanup(fetches->multi);
	if (fetches->timer)
		event_free(fetches->timer);
	curl_global_cleanup();
	free(fetches);
}

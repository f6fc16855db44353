/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP over the daemon's Unix socket, by libcurl. Answers are objects, one a line, handed on as they come. */
#include "base/clock.h"
#include "cli/cli.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define LINE_MAX_BYTES	  (1 << 20) /* a longer line of an answer is refused */
#define CONNECT_TIMEOUT_S 5

struct answer {
	const struct pr_cli *cli;
	void (*row)(const struct pr_cli *cli, const json_t *row, void *context);
	bool (*event)(const struct pr_cli *cli, const json_t *row, void *context);
	void *context;
	CURL *curl;
	char *line;
	size_t len, size;
	bool ended_by_us, failed;
};

char *pr_cli_uri(const char *path, ...)
{
	const char *key, *value;
	char *uri = pr_strdup(path);
	char separator = '?';
	va_list arguments;

	va_start(arguments, path);
	while ((key = va_arg(arguments, const char *))) {
		char *escaped, *longer;

		value = va_arg(arguments, const char *);
		if (!value)
			continue;
		escaped = curl_easy_escape(NULL, value, 0);
		longer = pr_asprintf("%s%c%s=%s", uri, separator, key, escaped ? escaped : "");
		curl_free(escaped);
		free(uri);
		uri = longer;
		separator = '&';
	}
	va_end(arguments);
	return uri;
}

static void on_error_object(struct answer *answer, const json_t *object)
{
	const char *error = pr_cli_text(object, "error");
	char clean[1024];

	if (answer->cli->json)
		pr_cli_json(answer->cli, object);
	fprintf(stderr, "portreeve: %s\n",
		error ? pr_cli_clean(error, clean, sizeof(clean))
		      : "the daemon refused without a reason");
	answer->failed = true;
}

/* False ends the transfer. */
static bool on_line(struct answer *answer)
{
	const char *text = answer->line;
	long status = 0;
	bool go_on = true;
	json_t *object;

	curl_easy_getinfo(answer->curl, CURLINFO_RESPONSE_CODE, &status);
	if (answer->event && status == 200) {
		if (strncmp(text, "data: ", 6) != 0)
			return true;
		text += 6;
	}
	if (!*text)
		return true;
	object = json_loads(text, 0, NULL);
	if (!object)
		return true;
	if (status != 200 ||
	    (answer->row && json_object_size(object) == 1 && json_object_get(object, "error")))
		on_error_object(answer, object);
	else if (answer->event)
		go_on = answer->event(answer->cli, object, answer->context);
	else if (answer->row)
		answer->row(answer->cli, object, answer->context);
	json_decref(object);
	return go_on;
}

static size_t on_bytes(char *bytes, size_t size, size_t n, void *context)
{
	struct answer *answer = context;

	for (size_t i = 0; i < size * n; i++) {
		if (answer->len + 1 >= answer->size) {
			if (answer->size >= LINE_MAX_BYTES)
				return 0;
			answer->size = answer->size ? answer->size * 2 : 4096;
			answer->line = pr_realloc(answer->line, answer->size, 1);
		}
		if (bytes[i] != '\n') {
			answer->line[answer->len++] = bytes[i];
			continue;
		}
		answer->line[answer->len] = '\0';
		answer->len = 0;
		if (!on_line(answer)) {
			answer->ended_by_us = true;
			return 0;
		}
	}
	return size * n;
}

static int transfer_status(const struct answer *answer, CURLcode code, const char *socket)
{
	if (answer->failed)
		return PR_EXIT_FAILED;
	if (code == CURLE_OK || answer->ended_by_us)
		return PR_EXIT_OK;
	if (code == CURLE_COULDNT_CONNECT) {
		fprintf(stderr,
			"portreeve: the daemon does not answer at %s; is portreeved running? "
			"(--run DIR names another place)\n",
			socket);
		return PR_EXIT_NOT_RUNNING;
	}
	if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING) {
		fprintf(stderr, "portreeve: the daemon ended in the middle of its answer\n");
		return PR_EXIT_NOT_RUNNING;
	}
	fprintf(stderr, "portreeve: %s: %s\n", socket, curl_easy_strerror(code));
	return PR_EXIT_FAILED;
}

/* Waits until the daemon lets somebody in; false where nobody listens, or for too long. */
static bool is_let_in(const char *path)
{
	const struct timeval patience = { .tv_sec = CONNECT_TIMEOUT_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	PR_CLEANUP(pr_cleanup_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, path, strlen(path));
	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	       connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

/* Where many others wait to be let in, connect() of a socket that doesn't block, as curl's, fails at once instead of
 * waiting (unix(7), EAGAIN). */
static CURLcode perform(CURL *curl, const char *socket)
{
	uint64_t until_us = pr_clock_monotonic_us() + CONNECT_TIMEOUT_S * UINT64_C(1000000);
	CURLcode code;

	do
		code = curl_easy_perform(curl);
	while (code == CURLE_COULDNT_CONNECT && pr_clock_monotonic_us() < until_us &&
	       is_let_in(socket));
	return code;
}

static int request(const struct pr_cli *cli, const char *uri, const char *body,
		   struct answer *answer)
{
	PR_CLEANUP(pr_cleanup_free) char *socket = pr_asprintf("%s/api.sock", cli->run_dir);
	PR_CLEANUP(pr_cleanup_free) char *url = pr_asprintf("http://localhost%s", uri);
	CURL *curl = curl_easy_init();
	CURLcode code;

	pr_assert(curl);
	answer->cli = cli;
	answer->curl = curl;
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	if (body)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	code = perform(curl, socket);
	curl_easy_cleanup(curl);
	free(answer->line);
	return transfer_status(answer, code, socket);
}

int pr_cli_get(const struct pr_cli *cli, const char *uri,
	       void (*row)(const struct pr_cli *cli, const json_t *row, void *context),
	       void *context)
{
	struct answer answer = { .row = row, .context = context };

	return request(cli, uri, NULL, &answer);
}

int pr_cli_events(const struct pr_cli *cli,
		  bool (*row)(const struct pr_cli *cli, const json_t *row, void *context),
		  void *context)
{
	struct answer answer = { .event = row, .context = context };
	int status = request(cli, "/v1/events", NULL, &answer);

	if (status == PR_EXIT_OK && !answer.ended_by_us) {
		fprintf(stderr, "portreeve: the daemon ended the stream\n");
		status = PR_EXIT_NOT_RUNNING;
	}
	return status;
}

static void on_changed(const struct pr_cli *cli, const json_t *row, void *context)
{
	const char *ok = pr_cli_text(row, "ok"), *warnings = pr_cli_text(row, "warnings");

	(void)context;
	if (cli->json)
		pr_cli_json(cli, row);
	else if (ok && *ok)
		fprintf(cli->out, "%s\n", ok);
	/* One a line. */
	for (size_t len; warnings && *warnings; warnings += len + (warnings[len] == '\n')) {
		len = strcspn(warnings, "\n");
		fprintf(stderr, "portreeve: warning: %.*s\n", (int)len, warnings);
	}
}

int pr_cli_change(const struct pr_cli *cli, json_t *change)
{
	return pr_cli_change_told(cli, change, on_changed, NULL);
}

int pr_cli_change_told(const struct pr_cli *cli, json_t *change,
		       void (*row)(const struct pr_cli *cli, const json_t *row, void *context),
		       void *context)
{
	struct answer answer = { .row = row, .context = context };
	PR_CLEANUP(pr_cleanup_free) char *body = json_dumps(change, JSON_COMPACT);

	json_decref(change);
	if (!body) {
		fprintf(stderr, "portreeve: an argument is not UTF-8\n");
		return PR_EXIT_USAGE;
	}
	return request(cli, "/v1/changes", body, &answer);
}

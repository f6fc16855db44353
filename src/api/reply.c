/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/front_private.h"

#include "api/text_json.h"

#include <event2/bufferevent.h>
#include <stdarg.h>

void pr_buffer_add_json(struct evbuffer *buffer, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);

	if (text)
		evbuffer_add_printf(buffer, "%s\n", text);
	free(text);
	json_decref(object);
}

void pr_reply_json(struct evhttp_request *request, int status, json_t *object)
{
	struct evbuffer *body = evbuffer_new();

	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
			  "application/json");
	pr_buffer_add_json(body, object);
	evhttp_send_reply(request, status, NULL, body);
	evbuffer_free(body);
}

void pr_reply_error(struct evhttp_request *request, int status, const char *format, ...)
{
	va_list arguments;
	char text[1024];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	pr_reply_json(request, status, json_pack("{s:o}", "error", pr_text_json(text)));
}

int pr_request_fd(struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);

	return connection ? bufferevent_getfd(evhttp_connection_get_bufferevent(connection)) : -1;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server of HTTP/2 sends to three links that share its connection; some are written to, some freed early. */
#include "tunnel/http2.h"

#include "../memory_layer.h"
#include "../target.h"

#define LINKS  3
#define ROUNDS 64

struct link {
	struct pr_layer *layer;
	bool open;
	unsigned int number;
};

static bool over;

static void on_ended(void *context)
{
	(void)context;
	over = true;
}

static void drop(struct link *link, bool reset)
{
	pr_layer_free(PR_TAKE_PTR(link->layer), reset);
}

static void on_told(void *context)
{
	struct pr_talk_failure failure;
	struct link *link = context;
	uint8_t bytes[1000];
	enum pr_talk_heard heard;
	bool again;
	ssize_t n;

	if (!link->open) {
		heard = pr_http2_heard(link->layer, &failure, &again);
		if (heard == PR_TALK_FAILED) {
			pr_assert(failure.why);
			drop(link, true);
		}
		link->open = heard == PR_TALK_OPEN;
		return;
	}
	do
		n = pr_layer_read(link->layer, bytes, sizeof(bytes));
	while (n > 0);
	if (n != -EAGAIN || link->number == 1)
		drop(link, link->number == 2);
	else if (link->number == 0)
		(void)pr_layer_write(link->layer, bytes, sizeof(bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct pr_layer_events events = { .readable = on_told, .writable = on_told };
	static const struct pr_talk_ask ask = {
		.host = "far.example", .port = 443, .user = "", .password = ""
	};
	static struct event_base *base;
	struct link links[LINKS] = { 0 };
	struct memory_layer *memory = memory_layer(bytes, len);
	struct pr_http2 *http2;
	size_t held = 0;

	if (!base)
		base = event_base_new();
	over = false;
	http2 = pr_http2_new(base, &memory->layer, &held, on_ended, NULL);
	for (unsigned int i = 0; i < LINKS; i++) {
		links[i].number = i;
		links[i].layer = pr_http2_open(http2, &ask);
		pr_layer_listen(links[i].layer, &events, &links[i]);
	}
	for (unsigned int i = 0; i < ROUNDS && !over; i++) {
		memory_tell(memory);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	for (unsigned int i = 0; i < LINKS; i++)
		drop(&links[i], i & 1);
	event_base_loop(base, EVLOOP_NONBLOCK);
	pr_http2_free(http2);
	pr_assert(held == 0);
	return 0;
}

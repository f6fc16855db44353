/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists: the supervisor says what to fetch and into which file, the resolver where servers are. */
#include "api/front_private.h"

#include "fetch/fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct pr_fetching {
	struct pr_front *front;
	struct pr_fetcher *fetcher;
	struct pr_channel *resolver; /* NULL while it is away */
	struct event *resolver_readable;
};

static bool ask(void *context, uint64_t ticket, const uint8_t *question, size_t len)
{
	struct pr_fetching *fetching = context;

	return fetching->resolver &&
	       pr_channel_send(fetching->resolver, PR_MESSAGE_RESOLVE, ticket, question, len) == 0;
}

static void done(void *context, const struct pr_fetched *fetched)
{
	static const char *const outcomes[] = {
		[PR_FETCH_NEW] = "new",
		[PR_FETCH_UNCHANGED] = "unchanged",
		[PR_FETCH_FAILED] = "failed",
	};
	struct pr_fetching *fetching = context;
	struct pr_pairs pairs = { .n = 0 };
	uint8_t body[2048];
	char bytes[24];
	size_t len;

	snprintf(bytes, sizeof(bytes), "%" PRIu64, fetched->bytes);
	pr_pairs_add(&pairs, "outcome", outcomes[fetched->outcome]);
	pr_pairs_add(&pairs, "error", fetched->error);
	pr_pairs_add(&pairs, "etag", fetched->etag);
	pr_pairs_add(&pairs, "modified", fetched->modified);
	pr_pairs_add(&pairs, "bytes", bytes);
	len = pr_pairs_encode(&pairs, body, sizeof(body));
	pr_assert(len);
	/* A supervisor that does not read ends us anyway. */
	(void)!pr_channel_send(fetching->front->supervisor, PR_MESSAGE_FETCHED, fetched->ticket,
			       body, len);
}

static void drop_resolver(struct pr_fetching *fetching)
{
	if (fetching->resolver_readable)
		event_free(PR_TAKE_PTR(fetching->resolver_readable));
	pr_channel_free(PR_TAKE_PTR(fetching->resolver));
}

static void on_resolver(evutil_socket_t fd, short what, void *context)
{
	struct pr_fetching *fetching = context;
	struct pr_message message;
	int r = pr_channel_receive(fetching->resolver, &message);

	(void)fd;
	(void)what;
	if (r == PR_CHANNEL_EMPTY)
		return;
	if (r < 0)
		return drop_resolver(fetching);
	if (message.kind == PR_MESSAGE_ANSWER)
		pr_fetcher_name_answer(fetching->fetcher, message.ticket, message.body,
				       message.len);
	pr_message_done(&message);
}

struct pr_fetching *pr_fetching_new(struct pr_front *front)
{
	struct pr_fetching *fetching = pr_calloc(1, sizeof(*fetching));
	const struct pr_fetch_ports ports = { fetching, ask, done };

	fetching->front = front;
	fetching->fetcher = pr_fetcher_new(front->base, &ports);
	if (!fetching->fetcher) {
		free(fetching);
		return NULL;
	}
	return fetching;
}

void pr_fetching_free(struct pr_fetching *fetching)
{
	if (!fetching)
		return;
	pr_fetcher_free(fetching->fetcher);
	drop_resolver(fetching);
	free(fetching);
}

void pr_fetching_resolver_take(struct pr_fetching *fetching, int fd)
{
	drop_resolver(fetching);
	fetching->resolver = pr_channel_new_take(fd, PR_PARTY_FRONT, PR_PARTY_RESOLVER);
	fetching->resolver_readable =
		event_new(fetching->front->base, fd, EV_READ | EV_PERSIST, on_resolver, fetching);
	pr_assert(fetching->resolver_readable);
	event_add(fetching->resolver_readable, NULL);
}

static const char *text_of(const struct pr_pairs *pairs, const char *key)
{
	const char *value = pr_pairs_get(pairs, key);

	return value ? value : "";
}

/* Prefixes with blanks between them. What is none, or one too many, counts by the registries alone. */
static void take_own_addresses(struct pr_fetching *fetching, const char *text)
{
	PR_CLEANUP(pr_cleanup_free) struct pr_own_addresses *own = pr_calloc(1, sizeof(*own));
	struct pr_prefix prefix;
	char one[PR_PREFIX_TEXT_SIZE];

	for (size_t len; *text; text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		snprintf(one, sizeof(one), "%.*s", (int)len, text);
		if (pr_prefix_parse(one, &prefix) == 0)
			(void)!pr_own_addresses_add(own, &prefix);
	}
	pr_fetcher_own_addresses(fetching->fetcher, own);
}

void pr_fetching_message(struct pr_fetching *fetching, struct pr_message *message)
{
	struct pr_pairs pairs;
	struct pr_fetch_request request;

	if (pr_pairs_decode(message->body, message->len, &pairs) < 0)
		return;
	request = (struct pr_fetch_request){
		.ticket = message->ticket,
		.url = text_of(&pairs, "url"),
		.etag = text_of(&pairs, "etag"),
		.modified = text_of(&pairs, "modified"),
		.bytes_max = pr_pairs_number(&pairs, "max_bytes", 0),
		.fd = PR_TAKE_FD(message->fds[0]),
	};
	take_own_addresses(fetching, text_of(&pairs, "own"));
	pr_fetcher_start(fetching->fetcher, &request);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages from a process that was taken over: whatever it sends, the channel ends or the body is read. The
 * first byte says who sends. */
#include "ipc/channel.h"

#include "base/url.h"
#include "daemon/subscription.h"
#include "ipc/body.h"
#include "ipc/event_codec.h"
#include "ipc/intel_codec.h"
#include "process/codec.h"
#include "process/owner.h"

#include "../target.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void read_pairs(const struct pr_message *message)
{
	struct pr_pairs pairs;

	if (pr_pairs_decode(message->body, message->len, &pairs) == 0)
		pr_assert(pairs.n <= PR_PAIRS_MAX &&
			  (pairs.n == 0 || pr_pairs_get(&pairs, pairs.pairs[0].key)));
}

/* Root opens what it names. */
static void read_subscription(const struct pr_message *message)
{
	struct pr_subscription subscription;

	if (pr_subscription_decode(message->body, message->len, &subscription) < 0)
		return;
	pr_assert(*subscription.id && *subscription.id != '.' && !strchr(subscription.id, '/'));
	pr_assert(*subscription.url ? !pr_url_wrong(subscription.url) : *subscription.file == '/');
	pr_subscription_done(&subscription);
}

/* What is read is what can be written, to the byte. */
static void read_intel(const struct pr_message *message)
{
	uint8_t again[PR_INTEL_BODY_MAX];
	struct pr_intel_answer answer;
	struct pr_intel_ask ask;

	if (pr_intel_ask_decode(message->body, message->len, &ask) == 0) {
		pr_assert(ask.n_providers >= 1 && ask.n_providers <= PR_PROVIDERS_MAX);
		pr_assert(message->len > sizeof(again) ||
			  pr_intel_ask_encode(&ask, again, sizeof(again)) == message->len);
	}
	if (pr_intel_answer_decode(message->body, message->len, &answer) == 0) {
		pr_assert(answer.result.n_categories <= PR_PROVIDER_CATEGORIES_MAX);
		pr_assert(message->len > sizeof(again) ||
			  pr_intel_answer_encode(&answer, again, sizeof(again)) == message->len);
	}
}

static void read_body(const struct pr_message *message)
{
	struct pr_process *process;
	struct pr_owner owner;
	struct pr_event event;

	read_pairs(message);
	read_subscription(message);
	if (pr_owner_decode(message->body, message->len, &owner) == 0)
		pr_assert(message->len == PR_OWNER_CODE_SIZE);
	if (pr_process_decode(message->body, message->len, &process) == 0)
		pr_process_release(process);
	read_intel(message);
	if (pr_event_decode(message->body, message->len, &event) == 0)
		pr_assert(event.n_domains <= PR_SUBJECT_DOMAINS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const enum pr_party parties[][2] = {
		{ PR_PARTY_SUPERVISOR, PR_PARTY_ENGINE },   { PR_PARTY_SUPERVISOR, PR_PARTY_FRONT },
		{ PR_PARTY_SUPERVISOR, PR_PARTY_COMPILER }, { PR_PARTY_ENGINE, PR_PARTY_FRONT },
		{ PR_PARTY_ENGINE, PR_PARTY_RESOLVER },	    { PR_PARTY_FRONT, PR_PARTY_ENGINE },
		{ PR_PARTY_ENGINE, PR_PARTY_SUPERVISOR },   { PR_PARTY_RESOLVER, PR_PARTY_FRONT },
		{ PR_PARTY_RESOLVER, PR_PARTY_ENGINE },
	};
	const enum pr_party *who;
	struct pr_channel *channel;
	struct pr_message message;
	int fds[2];

	if (len < 1 || len > PR_MESSAGE_BODY_MAX || pr_channel_pair(fds) < 0)
		return 0;
	who = parties[bytes[0] % PR_ARRAY_SIZE(parties)];
	channel = pr_channel_new_take(fds[0], who[0], who[1]);
	if (send(fds[1], bytes + 1, len - 1, MSG_NOSIGNAL) >= 0 &&
	    pr_channel_receive(channel, &message) == 0) {
		const struct pr_message_info *info = pr_message_info(message.kind);

		pr_assert(info && message.len >= info->min_len && message.len <= info->max_len);
		pr_assert(info->from & 1u << who[1] && info->to & 1u << who[0]);
		read_body(&message);
		pr_message_done(&message);
	}
	pr_channel_free(channel);
	close(fds[1]);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is made of a flow here is simple on purpose: captures of a lab lose and reorder nothing, and one that does
 * is said to be broken. */
#include "turns.h"

#include "cli/capture_file.h"
#include "packet/fragments.h"
#include "packet/parse.h"

#include <string.h>

static struct talk *find(struct talks *talks, const struct pr_tuple *tuple)
{
	for (size_t i = talks->n; i-- > 0;)
		if (pr_tuple_equal(&talks->talks[i].tuple, tuple))
			return &talks->talks[i];
	return NULL;
}

static struct talk *add(struct talks *talks, const struct pr_tuple *tuple)
{
	talks->talks = pr_realloc(talks->talks, talks->n + 1, sizeof(*talks->talks));
	talks->talks[talks->n] = (struct talk){ .tuple = *tuple };
	return &talks->talks[talks->n++];
}

static void say(struct talk *talk, bool server, bool joined, const uint8_t *bytes, size_t len)
{
	struct turn *last = talk->n_turns ? &talk->turns[talk->n_turns - 1] : NULL;

	if (!last || !joined || last->server != server) {
		talk->turns = pr_realloc(talk->turns, talk->n_turns + 1, sizeof(*talk->turns));
		last = &talk->turns[talk->n_turns++];
		*last = (struct turn){ .server = server };
	}
	last->bytes = pr_realloc(last->bytes, last->len + len + 1, 1);
	memcpy(last->bytes + last->len, bytes, len);
	last->len += len;
}

static void take_tcp(struct talk *talk, bool server, const struct pr_packet *packet,
		     const uint8_t *bytes)
{
	uint32_t ahead = packet->seq - talk->next[server];

	if (packet->tcp_flags & PR_TCP_SYN) {
		talk->next[server] = packet->seq + 1;
		return;
	}
	if (!packet->payload_len || talk->broken)
		return;
	/* What came before is a retransmission; what is ahead leaves a gap. */
	if (ahead != 0) {
		talk->broken = ahead < UINT32_MAX / 2;
		return;
	}
	talk->next[server] += packet->payload_len;
	say(talk, server, true, bytes + packet->payload_offset, packet->payload_len);
}

static void take(struct talks *talks, const struct pr_packet *packet, const uint8_t *bytes)
{
	bool tcp = packet->tuple.proto == IPPROTO_TCP;
	bool opens = tcp && (packet->tcp_flags & (PR_TCP_SYN | PR_TCP_ACK)) == PR_TCP_SYN;
	struct pr_tuple reversed = pr_tuple_reversed(&packet->tuple);
	struct talk *talk = find(talks, &packet->tuple);
	bool server = false;

	if (!tcp && packet->tuple.proto != IPPROTO_UDP)
		return;
	if (!talk) {
		talk = find(talks, &reversed);
		server = talk != NULL;
	}
	if (!talk || (opens && talk->n_turns)) {
		talk = add(talks, &packet->tuple);
		talk->broken = tcp && !opens;
	}
	if (tcp)
		take_tcp(talk, server, packet, bytes);
	else
		say(talk, server, false, bytes + packet->payload_offset, packet->payload_len);
}

bool talks_read(const char *path, struct talks *ret_talks)
{
	struct pr_fragments *fragments = pr_fragments_new();
	struct pr_capture_file file;
	struct pr_captured captured;
	struct pr_packet packet;
	int r;

	*ret_talks = (struct talks){ 0 };
	if (!pr_capture_file_open(path, &file))
		return false;
	while ((r = pr_capture_next(&file.capture, &captured)) == PR_CAPTURE_DONE) {
		const uint8_t *bytes = captured.bytes;
		size_t len = captured.len;

		r = pr_packet_parse(bytes, len, captured.wire_len, &packet);
		if ((r == PR_PACKET_PARSED || r == PR_PACKET_LATER_FRAGMENT) && packet.fragment) {
			if (pr_fragments_add(fragments, bytes, len, &bytes, &len) !=
			    PR_FRAGMENTS_WHOLE)
				continue;
			r = pr_packet_parse(bytes, len, len, &packet);
		}
		if (r == PR_PACKET_PARSED)
			take(ret_talks, &packet, bytes);
	}
	pr_fragments_free(fragments);
	pr_capture_file_close(&file);
	return r == PR_CAPTURE_END;
}

void talks_free(struct talks *talks)
{
	for (size_t i = 0; i < talks->n; i++) {
		for (size_t j = 0; j < talks->talks[i].n_turns; j++)
			free(talks->talks[i].turns[j].bytes);
		free(talks->talks[i].turns);
	}
	free(talks->talks);
}

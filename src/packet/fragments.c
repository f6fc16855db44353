/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet/fragments.h"

#include "packet/build.h"

#include <stdbool.h>
#include <string.h>

#define IPV4_HEADER_LEN	    20
#define IPV6_HEADER_LEN	    40
#define FRAGMENT_HEADER_LEN 8
#define PACKET_MAX	    65535

/* Where a fragment has what. */
struct piece {
	uint8_t key[38]; /* version, identification, addresses; IPv4: protocol */
	size_t head_len; /* in front of the fragmented part, without a fragment header */
	size_t data_at, data_len;
	size_t offset;
	bool more;
	size_t next_at; /* IPv6: the byte that names the fragment header */
	uint8_t next;	/* IPv6: what the fragment header names */
};

struct range {
	uint32_t from, to;
};

struct packet {
	bool used;
	uint8_t key[38];
	uint64_t since; /* by count of pieces: the least is the oldest */
	struct range ranges[PR_FRAGMENTS_PIECES_MAX];
	unsigned int n_ranges;
	size_t end;	 /* of the fragmented part; 0 = the last piece isn't here */
	size_t head_len; /* 0 = the first piece isn't here */
	uint8_t head[PR_FRAGMENTS_HEAD_MAX];
	uint8_t *data; /* PACKET_MAX bytes */
};

struct pr_fragments {
	struct packet packets[PR_FRAGMENTS_PACKETS_MAX];
	uint64_t n_pieces;
	uint32_t n_lost;
	uint8_t whole[PR_FRAGMENTS_HEAD_MAX + PACKET_MAX];
};

struct pr_fragments *pr_fragments_new(void)
{
	return pr_calloc(1, sizeof(struct pr_fragments));
}

void pr_fragments_free(struct pr_fragments *fragments)
{
	if (!fragments)
		return;
	for (unsigned int i = 0; i < PR_FRAGMENTS_PACKETS_MAX; i++)
		free(fragments->packets[i].data);
	free(fragments);
}

uint32_t pr_fragments_n_lost(const struct pr_fragments *fragments)
{
	uint32_t n = fragments->n_lost;

	for (unsigned int i = 0; i < PR_FRAGMENTS_PACKETS_MAX; i++)
		if (fragments->packets[i].used)
			n += fragments->packets[i].n_ranges;
	return n;
}

static bool locate4(const uint8_t *bytes, size_t len, struct piece *piece)
{
	size_t head_len = (size_t)(bytes[0] & 0xf) * 4, total_len;
	uint16_t word;

	if (len < IPV4_HEADER_LEN || head_len < IPV4_HEADER_LEN || len < head_len)
		return false;
	total_len = (size_t)(bytes[2] << 8 | bytes[3]);
	word = (uint16_t)(bytes[6] << 8 | bytes[7]);
	if (total_len < head_len || total_len > len)
		return false;
	piece->key[0] = 4;
	piece->key[1] = bytes[9];
	memcpy(piece->key + 2, bytes + 4, 2);
	memcpy(piece->key + 4, bytes + 12, 8);
	piece->head_len = piece->data_at = head_len;
	piece->data_len = total_len - head_len;
	piece->offset = (size_t)(word & 0x1fff) * 8;
	piece->more = word & 0x2000;
	return true;
}

/* RFC 8200, 4.5: only these stand in front of a fragment header. */
static bool may_precede(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS;
}

static bool locate6(const uint8_t *bytes, size_t len, struct piece *piece)
{
	size_t at = IPV6_HEADER_LEN, end;
	uint16_t word;

	if (len < IPV6_HEADER_LEN)
		return false;
	end = IPV6_HEADER_LEN + (size_t)(bytes[4] << 8 | bytes[5]);
	piece->next_at = 6;
	while (may_precede(bytes[piece->next_at]) && at + FRAGMENT_HEADER_LEN <= len) {
		piece->next_at = at;
		at += ((size_t)bytes[at + 1] + 1) * 8;
	}
	if (bytes[piece->next_at] != IPPROTO_FRAGMENT || at + FRAGMENT_HEADER_LEN > end ||
	    end > len)
		return false;
	word = (uint16_t)(bytes[at + 2] << 8 | bytes[at + 3]);
	piece->key[0] = 6;
	memcpy(piece->key + 2, bytes + at + 4, 4);
	memcpy(piece->key + 6, bytes + 8, 32);
	piece->next = bytes[at];
	piece->head_len = at;
	piece->data_at = at + FRAGMENT_HEADER_LEN;
	piece->data_len = end - piece->data_at;
	piece->offset = word & 0xfff8;
	piece->more = word & 1;
	return true;
}

static bool locate(const uint8_t *bytes, size_t len, struct piece *piece)
{
	memset(piece, 0, sizeof(*piece));
	if (!len || !(bytes[0] >> 4 == 4 ? locate4(bytes, len, piece) : locate6(bytes, len, piece)))
		return false;
	/* All but the last are multiples of eight bytes; an empty one says nothing. */
	return piece->data_len && !(piece->more && piece->data_len % 8) &&
	       piece->head_len <= PR_FRAGMENTS_HEAD_MAX &&
	       piece->head_len + piece->offset + piece->data_len <= PACKET_MAX;
}

static void give_up(struct pr_fragments *fragments, struct packet *packet)
{
	fragments->n_lost += packet->n_ranges;
	packet->used = false;
}

static struct packet *find(struct pr_fragments *fragments, const struct piece *piece)
{
	struct packet *oldest = &fragments->packets[0];

	for (unsigned int i = 0; i < PR_FRAGMENTS_PACKETS_MAX; i++) {
		struct packet *packet = &fragments->packets[i];

		if (packet->used && memcmp(packet->key, piece->key, sizeof(piece->key)) == 0)
			return packet;
		if (oldest->used && (!packet->used || packet->since < oldest->since))
			oldest = packet;
	}
	if (oldest->used)
		give_up(fragments, oldest);
	oldest->used = true;
	memcpy(oldest->key, piece->key, sizeof(piece->key));
	oldest->since = fragments->n_pieces;
	oldest->n_ranges = 0;
	oldest->end = oldest->head_len = 0;
	if (!oldest->data)
		oldest->data = pr_calloc(1, PACKET_MAX);
	return oldest;
}

enum fit { FITS, IS_THERE, CONTRADICTS };

/* What comes twice as a whole is a retransmission of the link layer. */
static enum fit fit(const struct packet *packet, const struct range *range, bool more)
{
	if (packet->end && (range->to > packet->end || (!more && range->to != packet->end)))
		return CONTRADICTS;
	for (unsigned int i = 0; i < packet->n_ranges; i++) {
		const struct range *other = &packet->ranges[i];

		if (other->from == range->from && other->to == range->to)
			return IS_THERE;
		if ((other->from < range->to && range->from < other->to) ||
		    (!more && other->to > range->to))
			return CONTRADICTS;
	}
	return packet->n_ranges == PR_FRAGMENTS_PIECES_MAX ? CONTRADICTS : FITS;
}

static bool is_whole(const struct packet *packet)
{
	size_t have = 0;

	/* They don't overlap and none is beyond the end. */
	for (unsigned int i = 0; i < packet->n_ranges; i++)
		have += packet->ranges[i].to - packet->ranges[i].from;
	return packet->end && packet->head_len && have == packet->end;
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t put_together(struct pr_fragments *fragments, const struct packet *packet)
{
	uint8_t *whole = fragments->whole;
	size_t len = packet->head_len + packet->end;

	memcpy(whole, packet->head, packet->head_len);
	memcpy(whole + packet->head_len, packet->data, packet->end);
	if (packet->key[0] == 6) {
		put16(whole + 4, len - IPV6_HEADER_LEN);
		return len;
	}
	put16(whole + 2, len);
	put16(whole + 6, 0);
	put16(whole + 10, 0);
	put16(whole + 10, pr_packet_checksum(whole, packet->head_len, 0));
	return len;
}

static void take(struct packet *packet, const uint8_t *bytes, const struct piece *piece)
{
	const struct range range = { (uint32_t)piece->offset,
				     (uint32_t)(piece->offset + piece->data_len) };

	packet->ranges[packet->n_ranges++] = range;
	memcpy(packet->data + piece->offset, bytes + piece->data_at, piece->data_len);
	if (!piece->more)
		packet->end = range.to;
	if (piece->offset)
		return;
	memcpy(packet->head, bytes, piece->head_len);
	packet->head_len = piece->head_len;
	if (piece->key[0] == 6)
		packet->head[piece->next_at] = piece->next;
}

int pr_fragments_add(struct pr_fragments *fragments, const uint8_t *bytes, size_t len,
		     const uint8_t **ret_bytes, size_t *ret_len)
{
	struct packet *packet;
	struct piece piece;
	enum fit how;

	fragments->n_pieces++;
	if (!locate(bytes, len, &piece)) {
		fragments->n_lost++;
		return PR_FRAGMENTS_REFUSED;
	}
	packet = find(fragments, &piece);
	how = fit(packet,
		  &(struct range){ (uint32_t)piece.offset,
				   (uint32_t)(piece.offset + piece.data_len) },
		  piece.more);
	if (how == CONTRADICTS) {
		fragments->n_lost++;
		give_up(fragments, packet);
		return PR_FRAGMENTS_REFUSED;
	}
	if (how == FITS)
		take(packet, bytes, &piece);
	/* The head may differ from the pieces' in length: together they may be too long. */
	if (packet->head_len + packet->end > PACKET_MAX) {
		give_up(fragments, packet);
		return PR_FRAGMENTS_REFUSED;
	}
	if (!is_whole(packet))
		return PR_FRAGMENTS_MORE;
	*ret_len = put_together(fragments, packet);
	*ret_bytes = fragments->whole;
	packet->used = false;
	return PR_FRAGMENTS_WHOLE;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SSH (RFC 4253): both ends say their version, then both begin a key exchange with what they offer, and from that it
 * follows what they will encrypt with. Only then it is encrypted: a version's line alone says nothing, and "none"
 * is a cipher too. The client's part of that is handshake and may pass, as far as each packet of it is whole.
 */
#include "base/cursor.h"
#include "inspection/inspector_table.h"

#define BANNER_MAX	 255u	/* with its end (RFC 4253, 4.2) */
#define SERVER_LINES_MAX 8192u	/* of what a server may say before its version */
#define PACKET_MAX	 35000u /* RFC 4253, 6.1 */
#define KEXINIT		 20u
#define COOKIE_LEN	 16u
#define N_LISTS		 10u
#define KEX_FIRST	 30u /* messages of the key exchange's method (RFC 4250, 4.1.2) */
#define KEX_LAST	 49u

enum list { LIST_CIPHERS_TO_SERVER = 2, LIST_CIPHERS_TO_CLIENT = 3 };

struct slice {
	const uint8_t *bytes;
	size_t len;
};

struct kexinit {
	struct slice lists[N_LISTS];
};

enum part { PART_IS, PART_OPEN, PART_ISNT };

/* A line that ends with LF, without that and a CR before it. `at` goes on behind it. */
static enum part read_line(const struct pr_stream *stream, size_t *at, size_t max,
			   struct slice *ret_line)
{
	size_t left = stream->len - *at;
	const uint8_t *from, *end = NULL;

	if (left) {
		from = stream->bytes + *at;
		end = memchr(from, '\n', left < max ? left : max);
	}
	if (!end)
		return left >= max || stream->ended || stream->full ? PART_ISNT : PART_OPEN;
	*ret_line = (struct slice){ from, (size_t)(end - from) };
	*at += ret_line->len + 1;
	if (ret_line->len && end[-1] == '\r')
		ret_line->len--;
	return PART_IS;
}

/* "SSH-2.0-software comment", printable. 1.99 is 2.0 too, of servers (RFC 4253, 5.1). */
static bool is_banner(const struct slice *line)
{
	size_t version_end;

	if (line->len < 9 || memcmp(line->bytes, "SSH-", 4) != 0)
		return false;
	for (size_t i = 4; i < line->len; i++)
		if (line->bytes[i] < ' ')
			return false;
	for (version_end = 4; version_end < 8; version_end++)
		if (line->bytes[version_end] == '-')
			break;
	return version_end > 4 && line->bytes[version_end] == '-';
}

static bool is_version_2(const struct slice *banner)
{
	return memcmp(banner->bytes + 4, "2.0-", 4) == 0 ||
	       memcmp(banner->bytes + 4, "1.99-", 5) == 0;
}

/* Could the stream begin so? A first line that isn't whole is held against what it must begin with. */
static enum part client_banner(const struct pr_stream *client, size_t *at, struct slice *ret_banner)
{
	size_t known = client->len < 4 ? client->len : 4;
	enum part part;

	if (known && memcmp(client->bytes, "SSH-", known) != 0)
		return PART_ISNT;
	part = read_line(client, at, BANNER_MAX, ret_banner);
	return part == PART_IS && !is_banner(ret_banner) ? PART_ISNT : part;
}

static enum part server_banner(const struct pr_stream *server, size_t *at, struct slice *ret_banner)
{
	for (;;) {
		enum part part = read_line(server, at, SERVER_LINES_MAX - *at, ret_banner);

		if (part != PART_IS)
			return part;
		if (ret_banner->len >= 4 && memcmp(ret_banner->bytes, "SSH-", 4) == 0)
			return is_banner(ret_banner) && ret_banner->len < BANNER_MAX ? PART_IS
										     : PART_ISNT;
		if (*at >= SERVER_LINES_MAX)
			return PART_ISNT;
	}
}

/* An unencrypted packet (RFC 4253, 6): its payload, and `at` behind it. */
static enum part read_packet(const struct pr_stream *stream, size_t *at, struct slice *ret_payload)
{
	struct pr_reader reader = pr_reader(stream->bytes + *at, stream->len - *at);
	uint32_t len = pr_read_u32(&reader);
	uint8_t padding = pr_read_u8(&reader);
	const uint8_t *payload;

	if (reader.failed)
		return stream->ended || stream->full ? PART_ISNT : PART_OPEN;
	if (len > PACKET_MAX || len < padding + 2u || padding < 4)
		return PART_ISNT;
	payload = pr_read_bytes(&reader, len - 1);
	if (!payload)
		return stream->ended || stream->full ? PART_ISNT : PART_OPEN;
	*ret_payload = (struct slice){ payload, len - 1 - padding };
	*at += 4 + len;
	return PART_IS;
}

/* RFC 4253, 7.1 */
static enum part read_kexinit(const struct pr_stream *stream, size_t *at,
			      struct kexinit *ret_kexinit)
{
	struct slice payload;
	enum part part = read_packet(stream, at, &payload);
	struct pr_reader reader;

	if (part != PART_IS)
		return part;
	reader = pr_reader(payload.bytes, payload.len);
	if (pr_read_u8(&reader) != KEXINIT)
		return PART_ISNT;
	pr_read_skip(&reader, COOKIE_LEN);
	for (unsigned int i = 0; i < N_LISTS; i++) {
		ret_kexinit->lists[i].len = pr_read_u32(&reader);
		ret_kexinit->lists[i].bytes = pr_read_bytes(&reader, ret_kexinit->lists[i].len);
	}
	pr_read_skip(&reader, 1 + 4); /* the first packet of a guess follows; reserved */
	return reader.failed || pr_reader_left(&reader) ? PART_ISNT : PART_IS;
}

/* The list's next name, which is taken off. */
static bool next_name(struct slice *list, struct slice *ret_name)
{
	const uint8_t *comma = list->len ? memchr(list->bytes, ',', list->len) : NULL;
	size_t len = comma ? (size_t)(comma - list->bytes) : list->len;

	if (!list->len)
		return false;
	*ret_name = (struct slice){ list->bytes, len };
	list->bytes += len + (comma != NULL);
	list->len -= len + (comma != NULL);
	return true;
}

static bool has_name(struct slice list, const struct slice *name)
{
	struct slice other;

	while (next_name(&list, &other))
		if (other.len == name->len && memcmp(other.bytes, name->bytes, name->len) == 0)
			return true;
	return false;
}

/* The first of the client's that the server has too (RFC 4253, 7.1), and that isn't "none". */
static bool encrypts(const struct kexinit *client, const struct kexinit *server, enum list list)
{
	struct slice names = client->lists[list], name;

	while (next_name(&names, &name))
		if (has_name(server->lists[list], &name))
			return name.len != 4 || memcmp(name.bytes, "none", 4) != 0;
	return false;
}

/* What the client sent behind its offer, before it knows the server's: packets of a key exchange that it guessed. */
static bool rest_is_key_exchange(const struct pr_stream *client, size_t at)
{
	while (at < client->len) {
		struct slice payload;

		if (read_packet(client, &at, &payload) != PART_IS || !payload.len ||
		    payload.bytes[0] < KEX_FIRST || payload.bytes[0] > KEX_LAST)
			return false;
	}
	return true;
}

static enum pr_look settle(struct pr_seen *seen, enum pr_encryption encryption, const char *why)
{
	seen->encryption = (uint8_t)encryption;
	seen->why = why;
	seen->settled = PR_FACTS_SEEN;
	return PR_LOOK_DONE;
}

static enum pr_look look_at_exchange(const struct pr_transcript *transcript, size_t client_at,
				     size_t server_at, struct pr_seen *seen)
{
	struct kexinit client, server;
	enum part client_part = read_kexinit(&transcript->client, &client_at, &client);
	enum part server_part = read_kexinit(&transcript->server, &server_at, &server);

	if (client_part == PART_ISNT || server_part == PART_ISNT)
		return settle(seen, PR_ENCRYPTION_UNKNOWN, "no key exchange follows");
	if (client_part == PART_IS && server_part == PART_IS) {
		if (encrypts(&client, &server, LIST_CIPHERS_TO_SERVER) &&
		    encrypts(&client, &server, LIST_CIPHERS_TO_CLIENT))
			return settle(seen, PR_ENCRYPTION_YES, "both ends began a key exchange");
		return settle(seen, PR_ENCRYPTION_NO, "both ends agreed on no cipher");
	}
	if (client_part == PART_IS)
		return rest_is_key_exchange(&transcript->client, client_at) ? PR_LOOK_GOES_ON
									    : PR_LOOK_MORE;
	return client_at == transcript->client.len ? PR_LOOK_GOES_ON : PR_LOOK_MORE;
}

enum pr_look pr_inspect_ssh(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	size_t client_at = 0, server_at = 0;
	struct slice client = { 0 }, server = { 0 };
	enum part part = client_banner(&transcript->client, &client_at, &client), server_part;

	if (part == PART_ISNT)
		return PR_LOOK_NOT_MINE;
	server_part = server_banner(&transcript->server, &server_at, &server);
	if (server_part == PART_ISNT)
		return PR_LOOK_NOT_MINE;
	if (part == PART_OPEN)
		return PR_LOOK_MORE;
	seen->speaks = PR_SPEAKS_SSH;
	if (server_part == PART_OPEN)
		return client_at == transcript->client.len ? PR_LOOK_GOES_ON : PR_LOOK_MORE;
	seen->settled = PR_FACTS_SEEN & ~PR_FACT_ENCRYPTION;
	memcpy(seen->version, is_version_2(&client) ? "2.0" : "1.5", 4);
	if (!is_version_2(&client) || !is_version_2(&server))
		return settle(seen, PR_ENCRYPTION_UNKNOWN, "SSH 1 isn't looked into");
	return look_at_exchange(transcript, client_at, server_at, seen);
}

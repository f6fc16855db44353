/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NTP (RFC 5905, 7.3; extensions: RFC 7822, RFC 8915). The header has no magic number: a request is believed where its
 * timestamps are what a client's are (none but its own, or all of the same days), else when the answer repeats the
 * request's. NTS proves who tells the time and hides none of it.
 */
#include "base/cursor.h"
#include "inspection/inspector_table.h"
#include "inspection/plaintext.h"

#define HEADER_LEN    48u
#define EXTENSION_MIN 16u
#define MAC_MAX	      68u /* key number and SHA-512 */
#define STRATUM_MAX   16u
#define POLL_MAX      17u
#define NEGATIVE      0x80u
#define SHORT_MAX     (16u << 16) /* root delay and dispersion: 16 s (RFC 5905, MAXDISP) */
#define SAME_DAYS_S   (4u * 86400)
#define VERSION_MAX   4u

enum mode {
	MODE_ACTIVE = 1,
	MODE_PASSIVE = 2,
	MODE_CLIENT = 3,
	MODE_SERVER = 4,
	MODE_BROADCAST = 5
};

struct header {
	unsigned int version, mode, stratum;
	unsigned int poll; /* a power of two, which may be negative */
	uint32_t delay, dispersion;
	uint64_t reference, origin, receive, transmit;
};

/* Extensions, then perhaps a MAC. */
static bool tail_is_sound(struct pr_reader *reader)
{
	while (pr_reader_left(reader)) {
		size_t left = pr_reader_left(reader);
		uint16_t len;

		if (left % 4)
			return false;
		/* a MAC: the key's number alone (crypto-NAK), or with MD5 or SHA-1 */
		if (left == 4 || left == 20 || left == 24)
			return true;
		(void)pr_read_u16(reader);
		len = pr_read_u16(reader);
		if (len < EXTENSION_MIN || len % 4 || len > left)
			return left <= MAC_MAX;
		pr_read_skip(reader, len - 4u);
	}
	return !reader->failed;
}

static bool read_header(const struct pr_datagram *datagram, struct header *header)
{
	struct pr_reader reader = pr_reader(datagram->bytes, datagram->len);
	uint8_t first = pr_read_u8(&reader);

	if (datagram->cut || datagram->len < HEADER_LEN)
		return false;
	header->version = first >> 3 & 7;
	header->mode = first & 7;
	header->stratum = pr_read_u8(&reader);
	header->poll = pr_read_u8(&reader);
	(void)pr_read_u8(&reader); /* precision: some clients put what they like */
	header->delay = pr_read_u32(&reader);
	header->dispersion = pr_read_u32(&reader);
	(void)pr_read_u32(&reader); /* reference id */
	header->reference = pr_read_u64(&reader);
	header->origin = pr_read_u64(&reader);
	header->receive = pr_read_u64(&reader);
	header->transmit = pr_read_u64(&reader);
	return header->version >= 1 && header->version <= VERSION_MAX &&
	       header->stratum <= STRATUM_MAX &&
	       (header->poll <= POLL_MAX || header->poll & NEGATIVE) &&
	       header->delay <= SHORT_MAX && header->dispersion <= SHORT_MAX &&
	       header->transmit != 0 && tail_is_sound(&reader);
}

static bool same_days(uint64_t a, uint64_t b)
{
	uint32_t apart = (uint32_t)(a >> 32) - (uint32_t)(b >> 32);

	return a && b && (apart < SAME_DAYS_S || -apart < SAME_DAYS_S);
}

/* Sixteen bytes of zeros where they belong, or three clocks that agree. */
static bool asks_for_sure(const struct header *header)
{
	if (header->mode == MODE_BROADCAST)
		return header->stratum >= 1 && header->stratum < STRATUM_MAX &&
		       same_days(header->reference, header->transmit);
	return (header->origin == 0 && header->receive == 0) ||
	       (same_days(header->origin, header->receive) &&
		same_days(header->receive, header->transmit));
}

static bool answers(const struct header *answer, const struct header *request)
{
	unsigned int mode = request->mode == MODE_CLIENT ? MODE_SERVER : MODE_PASSIVE;

	return answer->mode == mode && answer->version == request->version &&
	       answer->origin == request->transmit;
}

enum pr_look pr_inspect_ntp(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	const struct pr_datagram *first = pr_transcript_first(transcript, false),
				 *answer = pr_transcript_first(transcript, true);
	struct header request, answered;

	if (!first)
		return transcript->n_datagrams ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
	if (!read_header(first, &request))
		return PR_LOOK_NOT_MINE;
	if (request.mode != MODE_CLIENT && request.mode != MODE_ACTIVE &&
	    request.mode != MODE_BROADCAST)
		return PR_LOOK_NOT_MINE;
	if (asks_for_sure(&request) ||
	    (answer && read_header(answer, &answered) && answers(&answered, &request)))
		return pr_look_plaintext(seen, PR_SPEAKS_NTP, "NTP hides no time, with NTS too");
	return answer || request.mode == MODE_BROADCAST ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * WireGuard (its protocol's messages, all in little endian). An initiation is 148 bytes of which 124 are keys and
 * ciphertext, indistinguishable from random ones; it may pass. Encryption is proven when the other end has answered it
 * with its number. Either end may begin the handshake, whoever opened the link.
 */
#include "inspection/inspector_table.h"

#include <string.h>

enum type { TYPE_INITIATION = 1, TYPE_RESPONSE = 2, TYPE_COOKIE = 3, TYPE_TRANSPORT = 4 };

#define INITIATION_LEN	148u
#define RESPONSE_LEN	92u
#define COOKIE_LEN	64u
#define TRANSPORT_MIN	32u
#define SENDER_AT	4u
#define RECEIVER_AT	8u /* of a response */
#define MAC2_LEN	16u
#define INITIATIONS_MAX 8u

struct initiation {
	const uint8_t *sender; /* its number, four bytes */
	bool from_server;
};

/* Of random bytes about half have each bit set. Beyond five standard deviations they are taken for something else. */
static bool looks_random(const uint8_t *bytes, unsigned int len)
{
	unsigned int set[8] = { 0 };

	for (unsigned int i = 0; i < len; i++)
		for (unsigned int bit = 0; bit < 8; bit++)
			set[bit] += bytes[i] >> bit & 1;
	for (unsigned int bit = 0; bit < 8; bit++) {
		int off = 2 * (int)set[bit] - (int)len; /* twice the distance to the mean */

		if ((unsigned int)(off * off) > 25 * len)
			return false;
	}
	return true;
}

/* 0 = no WireGuard message. */
static unsigned int type_of(const struct pr_datagram *datagram)
{
	const uint8_t *bytes = datagram->bytes;

	if (datagram->cut || datagram->len < TRANSPORT_MIN || bytes[1] || bytes[2] || bytes[3])
		return 0;
	switch (bytes[0]) {
	case TYPE_INITIATION:
		return datagram->len == INITIATION_LEN &&
				       looks_random(bytes + 8, INITIATION_LEN - 8 - MAC2_LEN)
			       ? TYPE_INITIATION
			       : 0;
	case TYPE_RESPONSE:
		return datagram->len == RESPONSE_LEN &&
				       looks_random(bytes + 12, RESPONSE_LEN - 12 - MAC2_LEN)
			       ? TYPE_RESPONSE
			       : 0;
	case TYPE_COOKIE:
		return datagram->len == COOKIE_LEN ? TYPE_COOKIE : 0;
	case TYPE_TRANSPORT:
		return datagram->len % 16 == 0 ? TYPE_TRANSPORT : 0;
	default:
		return 0;
	}
}

static bool answers(const struct pr_datagram *response, const struct initiation *initiations,
		    unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (initiations[i].from_server != response->from_server &&
		    memcmp(initiations[i].sender, response->bytes + RECEIVER_AT, 4) == 0)
			return true;
	return false;
}

enum pr_look pr_inspect_wireguard(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	struct initiation initiations[INITIATIONS_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < transcript->n_datagrams; i++) {
		const struct pr_datagram *datagram = &transcript->datagrams[i];
		unsigned int type = type_of(datagram);

		if (type == TYPE_RESPONSE && answers(datagram, initiations, n)) {
			seen->speaks = PR_SPEAKS_WIREGUARD;
			seen->encryption = PR_ENCRYPTION_YES;
			seen->why = "WireGuard's handshake was answered";
			seen->settled = PR_FACTS_SEEN;
			return PR_LOOK_DONE;
		}
		/* an initiation is what a link begins with; a cookie is the answer of one that has too much to do */
		if (type != TYPE_INITIATION && (type != TYPE_COOKIE || n == 0))
			return PR_LOOK_NOT_MINE;
		if (type == TYPE_INITIATION && n < INITIATIONS_MAX)
			initiations[n++] = (struct initiation){ datagram->bytes + SENDER_AT,
								datagram->from_server };
	}
	if (n == 0)
		return PR_LOOK_MORE;
	seen->speaks = PR_SPEAKS_WIREGUARD;
	seen->why = "WireGuard's handshake has no answer yet";
	return PR_LOOK_GOES_ON;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One message is sent, then its answer awaited: servers are widespread that take all that has come for the greeting
 * (microsocks), so nothing is sent ahead. With an account both methods are offered: an account that only isolates is
 * not known to a proxy that asks for none.
 */
#include "tunnel/socks5.h"

#include "base/cursor.h"

#include <string.h>

enum { VERSION = 5, ACCOUNT_VERSION = 1 };
enum { METHOD_NONE = 0, METHOD_ACCOUNT = 2, METHOD_REFUSED = 0xff };
enum { CONNECT = 1, ASSOCIATE = 3 };
enum { TYPE_IPV4 = 1, TYPE_NAME = 3, TYPE_IPV6 = 4 };
enum { IPV4_LEN = 4, IPV6_LEN = 16, NAME_MAX_LEN = 255, PORT_LEN = 2 };
enum { REPLY_HEADER_LEN = 4, DATAGRAM_HEADER_LEN = 3 };

static void write_host(struct pr_writer *writer, const char *host, uint16_t port)
{
	struct pr_address address;

	if (pr_address_parse(host, &address) == 0) {
		pr_write_u8(writer, address.family == 4 ? TYPE_IPV4 : TYPE_IPV6);
		pr_write_bytes(writer, address.bytes, address.family == 4 ? IPV4_LEN : IPV6_LEN);
	} else {
		pr_write_u8(writer, TYPE_NAME);
		pr_write_u8(writer, (uint8_t)strlen(host));
		pr_write_bytes(writer, host, strlen(host));
	}
	pr_write_u16(writer, port);
}

static bool fits(const char *host)
{
	size_t len = strlen(host);

	return len > 0 && len <= NAME_MAX_LEN;
}

int pr_socks5_start(struct pr_socks5 *socks, const struct pr_talk_ask *ask)
{
	if (!ask->associate && !fits(ask->host))
		return -EINVAL;
	if (strlen(ask->user) > PR_TUNNEL_CREDENTIAL_MAX ||
	    strlen(ask->password) > PR_TUNNEL_CREDENTIAL_MAX)
		return -EINVAL;
	*socks = (struct pr_socks5){ .ask = *ask };
	return 0;
}

bool pr_socks5_asked(const struct pr_socks5 *socks)
{
	return socks->state == PR_SOCKS5_REPLY;
}

/* ---- what is said ---- */

static void say_greeting(const struct pr_socks5 *socks, struct pr_writer *writer)
{
	bool account = socks->ask.user[0];

	pr_write_u8(writer, VERSION);
	pr_write_u8(writer, account ? 2 : 1);
	if (account)
		pr_write_u8(writer, METHOD_ACCOUNT);
	pr_write_u8(writer, METHOD_NONE);
}

static void say_account(const struct pr_socks5 *socks, struct pr_writer *writer)
{
	size_t user_len = strlen(socks->ask.user), password_len = strlen(socks->ask.password);

	pr_write_u8(writer, ACCOUNT_VERSION);
	pr_write_u8(writer, (uint8_t)user_len);
	pr_write_bytes(writer, socks->ask.user, user_len);
	pr_write_u8(writer, (uint8_t)password_len);
	pr_write_bytes(writer, socks->ask.password, password_len);
}

/* Of an association the port that datagrams come from is not known yet: all zero (RFC 1928, 7). */
static void say_request(const struct pr_socks5 *socks, struct pr_writer *writer)
{
	bool associate = socks->ask.associate;

	pr_write_u8(writer, VERSION);
	pr_write_u8(writer, associate ? ASSOCIATE : CONNECT);
	pr_write_u8(writer, 0);
	write_host(writer, associate ? "0.0.0.0" : socks->ask.host,
		   associate ? 0 : socks->ask.port);
}

size_t pr_socks5_say(struct pr_socks5 *socks, uint8_t *bytes)
{
	struct pr_writer writer = pr_writer(bytes, PR_TALK_SAY_MAX);

	switch (socks->state) {
	case PR_SOCKS5_GREETING:
		say_greeting(socks, &writer);
		break;
	case PR_SOCKS5_ACCOUNT:
		say_account(socks, &writer);
		break;
	case PR_SOCKS5_REQUEST:
		say_request(socks, &writer);
		break;
	default:
		return 0;
	}
	pr_assert(!writer.failed);
	socks->state++;
	socks->n_in = 0;
	return writer.position;
}

/* ---- what is heard ---- */

static enum pr_talk_heard fail(struct pr_talk_failure *failure, enum pr_tunnel_outcome outcome,
			       bool own, const char *why)
{
	*failure = (struct pr_talk_failure){ .outcome = outcome, .own = own, .why = why };
	return PR_TALK_FAILED;
}

static enum pr_talk_heard fail_by_account(struct pr_talk_failure *failure, const char *why)
{
	(void)fail(failure, PR_TUNNEL_FORBIDDEN, true, why);
	failure->account = true;
	return PR_TALK_FAILED;
}

static enum pr_talk_heard hear_method(struct pr_socks5 *socks, struct pr_talk_failure *failure)
{
	uint8_t method = socks->in[1];

	if (socks->in[0] != VERSION)
		return fail(failure, PR_TUNNEL_DOWN, true, "it does not speak SOCKS5");
	if (method == METHOD_NONE)
		socks->state = PR_SOCKS5_REQUEST;
	else if (method == METHOD_ACCOUNT && socks->ask.user[0])
		socks->state = PR_SOCKS5_ACCOUNT;
	else if (method == METHOD_REFUSED && !socks->ask.user[0])
		return fail_by_account(failure, "it wants a user and a password");
	else if (method == METHOD_REFUSED)
		return fail_by_account(failure,
				       "it accepts neither our user and password nor none");
	else
		return fail(failure, PR_TUNNEL_DOWN, true,
			    "it wants a method that it was not offered");
	return PR_TALK_MORE;
}

static enum pr_talk_heard hear_accepted(struct pr_socks5 *socks, struct pr_talk_failure *failure)
{
	/* RFC 1929, 2: status 0 alone is success; some servers write 5 as the version */
	if (socks->in[1] != 0)
		return fail_by_account(failure, socks->ask.made_up
							? "it wants a user and a password"
							: "wrong user or password");
	socks->state = PR_SOCKS5_REQUEST;
	return PR_TALK_MORE;
}

struct reply {
	enum pr_tunnel_outcome outcome;
	const char *why;
};

/* RFC 1928, 6 */
static const struct reply replies[] = {
	[1] = { PR_TUNNEL_UNREACHABLE, "it could not connect" },
	[2] = { PR_TUNNEL_FORBIDDEN, "its rules don't allow it" },
	[3] = { PR_TUNNEL_UNREACHABLE, "the network is unreachable" },
	[4] = { PR_TUNNEL_UNREACHABLE, "the host is unreachable" },
	[5] = { PR_TUNNEL_REFUSED, "connection refused" },
	[6] = { PR_TUNNEL_TIMED_OUT, "the connection timed out" },
	[7] = { PR_TUNNEL_UNSUPPORTED, "it doesn't support the command" },
	[8] = { PR_TUNNEL_UNSUPPORTED, "it doesn't support the kind of address" },
};

/* Tor's own, of onion services: its proposal 304. */
#define ONION_FIRST 0xf0
static const char *const onion_replies[] = {
	"the onion service is not known",
	"the onion service's descriptor is invalid",
	"the onion service can't be introduced to",
	"the onion service did not come to the rendezvous",
	"the onion service wants an authorisation",
	"the onion service refused the authorisation",
	"the onion service's address is not valid",
	"the onion service's introduction timed out",
};

static enum pr_talk_heard fail_by_reply(uint8_t code, struct pr_talk_failure *failure)
{
	if (code < PR_ARRAY_SIZE(replies))
		return fail(failure, replies[code].outcome, false, replies[code].why);
	if (code >= ONION_FIRST && code - ONION_FIRST < (int)PR_ARRAY_SIZE(onion_replies))
		return fail(failure, PR_TUNNEL_UNREACHABLE, false,
			    onion_replies[code - ONION_FIRST]);
	return fail(failure, PR_TUNNEL_UNREACHABLE, false,
		    "it could not connect, for a reason of its own");
}

/* False: it is nothing to send to. No server names its relay otherwise than by an address. */
static bool take_relay(struct pr_socks5 *socks)
{
	struct pr_reader reader = pr_reader(socks->in, socks->n_in);
	const uint8_t *bytes;
	uint8_t type;

	pr_read_skip(&reader, REPLY_HEADER_LEN - 1);
	type = pr_read_u8(&reader);
	bytes = pr_read_bytes(&reader, type == TYPE_IPV4 ? IPV4_LEN : IPV6_LEN);
	socks->relay_port = pr_read_u16(&reader);
	if (type == TYPE_NAME || reader.failed || socks->relay_port == 0)
		return false;
	socks->relay = type == TYPE_IPV4 ? pr_address_v4(bytes) : pr_address_v6(bytes);
	return true;
}

static enum pr_talk_heard hear_reply(struct pr_socks5 *socks, struct pr_talk_failure *failure)
{
	if (socks->in[1] != 0)
		return fail_by_reply(socks->in[1], failure);
	if (socks->ask.associate && !take_relay(socks))
		return fail(failure, PR_TUNNEL_DOWN, true, "it names no relay for datagrams");
	return PR_TALK_OPEN;
}

/* How long the message is that stands in `in`, as far as is known; 0 = what stands there is none. */
static size_t message_len(const struct pr_socks5 *socks)
{
	const uint8_t *in = socks->in;

	if (socks->state != PR_SOCKS5_REPLY)
		return 2;
	if (socks->n_in >= 1 && in[0] != VERSION)
		return 0;
	/* One that refuses is judged by its code: some servers send no more than that. */
	if (socks->n_in >= 2 && in[1] != 0)
		return 2;
	if (socks->n_in < REPLY_HEADER_LEN + 1)
		return REPLY_HEADER_LEN + 1;
	switch (in[REPLY_HEADER_LEN - 1]) {
	case TYPE_IPV4:
		return REPLY_HEADER_LEN + IPV4_LEN + PORT_LEN;
	case TYPE_IPV6:
		return REPLY_HEADER_LEN + IPV6_LEN + PORT_LEN;
	case TYPE_NAME:
		return REPLY_HEADER_LEN + 1u + in[REPLY_HEADER_LEN] + PORT_LEN;
	default:
		return 0;
	}
}

enum pr_talk_heard pr_socks5_hear(struct pr_socks5 *socks, const uint8_t *bytes, size_t len,
				  size_t *ret_used, struct pr_talk_failure *ret_failure)
{
	size_t used = 0, whole;

	/* Bytes that come before their question are no answer to it. */
	if (socks->state != PR_SOCKS5_METHOD && socks->state != PR_SOCKS5_ACCEPTED &&
	    socks->state != PR_SOCKS5_REPLY) {
		*ret_used = len;
		return fail(ret_failure, PR_TUNNEL_DOWN, true, "it does not speak SOCKS5");
	}
	while ((whole = message_len(socks)) > socks->n_in && used < len) {
		pr_assert(whole <= sizeof(socks->in));
		socks->in[socks->n_in++] = bytes[used++];
	}
	*ret_used = used;
	if (whole == 0)
		return fail(ret_failure, PR_TUNNEL_DOWN, true, "its answer is not SOCKS5");
	if (whole > socks->n_in)
		return PR_TALK_MORE;
	if (socks->state == PR_SOCKS5_METHOD)
		return hear_method(socks, ret_failure);
	return socks->state == PR_SOCKS5_ACCEPTED ? hear_accepted(socks, ret_failure)
						  : hear_reply(socks, ret_failure);
}

/* ---- datagrams ---- */

ssize_t pr_socks5_datagram_header(const char *host, uint16_t port,
				  uint8_t bytes[PR_SOCKS5_DATAGRAM_HEADER_MAX])
{
	struct pr_writer writer = pr_writer(bytes, PR_SOCKS5_DATAGRAM_HEADER_MAX);

	if (!fits(host))
		return -EINVAL;
	pr_write_bytes(&writer, (const uint8_t[DATAGRAM_HEADER_LEN]){ 0 }, DATAGRAM_HEADER_LEN);
	write_host(&writer, host, port);
	return writer.failed ? -EINVAL : (ssize_t)writer.position;
}

ssize_t pr_socks5_datagram_parse(const uint8_t *bytes, size_t len, struct pr_address *ret_from,
				 uint16_t *ret_port)
{
	struct pr_reader reader = pr_reader(bytes, len);
	struct pr_address from = { 0 };
	const uint8_t *at;
	uint8_t fragment;
	uint16_t port;

	pr_read_skip(&reader, 2);
	fragment = pr_read_u8(&reader);
	switch (pr_read_u8(&reader)) {
	case TYPE_IPV4:
		at = pr_read_bytes(&reader, IPV4_LEN);
		from = at ? pr_address_v4(at) : from;
		break;
	case TYPE_IPV6:
		at = pr_read_bytes(&reader, IPV6_LEN);
		from = at ? pr_address_v6(at) : from;
		break;
	case TYPE_NAME:
		pr_read_skip(&reader, pr_read_u8(&reader));
		break;
	default:
		return -EBADMSG;
	}
	port = pr_read_u16(&reader);
	if (reader.failed || fragment != 0)
		return -EBADMSG;
	*ret_from = from;
	*ret_port = port;
	return (ssize_t)reader.position;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "interception/scenario_packet.h"

#include "interception/scenario.h"
#include "interception/scenario_payload.h"
#include "packet/build.h"

#include <stdlib.h>
#include <string.h>

#define DNS_HEADER_LEN	   12 /* RFC 1035, 4.1.1 */
#define DNS_OPCODE_MAX	   15

#define WORDS_MAX	   40
#define LINE_MAX_	   1024
#define ISN_DEFAULT	   PR_SCENARIO_ISN
#define LOOPBACK_IFINDEX   1
#define OUTSIDE_IFINDEX	   2
#define FORWARD_IN_IFINDEX 3

/* The words of a line, and what they come to. */
struct description {
	char text[LINE_MAX_];
	char *words[WORDS_MAX];
	unsigned int n_words, at;
	struct pr_packet_parts parts;
	uint8_t payload[PR_SCENARIO_PACKET_MAX];
	struct pr_intercepted *packet;
	bool later_fragment;
	bool flags_given;
	uint32_t ack;
	uint32_t isn,
		offset;	 /* the first sequence number, and how far behind it the payload stands */
	size_t captured; /* 0 = all */
	const char *error;
};

static int wrong(struct description *description, const char *error)
{
	if (!description->error)
		description->error = error;
	return -EINVAL;
}

static const char *word(struct description *description)
{
	if (description->at >= description->n_words)
		return "";
	return description->words[description->at++];
}

static int number(struct description *description, unsigned long most, unsigned long *ret_number)
{
	const char *text = word(description);
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (!*text || *end || errno || value > most)
		return wrong(description, "a number is missing, or too big");
	*ret_number = value;
	return 0;
}

static int split(struct description *description, const char *line)
{
	char *rest = description->text, *token;

	if (strlen(line) >= sizeof(description->text))
		return wrong(description, "the line is too long");
	memcpy(description->text, line, strlen(line) + 1);
	while ((token = strsep(&rest, " \t")) != NULL) {
		if (!*token)
			continue;
		if (description->n_words == WORDS_MAX)
			return wrong(description, "too many words");
		description->words[description->n_words++] = token;
	}
	return 0;
}

static int endpoint(struct description *description, struct pr_address *ret_address,
		    uint16_t *ret_port)
{
	char text[PR_ADDRESS_TEXT_SIZE + 16];
	const char *given = word(description);
	char *address = text, *port = NULL, *end;
	unsigned long value = 0;

	if (strlen(given) >= sizeof(text))
		return wrong(description, "an address is too long");
	memcpy(text, given, strlen(given) + 1);
	if (*address == '[') {
		address++;
		port = strchr(address, ']');
		if (!port)
			return wrong(description, "a bracket is missing");
		*port++ = '\0';
		port = *port == ':' ? port + 1 : NULL;
	} else if (strchr(address, ':') == strrchr(address, ':') && strchr(address, ':')) {
		port = strchr(address, ':');
		*port++ = '\0';
	}
	if (port) {
		value = strtoul(port, &end, 10);
		if (*end || value > UINT16_MAX)
			return wrong(description, "not a port");
	}
	if (pr_address_parse(address, ret_address) < 0)
		return wrong(description, "not an address");
	*ret_port = (uint16_t)value;
	return 0;
}

static int protocol(struct description *description, uint8_t *ret_proto)
{
	static const struct {
		const char *name;
		uint8_t proto;
	} names[] = { { "tcp", IPPROTO_TCP },
		      { "udp", IPPROTO_UDP },
		      { "icmp", IPPROTO_ICMP },
		      { "icmp6", IPPROTO_ICMPV6 },
		      { "sctp", IPPROTO_SCTP } };
	const char *name = word(description);
	unsigned long value;
	char *end;

	for (size_t i = 0; i < PR_ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i].name) == 0) {
			*ret_proto = names[i].proto;
			return 0;
		}
	value = strtoul(name, &end, 10);
	if (!*name || *end || value > UINT8_MAX)
		return wrong(description, "not a protocol");
	*ret_proto = (uint8_t)value;
	return 0;
}

static int tuple(struct description *description, struct pr_tuple *ret_tuple)
{
	int r = protocol(description, &ret_tuple->proto);

	if (r == 0)
		r = endpoint(description, &ret_tuple->src, &ret_tuple->src_port);
	if (r == 0 && strcmp(word(description), ">") != 0)
		r = wrong(description, "expected '>'");
	if (r == 0)
		r = endpoint(description, &ret_tuple->dst, &ret_tuple->dst_port);
	return r;
}

/* What an ICMP error quotes: the packet with its header and eight bytes behind it. */
static int about(struct description *description)
{
	struct pr_packet_parts parts = { .icmp_type = 8 };
	size_t len;

	if (tuple(description, &parts.tuple) < 0)
		return -EINVAL;
	if (parts.tuple.proto == IPPROTO_ICMPV6)
		parts.icmp_type = 128;
	if (pr_packet_build(&parts, description->payload, sizeof(description->payload), &len) < 0)
		return wrong(description, "the packet that is reported on can't be built");
	description->parts.payload = description->payload;
	description->parts.payload_len = len;
	if (!description->parts.icmp_type)
		description->parts.icmp_type =
			description->parts.tuple.proto == IPPROTO_ICMP ? 3 : 1;
	return 0;
}

static int device(struct description *description)
{
	struct pr_intercepted *packet = description->packet;
	unsigned long value;

	if (number(description, UINT32_MAX, &value) < 0)
		return -EINVAL;
	if (packet->hook == PR_HOOK_OUTPUT)
		packet->out_ifindex = (uint32_t)value;
	else
		packet->in_ifindex = (uint32_t)value;
	return 0;
}

static int payload(struct description *description, int len)
{
	if (len < 0)
		return wrong(description, "no such payload, or too long");
	description->parts.payload = description->payload;
	description->parts.payload_len = (size_t)len;
	if (!description->flags_given)
		description->parts.tcp_flags = PR_TCP_PSH | PR_TCP_ACK;
	return 0;
}

/* Of what the packet would carry only the bytes from A on, before B: a segment of it. */
static int part(struct description *description)
{
	struct pr_packet_parts *parts = &description->parts;
	unsigned long from, to;

	if (number(description, parts->payload_len, &from) < 0 ||
	    number(description, UINT32_MAX, &to) < 0)
		return -EINVAL;
	if (to > parts->payload_len)
		to = parts->payload_len;
	if (to < from)
		return wrong(description, "a part ends before it begins");
	parts->payload = description->payload + from;
	parts->payload_len = to - from;
	description->offset += (uint32_t)from;
	return 0;
}

/* True where it is one that says what the packet carries. */
static bool payload_option(struct description *description, const char *name, int *ret_result)
{
	uint8_t *bytes = description->payload;
	const size_t size = sizeof(description->payload) / 2;

	if (strcmp(name, "text") == 0)
		*ret_result =
			payload(description, pr_scenario_text(word(description), bytes, size));
	else if (strcmp(name, "hex") == 0)
		*ret_result = payload(description, pr_scenario_hex(word(description), bytes, size));
	else if (strcmp(name, "hello") == 0)
		*ret_result = payload(description,
				      pr_scenario_client_hello(word(description), bytes, size));
	else if (strcmp(name, "server-hello") == 0)
		*ret_result = payload(description, pr_scenario_server_hello(bytes, size));
	else if (strcmp(name, "noise") == 0)
		*ret_result = payload(description, pr_scenario_noise(bytes, size));
	else if (strcmp(name, "part") == 0)
		*ret_result = part(description);
	else
		return false;
	return true;
}

static int numbered_option(struct description *description, const char *name)
{
	struct pr_packet_parts *parts = &description->parts;
	unsigned long value;

	if (strcmp(name, "dev") == 0)
		return device(description);
	if (number(description, UINT32_MAX, &value) < 0)
		return -EINVAL;
	if (strcmp(name, "len") == 0 && value <= sizeof(description->payload) / 2) {
		parts->payload = description->payload;
		parts->payload_len = value;
	} else if (strcmp(name, "dns-opcode") == 0 && value <= DNS_OPCODE_MAX) {
		description->payload[2] = (uint8_t)(value << 3);
		parts->payload = description->payload;
		parts->payload_len = DNS_HEADER_LEN;
	} else if (strcmp(name, "isn") == 0) {
		description->isn = (uint32_t)value;
	} else if (strcmp(name, "acks") == 0) {
		description->ack = ISN_DEFAULT + 1 + (uint32_t)value;
	} else if (strcmp(name, "at") == 0) {
		description->offset += (uint32_t)value;
	} else if (strcmp(name, "id") == 0) {
		parts->tuple.src_port = parts->tuple.dst_port = (uint16_t)value;
	} else if (strcmp(name, "type") == 0) {
		parts->icmp_type = (uint8_t)value;
	} else if (strcmp(name, "code") == 0) {
		parts->icmp_code = (uint8_t)value;
	} else if (strcmp(name, "hops") == 0) {
		parts->hop_limit = (uint8_t)value;
	} else if (strcmp(name, "captured") == 0) {
		description->captured = value;
	} else if (strcmp(name, "mark") == 0) {
		description->packet->mark = (uint32_t)value;
	} else if (strcmp(name, "socket-uid") == 0) {
		description->packet->uid = (uint32_t)value;
	} else {
		return wrong(description, "no such option, or too big");
	}
	return 0;
}

static int option(struct description *description)
{
	static const struct {
		const char *name;
		uint8_t flags;
	} flags[] = { { "syn", PR_TCP_SYN },
		      { "synack", PR_TCP_SYN | PR_TCP_ACK },
		      { "ack", PR_TCP_ACK },
		      { "rst", PR_TCP_RST },
		      { "fin", PR_TCP_FIN | PR_TCP_ACK },
		      { "fin-alone", PR_TCP_FIN },
		      { "no-flags", 0 } };
	const char *name = word(description);
	int r;

	for (size_t i = 0; i < PR_ARRAY_SIZE(flags); i++)
		if (strcmp(name, flags[i].name) == 0) {
			description->parts.tcp_flags = flags[i].flags;
			description->flags_given = true;
			return 0;
		}
	if (strcmp(name, "untracked") == 0)
		description->packet->untracked = true;
	else if (strcmp(name, "later-fragment") == 0)
		description->later_fragment = true;
	else if (strcmp(name, "about") == 0)
		return about(description);
	else if (payload_option(description, name, &r))
		return r;
	else
		return numbered_option(description, name);
	return 0;
}

static int hook(struct description *description)
{
	static const char *const names[] = { "out", "in", "forward", "prerouting" };
	const char *name = word(description);

	for (size_t i = 0; i < PR_ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0) {
			description->packet->hook = (enum pr_hook)i;
			return 0;
		}
	return wrong(description, "not a hook");
}

static bool is_loopback(const struct pr_tuple *of)
{
	return pr_address_equal(&of->src, &of->dst) ||
	       (of->dst.family == 4 && of->dst.bytes[0] == 127);
}

static void set_devices(struct description *description)
{
	struct pr_intercepted *packet = description->packet;
	uint32_t ifindex =
		is_loopback(&description->parts.tuple) ? LOOPBACK_IFINDEX : OUTSIDE_IFINDEX;

	if (packet->hook == PR_HOOK_OUTPUT)
		packet->out_ifindex = ifindex;
	else if (packet->hook == PR_HOOK_INPUT)
		packet->in_ifindex = ifindex;
	else
		packet->in_ifindex = FORWARD_IN_IFINDEX;
	if (packet->hook == PR_HOOK_FORWARD)
		packet->out_ifindex = OUTSIDE_IFINDEX;
}

static int describe(struct description *description, const char *line)
{
	struct pr_packet_parts *parts = &description->parts;

	if (split(description, line) < 0 || hook(description) < 0 ||
	    tuple(description, &parts->tuple) < 0)
		return -EINVAL;
	if (parts->tuple.proto == IPPROTO_TCP)
		parts->tcp_flags = PR_TCP_SYN;
	set_devices(description);
	while (description->at < description->n_words)
		if (option(description) < 0)
			return -EINVAL;
	if (!parts->icmp_type && parts->tuple.proto == IPPROTO_ICMP)
		parts->icmp_type = 8;
	if (!parts->icmp_type && parts->tuple.proto == IPPROTO_ICMPV6)
		parts->icmp_type = 128;
	/* A SYN takes one number of the stream (RFC 9293, 3.4). */
	parts->seq = description->isn + description->offset;
	if (!(parts->tcp_flags & PR_TCP_SYN))
		parts->seq++;
	if (parts->tcp_flags & PR_TCP_ACK)
		parts->ack = description->ack;
	return 0;
}

int pr_scenario_describe(const char *line, struct pr_intercepted *packet, uint32_t ack,
			 uint8_t *bytes, size_t size, const char **ret_error)
{
	struct description description = { .isn = ISN_DEFAULT, .packet = packet, .ack = ack };
	size_t len;

	if (describe(&description, line) < 0 ||
	    pr_packet_build(&description.parts, bytes, size, &len) < 0) {
		*ret_error = description.error ? description.error : "it can't be built";
		return -EINVAL;
	}
	if (description.later_fragment && description.parts.tuple.src.family == 4)
		bytes[7] = 64; /* the offset, in units of eight bytes (RFC 791, 3.1) */
	packet->bytes = bytes;
	packet->wire_len = len;
	packet->len =
		description.captured && description.captured < len ? description.captured : len;
	return 0;
}

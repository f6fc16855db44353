/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What speaks over datagrams and is told by one of them or two: DNS, WireGuard, STUN, NTP, SSDP, DHCP. */
#include "quic_talk.h"

#include "base/error.h"
#include "unit.h"

#include <netinet/in.h>

static struct talk talk;
static struct pr_seen seen;
static bool multicast;
static uint16_t port;

/* STUN: RFC 5769, 2.1. */
#define STUN_REQUEST                                                   \
	"000100582112a442b7e7a701bc34d686fa87dfae802200105354554e2074" \
	"65737420636c69656e74002400046e0001ff80290008932ff9b151263b36" \
	"000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781e" \
	"f2b5b2d3f249c1b571a280280004e57a3bcf"
#define STUN_INDICATION "001100002112a442000102030405060708090a0b"
#define DNS_QUESTION                                                                \
	"12340100000100000000000103777777076578616d706c6503636f6d00001c00010000290" \
	"4d0000080000000"
#define NTP_REQUEST                                                        \
	"e30006e900000000000000000000000000000000000000000000000000000000" \
	"0000000000000000e8a1b2c3d4e5f607"
#define DHCP6_SOLICIT "01a1b2c30001000e000100012b3c4d5e0200000000010008000200000006000400170018"

static enum pr_look look(void)
{
	struct pr_transcript transcript = { .proto = IPPROTO_UDP,
					    .port = port,
					    .datagrams = talk.datagrams,
					    .n_datagrams = talk.n,
					    .multicast = multicast };

	return pr_inspectors_look(&transcript, false, &seen);
}

static enum pr_look look_alone(bool from_server, const char *hex)
{
	talk.n = 0;
	talk_hex(&talk, from_server, hex);
	return look();
}

static enum pr_look look_tcp(const uint8_t *bytes, size_t len, bool ended)
{
	struct pr_transcript transcript = {
		.proto = IPPROTO_TCP,
		.client = { .bytes = bytes, .len = (uint32_t)len, .ended = ended },
	};

	return pr_inspectors_look(&transcript, false, &seen);
}

static void assert_plain(enum pr_look looked, enum pr_speaks speaks)
{
	assert_int_equal(looked, PR_LOOK_DONE);
	assert_string_equal(pr_speaks_name(seen.speaks), pr_speaks_name(speaks));
	assert_int_equal(seen.encryption, PR_ENCRYPTION_NO);
	assert_int_equal(seen.settled, PR_FACTS_SEEN);
	assert_int_equal(seen.n_names, 0);
	assert_non_null(seen.why);
}

static void assert_unknown(enum pr_look looked)
{
	assert_int_equal(looked, PR_LOOK_NOT_MINE);
	assert_string_equal(pr_speaks_name(seen.speaks), "unknown");
}

static uint32_t random_state = 1;

static uint8_t random_byte(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return (uint8_t)(random_state >> 11);
}

static void questions_are_dns(void **state)
{
	uint8_t bytes[512];
	size_t len = hex_bytes(DNS_QUESTION, bytes + 2, sizeof(bytes) - 2);
	(void)state;

	assert_plain(look_alone(false, DNS_QUESTION), PR_SPEAKS_DNS);
	/* an update (RFC 2136), a notification (RFC 1996), a transfer (RFC 1995), the root's NS without EDNS */
	assert_plain(look_alone(false, "000228000001000000010000076578616d706c65000006000101610765"
				       "78616d706c650000010001000000ff0004c0000201"),
		     PR_SPEAKS_DNS);
	assert_plain(look_alone(false, "000324000001000000000000076578616d706c650000060001"),
		     PR_SPEAKS_DNS);
	assert_plain(look_alone(false, "000400000001000000010000076578616d706c650000fb0001c00c0006"
				       "0001000000000018c00cc00c"
				       "0000000100000001000000010000000100000001"),
		     PR_SPEAKS_DNS);
	assert_plain(look_alone(false, "00000000000100000000000000"
				       "00020001"),
		     PR_SPEAKS_DNS);
	/* cut anywhere, or longer */
	for (size_t cut = 0; cut < len; cut++) {
		talk.n = 0;
		talk_bytes(&talk, false, bytes + 2, cut);
		assert_unknown(look());
	}
	talk.n = 0;
	talk_bytes(&talk, false, bytes + 2, len + 1);
	assert_unknown(look());
	/* an answer first; a class that is none; two questions; a pointer forwards; a number too high */
	assert_unknown(look_alone(false, "123481800001000000000000037777770000010001"));
	assert_unknown(look_alone(false, "123401000001000000000000037777770000010009"));
	assert_unknown(
		look_alone(false, "1234010000020000000000000377777700000100010001610000010001"));
	assert_unknown(look_alone(false, "123401000001000000000000c0140000010001"));
	assert_unknown(look_alone(false, "123401000001000000000001037777770000010001"));
	assert_unknown(look_alone(false, "123401000000000000000000"));
}

static void dns_over_a_stream(void **state)
{
	uint8_t bytes[512];
	size_t len = hex_bytes(DNS_QUESTION, bytes + 2, sizeof(bytes) - 2);
	(void)state;

	bytes[0] = 0;
	bytes[1] = (uint8_t)len;
	for (size_t cut = 0; cut < len + 2; cut++) {
		assert_int_equal(look_tcp(bytes, cut, false), PR_LOOK_MORE);
		assert_int_equal(seen.speaks, PR_SPEAKS_UNKNOWN);
	}
	assert_plain(look_tcp(bytes, len + 2, false), PR_SPEAKS_DNS);
	assert_plain(look_tcp(bytes, len + 40, false), PR_SPEAKS_DNS);
	bytes[1]--; /* ends within the message */
	assert_unknown(look_tcp(bytes, len + 2, false));
}

static void multicast_dns(void **state)
{
	/* three questions, one wanting unicast; an announcement with the cache flushed */
	static const char *const messages[] = {
		"000000000003000000000000055f68747470045f746370056c6f63616c00000c8001045f697070c012"
		"000c"
		"0001045f737368c012000c0001",
		"00008400000000010000000003686f73056c6f63616c0000018001000000780004c0000201",
	};
	(void)state;

	for (unsigned int i = 0; i < 2; i++) {
		multicast = true, port = 5353;
		assert_plain(look_alone(false, messages[i]), PR_SPEAKS_MDNS);
		multicast = false, port = 40000;
		assert_plain(look_alone(false, messages[i]), PR_SPEAKS_MDNS);
	}
	/* a question without marks is mDNS by where it goes; LLMNR is DNS */
	multicast = true, port = 5353;
	assert_plain(look_alone(false, DNS_QUESTION), PR_SPEAKS_MDNS);
	port = 5355;
	assert_plain(look_alone(false, "123400000001000000000000037777770000010001"),
		     PR_SPEAKS_DNS);
	assert_unknown(look_alone(false, "000000000000000000000000"));
	multicast = false;
}

static void write_wireguard(uint8_t *bytes, size_t len, uint8_t type, uint32_t sender,
			    uint32_t receiver, size_t zeros)
{
	struct pr_writer writer = pr_writer(bytes, len);

	pr_write_u32(&writer, (uint32_t)type << 24);
	pr_write_u32(&writer, sender);
	if (receiver)
		pr_write_u32(&writer, receiver);
	while (writer.position < len - zeros)
		pr_write_u8(&writer, random_byte());
	memset(bytes + len - zeros, 0, zeros);
}

static void say_wireguard(bool from_server, uint8_t type, size_t len, uint32_t sender,
			  uint32_t receiver)
{
	uint8_t bytes[256];

	write_wireguard(bytes, len, type, sender, receiver, type == 3 ? 0 : 16);
	talk_bytes(&talk, from_server, bytes, len);
}

static void wireguard_is_proven_by_its_answer(void **state)
{
	(void)state;
	for (int server = 0; server < 2; server++) {
		talk.n = 0;
		say_wireguard(server, 1, 148, 0x11223344, 0);
		assert_int_equal(look(), PR_LOOK_GOES_ON);
		assert_int_equal(seen.speaks, PR_SPEAKS_WIREGUARD);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
		assert_int_equal(seen.settled, 0);
		say_wireguard(!server, 3, 64, 0x11223344, 0);
		say_wireguard(server, 1, 148, 0x11223355, 0);
		assert_int_equal(look(), PR_LOOK_GOES_ON);
		say_wireguard(!server, 2, 92, 0x99aabbcc, 0x11223355);
		assert_int_equal(look(), PR_LOOK_DONE);
		assert_int_equal(seen.speaks, PR_SPEAKS_WIREGUARD);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
		assert_int_equal(seen.settled, PR_FACTS_SEEN);
	}
	/* an answer to nobody's number, or to its own */
	talk.n = 1;
	say_wireguard(false, 2, 92, 0x99aabbcc, 0x11223366);
	assert_unknown(look());
	talk.n = 1;
	say_wireguard(true, 2, 92, 0x99aabbcc, 0x11223344);
	assert_unknown(look());
	/* transport without a handshake proves nothing */
	talk.n = 0;
	say_wireguard(false, 4, 96, 1, 0);
	assert_unknown(look());
	/* a payload that isn't random */
	talk.n = 0;
	say_wireguard(false, 1, 148, 0x11223344, 0);
	memcpy(talk.bytes[0] + 40,
	       "user=somebody&password=something else; and so on, as plaintext is", 64);
	assert_unknown(look());
	for (unsigned int reserved = 1; reserved < 4; reserved++) {
		talk.n = 0;
		say_wireguard(false, 1, 148, 0x11223344, 0);
		talk.bytes[0][reserved] = 1;
		assert_unknown(look());
	}
	/* keys of all kinds look random */
	for (unsigned int i = 0; i < 10000; i++) {
		talk.n = 0;
		say_wireguard(false, 1, 148, 0x11223344, 0);
		assert_int_equal(look(), PR_LOOK_GOES_ON);
	}
}

static void stun_says_nothing_of_what_follows(void **state)
{
	uint8_t bytes[256];
	size_t len = hex_bytes(STUN_REQUEST, bytes, sizeof(bytes));
	(void)state;

	assert_int_equal(look_alone(false, STUN_REQUEST), PR_LOOK_GOES_ON);
	assert_int_equal(seen.speaks, PR_SPEAKS_STUN);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_NO);
	assert_int_equal(seen.settled, PR_FACT_SPEAKS);
	talk_hex(&talk, true, STUN_INDICATION);
	assert_int_equal(look(), PR_LOOK_GOES_ON);
	/* RTP, whoever encrypts it */
	talk_hex(&talk, false, "8060000100000001deadbeef0102030405");
	assert_int_equal(look(), PR_LOOK_DONE);
	assert_int_equal(seen.speaks, PR_SPEAKS_STUN);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
	assert_int_equal(seen.settled, PR_FACTS_SEEN);
	/* its fingerprint is checked: no byte may differ */
	for (size_t i = 0; i < len; i++) {
		if (i == len - 8 || i == len - 7)
			continue; /* that it is one */
		talk.n = 0;
		bytes[i] ^= 0x10;
		talk_bytes(&talk, false, bytes, len);
		bytes[i] ^= 0x10;
		assert_unknown(look());
	}
	assert_unknown(look_alone(false, "000100042112a442000102030405060708090a0b80280004"));
	assert_unknown(look_alone(false, "000100002112a442000102030405060708090a0b00"));
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(look_tcp(bytes, cut, false), PR_LOOK_MORE);
	assert_int_equal(look_tcp(bytes, len, false), PR_LOOK_DONE);
	assert_int_equal(seen.speaks, PR_SPEAKS_STUN);
}

/* The hello of client_hello[] as DTLS has it: with a cookie's length, in a record of its own. */
static void say_dtls_hello(bool from_server)
{
	struct pr_writer writer = talk_begin(&talk, from_server);
	const uint16_t len = CLIENT_HELLO_LEN - 4 + 1;

	pr_write_bytes(&writer, "\x16\xfe\xfd\0\0\0\0\0\0\0\0", 11);
	pr_write_u16(&writer, len + 12);
	pr_write_bytes(&writer, "\1\0", 2);
	pr_write_u16(&writer, len);
	pr_write_bytes(&writer, "\0\0\0\0\0\0", 6);
	pr_write_u16(&writer, len);
	pr_write_bytes(&writer, "\xfe\xfd", 2);
	pr_write_bytes(&writer, client_hello + 6, 33);
	pr_write_u8(&writer, 0);
	pr_write_bytes(&writer, client_hello + 39, CLIENT_HELLO_LEN - 39);
	talk_end(&talk, &writer);
}

/* Of two peers either may begin DTLS; the link speaks STUN all the same. */
static void dtls_follows_stun(void **state)
{
	(void)state;
	for (int server = 0; server < 2; server++) {
		assert_int_equal(look_alone(false, STUN_REQUEST), PR_LOOK_GOES_ON);
		talk_hex(&talk, true, STUN_INDICATION);
		say_dtls_hello(server);
		assert_int_equal(look(), PR_LOOK_GOES_ON);
		assert_int_equal(seen.speaks, PR_SPEAKS_STUN);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
		assert_int_equal(seen.settled, PR_FACT_SPEAKS | PR_FACT_NAME);
		assert_int_equal(seen.flags & PR_SEEN_UPGRADED, PR_SEEN_UPGRADED);
		assert_int_equal(seen.n_names, !server);
		talk_hex(&talk, false, STUN_INDICATION);
		assert_int_equal(look(), PR_LOOK_GOES_ON);
		talk_bytes(&talk, false, "plaintext all the same", 22);
		assert_int_equal(look(), PR_LOOK_DONE);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_NO);
	}
}

static void turn_relays(void **state)
{
	(void)state;
	assert_int_equal(
		look_alone(false, "000300082112a442000102030405060708090a0b0019000411000000"),
		PR_LOOK_GOES_ON);
	talk_hex(&talk, false, "40000003616263");
	assert_int_equal(look(), PR_LOOK_DONE);
	assert_int_equal(seen.speaks, PR_SPEAKS_STUN);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
	assert_unknown(look_alone(false, "40000003616263"));
}

static void time_is_told_in_plaintext(void **state)
{
	/* the same from an answer on: timestamps of the same days */
	static const char *const later = "23020aec00000500000006000a000001e8a1b2c000000000e8a1b2c10"
					 "0000000e8a1b2c200000000e8a1b2"
					 "c300000000";
	(void)state;

	assert_plain(look_alone(false, NTP_REQUEST), PR_SPEAKS_NTP);
	assert_plain(look_alone(false, later), PR_SPEAKS_NTP);
	/* with NTS' extensions (RFC 8915, 5.3): an identifier, a cookie */
	assert_plain(look_alone(false, NTP_REQUEST "01040014000102030405060708090a0b0c0d0e0f"
						   "0204001400112233445566778899aabbccddeeff"),
		     PR_SPEAKS_NTP);
	assert_plain(look_alone(false, NTP_REQUEST "00000001000102030405060708090a0b0c0d0e0f"),
		     PR_SPEAKS_NTP);
	assert_unknown(look_alone(false, NTP_REQUEST "0104001400"));
	/* a mode of servers first, a stratum that is none, no transmit time */
	assert_unknown(look_alone(false, "24"
					 "0006e900000000000000000000000000000000000000000000000000"
					 "000000000000000000000000e8a1b2c3d4e5f607"));
	assert_unknown(look_alone(false,
				  "e31106e900000000000000000000000000000000000000000000000000000000"
				  "0000000000000000e8a1b2c3d4e5f607"));
	assert_unknown(look_alone(false,
				  "e30006e900000000000000000000000000000000000000000000000000000000"
				  "00000000000000000000000000000000"));
}

/* Of a client that fills its timestamps with what it likes. */
static void an_answer_repeats_the_time(void **state)
{
	static const char *const request = "2300002000000000000000000000000000000000000000000102030"
					   "4050607081112131415161718212223242"
					   "5262728",
				 *const answer = "24020aec0000050000000600c0000201e8a1b2c0000000002"
						 "122232425262728e8a1b2c200000000e8a1b2c3"
						 "00000000";
	(void)state;

	assert_int_equal(look_alone(false, request), PR_LOOK_MORE);
	assert_int_equal(seen.speaks, PR_SPEAKS_UNKNOWN);
	talk_hex(&talk, true, answer);
	assert_plain(look(), PR_SPEAKS_NTP);
	talk.bytes[1][24]++;
	assert_unknown(look());
}

static void searches_and_notices(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
		{ "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "
		  "\"ssdp:discover\"\r\nMX: 1\r\n"
		  "ST: ssdp:all\r\n\r\n",
		  true },
		{ "M-SEARCH * HTTP/1.1\r\nHost: "
		  "x\r\nman:\"ssdp:discover\"\r\nst:upnp:rootdevice\r\n\r\n",
		  true },
		{ "NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\nUSN: "
		  "uuid:1\r\n\r\n",
		  true },
		{ "HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:1\r\n\r\n", true },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false },
		{ "M-SEARCH * HTTP/1.1\r\nHOST: x\r\n\r\n", false },
		{ "M-SEARCH * HTTP/1.1", false },
		{ "NOTIFY sip:a@b.example SIP/2.0\r\nNTS: 1\r\nUSN: 1\r\n\r\n", false },
	};
	(void)state;

	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		talk.n = 0;
		talk_bytes(&talk, false, cases[i].text, strlen(cases[i].text));
		if (cases[i].is)
			assert_plain(look(), PR_SPEAKS_SSDP);
		else
			assert_unknown(look());
	}
}

static size_t write_dhcp(uint8_t bytes[300], const char *options)
{
	memset(bytes, 0, 300);
	bytes[0] = 1, bytes[1] = 1, bytes[2] = 6;
	memcpy(bytes + 4, "\xde\xad\xbe\xef", 4);
	memcpy(bytes + 236, "\x63\x82\x53\x63", 4);
	return 240 + hex_bytes(options, bytes + 240, 60);
}

static void addresses_are_asked_for(void **state)
{
	static const struct {
		const char *options;
		bool is;
	} cases[] = {
		{ "350101370401030f06ff", true },
		{ "00000c0361626335"
		  "0105ff0000",
		  true },
		{ "3501"
		  "00ff",
		  false },
		{ "37040103"
		  "0f06ff",
		  false },
		{ "350101370401030f06", false },
		{ "3502"
		  "0101ff",
		  false },
	};
	uint8_t bytes[300];
	(void)state;

	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		talk.n = 0;
		talk_bytes(&talk, false, bytes, write_dhcp(bytes, cases[i].options));
		if (cases[i].is)
			assert_plain(look(), PR_SPEAKS_DHCP);
		else
			assert_unknown(look());
	}
	assert_plain(look_alone(false, DHCP6_SOLICIT), PR_SPEAKS_DHCP);
	/* without who asks; options that don't end with the message; a DUID of no type */
	assert_unknown(look_alone(false, "01a1b2c3000800020000000600040017"
					 "0018"));
	assert_plain(look_alone(false, "0ba1b2c3000800020000000600040017"
				       "0018"),
		     PR_SPEAKS_DHCP);
	assert_unknown(look_alone(false, DHCP6_SOLICIT "00"));
	assert_unknown(look_alone(false, "01a1b2c30001000e000900012b3c4d5e020000000001"));
	/* relayed: hops, two addresses, the message */
	assert_plain(look_alone(false, "0c00"
				       "20010db8000000000000000000000001"
				       "fe800000000000000000000000000001"

				       "0009"
				       "0024" DHCP6_SOLICIT),
		     PR_SPEAKS_DHCP);
}

/* Whatever is changed in one, it is itself or nothing; and noise is nothing. */
static void nobody_is_taken_for_another(void **state)
{
	static const char *const samples[] = { STUN_REQUEST, STUN_INDICATION, DNS_QUESTION,
					       NTP_REQUEST, DHCP6_SOLICIT };
	(void)state;

	for (unsigned int i = 0; i < PR_ARRAY_SIZE(samples); i++) {
		uint8_t speaks;

		assert_int_not_equal(look_alone(false, samples[i]), PR_LOOK_NOT_MINE);
		speaks = seen.speaks;
		for (uint32_t at = 0; at < talk.datagrams[0].len; at++)
			for (unsigned int value = 1; value < 256; value++) {
				talk.bytes[0][at] ^= (uint8_t)value;
				(void)look();
				assert_true(seen.speaks == speaks ||
					    seen.speaks == PR_SPEAKS_UNKNOWN);
				talk.bytes[0][at] ^= (uint8_t)value;
			}
	}
	for (unsigned int i = 0; i < 200000; i++) {
		talk.n = 1;
		talk.datagrams[0].len = 1 + (uint32_t)(i % 199);
		for (uint32_t at = 0; at < talk.datagrams[0].len; at++)
			talk.bytes[0][at] = i & 1 ? random_byte() : random_byte() & 3;
		(void)look();
		assert_int_equal(seen.speaks, PR_SPEAKS_UNKNOWN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_are_dns),
		cmocka_unit_test(dns_over_a_stream),
		cmocka_unit_test(multicast_dns),
		cmocka_unit_test(wireguard_is_proven_by_its_answer),
		cmocka_unit_test(stun_says_nothing_of_what_follows),
		cmocka_unit_test(dtls_follows_stun),
		cmocka_unit_test(turn_relays),
		cmocka_unit_test(time_is_told_in_plaintext),
		cmocka_unit_test(an_answer_repeats_the_time),
		cmocka_unit_test(searches_and_notices),
		cmocka_unit_test(addresses_are_asked_for),
		cmocka_unit_test(nobody_is_taken_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNS messages on the wire (RFC 1035, RFC 6891): names, questions, records. Bytes in, structs out, and
 * back. Pure: no clock, no allocation, no I/O. Answers are in dns/answer.h, replies in dns/reply.h.
 */
#pragma once

#include "base/cursor.h"
#include "base/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PR_DNS_MESSAGE_MAX    65535
#define PR_DNS_HEADER_LEN     12
#define PR_DNS_NAME_MAX	      255  /* on the wire, with the root's zero */
#define PR_DNS_POINTERS_MAX   127  /* compression pointers in a name: more lead to pointers only */
#define PR_DNS_UDP_MIN	      512  /* what a client without EDNS takes (RFC 1035, 4.2.1) */
#define PR_DNS_UDP_MAX	      1232 /* what we send and announce: no fragments on any IPv6 path */
#define PR_DNS_QUESTION_MAX   4096 /* longer questions are malformed: one name, one OPT */
#define PR_DNS_TYPE_TEXT_SIZE 12

enum pr_dns_type {
	PR_DNS_TYPE_A = 1,
	PR_DNS_TYPE_NS = 2,
	PR_DNS_TYPE_CNAME = 5,
	PR_DNS_TYPE_SOA = 6,
	PR_DNS_TYPE_PTR = 12,
	PR_DNS_TYPE_MX = 15,
	PR_DNS_TYPE_TXT = 16,
	PR_DNS_TYPE_AAAA = 28,
	PR_DNS_TYPE_DNAME = 39,
	PR_DNS_TYPE_OPT = 41,
	PR_DNS_TYPE_RRSIG = 46,
	PR_DNS_TYPE_NSEC = 47,
	PR_DNS_TYPE_NSEC3 = 50,
	PR_DNS_TYPE_SVCB = 64,
	PR_DNS_TYPE_HTTPS = 65,
	PR_DNS_TYPE_AXFR = 252,
	PR_DNS_TYPE_ANY = 255,
};

#define PR_DNS_CLASS_IN 1

/* The second word of the header. */
#define PR_DNS_FLAG_QR	   0x8000u
#define PR_DNS_OPCODE_MASK 0x7800u
#define PR_DNS_FLAG_AA	   0x0400u
#define PR_DNS_FLAG_TC	   0x0200u
#define PR_DNS_FLAG_RD	   0x0100u
#define PR_DNS_FLAG_RA	   0x0080u
#define PR_DNS_FLAG_AD	   0x0020u
#define PR_DNS_FLAG_CD	   0x0010u
#define PR_DNS_RCODE_MASK  0x000fu

enum pr_dns_rcode {
	PR_DNS_RCODE_NOERROR = 0,
	PR_DNS_RCODE_FORMERR = 1,
	PR_DNS_RCODE_SERVFAIL = 2,
	PR_DNS_RCODE_NXDOMAIN = 3,
	PR_DNS_RCODE_NOTIMP = 4,
	PR_DNS_RCODE_REFUSED = 5,
	PR_DNS_RCODE_BADVERS = 16, /* its upper bits travel in OPT */
};

/* A name as the wire has it, decompressed, in the case that it came in. */
struct pr_dns_name {
	uint8_t len; /* with the root's zero; 1 = the root */
	uint8_t wire[PR_DNS_NAME_MAX];
};

struct pr_dns_question {
	uint16_t id;
	uint16_t flags; /* the second word of the header */
	uint16_t type, class_;
	char name[PR_NAME_TEXT_SIZE];	  /* canonical */
	struct pr_dns_name name_as_asked; /* the reply repeats its case (0x20) */
	bool has_edns, dnssec_ok;
	uint16_t udp_size; /* what the client takes over UDP; 512 without EDNS */
};

/* Why a message is not a question that we take up. The values after IGNORE are answered with
 * pr_dns_write_error(). */
enum pr_dns_question_outcome {
	PR_DNS_QUESTION_IGNORE = 1, /* too short for a header, or a response: no reply at all */
	PR_DNS_QUESTION_MALFORMED,  /* FORMERR */
	PR_DNS_QUESTION_OPCODE,	    /* NOTIMP: not a QUERY */
	PR_DNS_QUESTION_REFUSED,    /* REFUSED: zone transfer, a class other than IN */
	PR_DNS_QUESTION_VERSION,    /* BADVERS: EDNS of a version that does not exist yet */
};

/* 0, or an outcome: one question, opcode QUERY, class IN, at most one OPT, nothing behind it. */
PR_MUST_USE int pr_dns_parse_question(const uint8_t *bytes, size_t len,
				      struct pr_dns_question *ret_question);

/* The reply to a message that is not a question that we take up: the header, and the question and an OPT where
 * they could be read. The bytes written, 0 for IGNORE or where `size` is below 512. */
size_t pr_dns_write_error(const uint8_t *bytes, size_t len, enum pr_dns_question_outcome outcome,
			  uint8_t *reply, size_t size);

/* A question of our own: recursion desired, EDNS, the name in canonical case; what goes upstream. `flags`: of
 * PR_DNS_FLAG_AD and PR_DNS_FLAG_CD. 0 where it does not fit (never within PR_DNS_OWN_QUESTION_MAX)
 * or `name` is no name. */
#define PR_DNS_OWN_QUESTION_MAX (PR_DNS_HEADER_LEN + PR_DNS_NAME_MAX + 15)
size_t pr_dns_write_question(uint16_t id, const char *name, uint16_t type, uint16_t flags,
			     bool dnssec_ok, uint8_t *bytes, size_t size);

/* Reads a name, following compression pointers, which must lead backwards: there are no loops. False (and the
 * reader failed) where it is not a name. */
bool pr_dns_read_name(struct pr_reader *reader, struct pr_dns_name *ret_name);
/* The canonical text; returns `text`. */
const char *pr_dns_name_text(const struct pr_dns_name *name, char text[PR_NAME_TEXT_SIZE]);
/* From text with \DDD and \. escapes, a final dot or none. 0 or -EINVAL. */
PR_MUST_USE int pr_dns_name_from_text(const char *text, struct pr_dns_name *ret_name);
/* Without case (RFC 4343). */
bool pr_dns_name_equal(const struct pr_dns_name *a, const struct pr_dns_name *b);

/* A record as it stands in a message. */
struct pr_dns_record {
	struct pr_dns_name owner;
	uint16_t type, class_;
	uint32_t ttl;
	size_t data; /* position of the data in the message */
	uint16_t data_len;
};

/* The next record; false (and the reader failed) where there is none. */
bool pr_dns_read_record(struct pr_reader *reader, struct pr_dns_record *ret_record);

/* "AAAA", "TYPE1234"; returns `text`. */
const char *pr_dns_type_text(uint16_t type, char text[PR_DNS_TYPE_TEXT_SIZE]);
/* The same back, any case. 0 or -EINVAL. */
PR_MUST_USE int pr_dns_type_parse(const char *text, uint16_t *ret_type);

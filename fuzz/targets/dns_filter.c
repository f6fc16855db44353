/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The filter: its reply fits, reads back as an answer to the same question, and holds no address that was denied
 * (denied here: those whose last byte is odd). First byte: 1 EDNS, 2 DO, 4 a large client.
 */
#include "dns/answer.h"

#include "dns/svcb.h"

#include "../claimed_question.h"
#include "../target.h"

#include <string.h>

static bool permits(void *context, const struct pr_address *address)
{
	(void)context;
	return address->bytes[address->family == 4 ? 3 : 15] % 2 == 0;
}

static bool permits_target(void *context, const char *name)
{
	(void)context;
	return strlen(name) % 2 == 0;
}

static void check_given(void *context, const struct pr_address *address, uint32_t ttl_s)
{
	(void)ttl_s;
	pr_assert(permits(context, address));
}

static const struct pr_dns_judge judge = { NULL, permits, permits_target, check_given };

/* What is left needs no second filter. */
static void check_record(const uint8_t *bytes, const struct pr_dns_record *record)
{
	struct pr_address address;

	if (record->type == PR_DNS_TYPE_A || record->type == PR_DNS_TYPE_AAAA) {
		pr_assert(record->data_len == (record->type == PR_DNS_TYPE_A ? 4 : 16));
		address = record->type == PR_DNS_TYPE_A ? pr_address_v4(bytes + record->data)
							: pr_address_v6(bytes + record->data);
		pr_assert(permits(NULL, &address));
	}
	if (record->type == PR_DNS_TYPE_SVCB || record->type == PR_DNS_TYPE_HTTPS)
		pr_assert(pr_dns_svcb_filter(bytes + record->data, record->data_len, &judge, NULL,
					     NULL) == PR_DNS_SVCB_SAME);
}

static void check_reply(const struct pr_dns_question *question, const uint8_t *reply, size_t len)
{
	struct pr_reader reader = pr_reader(reply, len);
	struct pr_dns_facts facts;
	struct pr_dns_record record;
	unsigned int n = 0;

	pr_assert(pr_dns_read_facts(question, reply, len, &facts) == 0);
	for (unsigned int i = 6; i < PR_DNS_HEADER_LEN; i += 2)
		n += (unsigned int)(reply[i] << 8 | reply[i + 1]);
	reader.position = PR_DNS_HEADER_LEN + question->name_as_asked.len + 4u;
	while (n--) {
		pr_assert(pr_dns_read_record(&reader, &record));
		check_record(reply, &record);
	}
	pr_assert(pr_reader_left(&reader) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t reply[PR_DNS_MESSAGE_MAX];
	struct pr_dns_question question = { .udp_size = PR_DNS_UDP_MIN };
	struct pr_dns_facts facts;
	size_t limit, reply_len = 0;

	if (len < 1 || len > PR_DNS_MESSAGE_MAX)
		return 0;
	question.has_edns = bytes[0] & 3;
	question.dnssec_ok = bytes[0] & 2;
	limit = bytes[0] & 4 ? PR_DNS_MESSAGE_MAX : PR_DNS_UDP_MIN;
	bytes++, len--;
	if (!claimed_question(bytes, len, &question) ||
	    pr_dns_read_facts(&question, bytes, len, &facts) != 0)
		return 0;
	if (pr_dns_filter(&question, &facts, bytes, len, &judge, limit, reply, sizeof(reply),
			  &reply_len) != 0)
		return 0;
	pr_assert(reply_len <= limit);
	check_reply(&question, reply, reply_len);
	return 0;
}

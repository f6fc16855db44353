/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A message is kept as long as the record that ends first. A negative answer has no record of what was asked for: it
 * holds as long as the SOA beside it says, the lesser of its own time to live and its last field (RFC 2308, 5).
 */
#include "dns/cache_answer.h"

#include "dns/answer.h"

#define TTL_BEFORE_DATA 6 /* the length of the data is between them */
#define SOA_MINIMUM_LEN 4
#define SOA_DATA_MIN	22 /* two roots, five numbers */

enum { ANSWER, AUTHORITY, ADDITIONAL, N_SECTIONS };

struct walk {
	const struct pr_dns_cache_options *options;
	const struct pr_dns_question *question;
	struct pr_reader reader;
	uint16_t n_records[N_SECTIONS];
	unsigned int n_wanted; /* records of the type asked for */
	bool has_soa;
	uint32_t soa_s;	  /* that the SOA says a negative answer holds */
	unsigned int soa; /* its place among `values` */
	struct pr_dns_keeping *keeping;
};

static uint32_t within(const struct pr_dns_cache_options *options, uint32_t ttl_s)
{
	if (ttl_s < options->ttl_min_s)
		return options->ttl_min_s;
	return ttl_s > options->ttl_max_s ? options->ttl_max_s : ttl_s;
}

static void look_at(struct walk *walk, unsigned int section, const struct pr_dns_record *record)
{
	struct pr_dns_keeping *keeping = walk->keeping;
	uint16_t asked = walk->question->type;
	uint32_t ttl_s = within(walk->options, record->ttl);
	struct pr_reader minimum = walk->reader;
	uint32_t minimum_s;

	if (section == ANSWER && (record->type == asked || asked == PR_DNS_TYPE_ANY))
		walk->n_wanted++;
	keeping->ttls[keeping->n_ttls] = (uint16_t)(record->data - TTL_BEFORE_DATA);
	keeping->values[keeping->n_ttls++] = ttl_s;
	if (section != AUTHORITY || record->type != PR_DNS_TYPE_SOA || walk->has_soa ||
	    record->data_len < SOA_DATA_MIN)
		return;
	minimum.position = record->data + record->data_len - SOA_MINIMUM_LEN;
	minimum_s = pr_read_u32(&minimum);
	walk->has_soa = true;
	walk->soa = keeping->n_ttls - 1u;
	walk->soa_s = record->ttl < minimum_s ? record->ttl : minimum_s;
	if (walk->soa_s > walk->options->negative_max_s)
		walk->soa_s = walk->options->negative_max_s;
	walk->soa_s = within(walk->options, walk->soa_s);
}

static enum pr_dns_cache_outcome look_at_all(struct walk *walk)
{
	for (unsigned int section = ANSWER; section < N_SECTIONS; section++) {
		for (unsigned int i = 0; i < walk->n_records[section]; i++) {
			struct pr_dns_record record;

			if (!pr_dns_read_record(&walk->reader, &record))
				return PR_DNS_CACHE_NOT_KEPT;
			if (record.type == PR_DNS_TYPE_OPT) /* what stands there is no time */
				continue;
			if (walk->keeping->n_ttls == PR_DNS_CACHE_RECORDS_MAX)
				return PR_DNS_CACHE_TOO_LONG;
			look_at(walk, section, &record);
		}
	}
	return PR_DNS_CACHE_KEPT;
}

/* Behind the header and the question. False: a failure, or truncated. */
static bool begin(struct walk *walk)
{
	struct pr_dns_name name;
	uint16_t flags, rcode;

	(void)pr_read_u16(&walk->reader);
	flags = pr_read_u16(&walk->reader);
	rcode = flags & PR_DNS_RCODE_MASK;
	(void)pr_read_u16(&walk->reader);
	for (unsigned int i = 0; i < N_SECTIONS; i++)
		walk->n_records[i] = pr_read_u16(&walk->reader);
	if (!pr_dns_read_name(&walk->reader, &name))
		return false;
	pr_read_skip(&walk->reader, 4);
	walk->keeping->negative = rcode == PR_DNS_RCODE_NXDOMAIN;
	return !walk->reader.failed && !(flags & PR_DNS_FLAG_TC) &&
	       (rcode == PR_DNS_RCODE_NOERROR || rcode == PR_DNS_RCODE_NXDOMAIN);
}

enum pr_dns_cache_outcome pr_dns_keeping_of(const struct pr_dns_cache_options *options,
					    const struct pr_dns_question *question,
					    const uint8_t *answer, size_t len,
					    struct pr_dns_keeping *ret_keeping)
{
	struct walk walk = { .options = options,
			     .question = question,
			     .reader = pr_reader(answer, len),
			     .keeping = ret_keeping };
	PR_UNINITIALIZED struct pr_dns_facts facts;
	enum pr_dns_cache_outcome outcome;

	if (len > PR_DNS_CACHE_ANSWER_MAX)
		return PR_DNS_CACHE_TOO_LONG;
	ret_keeping->n_ttls = 0;
	/* It belongs to this question, and its chain is one that we would give. */
	if (pr_dns_read_facts(question, answer, len, &facts) != 0 || !begin(&walk))
		return PR_DNS_CACHE_NOT_KEPT;
	outcome = look_at_all(&walk);
	if (outcome != PR_DNS_CACHE_KEPT)
		return outcome;
	ret_keeping->negative |= walk.n_wanted == 0;
	if (ret_keeping->negative && !walk.has_soa)
		return PR_DNS_CACHE_NOT_KEPT;
	if (ret_keeping->negative)
		ret_keeping->values[walk.soa] = walk.soa_s;
	ret_keeping->ttl_s = options->ttl_max_s;
	for (unsigned int i = 0; i < ret_keeping->n_ttls; i++)
		if (ret_keeping->values[i] < ret_keeping->ttl_s)
			ret_keeping->ttl_s = ret_keeping->values[i];
	return ret_keeping->ttl_s ? PR_DNS_CACHE_KEPT : PR_DNS_CACHE_NOT_KEPT;
}

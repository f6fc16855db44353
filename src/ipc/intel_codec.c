/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ipc/intel_codec.h"

#include "ipc/body.h"

#include <string.h>

static void write_inquiry(struct pr_writer *writer, const struct pr_inquiry *inquiry)
{
	pr_write_text(writer, inquiry->domain);
	pr_write_address(writer, &inquiry->address);
}

/* The text has to be canonical: it is a key. */
static struct pr_inquiry read_inquiry(struct pr_reader *reader)
{
	struct pr_inquiry inquiry = { .domain = pr_read_text(reader) };
	char canonical[PR_NAME_TEXT_SIZE];

	inquiry.address = pr_read_address(reader);
	if (inquiry.domain ? pr_name_canonical(inquiry.domain, canonical) != 0 ||
				     strcmp(inquiry.domain, canonical) != 0
			   : inquiry.address.family == 0)
		reader->failed = true;
	return inquiry;
}

static const char *read_word(struct pr_reader *reader, size_t max)
{
	const char *text = pr_read_text(reader);

	if (!text || !*text || strlen(text) > max) {
		reader->failed = true;
		return "";
	}
	for (const char *c = text; *c; c++)
		reader->failed = reader->failed || !pr_provider_character(*c);
	return text;
}

size_t pr_intel_ask_encode(const struct pr_intel_ask *ask, void *body, size_t size)
{
	struct pr_writer writer = pr_writer(body, size);

	write_inquiry(&writer, &ask->inquiry);
	pr_write_u8(&writer, (uint8_t)ask->n_providers);
	for (unsigned int i = 0; i < ask->n_providers; i++)
		pr_write_text(&writer, ask->providers[i]);
	return writer.failed ? 0 : writer.position;
}

int pr_intel_ask_decode(const void *body, size_t len, struct pr_intel_ask *ret_ask)
{
	struct pr_reader reader = pr_reader(body, len);
	struct pr_intel_ask ask = { .inquiry = read_inquiry(&reader) };

	ask.n_providers = pr_read_u8(&reader);
	if (ask.n_providers == 0 || ask.n_providers > PR_PROVIDERS_MAX)
		return -EBADMSG;
	for (unsigned int i = 0; i < ask.n_providers; i++)
		ask.providers[i] = read_word(&reader, PR_PROVIDER_ID_MAX);
	if (!pr_read_complete(&reader))
		return -EBADMSG;
	*ret_ask = ask;
	return 0;
}

size_t pr_intel_answer_encode(const struct pr_intel_answer *answer, void *body, size_t size)
{
	const struct pr_provider_result *result = &answer->result;
	struct pr_writer writer = pr_writer(body, size);

	write_inquiry(&writer, &answer->inquiry);
	pr_write_text(&writer, answer->provider);
	pr_write_u8(&writer, (uint8_t)result->status);
	pr_write_u32(&writer, result->ttl_s);
	pr_write_u8(&writer, (uint8_t)result->n_categories);
	for (unsigned int i = 0; i < result->n_categories; i++)
		pr_write_text(&writer, result->categories[i]);
	return writer.failed ? 0 : writer.position;
}

int pr_intel_answer_decode(const void *body, size_t len, struct pr_intel_answer *ret_answer)
{
	struct pr_reader reader = pr_reader(body, len);
	struct pr_intel_answer answer = { .inquiry = read_inquiry(&reader) };
	struct pr_provider_result *result = &answer.result;
	uint8_t status;

	answer.provider = read_word(&reader, PR_PROVIDER_ID_MAX);
	status = pr_read_u8(&reader);
	result->ttl_s = pr_read_u32(&reader);
	result->n_categories = pr_read_u8(&reader);
	if (status >= PR_PROVIDER_N_STATUSES || result->n_categories > PR_PROVIDER_CATEGORIES_MAX ||
	    (result->n_categories && status != PR_PROVIDER_LISTED))
		return -EBADMSG;
	result->status = (enum pr_provider_status)status;
	for (unsigned int i = 0; i < result->n_categories; i++)
		snprintf(result->categories[i], sizeof(result->categories[i]), "%s",
			 read_word(&reader, PR_PROVIDER_CATEGORY_MAX));
	if (!pr_read_complete(&reader))
		return -EBADMSG;
	*ret_answer = answer;
	return 0;
}

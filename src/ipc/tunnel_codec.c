/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ipc/tunnel_codec.h"

#include "base/name.h"
#include "ipc/body.h"

#include <netinet/in.h>
#include <string.h>

/* A text that is always there, with a bound; "" where it failed. */
static const char *read_bounded(struct pr_reader *reader, size_t max)
{
	const char *text = pr_read_text(reader);

	if (!text || strlen(text) > max) {
		reader->failed = true;
		return "";
	}
	return text;
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

size_t pr_tunnel_link_encode(const struct pr_tunnel_link *link, void *body, size_t size)
{
	struct pr_writer writer = pr_writer(body, size);

	pr_write_tuple(&writer, &link->tuple);
	pr_write_u32(&writer, link->opening);
	pr_write_text(&writer, text_or_empty(link->upstream));
	pr_write_text(&writer, text_or_empty(link->application));
	pr_write_text(&writer, text_or_empty(link->name));
	return writer.failed ? 0 : writer.position;
}

/* Both addresses of one family, both ports: less leads nowhere. */
static bool tuple_leads(const struct pr_tuple *tuple)
{
	return (tuple->proto == IPPROTO_TCP || tuple->proto == IPPROTO_UDP) &&
	       tuple->src.family != 0 && tuple->src.family == tuple->dst.family &&
	       tuple->src_port != 0 && tuple->dst_port != 0;
}

int pr_tunnel_link_decode(const void *body, size_t len, struct pr_tunnel_link *ret_link)
{
	struct pr_reader reader = pr_reader(body, len);
	struct pr_tunnel_link link = { .tuple = pr_read_tuple(&reader) };
	char canonical[PR_NAME_TEXT_SIZE];

	link.opening = pr_read_u32(&reader);
	link.upstream = read_bounded(&reader, PR_TUNNEL_UPSTREAM_ID_MAX);
	link.application = read_bounded(&reader, PR_TUNNEL_APPLICATION_MAX);
	link.name = read_bounded(&reader, PR_NAME_TEXT_SIZE - 1);
	if (!pr_read_complete(&reader) || !*link.upstream || !tuple_leads(&link.tuple))
		return -EBADMSG;
	if (*link.name &&
	    (pr_name_canonical(link.name, canonical) != 0 || strcmp(link.name, canonical) != 0))
		return -EBADMSG;
	*ret_link = link;
	return 0;
}

size_t pr_tunnel_opened_encode(const struct pr_tunnel_opened *opened, void *body, size_t size)
{
	struct pr_writer writer = pr_writer(body, size);

	pr_write_u8(&writer, (uint8_t)opened->outcome);
	pr_write_u32(&writer, opened->opening);
	pr_write_text(&writer, text_or_empty(opened->why));
	return writer.failed ? 0 : writer.position;
}

int pr_tunnel_opened_decode(const void *body, size_t len, struct pr_tunnel_opened *ret_opened)
{
	struct pr_reader reader = pr_reader(body, len);
	uint8_t outcome = pr_read_u8(&reader);
	uint32_t opening = pr_read_u32(&reader);
	const char *why = read_bounded(&reader, PR_TUNNEL_WHY_MAX);

	if (!pr_read_complete(&reader) || outcome >= PR_TUNNEL_N_OUTCOMES)
		return -EBADMSG;
	*ret_opened = (struct pr_tunnel_opened){ (enum pr_tunnel_outcome)outcome, why, opening };
	return 0;
}

size_t pr_tunnel_who_encode(const struct pr_tuple *seen, void *body, size_t size)
{
	struct pr_writer writer = pr_writer(body, size);

	pr_write_tuple(&writer, seen);
	return writer.failed ? 0 : writer.position;
}

int pr_tunnel_who_decode(const void *body, size_t len, struct pr_tuple *ret_seen)
{
	struct pr_reader reader = pr_reader(body, len);
	struct pr_tuple seen = pr_read_tuple(&reader);

	if (!pr_read_complete(&reader) || !tuple_leads(&seen))
		return -EBADMSG;
	*ret_seen = seen;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firewall/event.h"

static const char *text_of(const char *text)
{
	return *text ? text : NULL;
}

void pr_event_see(struct pr_event *event, const struct pr_seen *seen)
{
	int64_t now_s = (int64_t)(event->real_us / 1000000);

	event->seen = (struct pr_event_seen){
		.any = true,
		.speaks = (enum pr_speaks)seen->speaks,
		.encryption = (enum pr_encryption)seen->encryption,
		.flags = seen->flags,
		.why = seen->why,
		.version = text_of(seen->version),
		.n_names = seen->n_names,
		.alpn = text_of(seen->alpn),
		.alpn_chosen = text_of(seen->alpn_chosen),
		.ja4 = text_of(seen->ja4),
	};
	for (unsigned int i = 0; i < seen->n_names; i++)
		event->seen.names[i] = seen->names[i];
	if (!(seen->flags & PR_SEEN_CERTIFICATE))
		return;
	event->seen.certificate_name = text_of(seen->certificate_name);
	event->seen.issuer = text_of(seen->issuer);
	event->seen.not_before_s = seen->not_before_s;
	event->seen.not_after_s = seen->not_after_s;
	event->seen.expired = now_s < seen->not_before_s || now_s > seen->not_after_s;
}
